"""A real WordPress, named by the environment: what we promise holds there as it does in the sandbox.

    WORDPRESS_URL=https://test.example WORDPRESS_USER=ada WORDPRESS_APPLICATION_PASSWORD=… \\
        pytest tests/real/test_wordpress.py

The site is one for tests: what we have written there before is deleted. Its user is an administrator.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from publishers.base import Article, Image, Publisher, Surroundings, Visibility
from publishers.errors import Gone, NotAuthorized, OutcomeUnknown, Rejected
from publishers.http import Http
from publishers.platforms.wordpress import WordPress
from tests.publishers.contract import ARTICLE, KEY, OTHER_KEY, PublisherContract
from tests.real.relay import Relay

SITE = os.environ.get("WORDPRESS_URL", "").rstrip("/")
USER = os.environ.get("WORDPRESS_USER", "admin")
PASSWORD = os.environ.get("WORDPRESS_APPLICATION_PASSWORD", "")
pytestmark = pytest.mark.skipif(not SITE, reason="WORDPRESS_URL names no site")

RICH = Path(__file__).parent / "rich.md"


def wordpress(tmp_path: Path, password: str = PASSWORD, **settings: Any) -> WordPress:
    http = Http(private_origins=frozenset({SITE}), secrets=[password], deadline=20, label="WordPress")
    wishes = {"base_url": SITE, "username": USER, "raw_html": "yes"} | settings
    surroundings = Surroundings(http=http, files=tmp_path)
    made = WordPress(
        credentials={"application_password": "".join(password.split())}, settings=wishes, surroundings=surroundings
    )
    if "rest_root" not in settings:
        root = made.verify().found["rest_root"]
        return wordpress(tmp_path, password, **settings, rest_root=root)
    return made


def forget(site: WordPress) -> None:
    """Delete what carries a mark of ours, also from the trash."""
    query: dict[str, Any] = {
        "search": "blogscheduler:",
        "status": "any,trash",
        "context": "edit",
        "per_page": 100,
        "_fields": "id",
    }
    for post in site.site.get("wp/v2/posts", **query).json():
        requests.delete(
            site.site.address(f"wp/v2/posts/{post['id']}", force="true"), auth=(USER, PASSWORD), timeout=20
        ).raise_for_status()


@pytest.fixture
def ada(tmp_path: Path) -> WordPress:
    site = wordpress(tmp_path)
    forget(site)
    return site


@pytest.fixture(params=["as it says itself", "as with plain permalinks"])
def settings(request: Any, tmp_path: Path) -> dict[str, Any]:
    forget(wordpress(tmp_path))
    root = f"{SITE}/?rest_route=/" if "plain" in request.param else ""
    return {"base_url": SITE, "username": USER, "raw_html": "yes"} | ({"rest_root": root} if root else {})


class TestContract(PublisherContract):
    kind = WordPress
    credentials = {"application_password": "".join(PASSWORD.split())}
    wrong_credentials = {"application_password": "wrong"}

    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return settings

    def articles(self, publisher: Publisher) -> int | None:
        assert isinstance(publisher, WordPress)
        answer = publisher.site.get("wp/v2/posts", status="any", context="edit", per_page=1)
        return int(answer.headers["x-wp-total"])


def publish(site: WordPress, article: Article = ARTICLE) -> Any:
    return site.publish_draft(site.create_draft(article).id, article)


def shown(site: WordPress, remote_id: str) -> dict[str, Any]:
    found: dict[str, Any] = site.site.get(f"wp/v2/posts/{remote_id}", context="edit").json()
    return found


# --- The rich article --------------------------------------------------------------------------------------------


def png(tmp_path: Path, name: str, red: int, width: int = 640, height: int = 320) -> Image:
    """A picture of one colour, getting darker from left to right."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + b"".join(bytes((red, 60 + 120 * x // width, 200 - 150 * x // width)) for x in range(width))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(row * height))
        + chunk(b"IEND", b"")
    )
    path = tmp_path / name
    path.write_bytes(body)
    return Image(
        digest=hashlib.sha256(body).hexdigest(), url=f"https://house.example/{name}", path=path, name=name,
        media_type="image/png", size=len(body), width=width, height=height, alt=f"A picture [{name}]",
    )  # fmt: skip


@pytest.fixture
def rich(ada: WordPress, tmp_path: Path) -> Article:
    """With its pictures on the site already."""
    images = (png(tmp_path, "engine.png", 200), png(tmp_path, "cover.png", 40, 1200, 630))
    return replace(
        ARTICLE, title="Notes & <Queries> on the Engine", markdown=RICH.read_text(encoding="utf-8"), images=images,
        cover_url=images[1].url, uploaded={image.digest: ada.upload(image) for image in images},
        tags=("C#", "R&D", "Größe", "日本語"), options={"categories": "Uncategorized, Machines & Men"},
    )  # fmt: skip


