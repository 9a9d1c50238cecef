from django.apps import AppConfig


class BlogschedulerConfig(AppConfig):
    name = "blogscheduler"
    verbose_name = "blogscheduler"

    def ready(self) -> None:
        from blogscheduler import checks  # noqa: F401  importing registers the system checks
