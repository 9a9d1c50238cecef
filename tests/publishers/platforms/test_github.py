"""Commits by GitHub's API, over repositories that git keeps."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from publishers.base import Image, RemotePost, Surroundings, Visibility
from publishers.errors import NotAuthorized, OutcomeUnknown, RateLimited, Rejected, Unavailable
from publishers.http import Http
from publishers.platforms.github import GitHub
from sandbox.server import Serving
from tests.publishers.conftest import order
from tests.publishers.contract import ARTICLE, KEY, OTHER_KEY, PublisherContract

ADA = {"token": "sandbox-github-key"}
PATH = "content/posts/notes-on-the-engine.md"


def settings_of(sandbox: Serving, **changes: Any) -> dict[str, Any]:
    return {
        "generator": "hugo", "path": "content/posts/{slug}.md", "pictures": "", "keys": "", "unpublish_by": "remove",
        "repository": "sandbox/blog", "branch": "main", "email": "ada@ada.example",
        "api_url": f"{sandbox.url}/github/api", "base_url": f"{sandbox.url}/github/sandbox",
        "permalink": "/content/posts/:slug/",
    } | changes  # fmt: skip


def made(sandbox: Serving, credentials: dict[str, str] = ADA, **changes: Any) -> GitHub:
    http = Http(private_origins=frozenset({sandbox.url}), deadline=10, label="GitHub")
    surroundings = Surroundings(http=http, files=Path("/nonexistent"))
    return GitHub(credentials=credentials, settings=settings_of(sandbox, **changes), surroundings=surroundings)


@pytest.fixture(autouse=True)
def fresh(sandbox: Serving) -> None:
    order(sandbox, "reset")
    order(sandbox, "limits", platform="github", on=False)


class TestGitHub(PublisherContract):
    kind = GitHub
    credentials = ADA
    wrong_credentials = {"token": "nobody-has-this-key"}

    @pytest.fixture
    def settings(self, sandbox: Serving) -> dict[str, Any]:
        return settings_of(sandbox)


def api(sandbox: Serving, method: str, path: str, **body: Any) -> Any:
    """Grace calls it by hand."""
    headers = {"Authorization": f"Bearer {ADA['token']}", "X-GitHub-Api-Version": "2022-11-28"}
    url = f"{sandbox.url}/github/api/repos/sandbox/blog{path}"
    answer = requests.request(method, url, json=body or None, headers=headers, timeout=5)
    answer.raise_for_status()
    return answer.json()


def messages(sandbox: Serving) -> list[str]:
    return [one["commit"]["message"].split("\n")[0] for one in api(sandbox, "GET", "/commits")]


def write_by_hand(sandbox: Serving, path: str, text: str) -> None:
    tip = api(sandbox, "GET", "/git/ref/heads/main")["object"]["sha"]
    base = api(sandbox, "GET", f"/git/commits/{tip}")["tree"]["sha"]
    entry = {"path": path, "mode": "100644", "type": "blob", "content": text}
    tree = api(sandbox, "POST", "/git/trees", base_tree=base, tree=[entry])["sha"]
    commit = api(sandbox, "POST", "/git/commits", message="by hand", tree=tree, parents=[tip])["sha"]
    api(sandbox, "PATCH", "/git/refs/heads/main", sha=commit, force=False)


def test_a_post_is_one_commit_with_our_trailer_and_its_pictures(sandbox: Serving, tmp_path: Path) -> None:
    file = tmp_path / "upload"
    file.write_bytes(b"\x89PNG not really")
    image = Image(digest="ab" * 32, url="https://blog.example/1.png", path=file, name="engine.png", size=15)
    made(sandbox).publish(replace(ARTICLE, markdown="![E](https://blog.example/1.png)", images=(image,)))
    assert messages(sandbox) == [f"Publish “{ARTICLE.title}”", "Begin"]
    assert f"Blogscheduler-Id: {KEY}" in api(sandbox, "GET", "/commits")[0]["commit"]["message"].splitlines()
    [picture] = api(sandbox, "GET", "/contents/static/images/notes-on-the-engine")
    assert picture["name"] == "engine-ababababab.png"


def test_publishing_twice_makes_one_commit(sandbox: Serving) -> None:
    first = made(sandbox).publish(ARTICLE)
    assert made(sandbox).publish(ARTICLE) == first
    assert len(messages(sandbox)) == 2


def test_two_writers_at_once_lose_nothing(sandbox: Serving) -> None:
    articles = [replace(ARTICLE, key=KEY[:-1] + str(n), slug=f"note-{n}") for n in range(6)]

    def write(mine: list[Any]) -> None:
        for article in mine:
            for _ in range(20):
                try:
                    made(sandbox).publish(article)
                    break
                except Unavailable:
                    continue

    writers = [threading.Thread(target=write, args=(articles[n::2],)) for n in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [one["name"] for one in api(sandbox, "GET", "/contents/content/posts")] == [f"note-{n}.md" for n in range(6)]
    assert len(messages(sandbox)) == 7


@pytest.mark.parametrize("fault", ["close", "html", "half_json"])
def test_a_lost_answer_of_the_last_call_is_in_doubt_and_found(sandbox: Serving, fault: str) -> None:
    order(sandbox, "faults", platform="github", call="create", fault=fault, times=1, when="after")
    with pytest.raises(OutcomeUnknown):
        made(sandbox).publish(ARTICLE)
    assert made(sandbox).find(ARTICLE) is not None
    made(sandbox).publish(ARTICLE)
    assert len(messages(sandbox)) == 2


@pytest.mark.parametrize("call", ["make_tree", "make_commit", "commit", "ref"])
def test_a_lost_answer_before_that_is_no_doubt_since_nobody_sees_it(sandbox: Serving, call: str) -> None:
    order(sandbox, "faults", platform="github", call=call, fault="close", times=1, when="after")
    with pytest.raises(Unavailable):
        made(sandbox).publish(ARTICLE)
    assert messages(sandbox) == ["Begin"]


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (403, {"retry_after": 30}, '{"message": "You have exceeded a secondary rate limit."}'),
        (429, {"retry_after": 30}, "{}"),
        (403, {}, '{"message": "API rate limit exceeded for user."}'),
    ],
)
def test_its_limits_make_us_wait(sandbox: Serving, status: int, headers: dict[str, Any], body: str) -> None:
    order(
        sandbox, "faults", platform="github", call="create", fault="status", status=status, body=body, times=1,
        **headers,
    )  # fmt: skip
    with pytest.raises(RateLimited) as raised:
        made(sandbox).publish(ARTICLE)
    assert raised.value.retry_after == (30 if headers else 60)


def test_a_protected_branch_is_refused_in_its_own_words(sandbox: Serving) -> None:
    order(sandbox, "switches", platform="github", switch="protected", on=True)
    try:
        with pytest.raises(Rejected, match="pull request"):
            made(sandbox).publish(ARTICLE)
    finally:
        order(sandbox, "switches", platform="github", switch="protected", on=False)


def test_a_token_that_may_only_read_is_said_at_connection_and_when_publishing(sandbox: Serving) -> None:
    reader = made(sandbox, {"token": "sandbox-github-reader-key"}, repository="reader/blog")
    with pytest.raises(NotAuthorized, match="not write"):
        reader.verify()
    with pytest.raises(NotAuthorized, match="not write"):
        reader.publish(ARTICLE)


def test_a_repository_that_a_token_may_not_see_is_said(sandbox: Serving) -> None:
    with pytest.raises(NotAuthorized, match="may not see"):
        made(sandbox, repository="linus/blog").verify()
    with pytest.raises(Rejected, match="no such branch"):
        made(sandbox, branch="other").publish(ARTICLE)


def test_its_usual_branch_is_taken_when_none_is_named(sandbox: Serving) -> None:
    assert made(sandbox, branch="").verify().choices == {"branch": (("main", "main"),)}


def test_all_branches_are_offered_once_one_is_named(sandbox: Serving) -> None:
    tip = api(sandbox, "GET", "/git/ref/heads/main")["object"]["sha"]
    api(sandbox, "POST", "/git/refs", ref="refs/heads/drafts", sha=tip)
    assert made(sandbox).verify().choices == {"branch": (("main", "main"), ("drafts", "drafts"))}


def test_a_file_of_somebody_else_is_left_alone(sandbox: Serving) -> None:
    write_by_hand(sandbox, PATH, "Grace's own")
    with pytest.raises(Rejected, match="not ours"):
        made(sandbox).publish(ARTICLE)


@pytest.mark.parametrize("path", ["content", "content/posts"])
def test_a_file_in_the_way_of_a_folder_is_not_overwritten(sandbox: Serving, path: str) -> None:
    write_by_hand(sandbox, path, "in the way")
    with pytest.raises(Rejected, match="file or a link"):
        made(sandbox).publish(ARTICLE)
    assert messages(sandbox) == ["by hand", "Begin"]


def test_a_post_keeps_its_place_when_its_slug_changes(sandbox: Serving) -> None:
    post = made(sandbox).publish(ARTICLE)
    assert made(sandbox).find(replace(ARTICLE, slug="another")) == post
    other = made(sandbox).publish(replace(ARTICLE, key=OTHER_KEY))
    assert other == RemotePost(
        PATH.replace(".md", "-2.md"), f"{sandbox.url}/github/sandbox/content/posts/notes-on-the-engine-2/",
        Visibility.PUBLIC,
    )  # fmt: skip


@pytest.mark.parametrize("repository", ["ada", "ada/blog/x", "-ada/blog", "https://github.com/ada/blog", "ada/b log"])
def test_what_is_no_repository_is_refused_in_the_form(sandbox: Serving, repository: str) -> None:
    assert "repository" in GitHub.settings_form(settings_of(sandbox, repository=repository)).errors
