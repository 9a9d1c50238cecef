"""What DEV does with an article, and what its answers look like."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox.clock import iso
from tests.sandbox.conftest import V1, Author, Street, TestClock

TAKEN = "Canonical url has already been taken. Email support@dev.to for further details."


def refused(answer: requests.Response) -> str:
    """The sentence of a 422."""
    assert answer.status_code == 422, answer.text
    assert answer.json()["status"] == 422
    return str(answer.json()["error"])


# Who may speak


@pytest.mark.parametrize("headers", [{}, {"api-key": "wrong"}])
def test_a_missing_key_and_a_wrong_one_get_the_same_401(street: Street, headers: dict[str, str]) -> None:
    answer = requests.get(f"{street.url}/devto/api/users/me", headers=headers | {"Accept": V1}, timeout=10)
    assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized", "status": 401})


def test_a_revoked_key_is_worth_nothing(street: Street, ada: Author) -> None:
    assert ada.call("GET", "/users/me").status_code == 200
    assert street.order("accounts/revoke", platform="devto", key=ada.key).status_code == 200
    assert ada.call("GET", "/users/me").status_code == 401


def test_whoami_says_who(ada: Author) -> None:
    user = ada.call("GET", "/users/me").json()
    assert (user["type_of"], user["username"], user["name"]) == ("user", "sandbox", "Sandbox")


def test_who_forgets_the_accept_header_is_served_by_v0_with_a_warning(ada: Author) -> None:
    assert "Warning" not in ada.call("GET", "/users/me").headers
    answer = ada.call("GET", "/users/me", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    assert answer.headers["Warning"].startswith("299 ")


def test_a_client_that_does_not_introduce_itself_is_turned_away(ada: Author) -> None:
    assert ada.call("GET", "/users/me", headers={"User-Agent": ""}).status_code == 403


# The envelope


@pytest.mark.parametrize(
    "more",
    [
        {"data": '{"article": {"title": "x"}}', "headers": {"Content-Type": "text/plain"}},
        {"data": "article[title]=x", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"json": {"title": "x"}},
        {"json": {"article": {}}},
        {"json": ["article"]},
    ],
)
def test_without_an_article_in_json_nothing_is_created(ada: Author, more: dict[str, Any]) -> None:
    assert refused(ada.call("POST", "/articles", **more)) == "param is missing or the value is empty: article"


def test_an_article_that_is_no_object_is_refused_by_name(ada: Author) -> None:
    sentence = refused(ada.call("POST", "/articles", json={"article": "# Hello"}))
    assert sentence == "article param must be a JSON object. You provided article as a String"


def test_broken_json_is_a_bad_request(ada: Author) -> None:
    answer = ada.call("POST", "/articles", data='{"article"', headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


# Creating


def test_a_new_draft_is_201_with_its_address_and_a_provisional_slug(ada: Author, street: Street) -> None:
    answer = ada.create("A walk in the rain")
    article = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == article["url"]
    assert article["slug"].startswith("a-walk-in-the-rain-")
    assert "-temp-slug-" in article["slug"]
    assert article["url"] == f"{street.url}/devto/sandbox/{article['slug']}"
    assert article["canonical_url"] == article["url"]
    assert article["published_at"] is None
    assert "published" not in article


def test_the_final_address_comes_with_the_publication_and_stays(ada: Author) -> None:
    number = ada.draft()
    published = ada.update(number, published=True).json()
    assert "temp-slug" not in published["url"]
    assert "published" not in published
    renamed = ada.update(number, title="Another walk").json()
    assert (renamed["title"], renamed["url"]) == ("Another walk", published["url"])
    hidden = ada.update(number, published=False).json()
    assert hidden["url"] == published["url"]


def test_unknown_fields_are_dropped_without_a_word(ada: Author) -> None:
    answer = ada.create(organization_id=7, clickbait_score=1, slug="mine", id=99, title_slug="x")
    assert answer.status_code == 201
    assert answer.json()["id"] != 99
    assert "organization" not in answer.json()


def test_a_title_is_required(ada: Author) -> None:
    assert refused(ada.create("")) == "Title can't be blank"


def test_a_title_has_at_most_128_characters(ada: Author) -> None:
    assert ada.create("x" * 128).status_code == 201
    assert refused(ada.create("x" * 129)) == "Title is too long (maximum is 128 characters)"


def test_a_title_comes_back_normalised(ada: Author) -> None:
    assert ada.create("  A\u0007 walk\n\n in\u200b the   rain ").json()["title"] == "A walk in the rain"


def test_the_same_title_within_five_minutes_is_refused_on_create(ada: Author, grace: Author, clock: TestClock) -> None:
    ada.draft("A walk")
    assert refused(ada.create(" A  walk")) == "Title has already been used in the last five minutes"
    assert grace.create("A walk").status_code == 201
    clock.forward(301)
    assert ada.create("A walk").status_code == 201


def test_a_title_may_be_taken_again_by_an_update(ada: Author) -> None:
    ada.draft("A walk")
    other = ada.draft("Another walk")
    assert ada.update(other, title="A walk").status_code == 200


def test_a_body_is_measured_in_bytes(ada: Author) -> None:
    assert ada.create(body_markdown="é" * 409_600).status_code == 201
    assert refused(ada.create("Longer", body_markdown="é" * 409_600 + "x")) == "Body markdown is too long."


def test_several_errors_come_in_one_sentence(ada: Author) -> None:
    sentence = refused(ada.create("", main_image="nowhere", canonical_url="ftp://ada.example/x"))
    assert sentence == "Title can't be blank, Canonical url is not a valid URL, and Main image is not a valid URL"


def test_the_description_is_made_from_the_text_when_there_is_none(ada: Author) -> None:
    assert ada.create("One", body_markdown="# Rain\n\nIt *rained*.").json()["description"] == "Rain It rained."
    long = ada.create("Two", body_markdown="word " * 100).json()["description"]
    assert len(long) <= 104
    assert long.endswith("...")
    assert ada.create("Three", body_markdown="").json()["description"] == "A post by Sandbox"
    assert ada.create("Four", description="Mine").json()["description"] == "Mine"


def test_a_series_stays_until_it_is_taken_away(ada: Author) -> None:
    first, second = ada.create("One", series="Walks").json(), ada.create("Two", series="Walks").json()
    assert first["collection_id"] == second["collection_id"] is not None
    assert ada.update(first["id"], title="One again").json()["collection_id"] == first["collection_id"]
    assert ada.update(first["id"], series=None).json()["collection_id"] is None


# Tags


def test_tags_are_lower_case_and_split_at_commas(ada: Author) -> None:
    article = ada.create(tags=["Python", "web, Django"]).json()
    assert article["tags"] == ["python", "web", "django"]
    assert article["tag_list"] == "python, web, django"


def test_a_string_of_tags_is_dropped_without_a_word(ada: Author) -> None:
    answer = ada.create(tags="python, web")
    assert (answer.status_code, answer.json()["tags"]) == (201, [])


def test_no_more_than_four_tags(ada: Author) -> None:
    assert refused(ada.create(tags=["a", "b", "c", "d", "e"])) == "Tag list exceed the maximum of 4 tags"
    assert refused(ada.create(tags=["a,b", "c", "d", "e"])) == "Tag list exceed the maximum of 4 tags"


@pytest.mark.parametrize("tag", ["open-source", "node.js", "open source", "c++"])
def test_a_tag_is_letters_and_digits(ada: Author, tag: str) -> None:
    sentence = f'Tag "{tag}" contains non-alphanumeric or prohibited unicode characters'
    assert refused(ada.create(tags=[tag])) == sentence


def test_a_tag_has_at_most_30_characters(ada: Author) -> None:
    assert ada.create("One", tags=["x" * 30, "straße", "日本"]).status_code == 201
    assert refused(ada.create("Two", tags=["x" * 31])).endswith("is too long (maximum is 30 characters)")


def test_the_whole_list_of_tags_is_measured_too(ada: Author) -> None:
    sentence = refused(ada.create(tags=[letter * 40 for letter in "abcd"]))
    assert "Cached tag list is too long (maximum is 126 characters)" in sentence


def test_an_update_keeps_tags_it_does_not_name(ada: Author) -> None:
    number = ada.draft(tags=["rain"])
    assert ada.update(number, title="Sun").json()["tags"] == ["rain"]
    assert ada.update(number, tags=[]).json()["tags"] == []


# Canonical addresses


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://ada.example/a b", "Canonical url must not have spaces"),
        ("ftp://ada.example/a", "Canonical url is not a valid URL"),
        ("http://localhost/a", "Canonical url is not a valid URL"),
        ("ada.example/a", "Canonical url is not a valid URL"),
        ("http://[/a", "Canonical url is not a valid URL"),
    ],
)
def test_a_canonical_address_is_a_public_one(ada: Author, url: str, sentence: str) -> None:
    assert refused(ada.create(canonical_url=url)) == sentence


def test_a_canonical_address_is_published_once_on_the_whole_site(ada: Author, grace: Author) -> None:
    mine, hers = ada.draft(canonical_url="https://x.example/a"), grace.draft(canonical_url="https://x.example/a")
    assert ada.update(mine, published=True).status_code == 200
    assert refused(grace.update(hers, published=True)) == TAKEN
    assert refused(grace.create("New", canonical_url="https://x.example/a", published=True)) == TAKEN
    assert ada.update(mine, published=True, title="Again").status_code == 200
    assert ada.update(mine, published=False).status_code == 200
    assert grace.update(hers, published=True).status_code == 200


def test_a_scheduled_article_holds_its_canonical_address(ada: Author, grace: Author, clock: TestClock) -> None:
    ada.create(canonical_url="https://x.example/a", published=True, published_at=iso(clock.now + 3600))
    assert refused(grace.create(canonical_url="https://x.example/a", published=True)) == TAKEN


# Dates


def test_a_date_ahead_schedules_and_the_moment_publishes(ada: Author, clock: TestClock) -> None:
    article = ada.create(published=True, published_at=iso(clock.now + 3600)).json()
    assert ada.show(article["id"]).status_code == 404
    assert [ada.list("all")[0]["published"], ada.list("published"), ada.list("unpublished")] == [True, [], []]
    clock.forward(3600)
    assert ada.show(article["id"]).status_code == 200
    assert len(ada.list("published")) == 1


def test_what_is_published_at_once_may_be_dated_back_by_a_quarter_of_an_hour(ada: Author, clock: TestClock) -> None:
    assert ada.create("One", published=True, published_at=iso(clock.now - 890)).status_code == 201
    sentence = refused(ada.create("Two", published=True, published_at=iso(clock.now - 910)))
    assert sentence == "Published at only future or current published_at allowed"
    assert ada.create("Three", published_at=iso(clock.now - 910)).status_code == 201


def test_a_date_too_far_ahead_is_dropped_so_that_the_article_is_out_at_once(ada: Author, clock: TestClock) -> None:
    article = ada.create(published=True, published_at=iso(clock.now + 6 * 366 * 86_400)).json()
    assert article["published_at"] == iso(clock.now)


def test_a_past_date_never_moves_again(ada: Author, clock: TestClock) -> None:
    number = ada.draft(published=True)
    clock.forward(60)
    moved = ada.update(number, published_at=iso(clock.now + 3600))
    assert moved.json()["published_at"] == iso(clock.now - 60)


def test_a_scheduled_article_may_be_moved_but_not_far_back(ada: Author, clock: TestClock) -> None:
    number = ada.draft(published=True, published_at=iso(clock.now + 3600))
    assert ada.update(number, published_at=iso(clock.now + 7200)).json()["published_at"] == iso(clock.now + 7200)
    assert "Published at" in refused(ada.update(number, published_at=iso(clock.now - 3600)))


# A word about AI


def test_creating_without_a_word_about_ai_is_refused_with_the_choices(ada: Author, street: Street) -> None:
    answer = ada.create(ai_disclosure_level=None)
    levels = ["not_disclosed", "no_ai", "some_ai", "fully_autonomous"]
    assert answer.status_code == 422
    assert answer.json() == {
        "error": "ai_disclosure_level is required when creating an article. "
        "Set it to one of: not_disclosed, no_ai, some_ai, fully_autonomous.",
        "status": 422,
        "ai_disclosure_level": {"required": True, "allowed_values": levels, "policy_url": f"{street.url}/llms.txt"},
    }


def test_front_matter_may_say_the_word_about_ai(ada: Author) -> None:
    said = ada.create(ai_disclosure_level=None, body_markdown="---\nai_assisted: true\n---\nIt rained.")
    assert said.json()["ai_disclosure_level"] == "some_ai"


def test_an_unknown_word_about_ai_is_refused(ada: Author) -> None:
    assert refused(ada.create(ai_disclosure_level="a_bit")) == "'a_bit' is not a valid ai_disclosure_level"


def test_updates_pass_without_a_word_about_ai_but_with_a_warning(ada: Author) -> None:
    number = ada.draft(ai_disclosure_level="not_disclosed")
    assert ada.update(number, title="Sun").json()["warnings"]
    assert "warnings" not in ada.update(number, ai_disclosure_level="some_ai").json()


def test_an_older_forem_does_not_ask_and_drops_the_word(ada: Author, street: Street) -> None:
    street.order("switches", platform="devto", switch="ai_disclosure", on=False)
    assert ada.create("One", ai_disclosure_level=None).status_code == 201
    assert ada.create("Two", ai_disclosure_level="no_ai").json()["ai_disclosure_level"] == "not_disclosed"


def test_one_account_may_be_asked_otherwise_than_the_rest(somebody: Callable[..., Author], ada: Author) -> None:
    assert somebody("linus", ai_disclosure=False).create(ai_disclosure_level=None).status_code == 201
    assert ada.create(ai_disclosure_level=None).status_code == 422


# Front matter


def test_front_matter_wins_over_what_is_sent_beside_it(ada: Author) -> None:
    body = (
        "---\ntitle: Snow\npublished: true\ntags: winter, cold\nseries: Walks\ndescription: 'White'\n"
        "canonical_url: https://x.example/snow\ncover_image: https://x.example/snow.png\n---\nIt snowed."
    )
    article = ada.create("Rain", body_markdown=body, tags=["wet"], published=False, description="Grey").json()
    assert (article["title"], article["tags"], article["description"]) == ("Snow", ["winter", "cold"], "White")
    assert article["canonical_url"] == "https://x.example/snow"
    assert article["cover_image"] == "https://x.example/snow.png"
    assert article["published_at"] is not None
    assert article["collection_id"] is not None
    assert "---" not in article["body_html"]


def test_front_matter_that_says_draft_holds_an_article_back(ada: Author, street: Street) -> None:
    number = ada.draft(body_markdown="---\npublished: false\n---\nIt rained.")
    assert ada.update(number, published=True).status_code == 200
    assert ada.list()[0]["published"] is False
    assert [entry["flip"] for entry in street.log()[:2]] == [False, False]


def test_a_cover_from_front_matter_stays_its_business(ada: Author) -> None:
    number = ada.draft(body_markdown="---\ncover_image: https://x.example/1.png\n---\nIt rained.")
    assert ada.update(number, main_image="https://x.example/2.png").json()["cover_image"] == "https://x.example/1.png"


def test_front_matter_nobody_can_read_is_refused(ada: Author) -> None:
    assert "could not find expected ':'" in refused(ada.create(body_markdown="---\nthis is no yaml\n---\nHi"))


# Reading and changing


def test_an_update_changes_only_what_it_names(ada: Author) -> None:
    before = ada.create(tags=["rain"], description="Wet", canonical_url="https://x.example/a").json()
    after = ada.update(before["id"], title="Sun").json()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"title"}


def test_nobody_changes_what_is_not_his(ada: Author, grace: Author) -> None:
    answer = grace.update(ada.draft(), title="Mine now")
    assert (answer.status_code, answer.json()) == (404, {"error": "not found", "status": 404})


def test_a_draft_is_404_even_for_its_author(ada: Author) -> None:
    number = ada.draft()
    assert ada.show(number).status_code == 404
    url = ada.update(number, published=True).json()["url"]
    assert ada.show(number).json()["url"] == url
    assert ada.call("GET", "/articles/" + url.partition("/devto/")[2]).json()["id"] == number


def test_there_is_no_delete_and_unpublish_is_for_moderators(ada: Author) -> None:
    number = ada.draft(published=True)
    assert ada.call("DELETE", f"/articles/{number}").status_code == 404
    assert ada.call("PUT", f"/articles/{number}/unpublish").status_code == 401
    assert ada.show(number).status_code == 200


def test_the_own_lists_swap_the_two_tag_fields_and_show_published(ada: Author) -> None:
    ada.draft(tags=["rain", "walk"])
    entry = ada.list()[0]
    assert (entry["tag_list"], entry["tags"]) == (["rain", "walk"], "rain, walk")
    assert entry["published"] is False
    assert "It rained." in entry["body_markdown"]


def test_the_own_lists_know_drafts_from_published_articles(ada: Author, grace: Author) -> None:
    draft, published = ada.draft("One"), ada.draft("Two", published=True)
    grace.draft("Three")
    assert [entry["id"] for entry in ada.list("unpublished")] == [draft]
    assert [entry["id"] for entry in ada.list("published")] == [published]
    assert [entry["id"] for entry in ada.list("all")] == [draft, published]


def test_the_own_lists_come_in_pages_newest_first(ada: Author, clock: TestClock) -> None:
    numbers = []
    for number in range(32):
        clock.forward(1)
        numbers.append(ada.draft(f"Walk {number}", published=True))
    newest_first = numbers[::-1]
    assert [entry["id"] for entry in ada.list()] == newest_first[:30]
    assert [entry["id"] for entry in ada.list(page=2)] == newest_first[30:]
    assert [entry["id"] for entry in ada.list(page=2, per_page=5)] == newest_first[5:10]
    assert len(ada.list(per_page=5000)) == 32


# Liquid


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("{% include x %}", "Liquid syntax error: Unknown tag 'include'"),
        ("{% embed %}", "Invalid URL"),
        ("{% embed", "Liquid syntax error: Tag '{%' was not properly terminated"),
        ("{{ name", "Liquid syntax error: Variable '{{' was not properly terminated"),
        ("{{ name }}", "Liquid variables are disabled"),
        ("{% raw %}{{ name }}", "Liquid syntax error: 'raw' tag was never closed"),
        ("{% raw %}Say `{{ name }}`.{% endraw %}", "Liquid syntax error: Unknown tag 'endraw'"),
        ("{% details x %}It rained.", "Liquid syntax error: 'details' tag was never closed"),
        ("{% enddetails %}", "Liquid syntax error: Unknown tag 'enddetails'"),
        ("    {{ indented }}", "Liquid variables are disabled"),
    ],
)
def test_liquid_that_forem_does_not_know_is_refused(ada: Author, body: str, sentence: str) -> None:
    assert refused(ada.create(body_markdown=body)).startswith(sentence)


@pytest.mark.parametrize(
    "body",
    [
        "{% raw %}{% include x %} {{ name }}{% endraw %}",
        "{% embed https://x.example/video %}",
        "Write `{% raw %}{{ name }}{% endraw %}` in code.",
        "Use `{{ name }}` and ``{% if `x` %}``.",
        "```jinja\n{% if x %}{{ y }}\n```",
        "~~~\n{{ y\n~~~",
        "{% details More %}It poured.{% enddetails %}",
        "{ % x } and 100% }}",
    ],
)
def test_liquid_that_forem_knows_and_code_pass(ada: Author, body: str) -> None:
    assert ada.create(body_markdown=body).status_code == 201


def test_readers_see_raw_text_bare_and_embeds_as_links(ada: Author) -> None:
    body = "{% raw %}{{ name }}{% endraw %}\n\n{% embed https://x.example/v %}\n\n`{{ code }}`"
    shown = ada.create(body_markdown=body).json()["body_html"]
    assert "<p>{{ name }}</p>" in shown
    assert 'href="https://x.example/v"' in shown
    assert "<code>{{ code }}</code>" in shown
