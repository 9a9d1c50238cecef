"""Whoever is to find a broken promise must be shown to find one: Grace's posts, and what the platforms say of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import oracle
from tests.chaos.oracle import Asked, Row, Seen, Verdict

KEY = "0b7e4b1c-2f0a-4a53-9d34-5f2c7b3b8a10"
DUE = 1_800_000_000.0
ASKED = Asked(KEY, 7, "devto", "On compilers", DUE, 0.0, sure=True)
DONE = Row(KEY, "published", 1, "", 0, ((1, "create", "done", ""), (1, "flip", "done", "")))
THERE = Seen(public=1, since=DUE + 0.2, creations=1, flips=1)


def judged(row: Row | None = DONE, there: Seen | None = THERE, told: set[int] | None = None, **asked: Any) -> Verdict:
    one = replace(ASKED, **asked)
    rows = {KEY: row} if row else {}
    seen = {one.mark: there} if there else {}
    return oracle.judge([one], rows, seen, told or set())


def broken(verdict: Verdict) -> set[str]:
    """The promises that were broken, by the first word of each sentence."""
    lines = [line for told in verdict.broken for line in told.splitlines()]
    return {line.split(":")[0] for line in lines if not line.startswith(" ")}


def test_all_is_well_with_a_post_that_is_public_once_and_on_time() -> None:
    verdict = judged()
    assert not verdict.broken
    assert (verdict.posts, verdict.public) == (1, 1)
    assert verdict.lateness == pytest.approx([0.2], abs=1e-3)


def test_a_second_copy_is_found_and_its_story_told() -> None:
    verdict = judged(there=replace(THERE, public=2, lines=["12:00:00.000 create, done, answered 504"]))
    assert verdict.twice == 1
    assert "TWICE: “On compilers” is public 2 times on devto." in verdict.broken[0]
    assert "answered 504" in verdict.broken[0]
    assert "1 flip: done" in verdict.broken[0]


def test_a_post_that_is_nowhere_and_of_which_nobody_was_told_is_found() -> None:
    verdict = judged(replace(DONE, status="failed", tries=()), None)
    assert broken(verdict) == {"NEVER"}
    assert "nobody was told" in verdict.broken[0]


@pytest.mark.parametrize("status", ["failed", "uncertain", "missed"])
def test_a_person_who_was_told_is_as_good_as_a_post_that_is_there(status: str) -> None:
    assert not judged(replace(DONE, status=status), Seen(creations=1), told={7}).broken


def test_a_post_that_still_waits_at_the_end_is_found() -> None:
    assert broken(judged(replace(DONE, status="checking"), None)) == {"NEVER", "UNENDED"}
    assert broken(judged(replace(DONE, status="checking"))) == {"UNENDED"}


def test_saying_published_of_what_is_not_there_is_found_and_the_other_way_round() -> None:
    assert broken(judged(there=None)) == {"NEVER", "UNTRUE"}
    assert broken(judged(replace(DONE, status="failed"), told={7})) == {"UNTRUE"}


def test_a_post_before_its_time_is_found_by_the_clock_of_the_house() -> None:
    early = replace(THERE, since=DUE - 3600)
    assert broken(judged(there=early)) == {"EARLY"}
    assert not judged(there=replace(early, ahead=3600)).broken


def test_more_sends_than_attempts_are_found() -> None:
    assert broken(judged(there=replace(THERE, creations=2))) == {"OVERSENT"}
    assert broken(judged(there=replace(THERE, flips=2))) == {"OVERSENT"}
    twice = replace(DONE, tries=(*DONE.tries, (2, "unknown", "abandoned", "")))
    assert not judged(twice, replace(THERE, creations=2, flips=2)).broken


def test_what_nobody_asked_for_is_found() -> None:
    verdict = oracle.judge([], {}, {KEY: THERE}, set())
    assert verdict.strangers == 1


def test_what_was_saved_may_not_be_lost_and_what_was_not_confirmed_may() -> None:
    assert broken(judged(None, None)) == {"LOST"}
    assert judged(None, None).never == 1
    assert not judged(None, None, sure=False).broken


def test_medium_keeps_no_mark_so_that_the_title_tells() -> None:
    on_medium = replace(DONE, tries=((1, "publish", "done", ""),))
    verdict = judged(on_medium, Seen(public=2, since=DUE, creations=1), platform="medium")
    assert verdict.twice == 1


def call(name: str, at: float, **more: Any) -> dict[str, Any]:
    """A line of the sandbox's log."""
    time = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    line = {"time": time, "platform": "devto", "call": name, "flip": False, "status": 200, "fault": None,
            "worked": True, "mark": KEY}  # fmt: skip
    return line | more


def test_the_log_of_the_platforms_is_read() -> None:
    log = [
        call("create", DUE - 1, status=504, fault="status"),
        call("list", DUE + 3),
        call("update", DUE + 4, flip=True, worked=False),
        call("update", DUE + 5, flip=True),
        call("update", DUE + 6),
    ]
    seen = oracle.seen_on_platforms(log, {KEY: {"public": 1, "drafts": 0}})[KEY]
    assert (seen.public, seen.creations, seen.flips, seen.since) == (1, 1, 3, DUE + 5)
    assert len(seen.lines) == 4


def test_the_files_of_a_folder_are_read(tmp_path: Path) -> None:
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text(f"---\ntitle: On compilers\nblogscheduler_id: {KEY}\n---\n\nText.\n")
    assert oracle.seen_in_folders(tmp_path)[KEY].public == 2


def test_mails_name_the_deliveries_they_are_about() -> None:
    assert oracle.named_in(["Please look: http://127.0.0.1/posts/3/#delivery-7", "#delivery-71"]) == {7, 71}


def test_a_long_list_in_a_mail_leads_to_the_others() -> None:
    texts = ["- and 7 more: http://127.0.0.1:8000/schedule/?status=missed", "- and 5 more: http://x/?status=scheduled"]
    assert oracle.not_named_in(texts) == 7


def test_an_hour_that_the_clock_jumped_is_nobodys_lateness_and_an_hour_waited_is() -> None:
    late = replace(THERE, since=DUE - 3600 + 1, ahead=3600)
    assert judged(there=late, jumped=3600).lateness == pytest.approx([1], abs=1e-3)
    assert judged(there=replace(late, waited=3600)).lateness == pytest.approx([1], abs=1e-3)


def test_lateness_is_counted_by_size() -> None:
    assert oracle.histogram([0.05, 0.2, 4, 9000])["≤ 0.3 s"] == 1
    assert oracle.histogram([9000])["later"] == 1
    assert oracle.percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert oracle.percentile([], 0.5) is None
