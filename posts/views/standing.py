"""Where a post stands as a whole, which its deliveries say together; and lists by the page."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, TextChoices, Value, When

from posts.models import Delivery, Post

Status = Delivery.Status
PAGE_SIZE = 25


class Standing(TextChoices):
    DRAFT = "draft", "Draft"
    SCHEDULED = "scheduled", "Scheduled"
    PUBLISHING = "publishing", "Publishing"
    PUBLISHED = "published", "Published"
    PARTLY = "partly_published", "Partly published"
    NEEDS_YOU = "needs_you", "Needs you"


def unanswered() -> QuerySet[Delivery]:
    """What waits for a person. What failed and was then scheduled anew on the same channel does not any more."""
    newer = Delivery.objects.filter(
        post=OuterRef("post"), channel=OuterRef("channel"), action=OuterRef("action"), pk__gt=OuterRef("pk")
    ).exclude(status__in=[Status.CANCELLED, Status.FAILED])
    held = Q(status=Status.WAITING, waits_on=False) & ~Q(obstacle="")
    return Delivery.objects.filter(Q(status__in=Status.needs_a_person()) | held).exclude(Exists(newer))


def with_standing(posts: QuerySet[Post]) -> QuerySet[Any]:
    """Each post with ``standing``, by which it can be filtered as well."""
    deliveries = Delivery.objects.filter(post=OuterRef("pk"))
    needs_you = Exists(unanswered().filter(post=OuterRef("pk")))
    moving = Exists(deliveries.filter(status__in=[Status.PUBLISHING, Status.CHECKING]))
    publications = deliveries.publications()
    waiting = Exists(publications.filter(status__in=[Status.SCHEDULED, Status.WAITING]))
    published = Exists(publications.filter(status=Status.PUBLISHED))
    return posts.annotate(
        standing=Case(
            When(needs_you, then=Value(Standing.NEEDS_YOU.value)),
            When(moving, then=Value(Standing.PUBLISHING.value)),
            When(waiting & published, then=Value(Standing.PARTLY.value)),
            When(waiting, then=Value(Standing.SCHEDULED.value)),
            When(published, then=Value(Standing.PUBLISHED.value)),
            default=Value(Standing.DRAFT.value),
        )
    )


def differing() -> QuerySet[Delivery]:
    """What is published and would be another payload now, as far as it was compared."""
    return Delivery.objects.publications().filter(status=Status.PUBLISHED, differs=True, gone_at=None)


def page_of(rows: QuerySet[Any], number: str, size: int = PAGE_SIZE) -> Page[Any]:
    """The page of this number; the nearest one where there is no such page."""
    return Paginator(rows, size).get_page(number)
