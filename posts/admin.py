"""The admin: every row can be found and read; what changes a delivery goes through the same verbs as the pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from django.contrib import admin, messages
from django.db import models, transaction
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from accounts.models import User, Workspace
from blogscheduler.celery import ring
from posts import connecting, examining
from posts.images import variants
from posts.models import (
    Attempt,
    Change,
    Channel,
    Delivery,
    Heartbeat,
    Image,
    Occurrence,
    Outage,
    OutsideImage,
    Plan,
    PlanStep,
    Post,
    Proof,
    ReadingPace,
    RemoteImage,
    Series,
    SeriesPost,
    Slot,
    Tally,
    Turn,
)
from posts.planning import changing, scheduling
from posts.planning.moments import moment_at
from posts.tasks import CHECK_CHANNEL, CHECK_COVER, PREPARE_IMAGE, PUBLISH_DUE


class OwnOnly(admin.RelatedFieldListFilter):
    """Offers what occurs in the rows that one may see: the names of other workspaces and channels are no choice."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, Any]]:
        own = model_admin.get_queryset(request).order_by().values(self.field_path)
        ordering = self.field_admin_ordering(field, request, model_admin)
        choices: list[tuple[str, Any]] = field.get_choices(
            include_blank=False, ordering=ordering, limit_choices_to={"pk__in": own}
        )
        return choices


class Scoped(admin.ModelAdmin[Any]):
    """Staff see their own workspace; a superuser sees all of them."""

    workspace_lookup = "workspace"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return self._own(super().get_queryset(request), request, self.workspace_lookup)

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        if db_field.remote_field.model is Workspace:
            kwargs["queryset"] = self._own(Workspace.objects.all(), request, "pk")
        elif db_field.remote_field.model is User:
            kwargs["queryset"] = self._own(User.objects.all(), request, "memberships__workspace").distinct()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def _own(self, rows: models.QuerySet[Any], request: HttpRequest, lookup: str) -> models.QuerySet[Any]:
        user = request.user
        if isinstance(user, User) and user.is_superuser:
            return rows
        workspace = Workspace.objects.of(user) if isinstance(user, User) else None
        return rows.filter(**{lookup: workspace.pk}) if workspace else rows.none()


class ReadOnly(Scoped):
    """Its rows are changed by verbs only: those who may change them get actions instead of a form."""

    def has_act_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Post)
