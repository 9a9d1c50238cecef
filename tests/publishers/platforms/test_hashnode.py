"""Hashnode against the sandbox: the whole story, lost answers, old answers, and looking for our article."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from graphql import OperationDefinitionNode, parse, validate
from graphql.execution.values import get_variable_values

from publishers.base import Article, Image, Publisher, RemotePost, TwoStep, Unpublishes, Updates, Visibility
from publishers.errors import (
    Gone,
    NotAuthorized,
    OutcomeUnknown,
    PerhapsThere,
    PublishingError,
    Rejected,
    Unavailable,
)
from publishers.marks import mark
from publishers.platforms.hashnode import Hashnode, documents
from publishers.platforms.hashnode.article import size_of
from sandbox.platforms.hashnode.graph import SCHEMA
from sandbox.server import Serving, serve
from tests.publishers.conftest import made, order
from tests.publishers.contract import ARTICLE, KEY, OTHER_KEY, PublisherContract
from tests.sandbox.conftest import TestClock

NEWS = "a" * 24  # the id of no publication


@pytest.fixture(scope="module")
def clock() -> TestClock:
    return TestClock()


@pytest.fixture(scope="module")
def serving(clock: TestClock) -> Iterator[Serving]:
    with serve(port=0, clock=clock) as serving:
        yield serving


def fault(serving: Serving, call: str, kind: str, **more: Any) -> None:
    order(serving, "faults", platform="hashnode", call=call, fault=kind, **more)


def counts(serving: Serving) -> dict[str, int]:
    answer = requests.get(f"{serving.url}/_sandbox/counts?platform=hashnode", timeout=5)
    found: dict[str, int] = answer.json().get(KEY, {"public": 0, "drafts": 0})
    return found


@pytest.fixture
def sandbox(serving: Serving) -> Iterator[Serving]:
    """Nothing there, and every switch as it is at the start when the test is over."""
    order(serving, "reset")
    yield serving
    for switch in ("retired", "contributor"):
        order(serving, "switches", platform="hashnode", switch=switch, on=False)
    for switch in ("pro", "suffix", "cache"):
        order(serving, "switches", platform="hashnode", switch=switch, on=True)


def hashnode_at(base_url: str, token: str = "sandbox-hashnode-key", **settings: Any) -> Hashnode:
    settings = {"base_url": base_url, "publication": ""} | settings
    return made(Hashnode, {"token": token}, settings)


def in_publication(serving: Serving, token: str = "sandbox-hashnode-key", **settings: Any) -> Hashnode:
    """With the first of the account's publications chosen."""
    asking = hashnode_at(f"{serving.url}/hashnode", token, publication=NEWS)
    (publication, _), *_ = asking.verify().choices["publication"]
    return hashnode_at(f"{serving.url}/hashnode", token, publication=publication, **settings)


@pytest.fixture
def hashnode(sandbox: Serving) -> Hashnode:
    return in_publication(sandbox)


class TestContract(PublisherContract):
    kind = Hashnode
    credentials = {"token": "sandbox-hashnode-key"}
    wrong_credentials = {"token": "wrong"}

    @pytest.fixture
    def settings(self, sandbox: Serving) -> dict[str, Any]:
        return dict(in_publication(sandbox).settings)

    def test_publishing_again_changes_nothing(self, publisher: Publisher) -> None:
        """Publishing has used the draft up: a second time we are told to look, and find the one post there is."""
        assert isinstance(publisher, Hashnode)
        draft = publisher.create_draft(ARTICLE)
        first = publisher.publish_draft(draft.id, ARTICLE)
        with pytest.raises(PerhapsThere) as caught:
            publisher.publish_draft(draft.id, ARTICLE)
        assert caught.value.retry_after is None
        assert publisher.find(ARTICLE, draft.id) == first


# --- Connecting --------------------------------------------------------------------------------------------------


