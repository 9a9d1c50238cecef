"""Ada lets a post repeat: she fills in, sees the dates, starts it, and changes her mind."""

from __future__ import annotations

import re
from datetime import date as date_of
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from posts.forms.series import initial_of
from posts.models import Channel, Delivery, Occurrence, Post, Series
from posts.planning.recurring.rules import parse
from tests.posts.views.conftest import workspace_of

Status = Delivery.Status
YEAR = timezone.now().year + 1
FIRST = f"{YEAR}-01-31T09:00"  # the end of a month, not far away


@pytest.fixture
def typed(post: Post, folder: Channel) -> dict[str, Any]:
    """What Ada fills in."""
    return {
        "name": "Digest", "post": [post.pk], "channels": [folder.pk], "at": FIRST, "series_zone": "Europe/Berlin",
        "repeat": "WEEKLY", "interval": "1", "ends": "never", "day": "day", "short": "skip",
    }  # fmt: skip


@pytest.fixture
def series(browser: Client, typed: dict[str, Any]) -> Series:
    """Begun by way of the pages."""
    browser.post(reverse("series_new"), {**typed, "sure": "yes"})
    return Series.objects.get()


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


class TestBeginning:
    def test_the_form_begins_with_the_post_and_shows_the_next_ten_dates(self, browser: Client, post: Post) -> None:
        page = text(browser.get(reverse("series_new"), {"post": post.pk}))
        assert f'<option value="{post.pk}" selected>' in page
        assert page.count('class="dates__day"') == 10

    def test_the_dates_are_shown_while_one_chooses(self, browser: Client, typed: dict[str, Any]) -> None:
        part = text(
            browser.post(reverse("series_preview"), {**typed, "repeat": "MONTHLY"}, headers={"hx-request": "true"})
        )
        assert "<html" not in part
        assert f"31 Jan {YEAR}" in part
        assert f"31 Mar {YEAR}" in part
        assert f"28 Feb {YEAR}" not in part
        assert "Months without that day are left out" in part

    def test_without_javascript_a_button_shows_them_and_nothing_typed_is_lost(
        self, browser: Client, typed: dict[str, Any]
    ) -> None:
        page = text(browser.post(reverse("series_new"), {**typed, "look": "dates", "repeat": "DAILY"}))
        assert page.count('class="dates__day"') == 10
        assert 'value="Digest"' in page
        assert not Series.objects.exists()

    def test_one_more_place_for_a_post(self, browser: Client, typed: dict[str, Any]) -> None:
        page = text(browser.post(reverse("series_new"), {**typed, "look": "posts"}))
        assert page.count('<select name="post"') == 2

    def test_nothing_happens_before_the_review(self, browser: Client, typed: dict[str, Any]) -> None:
        page = text(browser.post(reverse("series_new"), typed))
        assert "Step 2 of 2" in page
        assert "Start the series" in page
        assert "FREQ=WEEKLY;BYDAY=" in page
        assert not Series.objects.exists()

    def test_then_it_is_on_its_way(self, browser: Client, typed: dict[str, Any], ada: User) -> None:
        answer = browser.post(reverse("series_new"), {**typed, "sure": "yes"}, follow=True)
        series = Series.objects.get()
        assert answer.redirect_chain == [(series.get_absolute_url(), 302)]
        assert (series.created_by, series.zone, series.status) == (ada, "Europe/Berlin", "active")
        assert Delivery.objects.count() >= 2
        assert {delivery.zone for delivery in Delivery.objects.all()} == {"Europe/Berlin"}

    def test_a_person_may_choose_the_last_day_of_short_months(self, browser: Client, typed: dict[str, Any]) -> None:
        browser.post(reverse("series_new"), {**typed, "repeat": "MONTHLY", "short": "last", "sure": "yes"})
        assert Series.objects.get().rule == "FREQ=MONTHLY;BYMONTHDAY=-1"

    def test_a_rule_of_another_calendar_comes_with_its_beginning(self, browser: Client, typed: dict[str, Any]) -> None:
        rule = f"DTSTART;TZID=America/New_York:{YEAR}0105T083000\r\nRRULE:FREQ=MONTHLY;BYDAY=-1FR;COUNT=3"
        browser.post(reverse("series_new"), {**typed, "repeat": "rule", "rule": rule, "sure": "yes"})
        series = Series.objects.get()
        assert (series.start, series.zone, series.rule) == (
            f"{YEAR}-01-05T08:30", "America/New_York", "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3",
        )  # fmt: skip
        page = text(browser.get(series.get_absolute_url()))
        assert f"DTSTART;TZID=America/New_York:{YEAR}0105T083000" in page


