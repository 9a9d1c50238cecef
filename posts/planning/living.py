"""Verbs: living copies. What is published is compared with what stands here now, brought up to date, taken back.

An update and a taking back are deliveries of their own, which the engine carries out like the others
(posts.engine.revising); they address the article of a publication by its id there, and never make another one.

``Delivery.differs`` says of a publication whether its payload would be another one now. It is found out by a watch of
the worker, soon after ``Post.compare_at``, which whoever changes the post sets; pages that cannot wait ask `standing`.
Payloads are only made where what they are made of has changed.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.models import User
from posts.engine import tailoring
from posts.engine.packing import article_of, digest_of, door_of, fields_of, payload_digest, place_of, sent_article
from posts.engine.revising import ELSEWHERE
from posts.engine.trips import can_unpublish, can_update
from posts.models import Channel, Delivery, Post
from posts.models.literals import literals
from posts.planning import scheduling
from posts.planning.moments import Moment
from posts.planning.scheduling import JUST_NOW, Refused
from publishers import PUBLISHERS
from publishers.base import Publisher
from publishers.errors import PublishingError

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
Action, Status = Delivery.Action, Delivery.Status

AT_ONCE = 50  # posts, and publications, in one round of the watch
IN_FLIGHT = timedelta(seconds=30)  # what is being published is compared when it is
OPEN = [Status.SCHEDULED, Status.PUBLISHING, Status.CHECKING, Status.UNCERTAIN]  # a revision that is not over


# --- what can be done ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Abilities:
    """What can be done about an article that is out there; where something cannot, ``why_not`` is a sentence."""

    update: bool
    unpublish: bool
    why_not: str = ""


def abilities(publication: Delivery) -> Abilities:
    channel = publication.channel
    publisher = PUBLISHERS.get(channel.platform)
    if publisher is None:
        return Abilities(False, False, "This installation has no publisher for it any more.")
    if channel.status == Channel.Status.REMOVED:
        return Abilities(False, False, "Its channel was removed: change it there yourself.")
    if publication.place and channel.account_name and publication.place != place_of(channel):
        return Abilities(False, False, ELSEWHERE)
    updates, unpublishes = can_update(publisher), can_unpublish(publisher)
    if not publication.place and publication.remote_id.startswith(("http://", "https://")):
        return Abilities(False, False, "Nobody knows its number there, only its address: change it there yourself.")
    return Abilities(updates, unpublishes, _why_not(publisher, updates=updates, unpublishes=unpublishes))


def _why_not(publisher: type[Publisher], *, updates: bool, unpublishes: bool) -> str:
    if updates and unpublishes:
        return ""
    what = "take back" if updates else "change" if unpublishes else "change or take back"
    return f"{publisher.label} lets nobody {what} an article from outside: do it there yourself."


def update(publication: Delivery, at: Moment, now: datetime, by: User | None = None) -> Delivery:
    """Bring what is out there to the text as it stands at that time. Raises Refused; PlatformRefuses. Ring after."""
    shown = scheduling.as_it_is(publication)
    if shown.is_publication and (refused := _refusals(shown, at)):
        raise scheduling.PlatformRefuses(refused)
    return _revise(shown, Action.UPDATE, at, now, by)


def _refusals(publication: Delivery, at: Moment) -> dict[Channel, Any]:
    wishes = {publication.channel_id: publication.options}
    return scheduling.refusals(publication.post, [publication.channel], at.due_at, wishes)


def update_all(post: Post, at: Moment, now: datetime, by: User | None = None) -> tuple[list[Delivery], dict[str, str]]:
    """Every publication that differs and can be brought up to date; and by channel why another one cannot."""
    made, refused = [], {}
    for each in standing(post):
        if each.differs:
            try:
                made.append(update(each.publication, at, now, by))
            except Refused as reason:
                refused[each.publication.channel.name] = str(reason)
    return made, refused


def unpublish(publication: Delivery, at: Moment, now: datetime, by: User | None = None) -> Delivery:
    """Take it back. Updates that have not begun are cancelled with it. Raises Refused. Ring after the commit."""
    return _revise(scheduling.as_it_is(publication), Action.UNPUBLISH, at, now, by)


def _revise(publication: Delivery, action: Delivery.Action, at: Moment, now: datetime, by: User | None) -> Delivery:
    if at.due_at < now - JUST_NOW:
        raise Refused("This time is in the past. Choose a later one, or do it now.")
    can = abilities(publication)
    if not (can.update if action == Action.UPDATE else can.unpublish):
        raise Refused(can.why_not)
    with transaction.atomic():
        scheduling.not_removed([publication.channel])  # locks it: of two people the second sees what the first did
        _still_there(publication)
        before = publication.revisions.all()
        if action == Action.UPDATE and before.filter(action=Action.UNPUBLISH, status__in=OPEN).exists():
            raise Refused("It is being taken back: there is nothing to bring up to date.")
        if action == Action.UNPUBLISH:
            if _same_file(publication):
                raise Refused("Another publication has the same place there by now: take it back there yourself.")
            waiting = before.filter(action=Action.UPDATE, status=Status.SCHEDULED)
            waiting.update(status=Status.CANCELLED, message="It is taken back instead.")
        return _insert(publication, action, at, by)


def _still_there(publication: Delivery) -> None:
    """Raises Refused where there is no article to change, or none yet."""
    now = Delivery.objects.filter(pk=publication.pk).first()
    if now is None or not now.is_publication:
        raise Refused("There is no publication to change.")
    if now.status in (Status.SCHEDULED, Status.WAITING, Status.PUBLISHING, Status.CHECKING):
        raise Refused("It is not published yet: what goes out is the text as it stands then. Wait until it is there.")
    if now.gone_at:
        raise Refused(f"It is no longer there. {now.message}".strip())
    if now.status != Status.PUBLISHED:
        raise Refused(f"It is {now.get_status_display().lower()}: there is nothing to change.")


def _same_file(publication: Delivery) -> bool:
    """A name on a disk may have been given anew; a platform's number never is."""
    others = Delivery.objects.publications().filter(
        channel=publication.channel_id, remote_id=publication.remote_id, status=Status.PUBLISHED
    )
    return others.exclude(pk=publication.pk).exists()