def test_our_publications_are_there_to_choose_from(sandbox: Serving) -> None:
    account = hashnode_at(f"{sandbox.url}/hashnode").verify()
    assert account.name == "@sandbox"
    labels = [label for _, label in account.choices["publication"]]
    place = sandbox.url.removeprefix("http://")
    assert labels == [
        f"Sandbox's blog ({place}/hashnode/sandbox)",
        f"Sandbox's notes ({place}/hashnode/sandbox-notes)",
    ]
    assert all(len(value) == 24 for value, _ in account.choices["publication"])


def test_the_chosen_publication_gives_the_account_its_address(hashnode: Hashnode) -> None:
    account = hashnode.verify()
    assert account.url.endswith("/hashnode/sandbox")


def test_a_publication_that_is_no_longer_ours_is_not_among_the_choices(sandbox: Serving) -> None:
    account = hashnode_at(f"{sandbox.url}/hashnode", publication=NEWS).verify()
    assert NEWS not in dict(account.choices["publication"])


@pytest.mark.parametrize("publication", ["", None])
def test_an_only_publication_without_the_paid_plan_is_said_in_hashnodes_words(
    sandbox: Serving, publication: str | None
) -> None:
    free = hashnode_at(f"{sandbox.url}/hashnode", "sandbox-hashnode-free-key", publication=publication)
    with pytest.raises(NotAuthorized, match="does not have an active Pro plan"):
        free.verify()


def test_a_chosen_publication_without_the_paid_plan_is_said_too(hashnode: Hashnode, sandbox: Serving) -> None:
    order(sandbox, "switches", platform="hashnode", switch="pro", on=False)
    with pytest.raises(NotAuthorized, match="does not have an active Pro plan"):
        hashnode.verify()


def test_without_a_publication_nothing_is_sent(sandbox: Serving) -> None:
    unsettled = hashnode_at(f"{sandbox.url}/hashnode")
    with pytest.raises(Rejected, match="No publication is chosen"):
        unsettled.create_draft(ARTICLE)
    with pytest.raises(Unavailable, match="No publication is chosen"):
        unsettled.find(ARTICLE)
    assert unsettled.http.exchanges == []


# --- Publishing --------------------------------------------------------------------------------------------------


def test_the_flip_brings_the_draft_to_the_present_text_and_makes_a_post_of_it(hashnode: Hashnode) -> None:
    draft = hashnode.create_draft(ARTICLE)
    post = hashnode.publish_draft(draft.id, replace(ARTICLE, title="Second thoughts"))
    page = requests.get(post.url, timeout=5)
    assert page.ok
    assert "Second thoughts" in page.text
    assert '<link rel="canonical" href="https://ada.example/notes">' in page.text
    assert post.url.endswith("/hashnode/sandbox/notes-on-the-engine")
    assert post.id != draft.id


def test_an_embed_in_the_text_stays_text(hashnode: Hashnode) -> None:
    text = "Write\n\n%[https://x.example/]\n\nto embed.\n"
    draft = hashnode.create_draft(replace(ARTICLE, markdown=text))
    page = requests.get(hashnode.publish_draft(draft.id, replace(ARTICLE, markdown=text)).url, timeout=5).text
    assert "%[https://x.example/]" in page
    assert "embedded:" not in page


def test_a_series_is_looked_up_by_its_slug(hashnode: Hashnode) -> None:
    article = replace(ARTICLE, options={"series": "letters"})
    draft = hashnode.create_draft(article)
    assert hashnode.publish_draft(draft.id, article).visibility is Visibility.PUBLIC
    sent = [json.loads(exchange.request)["variables"].get("input", {}) for exchange in hashnode.http.exchanges]
    assert len({fields["seriesId"] for fields in sent if "seriesId" in fields}) == 1


def test_a_series_that_is_not_there_is_said_and_nothing_is_created(hashnode: Hashnode, sandbox: Serving) -> None:
    with pytest.raises(Rejected, match="no series “novels”"):
        hashnode.create_draft(replace(ARTICLE, options={"series": "https://x.example/series/novels/"}))
    assert counts(sandbox) == {"public": 0, "drafts": 0}


