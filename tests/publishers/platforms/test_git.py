"""A repository over http, as git itself serves it, and as a folder."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from publishers.base import Image, Level, RemotePost, Surroundings, Unpublishes, Updates, Visibility
from publishers.errors import (
    Fault,
    Gone,
    NotAuthorized,
    OutcomeUnknown,
    PublishingError,
    RateLimited,
    Rejected,
    Unavailable,
)
from publishers.http import Http
from publishers.platforms.git import Git
from publishers.sites.front_matter import head_of
from sandbox.platforms.git import begin
from sandbox.server import Serving
from tests.publishers.conftest import order
from tests.publishers.contract import ARTICLE, KEY, OTHER_KEY, PublisherContract

ROOT = Path(__file__).resolve().parents[3]
PATH = "content/posts/notes-on-the-engine.md"
LAYOUT = {
    "generator": "hugo", "path": "content/posts/{slug}.md", "pictures": "", "permalink": "", "keys": "",
    "base_url": "https://ada.example", "unpublish_by": "remove", "username": "", "server_key": "", "branch": "main",
    "email": "ada@ada.example",
}  # fmt: skip


def git(where: Path, *arguments: str, stdin: str = "") -> str:
    """Git, as Grace uses it by hand."""
    who = {"GIT_AUTHOR_NAME": "Grace", "GIT_AUTHOR_EMAIL": "g@navy.example"}
    who |= {key.replace("AUTHOR", "COMMITTER"): value for key, value in who.items()}
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **who}
    ran = subprocess.run(
        ["git", *arguments], cwd=where, input=stdin, env=environment, check=True, capture_output=True, text=True
    )
    return ran.stdout.strip()


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    where = tmp_path / "srv" / "blog.git"
    begin(where)
    return where


def opened(bare: Path, files: Path, deadline: float = 20, **settings: Any) -> Git:
    """A publisher for a repository in a folder, which is allowed."""
    http = Http(private_origins=frozenset({f"file://{bare.parent}"}), deadline=deadline, label="Git")
    wishes = LAYOUT | {"repository": f"file://{bare}"} | settings
    return Git(credentials={"secret": "x"}, settings=wishes, surroundings=Surroundings(http=http, files=files))


def shown(bare: Path, path: str = PATH) -> str:
    return git(bare, "show", f"main:{path}")


def listing(bare: Path) -> list[str]:
    return git(bare, "ls-tree", "-r", "--name-only", "main").splitlines()


def commits(bare: Path) -> list[str]:
    return git(bare, "log", "--format=%s", "main").splitlines()


def write_by_hand(bare: Path, path: str, text: str) -> None:
    """Grace pushes a file of her own."""
    clone = bare.parent / f"clone-{len(list(bare.parent.iterdir()))}"
    git(bare.parent, "clone", "--quiet", str(bare), str(clone))
    (clone / path).parent.mkdir(parents=True, exist_ok=True)
    (clone / path).write_text(text)
    git(clone, "add", "-A")
    git(clone, "commit", "--quiet", "-m", "by hand")
    git(clone, "push", "--quiet", "origin", "HEAD:main")


# --- What every publisher promises, over http --------------------------------------------------------------------


class TestOverHttp(PublisherContract):
    kind = Git
    credentials = {"secret": "sandbox-git-key"}
    wrong_credentials = {"secret": "nobody-has-this-key"}

    @pytest.fixture(autouse=True)
    def fresh(self, sandbox: Serving) -> None:
        order(sandbox, "reset")

    @pytest.fixture
    def settings(self, sandbox: Serving) -> dict[str, Any]:
        return LAYOUT | {
            "repository": f"{sandbox.url}/git/r/sandbox/blog.git",
            "username": "sandbox",
            "base_url": f"{sandbox.url}/git/sandbox",
            "permalink": "/content/posts/:slug/",
        }

    @pytest.fixture
    def http(self, settings: dict[str, Any]) -> Http:
        origins = frozenset({self.kind.origin(settings)})
        return Http(private_origins=origins, secrets=self.credentials.values(), deadline=20, label="Git")

    def test_a_branch_is_found_when_none_is_named(self, settings: dict[str, Any], http: Http, tmp_path: Path) -> None:
        publisher = Git(
            credentials=self.credentials, settings=settings | {"branch": ""}, surroundings=Surroundings(http, tmp_path)
        )
        assert publisher.verify().choices == {"branch": (("main", "main"),)}

    def test_a_key_that_may_only_read_is_said_at_connection(
        self, settings: dict[str, Any], http: Http, tmp_path: Path, sandbox: Serving
    ) -> None:
        settings |= {"repository": f"{sandbox.url}/git/r/reader/blog.git", "username": "reader"}
        reader = Git(
            credentials={"secret": "sandbox-git-reader-key"},
            settings=settings,
            surroundings=Surroundings(http, tmp_path),
        )
        with pytest.raises(NotAuthorized, match="may not write"):
            reader.verify()

    def test_a_protected_branch_is_refused_in_its_own_words(self, publisher: Git, sandbox: Serving) -> None:
        order(sandbox, "switches", platform="git", switch="protected", on=True)
        try:
            with pytest.raises(Rejected, match="open a merge request"):
                publisher.publish(ARTICLE)
        finally:
            order(sandbox, "switches", platform="git", switch="protected", on=False)
        assert publisher.find(ARTICLE) is None

    @pytest.mark.parametrize(
        ("fault", "more", "error"),
        [
            ("status", {"status": 504, "when": "after"}, OutcomeUnknown),
            ("status", {"status": 503, "when": "before"}, OutcomeUnknown),
            ("status", {"status": 429, "when": "before"}, RateLimited),
            ("html", {"when": "after"}, OutcomeUnknown),
            ("half_json", {"when": "after"}, OutcomeUnknown),
        ],
    )
    def test_a_lost_answer_is_in_doubt_until_one_looks(
        self, publisher: Git, sandbox: Serving, fault: str, more: dict[str, Any], error: type[Exception]
    ) -> None:
        order(sandbox, "faults", platform="git", call="create", fault=fault, times=1, **more)
        with pytest.raises(error):
            publisher.publish(ARTICLE)
        assert (publisher.find(ARTICLE) is not None) == (more["when"] == "after")
        assert publisher.publish(ARTICLE).visibility is Visibility.PUBLIC
        assert self.articles(publisher) == 1

    def test_a_connection_that_is_closed_is_tried_once_more_by_git_itself(
        self, publisher: Git, sandbox: Serving
    ) -> None:
        """Its library sends again what went out on a kept connection: the same commit, which then is there already."""
        order(sandbox, "faults", platform="git", call="create", fault="close", times=1, when="after")
        with suppress(OutcomeUnknown):
            publisher.publish(ARTICLE)
        assert publisher.find(ARTICLE) is not None
        assert self.articles(publisher) == 1

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_a_redirect_is_not_followed(self, publisher: Git, sandbox: Serving, status: int) -> None:
        order(sandbox, "faults", platform="git", call="refs", fault="status", status=status, times=1)
        with pytest.raises(Unavailable, match="has moved") as raised:
            publisher.verify()
        assert raised.value.fault is Fault.MOVED

    @pytest.mark.parametrize(
        ("status", "error", "fault"),
        [
            (401, NotAuthorized, None),
            (403, NotAuthorized, Fault.ROLE),
            (404, NotAuthorized, Fault.RETIRED),
            (429, RateLimited, None),
            (500, Unavailable, Fault.UNREACHABLE),
            (503, Unavailable, Fault.UNREACHABLE),
        ],
    )
    def test_what_a_server_says_at_the_door_is_named(
        self, publisher: Git, sandbox: Serving, status: int, error: type[PublishingError], fault: Fault | None
    ) -> None:
        order(sandbox, "faults", platform="git", call="refs", fault="status", status=status, times=None)
        for call in (publisher.verify, lambda: publisher.publish(ARTICLE), lambda: publisher.find(ARTICLE)):
            with pytest.raises(error) as raised:
                call()
            assert raised.value.fault is fault


# --- What a commit is --------------------------------------------------------------------------------------------


def test_a_post_is_a_commit_by_its_author_at_its_time_with_our_trailer(bare: Path, tmp_path: Path) -> None:
    post = opened(bare, tmp_path).publish(ARTICLE)
    assert post == RemotePost(PATH, "https://ada.example/posts/notes-on-the-engine/", Visibility.PUBLIC)
    assert git(bare, "log", "-1", "--format=%an <%ae> %aI|%cn %cI", "main") == (
        "Ada Lovelace <ada@ada.example> 2026-11-22T18:30:00+00:00|blogscheduler 2026-11-22T18:30:00+00:00"
    )
    assert git(bare, "log", "-1", "--format=%B", "main") == (
        f"Publish “{ARTICLE.title}”\n\nBlogscheduler-Id: {KEY}\nBlogscheduler-Path: {PATH}"
    )
    assert shown(bare) + "\n" == opened(bare, tmp_path).payload(ARTICLE)["files"][PATH]


def test_publishing_twice_makes_one_commit(bare: Path, tmp_path: Path) -> None:
    first = opened(bare, tmp_path / "one").publish(ARTICLE)
    assert opened(bare, tmp_path / "two").publish(replace(ARTICLE, slug="another")) == first
    assert commits(bare) == [f"Publish “{ARTICLE.title}”", "Begin"]


def test_the_same_commit_made_twice_is_the_same(bare: Path, tmp_path: Path) -> None:
    one = opened(bare, tmp_path / "one")
    one.publish(ARTICLE)
    first = git(bare, "rev-parse", "main")
    git(bare, "update-ref", "refs/heads/main", "main~1")
    opened(bare, tmp_path / "two").publish(ARTICLE)
    assert git(bare, "rev-parse", "main") == first


def test_two_writers_at_once_lose_nothing(bare: Path, tmp_path: Path) -> None:
    keys = [f"0b9f3c52-5d3e-4a51-9c5e-6a6f5f0f2b{number:02}" for number in range(6)]
    articles = [replace(ARTICLE, key=key, slug=f"note-{number}") for number, key in enumerate(keys)]
    failed: list[Exception] = []

    def write(files: Path, mine: list[Any]) -> None:
        for article in mine:
            for _ in range(20):
                try:
                    opened(bare, files, deadline=30).publish(article)
                    break
                except Unavailable as error:
                    failed.append(error)

    writers = [threading.Thread(target=write, args=(tmp_path / str(n), articles[n::2])) for n in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert listing(bare) == [f"content/posts/note-{number}.md" for number in range(6)]
    assert len(commits(bare)) == 7


def test_a_push_that_comes_second_is_done_again_on_top(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Grace pushes between our fetch and our push: git sees it and sends nothing."""
    clone = bare.parent / "grace"
    git(bare.parent, "clone", "--quiet", str(bare), str(clone))
    (clone / "hers.md").write_text("hers")
    git(clone, "add", "-A")
    git(clone, "commit", "--quiet", "-m", "by hand")
    real = shutil.which("git")
    before_push = f'case "$1" in push) [ -f {clone}/once ] || {{ touch {clone}/once; (unset GIT_DIR; cd {clone}; '
    before_push += f"GIT_CONFIG_COUNT=0 {real} push --quiet origin HEAD:main) >/dev/null 2>&1; }};; esac"
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "git").write_text(f'#!/bin/sh\n{before_push}\nexec {real} "$@"\n')
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    publisher = opened(bare, tmp_path)
    publisher.publish(ARTICLE)
    assert commits(bare) == [f"Publish “{ARTICLE.title}”", "by hand", "Begin"]
    pushes = [one.response for one in publisher.http.exchanges if one.method == "git push"]
    assert ["[rejected]" in one for one in pushes] == [True, False]


