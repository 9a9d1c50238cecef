"""Hashnode in the sandbox: what it refuses, what it answers, and how it misleads."""

from typing import Any

import pytest
import requests

from tests.sandbox.conftest import MARK, Street, TestClock

KEY = "sandbox-hashnode-key"
NOT_PRO = "Publication does not have an active Pro plan. Upgrade in your dashboard to access this via the API."

ME = "query($first: Int!) { me { id username publications(first: $first) { edges { node { id title url } } } } }"
CREATE = "mutation($input: CreateDraftInput!) { createDraft(input: $input) { draft { id slug title } } }"
CHANGE = "mutation($input: UpdateDraftInput!) { updateDraft(input: $input) { draft { id slug title } } }"
FLIP = "mutation($input: PublishDraftInput!) { publishDraft(input: $input) { post { id slug url title } } }"
UPDATE = "mutation($input: UpdatePostInput!) { updatePost(input: $input) { post { id slug url title } } }"
DRAFT = "query($id: ObjectId!) { draft(id: $id) { id title content { markdown } } }"
POST = "query($id: ID!) { post(id: $id) { id slug title canonicalUrl tags { slug name } content { markdown html } } }"
LISTS = """
query($id: ObjectId!, $first: Int!, $after: String) {
  publication(id: $id) {
    posts(first: $first, after: $after) { edges { node { id slug } cursor } pageInfo { hasNextPage endCursor } }
    drafts(first: $first, after: $after) { edges { node { id title } cursor } pageInfo { hasNextPage endCursor } }
  }
}
"""
AT = """
query($id: ObjectId!, $slug: String!) {
  publication(id: $id) { post(slug: $slug) { id } redirectedPost(slug: $slug) { id slug } }
}
"""


class Writer:
    """Somebody with a token, and the first of its publications."""

    def __init__(self, street: Street, key: str = KEY) -> None:
        self.url = f"{street.url}/hashnode/"
        self.key = key

    def ask(self, query: str, headers: dict[str, str] | None = None, **variables: Any) -> requests.Response:
        sent = {"Authorization": f"Bearer {self.key}"} if headers is None else headers
        return requests.post(self.url, json={"query": query, "variables": variables}, headers=sent, timeout=10)

    def data(self, query: str, **variables: Any) -> Any:
        answer = self.ask(query, **variables)
        assert answer.status_code == 200, answer.text
        assert "errors" not in answer.json(), answer.text
        return answer.json()["data"]

    def code(self, query: str, status: int = 200, **variables: Any) -> str:
        answer = self.ask(query, **variables)
        assert answer.status_code == status, answer.text
        return str(answer.json()["errors"][0]["extensions"]["code"])

    def publications(self) -> list[Any]:
        return [edge["node"] for edge in self.data(ME, first=50)["me"]["publications"]["edges"]]

    @property
    def publication(self) -> str:
        return str(self.publications()[0]["id"])

    def draft(self, **fields: Any) -> str:
        plain = {"title": "A walk", "contentMarkdown": f"It rained.\n\n<!-- blogscheduler:{MARK} -->"}
        given = {"publicationId": self.publication} | plain | fields
        return str(self.data(CREATE, input=given)["createDraft"]["draft"]["id"])

    def publish(self, **fields: Any) -> Any:
        return self.data(FLIP, input={"draftId": self.draft(**fields)})["publishDraft"]["post"]


@pytest.fixture
def ada(street: Street) -> Writer:
    return Writer(street)


def switch(street: Street, name: str, on: bool) -> None:
    assert street.order("switches", platform="hashnode", switch=name, on=on).status_code == 200


# Who may speak