def test_a_free_plan_is_a_refusal_with_hashnodes_words(hashnode: Hashnode, sandbox: Serving) -> None:
    draft = hashnode.create_draft(ARTICLE)
    order(sandbox, "switches", platform="hashnode", switch="pro", on=False)
    with pytest.raises(PublishingError, match="active Pro plan") as creating:
        hashnode.create_draft(ARTICLE)
    with pytest.raises(PublishingError, match="active Pro plan") as flipping:
        hashnode.publish_draft(draft.id, ARTICLE)
    assert type(creating.value) is type(flipping.value) is Rejected


def test_somebody_who_may_only_write_drafts_is_told_so(hashnode: Hashnode, sandbox: Serving) -> None:
    order(sandbox, "switches", platform="hashnode", switch="contributor", on=True)
    draft = hashnode.create_draft(ARTICLE)
    with pytest.raises(Rejected, match="Contributors cannot publish"):
        hashnode.publish_draft(draft.id, ARTICLE)


def test_a_retired_address_is_said_and_nothing_was_created(hashnode: Hashnode, sandbox: Serving) -> None:
    order(sandbox, "switches", platform="hashnode", switch="retired", on=True)
    with pytest.raises(PublishingError, match=r"not at this address any more.*changelog") as caught:
        hashnode.create_draft(ARTICLE)
    assert type(caught.value) is Rejected
    for reading in (lambda: hashnode.find(ARTICLE), hashnode.verify):
        with pytest.raises(Unavailable, match="not at this address any more"):
            reading()
    assert counts(sandbox) == {"public": 0, "drafts": 0}


def test_a_draft_that_is_not_there_any_more_has_perhaps_been_published(hashnode: Hashnode) -> None:
    with pytest.raises(PerhapsThere, match="published or deleted there") as caught:
        hashnode.publish_draft("0" * 24, ARTICLE)
    assert caught.value.retry_after is None


def test_a_slug_that_is_taken_gets_a_number_and_both_are_found(hashnode: Hashnode) -> None:
    theirs, ours = replace(ARTICLE, key=OTHER_KEY), ARTICLE
    hashnode.publish_draft(hashnode.create_draft(theirs).id, theirs)
    post = hashnode.publish_draft(hashnode.create_draft(ours).id, ours)
    assert post.url.endswith("/notes-on-the-engine-1")
    assert hashnode.find(ours) == post
    found = hashnode.find(theirs)
    assert found is not None
    assert found.url.endswith("/notes-on-the-engine")


def test_where_a_taken_slug_is_an_error_it_may_be_our_own_post(hashnode: Hashnode, sandbox: Serving) -> None:
    order(sandbox, "switches", platform="hashnode", switch="suffix", on=False)
    theirs = replace(ARTICLE, key=OTHER_KEY)
    hashnode.publish_draft(hashnode.create_draft(theirs).id, theirs)
    draft = hashnode.create_draft(ARTICLE)
    with pytest.raises(PerhapsThere, match="slug already exists") as caught:
        hashnode.publish_draft(draft.id, ARTICLE)
    assert caught.value.retry_after is None
    assert hashnode.find(ARTICLE, draft.id) == draft  # so that the refusal stands


# --- Later -------------------------------------------------------------------------------------------------------


def test_it_can_change_and_hide_what_is_public(hashnode: Hashnode) -> None:
    assert isinstance(hashnode, Updates)
    assert isinstance(hashnode, Unpublishes)
    post = hashnode.publish_draft(hashnode.create_draft(ARTICLE).id, ARTICLE)
    for _ in range(2):
        assert hashnode.update(post.id, replace(ARTICLE, title="Third thoughts", slug="elsewhere")) == post
        hashnode.unpublish(post.id)
    page = requests.get(post.url, timeout=5)  # hidden from lists, not from those who know it
    assert "Third thoughts" in page.text


