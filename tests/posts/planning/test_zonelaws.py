"""The law of a zone is changed under what is scheduled: nothing moves without a word, and a person decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, reset_tzpath

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Mail, User
from posts.models import Channel, Delivery, Post
from posts.planning import scheduling, zonelaws
from posts.planning.moments import moment_at, moment_of
from posts.planning.recurring import changing
from posts.planning.recurring.making import Plan
from posts.planning.recurring.rules import parse
from posts.planning.scheduling import Refused

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
BUSINGEN = "Europe/Busingen"  # of all zones the one that no other test needs: zones are kept by the process
NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
Law = Callable[[str], None]


@pytest.fixture
def busingen_follows(tmp_path: Path) -> Iterator[Law]:
    """As if the law had been changed: the clocks of Büsingen show the time of another zone."""
    laws = {name: zonelaws.data_of(name) for name in (BUSINGEN, "Europe/London", "UTC")}

    def change(name: str) -> None:
        for zone, data in {**laws, BUSINGEN: laws[name]}.items():
            file = tmp_path / zone
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(data)
        reset_tzpath(to=[str(tmp_path)])
        ZoneInfo.clear_cache(only_keys=[BUSINGEN])

    yield change
    reset_tzpath()
    ZoneInfo.clear_cache(only_keys=[BUSINGEN])


@pytest.fixture
def nine_in_busingen(new_post: Callable[..., Post], folder: Channel, ada: User) -> Delivery:
    at = moment_of(datetime(2026, 12, 1, 9), ZoneInfo(BUSINGEN))
    [delivery] = scheduling.schedule(new_post(title="Notes"), [folder], at, NOW, ada)
    assert zonelaws.look_after(NOW) == 0
    return delivery


def test_the_same_law_is_compared_once_and_then_not_again(nine_in_busingen: Delivery) -> None:
    Delivery.objects.filter(pk=nine_in_busingen.pk).update(wall_time="2026-12-01T10:00")
    assert zonelaws.look_after(LATER) == 0  # nobody looked: the law is the same
    assert zonelaws.compare(LATER) == 1


def test_under_a_new_law_nothing_moves_and_its_author_is_told_once(
    nine_in_busingen: Delivery, busingen_follows: Law, ada: User
) -> None:
    busingen_follows("Europe/London")
    assert zonelaws.look_after(NOW + timedelta(hours=1)) == 0  # once a day
    assert zonelaws.look_after(LATER) == 1
    assert zonelaws.look_after(LATER + timedelta(days=1)) == 0
    nine_in_busingen.refresh_from_db()
    assert nine_in_busingen.due_at == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert nine_in_busingen.wall_moves_to == datetime(2026, 12, 1, 9, tzinfo=UTC)
    [mail] = Mail.objects.filter(event__startswith="zone-law:")
    assert (mail.user, "meant for 1 December 2026, 09:00" in mail.text, "08:00" in mail.text) == (ada, True, True)


def test_the_wall_time_is_kept_by_moving(nine_in_busingen: Delivery, busingen_follows: Law) -> None:
    busingen_follows("Europe/London")
    zonelaws.look_after(LATER)
    nine_in_busingen.refresh_from_db()
    zonelaws.keep_wall_time(nine_in_busingen, LATER)
    nine_in_busingen.refresh_from_db()
    assert (nine_in_busingen.due_at, nine_in_busingen.wall_time) == (
        datetime(2026, 12, 1, 9, tzinfo=UTC), "2026-12-01T09:00",
    )  # fmt: skip
    assert nine_in_busingen.wall_moves_to is None
    assert zonelaws.compare(LATER) == 0


def test_the_moment_is_kept_by_saying_what_the_clock_shows_then(
    nine_in_busingen: Delivery, busingen_follows: Law
) -> None:
    busingen_follows("Europe/London")
    zonelaws.look_after(LATER)
    nine_in_busingen.refresh_from_db()
    zonelaws.keep_moment(nine_in_busingen)
    nine_in_busingen.refresh_from_db()
    assert (nine_in_busingen.due_at, nine_in_busingen.wall_time) == (
        datetime(2026, 12, 1, 8, tzinfo=UTC), "2026-12-01T08:00",
    )  # fmt: skip
    with pytest.raises(Refused):
        zonelaws.keep_moment(nine_in_busingen)


def test_a_law_that_is_taken_back_takes_the_question_back(nine_in_busingen: Delivery, busingen_follows: Law) -> None:
    busingen_follows("Europe/London")
    zonelaws.look_after(LATER)
    busingen_follows(BUSINGEN)
    assert zonelaws.look_after(LATER + timedelta(days=1)) == 0
    nine_in_busingen.refresh_from_db()
    assert nine_in_busingen.wall_moves_to is None


def test_what_was_moved_by_hand_is_not_asked_about_any_more(nine_in_busingen: Delivery, busingen_follows: Law) -> None:
    busingen_follows("Europe/London")
    zonelaws.look_after(LATER)
    scheduling.reschedule(nine_in_busingen, moment_of(datetime(2026, 12, 2, 9), ZoneInfo(BUSINGEN)), LATER)
    nine_in_busingen.refresh_from_db()
    assert nine_in_busingen.wall_moves_to is None


def test_the_second_of_two_equal_hours_and_the_seconds_of_now_have_not_come_apart(
    new_post: Callable[..., Post], folder: Channel
) -> None:
    berlin = ZoneInfo(BUSINGEN)
    second = moment_at(datetime(2027, 10, 31, 1, 30, tzinfo=UTC), berlin)
    odd = moment_at(datetime(2027, 6, 1, 8, 0, 42, tzinfo=UTC), berlin)
    for at in (second, odd):
        scheduling.schedule(new_post(), [folder], at, NOW)
    assert zonelaws.compare(NOW) == 0


def test_dates_of_a_series_are_asked_about_and_moved_with_it(
    new_post: Callable[..., Post], folder: Channel, ada: User, busingen_follows: Law
) -> None:
    plan = Plan(parse("FREQ=WEEKLY;COUNT=3"), datetime(2026, 12, 1, 9), ZoneInfo(BUSINGEN), [new_post()], [folder])
    series = changing.begin(folder.workspace, "Digest", plan, NOW, ada)
    zonelaws.look_after(NOW)
    busingen_follows("UTC")
    assert zonelaws.look_after(LATER) == 3
    for delivery in zonelaws.come_apart(folder.workspace):
        zonelaws.keep_wall_time(delivery, LATER)
    assert [row.due_at.hour for row in series.occurrences.all()] == [9, 9, 9]
    assert [delivery.due_at.hour for delivery in Delivery.objects.all()] == [9, 9, 9]


def test_ada_sees_both_times_and_decides_for_all_that_she_chose(
    nine_in_busingen: Delivery, busingen_follows: Law, ada: User
) -> None:
    busingen_follows("Europe/London")
    zonelaws.compare(NOW)
    browser = Client()
    browser.force_login(ada)
    listed = browser.get(reverse("schedule_list")).content.decode()
    assert "1 scheduled post would go out at another time" in listed
    page = browser.get(reverse("zone_laws")).content.decode()
    assert "Tue 1 Dec 2026, 09:00" in page
    assert "Tue 1 Dec 2026, 08:00" in page
    Delivery.objects.update(
        due_at=nine_in_busingen.due_at + timedelta(days=365 * 5)
    )  # the page works by the real clock
    Delivery.objects.update(wall_moves_to=nine_in_busingen.due_at + timedelta(days=365 * 5, hours=1))
    told = browser.post(reverse("zone_laws"), {"keep": "wall", "delivery": nine_in_busingen.pk}, follow=True)
    assert "1 is moved" in told.content.decode()
    assert not zonelaws.come_apart(nine_in_busingen.workspace).exists()


def test_another_zone_of_the_person_moves_nothing_and_says_so(nine_in_busingen: Delivery, ada: User) -> None:
    browser = Client()
    browser.force_login(ada)
    answer = browser.post(reverse("settings"), {"name": "Ada", "time_zone": "Asia/Tokyo"}, follow=True)
    assert "Times are shown in Asia/Tokyo now. Nothing was moved" in answer.content.decode()
    before = nine_in_busingen.due_at
    nine_in_busingen.refresh_from_db()
    assert (nine_in_busingen.due_at, nine_in_busingen.zone) == (before, BUSINGEN)
    assert "17:00" in browser.get(reverse("post", args=[nine_in_busingen.post_id])).content.decode()
