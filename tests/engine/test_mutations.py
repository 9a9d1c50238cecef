"""Would the tests notice? Each guard is taken out of a copy of the code, and a test has to fail there.

A mutation replaces a text that must be in its file exactly once. When the code was changed and it is not, the
mutation has to be written anew: a guard that nobody can take out is not known to be tested.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CODE = ("accounts", "blogscheduler", "posts", "publishers", "sandbox", "tests", "manage.py", "pyproject.toml")
AT_ONCE = 2
FAILED = 1  # what pytest ends with when tests failed, and nothing else went wrong

ENGINE = "tests/engine/test_every_crash.py"
PROMISES = "tests/engine/test_promises.py"
PUBLISHING = "tests/posts/engine/test_publishing.py"
RACES = "tests/posts/engine/test_races.py"
FAILPOINTS = "tests/real/test_failpoints.py"
SEARCH = f"{ENGINE}::test_whatever_fails_and_whatever_people_wish_each_post_is_public_once_or_a_person_is_asked"
CHANGES = f"{ENGINE}::test_what_is_out_is_changed_or_a_person_is_asked_and_nothing_is_ever_created"
LIVING = "tests/posts/engine/test_living.py"
TWO = f"{ENGINE}::test_a_worker_with_two_channels_in_hand_loses_neither"


@dataclass(frozen=True)
class Mutation:
    """``what`` is taken out by (file, text, other text); ``noticed_by`` are the tests of which one must fail."""

    what: str
    changes: tuple[tuple[str, str, str], ...]
    noticed_by: tuple[str, ...]


def mutation(what: str, file: str, old: str, new: str, *noticed_by: str) -> Mutation:
    return Mutation(what, ((file, old, new),), noticed_by)


MUTATIONS = [
    # The fence
    mutation(
        "the fence is not carried to the call",
        "posts/engine/trips.py", "trip.door.open(trip.fence)", "trip.door.open(None)",
        f"{SEARCH}[model-findable]", f"{PUBLISHING}::test_past_the_fence_nothing_is_sent",
    ),
    Mutation(
        "the way out does not ask the fence",
        (
            ("publishers/http.py", "if self.not_after is not None and time.monotonic() > self.not_after:", "if False:"),
            ("publishers/wire.py", "if self.not_after is not None and time.monotonic() > self.not_after:", "if False:"),
        ),
        (f"{PUBLISHING}::test_past_the_fence_nothing_is_sent",),
    ),
    mutation(
        "the fence leaves no time for the call",
        "posts/engine/trips.py", " - settings.CALL_DEADLINE_SECONDS", "",
        f"{PROMISES}::test_a_call_that_begins_at_the_fence_ends_within_the_lease_however_slow_the_claim_was",
    ),
    mutation(
        "the fence counts from after the claim",
        "posts/engine/publishing.py", "pack(delivery, now, fence_from(before))",
        "pack(delivery, now, fence_from(time.monotonic()))",
        f"{PROMISES}::test_a_call_that_begins_at_the_fence_ends_within_the_lease_however_slow_the_claim_was",
    ),
    # Settling and looking
    mutation(
        "a platform gets no time to settle",
        "posts/engine/outcomes.py", "settings.SETTLE_SECONDS or limits.settle_seconds", "0",
        f"{SEARCH}[model-findable]",
    ),
    mutation(
        "a lost answer counts as nothing sent",
        "posts/engine/outcomes.py", "    elif isinstance(error, OutcomeUnknown):\n        _doubt(entry, error)",
        "    elif isinstance(error, OutcomeUnknown):\n        _again(entry, entry.now, message)",
        f"{SEARCH}[model-findable]",
    ),
    mutation(
        "a dead worker's delivery is sent again without looking",
        "posts/engine/ledger.py", "target = Status.CHECKING if looks else Status.UNCERTAIN",
        "target = Status.SCHEDULED\n        changes['doubtful'] = False",
        f"{SEARCH}[model-findable]",
    ),
    mutation(
        "not seen in a feed counts as not there",
        "posts/engine/outcomes.py", "if not issubclass(entry.publisher, Finds):", "if False:",
        f"{SEARCH}[model-glimpsed]",
    ),
    mutation(
        "where nobody can look, nobody is asked",
        "posts/engine/outcomes.py", "if not entry.trip.door.can_look:", "if False:",
        f"{PROMISES}::test_where_nobody_can_look_a_person_is_asked_at_once",
    ),
    mutation(
        "send again does not look first",
        "posts/engine/publishing.py", " or (delivery.doubtful and can_look(publisher))", "",
        f"{PROMISES}::test_whoever_says_send_again_may_be_mistaken",
    ),
    # Claims, numbers and leases
    mutation(
        "the claim is not committed before the call",
        "posts/engine/publishing.py", "        return _Drain(clock).run()",
        "        with transaction.atomic():\n            return _Drain(clock).run()",
        f"{FAILPOINTS}::test_the_claim_is_committed_before_anything_is_sent",
    ),
    Mutation(
        "an outcome counts whatever its attempt number",
        (
            ("posts/engine/ledger.py", "delivery.number == result.trip.number and ", ""),
            ("posts/engine/ledger.py", '"number": entry.trip.number, ', ""),
        ),
        (f"{SEARCH}[model-findable]", f"{PROMISES}::test_what_comes_back_after_its_successor_began_changes_nothing"),
    ),
    mutation(
        "a claim counts no attempt number",
        "posts/models/claiming.py", "number = delivery.number + 1", "number = delivery.number",
        f"{SEARCH}[model-findable]",
    ),
    mutation(
        "a leased channel is free",
        "posts/models/claiming.py", "AND (channel.lease_until IS NULL OR channel.lease_until < {NOW})", "",
        f"{PROMISES}::test_a_look_up_holds_its_channel_as_a_publication_does",
    ),
    mutation(
        "a channel is claimed although a call is under way there",
        "posts/models/claiming.py",
        "SELECT 1 FROM posts_delivery busy WHERE busy.channel_id = channel.id AND busy.status = 'publishing'",
        "SELECT 1 WHERE 1 = 0",
        f"{SEARCH}[model-findable]",
    ),
    mutation(
        "what was overtaken is written all the same",
        "posts/engine/ledger.py", "        raise Overtaken\n", "        pass\n",
        f"{PROMISES}::test_what_comes_back_after_its_successor_began_changes_nothing",
    ),
    mutation(
        "a lease is told by the worker's clock",
        "posts/models/claiming.py", "channel.lease_until < {NOW})", "channel.lease_until < %(now)s)",
        f"{PROMISES}::test_a_worker_whose_clock_is_wrong_takes_nothing_from_living_hands",
        f"{PROMISES}::test_a_look_up_holds_its_channel_as_a_publication_does",
    ),
    mutation(
        "the night-watch does not ask the lease",
        "posts/models/delivery.py", "lease_until__lt=Now()", "lease_until__isnull=False",
        f"{PROMISES}::test_a_worker_whose_clock_is_wrong_takes_nothing_from_living_hands",
    ),
    mutation(
        "the night-watch sleeps",
        "posts/engine/publishing.py", "        ledger.record_abandoned(delivery, clock())", "        pass",
        f"{SEARCH}[model-findable]",
    ),
    mutation(
        "the database allows two publications at once on a channel",
        "posts/models/delivery.py",
        'fields=["channel"], condition=Q(status="publishing"), name="delivery_publishing_one_per_channel"',
        'fields=["channel", "id"], condition=Q(status="publishing"), name="delivery_publishing_one_per_channel"',
        f"{PUBLISHING}::test_the_database_refuses_two_at_once_on_a_channel",
    ),
    mutation(
        "the database allows a post twice on a channel",
        "posts/models/delivery.py", 'fields=["post", "channel", "occurrence", "action", "digest"]',
        'fields=["post", "channel", "occurrence", "action", "digest", "id"]',
        f"{PUBLISHING}::test_the_database_refuses_two_live_deliveries_of_a_post_to_a_channel",
    ),
    mutation(
        "what is held is not put back when a worker stops",
        "posts/engine/ledger.py", "status=Status.SCHEDULED, act_at=at, lease_until=None", "lease_until=None",
        f"{SEARCH}[model-findable]",
    ),
    mutation(
        "what kills its workers is tried for ever",
        "posts/engine/ledger.py", "crashes = delivery.crashes + 1", "crashes = 0",
        "tests/posts/engine/test_crashes.py",
    ),
    # Drafts
    mutation(
        "a draft is made public before its time",
        "posts/engine/outcomes.py",
        "max(entry.now + timedelta(seconds=write_pause(entry.trip)), entry.delivery.due_at)",
        "entry.now + timedelta(seconds=write_pause(entry.trip))",
        f"{SEARCH}[model-drafts]",
    ),
    mutation(
        "a draft that was put back is made public before its time",
        "posts/engine/publishing.py", "ready_at=max(now, delivery.due_at) if visible else now", "ready_at=now",
        f"{PROMISES}::test_a_draft_that_was_put_back_is_not_made_public_before_its_time",
    ),
    mutation(
        "a draft's id is forgotten",
        "posts/engine/outcomes.py",
        'entry.changes = {"remote_id": remote.id, "remote_url": remote.url}', "entry.changes = {}",
        f"{PROMISES}::test_the_drafts_id_is_kept_before_the_draft_is_made_public",
    ),
    # People
    mutation(
        "people may change what is under way",
        "posts/models/delivery.py", "filter(pk=pk, status__in=allowed)", "filter(pk=pk)",
        f"{PUBLISHING}::test_cancelling_wins_or_is_told_why_not",
    ),
    mutation(
        "what is in doubt is looked for in another account",
        "posts/connecting.py", "filter(status=Delivery.Status.PUBLISHING).update(place_changed=True)", "none()",
        f"{RACES}::test_a_doubt_about_a_call_that_was_in_flight_when_the_account_changed_goes_to_a_person",
    ),
    mutation(
        "a doubt forgets that the account has changed",
        "posts/engine/outcomes.py", "elif entry.delivery.place_changed:", "elif False:",
        f"{RACES}::test_a_doubt_about_a_call_that_was_in_flight_when_the_account_changed_goes_to_a_person",
    ),
    mutation(
        "the night-watch forgets that the account has changed",
        "posts/engine/ledger.py", " and can_look(publisher) and not delivery.place_changed", " and can_look(publisher)",
        f"{RACES}::test_a_dead_workers_post_is_not_looked_for_in_an_account_that_came_later",
    ),
    mutation(
        "what is too late goes out behind its author's back",
        "posts/models/claiming.py",
        "delivery.status = 'scheduled' AND (delivery.late_after IS NULL OR delivery.late_after >= %(now)s)",
        "delivery.status = 'scheduled'",
        f"{PUBLISHING}::test_what_is_later_than_the_grace_is_missed_and_said_not_sent",
    ),
    # What is out
    mutation(
        "what is out is changed in whatever account the channel has by now",
        "posts/engine/revising.py",
        'return ELSEWHERE if original.place and original.place != trip.place else ""', 'return ""',
        f"{CHANGES}[unpublish]", f"{LIVING}::test_an_account_that_changes_after_the_scheduling_is_left_alone_too",
    ),
    mutation(
        "a dead worker's change counts as done",
        "posts/engine/revising.py", '"status": Status.SCHEDULED, "lease_until": None, "doubtful": True',
        '"status": Status.PUBLISHED, "remote_id": "7", "lease_until": None, "doubtful": True',
        f"{CHANGES}[update]",
    ),
    mutation(
        "a change without an answer counts as done",
        "posts/engine/revising.py", "            _again(entry, at, message, tries=delivery.tries + 1, doubtful=True)",
        "            _taken_back(entry, message)",
        f"{CHANGES}[unpublish]",
    ),
    mutation(
        "two people who push at once make two updates",
        "posts/planning/living.py", "digest=_after(publication, action)",
        "digest=str(publication.revisions.count())",
        f"{LIVING}::test_two_people_who_push_at_once_make_one_update",
    ),
    mutation(
        "a power cut may lose the last commits",
        "blogscheduler/settings.py", "PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL",
        "tests/blogscheduler/test_databases.py",
    ),
]  # fmt: skip


def copy_of_the_code(to: Path) -> Path:
    for name in CODE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("node_modules", "var"))
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to / name)
    return to


def run(folder: Path, tests: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """On SQLite, without the migrations: the tables are made from the models, which may be mutated too."""
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PYTEST_ADDOPTS")}
    command = (sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--no-migrations", "-p", "no:cacheprovider")
    return subprocess.run(
        (*command, *tests), cwd=folder, env={**env, "ENGINE_FAULTS": "1"}, capture_output=True, text=True, timeout=300
    )


def mutated(folder: Path, one: Mutation) -> subprocess.CompletedProcess[str]:
    copy_of_the_code(folder)
    for file, old, new in one.changes:
        text = (folder / file).read_text()
        assert text.count(old) == 1, f"{file} has {text.count(old)} times: {old}"
        (folder / file).write_text(text.replace(old, new))
    return run(folder, one.noticed_by)


NOTHING = Mutation("nothing", (), tuple(sorted({test for one in MUTATIONS for test in one.noticed_by})))
Running = dict[str, "Future[subprocess.CompletedProcess[str]]"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Running]:
    """Every mutation that was asked for, two at a time."""
    params = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    chosen = [params["one"] for params in params if "one" in params]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        folder = tmp_path_factory.mktemp("mutations")
        yield {
            one.what: threads.submit(mutated, folder / str(number), one)
            for number, one in enumerate((NOTHING, *chosen))
        }
        threads.shutdown(cancel_futures=True)


@pytest.mark.parametrize("one", MUTATIONS, ids=[one.what for one in MUTATIONS])
def test_a_guard_that_is_taken_out_is_missed(one: Mutation, running: Running) -> None:
    outcome = running[one.what].result()
    print(outcome.stdout[-2000:])
    assert outcome.returncode == FAILED, "nobody noticed"


def test_who_must_notice_is_content_with_the_code_as_it_is(running: Running) -> None:
    outcome = running[NOTHING.what].result()
    assert outcome.returncode == 0, outcome.stdout[-5000:]