def test_a_token_is_taken_with_and_without_the_word_before_it(ada: Writer) -> None:
    for header in (f"Bearer {KEY}", KEY):
        answer = ada.ask(ME, {"Authorization": header}, first=1)
        assert answer.json()["data"]["me"]["username"] == "sandbox"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_without_a_token_that_is_known_nobody_is_anybody(ada: Writer, headers: dict[str, str]) -> None:
    answer = ada.ask(ME, headers, first=1)
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_the_ready_made_accounts_have_what_their_notes_say(street: Street, ada: Writer) -> None:
    assert len(ada.publications()) == 2
    assert len(Writer(street, "sandbox-hashnode-single-key").publications()) == 1
    page = requests.get(f"{street.url}/hashnode/", timeout=10).text
    for told in (f"{street.url}/hashnode", KEY, "Pro, two publications", "free plan"):
        assert told in page


def test_a_client_that_does_not_introduce_itself_is_turned_away(ada: Writer) -> None:
    assert ada.ask(ME, {"Authorization": KEY, "User-Agent": ""}, first=1).status_code == 403


def test_a_free_plan_may_ask_who_it_is_and_nothing_else(street: Street) -> None:
    free = Writer(street, "sandbox-hashnode-free-key")
    publication = free.publication
    for query, variables in (
        (CREATE, {"input": {"publicationId": publication}}),
        (LISTS, {"id": publication, "first": 1}),
        (AT, {"id": publication, "slug": "x"}),
    ):
        answer = free.ask(query, **variables)
        assert answer.status_code == 200
        (error,) = answer.json()["errors"]
        assert (error["extensions"]["code"], error["message"]) == ("FORBIDDEN", NOT_PRO)
    assert street.ask("log?platform=hashnode")[-1]["worked"] is False


def test_the_plan_of_an_account_can_be_ordered(street: Street) -> None:
    made = street.order("accounts", platform="hashnode", username="grace", pro=False, two_publications=True).json()
    grace = Writer(street, made["key"])
    assert len(grace.publications()) == 2
    assert grace.code(CREATE, input={"publicationId": grace.publication}) == "FORBIDDEN"


