"""A third party's publisher: an installed package joins, appears with its form, and publishes with everybody else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

import publishers
from accounts.models import User, Workspace
from posts import connecting
from posts.checks import installed_publishers_can_be_used
from posts.engine import publishing
from posts.models import Channel, Delivery, Post
from posts.planning import scheduling
from posts.planning.moments import moment_at
from publishers import PUBLISHERS
from publishers.base import Publisher
from publishers.joining import GROUP, join
from tests.posts.conftest import MovableClock
from tests.posts.views.conftest import browser_of, workspace_of
from tests.real.house import ROOT
from tests.thirdparty.installing import SOURCE, install
from tests.thirdparty.postcard.post_office import STAMP, PostOffice, open_office

Status = Delivery.Status


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with open_office() as office:
        yield office


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package is on the path, as after ``pip install``."""
    target = install(tmp_path / "packages")
    monkeypatch.syspath_prepend(target)
    yield target
    sys.modules.pop("postcard", None)


@pytest.fixture
def joined(installed: Path) -> Iterator[type[Publisher]]:
    """It was there when the house was started."""
    assert join(PUBLISHERS) == []
    yield PUBLISHERS["postcard"]
    del PUBLISHERS["postcard"]


class TestJoining:
    def test_an_installed_package_joins_after_our_own(self, joined: type[Publisher]) -> None:
        assert joined.label == "Postcard"
        assert list(PUBLISHERS)[-1] == "postcard"

    @pytest.mark.parametrize(
        ("value", "words"),
        [
            ("nowhere:Postcard", "cannot be imported: ModuleNotFoundError"),
            ("postcard:Letter", "cannot be imported: AttributeError"),
            ("postcard:STEPS", "is no class of publishers.base.Publisher"),
            ("postcard:StampForm", "is no class of publishers.base.Publisher"),
            ("publishers.base:TwoStep", "lacks check, create_draft, payload, publish_draft, verify"),
            ("publishers.base:Publisher", "is neither a TwoStep nor a OneStep nor an Assisted publisher"),
            ("publishers.platforms.folder:Folder", "calls itself “folder”, which is the name of another publisher"),
            ("tests.thirdparty.broken:NoName", "needs a name"),
            ("tests.thirdparty.broken:LongName", "needs a name"),
            ("tests.thirdparty.broken:NoLabel", "needs a label"),
            ("tests.thirdparty.broken:NoForm", "needs a settings_form that is a Django form"),
            ("tests.thirdparty.broken:OddLimits", "has limits"),
            ("tests.thirdparty.exploding:Anything", "cannot be imported: RuntimeError: It exploded."),
        ],
    )
    def test_what_cannot_be_used_is_told_and_keeps_nobody_from_anything(
        self, installed: Path, value: str, words: str
    ) -> None:
        registry = dict(PUBLISHERS)
        good = EntryPoint("zz", "postcard:Postcard", GROUP)
        [trouble] = join(registry, [EntryPoint("aa", value, GROUP), good])
        assert words in trouble.told
        assert trouble.told.rstrip(".")[0].isupper()
        assert trouble.remedy
        assert "postcard" in registry  # the next one joins all the same

    def test_a_name_that_is_taken_stays_with_whoever_has_it(self, installed: Path) -> None:
        registry = dict(PUBLISHERS)
        point = EntryPoint("postcard", "postcard:Postcard", GROUP)
        [trouble] = join(registry, [point, point])
        assert "the name of another publisher" in trouble.told

    def test_metadata_that_cannot_be_read_is_told_as_well(self) -> None:
        def half_installed(name: str) -> EntryPoint:
            raise OSError("There is half a package.")

        [trouble] = join({}, map(half_installed, ["postcard"]))
        assert "half a package" in trouble.told

    def test_it_is_a_warning_of_the_system_check(self, monkeypatch: pytest.MonkeyPatch) -> None:
        trouble = join({}, [EntryPoint("postcard", "nowhere:Postcard", GROUP)])
        monkeypatch.setattr(publishers, "NOT_JOINED", trouble)
        [warning] = installed_publishers_can_be_used()
        assert warning.id == "blogscheduler.W010"
        assert "nowhere:Postcard" in warning.msg

    def test_a_house_with_a_broken_package_starts_and_says_so(self, tmp_path: Path) -> None:
        target = install(tmp_path / "packages", postcard="postcard:Nothing")
        done = manage(target, tmp_path, "check")
        assert done.returncode == 0, done.stderr
        assert "blogscheduler.W010" in done.stderr
        assert "blogscheduler-postcard" in done.stderr

    def test_a_house_with_a_good_one_has_nothing_to_say(self, tmp_path: Path) -> None:
        done = manage(install(tmp_path / "packages"), tmp_path, "check")
        assert (done.returncode, "W010" in done.stderr) == (0, False), done.stderr

    def test_the_group_is_the_one_that_the_package_names(self, installed: Path) -> None:
        assert "postcard" in {point.name for point in entry_points(group=GROUP)}
        assert GROUP in (SOURCE / "pyproject.toml").read_text()