def _insert(publication: Delivery, action: Delivery.Action, at: Moment, by: User | None) -> Delivery:
    times = scheduling.time_fields(publication.post, publication.channel, at)
    times |= {"act_at": at.due_at, "late_after": None}
    try:
        with transaction.atomic():
            return Delivery.objects.create(
                workspace=publication.workspace, post=publication.post, channel=publication.channel, created_by=by,
                action=action, revises=publication, digest=_after(publication, action), options=publication.options,
                canonical_url=publication.canonical_url, remote_url=publication.remote_url, **times,
            )  # fmt: skip
    except IntegrityError as error:
        what = "An update" if action == Action.UPDATE else "Its taking back"
        raise Refused(f"{what} is scheduled or under way on {publication.channel} already.") from error


def _after(publication: Delivery, action: Delivery.Action) -> str:
    """Names the next one after those that are over: two people who ask at once mean the same one."""
    over = publication.revisions.filter(action=action, status=Status.PUBLISHED).count()
    return hashlib.sha256(f"{publication.pk} {over}".encode()).hexdigest()


def give_up(publication: Delivery) -> None:
    """It is no longer there, as an update has found: it may be published anew. Raises Refused."""
    gone = Delivery.objects.publications().filter(pk=publication.pk, status=Status.PUBLISHED, gone_at__isnull=False)
    message = f"It was no longer on {publication.channel}."
    if not gone.update(status=Status.CANCELLED, message=message):
        raise Refused("As far as we know it is there.")


# --- said otherwise on one channel -----------------------------------------------------------------------------------


@transaction.atomic
def keep_version(post: Post, channel: Channel, version: Mapping[str, Any], now: datetime) -> None:
    """What the post says for this channel from now on. The row is locked: two channels may be written for at once."""
    row = Post.objects.select_for_update().only("versions").get(pk=post.pk)
    before = tailoring.version_of(row, channel.pk).get("options", {})
    versions = tailoring.with_version(row, channel.pk, version)
    Post.objects.filter(pk=post.pk).update(versions=versions, compare_at=now)
    _tell_deliveries(post, channel, before, version.get("options") or {})