def test_what_is_gone_can_neither_be_changed_nor_hidden(hashnode: Hashnode) -> None:
    draft = hashnode.create_draft(ARTICLE)
    for gone in ("f" * 24, draft.id):
        with pytest.raises(Gone, match="no longer on Hashnode"):
            hashnode.update(gone, ARTICLE)
        with pytest.raises(Gone, match="no longer on Hashnode"):
            hashnode.unpublish(gone)


# --- Lost answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["close", "html", "half_json"])
def test_a_draft_whose_answer_is_lost_is_found_again(hashnode: Hashnode, sandbox: Serving, kind: str) -> None:
    fault(sandbox, "create", kind, when="after")
    with pytest.raises(OutcomeUnknown):
        hashnode.create_draft(ARTICLE)
    found = hashnode.find(ARTICLE)
    assert found is not None
    assert found.visibility is Visibility.DRAFT
    assert hashnode.publish_draft(found.id, ARTICLE).visibility is Visibility.PUBLIC
    assert counts(sandbox) == {"public": 1, "drafts": 0}


@pytest.mark.parametrize("kind", ["close", "html", "half_json"])
def test_a_flip_whose_answer_is_lost_is_found_public_under_its_new_id(
    hashnode: Hashnode, sandbox: Serving, kind: str
) -> None:
    draft = hashnode.create_draft(ARTICLE)
    fault(sandbox, "flip", kind, when="after")
    with pytest.raises(OutcomeUnknown) as caught:
        hashnode.publish_draft(draft.id, ARTICLE)
    assert not isinstance(caught.value, PerhapsThere)
    found = hashnode.find(ARTICLE, draft.id)
    assert found is not None
    assert found.visibility is Visibility.PUBLIC
    assert found.url
    assert found.id != draft.id


def test_a_flip_that_never_arrived_leaves_the_draft(hashnode: Hashnode, sandbox: Serving) -> None:
    draft = hashnode.create_draft(ARTICLE)
    fault(sandbox, "flip", "close", when="before")
    with pytest.raises(OutcomeUnknown):
        hashnode.publish_draft(draft.id, ARTICLE)
    assert hashnode.find(ARTICLE, draft.id) == draft


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_change_of_the_draft_whose_answer_is_lost_is_only_tried_later(
    hashnode: Hashnode, sandbox: Serving, when: str
) -> None:
    draft = hashnode.create_draft(ARTICLE)
    fault(sandbox, "update", "close", when=when)
    with pytest.raises(Unavailable, match="could not be brought to the present text"):
        hashnode.publish_draft(draft.id, ARTICLE)
    assert counts(sandbox) == {"public": 0, "drafts": 1}
    assert hashnode.publish_draft(draft.id, ARTICLE).visibility is Visibility.PUBLIC


def test_a_draft_that_never_arrived_is_not_found(hashnode: Hashnode, sandbox: Serving) -> None:
    fault(sandbox, "create", "close", when="before")
    with pytest.raises(OutcomeUnknown):
        hashnode.create_draft(ARTICLE)
    assert hashnode.find(ARTICLE) is None


def test_old_answers_hide_a_post_and_are_over_when_the_look_ups_count(
    hashnode: Hashnode, sandbox: Serving, clock: TestClock
) -> None:
    assert hashnode.find(ARTICLE) is None  # from now on that is what is answered for 25 seconds
    draft = hashnode.create_draft(ARTICLE)
    hashnode.publish_draft(draft.id, ARTICLE)
    assert hashnode.find(ARTICLE) is None
    clock.forward(Hashnode.limits.settle_seconds)
    found = hashnode.find(ARTICLE)
    assert found is not None
    assert found.visibility is Visibility.PUBLIC
    assert Hashnode.limits.looks == 2
    assert Hashnode.limits.settle_seconds > 30


