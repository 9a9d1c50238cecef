"""The same databases with the same durability as the house, and nothing that is not needed."""

from __future__ import annotations

import os
from typing import Any

import environ

_database: dict[str, Any] = dict(environ.Env().db("CONTRAST_DATABASE_URL"))
if _database["ENGINE"].endswith("sqlite3"):
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    _database["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 70, "timeout": 20}}

DATABASES = {"default": _database}
SECRET_KEY = "of a benchmark"  # noqa: S105  nobody logs in here
INSTALLED_APPS = ["django.contrib.contenttypes", "bench.contrasts", "django_celery_beat"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LOGGING_CONFIG = None

CELERY_BROKER_URL = os.environ["REDIS_URL"].removesuffix("/0") + "/1"
CELERY_TIMEZONE = "UTC"
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_DB_REUSE_MAX = 1_000_000  # keep each thread's connection: undocumented, and nearly twice as fast with SQLite
CELERY_BEAT_SCHEDULE = (
    {"tick": {"task": "bench.contrasts.tasks.tick", "schedule": 1.0, "options": {"expires": 1.0}}}
    if os.environ.get("CONTRAST") == "one task per post"
    else {}
)
