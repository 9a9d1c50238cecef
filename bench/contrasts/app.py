from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.contrasts.settings")

app = Celery("contrasts")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.CELERY_DB_REUSE_MAX = 1_000_000  # Celery's Django fixup asks for it under this name alone
app.autodiscover_tasks(["bench.contrasts"])
