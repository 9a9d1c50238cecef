"""What every template knows of the house."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from posts.watch import watching

THEMES = ("light", "dark")  # anything else means: as the browser says
_PLACES = (
    ("posts", "Posts", "document-text"),
    ("schedule_list", "Schedule", "queue-list"),
    ("calendar", "Calendar", "calendar-days"),
    ("queue", "Queue", "inbox-stack"),
    ("series_list", "Series", "arrow-path"),
    ("images", "Pictures", "photo"),
    ("channels", "Channels", "megaphone"),
)


@dataclass(frozen=True)
class Place:
    """One entry of the navigation. ``current`` is what aria-current says: "page", "true" (inside it) or ""."""

    label: str
    icon: str
    url: str
    current: str


def house(request: HttpRequest) -> dict[str, object]:
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "sandbox_url": settings.SANDBOX_URL,
        "show_mail": settings.SHOW_MAIL,
        "registration_open": settings.REGISTRATION_OPEN,
        "theme": chosen_theme(request),
        "places": places(request.path),
        "silence": silence,  # asked where a page shows it, and nowhere else
        "request_id": getattr(request, "request_id", ""),
    }


@dataclass(frozen=True)
class Silence:
    """A process that should sign every few seconds and does not."""

    kind: str
    since: str  # in words; "" when nobody remembers one
    command: str  # brings it back


def silence() -> Silence | None:
    """Who does not sign: the worker, without whom nothing is published, before beat, without whom it is a bit later."""
    now = timezone.now()
    gone = watching.silent(now)
    for kind in (watching.Kind.WORKER, watching.Kind.BEAT):
        if kind in gone:
            last = gone[kind]
            return Silence(kind.value, watching.in_words(now - last) if last else "", watching.how_to_start(kind))
    return None


def chosen_theme(request: HttpRequest) -> str:
    """The theme of this browser's cookie; "" for the system's."""
    theme = request.COOKIES.get("theme", "")
    return theme if theme in THEMES else ""


def places(path: str) -> list[Place]:
    found = []
    for name, label, icon in _PLACES:
        try:
            url = reverse(name)
        except NoReverseMatch:  # an installation may leave a room out; the others stay reachable
            continue
        found.append(Place(label, icon, url, _current(path, url)))
    return found


def _current(path: str, url: str) -> str:
    if path == url:
        return "page"
    return "true" if path.startswith(url) else ""