def manage(packages: Path, data: Path, *command: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(packages), "DATA_DIR": str(data), "DEBUG": "1"}
    env["DJANGO_SETTINGS_MODULE"] = "blogscheduler.settings"
    line = [sys.executable, "manage.py", *command]
    return subprocess.run(line, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.django_db
class TestInTheHouse:
    @pytest.fixture
    def browser(self, ada: User) -> Client:
        return browser_of(ada)

    @pytest.fixture
    def workspace(self, ada: User) -> Workspace:
        return workspace_of(ada)

    @pytest.fixture
    def channel(
        self, joined: type[Publisher], browser: Client, office: PostOffice, settings: Any, workspace: Workspace
    ) -> Channel:
        """Connected by its form, and proved."""
        settings.ALLOW_PRIVATE_TARGETS = frozenset({office.url})
        form = {"channel-name": "Cards", "stamp": STAMP, "base_url": office.url}
        assert browser.post(reverse("channel_connect", args=["postcard"]), form).status_code == 302
        channel = Channel.objects.get(workspace=workspace)
        assert connecting.verify(channel.pk, MovableClock()) == "Postcard knows us as Ada."
        channel.refresh_from_db()
        return channel

    def test_it_is_offered_with_its_form(self, joined: type[Publisher], browser: Client) -> None:
        assert "A card for each post." in browser.get(reverse("channel_pick")).content.decode()
        page = browser.get(reverse("channel_connect", args=["postcard"])).content.decode()
        for words in ("Connect Postcard", "Stamp", "Address of the post office", "Buy a stamp"):
            assert words in page

    def test_its_credentials_are_encrypted_and_not_shown(self, channel: Channel, browser: Client) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM posts_channel WHERE id = %s", [channel.pk])
            assert STAMP not in str(cursor.fetchone())
        assert channel.credentials == {"stamp": STAMP}
        assert STAMP not in browser.get(channel.get_absolute_url()).content.decode()

    def test_it_is_examined_like_all_others(self, channel: Channel) -> None:
        assert channel.health
        assert channel.health["worst"] == "well"

    def test_the_engine_publishes_through_it_once(
        self, channel: Channel, office: PostOffice, ada: User, workspace: Workspace
    ) -> None:
        clock = MovableClock()
        post = Post.objects.create(workspace=workspace, author=ada, title="Notes", markdown="A few words.")
        [delivery] = scheduling.schedule(post, [channel], moment_at(clock(), UTC), clock(), ada)
        publishing.drain(clock)
        delivery.refresh_from_db()
        assert (delivery.status, delivery.remote_id) == (Status.PUBLISHED, str(delivery.key))
        assert office.cards[str(delivery.key)]["title"] == "Notes"
        assert office.printed == 1

    def test_what_it_refuses_is_said_while_scheduling(self, channel: Channel, workspace: Workspace, ada: User) -> None:
        post = Post.objects.create(workspace=workspace, author=ada, title="x" * 81, markdown="A few words.")
        with pytest.raises(scheduling.PlatformRefuses, match="up to 80 characters"):
            scheduling.schedule(post, [channel], moment_at(MovableClock()(), UTC), MovableClock()(), ada)

    def test_a_channel_whose_package_is_gone_waits_and_its_pages_still_open(
        self, channel: Channel, browser: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delitem(PUBLISHERS, "postcard")
        assert browser.get(channel.get_absolute_url()).status_code == 200
        assert browser.get(reverse("channels")).status_code == 200
        monkeypatch.undo()


def test_its_own_tests_run_where_it_is_installed(tmp_path: Path) -> None:
    """The contract is imported from the house, the rest is its own: nothing of our tests is needed."""
    target = install(tmp_path / "packages")
    away = tmp_path / "postcard"
    away.mkdir()
    for name in ("conftest.py", "test_postcard.py", "post_office.py"):
        (away / name).write_text((SOURCE / name).read_text())
    env = {**os.environ, "PYTHONPATH": f"{target}{os.pathsep}{ROOT}"}
    env.pop("DJANGO_SETTINGS_MODULE", None)
    line = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:django",
        "--rootdir",
        str(away),
        str(away),
    ]
    done = subprocess.run(line, cwd=away, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