class TestWhatIsWrong:
    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"name": ""}, "This field is required"),
            ({"post": []}, "Choose at least one post."),
            ({"channels": []}, "Choose at least one channel."),
            ({"at": "soon"}, "Write the time like"),
            ({"at": "9999-12-31T09:00"}, "Choose a year up to"),
            ({"series_zone": "Mars/Base"}, "Select a valid choice"),
            ({"interval": "0"}, "greater than or equal to 1"),
            ({"interval": "5000"}, "At most 104."),
            ({"ends": "count"}, "How many times?"),
            ({"ends": "count", "count": "100000"}, "less than or equal to 1000"),
            ({"ends": "until"}, "Until which day?"),
            ({"ends": "until", "until": "2020-01-01"}, "before the first date"),
            ({"repeat": "rule"}, "Write a rule, such as"),
            ({"repeat": "rule", "rule": "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"}, "more often than daily"),
            ({"repeat": "rule", "rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "no day that exists"),
            ({"repeat": "rule", "rule": "x" * 5000}, "characters long"),
            ({"repeat": "rule", "rule": "DTSTART:soon\nFREQ=DAILY"}, "DTSTART is written like"),
            ({"repeat": "rule", "rule": "FREQ=DAILY\nEXDATE:20270101T090000"}, "EXDATE and RDATE are not understood"),
        ],
    )
    def test_it_is_said_at_the_field_and_nothing_is_made(
        self, browser: Client, typed: dict[str, Any], changes: dict[str, Any], said: str
    ) -> None:
        page = text(browser.post(reverse("series_new"), {**typed, **changes, "sure": "yes"}))
        assert said in page
        assert "Please look at this again" in page
        assert not Series.objects.exists()

    def test_what_a_channel_would_refuse_is_said_in_the_review(
        self, browser: Client, typed: dict[str, Any], dev: Channel, post: Post
    ) -> None:
        Post.objects.filter(pk=post.pk).update(canonical_url="https://ada.example/notes")
        page = text(browser.post(reverse("series_new"), {**typed, "channels": [dev.pk], "sure": "yes"}))
        assert "My DEV: DEV takes each canonical URL once" in page
        assert "Start the series" not in page
        assert not Series.objects.exists()

    def test_posts_and_channels_of_others_cannot_be_chosen(
        self, browser: Client, typed: dict[str, Any], grace: User
    ) -> None:
        hers = Post.objects.create(workspace=workspace_of(grace), author=grace, title="Hers", markdown="x")
        place = Channel.objects.create(workspace=workspace_of(grace), platform="folder", name="Hers", status="open")
        for changes in ({"post": [hers.pk]}, {"channels": [place.pk]}):
            page = text(browser.post(reverse("series_new"), {**typed, **changes, "sure": "yes"}))
            assert "Hers" not in page
        assert not Series.objects.exists()


