"""The library of pictures, and the editor's way into it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import User, Workspace
from posts.images import keeping, variants
from posts.models import Channel, Delivery, Image, Post
from tests.posts.pictures import photograph, picture
from tests.posts.views.conftest import Deliver, workspace_of

pytestmark = pytest.mark.django_db
LIBRARY = "/images/"


def file(data: bytes | None = None, name: str = "engine.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture() if data is None else data, content_type="image/png")


@pytest.fixture
def engine(workspace: Workspace, ada: User) -> Image:
    return keeping.take_in(workspace, ada, picture(), "engine.png", alt="The engine [whole]")


def text(response: Any) -> str:
    return str(response.content.decode())


# --- without JavaScript ----------------------------------------------------------------------------------------------


def test_ada_uploads_a_picture_and_is_told_what_to_write(browser: Client) -> None:
    response = browser.post(LIBRARY, {"pictures": file()}, follow=True)
    image = Image.objects.get()
    assert response.redirect_chain == [(f"/images/{image.pk}/", 302)]
    assert f"![]({image.url})" in text(response)
    assert image.uploaded_by is not None


def test_several_at_once_are_taken_or_refused_each_by_itself(browser: Client) -> None:
    files = [file(), file(photograph("jpg"), "me.jpg"), file(b"<svg/>", "logo.svg")]
    page = text(browser.post(LIBRARY, {"pictures": files}, follow=True))
    assert "2 pictures are in your library." in page
    assert "logo.svg: This is an SVG" in page
    assert "0 of 2 pictures" in page
    assert len({image.batch for image in Image.objects.all()}) == 1


def test_no_file_is_a_sentence(browser: Client) -> None:
    assert "Choose a picture first." in text(browser.post(LIBRARY, {}, follow=True))
    assert browser.post("/images/upload/", {}).json() == {"error": "Choose a picture first."}


@pytest.mark.parametrize(("more", "is_taken"), [(-1, False), (0, True), (1, True)])
def test_how_large_a_file_may_be(more: int, is_taken: bool, browser: Client, settings: Any) -> None:
    data = photograph("jpg", 300, 300)
    settings.IMAGE_BYTES = len(data) + more
    response = browser.post("/images/upload/", {"picture": file(data, "me.jpg")})
    assert response.status_code == (200 if is_taken else 422)
    if not is_taken:
        assert response.json()["error"].startswith("me.jpg: The file is too large")
        assert "me.jpg: The file is too large" in text(
            browser.post(LIBRARY, {"pictures": file(data, "me.jpg")}, follow=True)
        )


@pytest.mark.parametrize(("count", "taken"), [(19, 19), (20, 20), (21, 20)])
def test_how_many_files_may_come_at_once(count: int, taken: int, browser: Client) -> None:
    files = [file(picture("png", 10 + number)) for number in range(count)]
    page = text(browser.post(LIBRARY, {"pictures": files}, follow=True))
    assert Image.objects.count() == taken
    assert ("the first 20 were taken" in page) == (count > taken)


# --- from the editor -------------------------------------------------------------------------------------------------


def test_the_editor_gets_the_address_at_once(browser: Client) -> None:
    answer = browser.post("/images/upload/", {"picture": file(name="Engine.png")}).json()
    image = Image.objects.get()
    assert answer == {"url": image.url, "name": "engine.png", "alt": "", "alt_url": f"/images/{image.pk}/alt/"}
    assert image.url == f"http://127.0.0.1:8000/pictures/{image.token}/engine.png"
    assert Client().get(image.public_path).status_code == 200


def test_the_same_picture_again_brings_its_words_along(browser: Client, engine: Image) -> None:
    answer = browser.post("/images/upload/", {"picture": file(name="copy.png")}).json()
    assert (answer["url"], answer["alt"]) == (engine.url, engine.alt)


def test_what_it_shows_is_kept_in_passing(browser: Client, engine: Image) -> None:
    assert browser.post(f"/images/{engine.pk}/alt/", {"alt": " The  engine\nof Babbage "}).status_code == 204
    engine.refresh_from_db()
    assert engine.alt == "The engine of Babbage"
    browser.post(f"/images/{engine.pk}/alt/", {"alt": "x" * 600})
    engine.refresh_from_db()
    assert len(engine.alt) == 500


@pytest.mark.parametrize("data", [b"", b"<html>", b"<svg/>", picture("png")[:40]])
def test_a_refused_file_is_a_sentence_with_its_name(data: bytes, browser: Client) -> None:
    response = browser.post("/images/upload/", {"picture": file(data, "odd.png")})
    assert response.status_code == 422
    assert response.json()["error"].startswith("odd.png: ")
    assert not Image.objects.exists()


def test_the_editor_offers_ones_own_pictures_as_covers(browser: Client, engine: Image, post: Post, grace: User) -> None:
    hers = keeping.take_in(workspace_of(grace), grace, photograph("jpg"), "hers.jpg")
    page = text(browser.get(reverse("post_edit", args=[post.pk])))
    assert f'<option value="{engine.url}">' in page
    assert 'list="own-pictures"' in page
    assert hers.token not in page


# --- the library -----------------------------------------------------------------------------------------------------


def test_the_library_shows_and_searches(browser: Client, engine: Image, workspace: Workspace) -> None:
    keeping.take_in(workspace, None, photograph("jpg"), "portrait.jpg")
    assert text(browser.get(LIBRARY)).count('class="picture card') == 2
    for query, names in (("ENGINE", ["engine.png"]), ("whole", ["engine.png"]), ("portrait", ["portrait.jpg"])):
        page = text(browser.get(LIBRARY, {"q": query}))
        assert [name for name in ("engine.png", "portrait.jpg") if f">{name}<" in page] == names
    assert "No picture matches" in text(browser.get(LIBRARY, {"q": "nothing"}))


def test_a_library_of_many_is_read_in_few_queries(
    browser: Client, workspace: Workspace, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for width in range(30):
        keeping.take_in(workspace, None, picture("png", 10 + width), "x.png")
    with django_assert_max_num_queries(10):
        page = text(browser.get(LIBRARY))
    assert page.count('class="picture card') == 24
    assert "Page 1 of 2" in page


def test_the_words_between_the_brackets_cannot_end_them(browser: Client, engine: Image) -> None:
    assert rf"![The engine \[whole\]]({engine.url})" in text(browser.get(engine.get_absolute_url()))


def test_ada_says_what_a_picture_shows(browser: Client, engine: Image) -> None:
    browser.post(engine.get_absolute_url(), {"alt": "Wheels"})
    engine.refresh_from_db()
    assert engine.alt == "Wheels"


def test_where_it_is_used_is_said(browser: Client, engine: Image, post: Post) -> None:
    assert "In no post." in text(browser.get(engine.get_absolute_url()))
    Post.objects.filter(pk=post.pk).update(cover_url=engine.url)
    assert post.title in text(browser.get(engine.get_absolute_url()))


def test_a_house_that_nobody_reaches_says_so(browser: Client, engine: Image, settings: Any) -> None:
    warning = "can be reached from your own network only"
    assert warning in text(browser.get(engine.get_absolute_url()))
    settings.SITE_URL = "https://blog.example.com"
    assert warning not in text(browser.get(engine.get_absolute_url()))


# --- away with it ----------------------------------------------------------------------------------------------------


def test_a_picture_that_nobody_waits_for_is_deleted_with_its_files(browser: Client, engine: Image) -> None:
    variants.prepare(engine.pk)
    engine.refresh_from_db()
    paths = [engine.path_of(form) for form in engine.forms()]
    assert "No post shows it." in text(browser.get(f"/images/{engine.pk}/delete/"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.db.transaction.on_commit", lambda after, **_: after())
        browser.post(f"/images/{engine.pk}/delete/")
    assert not Image.objects.exists()
    assert not any(path.exists() for path in paths)
    assert browser.get(engine.public_path).status_code == 404


@pytest.mark.parametrize("status", Delivery.Status.pending())
def test_a_picture_that_is_still_to_go_out_stays(
    status: str, browser: Client, engine: Image, post: Post, deliver: Deliver
) -> None:
    Post.objects.filter(pk=post.pk).update(markdown=f"![]({engine.url})")
    deliver(status)
    assert "cannot be deleted now" in text(browser.get(f"/images/{engine.pk}/delete/"))
    page = text(browser.post(f"/images/{engine.pk}/delete/", follow=True))
    assert "still to go out with this picture" in page
    assert Image.objects.exists()


def test_what_is_said_on_one_channel_only_counts_too(
    browser: Client, engine: Image, post: Post, dev: Channel, deliver: Deliver
) -> None:
    Post.objects.filter(pk=post.pk).update(versions={str(dev.pk): {"footer": f"![]({engine.url})"}})
    assert post.title in text(browser.get(engine.get_absolute_url()))
    deliver()
    assert "cannot be deleted now" in text(browser.get(f"/images/{engine.pk}/delete/"))


def test_what_a_channel_adds_to_all_posts_counts_too(
    browser: Client, engine: Image, dev: Channel, deliver: Deliver
) -> None:
    Channel.objects.filter(pk=dev.pk).update(defaults={"footer": f"![]({engine.url})"})
    deliver()
    assert "cannot be deleted now" in text(browser.get(f"/images/{engine.pk}/delete/"))


def test_a_picture_of_what_is_published_is_deleted_with_a_warning(
    browser: Client, engine: Image, post: Post, deliver: Deliver
) -> None:
    Post.objects.filter(pk=post.pk).update(markdown=f"![]({engine.url})")
    deliver(Delivery.Status.PUBLISHED)
    assert "there will be nothing in its place" in text(browser.get(f"/images/{engine.pk}/delete/"))
    browser.post(f"/images/{engine.pk}/delete/")
    assert not Image.objects.exists()


# --- while they are prepared -----------------------------------------------------------------------------------------


def test_the_progress_can_be_watched_left_and_stopped(browser: Client, engine: Image) -> None:
    page = text(browser.get(LIBRARY))
    assert 'max="1" value="0"' in page
    part = text(browser.get("/images/progress/", headers={"HX-Request": "true"}))
    assert "hx-trigger" in part
    assert "<html" not in part
    assert browser.get("/images/progress/").status_code == 302
    assert "Stopped: 1 picture has no smaller forms." in text(browser.post("/images/stop/", follow=True))
    assert "1 picture has no smaller forms." in text(browser.get(LIBRARY))
    browser.post("/images/go-on/")
    variants.prepare_waiting()
    part = text(browser.get("/images/progress/", headers={"HX-Request": "true"}))
    assert "progress" in part
    assert "hx-trigger" not in part


def test_grace_stops_only_her_own(strange_browser: Client, engine: Image) -> None:
    strange_browser.post("/images/stop/")
    engine.refresh_from_db()
    assert engine.status == Image.Status.WAITING