def test_a_stale_look_up_on_order_does_not_see_what_is_new(
    hashnode: Hashnode, sandbox: Serving, clock: TestClock
) -> None:
    clock.forward(100)
    hashnode.create_draft(ARTICLE)
    fault(sandbox, "*", "stale", seconds=20, times=None)
    assert hashnode.find(ARTICLE) is None
    clock.forward(30)
    assert hashnode.find(ARTICLE) is not None


# --- Looking -----------------------------------------------------------------------------------------------------


def publish(hashnode: Hashnode, article: Article) -> RemotePost:
    return hashnode.publish_draft(hashnode.create_draft(article).id, article)


def test_it_is_found_by_its_mark_when_its_slug_and_title_were_changed(hashnode: Hashnode) -> None:
    post = publish(hashnode, ARTICLE)
    assert hashnode.find(replace(ARTICLE, title="Another title", slug="another-slug")) == post


def test_it_is_found_by_its_id_when_its_mark_was_removed(hashnode: Hashnode) -> None:
    post = publish(hashnode, replace(ARTICLE, key=OTHER_KEY, canonical_url=""))
    elsewhere = replace(ARTICLE, slug="another-slug")
    assert hashnode.find(elsewhere, post.id) == post
    assert hashnode.find(elsewhere) is None


def rename(hashnode: Hashnode, post: RemotePost, **changes: Any) -> None:
    """As its author may do on the platform itself."""
    body = {"query": documents.UPDATE_POST, "variables": {"input": {"id": post.id} | changes}}
    hashnode.http.call(
        "POST", f"{hashnode.settings['base_url']}/", headers={"Authorization": "sandbox-hashnode-key"}, json=body,
        writes=True,
    )  # fmt: skip


def test_it_is_found_behind_a_redirect_when_its_slug_was_changed_there(hashnode: Hashnode) -> None:
    post = publish(hashnode, ARTICLE)
    rename(hashnode, post, slug="renamed-there")
    before = len(hashnode.http.exchanges)
    found = hashnode.find(ARTICLE)
    assert found is not None
    assert found.id == post.id
    assert found.url.endswith("/renamed-there")
    assert len(hashnode.http.exchanges) - before == 2


def test_it_is_found_by_its_canonical_address_only_when_nothing_else_is_ours(hashnode: Hashnode) -> None:
    by_hand = publish(hashnode, replace(ARTICLE, slug="by-hand"))
    rename(hashnode, by_hand, contentMarkdown="Without a mark.")
    found = hashnode.find(replace(ARTICLE, slug="ours"))
    assert found is not None
    assert found.id == by_hand.id
    assert hashnode.find(replace(ARTICLE, slug="ours", canonical_url="https://ada.example/other")) is None
    assert hashnode.find(replace(ARTICLE, slug="ours", canonical_url="")) is None


def test_our_own_draft_wins_over_a_stranger_with_the_same_canonical_address(hashnode: Hashnode) -> None:
    by_hand = publish(hashnode, replace(ARTICLE, slug="by-hand"))
    rename(hashnode, by_hand, contentMarkdown="Without a mark.")
    draft = hashnode.create_draft(ARTICLE)
    assert hashnode.find(ARTICLE) == draft


def test_a_public_post_of_ours_wins_over_a_second_draft(hashnode: Hashnode) -> None:
    post = publish(hashnode, ARTICLE)
    second = hashnode.create_draft(ARTICLE)
    assert hashnode.find(ARTICLE, second.id) == post


def test_it_is_found_among_many(hashnode: Hashnode) -> None:
    ours = hashnode.create_draft(ARTICLE)
    for number in range(55):
        hashnode.create_draft(replace(ARTICLE, key=OTHER_KEY, slug=f"other-{number}"))
    assert hashnode.find(ARTICLE) == ours


