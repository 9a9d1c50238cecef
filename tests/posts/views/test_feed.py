"""What Ada's calendar program reads: a file as RFC 5545 wants it, at an address that only she has and can take back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import feeds
from accounts.models import Feed, Membership, User, Workspace
from posts import ical
from posts.models import Channel, Delivery, Post
from tests.posts.views.conftest import SECRET, Deliver

Event = dict[str, str]


def lines_of(file: bytes) -> list[str]:
    """The unfolded lines of a file. Strict: ends, lengths and letters have to be right."""
    assert file.endswith(b"\r\n")
    raw = file[:-2].split(b"\r\n")
    assert not any(b"\n" in line or b"\r" in line for line in raw)
    assert all(len(line) <= 75 for line in raw), "a line is longer than 75 octets"
    for line in raw:
        line.decode("utf-8")  # no letter is cut in two
    return file[:-2].decode("utf-8").replace("\r\n ", "").split("\r\n")


def events_of(file: bytes) -> list[Event]:
    """Each event with its properties, parameters off, text still escaped. Raises where the grammar is broken."""
    lines = lines_of(file)
    assert (lines[0], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    events: list[Event] = []
    open_event: Event | None = None
    for line in lines[1:-1]:
        name, colon, value = line.partition(":")
        assert colon, line
        assert re.fullmatch(r"[A-Z-]+(;[A-Z-]+=[^;:]+)*", name), line
        assert not re.search(r"[\x00-\x1f\x7f]", value), line
        if line == "BEGIN:VEVENT":
            assert open_event is None
            open_event = {}
        elif line == "END:VEVENT":
            assert open_event is not None
            assert open_event.keys() >= {"UID", "DTSTAMP", "DTSTART", "SUMMARY", "SEQUENCE", "LAST-MODIFIED"}
            events.append(open_event)
            open_event = None
        elif open_event is not None:
            assert name not in open_event, f"{name} stands twice"
            open_event[name] = value
    assert open_event is None
    return events


def plain(text: str) -> str:
    """A TEXT value as people read it."""
    assert not re.search(r"(?<!\\)(\\\\)*[;,]", text), "a comma or semicolon is not escaped"
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], text)


@pytest.fixture
def token(ada: User, workspace: Workspace) -> str:
    return feeds.renew(ada, workspace, timezone.now())


def read(token: str, **headers: str) -> Any:
    return Client().get(reverse("feed", args=[token]), headers=headers)


def test_it_is_a_calendar_with_what_is_planned(token: str, deliver: Deliver, post: Post) -> None:
    due = timezone.now().replace(microsecond=0) + timedelta(days=2)
    delivery = deliver(due_at=due)
    answer = read(token)
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    [event] = events_of(answer.content)
    assert event["UID"] == f"{delivery.key}@blogscheduler"
    assert event["DTSTART"] == f"{due.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    assert plain(event["SUMMARY"]) == "Notes → My DEV"
    assert plain(event["DESCRIPTION"]) == "Scheduled on My DEV."
    assert event["URL"].endswith(delivery.get_absolute_url())
    assert event["URL"].startswith("http")
    assert event["STATUS"] == "CONFIRMED"


def test_neither_texts_nor_keys_are_in_it(token: str, deliver: Deliver, post: Post) -> None:
    Post.objects.update(markdown="A secret paragraph.", summary="A secret summary.")
    deliver()
    content = read(token).content.decode()
    assert "secret" not in content
    assert SECRET not in content


def test_what_is_cancelled_is_not_in_it_and_what_waits_is_tentative(
    token: str, deliver: Deliver, folder: Channel
) -> None:
    deliver("cancelled")
    deliver("waiting", channel=folder)
    [event] = events_of(read(token).content)
    assert event["STATUS"] == "TENTATIVE"


@pytest.mark.parametrize(
    "title",
    [
        "Commas, semicolons; and \\ backslashes",
        "Ein sehr langer Titel mit Umlauten: äöüß " * 6,
        "日本語の題名" * 20,
        "👩🏽‍💻" * 30,
        "BEGIN:VEVENT\r\nSUMMARY:Smuggled",
        "Bell\x07 and delete\x7f",
        "x" * 300,
    ],
)
def test_whatever_the_title_says_it_stays_one_event(token: str, deliver: Deliver, post: Post, title: str) -> None:
    Post.objects.update(title=title)
    deliver()
    [event] = events_of(read(token).content)
    wanted = title.replace("\r\n", "\n").replace("\x07", "").replace("\x7f", "")
    assert plain(event["SUMMARY"]) == f"{wanted} → My DEV"


def test_a_move_is_a_new_sequence_of_the_same_event(token: str, deliver: Deliver, browser: Client, post: Post) -> None:
    delivery = deliver()
    [before] = events_of(read(token).content)
    at = (timezone.now() + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M")
    browser.post(reverse("delivery_reschedule", args=[delivery.pk]), {"at": at})
    [after] = events_of(read(token).content)
    assert after["UID"] == before["UID"]
    assert int(after["SEQUENCE"]) > int(before["SEQUENCE"])
    assert after["DTSTART"] != before["DTSTART"]
    assert after["LAST-MODIFIED"] >= before["LAST-MODIFIED"]


def test_who_has_it_already_is_told_so(token: str, deliver: Deliver) -> None:
    deliver()
    first = read(token)
    assert "max-age=300" in first["Cache-Control"]
    assert "private" in first["Cache-Control"]
    again = read(token, if_none_match=first["ETag"])
    assert again.status_code == 304
    assert again.content == b""
    Delivery.objects.update(status="failed")
    assert read(token, if_none_match=first["ETag"]).status_code == 200


def test_it_does_not_ask_more_for_more(
    token: str, deliver: Deliver, post: Post, django_assert_max_num_queries: Any
) -> None:
    for number in range(8):
        deliver(post=Post.objects.create(workspace=post.workspace, title=f"n{number}"))
    with django_assert_max_num_queries(3):
        assert len(events_of(read(token).content)) == 8


def test_it_shows_only_its_own_workspace(token: str, deliver: Deliver, grace: User, post: Post) -> None:
    deliver()
    other = Workspace.objects.of(grace)
    assert other is not None
    assert events_of(read(feeds.renew(grace, other, timezone.now())).content) == []


# --- the address -----------------------------------------------------------------------------------------------------


def address_on(page: str) -> str:
    found = re.search(r"http://127.0.0.1:8000(/calendar/[\w-]+\.ics)", page)
    assert found
    return found[1]


def test_ada_gets_it_once_on_her_settings_page(browser: Client, deliver: Deliver, workspace: Workspace) -> None:
    deliver()
    answer = browser.post(reverse("settings_feed"), {"renew": ""})
    address = address_on(answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    assert len(events_of(Client().get(address).content)) == 1
    assert ".ics" not in browser.get(reverse("settings")).content.decode()
    token = address.rpartition("/")[2].removesuffix(".ics")
    assert token not in str(list(Feed.objects.values()))


def test_a_new_one_ends_the_old_one_and_revoking_ends_both(browser: Client, workspace: Workspace) -> None:
    first = address_on(browser.post(reverse("settings_feed"), {"renew": ""}).content.decode())
    second = address_on(browser.post(reverse("settings_feed"), {"renew": ""}).content.decode())
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200
    page = browser.post(reverse("settings_feed"), {"revoke": ""}, follow=True).content.decode()
    assert "is revoked" in page
    assert Client().get(second).status_code == 404
    assert not Feed.objects.exists()


def test_who_leaves_the_workspace_or_may_not_log_in_reads_nothing(token: str, ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert read(token).status_code == 404
    User.objects.filter(pk=ada.pk).update(is_active=True)
    assert read(token).status_code == 200
    Membership.objects.filter(user=ada).delete()
    assert read(token).status_code == 404


def test_a_guess_finds_nothing(token: str) -> None:
    assert read("x" * 43).status_code == 404
    assert read(token[:-1]).status_code == 404
    assert Client().post(reverse("feed", args=[token])).status_code == 405


# --- lines -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [73, 74, 75, 76, 149, 150, 151, 225])
@pytest.mark.parametrize("letter", ["x", "ä", "日", "👩"])
def test_folding_loses_nothing_and_cuts_no_letter(length: int, letter: str) -> None:
    line = "SUMMARY:" + letter * length
    assert lines_of(b"".join(ical.folded(line))) == [line]


def test_times_are_in_utc() -> None:
    assert ical.stamp(datetime.fromisoformat("2026-03-29T03:30:00+02:00")) == "20260329T013000Z"
