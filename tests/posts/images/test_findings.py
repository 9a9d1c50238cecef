"""What is said of a post's pictures before it is scheduled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Workspace
from posts import covers
from posts.images import keeping, outside
from posts.models import Channel, Image, OutsideImage, Post
from posts.planning import scheduling
from publishers import PUBLISHERS
from publishers.base import Finding, Level
from publishers.text.pictures import pictures_in
from tests.posts.conftest import MovableClock
from tests.posts.engine.gallery import Gallery
from tests.posts.pictures import animation, picture
from tests.posts.test_covers import said

pytestmark = pytest.mark.django_db
Write = Callable[..., Post]


@pytest.fixture
def channel(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Channel:
    monkeypatch.setitem(PUBLISHERS, "gallery", Gallery)
    return Channel.objects.create(
        workspace=workspace, platform="gallery", name="Gallery", status="open", credentials={"api_key": "x"},
        settings={"base_url": "https://dev.to/api", "ai_disclosure_level": "no_ai"},
    )  # fmt: skip


@pytest.fixture
def engine(workspace: Workspace) -> Image:
    return keeping.take_in(workspace, None, picture(), "engine.png")


def about_pictures(post: Post, channel: Channel) -> list[Finding]:
    return [found for found in scheduling.check(post, channel) if "picture" in found.message.lower()]


# --- reading the text ------------------------------------------------------------------------------------------------


def test_every_picture_is_found_with_its_line() -> None:
    text = """---
