"""Every page of the house, from its URLconf: how to get there, or why it is no page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from posts.planning import slots
from tests.e2e.gallery import Gallery

Address = Callable[[Gallery], str]


@dataclass(frozen=True)
class Place:
    address: Address
    is_for_strangers: bool = False


def at(name: str, **attributes: str) -> Place:
    """A page of somebody who is logged in; ``attributes`` are of the gallery, such as pk="post"."""

    def address(gallery: Gallery) -> str:
        return reverse(name, kwargs={key: getattr(gallery, value).pk for key, value in attributes.items()})

    return Place(address)


def exactly(path: str) -> Place:
    return Place(lambda gallery: path)


def outside(name: str, *arguments: str) -> Place:
    return Place(lambda gallery: reverse(name, args=arguments), is_for_strangers=True)


def of_the_review(gallery: Gallery) -> str:
    chosen = f"channels={gallery.channel.pk}&when=at&at=2027-03-01T09:00"
    return f"{reverse('review', args=[gallery.draft.pk])}?{chosen}"


def of_a_free_slot(gallery: Gallery) -> str:
    free = slots.next_free([gallery.channel], timezone.now())[gallery.channel.pk]
    pin = f"{gallery.channel.pk}@{free.due_at:%Y-%m-%dT%H:%M:%SZ}"
    return f"{reverse('queue_fill', args=[gallery.channel.pk])}?slot={pin}"


PAGES: dict[str, Place] = {
    "posts": at("posts"),
    "post_new": at("post_new"),
    "post": at("post", pk="post"),
    "post_edit": at("post_edit", pk="post"),
    "post_delete": at("post_delete", pk="draft"),
    "schedule": at("schedule", pk="draft"),
    "review": Place(of_the_review),
    "schedule_list": at("schedule_list"),
    "calendar": at("calendar"),
    "calendar, a week": exactly("/calendar/?view=week"),
    "calendar, an agenda": exactly("/calendar/?view=agenda"),
    "changes": at("changes"),
    "zone_laws": at("zone_laws"),
    "queue": at("queue"),
    "slots": at("slots", pk="channel"),
    "queue_fill": Place(of_a_free_slot),
    "queue_realign": at("queue_realign", pk="channel"),
    "series_list": at("series_list"),
    "series_new": at("series_new"),
    "series": at("series", pk="series"),
    "series_edit": at("series_edit", pk="series"),
    "series_end": at("series_end", pk="series"),
    "date_move": at("date_move", pk="series", date="date"),
    "plans": at("plans"),
    "plan_new": at("plan_new"),
    "plan": at("plan", pk="plan"),
    "deliveries": at("deliveries", pk="post"),
    "delivery": at("delivery", pk="published"),
    "delivery_text": at("delivery_text", pk="published"),
    "delivery_page": at("delivery_page", pk="published"),
    "delivery_public_page": at("delivery_public_page", pk="published"),
    "hand_off": at("hand_off", pk="by_hand"),
    "delivery_reschedule": at("delivery_reschedule", pk="scheduled"),
    "delivery_delay": at("delivery_delay", pk="scheduled"),
    "delivery_differences": at("delivery_differences", pk="published"),
    "delivery_update_at": at("delivery_update_at", pk="published"),
    "delivery_unpublish": at("delivery_unpublish", pk="published"),
    "post_version": at("post_version", pk="post", channel="channel"),
    "channel_defaults": at("channel_defaults", pk="channel"),
    "images": at("images"),
    "image": at("image", pk="image"),
    "image_delete": at("image_delete", pk="image"),
    "channels": at("channels"),
    "channel_pick": at("channel_pick"),
    "channel_connect": exactly("/channels/connect/devto/"),
    "channel": at("channel", pk="channel"),
    "channel_remove": at("channel_remove", pk="channel"),
    "settings": at("settings"),
    "mail": at("mail"),
    "account_login": outside("account_login"),
    "account_signup": outside("account_signup"),
    "account_email_verification_sent": outside("account_email_verification_sent"),
    "account_confirm_email": outside("account_confirm_email", "no-such-key"),
    "account_reset_password": outside("account_reset_password"),
    "account_reset_password_done": outside("account_reset_password_done"),
    "account_reset_password_from_key": outside("account_reset_password_from_key", "1", "no-such-key"),
    "account_reset_password_from_key_done": outside("account_reset_password_from_key_done"),
    "account_inactive": outside("account_inactive"),
    "account_logout": at("account_logout"),
    "account_email": at("account_email"),
    "account_change_password": at("account_change_password"),
    "account_reauthenticate": at("account_reauthenticate"),
    "owner_setup": outside("owner_setup", "no-such-link"),
    # further faces of the same pages
    "a channel that is closed": at("channel", pk="closed"),
    "a channel that is not well": at("channel", pk="ailing"),
    "a place without an API": exactly("/channels/connect/substack/"),
    "a delivery that is uncertain": at("delivery", pk="uncertain"),
    "what needs a person": exactly("/schedule/?status=missed"),
    "a search without a result": exactly("/posts/?q=nothing-contains-this"),
    "no such page": exactly("/no/such/page/"),
    "the admin": exactly("/admin/"),
    "the admin's deliveries": exactly("/admin/posts/delivery/"),
}

A_BUTTON = "a button: it answers with another page, which is here"
A_PART = "a part of a page, asked for by htmx; without it, it leads to a page that is here"
NO_PAGE = {
    "home": "leads on to posts",
    "setup": "leads on to the log-in page once there is an owner",
    "settings_workspace": "a form of the settings; read, it leads on to them",
    "settings_calendar": "a form of the settings; read, it leads on to them",
    "settings_feed": "a form of the settings; read, it leads on to them",
    "feed": "for calendar programs",
    "account_set_password": "leads on to changing the password: everybody has one",
    "account_confirm_login_code": "logging in by a code is switched off: it leads to the log-in page",
    "delivery_file": "the file itself, as plain text",
    "delivery_confirm": A_BUTTON + ": refused, it shows its form",
    "channel_status": A_PART,
    "images_progress": A_PART,
    "picture": "a picture itself",
    "delivery_story": A_PART,
    "healthz": "for machines",
    "readyz": "for machines",
    "metrics": "for machines",
    "admin:": "Django's own pages, of which two are here",
    **dict.fromkeys(
        (
            "first_steps", "try_demo", "connect_demo", "post_autosave_new", "post_autosave", "post_preview",
            "post_front_matter", "decide_missed", "delivery_check_page", "delivery_cancel", "delivery_publish_now",
            "delivery_send_again", "calendar_move", "change_undo", "queue_move", "queue_take_out", "plan_delete",
            "delivery_release", "delivery_wait_on", "series_preview", "series_pause", "series_resume", "date_skip",
            "date_take_back", "post_update", "delivery_update", "delivery_publish_anew",
            "image_upload", "image_alt", "images_stop", "images_go_on",
            "delivery_snooze", "channel_accept_account", "channel_check", "channel_pause", "channel_resume", "theme",
        ),
        A_BUTTON,
    ),
}  # fmt: skip


def named(resolver: URLResolver | None = None) -> Iterator[str]:
    """The names of all addresses; those of a namespace count as one."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from [f"{pattern.namespace}:"] if pattern.namespace else named(pattern)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield pattern.name