# What does not fit the schema


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ me { id ", "GRAPHQL_PARSE_FAILED"),
        ("{ me { id shoeSize } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ me }", "GRAPHQL_VALIDATION_FAILED"),
        ("mutation { removePost(input: {id: 1}) { post { id } } }", "GRAPHQL_VALIDATION_FAILED"),
        ("mutation { publishDraft(input: {}) { post { id } } }", "GRAPHQL_VALIDATION_FAILED"),
        ('{ publication(id: "x") { id } }', "GRAPHQL_VALIDATION_FAILED"),
        ("query A { me { id } } query B { me { id } }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_a_query_that_does_not_fit_the_schema_is_a_bad_request(ada: Writer, query: str, code: str) -> None:
    assert ada.code(query, status=400) == code


@pytest.mark.parametrize(
    "wrong",
    [
        {"coverImage": "https://x.example/a.png"}, {"tags": [{"id": "1"}]}, {"tags": ["x"]}, {"title": 7},
        {"publicationId": "x"}, {"publicationId": None}, {"settings": {"newsletter": True}}, {"disableComments": "yes"},
    ],
)  # fmt: skip
def test_variables_that_do_not_fit_are_a_bad_request(ada: Writer, street: Street, wrong: dict[str, Any]) -> None:
    assert ada.code(CREATE, status=400, input={"publicationId": ada.publication} | wrong) == "BAD_USER_INPUT"
    assert street.ask("counts?platform=hashnode") == {}


@pytest.mark.parametrize(
    "more",
    [{"data": "{"}, {"json": []}, {"json": {"variables": {}}}, {"json": {"query": 7}}, {"data": {"query": "{me{id}}"}}],
)
def test_what_is_no_query_at_all_is_a_bad_request(ada: Writer, more: dict[str, Any]) -> None:
    kind = {"Content-Type": "application/json"} if more.get("data") == "{" else {}
    answer = requests.post(ada.url, headers=kind | {"Authorization": KEY}, timeout=10, **more)
    assert answer.status_code == 400
    assert answer.json()["errors"]


def test_a_query_may_be_ten_levels_deep(ada: Writer) -> None:
    deep = "publication { posts(first: 1) { edges { node { "
    query = "{ post(id: 1) { " + deep + deep + "id" + " } } } }" * 2 + " } }"
    assert ada.code(query) == "NOT_FOUND"
    query = "{ post(id: 1) { " + deep + deep + "publication { id }" + " } } } }" * 2 + " } }"
    assert ada.code(query, status=400) == "BAD_USER_INPUT"


def test_a_request_of_more_than_100_kilobytes_is_refused_unread(ada: Writer, street: Street) -> None:
    body = {"publicationId": ada.publication, "contentMarkdown": "ä" * 20_000}
    assert ada.ask(CREATE, input=body).status_code == 413
    body["contentMarkdown"] = "a" * 99_000
    assert ada.ask(CREATE, input=body).status_code == 200
    assert street.ask("counts?platform=hashnode") == {"": {"public": 0, "drafts": 1}}


def test_only_a_post_to_its_root_is_a_query(ada: Writer) -> None:
    assert requests.post(ada.url + "graphql", json={"query": "{me{id}}"}, timeout=10).status_code == 404
    assert requests.put(ada.url, json={"query": "{me{id}}"}, timeout=10).status_code == 404


# Drafts and posts


def test_publishing_uses_the_draft_up_and_gives_the_post_an_id_of_its_own(ada: Writer, street: Street) -> None:
    draft = ada.draft()
    assert ada.data(DRAFT, id=draft)["draft"]["title"] == "A walk"
    post = ada.data(FLIP, input={"draftId": draft})["publishDraft"]["post"]
    assert post["id"] != draft
    assert ada.code(FLIP, input={"draftId": draft}) == "NOT_FOUND"
    assert ada.code(CHANGE, input={"draftId": draft, "title": "x"}) == "NOT_FOUND"
    assert ada.data(POST, id=post["id"])["post"]["slug"] == "a-walk"
    assert ada.code(POST, id=draft) == "NOT_FOUND"
    switch(street, "cache", on=False)
    assert ada.code(DRAFT, id=draft) == "NOT_FOUND"
    assert street.ask("counts?platform=hashnode") == {MARK: {"public": 1, "drafts": 0}}


def test_a_draft_keeps_what_a_change_leaves_out(ada: Writer) -> None:
    draft = ada.draft(slug="my-walk", tags=[{"slug": "rain", "name": "Rain"}], originalArticleURL="https://x.example/a")
    ada.data(CHANGE, input={"draftId": draft, "title": "A run"})
    post = ada.data(FLIP, input={"draftId": draft})["publishDraft"]["post"]
    assert (post["slug"], post["title"]) == ("my-walk", "A run")
    shown = ada.data(POST, id=post["id"])["post"]
    assert shown["canonicalUrl"] == "https://x.example/a"
    assert shown["tags"] == [{"slug": "rain", "name": "Rain"}]
    assert MARK in shown["content"]["markdown"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"tags": [{"slug": f"t{n}"} for n in range(16)]}, {"tags": [{"slug": "C#"}]}, {"originalArticleURL": "x"},
        {"coverImageOptions": {"coverImageURL": "x"}}, {"coAuthors": ["a" * 24] * 5},
    ],
)  # fmt: skip
def test_values_that_it_would_not_take_are_refused(ada: Writer, wrong: dict[str, Any]) -> None:
    assert ada.code(CREATE, input={"publicationId": ada.publication} | wrong) == "BAD_USER_INPUT"


@pytest.mark.parametrize("missing", ["title", "contentMarkdown"])
def test_a_draft_may_lack_what_a_post_needs(ada: Writer, missing: str) -> None:
    assert ada.code(FLIP, input={"draftId": ada.draft(**{missing: " "})}) == "BAD_USER_INPUT"


