"""The house's addresses: who (accounts), what and when (posts), the admin, and how it is looked at (watch)."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from blogscheduler.watch import probes

urlpatterns = [
    # Named here and answered earlier: see blogscheduler.watch.probes.first.
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("metrics", probes.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("accounts.urls")),
    path("", include("posts.urls")),
]

handler500 = "accounts.views.server_error"

admin.site.site_header = admin.site.site_title = settings.SITE_NAME