def _tell_deliveries(post: Post, channel: Channel, before: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """What was asked at the scheduling goes first: what is said of it now, later than that, has to be told there."""
    if before == options:
        return
    for delivery in Delivery.objects.filter(post=post, channel=channel).only("options").order_by("pk"):
        kept = {name: value for name, value in delivery.options.items() if name not in before}
        Delivery.objects.filter(pk=delivery.pk).update(options={**kept, **options})


def keep_defaults(channel: Channel, defaults: Mapping[str, Any] | None) -> None:
    """What all posts get on this channel from now on."""
    Channel.objects.filter(pk=channel.pk).update(defaults=dict(defaults) if defaults else None)
    channel_changed(channel)


# --- does it differ? -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """A publication, and whether what would be sent now is another payload than what is out there."""

    publication: Delivery
    differs: bool


def standing(post: Post) -> list[Standing]:
    """The publications of a post as they stand at this very moment, whatever the watch has seen to yet."""
    rows = post.deliveries.publications().filter(status=Status.PUBLISHED).select_related("channel", "post__author")
    return [Standing(each, differs(each)) for each in rows.order_by("pk")]


def differs(publication: Delivery) -> bool:
    """Compare, first what the payload is made of, and the payloads only where that is not the same."""
    if publication.gone_at:
        return False
    if publication.sent_fields is None:  # it went out before any of this was kept, or nobody knows with which text
        return publication.sent_digest not in ("", publication.post.digest())
    now = article_of(publication)
    if digest_of(now.title, now.markdown, fields_of(now, publication.channel)) == publication.sent_as:
        return False
    kept = sent_article(publication)
    assert kept is not None
    before, settings_then = kept
    door = door_of(publication.channel)
    try:
        then = payload_digest(_with_settings(door.open(), settings_then), before)
        return payload_digest(door.open(), now) != then
    except PublishingError:  # it cannot be made of this text: then it is certainly another one
        return True


def _with_settings(publisher: Publisher, settings: dict[str, Any]) -> Publisher:
    publisher.settings = settings
    return publisher


def changed(post: Post, now: datetime) -> None:
    """Something that the post's payloads are made of was changed: have them compared. For whoever changes it."""
    Post.objects.filter(pk=post.pk).update(compare_at=now)


def channel_changed(channel: Channel) -> None:
    """The same, for everything that is published there."""
    published = Delivery.objects.publications().filter(channel=channel, status=Status.PUBLISHED)
    Post.objects.filter(pk__in=published.values("post")).update(compare_at=Now())


def look_after(clock: Clock) -> int:
    """The watch: compare what was changed; how many publications."""
    now = clock()
    compared = sum(_compare(each) for each in list(_unknown()[:AT_ONCE]))
    due = Post.objects.filter(compare_at__lte=now).order_by("compare_at")
    for pk, seen in list(due.values_list("pk", "compare_at")[:AT_ONCE]):
        compared += _compare_post(pk, seen, now)
    return compared


def _unknown() -> QuerySet[Delivery]:
    [published] = literals([Status.PUBLISHED])
    unknown = Delivery.objects.publications().filter(differs=None, status=published)
    return unknown.select_related("channel", "post__author")


def _compare_post(pk: int, seen: datetime | None, now: datetime) -> int:
    """All publications of a post. While one is on its way the post comes again: it may have left with an older text."""
    try:
        deliveries = Delivery.objects.filter(post=pk)
        published = deliveries.publications().filter(status=Status.PUBLISHED)
        compared = sum(_compare(each) for each in published.select_related("channel", "post__author"))
        moving = deliveries.filter(status__in=[Status.PUBLISHING, Status.CHECKING]).exists()
    except Exception:  # one post that cannot be compared must not keep the others waiting
        log.exception("Post %s could not be compared with what is out there", pk)
        compared, moving = 0, False
    Post.objects.filter(pk=pk, compare_at=seen).update(compare_at=now + IN_FLIGHT if moving else None)
    return compared


def _compare(publication: Delivery) -> int:
    """By compare-and-set: an update that ends meanwhile has its own answer."""
    found = differs(publication)
    same = Delivery.objects.filter(pk=publication.pk, sent_as=publication.sent_as)
    same.filter(~Q(differs=found) | Q(differs=None)).update(differs=found)
    return 1


# --- what differs ----------------------------------------------------------------------------------------------------

LABELS = {
    "summary": "Summary", "tags": "Tags", "slug": "Slug", "cover_url": "Cover image", "canonical_url": "Canonical URL",
    "language": "Language", "author": "Author", "ai_disclosure": "AI disclosure",
}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One field of the article: what was sent, and what would be sent now."""

    label: str
    before: str
    after: str


def differences(publication: Delivery) -> tuple[list[Difference], tuple[str, str]]:
    """What was sent against what would be sent now: by field, and both texts."""
    now = article_of(publication)
    found = [Difference("Title", publication.sent_title, now.title)]
    if publication.sent_fields is not None:
        kept, fields = publication.sent_fields, fields_of(now, publication.channel)
        found += [Difference(label, _words(kept.get(name)), _words(fields[name])) for name, label in LABELS.items()]
        for name, label in (("options", "Option"), ("settings", "Setting of the channel")):
            then, here = kept.get(name) or {}, fields[name] or {}
            found += [
                Difference(f"{label} “{_spoken(key)}”", _words(then.get(key)), _words(here.get(key)))
                for key in sorted({*then, *here})
            ]
    texts = publication.sent_markdown, now.markdown
    return [one for one in found if one.before != one.after], texts


def _spoken(key: str) -> str:
    return key.replace("_", " ")


def _words(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value))
    return "" if value is None else str(value)


def revisions_of(publications: Iterable[Delivery]) -> dict[int, list[Delivery]]:
    """The updates and takings back of each, in order: one query."""
    found: dict[int, list[Delivery]] = {each.pk: [] for each in publications}
    rows = Delivery.objects.filter(revises__in=list(found)).select_related("channel", "created_by", "proof")
    for row in rows.defer("sent_markdown").order_by("pk"):
        found[row.revises_id or 0].append(row)
    return found
