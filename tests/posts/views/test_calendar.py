"""Ada's calendar: month, week and agenda by address, what is dragged, what is told, and what can be undone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import FirstWeekday, User
from posts.models import Change, Channel, Delivery, Post
from posts.views import calendar
from posts.views.calendar import AGENDA, MONTH, WEEK, clock_changes, dropped_on, span_of
from tests.posts.views.conftest import Deliver, browser_of

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)  # a Friday; 13:00 in Berlin
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch, ada: User) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    ada.time_zone = BERLIN
    ada.save()


def look(browser: Client, query: str = "") -> str:
    return browser.get(reverse("calendar") + query).content.decode()


def drop(browser: Client, delivery: Delivery, to: str, **more: str) -> Any:
    data = {"delivery": str(delivery.pk), "to": to, "seen": delivery.due_at.isoformat(), **more}
    return browser.post(reverse("calendar_move"), data, follow=True)


def told(answer: Any) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


def due(delivery: Delivery) -> datetime:
    delivery.refresh_from_db()
    return delivery.due_at


# --- which days ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first_weekday", "begins", "ends"),
    [
        (FirstWeekday.MONDAY, date(2026, 3, 16), date(2026, 3, 23)),
        (FirstWeekday.SUNDAY, date(2026, 3, 15), date(2026, 3, 22)),
        (FirstWeekday.SATURDAY, date(2026, 3, 14), date(2026, 3, 21)),
    ],
)
def test_a_week_begins_where_the_readers_does(first_weekday: int, begins: date, ends: date) -> None:
    span = span_of(WEEK, date(2026, 3, 20), first_weekday)
    assert (span.first, span.end) == (begins, ends)
    assert (span.previous, span.next) == (begins - timedelta(days=7), ends)


@pytest.mark.parametrize("first_weekday", [0, 5, 6])
def test_a_month_is_whole_weeks_and_its_neighbours_are_months(first_weekday: int) -> None:
    for month in range(1, 13):
        span = span_of(MONTH, date(2028, month, 29), first_weekday)
        assert len(span.days) % 7 == 0
        assert span.first.weekday() == first_weekday
        assert span.first <= date(2028, month, 1)
        assert (span.previous.month, span.next.month) == ((month - 2) % 12 + 1, month % 12 + 1)


def test_titles_name_what_is_shown() -> None:
    assert span_of(MONTH, date(2026, 3, 20), 0).title == "March 2026"
    assert span_of(WEEK, date(2026, 3, 20), 0).title == "16 – 22 March 2026"
    assert span_of(WEEK, date(2026, 4, 1), 0).title == "30 Mar – 5 Apr 2026"
    assert span_of(AGENDA, date(2026, 12, 20), 0).title == "20 Dec 2026 – 16 Jan 2027"


def test_a_day_on_which_the_clocks_change_is_named(browser: Client) -> None:
    days = [date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 25)]
    assert clock_changes(days, BERLIN) == [(date(2026, 3, 29), "forward"), (date(2026, 10, 25), "back")]
    assert "On Sunday 29 March the clocks are set forward." in look(browser, "?view=week&d=2026-03-29")


# --- the three views -------------------------------------------------------------------------------------------------


def test_the_address_says_which_and_every_link_keeps_the_filters(browser: Client, dev: Channel) -> None:
    page = look(browser, f"?view=week&d=2026-03-20&channel={dev.pk}&tag=maths")
    assert "<h1>16 – 22 March 2026</h1>" in page
    assert f"view=week&amp;d=2026-03-23&amp;channel={dev.pk}&amp;tag=maths" in page
    assert f"view=month&amp;d=2026-03-20&amp;channel={dev.pk}&amp;tag=maths" in page
    assert 'aria-current="page">Week</a>' in page


def test_the_week_has_hours_as_rows_and_days_as_columns(browser: Client, deliver: Deliver) -> None:
    deliver(due_at=datetime(2026, 3, 24, 8, 30, tzinfo=UTC))
    page = look(browser, "?view=week&d=2026-03-24")
    assert '<th scope="row">09:00</th>' in page
    cell = page.index('data-at="2026-03-24T09:00"')
    assert cell < page.index('aria-label="09:30 Notes, My DEV, scheduled"') < page.index('data-at="2026-03-25T09:00"')
    assert reverse("post_new") + "?day=2026-03-24T15:00" in page


def test_a_post_at_night_widens_the_week_to_its_hour(browser: Client, deliver: Deliver) -> None:
    assert 'scope="row">03:00' not in look(browser, "?view=week&d=2026-03-24")
    deliver(due_at=datetime(2026, 3, 24, 2, 0, tzinfo=UTC))
    assert 'scope="row">03:00' in look(browser, "?view=week&d=2026-03-24")
    assert 'scope="row">00:00' in look(browser, "?view=week&d=2026-03-24&hours=all")


def test_what_is_over_offers_no_new_post(browser: Client) -> None:
    page = look(browser, "?view=week&d=2026-03-20")
    assert "?day=2026-03-20T12:00" not in page
    assert "?day=2026-03-20T13:00" in page


def test_an_hour_of_the_calendar_goes_along_until_the_post_is_scheduled(
    browser: Client, post: Post, folder: Channel
) -> None:
    page = browser.get(reverse("schedule", args=[post.pk]) + "?day=2026-03-24T15:00").content.decode()
    assert 'value="2026-03-24T15:00"' in page


def test_the_agenda_lists_the_days_that_have_something(browser: Client, deliver: Deliver) -> None:
    deliver(due_at=datetime(2026, 3, 24, 8, 0, tzinfo=UTC))
    page = look(browser, "?view=agenda&d=2026-03-20")
    assert "Tuesday 24 March" in page
    assert "Wednesday 25 March" not in page
    assert "Move 09:00 Notes, My DEV, scheduled…" in page


def test_a_long_agenda_goes_on_on_another_page(
    browser: Client, deliver: Deliver, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendar, "MOST_LISTED", 2)
    for number in range(4):
        another = Post.objects.create(workspace=post.workspace, title=f"n{number}")
        deliver(post=another, due_at=datetime(2026, 3, 24 + number, 8, 0, tzinfo=UTC))
    page = look(browser, "?view=agenda&d=2026-03-20")
    assert "n0" in page
    assert "n1" not in page  # its day might not be whole
    assert "Go on from 25 March" in page


def test_an_agenda_whose_first_day_is_too_long_leads_to_all_of_it(
    browser: Client, deliver: Deliver, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendar, "MOST_LISTED", 2)
    for number in range(4):
        another = Post.objects.create(workspace=post.workspace, title=f"n{number}")
        deliver(post=another, due_at=datetime(2026, 3, 24, 8 + number, 0, tzinfo=UTC))
    page = look(browser, "?view=agenda&d=2026-03-20")
    assert f"{reverse('schedule_list')}?day=2026-03-24" in page
    assert "Go on from 25 March" in page


def test_what_waits_for_another_is_there_with_its_words(browser: Client, deliver: Deliver) -> None:
    deliver("waiting", due_at=datetime(2026, 3, 24, 8, 0, tzinfo=UTC))
    page = look(browser)
    assert "about 09:00 Notes, My DEV, waiting" in page
    assert "data-delivery" not in page


@pytest.mark.parametrize("view", ["month", "week", "agenda"])
def test_more_posts_do_not_ask_more_questions(
    browser: Client, deliver: Deliver, post: Post, view: str, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        another = Post.objects.create(workspace=post.workspace, title=f"n{number}")
        deliver(post=another, due_at=datetime(2026, 3, 24, 8 + number % 6, number, tzinfo=UTC))
    with django_assert_max_num_queries(9):
        look(browser, f"?view={view}&d=2026-03-24")


# --- filters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["maths", "#maths", "été", "Maths"])
def test_a_tag_finds_its_posts_and_no_others(browser: Client, deliver: Deliver, post: Post, tag: str) -> None:
    post.tags = ["maths", "été"]
    post.save()
    deliver(due_at=datetime(2026, 3, 24, 8, 0, tzinfo=UTC))
    other = Post.objects.create(workspace=post.workspace, title="Unrelated", tags=["mathsy"])
    deliver(post=other, due_at=datetime(2026, 3, 25, 8, 0, tzinfo=UTC))
    page = browser.get(reverse("calendar"), {"tag": tag}).content.decode()
    assert "09:00 Notes, My DEV, scheduled" in page
    assert "Unrelated" not in page


def test_empty_says_which_kind_of_empty_and_offers_one_way_on(browser: Client, deliver: Deliver, ada: User) -> None:
    assert "Nothing is planned in this month." in look(browser, "?d=2026-05-01")
    deliver(due_at=datetime(2026, 3, 24, 8, 0, tzinfo=UTC))
    assert "Nothing here matches what you chose." in look(browser, "?status=failed")
    assert "calendar__note" not in look(browser)
    Delivery.objects.all().delete()
    Post.objects.all().delete()
    assert "Begin your first post" in look(browser)


# --- dragging --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "wall"),
    [
        ("2026-03-26", datetime(2026, 3, 26, 9, 20)),
        ("2026-03-26T15:00", datetime(2026, 3, 26, 15, 20)),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_a_day_keeps_the_clock_time_and_an_hour_the_minutes(place: str, wall: datetime | None) -> None:
    assert dropped_on(place, datetime(2026, 3, 24, 9, 20, tzinfo=BERLIN)) == wall


def test_a_chip_on_another_day_keeps_its_clock_time_over_a_change(browser: Client, deliver: Deliver) -> None:
    delivery = deliver(due_at=datetime(2026, 3, 24, 8, 0, tzinfo=UTC))  # 09:00 in Berlin, before …
    answer = drop(browser, delivery, "2026-03-31")
    assert due(delivery) == datetime(2026, 3, 31, 7, 0, tzinfo=UTC)  # … and after the clocks were set forward
    assert "“Notes” is moved to Tue 31 Mar, 09:00 on My DEV." in told(answer)
    assert delivery.wall_time == "2026-03-31T09:00"


def test_it_leads_back_to_where_it_was_dragged(browser: Client, deliver: Deliver) -> None:
    back = reverse("calendar") + "?view=week&d=2026-03-24"
    delivery = deliver(due_at=datetime(2026, 3, 24, 8, 0, tzinfo=UTC))
    assert drop(browser, delivery, "2026-03-25", next=back).redirect_chain == [(back, 302)]
    answer = drop(browser, delivery, "2026-03-26", next="https://evil.example.com/")
    assert answer.redirect_chain == [(reverse("calendar"), 302)]


@pytest.mark.parametrize("place", ["2026-03-19", "2026-03-20T12:00"])
def test_the_past_is_refused_with_the_reason(browser: Client, deliver: Deliver, place: str) -> None:
    delivery = deliver(due_at=datetime(2026, 3, 24, 8, 0, tzinfo=UTC))
    assert "“Notes” was not moved. This time is in the past." in told(drop(browser, delivery, place))
    assert due(delivery) == datetime(2026, 3, 24, 8, 0, tzinfo=UTC)


def test_an_hour_that_does_not_exist_is_explained(browser: Client, deliver: Deliver) -> None:
    delivery = deliver(due_at=datetime(2026, 3, 24, 8, 30, tzinfo=UTC))
    answer = drop(browser, delivery, "2026-03-29T02:00")
    assert "02:30 does not exist on 29 March 2026 in Europe/Berlin" in told(answer)


def test_an_hour_that_comes_twice_is_explained(browser: Client, deliver: Deliver) -> None:
    delivery = deliver(due_at=datetime(2026, 3, 24, 8, 30, tzinfo=UTC))
    assert "02:30 comes twice on 25 October 2026" in told(drop(browser, delivery, "2026-10-25T02:00"))


@pytest.mark.parametrize("status", ["publishing", "checking", "published"])
def test_what_is_on_its_way_or_public_is_not_moved(browser: Client, deliver: Deliver, status: str) -> None:
    delivery = deliver(status, due_at=datetime(2026, 3, 24, 8, 0, tzinfo=UTC))
    assert "was not moved" in told(drop(browser, delivery, "2026-03-26"))
    assert due(delivery) == datetime(2026, 3, 24, 8, 0, tzinfo=UTC)


def test_of_two_browsers_that_move_the_same_the_second_is_told(browser: Client, deliver: Deliver, ada: User) -> None:
    delivery = deliver(due_at=datetime(2026, 3, 24, 8, 0, tzinfo=UTC))
    shown_in_both = Delivery.objects.get(pk=delivery.pk)
    drop(browser, delivery, "2026-03-25")
    answer = drop(browser_of(ada), shown_in_both, "2026-03-30")
    assert "Ada moved it meanwhile: it is due on Wed 25 Mar 2026 at 09:00 now" in told(answer)
    assert due(delivery) == datetime(2026, 3, 25, 8, 0, tzinfo=UTC)


def test_what_else_is_near_is_said(browser: Client, deliver: Deliver, post: Post) -> None:
    def another(title: str, at: datetime) -> None:
        deliver(post=Post.objects.create(workspace=post.workspace, title=title), due_at=at)

    delivery = deliver(due_at=datetime(2026, 3, 24, 8, 0, tzinfo=UTC))
    another("Same", datetime(2026, 3, 25, 8, 0, tzinfo=UTC))
    another("Near", datetime(2026, 3, 25, 8, 10, tzinfo=UTC))
    another("Far", datetime(2026, 3, 25, 9, 10, tzinfo=UTC))
    words = told(drop(browser, delivery, "2026-03-25"))
    assert "“Same” goes out on My DEV at the same minute." in words
    assert "“Near” goes out on My DEV 10 minutes later." in words
    assert "Far" not in words


# --- the same by keyboard and tap ------------------------------------------------------------------------------------


def test_move_is_a_form_with_the_same_result(browser: Client, deliver: Deliver) -> None:
    delivery = deliver(due_at=datetime(2026, 3, 24, 8, 0, tzinfo=UTC))
    page = look(browser)
    link = f"{reverse('delivery_reschedule', args=[delivery.pk])}?next=/calendar/"
    assert link in page
    assert 'value="2026-03-24T09:00"' in browser.get(link).content.decode()
    data = {"at": "2026-03-26T09:00", "seen": delivery.due_at.isoformat(), "next": "/calendar/"}
    answer = browser.post(link, data, follow=True)
    assert due(delivery) == datetime(2026, 3, 26, 8, 0, tzinfo=UTC)
    assert answer.redirect_chain == [("/calendar/", 302)]
    assert "It will be published on My DEV on Thu 26 Mar 2026 at 09:00." in told(answer)


# --- undo ------------------------------------------------------------------------------------------------------------


def test_the_toast_has_an_undo_that_leads_back_here(browser: Client, deliver: Deliver) -> None:
    delivery = deliver(due_at=datetime(2026, 3, 24, 8, 0, tzinfo=UTC))
    page = drop(browser, delivery, "2026-03-26").content.decode()
    undo = reverse("change_undo", args=[Change.objects.get().pk])
    assert page.index('role="status"') < page.index(f'action="{undo}"') < page.index("</h1>")
    answer = browser.post(undo, {"next": "/calendar/"}, follow=True)
    assert "“Notes” is back at its time." in told(answer)
    assert due(delivery) == datetime(2026, 3, 24, 8, 0, tzinfo=UTC)


def test_cancelling_and_deleting_can_be_undone_as_well(browser: Client, deliver: Deliver, post: Post) -> None:
    delivery = deliver(due_at=datetime(2026, 3, 24, 8, 0, tzinfo=UTC))
    page = browser.post(reverse("delivery_cancel", args=[delivery.pk]), follow=True).content.decode()
    assert "Undo</button>" in page
    browser.post(reverse("change_undo", args=[Change.objects.get().pk]))
    delivery.refresh_from_db()
    assert delivery.status == "scheduled"
    draft = Post.objects.create(workspace=post.workspace, title="A draft")
    page = browser.post(reverse("post_delete", args=[draft.pk]), follow=True).content.decode()
    assert "Undo</button>" in page
    browser.post(reverse("change_undo", args=[Change.objects.filter(what="deleted").get().pk]))
    assert Post.objects.filter(pk=draft.pk, title="A draft").exists()


def test_the_history_keeps_what_the_toast_forgot(browser: Client, deliver: Deliver) -> None:
    delivery = deliver(due_at=datetime(2026, 3, 24, 8, 0, tzinfo=UTC))
    drop(browser, delivery, "2026-03-26")
    page = browser.get(reverse("changes")).content.decode()
    for words in ("Moved", "Tue 24 Mar, 09:00", "Thu 26 Mar, 09:00", "Ada", "Undo"):
        assert words in page
    browser.post(reverse("change_undo", args=[Change.objects.get().pk]))
    assert "Undone by Ada" in browser.get(reverse("changes")).content.decode()


def test_what_was_changed_since_offers_no_undo(browser: Client, deliver: Deliver) -> None:
    delivery = deliver(due_at=datetime(2026, 3, 24, 8, 0, tzinfo=UTC))
    drop(browser, delivery, "2026-03-26")
    due(delivery)
    drop(browser, delivery, "2026-03-27")
    page = browser.get(reverse("changes")).content.decode()
    assert page.count('<button class="button button--small">Undo') == 1
    assert "Changed since" in page


def test_a_long_history_does_not_ask_more_questions(
    browser: Client, deliver: Deliver, post: Post, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        another = Post.objects.create(workspace=post.workspace, title=f"n{number}")
        delivery = deliver(post=another, due_at=datetime(2026, 3, 24, 8, 0, tzinfo=UTC))
        drop(browser, delivery, "2026-03-26")
    with django_assert_max_num_queries(9):
        browser.get(reverse("changes"))


# --- keys ------------------------------------------------------------------------------------------------------------


def test_single_keys_can_be_switched_off(browser: Client, ada: User) -> None:
    assert "data-keys" in look(browser)
    assert 'aria-keyshortcuts="W"' in look(browser)
    browser.post(reverse("settings_calendar"), {"first_weekday": "6"})
    page = look(browser)
    assert "data-keys" not in page
    assert "aria-keyshortcuts" not in page
    assert page.index(">Sun<") < page.index(">Mon<")
