"""The house's own settings, with a data folder that is thrown away.

Variables of the developer's environment and of ``.env`` do not reach the tests; ``DATABASE_URL`` does, so that the
same suite runs on PostgreSQL.
"""

import atexit
import os
import shutil
import tempfile

_data = tempfile.mkdtemp(prefix="blogscheduler-tests-")
atexit.register(shutil.rmtree, _data, ignore_errors=True)

# Set and not removed: reading .env fills only what is missing.
os.environ.update(
    DATA_DIR=_data,
    DEBUG="0",
    SITE_URL="http://127.0.0.1:8000",
    SECRET_KEY="only-for-tests-" + "x" * 50,
    FIELD_ENCRYPTION_KEYS="",
    ALLOWED_HOSTS="testserver,127.0.0.1,localhost",
    REDIS_URL="redis://127.0.0.1:1/0",  # refused: no test may lean on a broker that happens to run
    EMAIL_URL="",
    TIME_ZONE="UTC",
    SHOW_MAIL="0",
    ALLOW_PRIVATE_TARGETS="",
    SANDBOX_URL="",
    LOG_FORMAT="plain",
    METRICS_TOKEN="",
    WATCHDOG_URL="",
    SENTRY_DSN="",
    START_COMMAND="make run",
    STATIC_ROOT=os.path.join(_data, "static"),
    SITES_DIR=os.path.join(_data, "sites"),
)

os.environ.setdefault("DATABASE_URL", f"sqlite:///{_data}/db.sqlite3")

from blogscheduler.settings import *  # noqa: E402, F403
from blogscheduler.settings import DATA_DIR, DATABASES, STORAGES  # noqa: E402

os.makedirs(os.environ["STATIC_ROOT"], exist_ok=True)  # whitenoise warns when it is not there

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in production: SQLite in memory knows neither WAL nor locks between connections.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "tests.sqlite3")}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
