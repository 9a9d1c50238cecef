"""A picture of a workspace: given once, kept once, and known at our own address and at the platforms' ones."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from accounts.models import Workspace
from posts.models.channel import Channel


def new_token() -> str:
    """What makes a public address unguessable: 128 bits."""
    return secrets.token_urlsafe(16)


def file_of(workspace_id: int, digest: str, ending: str) -> Path:
    """Where the picture with this SHA-256 is kept (".png"), or a variant of it ("-480.webp")."""
    folder: Path = settings.IMAGES_DIR / f"workspace-{workspace_id}" / digest[:2]
    return folder / f"{digest}{ending}"


class ImageQuerySet(models.QuerySet["Image"]):
    def of(self, workspace: Workspace) -> ImageQuerySet:
        return self.filter(workspace=workspace)

    def to_prepare(self) -> ImageQuerySet:
        """Those whose variants are to be made, in no worker's hands. Leases are compared by the database's clock."""
        return self.filter(Q(lease_until=None) | Q(lease_until__lt=Now()), status=Image.Status.WAITING)


class Image(models.Model):
    class Status(models.TextChoices):
        WAITING = "waiting", "Being prepared"  # it can be shown already; its variants are not made yet
        READY = "ready", "Ready"
        BROKEN = "broken", "Damaged"
        STOPPED = "stopped", "Stopped"  # by a person: it has no variants

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="images")
    token = models.CharField(max_length=22, unique=True, default=new_token, editable=False)  # of its public address
    digest = models.CharField("SHA-256", max_length=64, editable=False)  # of the file as everybody gets it
    name = models.CharField(max_length=100, editable=False)  # the end of its address: letters, digits, - and one dot
    media_type = models.CharField(max_length=20, editable=False)
    size = models.PositiveIntegerField(editable=False)  # bytes
    width = models.PositiveIntegerField(editable=False)  # pixels
    height = models.PositiveIntegerField(editable=False)
    is_animated = models.BooleanField(default=False, editable=False)
    alt = models.CharField("alt text", max_length=500, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    # The smaller and newer forms of it: name, digest, media_type, size, width and height of each.
    variants = models.JSONField(default=list, editable=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING, editable=False)
    problem = models.TextField(blank=True, editable=False)
    batch = models.UUIDField(null=True, editable=False)  # of those that were given together
    tries = models.PositiveSmallIntegerField(default=0, editable=False)  # workers that began with its variants
    lease_until = models.DateTimeField(null=True, editable=False)

    objects = models.Manager.from_queryset(ImageQuerySet)()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["workspace", "-id"]),
            models.Index(fields=["id"], name="image_to_prepare", condition=Q(status="waiting")),
        ]
        constraints = [models.UniqueConstraint(fields=["workspace", "digest"], name="image_once_per_workspace")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("image", args=[self.pk])

    @property
    def stem(self) -> str:
        """Its name without the ending."""
        return self.name.rpartition(".")[0]

    @property
    def public_path(self) -> str:
        return reverse("picture", args=[self.token, self.name])

    @property
    def url(self) -> str:
        """The address by which everybody gets it."""
        return f"{settings.SITE_URL}{self.public_path}"

    @property
    def small_path(self) -> str:
        """The address of its smallest form, for lists."""
        small = min(self.forms(), key=lambda form: form["size"])
        return reverse("picture", args=[self.token, small["name"]])

    @property
    def alt_escaped(self) -> str:
        """Its alt text as Markdown takes it between brackets."""
        return self.alt.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")

    def forms(self) -> list[dict[str, Any]]:
        """What it is given out as: itself, then its variants."""
        return [
            {name: getattr(self, name) for name in ("name", "digest", "media_type", "size", "width", "height")},
            *self.variants,
        ]

    def form(self, name: str) -> dict[str, Any] | None:
        return next((form for form in self.forms() if form["name"] == name), None)

    def path_of(self, form: dict[str, Any]) -> Path:
        return file_of(self.workspace_id, self.digest, form["name"].removeprefix(self.stem))


class RemoteImage(models.Model):
    """A picture of ours as it stands on a channel's platform: uploaded once, used by every post there."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="remote_images")
    digest = models.CharField(max_length=64)
    revision = models.PositiveIntegerField()  # of the channel, when it was uploaded: see Channel.images_since
    remote_id = models.CharField(max_length=300, blank=True)
    url = models.CharField(max_length=1000, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "digest", "revision"], name="remote_image_once")]

    def __str__(self) -> str:
        return self.url or self.remote_id


class OutsideImageQuerySet(models.QuerySet["OutsideImage"]):
    def to_check(self) -> OutsideImageQuerySet:
        return self.filter(checked_at=None)


class OutsideImage(models.Model):
    """A picture that stands somewhere else, and whether everybody can fetch it, as a platform will have to."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="outside_images")
    digest = models.CharField(max_length=64)  # SHA-256 of the address, which is too long for an index
    address = models.CharField(max_length=1000)
    asked_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)  # a sentence; "" when it was there

    objects = models.Manager.from_queryset(OutsideImageQuerySet)()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "digest"], name="outside_image_once")]
        indexes = [models.Index(fields=["asked_at"], name="outside_image_to_check", condition=Q(checked_at=None))]

    def __str__(self) -> str:
        return self.address