def test_a_branch_that_moves_while_it_is_pushed_to_is_tried_again(bare: Path, tmp_path: Path) -> None:
    """The server has looked, and somebody is quicker still: it refuses, and says that the branch is elsewhere."""
    script = bare / "hooks" / "pre-receive"
    script.parent.mkdir(exist_ok=True)
    script.write_text(
        "#!/bin/sh\n[ -f once ] && exit 0\ntouch once\n"
        "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"
        "export GIT_AUTHOR_NAME=Grace GIT_AUTHOR_EMAIL=g@x GIT_COMMITTER_NAME=Grace GIT_COMMITTER_EMAIL=g@x\n"
        "git update-ref refs/heads/main $(git commit-tree 'main^{tree}' -p main -m 'quicker')\n"
    )
    script.chmod(0o755)
    publisher = opened(bare, tmp_path)
    publisher.publish(ARTICLE)
    assert commits(bare) == [f"Publish “{ARTICLE.title}”", "quicker", "Begin"]
    assert "remote rejected" in repr(publisher.http.exchanges)


def test_a_branch_that_never_stands_still_is_tried_later(bare: Path, tmp_path: Path) -> None:
    script = bare / "hooks" / "pre-receive"
    script.parent.mkdir(exist_ok=True)
    script.write_text(
        "#!/bin/sh\nunset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"
        "export GIT_AUTHOR_NAME=Grace GIT_AUTHOR_EMAIL=g@x GIT_COMMITTER_NAME=Grace GIT_COMMITTER_EMAIL=g@x\n"
        "git update-ref refs/heads/main $(git commit-tree 'main^{tree}' -p main -m 'quicker')\n"
    )
    script.chmod(0o755)
    with pytest.raises(Unavailable, match="each time"):
        opened(bare, tmp_path).publish(ARTICLE)
    assert commits(bare) == ["quicker"] * 5 + ["Begin"]


