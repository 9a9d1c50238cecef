"""The house without a browser: connect, schedule, publish and look, for cron and for other programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as house
from django.core.management import CommandError, call_command
from django.db.models import signals
from django.db.models.functions import Now

from accounts.models import Membership, User, Workspace
from posts.models import Channel, Delivery, Post
from tests.posts.conftest import MovableClock, Street, publish
from tests.real.house import ROOT, database_url

pytestmark = pytest.mark.django_db
Plan = Callable[..., Delivery]
Status = Delivery.Status

TEXT = """---
title: On engines
description: What they can do.
tags: [maths, history]
canonical_url: https://ada.example.org/engines
---

They might compose music.
"""


def said(*command: Any, **options: Any) -> str:
    out = StringIO()
    call_command(*map(str, command), stdout=out, **options)
    return out.getvalue()


def refused(code: int, *command: Any) -> str:
    """What a command says that ends with this exit code."""
    with pytest.raises(CommandError) as problem:
        call_command(*map(str, command), stdout=StringIO())
    assert problem.value.returncode == code, problem.value
    return str(problem.value)


@pytest.fixture
def key(street: Street, workspace: Workspace) -> str:
    return str(street.order("accounts", username="ada", age_days=400)["key"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "engines.md"
    path.write_text(TEXT, encoding="utf-8")
    return path


# --- connect ---------------------------------------------------------------------------------------------------------


def connect(street: Street, *values: str) -> tuple[str, ...]:
    return ("connect", "devto", "My DEV", f"base_url={street.api}", "ai_disclosure_level=no_ai", *values)


def test_a_channel_is_connected_with_a_secret_from_a_file(street: Street, key: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{key}\n")
    words = said(*connect(street, f"api_key=@{tmp_path / 'key'}"))
    assert words == "Connected My DEV: DEV knows us as @ada.\n"
    channel = Channel.objects.get()
    assert (channel.status, channel.credentials) == (Channel.Status.OPEN, {"api_key": key})
    assert channel.settings["base_url"] == street.api


def test_a_secret_may_come_from_standard_input(street: Street, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO(f"{key}\n"))
    said(*connect(street, "api_key=@-"))
    assert Channel.objects.get().credentials == {"api_key": key}


def test_a_folder_needs_no_secret_and_takes_the_usual_settings(
    workspace: Workspace, street: Street, tmp_path: Path
) -> None:
    assert "Connected Site" in said("connect", "folder", "Site", "generator=hugo")
    assert Channel.objects.get().settings["directory"] == "content/posts"


def test_a_wrong_key_is_refused_in_the_platforms_words_and_leaves_nothing(street: Street, workspace: Workspace) -> None:
    words = refused(1, *connect(street, "api_key=wrong-key-of-somebody"))
    assert "unauthorized" in words
    assert "not connected" in words
    assert "wrong-key-of-somebody" not in words
    assert not Channel.objects.exists()


def test_a_key_that_the_platform_does_not_know_is_a_wrong_call(street: Street, key: str) -> None:
    words = refused(2, *connect(street, f"api_key={key}", "token=1"))
    assert "knows no token" in words
    assert "api_key" in words
    assert not Channel.objects.exists()


@pytest.mark.parametrize(
    ("values", "code", "word"),
    [
        (["api_key"], 2, "key=value"),
        (["=1"], 2, "key=value"),
        ([], 1, "api_key: "),
        (["api_key=@/nowhere/key"], 1, "cannot be read"),
        (["api_key=@/bin/true"], 1, "not UTF-8"),
        (["api_key=with blanks in it"], 1, "api_key: "),
        (["api_key=k", "base_url=http://dev.to/api"], 1, "base_url: "),
        (["api_key=k", "ai_disclosure_level=perhaps"], 1, "ai_disclosure_level: "),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    values: list[str], code: int, word: str, street: Street, workspace: Workspace
) -> None:
    assert word in refused(code, *connect(street, *values))
    assert not Channel.objects.exists()


@pytest.mark.parametrize("name", ["", "  ", "x" * 101])
def test_a_channel_needs_a_name_that_can_be_kept(name: str, workspace: Workspace) -> None:
    assert "name" in refused(2, "connect", "folder", name, "generator=hugo")


def test_a_name_that_is_taken_is_refused_and_the_other_channel_stays(folder: Channel) -> None:
    assert "already" in refused(1, "connect", "folder", folder.name, "generator=hugo")
    assert Channel.objects.get() == folder


def test_a_worker_that_was_quicker_to_check_is_waited_for(street: Street, key: str) -> None:
    """Else it would be called connected before anybody knows."""

    def a_worker_takes_it(instance: Channel, created: bool, **_: Any) -> None:
        Channel.objects.filter(pk=instance.pk).update(lease_until=Now() + timedelta(milliseconds=150))

    signals.post_save.connect(a_worker_takes_it, sender=Channel)
    try:
        assert "knows us as @ada" in said(*connect(street, f"api_key={key}"))
    finally:
        signals.post_save.disconnect(a_worker_takes_it, sender=Channel)


def test_a_check_that_takes_too_long_is_not_called_a_success(street: Street, key: str, settings: Any) -> None:
    settings.CALL_DEADLINE_SECONDS = 0.1

    def a_worker_takes_it(instance: Channel, created: bool, **_: Any) -> None:
        Channel.objects.filter(pk=instance.pk).update(lease_until=Now() + timedelta(seconds=60))

    signals.post_save.connect(a_worker_takes_it, sender=Channel)
    try:
        assert "still being checked" in refused(1, *connect(street, f"api_key={key}"))
    finally:
        signals.post_save.disconnect(a_worker_takes_it, sender=Channel)


# --- which workspace -------------------------------------------------------------------------------------------------


def test_without_any_account_there_is_nothing_to_connect_to(db: None) -> None:
    assert "Create the owner's account first" in refused(1, "deliveries")


def test_with_two_workspaces_one_has_to_be_named_by_number_or_name(
    folder: Channel, scheduled: Plan, grace: User
) -> None:
    scheduled(folder)
    hers = Workspace.objects.of(grace)
    assert hers is not None
    words = refused(2, "deliveries")
    assert f"{folder.workspace_id} (Ada's blog)" in words
    assert "Grace's blog" in words
    assert "On analytical engines" in said("deliveries", "--workspace", folder.workspace_id)
    assert "On analytical engines" in said("deliveries", "--workspace", "Ada's blog")
    assert said("deliveries", "--workspace", hers.pk) == ""
    assert "no workspace called Nobody" in refused(1, "deliveries", "--workspace", "Nobody")
    assert "no workspace called 99999999999999999999" in refused(1, "deliveries", "--workspace", "9" * 20)


# --- schedule --------------------------------------------------------------------------------------------------------


def test_a_file_becomes_a_post_and_is_scheduled_in_adas_zone(folder: Channel, file: Path, ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(time_zone="Europe/Berlin")
    words = said("schedule", file, "--channel", folder.name, "--at", "2036-07-01T09:00")
    assert "“On engines” on folder 1, 2036-07-01T09:00 Europe/Berlin" in words
    delivery = Delivery.objects.get()
    assert delivery.due_at.isoformat() == "2036-07-01T07:00:00+00:00"
    assert (delivery.zone, delivery.created_by) == ("Europe/Berlin", ada)
    post = delivery.post
    assert (post.author, post.title, post.summary) == (ada, "On engines", "What they can do.")
    assert (post.tags, post.canonical_url) == (["maths", "history"], "https://ada.example.org/engines")
    assert post.markdown == "They might compose music."


def test_now_is_now(folder: Channel, file: Path, clock: MovableClock) -> None:
    said("schedule", file, "--channel", folder.name, "--at", "now")
    assert publish(clock, Delivery.objects.get()).status == Status.PUBLISHED


def test_a_time_with_an_offset_is_that_instant(folder: Channel, file: Path) -> None:
    said("schedule", file, "--channel", folder.name, "--at", "2036-07-01T09:00+05:45", "--zone", "Asia/Tokyo")
    delivery = Delivery.objects.get()
    assert delivery.due_at.isoformat() == "2036-07-01T03:15:00+00:00"
    assert (delivery.wall_time, delivery.zone) == ("2036-07-01T12:15", "Asia/Tokyo")


def test_several_channels_get_it_or_none(folder: Channel, dev: Channel, file: Path) -> None:
    both = ("--channel", folder.name, "--channel", dev.name)
    said("schedule", file, *both, "--at", "2036-07-01T09:00")
    assert {delivery.channel for delivery in Delivery.objects.all()} == {folder, dev}
    file.write_text(f"---\ntitle: {'x' * 200}\n---\nText.", encoding="utf-8")
    words = refused(1, "schedule", file, *both, "--at", "2036-07-01T09:00")
    assert words.startswith(f"{dev}: ")
    assert (Delivery.objects.count(), Post.objects.count()) == (2, 1), "a post that nobody asked for stays behind"


@pytest.mark.parametrize(
    ("at", "zone", "code", "word"),
    [
        ("2036-03-30T02:30", "Europe/Berlin", 1, "Choose 03:30"),
        ("2020-01-01T09:00", "UTC", 1, "in the past"),
        ("0001-01-01T00:00", "Asia/Tokyo", 1, "calendar"),
        ("9999-12-31T23:59-12:00", "UTC", 1, "calendar"),
        ("tomorrow", "UTC", 2, "no time"),
        ("2036-02-30T09:00", "UTC", 2, "no time"),
        ("now", "Europe/Atlantis", 2, "no time zone"),
        ("now", "../../etc/passwd", 2, "no time zone"),
        ("now", "Europe", 2, "no time zone"),
    ],
)
def test_a_time_that_cannot_be_is_refused_and_leaves_no_post(
    at: str, zone: str, code: int, word: str, folder: Channel, file: Path
) -> None:
    assert word in refused(code, "schedule", file, "--channel", folder.name, "--at", at, "--zone", zone)
    assert not Post.objects.exists()


def test_a_time_that_comes_twice_is_scheduled_and_said(folder: Channel, file: Path) -> None:
    words = said("schedule", file, "--channel", folder.name, "--at", "2036-10-26T02:30", "--zone", "Europe/Berlin")
    assert "comes twice" in words
    assert Delivery.objects.get().due_at.isoformat() == "2036-10-26T00:30:00+00:00"


def test_an_unknown_channel_is_refused_with_the_names_that_there_are(folder: Channel, file: Path) -> None:
    assert f"There are: {folder.name}." in refused(1, "schedule", file, "--channel", "Blog", "--at", "now")
    assert not Post.objects.exists()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"---\ntitle: [\n---\nText.", "not valid YAML"),
        (b"---\ntitle: T\ncover: nowhere\n---\nText.", "cover_url: "),
        (b"No title here.", "title"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    content: bytes | None, word: str, folder: Channel, tmp_path: Path
) -> None:
    path = tmp_path / "post.md"
    if content is not None:
        path.write_bytes(content)
    assert word in refused(1, "schedule", path, "--channel", folder.name, "--at", "now")
    assert not Post.objects.exists()


# --- deliveries ------------------------------------------------------------------------------------------------------


def test_deliveries_are_listed_for_people_and_for_programs(
    folder: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    published = publish(clock, scheduled(folder))
    later = scheduled(folder, hours=1)
    first, second = json.loads(said("deliveries", "--json"))
    assert (first["id"], first["status"], first["url"], first["remote_id"]) == (later.pk, "scheduled", "", "")
    assert (second["id"], second["status"]) == (published.pk, "published")
    assert second["remote_id"] == published.remote_id
    assert set(first) == {
        "id", "post", "channel", "platform", "status", "due", "wall_time", "zone", "next_try", "tries", "remote_id",
        "url", "message",
    }  # fmt: skip
    lines = said("deliveries").splitlines()
    assert str(later.post) in lines[0]
    assert published.remote_id in lines[1]


def test_deliveries_are_limited_by_state_and_by_number(folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    published = publish(clock, scheduled(folder))
    scheduled(folder, hours=1), scheduled(folder, hours=2)
    assert [row["id"] for row in json.loads(said("deliveries", "--json", "--status", "published"))] == [published.pk]
    assert len(json.loads(said("deliveries", "--json", "--limit", 2))) == 2
    assert json.loads(said("deliveries", "--json", "--limit", -1)) == []


def test_titles_in_other_scripts_stay_readable(folder: Channel, scheduled: Plan, new_post: Callable[..., Post]) -> None:
    scheduled(folder, new_post(title="Über „Maschinen“ 🤖"))
    assert "Über „Maschinen“ 🤖" in said("deliveries", "--json")


# --- publish_due -----------------------------------------------------------------------------------------------------


def test_a_dry_run_says_what_is_due_and_publishes_nothing(
    street: Street, dev: Channel, folder: Channel, scheduled: Plan
) -> None:
    due, later = scheduled(dev), scheduled(folder, hours=1)
    words = said("publish_due", "--dry-run")
    assert f"{dev}: {due.post}" in words
    assert str(later.post) not in words
    assert words.endswith("1 due.\n")
    assert street.ask("articles") == []
    assert Delivery.objects.get(pk=due.pk).status == Status.SCHEDULED


def test_what_is_due_is_published_without_worker_beat_or_redis(
    street: Street, dev: Channel, folder: Channel, scheduled: Plan
) -> None:
    deliveries = [scheduled(dev), scheduled(folder)]
    assert said("publish_due") == "Calls made: 3. Mails sent: 1.\n"
    assert {Delivery.objects.get(pk=d.pk).status for d in deliveries} == {Status.PUBLISHED}
    assert street.public(deliveries[0]) == 1
    assert said("publish_due") == "Calls made: 0. Mails sent: 0.\n"
    assert said("publish_due", "--dry-run") == "0 due.\n"


def test_what_a_dead_worker_left_is_looked_up_in_time(folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    delivery = scheduled(folder)
    [taken] = Delivery.objects.claim_due(clock(), 1, timedelta(seconds=60))
    assert isinstance(taken.claim, UUID)
    past = Now() - timedelta(seconds=1)
    Delivery.objects.filter(pk=delivery.pk).update(lease_until=past)
    Channel.objects.filter(pk=folder.pk).update(lease_until=past)
    said("publish_due")
    delivery.refresh_from_db()
    assert delivery.status == Status.PUBLISHED, "a disk needs no time to settle"


# --- as programs see it ----------------------------------------------------------------------------------------------


@pytest.fixture
def run(street: Street, transactional_db: None, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run manage.py in a process of its own, on the test's database."""
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "blogscheduler.settings",
        "DATA_DIR": str(house.DATA_DIR),
        "DATABASE_URL": database_url(),
        "SECRET_KEY": house.SECRET_KEY,
        "ALLOW_PRIVATE_TARGETS": street.url,
        "LOG_LEVEL": "ERROR",
    }

    def manage(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(
            command, cwd=ROOT, env=env, input=stdin, capture_output=True, text=True, timeout=60, check=False
        )

    return manage


@pytest.mark.real
@pytest.mark.django_db(transaction=True)
def test_exit_codes_say_done_refused_and_wrongly_called(
    run: Callable[..., subprocess.CompletedProcess[str]], street: Street, key: str, file: Path
) -> None:
    done = run(*connect(street, "api_key=@-"), stdin=f"{key}\n")
    assert (done.returncode, done.stdout) == (0, "Connected My DEV: DEV knows us as @ada.\n"), done.stderr
    taken = run(*connect(street, "api_key=@-"), stdin=f"{key}\n")
    assert taken.returncode == 1
    assert "already" in taken.stderr
    assert "Traceback" not in taken.stderr
    assert key not in taken.stdout + taken.stderr
    assert run("schedule", str(file), "--channel", "My DEV", "--at", "tomorrow").returncode == 2

    assert run("schedule", str(file), "--channel", "My DEV", "--at", "now").returncode == 0
    assert run("publish_due").returncode == 0
    delivery = Delivery.objects.get()
    assert (delivery.status, str(delivery.post)) == (Status.PUBLISHED, "On engines")
    assert street.public(delivery) == 1


def test_the_author_is_the_first_who_joined_the_workspace(folder: Channel, file: Path, ada: User, grace: User) -> None:
    Workspace.objects.filter(memberships__user=grace).delete()
    Membership.objects.create(workspace=folder.workspace, user=grace)
    said("schedule", file, "--channel", folder.name, "--at", "2036-07-01T09:00")
    assert Post.objects.get().author == ada
    assert Delivery.objects.get().due_at.tzinfo == UTC


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_what_is_brought_by_hand_is_handed_over_by_cron_as_well(workspace: Workspace, file: Path) -> None:
    said("connect", "substack", "Letters", "address=https://ada.substack.com")
    said("schedule", file, "--channel", "Letters", "--at", "now")
    said("publish_due")
    [row] = json.loads(said("deliveries", "--json"))
    assert row["status"] == "handed_over"
