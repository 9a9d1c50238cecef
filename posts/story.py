"""What happened to a delivery, in plain words and in order, and what to do next. No clock, no query, no HTML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from posts.models import Attempt, Change, Delivery, Proof

Step, Outcome, Status = Attempt.Step, Attempt.Outcome, Delivery.Status

LONG = 1.0  # seconds: what took longer is told as two lines, when it began and when it ended
BRIEF = 5  # lines on the page of a post
ADOPTED = "Adopted: nothing is sent again"

# What we did; {place} is the channel.
BEGAN = {
    Step.IMAGE: "Uploaded a picture to {place}",
    Step.CREATE: "Sent to {place} as a draft that nobody sees",
    Step.FLIP: "Asked {place} to make the draft public",
    Step.PUBLISH: "Sent to {place}",
    Step.LOOK: "Looked on {place}",
    Step.UPDATE: "Sent {place} the present text",
    Step.UNPUBLISH: "Asked {place} to take it back",
    Step.HAND_OVER: "Handed over, to be published on {place} by hand",
    Step.UNKNOWN: "Taken up by a worker",
}

# What came of it, whatever the step …
ENDED = {
    Outcome.DONE: "it is public",
    Outcome.FOUND: "it is there",
    Outcome.ABSENT: "it is not there",
    Outcome.REJECTED: "{place} refused it",
    Outcome.NOT_AUTHORIZED: "{place} no longer accepts the channel's key",
    Outcome.RATE_LIMITED: "{place} asked us to wait",
    Outcome.UNAVAILABLE: "{place} was out of reach, so nothing of it is there",
    Outcome.UNKNOWN: "no clear answer: it may be there",
    Outcome.ABANDONED: "the worker did not come back: it may be there",
}

# … and where the step says more.
ENDED_OF = {
    (Step.IMAGE, Outcome.DONE): "it is there, and nobody sees it yet",
    (Step.IMAGE, Outcome.UNKNOWN): "no clear answer, so it is uploaded again",
    (Step.CREATE, Outcome.DONE): "the draft is there",
    (Step.CREATE, Outcome.UNKNOWN): "no clear answer: the draft may be there",
    (Step.CREATE, Outcome.ABANDONED): "the worker did not come back: the draft may be there",
    (Step.FLIP, Outcome.UNAVAILABLE): "{place} was out of reach: the draft is still a draft",
    (Step.LOOK, Outcome.DONE): "it is there",
    (Step.LOOK, Outcome.REJECTED): "{place} would not say",
    (Step.LOOK, Outcome.UNAVAILABLE): "{place} was out of reach",
    (Step.LOOK, Outcome.UNKNOWN): "no clear answer",
    (Step.LOOK, Outcome.ABANDONED): "the worker did not come back",
    (Step.UPDATE, Outcome.DONE): "it is up to date there",
    (Step.UPDATE, Outcome.UNKNOWN): "no clear answer: it may be up to date",
    (Step.UPDATE, Outcome.UNAVAILABLE): "{place} was out of reach: it is as it was",
    (Step.UPDATE, Outcome.ABANDONED): "the worker did not come back: it may be up to date",
    (Step.UNPUBLISH, Outcome.DONE): "it is taken back",
    (Step.UNPUBLISH, Outcome.UNKNOWN): "no clear answer: it may be taken back",
    (Step.UNPUBLISH, Outcome.UNAVAILABLE): "{place} was out of reach: it is as it was",
    (Step.UNPUBLISH, Outcome.ABANDONED): "the worker did not come back: it may be taken back",
    (Step.HAND_OVER, Outcome.DONE): "a mail says where the text is",
    (Step.UNKNOWN, Outcome.DONE): "it was done",
}

TONES = {
    Outcome.DONE: "published",
    Outcome.FOUND: "published",
    Outcome.ABSENT: "checking",
    Outcome.REJECTED: "failed",
    Outcome.NOT_AUTHORIZED: "failed",
}
LOOKS = {
    Proof.Outcome.THERE: ("published", "its public page is there"),
    Proof.Outcome.MISSING: ("failed", "its public page is missing"),
    Proof.Outcome.DIFFERENT: ("uncertain", "its public page is not as it should be"),
    Proof.Outcome.NOT_REACHED: ("waiting", "its public page could not be looked at"),
    Proof.Outcome.WAITING: ("waiting", "its public page was not looked at yet"),
}

# The same of what was taken back.
LOOKS_FOR_ABSENCE = {
    Proof.Outcome.THERE: ("published", "its public page is gone"),
    Proof.Outcome.DIFFERENT: ("uncertain", "its public page can still be read"),
}

# What stands at the end while it is there, without a time of its own.
NOW = {
    Status.PUBLISHING: "It is being sent at this moment",
    Status.FAILED: "It is not published there. It waits for you",
    Status.UNCERTAIN: "Nobody knows yet whether it is there. It waits for you",
    Status.MISSED: "Its time passed. It waits for you",
    Status.HANDED_OVER: "Yours to publish by hand. It waits for you",
}

# The same for what changes an article that is there.
NOW_OF_REVISION = {
    Status.PUBLISHING: "It is being done at this moment",
    Status.FAILED: "It could not be done. It waits for you",
    Status.UNCERTAIN: "Nobody knows yet whether it was done. It waits for you",
}
ADVICE_OF_REVISION = {
    Status.FAILED: "Change what it says, then try again; or drop it. What is there stays as it is.",
    Status.UNCERTAIN: "Try again: that is safe. Or look there yourself, and drop it.",
    Status.MISSED: "Do it now, choose a new time, or drop it.",
}
WHAT = {Delivery.Action.UPDATE: "The update", Delivery.Action.UNPUBLISH: "The taking back"}

# What to do next, by the state and by what came of the last try.
ADVICE = {
    (Status.SCHEDULED, Outcome.RATE_LIMITED): "There is nothing to do: it is sent when {place} takes it again.",
    (Status.SCHEDULED, Outcome.UNAVAILABLE): "There is nothing to do: it is tried again until {place} is back.",
    (Status.SCHEDULED, Outcome.NOT_AUTHORIZED): "Give the channel a new key: then it goes out by itself.",
    (Status.SCHEDULED, Outcome.ABSENT): "There is nothing to do: it did not arrive, so it is sent once more.",
    (Status.SCHEDULED, Outcome.FOUND): "There is nothing to do: its draft is there and is made public next.",
    (Status.CHECKING, Outcome.UNKNOWN): "There is nothing to do: we look there before anything is sent again.",
    (Status.CHECKING, Outcome.ABANDONED): "There is nothing to do: we look there before anything is sent again.",
    (Status.CHECKING, Outcome.NOT_AUTHORIZED): "Give the channel a new key: then we can look whether it is there.",
    (Status.FAILED, Outcome.REJECTED): "Change what {place} refuses, then try again; or drop it.",
    (Status.FAILED, Outcome.NOT_AUTHORIZED): "Give the channel a new key, then try again; or drop it.",
    (Status.FAILED, Outcome.RATE_LIMITED): "Try again when {place} takes more; or drop it.",
    (Status.FAILED, Outcome.UNAVAILABLE): "Try again when {place} can be reached; or drop it.",
    (Status.FAILED, Outcome.ABSENT): "It is not there, so it is safe to try again; or drop it.",
}
ADVICE_OF = {
    Status.FAILED: "Change what it says, then try again; or drop it.",
    Status.UNCERTAIN: "Look there yourself. Then mark it as done, have it sent again, or drop it.",
    Status.MISSED: "Publish it now, choose a new time, or drop it.",
    Status.HANDED_OVER: "Publish it there yourself and say at which address it is; or put it off, or skip it.",
}


@dataclass(frozen=True)
class Line:
    at: datetime | None  # None: now
    words: str  # a sentence without its stop
    tone: str = "waiting"  # a state's colour
    detail: str = ""  # what the platform said, or what we read there
    attempt: Attempt | None = None  # whose exchanges belong to it
    is_ahead: bool = False


def tell(delivery: Delivery, attempts: Iterable[Attempt], changes: Iterable[Change], zone: tzinfo) -> list[Line]:
    """The whole story: what was, in order, and what comes next."""
    lines = [_planned(delivery), *(line for change in changes for line in _changed(change, zone))]
    lines += [line for attempt in attempts for line in _tried(attempt, str(delivery.channel))]
    lines += _adopted(delivery, lines)
    lines += _seen(delivery)
    lines.sort(key=lambda line: (line.at is None, line.at))
    return [*lines, *next_lines(delivery)]


def together(lines: list[Line], more: Iterable[Line]) -> list[Line]:
    """The story of a publication with that of what was changed about it since."""
    return sorted([*lines, *more], key=lambda line: (line.at is None, line.is_ahead, line.at))


def brief(lines: list[Line]) -> list[Line]:
    """The end of the story, once there is one: what was tried, seen or is under way."""
    told = [line for line in lines if line.attempt or line.is_ahead or line.at is None or line.words == ADOPTED]
    return told[-BRIEF:] if any(line.attempt for line in lines) else []


def sentence(step: str, outcome: str, place: str) -> tuple[str, str]:
    """What we did, and what came of it."""
    began, ended = Step(step), Outcome(outcome)
    return BEGAN[began].format(place=place), ENDED_OF.get((began, ended), ENDED[ended]).format(place=place)


def advice(delivery: Delivery, last: Attempt | None) -> str:
    """What a person may do now, or that there is nothing to do; "" where that goes without saying."""
    status = delivery.state
    if not delivery.is_publication and status in Status.needs_a_person():
        return ADVICE_OF_REVISION.get(status, "")
    found = ADVICE.get((status, Outcome(last.outcome))) if last else None
    return (found or ADVICE_OF.get(status, "")).format(place=delivery.channel)


def _planned(delivery: Delivery) -> Line:
    who = f" by {delivery.created_by}" if delivery.created_by_id else ""
    what = "Scheduled"
    if not delivery.is_publication:
        what = f"{WHAT[Delivery.Action(delivery.action)]} was scheduled"
    return Line(delivery.created_at, f"{what}{who} on {delivery.channel}", "scheduled")


def _changed(change: Change, zone: tzinfo) -> list[Line]:
    who = f" by {change.by}" if change.by else ""
    words = f"Cancelled{who}"
    if change.what == Change.What.MOVED:
        words = f"Moved{who} from {_when(change.due_before, zone)} to {_when(change.due_after, zone)}"
    lines = [Line(change.at, words, "waiting")]
    if change.undone_at:
        undone = f" by {change.undone_by}" if change.undone_by else ""
        lines.append(Line(change.undone_at, f"Undone{undone}: {words[0].lower()}{words[1:]}", "waiting"))
    return lines


def _tried(attempt: Attempt, place: str) -> list[Line]:
    began, ended = sentence(attempt.step, attempt.outcome, place)
    tone = TONES.get(Outcome(attempt.outcome), "uncertain")
    at = attempt.started_at or attempt.created_at
    if attempt.seconds < LONG:
        return [Line(at, f"{began}: {ended}", tone, attempt.message, attempt)]
    over = at + timedelta(seconds=attempt.seconds)
    return [Line(at, began, "waiting"), Line(over, f"{ended[0].upper()}{ended[1:]}", tone, attempt.message, attempt)]


def _adopted(delivery: Delivery, lines: list[Line]) -> list[Line]:
    """What a lost answer had hidden is ours: nothing is sent again."""
    found = [line for line in lines if line.attempt and line.attempt.outcome == Outcome.FOUND]
    if not found or delivery.status != Status.PUBLISHED or delivery.published_at is None:
        return []
    return [Line(delivery.published_at, ADOPTED, "published")]


def _seen(delivery: Delivery) -> list[Line]:
    proof = getattr(delivery, "proof", None)
    lines = []
    for entry in proof.history if proof else []:
        looks = LOOKS if delivery.is_publication else LOOKS | LOOKS_FOR_ABSENCE
        tone, words = looks[Proof.Outcome(entry["outcome"])]
        lines.append(
            Line(datetime.fromisoformat(entry["at"]), f"{words[0].upper()}{words[1:]}", tone, entry["message"])
        )
    return lines


def next_lines(delivery: Delivery) -> list[Line]:
    """What comes by itself, and when; or that it waits for a person."""
    status = delivery.state
    if status == Status.SCHEDULED:
        is_again = delivery.tries or delivery.act_at > delivery.due_at
        words = "It is tried again" if is_again else "It goes out"
        if not delivery.is_publication:
            words = f"{WHAT[Delivery.Action(delivery.action)]} is {'tried again' if is_again else 'due'}"
        return [Line(delivery.act_at if is_again else delivery.due_at, words, "scheduled", is_ahead=True)]
    if status == Status.CHECKING:
        return [Line(delivery.act_at, "We look whether it is there", "checking", is_ahead=True)]
    if status == Status.WAITING:
        return [Line(delivery.due_at, "Expected then: it waits for another delivery", "waiting", is_ahead=True)]
    now = NOW if delivery.is_publication else NOW | NOW_OF_REVISION
    if status in now:
        return [Line(None, now[status], str(status))]
    proof = getattr(delivery, "proof", None)
    if status == Status.PUBLISHED and proof and proof.due_at:
        return [Line(proof.due_at, "Its public page is looked at", "waiting", is_ahead=True)]
    return []


def _when(at: datetime | None, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%a %-d %b, %H:%M}" if at else "another time"
