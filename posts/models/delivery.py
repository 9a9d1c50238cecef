"""One action for one post on one channel at one time: the heart of the product, with its state."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from accounts.models import Workspace
from posts.models.channel import Channel
from posts.models.claiming import COMING, FIRST_IN_LINE, HOLD_CHANNELS, NEXT, TAKE, at_once, with_ids
from posts.models.literals import literals
from posts.models.post import Post
from posts.models.prepared import Prepared

# What of a claimed delivery, its post and its channel goes to the platform, and into the ledger.
CLAIMED = (
    "key", "workspace_id", "post_id", "channel_id", "created_by_id", "action", "options", "due_at", "status", "number",
    "claim", "tries", "crashes", "doubtful", "place_changed", "remote_id", "sent_digest", "sent_version", "sent_as",
    "canonical_url", "zone", "revises_id", "remote_url",
    *(f"post__{name}" for name in (*Post.TEXT_FIELDS, "versions", "version", "workspace_id", "author__name")),
    *(f"channel__{name}" for name in (
        "workspace_id", "platform", "credentials", "settings", "defaults", "revision", "account_name", "account_url",
    )),
)  # fmt: skip
# What a claimed update or taking back needs to know of the publication that it is about.
ORIGINAL = ("key", "due_at", "zone", "status", "remote_id", "remote_url", "place", "gone_at", "sent_title")


class InLine(NamedTuple):
    """What is due on a free channel: ids, and whose turn it is within the workspace, from 1."""

    delivery: int
    channel: int
    workspace: int
    turn: int


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def of(self, workspace: Workspace) -> DeliveryQuerySet:
        return self.filter(workspace=workspace)

    def publications(self) -> DeliveryQuerySet:
        """Without the updates and takings back of what was published."""
        return self.filter(action=Delivery.Action.PUBLISH)

    def of_occurrences(self, occurrences: Iterable[int]) -> DeliveryQuerySet:
        """What was made for dates of series."""
        return self.filter(occurrence__gt=RawSQL("0", ()), occurrence__in=list(occurrences))  # by its index

    def pending(self) -> DeliveryQuerySet:
        """What the engine has still to act on, now or later."""
        return self.filter(status__in=Delivery.Status.pending())

    def due(self, now: datetime) -> DeliveryQuerySet:
        """What a worker may take now, whatever its channel is doing."""
        Status = Delivery.Status
        in_time = Q(late_after=None) | Q(late_after__gte=now)
        looked_at_by_nobody = Q(status=Status.CHECKING, lease_until=None)
        return self._to_act_on().filter(Q(status=Status.SCHEDULED) & in_time | looked_at_by_nobody, act_at__lte=now)

    def waiting_for_their_time(self, now: datetime) -> DeliveryQuerySet:
        """What could be taken at its time if nothing changes: the bell asks with the claim's own predicate."""
        Status = Delivery.Status
        in_time = Q(late_after=None) | Q(late_after__gte=now)
        return self._to_act_on().filter(
            Q(status=Status.SCHEDULED) & in_time | Q(status=Status.CHECKING, lease_until=None),
            channel__status=Channel.Status.OPEN,
        )

    def late(self, now: datetime) -> DeliveryQuerySet:
        """Scheduled, on an open channel, and later than the workspace's grace allows."""
        return self._to_act_on().filter(
            status=Delivery.Status.SCHEDULED, act_at__lte=now, late_after__lt=now, channel__status=Channel.Status.OPEN
        )

    def abandoned(self) -> DeliveryQuerySet:
        """In the hands of a worker whose lease ran out: it died, or was frozen. By the database's clock."""
        moving = [Delivery.Status.PUBLISHING, Delivery.Status.CHECKING]
        return self.filter(status__in=literals(moving), lease_until__lt=Now())

    def _to_act_on(self) -> DeliveryQuerySet:
        """What the indexes of due deliveries hold."""
        return self.filter(status__in=literals([Delivery.Status.SCHEDULED, Delivery.Status.CHECKING]))

    def claim_due(
        self, now: datetime, limit: int, lease: timedelta, in_hand: Mapping[int, int] | None = None
    ) -> list[Delivery]:
        """Take the next due delivery of up to ``limit`` free channels: see ``take``.

        Workspaces take turns: ``in_hand`` says, by workspace, how many the caller has in hand already.
        """
        return self.take(self.first_in_line(now, limit, in_hand or {}), now, lease)

    def take(self, first: Mapping[int, int], now: datetime, lease: timedelta) -> list[Delivery]:
        """Of these deliveries, with their channels, those that are still due and free: theirs are a lease and a new
        attempt number.

        Committed when it returns. The channels are locked first (rows that another worker has locked are skipped), and
        every condition is asked again by the update that takes: whoever else looked at the same moment loses.
        """
        if not first:  # nothing was locked yet: an idle look must not take SQLite's writing lock
            return []
        claim, vendor = uuid.uuid4(), connection.vendor
        given = {
            "now": connection.ops.adapt_datetimefield_value(now),
            "claim": Delivery._meta.get_field("claim").get_db_prep_save(claim, connection),
            "seconds": lease.total_seconds(),
        }
        hold, channels = with_ids(HOLD_CHANNELS[vendor], first.values(), "channel")
        take, deliveries = with_ids(TAKE[vendor], first, "delivery")
        # PostgreSQL makes one transaction of what it is asked at once.
        with transaction.atomic() if vendor == "sqlite" else nullcontext():
            at_once(hold, take, parameters=given | channels | deliveries)
            taken = _claimed(vendor, len(first))([*first, given["claim"]])
            if len(taken) < len(first):  # somebody was quicker: their channels are not ours to keep
                idle = Channel.objects.filter(claim=claim).exclude(pk__in=[each.channel_id for each in taken])
                idle.update(claim=None, lease_until=None)
        return taken

    def first_in_line(self, now: datetime, limit: int, in_hand: Mapping[int, int]) -> dict[int, int]:
        """Up to ``limit`` deliveries with their channels: the first of each free channel, workspaces in turn."""
        line, _ = self.line(now, 4 * limit, now)
        rows = sorted(line, key=lambda row: row.turn + in_hand.get(row.workspace, 0))
        return {row.delivery: row.channel for row in rows[:limit]}

    def line(self, now: datetime, limit: int, until: datetime) -> tuple[list[InLine], datetime | None]:
        """The first due delivery of every free channel, up to ``limit`` of them, workspaces in turn; and the first
        moment until then at which something else comes due, on whatever channel.
        """
        times = {"now": now, "until": until}
        adapted = {name: connection.ops.adapt_datetimefield_value(value) for name, value in times.items()}
        vendor = connection.vendor
        rows, coming = at_once(FIRST_IN_LINE[vendor], COMING[vendor], parameters={**adapted, "limit": limit})
        return [InLine(*row) for row in rows], _aware(coming[0][0]) if coming else None

    def next_times(self, now: datetime, until: datetime, limit: int = 50) -> list[tuple[datetime, datetime | None]]:
        """The earliest that an open channel could take until then: when, and until when that channel rests."""
        times = {"now": now, "until": until}
        adapted = {name: connection.ops.adapt_datetimefield_value(value) for name, value in times.items()}
        with connection.cursor() as cursor:
            cursor.execute(NEXT[connection.vendor], {**adapted, "limit": limit})
            return [(_aware(act_at), _aware(paced)) for act_at, paced in cursor.fetchall()]


