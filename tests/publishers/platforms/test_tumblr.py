"""Tumblr: blocks instead of Markdown, signed calls, drafts that become posts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from publishers.base import Image, Level, Publisher, RemotePost, Surroundings, Visibility
from publishers.errors import NotAuthorized, OutcomeUnknown, RateLimited, Rejected
from publishers.http import Http
from publishers.platforms.tumblr import Tumblr
from publishers.platforms.tumblr.signing import signature
from sandbox.server import Serving
from tests.publishers.conftest import made, order, said
from tests.publishers.contract import ARTICLE, KEY, OTHER_KEY, PublisherContract

ADA = {
    "consumer_key": "sandbox-tumblr-app",
    "consumer_secret": "sandbox-tumblr-app-secret",
    "token": "sandbox-tumblr-key",
    "token_secret": "sandbox-tumblr-key-secret",
}


@pytest.fixture(autouse=True)
def fresh(sandbox: Serving) -> None:
    order(sandbox, "reset")
    order(sandbox, "limits", platform="tumblr", on=False)


def settings_of(sandbox: Serving) -> dict[str, Any]:
    return {"base_url": f"{sandbox.url}/tumblr/v2", "blog": "sandbox"}


@pytest.fixture
def ada(sandbox: Serving) -> Tumblr:
    return made(Tumblr, ADA, settings_of(sandbox))


class TestTumblr(PublisherContract):
    kind = Tumblr
    credentials = ADA
    wrong_credentials = ADA | {"token_secret": "somebody-elses"}

    @pytest.fixture
    def settings(self, sandbox: Serving) -> dict[str, Any]:
        return settings_of(sandbox)

    def test_the_payload_carries_the_mark(self, publisher: Publisher) -> None:
        """The end of the slug: Tumblr keeps nothing of ours that readers do not see."""
        assert publisher.payload(ARTICLE)["slug"] == "notes-on-the-engine-0b9f3c525d3e"


def blocks(publisher: Tumblr, markdown: str, **changes: Any) -> list[dict[str, Any]]:
    """The blocks of a text, without the one for the title."""
    found: list[dict[str, Any]] = publisher.payload(replace(ARTICLE, markdown=markdown, **changes))["content"]
    return found[1:]


def text(words: str, subtype: str = "", level: int = 0, formatting: Any = None) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": words}
    block |= {"subtype": subtype} if subtype else {}
    block |= {"indent_level": level} if level else {}
    return block | ({"formatting": formatting} if formatting else {})


def span(start: int, end: int, kind: str, **more: str) -> dict[str, Any]:
    return {"start": start, "end": end, "type": kind, **more}


# --- Blocks ------------------------------------------------------------------------------------------------------


def test_the_title_is_the_first_heading(ada: Tumblr) -> None:
    assert ada.payload(ARTICLE)["content"][0] == text(ARTICLE.title, "heading1")


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("## Two\n\nWords", [text("Two", "heading2"), text("Words")]),
        ("#### Four *x*", [text("Four x", formatting=[span(5, 6, "italic"), span(0, 6, "bold")])]),
        ("a **b _c_** ~~d~~", [text("a b c d", formatting=[
            span(4, 5, "italic"), span(2, 5, "bold"), span(6, 7, "strikethrough")])]),
        ("🌳 **tree**", [text("🌳 tree", formatting=[span(2, 6, "bold")])]),
        ("👨‍👨‍👦 **x**", [text("👨‍👨‍👦 x", formatting=[span(6, 7, "bold")])]),
        ("[a](https://b.example)", [text("a", formatting=[span(0, 1, "link", url="https://b.example")])]),
        ("one\ntwo  \nthree", [text("one two\nthree")]),
        ("> a\n>\n> > b", [text("a", "indented"), text("b", "indented", 1)]),
        ("- a\n  1. b\n     - c\n- d", [text("a", "unordered-list-item"), text("b", "ordered-list-item", 1),
                                       text("c", "unordered-list-item", 2), text("d", "unordered-list-item")]),
        ("> - a", [text("a", "unordered-list-item", 1)]),
        ("- a\n\n  more", [text("a", "unordered-list-item"), text("more", "indented")]),
        ("```py\nx = 1\n\ny\n```", [text("x = 1\n\ny", "chat")]),
        ("a `code`", [text("a code")]),
        ("<div>words <b>here</b></div>", [text("words here")]),
        ("a<br>b", [text("a\nb")]),
        ("- [x] done", [text("☑ done", "unordered-list-item")]),
        ("$a^2$", [text("$a^2$")]),
    ],
)  # fmt: skip
def test_markdown_becomes_blocks(ada: Tumblr, markdown: str, expected: list[dict[str, Any]]) -> None:
    assert blocks(ada, markdown) == expected
    ada.create_draft(replace(ARTICLE, markdown=markdown))


def test_a_table_becomes_a_list(ada: Tumblr) -> None:
    table = "| Name | Born |\n|---|---|\n| Ada | *1815* |\n| Grace | 1906 |"
    assert blocks(ada, table) == [
        text("Name: Ada; Born: 1815", "unordered-list-item", formatting=[
            span(0, 5, "bold"), span(11, 16, "bold"), span(17, 21, "italic")]),
        text("Name: Grace; Born: 1906", "unordered-list-item", formatting=[span(0, 5, "bold"), span(13, 18, "bold")]),
    ]  # fmt: skip
    [finding] = [one for one in ada.check(replace(ARTICLE, markdown=f"Words\n\n{table}", tags=())) if one.line]
    assert (finding.level, finding.line) == (Level.CHANGED, 3)


def test_a_picture_stands_between_the_words_around_it(ada: Tumblr) -> None:
    assert blocks(ada, 'a ![Engine](https://x.example/e.png "1843") b') == [
        text("a"),
        {
            "type": "image",
            "media": [{"url": "https://x.example/e.png"}],
            "alt_text": "Engine",
            "caption": "1843",
        },
        text("b"),
    ]


def test_a_picture_that_nobody_can_fetch_becomes_its_description(ada: Tumblr) -> None:
    assert blocks(ada, "![Engine](http://localhost/e.png)") == [text("[Engine]")]
    assert (Level.LOST, "markdown") in said(ada, markdown="![Engine](http://localhost/e.png)")


def test_our_own_pictures_travel_with_the_post(sandbox: Serving, tmp_path: Path) -> None:
    http = Http(private_origins=frozenset({sandbox.url}), deadline=5)
    publisher = Tumblr(credentials=ADA, settings=settings_of(sandbox), surroundings=Surroundings(http, tmp_path))
    file = tmp_path / "upload"
    file.write_bytes(b"\x89PNG not really")
    image = Image(
        digest="ab" * 32, url="http://127.0.0.1:8000/media/1.png", path=file, name="e.png", media_type="image/png",
        size=15, width=3, height=2, alt="The engine",
    )  # fmt: skip
    article = replace(ARTICLE, markdown=f"![E]({image.url})", cover_url=image.url, images=(image,))
    draft = publisher.create_draft(article)
    assert publisher.publish_draft(draft.id, article).visibility is Visibility.PUBLIC
    media = {"type": "image/png", "identifier": f"picture-{'ab' * 16}", "width": 3, "height": 2}
    assert publisher.payload(article)["content"][1:] == [{"type": "image", "media": [media], "alt_text": "The engine"}]
    assert "bytes of multipart/form-data" in http.exchanges[0].request


def test_it_looks_as_its_blocks_say(ada: Tumblr) -> None:
    words = "a **b [c](https://x.example)**\n\n- d\n  1. e\n- f\n\n> g\n\n```\nh\n```"
    look = ada.look(replace(ARTICLE, markdown=words))
    assert "".join(look.html.split("\n")) == (
        '<p>a <strong>b </strong><strong><a href="https://x.example">c</a></strong></p>'
        "<ul><li>d</li><ol><li>e</li></ol><li>f</li></ul><blockquote><p>g</p></blockquote><pre>h</pre>"
    )


# --- Limits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [4095, 4096, 4097])
def test_a_block_of_text_has_4096_characters(ada: Tumblr, length: int) -> None:
    words = ("🌳" * 9 + " ") * (length // 10) + "x" * (length % 10)
    made_of = blocks(ada, words)
    assert len(made_of) == (2 if length > 4096 else 1)
    assert all(len(block["text"]) <= 4096 for block in made_of)
    assert "".join("".join(block["text"] for block in made_of).split()) == "".join(words.split())
    ada.create_draft(replace(ARTICLE, markdown=words))


@pytest.mark.parametrize("length", [4095, 4096, 4097])
def test_a_title_has_4096_characters(ada: Tumblr, length: int) -> None:
    assert ((Level.REFUSED, "title") in said(ada, title="x" * length)) == (length > 4096)


@pytest.mark.parametrize("count", [99, 100, 101])
def test_a_post_has_100_links(ada: Tumblr, count: int) -> None:
    words = " ".join(f"[l](https://x.example/{number})" for number in range(count))
    [block] = blocks(ada, words)
    assert len(block["formatting"]) == min(count, 100)
    assert ((Level.LOST, "markdown") in said(ada, markdown=words)) == (count > 100)
    ada.create_draft(replace(ARTICLE, markdown=words))


@pytest.mark.parametrize("count", [29, 30, 31])
def test_a_post_has_30_pictures(ada: Tumblr, count: int) -> None:
    words = "\n\n".join(f"![p](https://x.example/{number}.png)" for number in range(count))
    assert sum(block["type"] == "image" for block in blocks(ada, words)) == min(count, 30)
    assert ((Level.LOST, "markdown") in said(ada, markdown=words)) == (count > 30)
    ada.create_draft(replace(ARTICLE, markdown=words))


@pytest.mark.parametrize("count", [998, 999, 1000])
def test_a_post_has_1000_blocks_with_its_title(ada: Tumblr, count: int) -> None:
    article = replace(ARTICLE, markdown="\n\n".join(["x"] * count))
    assert ((Level.REFUSED, "markdown") in said(ada, markdown=article.markdown)) == (count > 999)
    if count > 999:
        with pytest.raises(Rejected):
            ada.create_draft(article)
    else:
        ada.create_draft(article)


@pytest.mark.parametrize("missing", [1, 0, -1])
def test_a_post_has_a_megabyte(ada: Tumblr, missing: int) -> None:
    from json import dumps

    def size(letters: int) -> int:
        content = ada.payload(replace(ARTICLE, markdown=paragraphs(letters)))["content"]
        return len(dumps(content, ensure_ascii=False).encode())

    letters = 1000
    letters += 1_000_000 - missing - size(letters)
    assert size(letters) == 1_000_000 - missing
    assert ((Level.REFUSED, "markdown") in said(ada, markdown=paragraphs(letters))) == (missing < 0)


def paragraphs(letters: int) -> str:
    """The same number of blocks whatever the number of letters, up to a million."""
    share, rest = divmod(letters, 250)
    return "\n\n".join("x" * (share + (number < rest)) for number in range(250))


@pytest.mark.parametrize("length", [4095, 4096, 4097])
def test_a_description_has_4096_characters(ada: Tumblr, length: int) -> None:
    [block] = blocks(ada, f"![{'x' * length}](https://x.example/p.png)")
    assert len(block["alt_text"]) == min(length, 4096)


def test_lists_go_eight_levels_deep(ada: Tumblr) -> None:
    deep = "\n".join(f"{'  ' * level}- {level}" for level in range(10))
    assert [block.get("indent_level", 0) for block in blocks(ada, deep)] == [0, 1, 2, 3, 4, 5, 6, 7, 7, 7]
    ada.create_draft(replace(ARTICLE, markdown=deep))


@pytest.mark.parametrize("size", [10 * 1024 * 1024 - 1, 10 * 1024 * 1024, 10 * 1024 * 1024 + 1])
def test_a_picture_has_ten_megabytes(ada: Tumblr, size: int) -> None:
    image = Image(digest="ab" * 32, url="https://x.example/p.png", path=Path("/nowhere"), size=size)
    found = said(ada, markdown="![p](https://x.example/p.png)", images=(image,))
    assert ((Level.REFUSED, "markdown") in found) == (size > 10 * 1024 * 1024)


@pytest.mark.parametrize(("tags", "sent"), [(("a", "b c"), "a,b c"), (("x, y", "#z", "Z", " "), "x y,z"), ((), "")])
def test_tags_are_one_text_with_commas(ada: Tumblr, tags: tuple[str, ...], sent: str) -> None:
    assert ada.payload(replace(ARTICLE, tags=tags))["tags"] == sent


# --- Publishing --------------------------------------------------------------------------------------------------


def test_the_state_is_always_said_since_without_it_everybody_would_see_it(ada: Tumblr) -> None:
    assert ada.payload(ARTICLE)["state"] == "draft"
    draft = ada.create_draft(ARTICLE)
    ada.publish_draft(draft.id, ARTICLE)
    sent = [one.request for one in ada.http.exchanges if one.method in ("POST", "PUT")]
    assert all('"state": ' in body for body in sent)


@pytest.mark.parametrize("fault", ["close", "html", "half_json"])
def test_a_lost_answer_is_found_again(ada: Tumblr, sandbox: Serving, fault: str) -> None:
    order(sandbox, "faults", platform="tumblr", call="create", fault=fault, times=1, when="after")
    with pytest.raises(OutcomeUnknown):
        ada.create_draft(ARTICLE)
    draft = ada.find(ARTICLE)
    assert draft is not None
    assert draft.visibility is Visibility.DRAFT
    order(sandbox, "faults", platform="tumblr", call="flip", fault=fault, times=1, when="after")
    with pytest.raises(OutcomeUnknown):
        ada.publish_draft(draft.id, ARTICLE)
    post = ada.find(ARTICLE, draft.id)
    assert post == ada.publish_draft(draft.id, ARTICLE)
    assert post.visibility is Visibility.PUBLIC


def test_a_post_stays_published_when_its_address_cannot_be_read(ada: Tumblr, sandbox: Serving) -> None:
    draft = ada.create_draft(ARTICLE)
    order(sandbox, "faults", platform="tumblr", call="list", fault="status", status=503, times=1)
    assert ada.publish_draft(draft.id, ARTICLE) == RemotePost(
        draft.id, f"https://sandbox.tumblr.com/post/{draft.id}/notes-on-the-engine-0b9f3c525d3e", Visibility.PUBLIC
    )


@pytest.mark.parametrize("code", [8004, 8023])
def test_a_days_limit_makes_us_wait(ada: Tumblr, sandbox: Serving, code: int) -> None:
    body = f'{{"meta": {{"status": 403}}, "errors": [{{"title": "No more today.", "code": {code}}}]}}'
    order(sandbox, "faults", platform="tumblr", call="create", fault="status", status=403, body=body, times=1)
    with pytest.raises(RateLimited, match="today") as raised:
        ada.create_draft(ARTICLE)
    assert raised.value.retry_after == 3600


def test_another_403_is_a_refusal_in_its_own_words(ada: Tumblr, sandbox: Serving) -> None:
    body = '{"meta": {"status": 403}, "errors": [{"title": "You cannot do that.", "code": 8010}]}'
    order(sandbox, "faults", platform="tumblr", call="create", fault="status", status=403, body=body, times=1)
    with pytest.raises(Rejected, match="cannot do that"):
        ada.create_draft(ARTICLE)


def test_a_private_post_stays_private_when_it_is_updated(ada: Tumblr) -> None:
    post = ada.publish_draft(ada.create_draft(ARTICLE).id, ARTICLE)
    ada.unpublish(post.id)
    assert ada.update(post.id, replace(ARTICLE, markdown="New")).visibility is Visibility.DRAFT
    assert requests.get(post.url, timeout=5).status_code == 404


def test_two_posts_of_one_slug_have_two_addresses(ada: Tumblr) -> None:
    first = ada.publish_draft(ada.create_draft(ARTICLE).id, ARTICLE)
    other = replace(ARTICLE, key=OTHER_KEY)
    second = ada.publish_draft(ada.create_draft(other).id, other)
    assert ada.find(ARTICLE) == first
    assert ada.find(other) == second


def test_the_blogs_are_offered_when_none_is_named(sandbox: Serving) -> None:
    assert made(Tumblr, ADA, settings_of(sandbox) | {"blog": ""}).verify().choices == {
        "blog": (("sandbox", "sandbox"),)
    }
    with pytest.raises(NotAuthorized, match="may not write"):
        made(Tumblr, ADA, settings_of(sandbox) | {"blog": "grace"}).verify()


def test_a_call_is_signed_as_the_standard_has_it() -> None:
    """The example of RFC 5849, section 1.2."""
    own = {
        "oauth_consumer_key": "dpf43f3p2l4k3l03", "oauth_token": "nnch734d00sl2jdk", "oauth_nonce": "chapoH",
        "oauth_signature_method": "HMAC-SHA1", "oauth_timestamp": "137131202",
    }  # fmt: skip
    url = "http://photos.example.net/photos?file=vacation.jpg&size=original"
    assert signature("GET", url, own, "kd94hf93k423kf44", "pfkkdhi9sl3r4s00") == "MdpQcU8iPSUjWoN/UDMsK2sui9I="


def test_the_key_of_the_article_is_not_shown_whole(ada: Tumblr) -> None:
    assert KEY not in str(ada.payload(ARTICLE))
