"""What became of each post, as the platforms tell it, and whether that is what the house says and had promised."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

TOLD = ("uncertain", "failed", "missed")  # states in which a person has been asked
PENDING = ("waiting", "scheduled", "publishing", "checking")  # … in which the house has still to act
CREATING = ("create",)
FLIPPING = {"devto": ("update",), "hashnode": ("publish",), "medium": ()}
EDGES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 600.0)  # seconds: of the histogram of lateness
HAIR = 0.002  # seconds: the platform's log is in milliseconds


@dataclass(frozen=True)
class Asked:
    """One delivery that was asked for. ``sure`` says that the database had confirmed it."""

    key: str
    pk: int
    platform: str
    title: str
    due_at: float  # seconds since 1970, by the clock of the house …
    jumped: float  # … and how far that had jumped by then
    sure: bool

    @property
    def mark(self) -> str:
        """What a platform knows it by. Medium keeps no mark of ours: there the title is ours alone."""
        return f"title:{self.title}" if self.platform == "medium" else self.key


@dataclass
class Seen:
    """One article as the world sees it: from the platform's own log, or from the files of a folder."""

    public: int = 0
    drafts: int = 0
    since: float | None = None  # true seconds since 1970: when it first was public
    ahead: float = 0.0  # seconds that the clock of the house was ahead then, at the most
    waited: float = 0.0  # … and those of them that passed instead of waiting
    creations: int = 0  # calls that reached the platform, whatever it answered
    flips: int = 0
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Row:
    """One delivery as the house tells it. ``tries`` is (attempt number, step, outcome, message) for each attempt."""

    key: str
    status: str
    number: int
    message: str
    crashes: int
    tries: tuple[tuple[int, str, str, str], ...]


@dataclass
class Verdict:
    """Counts of one row of the table. ``broken`` are broken promises, each with the story of its post."""

    posts: int = 0
    public: int = 0
    twice: int = 0
    never: int = 0
    early: int = 0
    unended: int = 0
    untrue: int = 0  # the house says something else than the platform
    oversent: int = 0  # more sends than attempts
    strangers: int = 0  # nobody asked for it
    uncertain: int = 0
    set_aside: int = 0  # failed or missed: nothing was published, a person was asked
    drafts: int = 0  # invisible ones that were left behind
    lateness: list[float] = field(default_factory=list)  # seconds
    reasons: Counter[str] = field(default_factory=Counter)  # why a person was asked
    broken: list[str] = field(default_factory=list)


def judge(
    asked: Iterable[Asked],
    rows: Mapping[str, Row],
    seen: Mapping[str, Seen],
    told: set[int],
    log: Iterable[tuple[float, str]] = (),
) -> Verdict:
    """``rows`` by key, ``seen`` by mark. ``told``: the deliveries that a mail names. ``log`` is for the stories."""
    verdict = Verdict()
    wanted: set[str] = set()
    for one in asked:
        row = rows.get(one.key)
        if row is None and not one.sure:
            continue  # the author saw an error, and nothing was saved
        wanted.add(one.mark)
        there = seen.get(one.mark, Seen())
        verdict.posts += 1
        _count(verdict, one, row, there)
        if promises := list(_broken(verdict, one, row, there, told)):
            verdict.broken.append("\n".join([*promises, story(one, row, there, log)]))
    for mark in sorted(seen.keys() - wanted):
        if seen[mark].public or seen[mark].drafts:
            verdict.strangers += 1
            verdict.broken.append(f"Nobody asked for {mark or 'an article without a mark'}:\n  {seen[mark].lines}")
    return verdict


def _count(verdict: Verdict, one: Asked, row: Row | None, there: Seen) -> None:
    verdict.public += there.public > 0
    verdict.drafts += there.drafts
    if row and row.status == "uncertain":
        verdict.uncertain += 1
        verdict.reasons[_reason(one, row)] += 1
    elif row and row.status in TOLD:
        verdict.set_aside += 1
        verdict.reasons[_reason(one, row)] += 1
    if there.since is not None:
        verdict.lateness.append(max(there.since + there.waited - (one.due_at - one.jumped), 0.0))


def _reason(one: Asked, row: Row) -> str:
    """The sentence without what is different each time."""
    return f"{one.platform}, {row.status}: {re.sub(r'[“(][^”)]*[”)]|[0-9.]+ seconds', '…', row.message)[:160]}"