def test_what_is_not_there_or_belongs_to_others_is_not_found(ada: Writer, street: Street) -> None:
    other = Writer(street, "sandbox-hashnode-single-key")
    draft, post = ada.draft(), ada.publish(slug="other")
    assert other.code(FLIP, input={"draftId": draft}) == "NOT_FOUND"
    assert other.code(UPDATE, input={"id": post["id"], "title": "x"}) == "NOT_FOUND"
    assert other.code(CREATE, input={"publicationId": ada.publication}) == "NOT_FOUND"
    assert other.code(AT, id=ada.publication, slug="other") == "NOT_FOUND"
    assert ada.code(FLIP, input={"draftId": "nonsense"}) == "NOT_FOUND"
    assert ada.code(CREATE, input={"publicationId": ada.publication, "seriesId": "a" * 24}) == "NOT_FOUND"


def test_a_contributor_writes_drafts_and_may_not_publish(ada: Writer, street: Street) -> None:
    switch(street, "contributor", on=True)
    assert ada.code(FLIP, input={"draftId": ada.draft()}) == "FORBIDDEN"


def test_a_slug_that_is_taken_gets_a_number_or_is_refused(ada: Writer, street: Street) -> None:
    assert [ada.publish()["slug"] for _ in range(3)] == ["a-walk", "a-walk-1", "a-walk-2"]
    switch(street, "suffix", on=False)
    answer = ada.ask(FLIP, input={"draftId": ada.draft()}).json()
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "slug" in answer["errors"][0]["message"]


def test_the_same_slug_is_free_in_another_publication(ada: Writer) -> None:
    first, second = (publication["id"] for publication in ada.publications())
    one, two = ada.publish(publicationId=first), ada.publish(publicationId=second)
    assert one["slug"] == two["slug"]
    assert one["url"] != two["url"]


def test_a_post_that_moved_leaves_a_redirect_behind(ada: Writer, street: Street) -> None:
    switch(street, "cache", on=False)
    post = ada.publish()
    moved = ada.data(UPDATE, input={"id": post["id"], "slug": "a-run", "isDelisted": True})["updatePost"]["post"]
    assert moved["slug"] == "a-run"
    found = ada.data(AT, id=ada.publication, slug="a-walk")["publication"]
    assert found == {"post": None, "redirectedPost": {"id": post["id"], "slug": "a-run"}}
    assert requests.get(moved["url"], timeout=10).status_code == 200


def test_lists_come_in_pages_newest_first(ada: Writer, clock: TestClock) -> None:
    slugs: list[str] = []
    for _ in range(3):
        slugs.insert(0, ada.publish()["slug"])
        clock.forward(1)
    seen, after = [], None
    while True:
        posts = ada.data(LISTS, id=ada.publication, first=2, after=after)["publication"]["posts"]
        seen += [edge["node"]["slug"] for edge in posts["edges"]]
        after = posts["pageInfo"]["endCursor"]
        if not posts["pageInfo"]["hasNextPage"]:
            break
    assert seen == slugs


def test_pages_have_at_most_a_hundred_posts_and_fifty_drafts(ada: Writer) -> None:
    for _ in range(51):
        ada.draft()
    drafts = ada.data(LISTS, id=ada.publication, first=1000)["publication"]["drafts"]
    assert len(drafts["edges"]) == 50
    assert drafts["pageInfo"]["hasNextPage"] is True


# Pages for people


def test_a_post_has_a_page_with_title_canonical_link_and_embeds(ada: Writer) -> None:
    body = "%[https://video.example/1]\n\n\\%[https://video.example/2]"
    post = ada.publish(contentMarkdown=body, originalArticleURL="https://x.example/a")
    page = requests.get(post["url"], timeout=10).text
    assert "<h1>A walk</h1>" in page
    assert '<link rel="canonical" href="https://x.example/a">' in page
    assert "embedded: https://video.example/1" in page
    assert "%[https://video.example/2]" in page


def test_a_draft_has_no_page_for_anybody(ada: Writer, street: Street) -> None:
    ada.draft()
    (shown,) = street.ask("articles?platform=hashnode")
    assert shown["public"] is False
    assert requests.get(shown["url"], timeout=10).status_code == 404


# How it misleads