class PostAdmin(Scoped):
    list_display = ("title", "workspace", "author", "language", "version", "updated_at")
    list_filter = (("workspace", OwnOnly), "language", "ai_disclosure")
    search_fields = ("title", "markdown", "tags", "slug", "canonical_url")
    date_hierarchy = "updated_at"
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    readonly_fields = ("version", "cover_checked_url", "cover_problem", "created_at", "updated_at")
    list_select_related = ("workspace", "author")

    def save_model(self, request: HttpRequest, obj: Post, form: Any, change: bool) -> None:
        """An edit here counts as a version, so that an open editor elsewhere notices it."""
        obj.version += 1 if change else 0
        obj.compare_at = timezone.now() if change else None
        super().save_model(request, obj, form, change)
        transaction.on_commit(lambda: ring(CHECK_COVER, obj.pk), robust=True)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is on its way must first be cancelled."""
        if isinstance(obj, Post) and obj.deliveries.pending().exists():
            return False
        return super().has_delete_permission(request, obj)


@admin.register(Channel)
class ChannelAdmin(ReadOnly):
    """Channels are connected and changed on their own pages, which prove the credentials; here they are watched."""

    list_display = ("name", "platform", "workspace", "status", "account_name", "problem", "checked_at")
    list_filter = ("status", "platform", ("workspace", OwnOnly))
    search_fields = ("name", "account_name", "problem")
    date_hierarchy = "created_at"
    list_select_related = ("workspace",)
    fields = (
        "name", "workspace", "platform", "secret_hint", "settings", "status", "problem", "account_name",
        "account_url", "checked_at", "examination", "examine_at", "paced_until", "lease_until", "created_at",
    )  # fmt: skip
    actions = ("check_again", "pause", "resume")

    @admin.display(description="last examination")
    def examination(self, channel: Channel) -> SafeString | str:
        checks = examining.checks_of(channel)
        rows = ((check.aspect.value, check.health.value, check.cause, check.remedy) for check in checks)
        return format_html_join(mark_safe("<br>"), "<b>{}</b>: {}. {} {}", rows) or "Not yet"

    @admin.action(description="Check the credentials again", permissions=["act"])
    def check_again(self, request: HttpRequest, queryset: models.QuerySet[Channel]) -> None:
        checking = [channel.pk for channel in queryset if connecting.check_again(channel)]
        for pk in checking:
            transaction.on_commit(partial(ring, CHECK_CHANNEL, pk), robust=True)
        self.message_user(request, f"{len(checking)} channels are being checked.")

    @admin.action(description="Pause", permissions=["act"])
    def pause(self, request: HttpRequest, queryset: models.QuerySet[Channel]) -> None:
        paused = sum(connecting.pause(channel) for channel in queryset)
        self.message_user(request, f"{paused} channels paused; their deliveries wait.")

    @admin.action(description="Resume", permissions=["act"])
    def resume(self, request: HttpRequest, queryset: models.QuerySet[Channel]) -> None:
        resumed = sum(connecting.resume(channel, timezone.now()) for channel in queryset)
        self.message_user(request, f"{resumed} channels resumed.")


class AttemptInline(admin.TabularInline[Attempt, Delivery]):
    model = Attempt
    fields = ("number", "step", "outcome", "message", "started_at", "seconds")
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ProofInline(admin.StackedInline[Proof, Delivery]):
    model = Proof
    fields = ("outcome", "status", "message", "looked_at", "due_at", "looks")
    readonly_fields = fields
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = ("post", "channel", "status", "due_at", "act_at", "tries", "workspace", "article")
    list_filter = ("status", "channel__platform", ("channel", OwnOnly), ("workspace", OwnOnly), "action")
    search_fields = ("post__title", "channel__name", "remote_id", "remote_url", "message", "key")
    date_hierarchy = "due_at"
    list_select_related = ("post", "channel", "workspace")
    inlines = (ProofInline, AttemptInline)
    actions = ("publish_now", "retry", "cancel")

    @admin.display(description="article")
    def article(self, delivery: Delivery) -> str:
        if not delivery.remote_url.startswith(("http://", "https://")):
            return delivery.remote_id
        return format_html('<a href="{}" rel="noreferrer">{}</a>', delivery.remote_url, delivery.remote_id)

    @admin.action(description="Publish now", permissions=["act"])
    def publish_now(self, request: HttpRequest, queryset: models.QuerySet[Delivery]) -> None:
        self._each(request, queryset, "is due now", self._publish_now)

    @admin.action(description="Retry (failed, missed)", permissions=["act"])
    def retry(self, request: HttpRequest, queryset: models.QuerySet[Delivery]) -> None:
        self._each(request, queryset, "is tried again", self._retry)

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: models.QuerySet[Delivery]) -> None:
        now, by = timezone.now(), cast(User, request.user)
        self._each(request, queryset, "is cancelled", lambda delivery: changing.cancel(delivery, now, by))

    def _retry(self, delivery: Delivery) -> None:
        if delivery.status not in (Delivery.Status.FAILED, Delivery.Status.MISSED):
            raise scheduling.Refused(f"It is {delivery.get_status_display().lower()}: there is nothing to try again.")
        self._publish_now(delivery)

    def _publish_now(self, delivery: Delivery) -> None:
        now = timezone.now()
        scheduling.publish_now(delivery, moment_at(now, timezone.get_current_timezone()))
        transaction.on_commit(lambda: ring(PUBLISH_DUE), robust=True)

    def _each(
        self,
        request: HttpRequest,
        queryset: models.QuerySet[Delivery],
        done: str,
        verb: Callable[[Delivery], object],
    ) -> None:
        """Do it to each, and say of each what came of it: one refusal does not stop the others."""
        for delivery in queryset.select_related("post", "post__author", "post__workspace", "channel", "workspace"):
            try:
                verb(delivery)
            except scheduling.Refused as refusal:
                self.message_user(request, f"{delivery}: {refusal}", messages.ERROR)
            else:
                self.message_user(request, f"{delivery} {done}.")


@admin.register(Attempt)
class AttemptAdmin(ReadOnly):
    workspace_lookup = "delivery__workspace"
    list_display = ("delivery", "number", "step", "outcome", "message", "started_at", "seconds")
    list_filter = ("outcome", "step", "delivery__channel__platform", ("delivery__workspace", OwnOnly))
    search_fields = ("delivery__post__title", "delivery__channel__name", "message")
    date_hierarchy = "created_at"
    list_select_related = ("delivery__post", "delivery__channel")


@admin.register(Proof)
class ProofAdmin(ReadOnly):
    workspace_lookup = "delivery__workspace"
    list_display = ("delivery", "outcome", "status", "message", "looked_at", "due_at")
    list_filter = ("outcome", "delivery__channel__platform", ("delivery__workspace", OwnOnly))
    search_fields = ("delivery__post__title", "delivery__channel__name", "message", "host")
    date_hierarchy = "looked_at"
    list_select_related = ("delivery__post", "delivery__channel")


@admin.register(Change)
class ChangeAdmin(ReadOnly):
    """What people changed about the plan. The texts of deleted posts, which an undo needs, are not shown."""

    list_display = ("what", "title", "place", "by", "at", "undone_at")
    list_filter = ("what", ("workspace", OwnOnly))
    search_fields = ("title", "place")
    date_hierarchy = "at"
    list_select_related = ("by",)
    exclude = ("before", "after")


class OfTheHouse(ReadOnly):
    """It belongs to no workspace, tells where others publish, names the machines of the house: for superusers."""

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = self.model._default_manager.all()
        return rows if getattr(request.user, "is_superuser", False) else rows.none()


@admin.register(Series)
class SeriesAdmin(ReadOnly):
    list_display = ("name", "workspace", "status", "rule", "zone", "look_at")
    list_filter = ("status", ("workspace", OwnOnly))
    search_fields = ("name", "problem")


@admin.register(SeriesPost)
class SeriesPostAdmin(ReadOnly):
    workspace_lookup = "series__workspace"
    list_display = ("series", "place", "post")
    list_filter = (("series__workspace", OwnOnly),)
    search_fields = ("series__name", "post__title")


@admin.register(Occurrence)
class OccurrenceAdmin(ReadOnly):
    workspace_lookup = "series__workspace"
    list_display = ("series", "wall_time", "due_at", "post", "is_moved", "left_out", "problem")
    list_filter = ("left_out", "is_moved", ("series__workspace", OwnOnly))
    search_fields = ("series__name", "post__title", "problem")
    date_hierarchy = "due_at"


@admin.register(Slot)
class SlotAdmin(ReadOnly):
    workspace_lookup = "channel__workspace"
    list_display = ("channel", "weekday", "at", "zone")
    list_filter = ("weekday", ("channel__workspace", OwnOnly))
    search_fields = ("channel__name",)
    list_select_related = ("channel",)


class PlanStepInline(admin.TabularInline[PlanStep, Plan]):
    model = PlanStep
    fields = ("channel", "after")
    readonly_fields = fields
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Plan)
class PlanAdmin(ReadOnly):
    list_display = ("name", "origin", "workspace")
    list_filter = (("workspace", OwnOnly),)
    search_fields = ("name", "origin__name")
    list_select_related = ("origin", "workspace")
    inlines = (PlanStepInline,)


@admin.register(PlanStep)
class PlanStepAdmin(ReadOnly):
    workspace_lookup = "plan__workspace"
    list_display = ("plan", "channel", "after")
    list_filter = (("plan__workspace", OwnOnly),)
    search_fields = ("plan__name", "channel__name")
    list_select_related = ("plan", "channel")


@admin.register(Image)
class ImageAdmin(ReadOnly):
    list_display = ("name", "workspace", "media_type", "width", "height", "size", "status", "problem", "created_at")
    list_filter = ("status", "media_type", ("workspace", OwnOnly))
    search_fields = ("name", "alt", "digest", "token")
    date_hierarchy = "created_at"
    list_select_related = ("workspace",)
    actions = ("prepare_again",)

    @admin.action(description="Make the smaller forms again", permissions=["act"])
    def prepare_again(self, request: HttpRequest, queryset: models.QuerySet[Image]) -> None:
        ids = variants.again(queryset.values_list("pk", flat=True))
        for pk in ids:
            transaction.on_commit(partial(ring, PREPARE_IMAGE, pk), robust=True)
        self.message_user(request, f"{len(ids)} pictures are being prepared.")


@admin.register(RemoteImage)
class RemoteImageAdmin(ReadOnly):
    workspace_lookup = "channel__workspace"
    list_display = ("channel", "digest", "remote_id", "url", "created_at")
    list_filter = (("channel", OwnOnly),)
    search_fields = ("digest", "remote_id", "url")
    date_hierarchy = "created_at"
    list_select_related = ("channel",)


@admin.register(OutsideImage)
class OutsideImageAdmin(ReadOnly):
    list_display = ("address", "workspace", "checked_at", "problem")
    list_filter = (("workspace", OwnOnly),)
    search_fields = ("address", "problem")
    date_hierarchy = "asked_at"
    list_select_related = ("workspace",)


@admin.register(ReadingPace)
class ReadingPaceAdmin(OfTheHouse):
    list_display = ("origin", "free_at")
    search_fields = ("origin",)


@admin.register(Heartbeat)
class HeartbeatAdmin(OfTheHouse):
    list_display = ("name", "kind", "at")
    list_filter = ("kind",)
    search_fields = ("name",)


@admin.register(Outage)
class OutageAdmin(OfTheHouse):
    list_display = ("since", "ended_at", "is_over")
    list_filter = ("is_over",)
    date_hierarchy = "since"


@admin.register(Tally)
class TallyAdmin(OfTheHouse):
    list_display = ("of", "platform", "detail", "value")
    list_filter = ("of", "platform")
    search_fields = ("platform", "detail")


@admin.register(Turn)
class TurnAdmin(OfTheHouse):
    list_display = ("name", "taken_at", "reached")
    search_fields = ("name",)
