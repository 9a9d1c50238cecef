"""Buttondown: a mail that is out cannot be called back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from publishers.base import Image, Level, RemotePost, Visibility
from publishers.errors import Gone, OutcomeUnknown, PerhapsThere, PublishingError, Rejected
from publishers.platforms.buttondown import Buttondown
from sandbox.server import Serving
from tests.publishers.conftest import made, order, said
from tests.publishers.contract import ARTICLE, KEY, NEWER, PublisherContract

ADA = {"api_key": "sandbox-buttondown-key"}


class TestButtondown(PublisherContract):
    kind = Buttondown
    credentials = ADA
    wrong_credentials = {"api_key": "nobody-has-this-key"}
    unknown_id = "00000000-0000-4000-8000-000000000000"

    @pytest.fixture(autouse=True)
    def fresh(self, sandbox: Serving) -> None:
        order(sandbox, "reset")
        order(sandbox, "limits", platform="buttondown", on=False)

    @pytest.fixture
    def settings(self, sandbox: Serving) -> dict[str, Any]:
        return settings_of(sandbox)


def settings_of(sandbox: Serving) -> dict[str, Any]:
    return {"base_url": f"{sandbox.url}/buttondown/v1", "archival_mode": "enabled", "mails_everyone": True}


@pytest.fixture
def ada(sandbox: Serving) -> Buttondown:
    order(sandbox, "reset")
    order(sandbox, "limits", platform="buttondown", on=False)
    return made(Buttondown, ADA, settings_of(sandbox))


def mailed(sandbox: Serving) -> int:
    """How many mailings have gone out."""
    asked = requests.get(f"{sandbox.url}/_sandbox/articles", params={"platform": "buttondown"}, timeout=5)
    return sum(article["public"] for article in asked.json())


def emails(sandbox: Serving) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Token {ADA['api_key']}"}
    answer = requests.get(f"{sandbox.url}/buttondown/v1/emails", headers=headers, timeout=5)
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


# --- Never twice -------------------------------------------------------------------------------------------------


def test_nothing_is_ever_made_without_saying_that_it_is_a_draft(ada: Buttondown) -> None:
    assert ada.payload(ARTICLE)["status"] == "draft"
    ada.create_draft(ARTICLE)
    assert all('"status": "draft"' in one.request for one in ada.http.exchanges if one.method == "POST")


def test_a_draft_mails_nobody_and_a_flip_mails_once_however_often_it_is_done(ada: Buttondown, sandbox: Serving) -> None:
    draft = ada.create_draft(ARTICLE)
    assert mailed(sandbox) == 0
    for _ in range(3):
        ada.publish_draft(draft.id, ARTICLE)
    assert mailed(sandbox) == 1


@pytest.mark.parametrize("fault", ["close", "html", "half_json"])
def test_a_flip_whose_answer_is_lost_is_seen_and_not_done_again(ada: Buttondown, sandbox: Serving, fault: str) -> None:
    draft = ada.create_draft(ARTICLE)
    order(sandbox, "faults", platform="buttondown", call="flip", fault=fault, times=1, when="after")
    with pytest.raises(OutcomeUnknown):
        ada.publish_draft(draft.id, ARTICLE)
    assert ada.publish_draft(draft.id, ARTICLE).visibility is Visibility.PUBLIC
    assert mailed(sandbox) == 1


def test_a_flip_that_never_arrived_is_done(ada: Buttondown, sandbox: Serving) -> None:
    draft = ada.create_draft(ARTICLE)
    order(sandbox, "faults", platform="buttondown", call="flip", fault="close", times=1, when="before")
    with pytest.raises(OutcomeUnknown):
        ada.publish_draft(draft.id, ARTICLE)
    found = ada.find(ARTICLE, draft.id)
    assert found == draft
    ada.publish_draft(draft.id, ARTICLE)
    assert mailed(sandbox) == 1


def test_a_flip_that_cannot_read_the_state_sends_nothing(ada: Buttondown, sandbox: Serving) -> None:
    draft = ada.create_draft(ARTICLE)
    order(sandbox, "faults", platform="buttondown", call="look", fault="status", status=503, times=1)
    with pytest.raises(PublishingError):
        ada.publish_draft(draft.id, ARTICLE)
    assert mailed(sandbox) == 0


def test_what_was_sent_by_hand_meanwhile_is_taken_as_it_is(ada: Buttondown, sandbox: Serving) -> None:
    draft = ada.create_draft(ARTICLE)
    requests.patch(
        f"{sandbox.url}/buttondown/v1/emails/{draft.id}",
        json={"status": "about_to_send", "metadata": {"blogscheduler_id": KEY}},
        headers={"Authorization": f"Token {ADA['api_key']}", "X-Buttondown-Live-Dangerously": "true"},
        timeout=5,
    ).raise_for_status()
    assert ada.publish_draft(draft.id, ARTICLE).visibility is Visibility.PUBLIC
    assert mailed(sandbox) == 1


def test_an_update_and_a_taking_back_mail_nobody(ada: Buttondown, sandbox: Serving) -> None:
    post = publish(ada)
    ada.update(post.id, NEWER)
    ada.unpublish(post.id)
    ada.update(post.id, ARTICLE)
    [email] = emails(sandbox)
    assert mailed(sandbox) == 1
    assert (email["subject"], email["archival_mode"]) == (ARTICLE.title, "disabled")


def test_a_change_does_not_lose_our_mark_or_the_cover(ada: Buttondown, sandbox: Serving) -> None:
    article = replace(ARTICLE, cover_url="https://ada.example/c.png")
    post = publish(ada, article)
    ada.unpublish(post.id)
    [email] = emails(sandbox)
    assert (email["metadata"], email["image"]) == ({"blogscheduler_id": KEY}, "https://ada.example/c.png")


# --- What it is told ---------------------------------------------------------------------------------------------


def test_the_same_subject_and_text_may_be_our_own_lost_try(ada: Buttondown) -> None:
    draft = ada.create_draft(ARTICLE)
    with pytest.raises(PerhapsThere, match="already"):
        ada.create_draft(ARTICLE)
    assert ada.find(ARTICLE) == draft


def test_a_taken_slug_may_be_our_own_lost_try(ada: Buttondown) -> None:
    ada.create_draft(ARTICLE)
    with pytest.raises(PerhapsThere):
        ada.create_draft(replace(ARTICLE, title="Another"))


def test_a_deleted_draft_is_gone(ada: Buttondown) -> None:
    with pytest.raises(Gone):
        ada.publish_draft(TestButtondown.unknown_id, ARTICLE)
    with pytest.raises(Gone):
        ada.publish_draft("../../etc", ARTICLE)


def test_a_first_mail_that_is_not_confirmed_is_said(ada: Buttondown, sandbox: Serving) -> None:
    draft = ada.create_draft(ARTICLE)
    body = '{"code": "sending_requires_confirmation", "detail": "Please confirm."}'
    order(sandbox, "faults", platform="buttondown", call="flip", fault="status", status=400, body=body, times=1)
    with pytest.raises(Rejected, match="confirm"):
        ada.publish_draft(draft.id, ARTICLE)


@pytest.mark.parametrize("held", [{"status": "suppressed"}, {"status": "draft", "suppression_reason": "spam"}])
def test_what_buttondown_holds_back_is_not_called_published(
    ada: Buttondown, sandbox: Serving, held: dict[str, str]
) -> None:
    draft = ada.create_draft(ARTICLE)
    body = json.dumps({"id": draft.id, "absolute_url": "https://ada.example/x", **held})
    order(sandbox, "faults", platform="buttondown", call="flip", fault="status", status=200, body=body, times=1)
    with pytest.raises(Rejected, match="keeps this email from being sent"):
        ada.publish_draft(draft.id, ARTICLE)
    order(sandbox, "faults", platform="buttondown", call="look", fault="status", status=200, body=body, times=2)
    found = ada.find(ARTICLE, draft.id)
    assert found is not None
    assert found.visibility is Visibility.DRAFT
    with pytest.raises(Rejected):
        ada.publish_draft(draft.id, ARTICLE)
    assert mailed(sandbox) == 0


def test_a_state_that_we_do_not_know_counts_as_out_and_is_said(ada: Buttondown, sandbox: Serving) -> None:
    draft = ada.create_draft(ARTICLE)
    body = json.dumps({"id": draft.id, "status": "paused", "absolute_url": "https://ada.example/x"})
    order(sandbox, "faults", platform="buttondown", call="look", fault="status", status=200, body=body, times=1)
    post = ada.publish_draft(draft.id, ARTICLE)
    assert post.visibility is Visibility.PUBLIC
    assert "paused" in post.note
    assert mailed(sandbox) == 0


def test_somebody_must_say_that_everybody_is_mailed(sandbox: Serving) -> None:
    form = Buttondown.settings_form(settings_of(sandbox) | {"mails_everyone": False})
    assert "called back" in str(form.errors["mails_everyone"])


def test_an_archive_that_is_not_public_gives_no_page_to_look_at(sandbox: Serving) -> None:
    order(sandbox, "reset")
    private = made(Buttondown, ADA, settings_of(sandbox) | {"archival_mode": "disabled"})
    post = publish(private)
    assert post == RemotePost(post.id, "", Visibility.PUBLIC)


def publish(publisher: Buttondown, article: Any = ARTICLE) -> RemotePost:
    return publisher.publish_draft(publisher.create_draft(article).id, article)


# --- What happens to a text --------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1999, 2000, 2001])
def test_a_subject_has_2000_characters_at_most(ada: Buttondown, length: int) -> None:
    article = replace(ARTICLE, title="x" * length)
    refused = [level for level, field in said(ada, title=article.title) if field == "title"]
    assert refused == ([Level.REFUSED] if length > 2000 else [])
    if length > 2000:
        with pytest.raises(Rejected):
            ada.create_draft(article)
    else:
        ada.create_draft(article)


@pytest.mark.parametrize("length", [99, 100, 101])
def test_a_slug_has_100_characters_at_most(ada: Buttondown, sandbox: Serving, length: int) -> None:
    ada.create_draft(replace(ARTICLE, slug="x" * length))
    assert emails(sandbox)[0]["slug"] == "x" * min(length, 100)
    assert ((Level.CHANGED, "slug") in said(ada, slug="x" * length)) == (length > 100)


@pytest.mark.parametrize("length", [1999, 2000, 2001])
def test_a_canonical_address_has_2000_characters_at_most(ada: Buttondown, length: int) -> None:
    url = "https://ada.example/".ljust(length, "x")
    assert ((Level.REFUSED, "canonical_url") in said(ada, canonical_url=url)) == (length > 2000)


@pytest.mark.parametrize(("slug", "sent"), [("Grüße, Welt", "Grue-Welt"), ("日本", None), ("a_b-c", "a_b-c")])
def test_a_slug_gets_the_letters_that_are_taken(ada: Buttondown, slug: str, sent: str | None) -> None:
    assert ada.payload(replace(ARTICLE, slug=slug)).get("slug") == sent


def test_the_text_says_that_it_is_markdown_and_has_no_front_matter(ada: Buttondown, sandbox: Serving) -> None:
    text = f"---\nlayout: post\n---\n# {ARTICLE.title}\n\nHello {{{{ name }}}}, `{{{{ code }}}}`"
    ada.create_draft(replace(ARTICLE, markdown=text))
    assert emails(sandbox)[0]["body"] == (
        "<!-- buttondown-editor-mode: plaintext -->\nHello &#123;{ name }}, `{{ code }}`"
    )
    levels = [level for level, field in said(ada, markdown=text) if field == "markdown"]
    assert levels.count(Level.CHANGED) == 3


def test_our_own_pictures_are_uploaded_and_named_by_their_address_there(ada: Buttondown, tmp_path: Path) -> None:
    file = tmp_path / "upload"
    file.write_bytes(b"\x89PNG not really")
    image = Image(digest="ab" * 32, url="http://127.0.0.1:8000/media/1.png", path=file, name="e.png",
                  media_type="image/png")  # fmt: skip
    remote = ada.upload(image)
    assert remote.url.startswith("https://assets.buttondown.example/")
    text = f"![E]({image.url})"
    article = replace(ARTICLE, markdown=text, cover_url=image.url, images=(image,), uploaded={image.digest: remote})
    sent = ada.payload(article)
    assert sent["body"].endswith(f"![E]({remote.url})")
    assert sent["image"] == remote.url
    with pytest.raises(Rejected, match="svg"):
        ada.upload(replace(image, media_type="image/svg+xml"))


def test_tags_are_lost_and_said(ada: Buttondown) -> None:
    assert (Level.LOST, "tags") in said(ada)
    assert (Level.LOST, "tags") not in said(ada, tags=())
