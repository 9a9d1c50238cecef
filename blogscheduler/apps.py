import logging

from django.apps import AppConfig
from django.conf import settings


class BlogschedulerConfig(AppConfig):
    name = "blogscheduler"
    verbose_name = "blogscheduler"

    def ready(self) -> None:
        from blogscheduler import checks

        logging.captureWarnings(True)  # Python's own as well: in the log's format, and without secrets
        if settings.SENTRY_DSN and checks.is_dsn(settings.SENTRY_DSN):
            from blogscheduler import sentry

            sentry.start(settings.SENTRY_DSN)
