"""Pictures go to a platform before the article that shows them: each once for a channel, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from itertools import pairwise
from typing import Any

import pytest
import requests
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from accounts.models import User, Workspace
from posts import connecting
from posts.engine import ledger, publishing
from posts.engine.packing import article_of, head_start
from posts.engine.trips import take
from posts.images import keeping
from posts.models import Attempt, Channel, Delivery, Image, Post, RemoteImage
from posts.planning import living
from posts.planning.moments import moment_at
from publishers import PUBLISHERS
from tests.posts.conftest import MovableClock, Street, history, publish
from tests.posts.engine.gallery import Gallery, PictureServer, picture_server
from tests.posts.pictures import picture

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Status = Delivery.Status
Write = Callable[..., Post]
Plan = Callable[..., Delivery]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, settings: Any, street: Street) -> Iterator[PictureServer]:
    with picture_server() as server:
        monkeypatch.setitem(PUBLISHERS, "gallery", Gallery)
        monkeypatch.setattr(Gallery, "address", server.url)
        settings.ALLOW_PRIVATE_TARGETS = frozenset({street.url, server.url})
        settings.SITE_URL = "https://blog.example.com"
        yield server


@pytest.fixture
def gallery(server: PictureServer, workspace: Workspace, street: Street, clock: MovableClock) -> Channel:
    account = street.order("accounts", username="ada", age_days=400)
    where = {"base_url": street.api, "ai_disclosure_level": "no_ai"}
    channel = connecting.connect(workspace, "gallery", "Gallery", {"api_key": account["key"]}, where)
    connecting.verify(channel.pk, clock)
    channel.refresh_from_db()
    assert channel.status == Channel.Status.OPEN, channel.problem
    return channel


@pytest.fixture
def engine(workspace: Workspace, ada: User, server: PictureServer) -> Image:
    return keeping.take_in(workspace, ada, picture("png", colour="teal"), "Engine.PNG", alt="The engine")


@pytest.fixture
def portrait(workspace: Workspace, ada: User, server: PictureServer) -> Image:
    return keeping.take_in(workspace, ada, picture("jpg", colour="maroon"), "portrait of me.jpeg")


@pytest.fixture
def illustrated(new_post: Write, engine: Image, portrait: Image) -> Callable[[], Post]:
    """A post with a cover and a picture in its text."""

    def write() -> Post:
        return new_post(markdown=f"Look:\n\n![The engine]({engine.url})\n\nand on.", cover_url=portrait.url)

    return write


def text_there(delivery: Delivery) -> str:
    """As its readers get it."""
    return requests.get(delivery.remote_url, timeout=5).text


def test_the_pictures_go_first_and_the_article_names_them_as_the_platform_does(
    street: Street, server: PictureServer, gallery: Channel, scheduled: Plan, illustrated: Any, engine: Image,
    clock: MovableClock,
) -> None:  # fmt: skip
    delivery = publish(clock, scheduled(gallery, illustrated()))
    assert delivery.status == Status.PUBLISHED, delivery.message
    assert history(delivery) == ["image done", "image done", "create done", "flip done"]
    assert [name for name, _ in server.taken] == ["portrait-of-me.jpg", "engine.png"]
    assert server.taken[1][1] == engine.path_of(engine.forms()[0]).read_bytes()
    assert "https://cdn.example/2-engine.png" in text_there(delivery)
    assert "blog.example.com" not in text_there(delivery)
    assert street.public(delivery) == 1


def test_a_second_post_with_the_same_pictures_uploads_none(
    server: PictureServer, gallery: Channel, scheduled: Plan, illustrated: Any, clock: MovableClock
) -> None:
    publish(clock, scheduled(gallery, illustrated()))
    second = publish(clock, scheduled(gallery, illustrated()))
    assert history(second) == ["create done", "flip done"]
    assert len(server.taken) == 2


def test_two_posts_with_the_same_picture_at_once_upload_it_once(
    server: PictureServer, gallery: Channel, scheduled: Plan, illustrated: Any, clock: MovableClock, street: Street
) -> None:
    deliveries = [scheduled(gallery, illustrated()) for _ in range(3)]
    publish(clock, deliveries[0])
    for delivery in deliveries:
        publish(clock, delivery)
        assert delivery.status == Status.PUBLISHED
        assert street.public(delivery) == 1
    assert len(server.taken) == 2


def test_a_channel_that_takes_no_pictures_names_our_own_addresses(
    street: Street, dev: Channel, scheduled: Plan, illustrated: Any, engine: Image, clock: MovableClock
) -> None:
    delivery = publish(clock, scheduled(dev, illustrated()))
    assert history(delivery) == ["create done", "flip done"]
    assert engine.url in text_there(delivery)


def test_a_picture_of_another_workspace_is_not_ours(
    server: PictureServer, gallery: Channel, scheduled: Plan, new_post: Write, grace: User, clock: MovableClock
) -> None:
    other = Workspace.objects.of(grace)
    assert other is not None
    hers = keeping.take_in(other, grace, picture("png"), "hers.png")
    delivery = scheduled(gallery, new_post(markdown=f"![]({hers.url})"))
    assert article_of(delivery).images == ()
    publish(clock, delivery)
    assert server.taken == []


def test_an_address_as_it_was_before_the_house_moved_is_still_its_picture(
    gallery: Channel, new_post: Write, engine: Image
) -> None:
    old = engine.url.replace("https://blog.example.com", "http://old.example:8000")
    text = f"![]({old}) ![]({engine.public_path}) <img src='{engine.url}'> ![][one]\n\n[one]: {engine.url} 'Title'"
    post = new_post(markdown=text)
    images = article_of(Delivery(post=post, channel=gallery, workspace=post.workspace)).images
    assert [image.url for image in images] == [old, engine.public_path, engine.url]
    assert {image.digest for image in images} == {engine.digest}


def test_an_address_that_only_looks_like_ours_is_nobodys_picture(gallery: Channel, new_post: Write) -> None:
    post = new_post(markdown="![](https://example.org/pictures/aaaaaaaaaaaaaaaaaaaaaa/x.png) /pictures/ /pictures/a/b")
    assert article_of(Delivery(post=post, channel=gallery, workspace=post.workspace)).images == ()


def test_a_refused_picture_fails_the_delivery_and_names_it(
    server: PictureServer, gallery: Channel, scheduled: Plan, illustrated: Any, clock: MovableClock, street: Street
) -> None:
    server.faults = [201, 422]
    delivery = publish(clock, scheduled(gallery, illustrated()))
    assert delivery.status == Status.FAILED
    assert "The picture “engine.png”" in delivery.message
    assert street.ask("articles") == []
    delivery.move(Status.SCHEDULED, act_at=clock())
    assert publish(clock, delivery).status == Status.PUBLISHED
    assert [name for name, _ in server.taken] == ["portrait-of-me.jpg", "engine.png"]


@pytest.mark.parametrize("fault", [None, 500, 504])
@pytest.mark.parametrize("after_taking", [True, False])
def test_a_doubtful_upload_is_repeated_without_looking_and_counts_as_a_try(
    fault: int | None, after_taking: bool, server: PictureServer, gallery: Channel, scheduled: Plan, illustrated: Any,
    clock: MovableClock, street: Street,
) -> None:  # fmt: skip
    server.faults, server.after_taking = [fault], after_taking
    delivery = publish(clock, scheduled(gallery, illustrated()))
    publish(clock, delivery, moves=2)
    assert (delivery.status, delivery.tries, delivery.doubtful) == (Status.PUBLISHED, 1, False), delivery.message
    assert history(delivery) == ["image unknown", "image done", "image done", "create done", "flip done"]
    assert street.public(delivery) == 1


def test_a_picture_that_never_gets_through_fails_after_the_last_try(
    server: PictureServer, gallery: Channel, scheduled: Plan, illustrated: Any, clock: MovableClock, settings: Any
) -> None:
    server.faults = [500] * 20
    delivery = publish(clock, scheduled(gallery, illustrated()), moves=settings.PUBLISH_TRIES + 2)
    assert delivery.status == Status.FAILED
    assert history(delivery) == ["image unknown"] * settings.PUBLISH_TRIES
    assert "portrait-of-me.jpg" in delivery.message


def test_being_asked_to_wait_is_no_try_and_a_refused_key_closes_the_channel(
    server: PictureServer, gallery: Channel, scheduled: Plan, illustrated: Any, clock: MovableClock
) -> None:
    server.faults = [429, 401]
    delivery = publish(clock, scheduled(gallery, illustrated()), moves=2)
    gallery.refresh_from_db()
    assert history(delivery) == ["image rate_limited", "image not_authorized"]
    assert (delivery.status, delivery.tries, gallery.status) == (Status.SCHEDULED, 0, Channel.Status.CLOSED)
    assert "portrait" not in gallery.problem


def test_a_file_that_is_gone_is_a_sentence(
    server: PictureServer, gallery: Channel, scheduled: Plan, illustrated: Any, engine: Image, clock: MovableClock
) -> None:
    delivery = scheduled(gallery, illustrated())
    engine.path_of(engine.forms()[0]).unlink()
    publish(clock, delivery)
    assert delivery.status == Status.FAILED
    assert "“engine.png”: Its file is missing here" in delivery.message


def test_between_two_uploads_the_channel_rests(
    server: PictureServer, gallery: Channel, scheduled: Plan, illustrated: Any, clock: MovableClock, settings: Any
) -> None:
    settings.PACE = 0.1
    delivery = publish(clock, scheduled(gallery, illustrated()))
    assert delivery.status == Status.PUBLISHED
    begun = [attempt.started_at for attempt in Attempt.objects.filter(delivery=delivery) if attempt.started_at]
    pause = timedelta(seconds=Gallery.limits.seconds_between_writes * settings.PACE)
    assert all(later - earlier >= pause for earlier, later in pairwise(begun))


def test_uploads_begin_before_the_time_and_nothing_appears_before_it(
    server: PictureServer, gallery: Channel, scheduled: Plan, illustrated: Any, clock: MovableClock, street: Street
) -> None:
    post = illustrated()
    delivery = scheduled(gallery, post, seconds=60)
    assert delivery.due_at - delivery.act_at == head_start(gallery, post) > head_start(gallery)
    clock.move(seconds=57)
    publish(clock, delivery)
    assert len(server.taken) == 2
    assert street.public(delivery) == 1
    assert delivery.published_at is not None
    assert delivery.published_at >= delivery.due_at


def test_a_worker_that_dies_between_upload_and_draft_leaves_a_picture_that_is_used(
    server: PictureServer, gallery: Channel, scheduled: Plan, illustrated: Any, clock: MovableClock, street: Street,
) -> None:  # fmt: skip
    delivery = scheduled(gallery, illustrated())
    [trip] = publishing.claim(clock(), 10)
    following = ledger.record(take(trip, clock()), clock())
    assert following is not None
    assert RemoteImage.objects.get().url == "https://cdn.example/1-portrait-of-me.jpg"
    # … and here it dies: nobody takes what follows.
    for rows in (Delivery.objects.filter(pk=delivery.pk), Channel.objects.filter(pk=gallery.pk)):
        rows.update(lease_until=Now() - timedelta(seconds=1))
    publishing.rescue(clock)
    publish(clock, delivery, moves=3)
    assert delivery.status == Status.PUBLISHED
    assert [name for name, _ in server.taken] == ["portrait-of-me.jpg", "engine.png"]
    assert history(delivery) == [
        "image done",
        "unknown abandoned",
        "look absent",
        "image done",
        "create done",
        "flip done",
    ]
    assert street.public(delivery) == 1


def test_a_worker_that_comes_back_too_late_sends_no_draft(
    server: PictureServer, gallery: Channel, scheduled: Plan, illustrated: Any, clock: MovableClock
) -> None:
    """The night-watch has taken the delivery from it: the picture counts, and what follows is not its own any more."""
    delivery = scheduled(gallery, illustrated())
    [trip] = publishing.claim(clock(), 10)
    result = take(trip, clock())
    Delivery.objects.filter(pk=delivery.pk).update(lease_until=Now() - timedelta(seconds=1))
    publishing.rescue(clock)
    assert ledger.record(result, clock()) is None
    assert RemoteImage.objects.count() == 1
    delivery.refresh_from_db()
    assert delivery.status == Status.CHECKING


def test_a_worker_back_from_the_dead_writes_nothing_over_its_successor(
    server: PictureServer, gallery: Channel, scheduled: Plan, illustrated: Any, clock: MovableClock
) -> None:
    delivery = scheduled(gallery, illustrated())
    [trip] = publishing.claim(clock(), 10)
    result = take(trip, clock())
    Delivery.objects.filter(pk=delivery.pk).update(number=delivery.number + 2)
    assert ledger.record(result, clock()) is None
    assert not RemoteImage.objects.exists()


def test_another_account_of_the_channel_gets_the_pictures_anew(
    server: PictureServer, gallery: Channel, scheduled: Plan, illustrated: Any, clock: MovableClock, street: Street
) -> None:
    publish(clock, scheduled(gallery, illustrated()))
    late = scheduled(gallery, illustrated())
    account = street.order("accounts", username="countess", age_days=400)
    connecting.reconnect(gallery, gallery.name, {"api_key": account["key"]}, gallery.settings)
    connecting.verify(gallery.pk, clock)
    publish(clock, late)
    assert late.status == Status.PUBLISHED, late.message
    assert history(late) == ["image done", "image done", "create done", "flip done"]
    assert len(server.taken) == 4


def test_an_answer_to_the_old_account_is_not_taken_for_the_new_one(
    server: PictureServer, gallery: Channel, scheduled: Plan, illustrated: Any, clock: MovableClock, street: Street
) -> None:
    delivery = scheduled(gallery, illustrated())
    [trip] = publishing.claim(clock(), 10)
    result = take(trip, clock())
    account = street.order("accounts", username="countess", age_days=400)
    connecting.reconnect(gallery, gallery.name, {"api_key": account["key"]}, gallery.settings)
    ledger.record(result, clock())
    connecting.verify(gallery.pk, clock)
    gallery.refresh_from_db()
    delivery.refresh_from_db()
    assert article_of(delivery).uploaded == {}


def test_a_check_of_the_same_account_keeps_them(
    server: PictureServer, gallery: Channel, scheduled: Plan, illustrated: Any, clock: MovableClock
) -> None:
    publish(clock, scheduled(gallery, illustrated()))
    connecting.check_again(gallery)
    connecting.verify(gallery.pk, clock)
    publish(clock, scheduled(gallery, illustrated()))
    assert len(server.taken) == 2


def test_an_update_uploads_what_is_new_in_the_text(
    server: PictureServer, gallery: Channel, scheduled: Plan, new_post: Write, engine: Image, portrait: Image,
    clock: MovableClock, ada: User,
) -> None:  # fmt: skip
    post = new_post(markdown=f"![The engine]({engine.url})")
    publication = publish(clock, scheduled(gallery, post))
    assert not living.differs(publication)
    Post.objects.filter(pk=post.pk).update(markdown=f"![The engine]({engine.url}) ![Me]({portrait.url})", version=2)
    clock.move(minutes=5)
    update = living.update(publication, moment_at(clock(), UTC), clock(), ada)
    publish(clock, update)
    assert update.status == Status.PUBLISHED, update.message
    assert history(update) == ["image done", "update done"]
    assert [name for name, _ in server.taken] == ["engine.png", "portrait-of-me.jpg"]
    assert "https://cdn.example/2-portrait-of-me.jpg" in text_there(publication)


def test_many_pictures_outlast_a_lease_because_it_is_renewed(
    server: PictureServer, gallery: Channel, scheduled: Plan, new_post: Write, workspace: Workspace,
    clock: MovableClock, settings: Any, street: Street,
) -> None:  # fmt: skip
    """Each upload leaves less of the lease than the next step needs: it is taken anew, and the fence with it."""
    settings.LEASE, settings.CALL_DEADLINE_SECONDS = timedelta(seconds=11), 1
    images = [keeping.take_in(workspace, None, picture("png", 10 + number), "x.png") for number in range(4)]
    delivery = scheduled(gallery, new_post(markdown="\n\n".join(f"![]({image.url})" for image in images)))
    server.delay = 0.5
    publish(clock, delivery)
    assert delivery.status == Status.PUBLISHED, delivery.message
    assert delivery.number == 1
    assert len(server.taken) == 4
    assert street.public(delivery) == 1


def test_a_post_without_pictures_costs_no_query_more(dev: Channel, scheduled: Plan, new_post: Write) -> None:
    delivery = scheduled(dev, new_post(markdown="No picture here.", cover_url="https://example.org/x.png"))
    row = Delivery.objects.select_related("post__author", "channel").get(pk=delivery.pk)
    with CaptureQueriesContext(connection) as asked:
        article_of(row)
    assert len(asked) == 0