def _broken(verdict: Verdict, one: Asked, row: Row | None, there: Seen, told: set[int]) -> Iterable[str]:
    """A sentence for each promise that was broken."""
    if there.public > 1:
        verdict.twice += 1
        yield f"TWICE: “{one.title}” is public {there.public} times on {one.platform}."
    if row is None:
        verdict.never += 1
        yield f"LOST: “{one.title}” was saved, and is not in the database any more."
        return
    if not there.public and not (row.status in TOLD and one.pk in told):
        verdict.never += 1
        ending = "nobody was told" if row.status in TOLD else f"it is {row.status}"
        yield f"NEVER: “{one.title}” is not public on {one.platform}, and {ending}."
    if there.since is not None and there.since + there.ahead < one.due_at - HAIR:
        verdict.early += 1
        yield f"EARLY: “{one.title}” was public {one.due_at - there.since - there.ahead:.3f} s before its time."
    if row.status in PENDING:
        verdict.unended += 1
        yield f"UNENDED: “{one.title}” is still {row.status}."
    elif row.status != "uncertain" and (row.status == "published") != (there.public > 0):
        verdict.untrue += 1
        yield f"UNTRUE: “{one.title}” is {row.status} for us, and public {there.public} times on {one.platform}."
    creations = len({number for number, step, _, _ in row.tries if step in ("create", "publish", "unknown")})
    flips = len({number for number, step, _, _ in row.tries if step in ("flip", "unknown")})
    if there.creations > creations or there.flips > flips:
        verdict.oversent += 1
        yield (
            f"OVERSENT: “{one.title}” was created {there.creations} times in {creations} attempts, "
            f"and made public {there.flips} times in {flips}."
        )


def story(one: Asked, row: Row | None, there: Seen, log: Iterable[tuple[float, str]] = ()) -> str:
    """Everything that is known of one post, for whoever has to find the mistake."""
    lines = [f"  delivery {one.pk}, key {one.key}, due {_clock(one.due_at)} by the clock of the house"]
    if row:
        lines.append(f"  we say: {row.status}, attempt {row.number}, crashes {row.crashes}: {row.message}")
        lines += [f"    {number} {step}: {outcome} {message}" for number, step, outcome, message in row.tries]
    lines += [f"  {one.platform} says: {line}" for line in there.lines]
    due = one.due_at - one.jumped
    lines += [f"  {_clock(at)} {words}" for at, words in log if due - 15 <= at <= due + 45]
    return "\n".join(lines)


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%H:%M:%S.%f")[:-3]


# --- What the world shows ------------------------------------------------------------------------------------------


def seen_on_platforms(log: Iterable[Mapping[str, Any]], counts: Mapping[str, Mapping[str, int]]) -> dict[str, Seen]:
    """From the sandbox's log (each call that reached it) and its counts by mark."""
    seen: dict[str, Seen] = defaultdict(Seen)
    for mark, count in counts.items():
        seen[mark].public, seen[mark].drafts = count["public"], count["drafts"]
    for entry in log:
        if not entry["mark"] or entry["call"] in ("page", "list", "look", "show", "feed", "me"):
            continue
        one, platform, call = seen[entry["mark"]], entry["platform"], entry["call"]
        one.creations += call in CREATING
        one.flips += call in FLIPPING[platform]
        at = datetime.fromisoformat(entry["time"]).timestamp()
        if entry["worked"] and one.since is None and (entry["flip"] or platform == "medium"):
            one.since = at
        done = "done" if entry["worked"] else "not done"
        fault = f", by order: {entry['fault']}" if entry["fault"] else ""
        flip = " (made it public)" if entry["flip"] and entry["worked"] else ""
        one.lines.append(f"{_clock(at)} {call}{flip}, {done}, answered {entry['status']}{fault}")
    return dict(seen)


KEY = re.compile(rb"^blogscheduler_id:[ \t]*[\"']?([0-9a-f-]{36})", re.MULTILINE)


def seen_in_folders(folder: Path) -> dict[str, Seen]:
    """A folder's posts are public as soon as they have their name."""
    seen: dict[str, Seen] = defaultdict(Seen)
    for path in folder.rglob("*.md"):
        found = KEY.search(path.read_bytes())
        one = seen[found[1].decode() if found else ""]
        one.public += 1
        one.since = min(one.since or float("inf"), path.stat().st_mtime)
        one.lines.append(f"{_clock(path.stat().st_mtime)} {path.name}")
    return dict(seen)


MORE_MISSED = re.compile(r"and (\d+) more: \S+status=missed")
LINK = re.compile(r"#delivery-(\d+)\b")


def named_in(texts: Iterable[str]) -> set[int]:
    """The deliveries to which mails lead."""
    return {int(pk) for text in texts for pk in LINK.findall(text)}


def not_named_in(texts: Iterable[str]) -> int:
    """How many missed ones long lists leave out: they lead to a page that shows all of them."""
    return sum(int(many) for text in texts for many in MORE_MISSED.findall(text))


def mail_texts(folder: Path) -> list[str]:
    """The texts of the mails that went out as files."""
    texts = []
    for path in folder.glob("*.eml"):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        body = mail.get_body(preferencelist=("plain",))
        texts.append(str(body.get_content()) if body else "")
    return texts


def percentile(values: list[float], share: float) -> float | None:
    """None of nothing."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else None


def histogram(values: list[float]) -> dict[str, int]:
    """How many were late by up to so many seconds."""
    counts = Counter(next((edge for edge in EDGES if value <= edge), float("inf")) for value in values)
    return {f"≤ {edge:g} s" if edge != float("inf") else "later": counts[edge] for edge in (*EDGES, float("inf"))}