def test_a_query_is_answered_as_before_for_25_seconds(ada: Writer, clock: TestClock) -> None:
    publication = ada.publication

    def found(slug: str = "a-walk") -> bool:
        return bool(ada.data(AT, id=publication, slug=slug)["publication"]["post"])

    assert not found()
    ada.publish()
    assert not found()
    clock.forward(24)
    assert not found()
    clock.forward(1)
    assert found()


def test_the_memory_can_be_switched_off_and_forgets_with_a_reset(ada: Writer, street: Street) -> None:
    publication = ada.publication
    assert ada.data(AT, id=publication, slug="a-walk")["publication"]["post"] is None
    ada.publish()
    switch(street, "cache", on=False)
    assert ada.data(AT, id=publication, slug="a-walk")["publication"]["post"]
    switch(street, "cache", on=True)
    street.order("reset")
    assert ada.data(AT, id=publication, slug="a-walk")["publication"]["post"] is None


def test_a_stale_look_up_on_order_answers_from_the_past(ada: Writer, street: Street, clock: TestClock) -> None:
    clock.forward(100)
    draft = ada.draft()
    clock.forward(10)
    ada.data(FLIP, input={"draftId": draft})
    order = {"platform": "hashnode", "call": "list", "fault": "stale", "seconds": 5}
    assert street.order("faults", **order).status_code == 201
    old = ada.data(LISTS, id=ada.publication, first=10)["publication"]
    assert (len(old["posts"]["edges"]), len(old["drafts"]["edges"])) == (0, 1)
    new = ada.data(LISTS, id=ada.publication, first=10)["publication"]
    assert (len(new["posts"]["edges"]), len(new["drafts"]["edges"])) == (1, 0)


def test_a_retired_address_leads_to_a_web_page(ada: Writer, street: Street) -> None:
    switch(street, "retired", on=True)
    answer = requests.post(ada.url, json={"query": ME}, timeout=10, allow_redirects=False)
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"{street.url}/hashnode/changelog"
    assert "html" in answer.headers["Content-Type"]


def test_limits_are_not_enforced_unless_somebody_wants_it(ada: Writer, street: Street) -> None:
    street.order("limits", platform="hashnode", on=True)
    sent = {"query": FLIP, "variables": {"input": {"draftId": "nonsense"}}}
    with requests.Session() as session:
        session.headers["Authorization"] = KEY
        statuses = [session.post(ada.url, json=sent, timeout=10).status_code for _ in range(501)]
    assert (statuses[499], statuses[500]) == (200, 429)


@pytest.mark.parametrize("call", ["create", "flip", "update", "me", "list", "look", "*"])
def test_faults_strike_at_each_kind_of_call(ada: Writer, street: Street, call: str) -> None:
    publication, draft, post = ada.publication, ada.draft(), ada.publish(slug="other")
    order = {"platform": "hashnode", "call": call, "fault": "status", "status": 503, "times": None}
    assert street.order("faults", **order).status_code == 201
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "create": (CREATE, {"input": {"publicationId": publication}}),
        "update": (CHANGE, {"input": {"draftId": draft, "title": "x"}}),
        "me": (ME, {"first": 1}),
        "list": (LISTS, {"id": publication, "first": 1}),
        "look": (POST, {"id": post["id"]}),
        "flip": (FLIP, {"input": {"draftId": draft}}),
    }
    struck = {name for name, (query, variables) in calls.items() if ada.ask(query, **variables).status_code == 503}
    assert struck == (set(calls) if call == "*" else {call})


def test_the_log_knows_a_flip_by_the_mark_of_its_draft(ada: Writer, street: Street) -> None:
    ada.publish()
    created, flipped = street.ask("log?platform=hashnode")[-2:]
    assert (created["call"], created["flip"], created["mark"], created["worked"]) == ("create", False, MARK, True)
    assert (flipped["call"], flipped["flip"], flipped["mark"], flipped["worked"]) == ("publish", True, MARK, True)
    assert created["article_id"] == flipped["article_id"]
    ada.code(FLIP, input={"draftId": "nonsense"})
    assert street.ask("log?platform=hashnode")[-1]["worked"] is False