class TestOneSeries:
    def test_its_page_shows_the_next_dates_with_buttons(self, browser: Client, series: Series) -> None:
        page = text(browser.get(series.get_absolute_url()))
        assert "Every week on" in page
        assert "Times are in Europe/Berlin" in page
        assert page.count(">Skip<") == series.occurrences.count()

    def test_it_asks_few_questions(
        self, browser: Client, series: Series, django_assert_max_num_queries: Any, post: Post
    ) -> None:
        with django_assert_max_num_queries(15):
            browser.get(series.get_absolute_url())
        with django_assert_max_num_queries(15):
            browser.get(reverse("series_list"))
        with django_assert_max_num_queries(15):
            browser.get(reverse("series_edit", args=[series.pk]))
        with django_assert_max_num_queries(15):
            browser.get(post.get_absolute_url())

    def test_a_date_is_skipped_and_taken_back(self, browser: Client, series: Series) -> None:
        date = series.occurrences.order_by("due_at")[0]
        page = text(browser.post(reverse("date_skip", args=[series.pk, date.pk]), follow=True))
        assert "is skipped" in page
        assert "Let it take place" in page
        assert not Delivery.objects.filter(occurrence=date.pk, status=Status.SCHEDULED).exists()
        browser.post(reverse("date_take_back", args=[series.pk, date.pk]))
        assert Delivery.objects.filter(occurrence=date.pk, status=Status.SCHEDULED).count() == 1

    def test_a_date_is_moved_in_the_zone_of_the_series(self, browser: Client, series: Series) -> None:
        date = series.occurrences.order_by("due_at")[0]
        url = reverse("date_move", args=[series.pk, date.pk])
        assert "Only this date moves" in text(browser.get(url))
        page = text(browser.post(url, {"at": f"{YEAR}-02-02T17:30"}, follow=True))
        assert f"2 Feb {YEAR}, 17:30 (Europe/Berlin)" in page
        delivery = Delivery.objects.get(occurrence=date.pk, status=Status.SCHEDULED)
        assert delivery.due_at.astimezone(ZoneInfo("Europe/Berlin")).hour == 17

    def test_the_gap_of_the_clocks_is_said_at_the_field(self, browser: Client, series: Series) -> None:
        date = series.occurrences.order_by("due_at")[0]
        sunday = next(day for day in range(25, 32) if date_of(2027, 3, day).weekday() == 6)
        url = reverse("date_move", args=[series.pk, date.pk])
        page = text(browser.post(url, {"at": f"2027-03-{sunday}T02:30"}))
        assert "does not exist" in page
        assert "Choose 03:30" in page

    def test_it_rests_goes_on_and_ends(self, browser: Client, series: Series) -> None:
        assert "paused" in text(browser.post(reverse("series_pause", args=[series.pk]), follow=True))
        assert not Delivery.objects.filter(status=Status.SCHEDULED).exists()
        assert "goes on" in text(browser.post(reverse("series_resume", args=[series.pk]), follow=True))
        assert Delivery.objects.filter(status=Status.SCHEDULED).exists()
        assert "cannot go on afterwards" in text(browser.get(reverse("series_end", args=[series.pk])))
        assert "has ended" in text(browser.post(reverse("series_end", args=[series.pk]), follow=True))
        assert not Delivery.objects.filter(status=Status.SCHEDULED).exists()

    def test_a_change_shows_what_it_does_before_it_is_saved(
        self, browser: Client, series: Series, typed: dict[str, Any]
    ) -> None:
        url = reverse("series_edit", args=[series.pk])
        before = list(Delivery.objects.values_list("pk", flat=True))
        other = {**typed, "at": f"{YEAR}-01-31T10:30", "version": series.version}
        page = text(browser.post(url, other))
        assert "What changes" in page
        assert "will not take place" in page
        assert "Save the changes" in page
        assert list(Delivery.objects.values_list("pk", flat=True)) == before
        browser.post(url, {**other, "sure": "yes"})
        walls = Delivery.objects.filter(status=Status.SCHEDULED).values_list("wall_time", flat=True)
        assert {wall[-5:] for wall in walls} == {"10:30"}

    def test_the_dates_of_a_change_go_on_with_whose_turn_it_is(
        self, browser: Client, series: Series, typed: dict[str, Any], post: Post
    ) -> None:
        other = Post.objects.create(workspace=post.workspace, author=post.author, title="Second", markdown="x")
        over = timezone.now() - timedelta(days=1)
        wall = f"{over:%Y-%m-%dT09:00}"
        Occurrence.objects.create(series=series, original=wall, wall_time=wall, due_at=over, turn=1, post=post)
        both = {**typed, "post": [post.pk, other.pk], "version": series.version, "of": series.pk}
        page = text(browser.post(reverse("series_preview"), both))
        assert re.findall(r'dates__post muted small">(\w+)<', page)[:2] == ["Second", "Notes"]
        browser.post(reverse("series_edit", args=[series.pk]), {**both, "sure": "yes"})
        ahead = series.occurrences.filter(due_at__gt=timezone.now()).order_by("due_at")
        assert [str(row.post) for row in ahead[:2]] == ["Second", "Notes"]

    def test_a_post_that_takes_turns_says_so_before_it_is_deleted(
        self, browser: Client, series: Series, post: Post
    ) -> None:
        page = text(browser.get(reverse("post_delete", args=[post.pk])))
        assert "It takes turns in the series" in page

    def test_who_saves_an_old_version_is_told(self, browser: Client, series: Series, typed: dict[str, Any]) -> None:
        url = reverse("series_edit", args=[series.pk])
        browser.post(url, {**typed, "version": series.version, "name": "Mine", "sure": "yes"})
        page = text(browser.post(url, {**typed, "version": series.version, "name": "Old", "sure": "yes"}))
        assert "Somebody else changed this series meanwhile" in page
        assert Series.objects.get().name == "Mine"

    def test_elsewhere_a_date_says_that_it_repeats(self, browser: Client, series: Series, post: Post) -> None:
        page = text(browser.get(post.get_absolute_url()))
        assert f'href="{series.get_absolute_url()}"' in page
        assert "Repeats" in page
        assert "Repeats" in text(browser.get(reverse("schedule_list")))
        delivery = Delivery.objects.order_by("due_at")[0]
        assert "One date of the series" in text(browser.get(reverse("delivery", args=[delivery.pk])))
        month = f"{delivery.due_at:%Y-%m-%d}"
        assert "Repeats" in text(browser.get(reverse("calendar"), {"d": month}))

    def test_a_post_that_repeats_for_years_has_a_short_page(self, browser: Client, series: Series, post: Post) -> None:
        now = timezone.now()
        for number in range(40):
            due = now - timedelta(days=number + 1)
            wall = f"{due:%Y-%m-%dT%H:%M}"
            date = Occurrence.objects.create(series=series, original=wall, wall_time=wall, due_at=due, post=post)
            Delivery.objects.create(
                post=post, workspace=post.workspace, channel=series.channels.all()[0], occurrence=date.pk, due_at=due,
                act_at=due, status=Status.PUBLISHED, remote_id=str(number), published_at=due, number=1,
            )  # fmt: skip
        page = browser.get(post.get_absolute_url()).content.decode()
        assert page.count('id="delivery-') <= 8


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY", "FREQ=DAILY;INTERVAL=3;COUNT=5", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=MONTHLY;BYDAY=5SU", "FREQ=MONTHLY;BYDAY=-1SU;UNTIL=20301231",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR", "FREQ=WEEKLY;BYDAY=SU;WKST=SU",
    ],
)  # fmt: skip
def test_changing_nothing_in_the_form_changes_nothing_in_the_rule(
    rule: str, browser: Client, typed: dict[str, Any], series: Series
) -> None:
    Series.objects.filter(pk=series.pk).update(rule=rule, start="2027-01-31T09:00")
    series.refresh_from_db()
    said = {name: value for name, value in initial_of(series).items() if value is not None}
    browser.post(
        reverse("series_edit", args=[series.pk]),
        {**typed, **said, "version": series.version, "short": said.get("short", "skip"), "sure": "yes"},
    )
    series.refresh_from_db()
    assert parse(series.rule) == parse(rule)
    assert series.version == 2