def test_a_title_without_plain_letters_is_found_by_its_mark(hashnode: Hashnode) -> None:
    article = replace(ARTICLE, title="解析機関", slug="")
    assert hashnode.find(article) is None
    post = publish(hashnode, replace(article, key=OTHER_KEY))
    assert hashnode.find(replace(article, key=OTHER_KEY), post.id) == post


# --- Whatever is sent fits the contract --------------------------------------------------------------------------


def assert_it_fits(body: dict[str, Any]) -> None:
    """The document by validation, and the variables by coercion: an unknown input field passes the first alone."""
    document = parse(body["query"])
    assert validate(SCHEMA, document) == []
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    definitions = operation.variable_definitions or ()
    assert not isinstance(get_variable_values(SCHEMA, definitions, body["variables"]), list)


def test_the_test_itself_notices_what_does_not_fit() -> None:
    fields = {"publicationId": NEWS, "contentMarkdown": "x"}
    for wrong in ({"coverImage": "https://x.example/a.png"}, {"tags": [{"id": "1"}]}, {"publicationId": ""}):
        with pytest.raises(AssertionError):
            assert_it_fits({"query": documents.CREATE_DRAFT, "variables": {"input": fields | wrong}})


DOCUMENTS = [name for name in dir(documents) if name.isupper() and not name.startswith("_")]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_is_valid(name: str) -> None:
    assert validate(SCHEMA, parse(getattr(documents, name))) == []


def test_everything_that_goes_over_the_wire_fits(hashnode: Hashnode, tmp_path: Path) -> None:
    full = replace(
        ARTICLE,
        cover_url="https://ada.example/cover.png",
        tags=("C#", "machine learning", "größe"),
        options={
            "subtitle": "Of numbers", "series": "letters", "seo_title": "Engine", "seo_description": "About it.",
            "seo_image": "https://ada.example/loom.png",
            "table_of_contents": "yes", "newsletter": "yes", "disable_comments": "yes", "delist": "yes",
        },
    )  # fmt: skip
    bare = Article(key=OTHER_KEY, title="Ä", markdown="b")
    for article in (full, bare):
        post = publish(hashnode, article)
        rename(hashnode, post, slug="renamed-there")
        hashnode.find(article, post.id)
        hashnode.find(replace(article, key=NEWS, slug="nowhere", canonical_url=""), "f" * 24)
        hashnode.update(post.id, article)
        hashnode.unpublish(post.id)
        assert_it_fits(hashnode.payload(article))
    hashnode.verify()
    (tmp_path / "engine.png").write_bytes(b"PNG")
    hashnode.upload(Image(digest="1", url="", path=tmp_path / "engine.png", name="engine.png", media_type="image/png"))
    sent = [exchange.request for exchange in hashnode.http.exchanges if not exchange.url.endswith("/storage")]
    bodies = [json.loads(request) for request in sent]
    for body in bodies:
        assert_it_fits(body)
    assert {body["query"] for body in bodies} | {documents.PLAN} == {getattr(documents, name) for name in DOCUMENTS}


def test_the_newsletter_is_sent_only_when_it_is_wanted(hashnode: Hashnode) -> None:
    publish(hashnode, ARTICLE)
    inputs = [json.loads(exchange.request)["variables"].get("input", {}) for exchange in hashnode.http.exchanges]
    said = [fields["settings"]["activateNewsletter"] for fields in inputs if "settings" in fields]
    assert said == [False, False]


def test_the_token_travels_only_in_its_header(hashnode: Hashnode) -> None:
    publish(hashnode, ARTICLE)
    assert "sandbox-hashnode-key" not in repr(hashnode.http.exchanges)


def test_it_is_a_publisher_in_two_steps(hashnode: Hashnode) -> None:
    assert isinstance(hashnode, TwoStep)
    assert mark(KEY) in hashnode.payload(ARTICLE)["variables"]["input"]["contentMarkdown"]
    assert size_of(hashnode.payload(ARTICLE)) < 2_000