@cache
def _claimed(vendor: str, how_many: int) -> Prepared[Delivery]:
    """So many deliveries with post, author and channel, of those whose claim is a given one: by ids and claim."""
    rows = Delivery.objects.filter(pk__in=range(how_many)).filter(claim=uuid.UUID(int=0))
    return Prepared(rows.select_related("post__author", "channel").only(*CLAIMED))


def _aware(value: datetime | None) -> Any:
    """SQLite keeps times in UTC, and does not say so."""
    return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class Delivery(models.Model):
    class Action(models.TextChoices):
        PUBLISH = "publish", "Publish"
        UPDATE = "update", "Update"
        UNPUBLISH = "unpublish", "Unpublish"

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SCHEDULED = "scheduled", "Scheduled"
        PUBLISHING = "publishing", "Publishing"
        CHECKING = "checking", "Checking"
        PUBLISHED = "published", "Published"
        FAILED = "failed", "Failed"
        UNCERTAIN = "uncertain", "Uncertain"
        MISSED = "missed", "Missed"
        HANDED_OVER = "handed_over", "Handed over"
        CANCELLED = "cancelled", "Cancelled"

        def successors(self) -> frozenset[Delivery.Status]:
            return SUCCESSORS[self]

        @classmethod
        def before(cls, target: Delivery.Status) -> list[Delivery.Status]:
            """The states from which ``target`` may be reached."""
            return [state for state in cls if target in SUCCESSORS[state]]

        @classmethod
        def pending(cls) -> list[Delivery.Status]:
            return [cls.WAITING, cls.SCHEDULED, cls.PUBLISHING, cls.CHECKING]

        @classmethod
        def needs_a_person(cls) -> list[Delivery.Status]:
            return [cls.FAILED, cls.UNCERTAIN, cls.MISSED, cls.HANDED_OVER]

    class Obstacle(models.TextChoices):
        """Why what it follows lets it wait beyond the plan. Its author has been told."""

        GONE = "gone", "It was deleted"
        FAILED = "failed", "It failed"
        UNCERTAIN = "uncertain", "Nobody knows whether it arrived"
        MISSED = "missed", "It missed its time"
        CANCELLED = "cancelled", "It was cancelled"
        LATE = "late", "It is late"
        NO_PAGE = "no_page", "It has no public page"
        MISSING = "missing", "Its page is missing"
        DIFFERENT = "different", "Its page is not as it should be"
        NOT_REACHED = "not_reached", "Its page could not be looked at"

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)  # our mark on the platform; never changes
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="deliveries")
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="deliveries")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    action = models.CharField(max_length=10, choices=Action.choices, default=Action.PUBLISH)
    # The number of the series' date (Occurrence) that it was made for; 0: it stands alone.
    occurrence = models.PositiveIntegerField(default=0, editable=False)
    digest = models.CharField(max_length=64, blank=True, editable=False)  # of the text, for an update

    options = models.JSONField(default=dict, blank=True, editable=False)  # of the publisher's options_form
    due_at = models.DateTimeField("due")
    wall_time = models.CharField(max_length=30, blank=True)  # as it was meant: 2026-03-29T09:00 …
    zone = models.CharField(max_length=60, blank=True)  # … in this zone
    slot_at = models.DateTimeField(null=True, editable=False)  # due_at, where that is a slot of its channel's queue

    # Canonical first: it is WAITING until this one is published and its page answers, and is due so long after it.
    follows = models.ForeignKey(
        "self", null=True, editable=False, on_delete=models.SET_NULL, related_name="followers", db_index=False
    )
    follow_after = models.DurationField(null=True, editable=False)
    obstacle = models.CharField(
        max_length=12, choices=Obstacle.choices, blank=True, default="", db_default="", editable=False
    )
    waits_on = models.BooleanField(default=False, db_default=False, editable=False)  # a person knows the obstacle
    # The original's address, which this channel is told instead of the post's own canonical URL.
    canonical_url = models.CharField(max_length=1000, blank=True, default="", db_default="", editable=False)
    # The zone's law was changed since: the instant that its wall time stands for now. A person decides.
    wall_moves_to = models.DateTimeField(null=True, editable=False)

    status = models.CharField(max_length=12, choices=Status.choices, default=Status.SCHEDULED)
    act_at = models.DateTimeField("next try")  # when the engine may act next: due_at, later after a set-back
    late_after = models.DateTimeField(null=True, editable=False)  # grace over; null: it is under way, no longer asked
    number = models.PositiveIntegerField("attempt number", default=0, editable=False)  # counts the claims: the fence
    claim = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)  # that failed since a person last said go
    # Since the last doubt: look-ups that got no answer, and look-ups that did not find it.
    looks_failed = models.PositiveSmallIntegerField(default=0, editable=False)
    looks_absent = models.PositiveSmallIntegerField(default=0, editable=False)
    # Its channel was given another account or other settings while it was in hand: a doubt goes to a person.
    place_changed = models.BooleanField(default=False, db_default=False, editable=False)
    doubtful = models.BooleanField(default=False, editable=False)  # it may be there: look before any second try
    # What a look-up that proves it absent means: seconds to wait before the next try, null: the refusal stands.
    refused_unless_ours = models.BooleanField(default=False, editable=False)
    retry_if_absent = models.FloatField(null=True, editable=False)
    # Workers that did not come back from it, since a step of it last came to an end or a person said go.
    crashes = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    message = models.TextField(blank=True, editable=False)  # the sentence that the author reads
    # HANDED_OVER: when its author is reminded; null: no further time.
    remind_at = models.DateTimeField(null=True, editable=False)

    remote_id = models.CharField(max_length=300, blank=True, editable=False)
    remote_url = models.CharField(max_length=1000, blank=True, editable=False)
    published_at = models.DateTimeField(null=True, editable=False)
    # Which text went out.
    sent_title = models.CharField(max_length=300, blank=True, editable=False)
    sent_markdown = models.TextField(blank=True, editable=False)
    sent_digest = models.CharField(max_length=64, blank=True, editable=False)
    sent_version = models.PositiveIntegerField(null=True, editable=False)
    # Its other fields as they went out, and the channel's settings then: with the text, what its payload was made of.
    sent_fields = models.JSONField(null=True, editable=False)
    sent_as = models.CharField(max_length=64, blank=True, db_default="", default="", editable=False)  # digest of that
    place = models.CharField(max_length=32, blank=True, db_default="", default="", editable=False)  # whose account

    # An update, or a taking back: the publication whose article it changes.
    revises = models.ForeignKey(
        "self", null=True, editable=False, on_delete=models.CASCADE, related_name="revisions", db_index=False
    )
    # Whether what would be sent now is another payload than what is out there; null: to be compared.
    differs = models.BooleanField(null=True, default=False, db_default=False, editable=False)
    gone_at = models.DateTimeField(null=True, editable=False)  # it was seen then that it is no longer there
    created_at = models.DateTimeField(auto_now_add=True)

    objects = models.Manager.from_queryset(DeliveryQuerySet)()

    class Meta:
        ordering = ["due_at", "pk"]
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["workspace", "due_at"]),
            # Due rows, and nothing else: as quick with a million future deliveries as with a thousand.
            models.Index(
                fields=["channel", "act_at", "id"],
                name="delivery_due",
                condition=Q(status__in=["scheduled", "checking"]),
            ),
            models.Index(fields=["act_at"], name="delivery_bell", condition=Q(status__in=["scheduled", "checking"])),
            models.Index(
                fields=["lease_until"], name="delivery_in_hand", condition=Q(status__in=["publishing", "checking"])
            ),
            models.Index(
                fields=["status"],
                name="delivery_needs_a_person",
                condition=Q(status__in=["failed", "uncertain", "missed", "handed_over"]),
            ),
            models.Index(fields=["follows"], name="delivery_waiting", condition=Q(status="waiting")),
            models.Index(fields=["follows"], name="delivery_follows", condition=Q(follows__isnull=False)),
            models.Index(fields=["occurrence"], name="delivery_of_series", condition=Q(occurrence__gt=0)),
            models.Index(fields=["revises"], name="delivery_revises", condition=Q(revises__isnull=False)),
            models.Index(fields=["post"], name="delivery_to_compare", condition=Q(differs__isnull=True)),
            models.Index(fields=["remind_at"], name="delivery_remind", condition=Q(remind_at__isnull=False)),
            models.Index(fields=["workspace"], name="delivery_wall_moves", condition=Q(wall_moves_to__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["post", "channel", "occurrence", "action", "digest"],
                condition=~Q(status__in=["cancelled", "failed"]),
                name="delivery_live_once",
            ),
            models.UniqueConstraint(
                fields=["channel"], condition=Q(status="publishing"), name="delivery_publishing_one_per_channel"
            ),
            models.UniqueConstraint(
                fields=["channel", "slot_at"],
                condition=Q(slot_at__isnull=False) & ~Q(status__in=["cancelled", "failed"]),
                name="delivery_slot_once",
            ),
            models.CheckConstraint(
                condition=~Q(status="published") | ~Q(remote_id=""), name="delivery_published_has_remote_id"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.post} → {self.channel}"

    def get_absolute_url(self) -> str:
        return f"{self.post.get_absolute_url()}#delivery-{self.pk}"

    @property
    def state(self) -> Delivery.Status:
        return Delivery.Status(self.status)

    @property
    def is_publication(self) -> bool:
        """It brings an article there; the others change one that is there."""
        return self.action == Delivery.Action.PUBLISH

    @property
    def state_label(self) -> str:
        """How it stands, as a badge says it; of a change of what is there, also what it changes."""
        Status, is_update = Delivery.Status, self.action == Delivery.Action.UPDATE
        if self.is_publication:
            is_taken_back = self.status == Status.CANCELLED and self.gone_at is not None
            return "Taken back" if is_taken_back else self.get_status_display()
        if self.status == Status.PUBLISHED:
            return "Updated" if is_update else "Taken back"
        return f"{'Update' if is_update else 'Taking back'}: {self.get_status_display().lower()}"

    def is_moving(self) -> bool:
        """Something will change within moments without anybody doing anything."""
        return self.status in (Delivery.Status.PUBLISHING, Delivery.Status.CHECKING)

    @property
    def is_movable(self) -> bool:
        """Whether a person may give it another time: nothing of it is on its way or public."""
        movable = Delivery.Status.SCHEDULED, Delivery.Status.FAILED, Delivery.Status.MISSED, Delivery.Status.HANDED_OVER
        return self.status in movable

    def move(self, target: Delivery.Status, **changes: Any) -> bool:
        """Go to ``target`` if the state still allows it; False when somebody or something else was quicker."""
        return move(self.pk, target, Delivery.Status.before(target), **changes)


_S = Delivery.Status
SUCCESSORS: dict[Delivery.Status, frozenset[Delivery.Status]] = {
    _S.WAITING: frozenset({_S.SCHEDULED, _S.CANCELLED}),
    _S.SCHEDULED: frozenset({_S.SCHEDULED, _S.PUBLISHING, _S.MISSED, _S.HANDED_OVER, _S.CANCELLED}),
    _S.PUBLISHING: frozenset({_S.PUBLISHED, _S.SCHEDULED, _S.FAILED, _S.CHECKING, _S.UNCERTAIN, _S.HANDED_OVER}),
    _S.CHECKING: frozenset({_S.CHECKING, _S.PUBLISHED, _S.SCHEDULED, _S.FAILED, _S.UNCERTAIN}),
    _S.PUBLISHED: frozenset(),
    _S.FAILED: frozenset({_S.SCHEDULED, _S.CANCELLED}),
    _S.UNCERTAIN: frozenset({_S.SCHEDULED, _S.PUBLISHED, _S.CANCELLED}),
    _S.MISSED: frozenset({_S.SCHEDULED, _S.CANCELLED}),
    _S.HANDED_OVER: frozenset({_S.PUBLISHED, _S.SCHEDULED, _S.CANCELLED}),
    _S.CANCELLED: frozenset(),
}


def move(pk: int, target: Delivery.Status, allowed: Collection[Delivery.Status], **changes: Any) -> bool:
    """Compare and set: one statement, one winner. Who else may have moved it: a worker, a person, the night-watch."""
    return Delivery.objects.filter(pk=pk, status__in=allowed).update(status=target, **changes) == 1
