"""All settings, in the order of the README's table. Every secret can also be given as a file: ``NAME_FILE``."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from cryptography.fernet import Fernet
from csp.constants import NONCE, NONE, SELF
from django.core.management.utils import get_random_secret_key

from blogscheduler import logs
from blogscheduler.keys import kept_secret

django_stubs_ext.monkeypatch()  # lets ModelForm[Post] and the like be written, which Django itself does not

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()
environ.Env.read_env(BASE_DIR / ".env")

# --- the house -------------------------------------------------------------------------------------------------------
DEBUG: bool = env.bool("DEBUG", default=False)
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
# While `up` runs here, commands typed beside it know its broker and its sandbox. `up` itself decides anew.
if "up" not in sys.argv[1:2]:
    environ.Env.read_env(DATA_DIR / "running.env")
PORT: int = env.int("PORT", default=8000)
SITE_URL: str = env.str("SITE_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")
SITE_NAME: str = env.str("SITE_NAME", default="blogscheduler")
_site = urlsplit(SITE_URL)
HTTPS = _site.scheme == "https"
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[_site.hostname or "127.0.0.1", "127.0.0.1", "localhost"])
WEB_CONCURRENCY: int = env.int("WEB_CONCURRENCY", default=2)
TRUSTED_PROXIES: int = env.int("TRUSTED_PROXIES", default=0)

# --- secrets ---------------------------------------------------------------------------------------------------------
SECRET_KEY: str = env.str("SECRET_KEY", default="") or kept_secret(DATA_DIR / "secret.key", get_random_secret_key)
# The first key encrypts, every one of them decrypts: put a new one in front and run `manage.py rotate_keys`.
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS", default=[]) or [
    kept_secret(DATA_DIR / "encryption.key", lambda: Fernet.generate_key().decode())
]

# --- people ----------------------------------------------------------------------------------------------------------
REGISTRATION_OPEN: bool = env.bool("REGISTRATION_OPEN", default=True)
TIME_ZONE: str = env.str("TIME_ZONE", default="UTC")  # of people who have not chosen their own

# --- mail ------------------------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default=f"{SITE_NAME} <blogscheduler@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_TIMEOUT = 20
MAIL_DIR = DATA_DIR / "mail"
SHOW_MAIL: bool = env.bool(
    "SHOW_MAIL", default=False
)  # a page that lists the mails in MAIL_DIR: for one's own machine only
if env.str("EMAIL_URL", default=""):
    vars().update(env.email("EMAIL_URL"))
else:
    EMAIL_BACKEND = "accounts.mailfiles.MailFiles"

# --- publishing (the reasons are in docs/architecture.md) -------------------------------------------------------------
PUBLISH_THREADS: int = env.int("PUBLISH_THREADS", default=64)
PUBLISH_TRIES: int = env.int("PUBLISH_TRIES", default=5)
LEASE = timedelta(seconds=env.float("LEASE_SECONDS", default=60))
CALL_DEADLINE_SECONDS: float = env.float("CALL_DEADLINE_SECONDS", default=25)
SETTLE_SECONDS: float = env.float("SETTLE_SECONDS", default=0)  # 0: what each platform needs
# The pause that each platform asks for between two calls, times this: 0 for a platform of one's own without limits.
PACE: float = env.float("PACE", default=1)
# Further apart from the database's clock than this, a worker publishes nothing; 0: it does not look.
CLOCK_TOLERANCE_SECONDS: float = env.float("CLOCK_TOLERANCE_SECONDS", default=60)
# After an outage: the seconds between two late posts of one channel.
CATCH_UP_SECONDS: float = env.float("CATCH_UP_SECONDS", default=60)
# After each publication its public page is looked at: at all, and how soon first (0: what each platform needs).
PROVE_PAGES: bool = env.bool("PROVE_PAGES", default=True)
PAGE_SECONDS: float = env.float("PAGE_SECONDS", default=0)
DEFAULT_GRACE: timedelta = timedelta(minutes=env.int("DEFAULT_GRACE_MINUTES", default=60))
# Exact origins (scheme://host:port) on private addresses that publishers may call. `manage.py up` adds its sandbox.
ALLOW_PRIVATE_TARGETS = frozenset(env.list("ALLOW_PRIVATE_TARGETS", default=[]))
SANDBOX_URL: str = env.str("SANDBOX_URL", default="")
SITES_DIR = Path(env.str("SITES_DIR", default=str(DATA_DIR / "sites"))).resolve()  # where folder channels write

# --- pictures ---------------------------------------------------------------------------------------------------------
IMAGES_DIR = Path(env.str("IMAGES_DIR", default=str(DATA_DIR / "images"))).resolve()
IMAGE_BYTES: int = env.int("IMAGE_BYTES", default=10_000_000)  # of one picture that is taken
IMAGES_BYTES: int = env.int("IMAGES_BYTES", default=2_000_000_000)  # of all pictures of a workspace together

# --- databases -------------------------------------------------------------------------------------------------------
_database: dict[str, Any] = dict(env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'db.sqlite3'}"))
if _database["ENGINE"].endswith("sqlite3"):
    _options: dict[str, Any] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL, never NORMAL: a claim lost at a power cut would be sent again.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    _database["CONN_MAX_AGE"] = 60  # seconds: the worker looks every second, and opening costs more than looking
else:
    _database["CONN_HEALTH_CHECKS"] = True
    _options = {
        # After it was away a connection is tried anew when one is wanted, not after pauses that double up to minutes.
        "pool": {"min_size": 1, "max_size": 20, "timeout": 10, "reconnect_timeout": 2},
        # A server that has vanished without a word is noticed within half a minute, not after hours.
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,  # milliseconds
        # Compiling a query takes a second where its plan looks dear, and none of ours takes that long itself.
        "options": "-c jit=off",
    }
_database["OPTIONS"] = {**_options, **_database.get("OPTIONS", {})}  # DATABASE_URL may add some: ?sslmode=require
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Log-in throttling must not depend on Redis.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}

# --- Celery: the message is a bell, the row is the job ---------------------------------------------------------------
REDIS_URL: str = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXTENDED = True
CELERY_RESULT_EXPIRES = timedelta(days=14)
CELERY_TIMEZONE = "UTC"
CELERY_TASK_IGNORE_RESULT = True  # the few tasks that a person watches opt in
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_RESULT_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# In web, commands and beat a dead or frozen Redis may cost a fifth of a second, once: `ring()` then stays silent for
# a while. All three of retry, max_retries and the time-outs are needed; a worker gets longer ones in celery.py.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "max_retries": 0,
    "socket_connect_timeout": 0.2,
    "socket_timeout": 0.2,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "visibility_timeout": 300,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "unacked_mutex_expire": 30,
    "global_keyprefix": "blogscheduler:",
}
CELERY_BEAT_SCHEDULER = "blogscheduler.beat.BellScheduler"

# --- Django ----------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "blogscheduler",
    "accounts",
    "posts",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "heroicons",
    "django_celery_beat",
    "django_celery_results",
]
MIDDLEWARE = [
    "blogscheduler.stack.middleware",
    "accounts.middleware.request_id",
    "blogscheduler.watch.probes.first",  # asked by address, over plain http: before hosts and redirects
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "posts.views.pictures.first",  # for everybody: before sessions, and never packed
    "blogscheduler.turns.middleware",
    "django.middleware.gzip.GZipMiddleware",  # pads what it packs, so that nobody learns a secret from its length
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.permissions_policy",
    "accounts.middleware.first_visit",
    "accounts.middleware.workspace_and_zone",
]
ROOT_URLCONF = "blogscheduler.urls"
WSGI_APPLICATION = "blogscheduler.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "blogscheduler" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "blogscheduler.context.house",
            ],
            "builtins": ["django_htmx.templatetags.django_htmx", "heroicons.templatetags.heroicons"],
        },
    }
]
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(DATA_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "blogscheduler" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# --- accounts (allauth) ----------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignupForm"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_RATE_LIMITS = {
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

# --- what the browser may do -----------------------------------------------------------------------------------------
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
X_FRAME_OPTIONS = "DENY"
# No file is read further than a picture may be long, whoever sends it.
FILE_UPLOAD_HANDLERS = [
    "posts.forms.uploads.Capped",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024  # 2 MB of text, form-encoded, with room
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "https:", "http:"],  # covers and pictures of previews live anywhere
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

# --- how it is watched -----------------------------------------------------------------------------------------------
LOG_FORMAT: str = env.str("LOG_FORMAT", default="plain")
LOGGING = logs.configuration(LOG_FORMAT, env.str("LOG_LEVEL", default="INFO"))
METRICS_TOKEN: str = env.str("METRICS_TOKEN", default="").strip()  # of /metrics, which is not there without one
WATCHDOG_URL: str = env.str("WATCHDOG_URL", default="").strip()  # called every minute while all is well
SENTRY_DSN: str = env.str("SENTRY_DSN", default="").strip()
START_COMMAND: str = env.str(
    "START_COMMAND", default="make run"
)  # what people are told to run when something stands still