def test_two_workers_share_one_copy_in_turn(bare: Path, tmp_path: Path) -> None:
    articles = [replace(ARTICLE, key=KEY[:-1] + str(n), slug=f"note-{n}") for n in range(4)]
    threads = [threading.Thread(target=opened(bare, tmp_path, 60).publish, args=(article,)) for article in articles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(listing(bare)) == 4


def test_an_old_commit_of_others_does_not_stop_it(bare: Path, tmp_path: Path) -> None:
    git_here = opened(bare, tmp_path)
    git_here.publish(ARTICLE)
    write_by_hand(bare, "README.md", "by hand")
    git_here.publish(replace(ARTICLE, key=OTHER_KEY, slug="second"))
    assert listing(bare) == ["README.md", PATH, "content/posts/second.md"]


# --- Whose file is whose -----------------------------------------------------------------------------------------


def test_a_file_of_somebody_else_is_left_alone(bare: Path, tmp_path: Path) -> None:
    write_by_hand(bare, PATH, "Grace's own")
    with pytest.raises(Rejected, match="not ours"):
        opened(bare, tmp_path).publish(ARTICLE)
    assert shown(bare) == "Grace's own"


def test_another_article_of_ours_moves_it_to_a_number(bare: Path, tmp_path: Path) -> None:
    opened(bare, tmp_path).publish(ARTICLE)
    other = replace(ARTICLE, key=OTHER_KEY)
    post = opened(bare, tmp_path).publish(other)
    assert post.id == PATH.replace(".md", "-2.md")
    assert opened(bare, tmp_path / "new").find(other) == post


@pytest.mark.parametrize("path", ["content", "content/posts", f"{PATH}/inside.txt"])
def test_a_file_in_the_way_of_a_folder_is_not_overwritten(bare: Path, tmp_path: Path, path: str) -> None:
    write_by_hand(bare, path, "in the way")
    with pytest.raises(Rejected):
        opened(bare, tmp_path).publish(ARTICLE)
    assert shown(bare, path) == "in the way"


def test_a_post_that_somebody_moved_away_after_a_lost_answer_is_not_sent_again(bare: Path, tmp_path: Path) -> None:
    post = opened(bare, tmp_path).publish(ARTICLE)
    clone = bare.parent / "clone"
    git(bare.parent, "clone", "--quiet", str(bare), str(clone))
    git(clone, "rm", "--quiet", PATH)
    git(clone, "commit", "--quiet", "-m", "away with it")
    git(clone, "push", "--quiet", "origin", "HEAD:main")
    assert opened(bare, tmp_path).find(ARTICLE) == post


# --- Changing and taking back ------------------------------------------------------------------------------------


def test_an_update_keeps_path_date_and_mark(bare: Path, tmp_path: Path) -> None:
    publisher = opened(bare, tmp_path)
    post = publisher.publish(ARTICLE)
    before = datetime.now(UTC).replace(microsecond=0)
    changed = replace(ARTICLE, markdown="Better.", title="Better notes", slug="better")
    assert isinstance(publisher, Updates)
    assert publisher.update(post.id, changed) == post
    text = shown(bare)
    assert publisher.update(post.id, changed) == post
    assert shown(bare) == text
    head = head_of(text)
    assert (head["title"], head["slug"], head["blogscheduler_id"]) == ("Better notes", "notes-on-the-engine", KEY)
    assert head["date"] == ARTICLE.due_at
    assert head["lastmod"] >= before
    assert len(commits(bare)) == 3


def test_unpublishing_removes_the_post_and_its_pictures_and_nothing_else(bare: Path, tmp_path: Path) -> None:
    publisher = opened(bare, tmp_path)
    write_by_hand(bare, "static/images/notes-on-the-engine/by-hand.png", "hers")
    post = publisher.publish(with_picture(tmp_path))
    assert len(listing(bare)) == 3
    assert isinstance(publisher, Unpublishes)
    publisher.unpublish(post.id)
    publisher.unpublish(post.id)
    assert listing(bare) == ["static/images/notes-on-the-engine/by-hand.png"]
    assert publisher.find(ARTICLE) is None


def test_unpublishing_can_leave_a_draft(bare: Path, tmp_path: Path) -> None:
    publisher = opened(bare, tmp_path, unpublish_by="hide")
    post = publisher.publish(ARTICLE)
    publisher.unpublish(post.id)
    publisher.unpublish(post.id)
    assert head_of(shown(bare))["draft"] is True
    assert len(commits(bare)) == 3
    assert publisher.publish(ARTICLE) == post
    assert head_of(shown(bare))["draft"] is False


def test_what_is_no_longer_there_is_gone_and_what_is_not_ours_stays(bare: Path, tmp_path: Path) -> None:
    publisher = opened(bare, tmp_path)
    with pytest.raises(Gone):
        publisher.update(PATH, ARTICLE)
    with pytest.raises(Gone):
        publisher.unpublish(PATH)
    write_by_hand(bare, PATH, "Grace's own")
    with pytest.raises(Gone, match="mark"):
        publisher.update(PATH, ARTICLE)
    with pytest.raises(Gone, match="mark"):
        publisher.unpublish(PATH)
    assert shown(bare) == "Grace's own"


# --- Pictures ----------------------------------------------------------------------------------------------------


def with_picture(tmp_path: Path, **changes: Any) -> Any:
    file = tmp_path / "upload"
    file.write_bytes(b"not really")
    image = Image(digest="ab" * 32, url="https://blog.example/media/1.png", path=file, name="The Engine.PNG", size=10)
    text = "Look: ![Engine](https://blog.example/media/1.png)"
    return replace(ARTICLE, markdown=text, cover_url=image.url, images=(image,), **changes)


@pytest.mark.parametrize(
    ("settings", "place", "reference"),
    [
        ({}, "static/images/notes-on-the-engine/the-engine-ababababab.png",
         "/images/notes-on-the-engine/the-engine-ababababab.png"),
        ({"path": "content/posts/{slug}/index.md"}, "content/posts/notes-on-the-engine/the-engine-ababababab.png",
         "./the-engine-ababababab.png"),
        ({"base_url": "https://ada.example/blog"}, "static/images/notes-on-the-engine/the-engine-ababababab.png",
         "/blog/images/notes-on-the-engine/the-engine-ababababab.png"),
        ({"generator": "jekyll", "pictures": "pics/{year}"}, "pics/2026/the-engine-ababababab.png",
         "/pics/2026/the-engine-ababababab.png"),
    ],
)  # fmt: skip
def test_pictures_are_committed_with_the_post(
    bare: Path, tmp_path: Path, settings: dict[str, Any], place: str, reference: str
) -> None:
    post = opened(bare, tmp_path, **settings).publish(with_picture(tmp_path))
    assert set(listing(bare)) == {post.id, place}
    assert shown(bare, place).endswith("not really")
    assert f"![Engine]({reference})" in shown(bare, post.id)
    assert reference in str(head_of(shown(bare, post.id)))
    assert len(commits(bare)) == 2


def test_a_picture_that_is_too_large_is_said_beforehand(bare: Path, tmp_path: Path) -> None:
    def said(size: int) -> list[Level]:
        article = with_picture(tmp_path)
        article = replace(article, images=(replace(article.images[0], size=size),))
        return [finding.level for finding in opened(bare, tmp_path).check(article)]

    most = 20 * 1024 * 1024
    assert said(most - 1) == said(most) == []
    assert said(most + 1) == [Level.REFUSED]


# --- Where it may go, and what it leaves behind ------------------------------------------------------------------


@pytest.mark.parametrize(
    "repository",
    [
        "ext::sh -c touch% /tmp/x", "https://ada:secret@codeberg.org/ada/blog", "-oProxyCommand=x", "https://",
        "ssh://-oProxyCommand=x/ada/blog", "git@codeberg.org:-x/../y;z", "ftp://host/x", "file://host/x",
        "https://host/a b", "https://host/x?y=1", "git://host/x", "https://host/../x", "codeberg.org/ada/blog",
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused_in_the_form(repository: str) -> None:
    assert "repository" in Git.settings_form(LAYOUT | {"repository": repository}).errors


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://codeberg.org/ada/blog.git", "https://codeberg.org/ada/blog.git"),
        ("https://Git.Example:8443/~ada/blog", "https://git.example:8443/~ada/blog"),
        ("git@codeberg.org:ada/blog.git", "ssh://git@codeberg.org/ada/blog.git"),
        ("ssh://codeberg.org:2222/ada/blog.git", "ssh://git@codeberg.org:2222/ada/blog.git"),
        ("file:///srv/git/blog.git", "file:///srv/git/blog.git"),
    ],
)
def test_an_address_gets_its_plain_form(given: str, url: str) -> None:
    form = Git.settings_form(LAYOUT | {"repository": given})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["repository"] == url


@pytest.mark.parametrize("url", ["file:///srv/git/blog.git", "http://127.0.0.1:9/x.git", "https://127.0.0.1:9/x.git",
                                 "ssh://git@127.0.0.1/x.git", "http://ada.example/x.git"])  # fmt: skip
def test_a_private_place_is_refused_before_git_is_started(tmp_path: Path, url: str) -> None:
    http = Http(label="Git")
    settings = LAYOUT | {"repository": url, "server_key": "ssh-ed25519 " + "A" * 68}
    publisher = Git(credentials={"secret": "x"}, settings=settings, surroundings=Surroundings(http, tmp_path))
    for call in (publisher.verify, lambda: publisher.publish(ARTICLE), lambda: publisher.find(ARTICLE)):
        with pytest.raises(Unavailable):
            call()
    assert http.exchanges == []


def test_git_goes_to_the_address_that_was_looked_at_and_asks_no_name_server_again(
    sandbox: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a name that means another address a moment later would lead it anywhere."""
    order(sandbox, "reset")
    port = int(sandbox.url.rpartition(":")[2])
    asked: list[str] = []

    def answer(host: str, *_: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    url = f"http://git.ada.example:{port}/git/r/sandbox/blog.git"
    http = Http(private_origins=frozenset({f"http://git.ada.example:{port}"}), deadline=20, label="Git")
    publisher = Git(
        credentials={"secret": "sandbox-git-key"}, settings=LAYOUT | {"repository": url},
        surroundings=Surroundings(http, tmp_path),
    )  # fmt: skip
    assert publisher.publish(ARTICLE).visibility is Visibility.PUBLIC
    assert asked == ["git.ada.example"]


def test_a_damaged_copy_is_thrown_away_and_made_anew(bare: Path, tmp_path: Path) -> None:
    opened(bare, tmp_path).publish(ARTICLE)
    [copy] = (tmp_path / ".repositories").glob("*.git")
    (copy / "HEAD").write_text("nonsense")
    with pytest.raises(Unavailable, match="anew"):
        opened(bare, tmp_path).find(ARTICLE)
    assert opened(bare, tmp_path).find(ARTICLE) is not None


def test_a_copy_that_has_grown_is_fetched_anew(bare: Path, tmp_path: Path) -> None:
    opened(bare, tmp_path).publish(ARTICLE)
    [copy] = (tmp_path / ".repositories").glob("*.git")
    (copy / "many").mkdir()
    for number in range(5000):
        (copy / "many" / str(number)).touch()
    assert opened(bare, tmp_path).find(ARTICLE) is not None
    assert not (copy / "many").exists()


def test_what_a_killed_git_has_left_behind_does_not_stop_the_next(bare: Path, tmp_path: Path) -> None:
    opened(bare, tmp_path).publish(ARTICLE)
    [copy] = (tmp_path / ".repositories").glob("*.git")
    for left in ("shallow.lock", "config.lock", "packed-refs.lock", "refs/heads/theirs.lock"):
        (copy / left).touch()
    opened(bare, tmp_path).publish(replace(ARTICLE, key=OTHER_KEY, slug="second"))
    assert len(listing(bare)) == 2


def test_configuration_hooks_and_helpers_of_the_machine_are_not_used(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text('[url "file:///elsewhere/"]\n\tinsteadOf = file:///\n')
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_SSH_COMMAND", "false")
    assert opened(bare, tmp_path).publish(ARTICLE).id == PATH


def test_a_secret_is_no_argument_of_any_program(
    sandbox: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody on the machine can read those. A git that notes them stands before the real one."""
    order(sandbox, "reset")
    programs, noted = tmp_path / "bin", tmp_path / "noted"
    programs.mkdir()
    (programs / "git").write_text(f'#!/bin/sh\necho "$@" >> {noted}\nexec {shutil.which("git")} "$@"\n')
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    http = Http(private_origins=frozenset({sandbox.url}), secrets=["sandbox-git-key"], deadline=20, label="Git")
    settings = LAYOUT | {"repository": f"{sandbox.url}/git/r/sandbox/blog.git"}
    publisher = Git(
        credentials={"secret": "sandbox-git-key"}, settings=settings, surroundings=Surroundings(http, tmp_path)
    )
    publisher.publish(ARTICLE)
    assert "push" in noted.read_text()
    coded = base64.b64encode(b"git:sandbox-git-key").decode()
    for secret in ("sandbox-git-key", coded):
        assert secret not in noted.read_text()
        assert secret not in repr(http.exchanges)


WORKER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tests.publishers.platforms.test_git import ARTICLE, opened
opened(Path(sys.argv[1]), Path(sys.argv[2])).publish(ARTICLE)
"""


@pytest.mark.parametrize("hook", ["pre-receive", "post-receive"])
def test_a_worker_killed_while_it_pushes_leaves_one_commit_in_the_end(bare: Path, tmp_path: Path, hook: str) -> None:
    """Before the branch has moved, and after: the next worker waits for what is left of it, and does it once."""
    begun = tmp_path / "begun"
    script = bare / "hooks" / hook
    script.parent.mkdir(exist_ok=True)
    script.write_text(f"#!/bin/sh\ntouch {begun}\nsleep 2\n")
    script.chmod(0o755)
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(bare), str(tmp_path)], cwd=ROOT)
    while not begun.exists():
        assert worker.poll() is None
        time.sleep(0.02)
    worker.kill()
    worker.wait()
    script.unlink()
    assert opened(bare, tmp_path).publish(ARTICLE).id == PATH
    assert commits(bare) == [f"Publish “{ARTICLE.title}”", "Begin"]


def test_a_hanging_server_ends_at_the_deadline(bare: Path, tmp_path: Path) -> None:
    hook = bare / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nsleep 20\n")
    hook.chmod(0o755)
    with pytest.raises(OutcomeUnknown):
        opened(bare, tmp_path, deadline=2).publish(ARTICLE)
    hook.unlink()
    assert opened(bare, tmp_path / "other").find(ARTICLE) is not None
