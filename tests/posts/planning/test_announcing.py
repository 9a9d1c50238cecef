"""An announcement waits for the page that it names, or names one that is there. It never goes out without one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import pytest

from accounts.models import Mail, User, Workspace
from posts import connecting
from posts.engine import publishing
from posts.models import Channel, Delivery, Post, Proof
from posts.planning import following, scheduling
from posts.planning.following import Then
from posts.planning.moments import moment_at
from posts.planning.scheduling import Place, Refused
from posts.watch import proving
from tests.posts.conftest import MovableClock, Street, publish

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Status = Delivery.Status
Write = Callable[..., Post]
PAGE = "https://ada.example/notes"


@pytest.fixture
def mastodon(workspace: Workspace, street: Street, clock: MovableClock) -> Channel:
    street.platform = "mastodon"
    street.order("limits", on=False)
    key = street.order("accounts", username="ada", age_days=400)["key"]
    street.platform = "devto"
    settings = {"base_url": f"{street.url}/mastodon", "template": "{title} {link}", "visibility": "public"}
    channel = connecting.connect(workspace, "mastodon", "Toots", {"access_token": key}, settings)
    connecting.verify(channel.pk, clock)
    channel.refresh_from_db()
    assert channel.status == Channel.Status.OPEN, channel.problem
    return channel


def toots(street: Street) -> list[dict[str, Any]]:
    street.platform = "mastodon"
    found = [one for one in street.ask("articles") if one["public"]]
    street.platform = "devto"
    return found


def prove(clock: MovableClock) -> None:
    for _ in range(4):
        clock.move(minutes=5)
        proving.look(clock)


def test_connected_it_knows_what_its_instance_takes(mastodon: Channel) -> None:
    assert mastodon.settings["longest"] == "500"


class TestTogetherWithItsPage:
    @pytest.fixture
    def pair(
        self, dev: Channel, mastodon: Channel, new_post: Write, clock: MovableClock, ada: User
    ) -> tuple[Delivery, Delivery]:
        made = scheduling.schedule(new_post(), [mastodon, dev], moment_at(clock(), UTC), clock(), ada)
        return made[0], made[1]

    def test_it_waits_for_the_article(self, pair: tuple[Delivery, Delivery]) -> None:
        article, announcement = pair
        assert (article.channel.platform, announcement.channel.platform) == ("devto", "mastodon")
        assert (announcement.status, announcement.follows, announcement.follow_after) == (
            Status.WAITING, article, timedelta(),
        )  # fmt: skip

    def test_published_and_seen_it_is_announced_once(
        self, pair: tuple[Delivery, Delivery], clock: MovableClock, street: Street
    ) -> None:
        article, announcement = pair
        publish(clock, article)
        following.look_after(clock)
        publishing.drain(clock)
        assert toots(street) == [], "nobody has seen the page yet"
        prove(clock)
        following.look_after(clock)
        publishing.drain(clock)
        announcement.refresh_from_db()
        assert announcement.status == Status.PUBLISHED, announcement.message
        assert announcement.canonical_url == article.remote_url
        [toot] = toots(street)
        assert toot["title"] == f"{article.post.title} {article.remote_url}"

    def test_its_own_page_is_not_judged(
        self, pair: tuple[Delivery, Delivery], clock: MovableClock, street: Street, settings: Any
    ) -> None:
        settings.PROVE_PAGES = True
        article, announcement = pair
        publish(clock, article)
        prove(clock)
        following.look_after(clock)
        publish(clock, announcement)
        assert announcement.status == Status.PUBLISHED
        assert not Proof.objects.filter(delivery=announcement).exists()
        assert not proving.ask(announcement, clock())

    def test_it_is_not_released_without_an_address(self, pair: tuple[Delivery, Delivery], clock: MovableClock) -> None:
        with pytest.raises(Refused, match="announces the page"):
            following.release(pair[1], clock(), with_canonical=False)

    def test_without_its_article_it_is_stopped_where_others_would_go_on(
        self, pair: tuple[Delivery, Delivery], clock: MovableClock, ada: User
    ) -> None:
        following.cancel(pair[0], Then.RELEASE, clock(), ada)
        pair[1].refresh_from_db()
        assert pair[1].status == Status.CANCELLED

    def test_its_author_hears_of_what_holds_it_up_in_words_that_fit(
        self, pair: tuple[Delivery, Delivery], clock: MovableClock
    ) -> None:
        pair[0].move(Status.CANCELLED)
        following.look_after(clock)
        mail = Mail.objects.get(event__startswith="followers:")
        assert "was to be announced on Toots" in mail.text
        assert "canonical" not in mail.text

    def test_where_the_post_has_an_address_it_goes_on_with_that(
        self, dev: Channel, mastodon: Channel, new_post: Write, clock: MovableClock, ada: User, street: Street
    ) -> None:
        post = new_post(canonical_url=PAGE)
        article, announcement = scheduling.schedule(post, [dev, mastodon], moment_at(clock(), UTC), clock(), ada)
        following.cancel(article, Then.RELEASE, clock(), ada)
        publish(clock, announcement)
        assert announcement.status == Status.PUBLISHED, announcement.message
        assert toots(street)[0]["title"].endswith(PAGE)


class TestOfAPageThatIsThere:
    def test_it_names_the_posts_own_address_at_its_time(
        self, mastodon: Channel, new_post: Write, clock: MovableClock, ada: User, street: Street
    ) -> None:
        post, at = new_post(canonical_url=PAGE), moment_at(clock(), UTC)
        [announcement] = scheduling.schedule(post, [mastodon], at, clock(), ada)
        assert (announcement.status, announcement.canonical_url) == (Status.SCHEDULED, PAGE)
        assert publish(clock, announcement).status == Status.PUBLISHED
        assert toots(street)[0]["title"].endswith(PAGE)

    def test_it_names_the_page_that_was_chosen(
        self, mastodon: Channel, new_post: Write, clock: MovableClock, ada: User
    ) -> None:
        place = Place(mastodon, moment_at(clock(), UTC), page="https://dev.to/ada/notes")
        [announcement] = scheduling.schedule_each(new_post(canonical_url=PAGE), [place], clock(), ada)
        assert announcement.canonical_url == "https://dev.to/ada/notes"

    def test_without_any_page_there_is_nothing_to_announce(
        self, mastodon: Channel, new_post: Write, clock: MovableClock, ada: User
    ) -> None:
        with pytest.raises(Refused, match="there is none yet"):
            scheduling.schedule(new_post(), [mastodon], moment_at(clock(), UTC), clock(), ada)

    def test_it_may_follow_what_was_scheduled_before(
        self, dev: Channel, mastodon: Channel, new_post: Write, clock: MovableClock, ada: User
    ) -> None:
        post, at = new_post(), moment_at(clock() + timedelta(days=1), UTC)
        [article] = scheduling.schedule(post, [dev], at, clock(), ada)
        place = Place(mastodon, scheduling.later(at, timedelta(hours=2)), after=timedelta(hours=2), follows=article)
        [announcement] = scheduling.schedule_each(post, [place], clock(), ada)
        assert (announcement.status, announcement.follows) == (Status.WAITING, article)
        scheduling.reschedule(article, moment_at(clock() + timedelta(days=3), UTC), clock())
        announcement.refresh_from_db()
        assert announcement.due_at == article.post.deliveries.get(channel=dev).due_at + timedelta(hours=2)


def test_the_canonical_url_of_another_post_is_no_obstacle(
    mastodon: Channel, new_post: Write, clock: MovableClock, ada: User
) -> None:
    scheduling.schedule(new_post(canonical_url=PAGE), [mastodon], moment_at(clock(), UTC), clock(), ada)
    assert not [f for f in scheduling.check(new_post(canonical_url=PAGE), mastodon) if f.field == "canonical_url"]


def test_each_date_of_a_series_names_the_posts_own_address(
    mastodon: Channel, new_post: Write, clock: MovableClock, ada: User, street: Street
) -> None:
    post = new_post(canonical_url=PAGE)
    made = [scheduling.repeat(post, mastodon, moment_at(clock(), UTC), ada, None, number) for number in (1, 2)]
    assert [each.canonical_url for each in made] == [PAGE, PAGE]
    for each in made:
        assert publish(clock, each).status == Status.PUBLISHED
    assert len(toots(street)) == 2
