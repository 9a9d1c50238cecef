"""What every publisher promises, as tests. A platform's own tests inherit this and name a handful of attributes.

Also for packages outside of this house: docs/adding-a-platform.md says how they run it. It needs pytest, which is there
where tests are run and nowhere else; nothing of the product imports this file.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, TypeGuard
from urllib.parse import urlsplit

import pytest

from publishers import PUBLISHERS
from publishers.base import (
    Article,
    Assisted,
    Finds,
    Level,
    OneStep,
    Publisher,
    RemotePost,
    Surroundings,
    Takes,
    TwoStep,
    Unpublishes,
    Updates,
    Visibility,
)
from publishers.errors import Gone, NotAuthorized, PublishingError, Unavailable
from publishers.http import Http, origin_of

KEY = "0b9f3c52-5d3e-4a51-9c5e-6a6f5f0f2b11"
OTHER_KEY = "7f1d5e44-8d0a-4f6f-9a55-0c7a3cf2d9aa"

ARTICLE = Article(
    key=KEY,
    title="Notes on the Analytical Engine",
    markdown="The engine *weaves* patterns.\n\n```python\nprint('hello')\n```\n",
    summary="What the engine can do.",
    tags=("math", "history"),
    slug="notes-on-the-engine",
    canonical_url="https://ada.example/notes",
    language="en",
    author="Ada Lovelace",
    due_at=datetime(2026, 11, 22, 18, 30, tzinfo=UTC),
)
# The same publication with another text: whatever can be changed about an article is another one.
NEWER = replace(
    ARTICLE,
    title="Second Thoughts on the Engine",
    markdown="It weaves *algebraical* patterns.\n",
    summary="What the engine can do, and what it cannot.",
    tags=("computing",),
    slug="second-thoughts",
)


class PublisherContract:
    """``kind`` is the class; ``settings`` makes the settings of one that works, at a stand-in for its platform."""

    kind: ClassVar[type[Publisher]]
    credentials: ClassVar[dict[str, Any]] = {}
    wrong_credentials: ClassVar[dict[str, Any] | None] = None
    unknown_id: ClassVar[str] = "424242"  # as an id looks there, of an article that does not exist

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        raise NotImplementedError

    @pytest.fixture
    def http(self, settings: dict[str, Any]) -> Http:
        origins = frozenset(filter(None, [self.kind.origin(settings)]))
        return Http(private_origins=origins, secrets=self.credentials.values(), deadline=5, label=self.kind.label)

    @pytest.fixture
    def publisher(self, settings: dict[str, Any], http: Http, tmp_path: Path) -> Publisher:
        surroundings = Surroundings(http=http, files=tmp_path)
        return self.kind(credentials=self.credentials, settings=settings, surroundings=surroundings)

    def publish(self, publisher: Publisher, article: Article) -> RemotePost:
        if has_drafts(publisher):
            draft = publisher.create_draft(article)
            return publisher.publish_draft(draft.id, article)
        assert isinstance(publisher, OneStep)
        return publisher.publish(article)

    def articles(self, publisher: Publisher) -> int | None:
        """How many articles there are, drafts too, as the place itself counts; None where nobody counts.

        Say here how to count, where that can be done: then it is proved that nothing is created twice.
        """
        return None

    def page(self, post: RemotePost) -> str | None:
        """What readers see at its address, "" when there is nothing; None where it has none that answers here."""
        if urlsplit(post.url).hostname not in ("127.0.0.1", "localhost"):
            return None
        answer = Http(private_origins=frozenset({origin_of(post.url)})).page(post.url).answer
        return answer.text if 200 <= answer.status < 300 else ""

    # Who it is

    def test_it_is_listed_under_its_name(self) -> None:
        assert PUBLISHERS[self.kind.name] is self.kind
        assert self.kind.label

    def test_it_tells_where_to_find_the_key_in_at_most_three_numbered_sentences(self) -> None:
        assert 1 <= len(self.kind.steps) <= 3
        for number, step in enumerate(self.kind.steps, 1):
            assert step.startswith(f"{number}. ")
            assert step.endswith(".")

    def test_its_forms_take_what_it_is_made_with(self, settings: dict[str, Any]) -> None:
        for form in (self.kind.credentials_form(self.credentials), self.kind.settings_form(settings)):
            assert form.is_valid(), form.errors
            json.dumps(form.cleaned_data)

    def test_its_secrets_are_not_shown_again(self) -> None:
        page = self.kind.credentials_form(initial=self.credentials).as_p()
        for secret in self.credentials.values():
            assert secret not in page

    def test_it_knows_who_we_are(self, publisher: Publisher) -> None:
        account = publisher.verify()
        assert account.id
        assert account.name

    def test_wrong_credentials_are_said(self, settings: dict[str, Any], http: Http, tmp_path: Path) -> None:
        if self.wrong_credentials is None:
            pytest.skip("it needs no credentials")
        surroundings = Surroundings(http=http, files=tmp_path)
        stranger = self.kind(credentials=self.wrong_credentials, settings=settings, surroundings=surroundings)
        with pytest.raises(NotAuthorized, match=self.kind.label):
            stranger.verify()
        with pytest.raises(NotAuthorized):
            self.publish(stranger, ARTICLE)
        if isinstance(stranger, Finds):
            with pytest.raises(NotAuthorized):
                stranger.find(ARTICLE)

    # What it says beforehand

    def test_an_ordinary_article_is_not_refused(self, publisher: Publisher) -> None:
        assert [finding for finding in publisher.check(ARTICLE) if finding.level is Level.REFUSED] == []

    @pytest.mark.parametrize("change", [{"title": " "}, {"markdown": " \n"}])
    def test_an_empty_article_is_refused_while_it_is_scheduled(self, publisher: Publisher, change: Any) -> None:
        refused = [f.field for f in publisher.check(replace(ARTICLE, **change)) if f.level is Level.REFUSED]
        assert refused == list(change)

    def test_every_finding_is_a_sentence_about_a_field_of_the_article(self, publisher: Publisher) -> None:
        odd = replace(ARTICLE, title="x" * 999, markdown="# a\n![b](c.png)", tags=("a b", "c#", "", "d", "e", "f"))
        for finding in publisher.check(odd):
            assert hasattr(ARTICLE, finding.field)
            assert finding.message.endswith(".")

    def test_checking_and_packing_need_no_network(self, publisher: Publisher, http: Http) -> None:
        publisher.check(ARTICLE)
        assert publisher.payload(ARTICLE) == publisher.payload(ARTICLE)
        json.dumps(publisher.payload(ARTICLE))
        assert http.exchanges == []

    def test_the_payload_carries_the_mark(self, publisher: Publisher) -> None:
        assert KEY in json.dumps(publisher.payload(ARTICLE))

    # What it does

    def test_what_is_published_is_public_and_found_again(self, publisher: Publisher) -> None:
        post = self.publish(publisher, ARTICLE)
        assert post.visibility is Visibility.PUBLIC
        assert post.id
        if isinstance(publisher, Finds):
            assert publisher.find(ARTICLE) == post
            assert publisher.find(ARTICLE, post.id) == post

    def test_what_is_not_there_is_not_found(self, publisher: Publisher) -> None:
        if not isinstance(publisher, Finds):
            pytest.skip("it cannot look")
        assert publisher.find(ARTICLE) is None
        assert publisher.find(ARTICLE, "424242") is None

    def test_another_article_is_not_taken_for_ours(self, publisher: Publisher) -> None:
        if not isinstance(publisher, Finds):
            pytest.skip("it cannot look")
        self.publish(publisher, ARTICLE)
        assert publisher.find(replace(ARTICLE, key=OTHER_KEY)) is None

    def test_a_draft_is_invisible_and_found_as_a_draft(self, publisher: Publisher) -> None:
        if not has_drafts(publisher):
            pytest.skip("it has no drafts")
        draft = publisher.create_draft(ARTICLE)
        assert draft.visibility is Visibility.DRAFT
        assert isinstance(publisher, Finds)
        assert publisher.find(ARTICLE) == draft

    def test_publishing_again_changes_nothing(self, publisher: Publisher) -> None:
        if has_drafts(publisher):
            draft = publisher.create_draft(ARTICLE)
            first = publisher.publish_draft(draft.id, ARTICLE)
            assert publisher.publish_draft(draft.id, ARTICLE) == first
        else:
            assert isinstance(publisher, OneStep)
            assert publisher.publish(ARTICLE) == publisher.publish(ARTICLE)

    def test_no_secret_is_kept(self, publisher: Publisher, http: Http) -> None:
        self.publish(publisher, ARTICLE)
        for secret in self.credentials.values():
            assert secret not in repr(http.exchanges)

    def test_after_the_fence_nothing_is_sent(self, settings: dict[str, Any], tmp_path: Path) -> None:
        late = Http(private_origins=frozenset({self.kind.origin(settings)}), not_after=0.0)
        publisher = self.kind(
            credentials=self.credentials, settings=settings, surroundings=Surroundings(http=late, files=tmp_path)
        )
        if not self.kind.origin(settings):
            pytest.skip("it sends nothing")
        with pytest.raises(Unavailable):
            self.publish(publisher, ARTICLE)

    def test_every_failure_is_one_of_ours(self, settings: dict[str, Any], tmp_path: Path) -> None:
        if not self.kind.origin(settings):
            pytest.skip("it has no network")
        lost = Surroundings(http=Http(), files=tmp_path)  # nothing private is allowed here, so nothing is reached
        publisher = self.kind(credentials=self.credentials, settings=settings, surroundings=lost)
        with pytest.raises(PublishingError):
            publisher.verify()

    # What it does with what is out

    def test_an_update_changes_the_text_and_keeps_the_address(self, publisher: Publisher) -> None:
        updates = can_update(publisher)
        post = self.publish(publisher, ARTICLE)
        before = self.articles(publisher)
        assert updates.update(post.id, NEWER) == post
        assert self.articles(publisher) == before, "nothing is created"
        if (page := self.page(post)) is not None:
            assert NEWER.title in page
            assert ARTICLE.title not in page

    def test_updating_again_changes_nothing(self, publisher: Publisher) -> None:
        updates = can_update(publisher)
        post = self.publish(publisher, ARTICLE)
        first, page, count = updates.update(post.id, NEWER), self.page(post), self.articles(publisher)
        assert updates.update(post.id, NEWER) == first
        assert (self.page(post), self.articles(publisher)) == (page, count)

    def test_what_is_updated_is_found_again(self, publisher: Publisher) -> None:
        updates = can_update(publisher)
        post = self.publish(publisher, ARTICLE)
        updates.update(post.id, NEWER)
        if not isinstance(publisher, Finds):
            pytest.skip("it cannot look")
        assert publisher.find(NEWER) == post
        assert publisher.find(NEWER, post.id) == post

    def test_what_is_not_there_is_neither_updated_nor_created(self, publisher: Publisher) -> None:
        updates = can_update(publisher)
        self.publish(publisher, replace(ARTICLE, key=OTHER_KEY))
        before = self.articles(publisher)
        with pytest.raises(Gone):
            updates.update(self.unknown_id, NEWER)
        assert self.articles(publisher) == before
        if isinstance(publisher, Finds):
            assert publisher.find(NEWER) is None

    def test_what_is_taken_back_is_not_public(self, publisher: Publisher) -> None:
        takes_back = can_unpublish(publisher)
        post = self.publish(publisher, ARTICLE)
        before = self.articles(publisher)
        takes_back.unpublish(post.id)
        self.is_taken_back(publisher, post)
        assert before is None or (self.articles(publisher) or 0) <= before

    def test_taking_it_back_again_changes_nothing(self, publisher: Publisher) -> None:
        takes_back = can_unpublish(publisher)
        post = self.publish(publisher, ARTICLE)
        takes_back.unpublish(post.id)
        before = self.articles(publisher)
        with suppress(Gone):
            takes_back.unpublish(post.id)
        self.is_taken_back(publisher, post)
        assert self.articles(publisher) == before

    def test_what_is_not_there_cannot_be_taken_back(self, publisher: Publisher) -> None:
        takes_back = can_unpublish(publisher)
        post = self.publish(publisher, ARTICLE)
        with pytest.raises(Gone):
            takes_back.unpublish(self.unknown_id)
        if isinstance(publisher, Finds):
            assert publisher.find(ARTICLE) == post

    def test_an_update_does_not_make_public_what_was_taken_back(self, publisher: Publisher) -> None:
        takes_back = can_unpublish(publisher)
        updates = can_update(publisher)
        post = self.publish(publisher, ARTICLE)
        takes_back.unpublish(post.id)
        before = self.articles(publisher)
        with suppress(Gone):
            updated = updates.update(post.id, NEWER)
            assert publisher.stays_readable or updated.visibility is not Visibility.PUBLIC
        self.is_taken_back(publisher, post)
        assert self.articles(publisher) == before

    def is_taken_back(self, publisher: Publisher, post: RemotePost) -> None:
        """Nobody reads it; where it is only hidden, whoever looks there must say how that shows."""
        if publisher.stays_readable:
            return
        assert not self.page(post)
        if isinstance(publisher, Finds):
            found = publisher.find(ARTICLE, post.id)
            assert found is None or found.visibility is not Visibility.PUBLIC

    def test_taking_back_is_said_beforehand_in_a_sentence(self) -> None:
        assert self.kind.when_unpublished.endswith(".")


def has_drafts(publisher: Publisher) -> TypeGuard[TwoStep]:
    return isinstance(publisher, TwoStep) and publisher.has_drafts(publisher.settings)


def can_update(publisher: Publisher) -> Updates:
    if not isinstance(publisher, Updates):
        pytest.skip("it cannot change what is out")
    return publisher


def can_unpublish(publisher: Publisher) -> Unpublishes:
    if not isinstance(publisher, Unpublishes):
        pytest.skip("it cannot take anything back")
    return publisher


class AssistedContract:
    """The same for a place to which a person brings the article. ``address`` is one that an article there may have."""

    kind: ClassVar[type[Assisted]]
    address: ClassVar[str]

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {}

    @pytest.fixture
    def place(self, settings: dict[str, Any], tmp_path: Path) -> Assisted:
        """It may use no network at all."""
        surroundings = Surroundings(http=Http(not_after=0.0), files=tmp_path)
        return self.kind(credentials={}, settings=settings, surroundings=surroundings)

    def test_it_introduces_itself(self) -> None:
        assert PUBLISHERS[self.kind.name] is self.kind
        assert self.kind.label
        assert self.kind.blurb.endswith(".")
        for number, step in enumerate(self.kind.steps, 1):
            assert step.startswith(f"{number}. ")
            assert step.endswith(".")

    def test_its_settings_are_taken_and_it_asks_for_no_password(self, settings: dict[str, Any]) -> None:
        form = self.kind.settings_form(settings)
        assert form.is_valid(), form.errors
        json.dumps(form.cleaned_data)
        assert not self.kind.credentials_form.base_fields

    def test_it_sends_nothing(self, place: Assisted) -> None:
        account = place.verify()
        assert account.id
        assert account.name
        place.check(ARTICLE)
        place.doors(ARTICLE)
        place.payload(ARTICLE)
        assert place.http.exchanges == []

    def test_an_ordinary_article_is_handed_over_whole(self, place: Assisted) -> None:
        assert [finding for finding in place.check(ARTICLE) if finding.level is Level.REFUSED] == []
        text = place.hand_off(ARTICLE)
        assert (text.title, text.canonical_url) == (ARTICLE.title, ARTICLE.canonical_url)
        assert place.payload(ARTICLE) == place.payload(ARTICLE)
        json.dumps(place.payload(ARTICLE))
        if place.takes != Takes.LINK:
            assert "<em>weaves</em>" in text.html
            assert "*weaves*" in text.markdown

    @pytest.mark.parametrize("change", [{"title": " "}, {"markdown": " \n"}])
    def test_an_empty_article_is_refused_while_it_is_scheduled(self, place: Assisted, change: Any) -> None:
        findings = place.check(replace(ARTICLE, **change))
        assert [finding.field for finding in findings if finding.level is Level.REFUSED] == list(change)

    def test_what_is_said_is_a_sentence(self, place: Assisted) -> None:
        tags = ("a b", "", "d" * 99, *"efghijklmnopqrst")
        for finding in place.check(replace(ARTICLE, title="x" * 999, markdown="# a\n![b](c.png)", tags=tags)):
            assert hasattr(ARTICLE, finding.field)
            assert finding.message.endswith(".")
        for words in place.look_out:
            assert words.endswith(".")

    def test_it_knows_where_its_articles_can_be(self, place: Assisted) -> None:
        assert place.wrong_address(self.address) == ""
        scheme, _, rest = self.address.partition("://")
        for wrong in (f"{scheme}://{rest.partition('/')[0]}/", "https://["):
            assert place.wrong_address(wrong).endswith(".")