def test_the_rich_article_is_there_whole(ada: WordPress, rich: Article) -> None:
    post = publish(ada, rich)
    assert post.note == ""
    found = shown(ada, post.id)
    assert found["title"]["rendered"] == "Notes &amp; &lt;Queries&gt; on the Engine"
    assert found["featured_media"] == int(rich.uploaded[rich.images[1].digest].id)
    assert (len(found["tags"]), len(found["categories"])) == (4, 2)
    page = requests.get(post.url, timeout=20).text
    for words in (
        "&#91;gallery]", "&#91;caption id", '<code class="language-python">', 'srcset="', "☑", "<td",
        f'wp-image-{rich.uploaded[rich.images[0].digest].id}"', "https&#58;//www.youtube.com",
        "Originally published at", f"blogscheduler:{KEY}",
    ):  # fmt: skip
        assert words in page, words
    assert 'class="gallery' not in page
    assert "youtube.com/embed" not in page


def test_it_is_updated_taken_back_and_goes_out_again(ada: WordPress, rich: Article) -> None:
    post = publish(ada, rich)
    newer = replace(rich, title="Second thoughts", markdown="Shorter.", slug="another", tags=("C#",))
    assert ada.update(post.id, newer) == post
    assert "Shorter." in requests.get(post.url, timeout=20).text
    assert len(shown(ada, post.id)["tags"]) == 1
    ada.unpublish(post.id)
    assert requests.get(post.url, timeout=20).status_code == 404
    assert ada.update(post.id, newer).visibility is Visibility.DRAFT
    assert ada.publish_draft(post.id, newer).visibility is Visibility.PUBLIC


def test_the_trash_is_respected(ada: WordPress, tmp_path: Path) -> None:
    post = publish(ada)
    to_trash = wordpress(tmp_path, unpublished="trash")
    to_trash.unpublish(post.id)
    to_trash.unpublish(post.id)
    assert shown(ada, post.id)["status"] == "trash"
    ada.unpublish(post.id)
    assert shown(ada, post.id)["status"] == "trash"
    assert ada.find(ARTICLE, post.id) is None
    with pytest.raises(Gone):
        ada.publish_draft(post.id, ARTICLE)
    with pytest.raises(Gone):
        ada.update(post.id, ARTICLE)


# --- Answers that get lost ---------------------------------------------------------------------------------------


@pytest.fixture
def relay(ada: WordPress) -> Iterator[Relay]:
    relay = Relay(SITE)
    yield relay
    relay.server.close()


def through(relay: Relay, tmp_path: Path) -> WordPress:
    http = Http(private_origins=frozenset({relay.url}), deadline=20, label="WordPress")
    settings = {"base_url": relay.url, "username": USER, "raw_html": "yes", "rest_root": f"{relay.url}/?rest_route=/"}
    credentials = {"application_password": "".join(PASSWORD.split())}
    return WordPress(credentials=credentials, settings=settings, surroundings=Surroundings(http=http, files=tmp_path))


def test_after_a_lost_answer_the_draft_and_then_the_post_are_found(
    ada: WordPress, relay: Relay, tmp_path: Path
) -> None:
    lossy, plain = through(relay, tmp_path), replace(ARTICLE, tags=())
    relay.swallow = "POST /?rest_route=/wp/v2/posts HTTP"
    with pytest.raises(OutcomeUnknown):
        lossy.create_draft(plain)
    draft = lossy.find(plain)
    assert draft is not None
    assert draft.visibility is Visibility.DRAFT
    relay.swallow = "POST /?rest_route=/wp/v2/posts/"
    with pytest.raises(OutcomeUnknown):
        lossy.publish_draft(draft.id, plain)
    found = ada.find(plain)
    assert found == ada.find(plain, draft.id)
    assert found is not None
    assert (found.id, found.visibility) == (draft.id, Visibility.PUBLIC)
    assert plain.title in requests.get(found.url, timeout=20).text


# --- What else the site decides ----------------------------------------------------------------------------------


def test_a_slug_that_is_taken_is_noticed(ada: WordPress) -> None:
    publish(ada, replace(ARTICLE, key=OTHER_KEY))
    assert "is taken by another" in publish(ada).note


def test_what_wordpress_drops_without_a_word_is_told(tmp_path: Path, ada: WordPress) -> None:
    site = wordpress(tmp_path, canonical_field="canonical_url")
    image = png(tmp_path, "gone.png", 1)
    gone = replace(ada.upload(image), id="4242424")
    article = replace(ARTICLE, images=(image,), cover_url=image.url, uploaded={image.digest: gone})
    note = publish(site, article).note
    assert "featured image is missing" in note
    assert "“canonical_url” was not kept" in note


def test_a_wrong_password_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(NotAuthorized, match="application password"):
        wordpress(tmp_path, "wrong")


def test_svg_is_refused_by_the_site_as_well(ada: WordPress, tmp_path: Path) -> None:
    image = png(tmp_path, "plan.png", 1)
    image.path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    with pytest.raises(Rejected, match="did not take the picture"):
        ada.upload(replace(image, name="plan.svg"))


@pytest.mark.parametrize("size", [65_535, 65_536])
def test_a_title_fits_its_database(ada: WordPress, size: int) -> None:
    article = replace(ARTICLE, title="x" * size, slug="long")
    if size > 65_535:
        with pytest.raises(OutcomeUnknown, match="Could not insert post"):
            ada.create_draft(article)
    assert (ada.find(article) is None) is (size > 65_535) or ada.create_draft(article)