title: Notes
---
![one](https://a.example/1.png)

Words ![two](https://a.example/2.png) and
more ![](https://a.example/3.png)

```
![not](https://a.example/code.png)
```

<p>
<img alt='four' src="https://a.example/4.png"></p>

- list with <img src=https://a.example/5.png>

![six][there]

[there]: https://a.example/6.png
"""
    assert [(shown.address[-5:], shown.alt, shown.line) for shown in pictures_in(text)] == [
        ("1.png", "one", 4), ("2.png", "two", 6), ("3.png", "", 7), ("4.png", "four", 14), ("5.png", "", 16),
        ("6.png", "six", 18),
    ]  # fmt: skip


def test_a_text_without_pictures_has_none() -> None:
    assert pictures_in("Words! [link](https://a.example/) `![](x)`") == []


# --- what is said ----------------------------------------------------------------------------------------------------


def test_a_picture_without_words_is_noted_at_its_line(channel: Channel, new_post: Write) -> None:
    post = new_post(markdown="Text.\n\n![](https://example.org/engine.png)\n\n![Words](https://example.org/b.png)")
    [found] = about_pictures(post, channel)
    assert (found.level, found.field, found.line) == (Level.NOTE, "markdown", 3)
    assert "engine.png has no alt text" in found.message


def test_an_address_of_ours_that_nobody_reaches_is_lost_where_it_is_fetched(
    channel: Channel, folder: Channel, new_post: Write, engine: Image, settings: Any
) -> None:
    post = new_post(markdown=f"\n![Words]({engine.url})")
    [found] = about_pictures(post, folder)
    assert (found.level, found.line) == (Level.LOST, 2)
    assert "nobody outside of your network reaches" in found.message
    assert about_pictures(post, channel) == []  # it is uploaded there
    settings.SITE_URL = "https://blog.example.com"
    assert about_pictures(new_post(markdown=f"![Words]({engine.url})"), folder) == []


def test_an_address_that_is_not_this_houses_is_said(
    channel: Channel, folder: Channel, new_post: Write, engine: Image, settings: Any
) -> None:
    """The house has moved since the text was written, or the text names it without its host."""
    settings.SITE_URL = "https://blog.example.com"
    for address in (engine.public_path, f"https://old.example.com{engine.public_path}"):
        post = new_post(markdown=f"![Words]({address})")
        [found] = about_pictures(post, folder)
        assert (found.level, found.line) == (Level.LOST, 1)
        assert f"at {address}, which is not the address of this house" in found.message
        assert about_pictures(post, channel) == []


def test_a_cover_of_ours_that_nobody_reaches_is_said_once(
    channel: Channel, folder: Channel, dev: Channel, new_post: Write, engine: Image, settings: Any
) -> None:
    post = new_post(cover_url=engine.url)
    assert covers.check(post.pk)
    post.refresh_from_db()
    for each, lost in ((folder, 1), (dev, 1), (channel, 0)):
        found = [one for one in scheduling.check(post, each) if one.field == "cover_url"]
        assert [one.level for one in found] == [Level.LOST] * lost, each
    settings.SITE_URL = "https://blog.example.com"
    post = new_post(cover_url=engine.url)
    assert covers.check(post.pk)
    post.refresh_from_db()
    assert [one for one in scheduling.check(post, folder) if one.field == "cover_url"] == []


@pytest.mark.parametrize(("more", "is_refused"), [(-1, False), (0, False), (1, True)])
def test_a_picture_that_is_too_large_for_the_platform(
    more: int, is_refused: bool, channel: Channel, new_post: Write, engine: Image
) -> None:
    assert Gallery.limits.image_bytes is not None
    Image.objects.filter(pk=engine.pk).update(size=Gallery.limits.image_bytes + more)
    found = about_pictures(new_post(cover_url=engine.url), channel)
    assert [(each.level, each.field) for each in found] == ([(Level.REFUSED, "cover_url")] if is_refused else [])


def test_a_type_that_the_platform_does_not_take(channel: Channel, new_post: Write, workspace: Workspace) -> None:
    moving = keeping.take_in(workspace, None, animation("gif"), "wheels.gif")
    [found] = about_pictures(new_post(markdown=f"![Wheels]({moving.url})"), channel)
    assert found.level == Level.REFUSED
    assert found.message == "Gallery does not take the picture wheels.gif: it takes PNG, JPG."


def test_a_damaged_picture_and_one_that_was_deleted(
    channel: Channel, new_post: Write, engine: Image, settings: Any
) -> None:
    settings.SITE_URL = "https://blog.example.com"
    Image.objects.filter(pk=engine.pk).update(status="broken", problem="Its file is damaged.")
    text = f"![Words]({engine.url})"
    [found] = about_pictures(new_post(markdown=text), channel)
    assert (found.level, found.line) == (Level.LOST, 1)
    assert "engine.png: Its file is damaged." in found.message
    keeping.delete(engine)
    [found] = about_pictures(new_post(markdown=text), channel)
    assert found.message == "There is no picture engine.png of yours any more."


def test_many_channels_ask_once(
    channel: Channel, folder: Channel, dev: Channel, new_post: Write, engine: Image
) -> None:
    post = new_post(markdown=f"![Words]({engine.url}) ![Words](https://example.org/b.png)")
    scheduling.check(post, channel)
    for other, queries in ((folder, 0), (dev, 0), (channel, 1)):
        with CaptureQueriesContext(connection) as asked:
            scheduling.check(post, other)
        assert len([one for one in asked if "image" in one["sql"]]) == queries


# --- pictures from elsewhere -----------------------------------------------------------------------------------------


def test_a_picture_that_cannot_be_fetched_is_said_once_it_was_looked_at(
    gallery: Any,
    folder: Channel,
    new_post: Write,
    clock: MovableClock,
) -> None:
    with gallery(said("404 Not Found", "text/html", b"No.")) as server:
        post = new_post(markdown=f"Text.\n\n![Words]({server.url}/engine.png)")
        assert outside.ask(post, clock())
        assert about_pictures(post, folder) == []
        assert outside.check_waiting(clock) == 1
        assert outside.check_waiting(clock) == 0
    [found] = about_pictures(Post.objects.get(pk=post.pk), folder)
    assert (found.level, found.line) == (Level.LOST, 3)
    assert "could not be fetched" in found.message
    assert "404" in found.message


def test_one_that_is_there_is_well_and_looked_at_again_after_a_day(
    gallery: Any,
    folder: Channel,
    new_post: Write,
    clock: MovableClock,
) -> None:
    with gallery(said()) as server:
        post = new_post(markdown=f"![Words]({server.url}/engine.png)")
        outside.ask(post, clock())
        outside.check_waiting(clock)
        assert about_pictures(post, folder) == []
        assert not outside.ask(post, clock())
        clock.move(hours=25)
        assert outside.ask(post, clock())
        assert outside.check_waiting(clock) == 1


def test_a_private_address_is_never_called(folder: Channel, new_post: Write, clock: MovableClock) -> None:
    post = new_post(markdown="![Words](http://169.254.169.254/latest/meta-data/x.png)")
    outside.ask(post, clock())
    outside.check_waiting(clock)
    [found] = about_pictures(post, folder)
    assert found.level == Level.LOST


@pytest.mark.parametrize(("count", "asked"), [(19, 19), (20, 20), (21, 20)])
def test_how_many_pictures_of_a_text_are_looked_at(
    count: int, asked: int, new_post: Write, clock: MovableClock
) -> None:
    post = new_post(markdown="\n".join(f"![Words](https://example.org/{number}.png)" for number in range(count)))
    outside.ask(post, clock())
    outside.ask(post, clock())
    assert OutsideImage.objects.count() == asked


def test_ones_own_pictures_are_not_asked_about(new_post: Write, engine: Image, clock: MovableClock) -> None:
    assert not outside.ask(
        new_post(markdown=f"![]({engine.url}) ![](relative.png) ![](data:image/png;base64,AA)"), clock()
    )
    assert not OutsideImage.objects.exists()


def test_what_nobody_asked_about_for_a_month_is_forgotten(new_post: Write, clock: MovableClock) -> None:
    outside.ask(new_post(markdown="![Words](http://10.0.0.1/old.png)"), clock())
    outside.check_waiting(clock)
    clock.move(days=31)
    outside.ask(new_post(markdown="![Words](http://10.0.0.1/new.png)"), clock())
    outside.check_waiting(clock)
    assert [row.address for row in OutsideImage.objects.all()] == ["http://10.0.0.1/new.png"]
