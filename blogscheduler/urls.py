"""The house's addresses: who (accounts), what and when (posts), the admin, and whether it is alive."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def healthz(request: HttpRequest) -> HttpResponse:
    """This process serves. It asks nobody else: a dead database must not restart the web."""
    return HttpResponse("ok\n", content_type="text/plain")


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("accounts.urls")),
    path("", include("posts.urls")),
]

handler500 = "accounts.views.server_error"

admin.site.site_header = admin.site.site_title = settings.SITE_NAME
