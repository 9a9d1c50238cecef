from django.apps import AppConfig


class PostsConfig(AppConfig):
    name = "posts"
    verbose_name = "Publishing"

    def ready(self) -> None:
        from posts import checks  # noqa: F401  it registers itself
