from __future__ import annotations

import threading
from typing import Any

import requests
from celery import shared_task
from django.utils import timezone

from bench.contrasts.models import Post

HEADERS = {"api-key": "bench", "Accept": "application/vnd.forem.api-v1+json"}
_threads = threading.local()
Status = Post.Status


def session() -> requests.Session:
    """This thread's."""
    if not hasattr(_threads, "session"):
        _threads.session = requests.Session()
        _threads.session.trust_env = False
    kept: requests.Session = _threads.session
    return kept


def body_of(post: Post, *, published: bool) -> dict[str, Any]:
    return {
        "article": {
            "title": post.title,
            "body_markdown": post.markdown,
            "published": published,
            "tags": ["python", "django", "databases"],
            "description": "What a schedule has to bear.",
        }
    }


@shared_task
def publish(pk: int) -> None:
    """Create the draft, keep its id, make it public, keep its address."""
    post = Post.objects.get(pk=pk)
    if post.status == Status.PUBLISHED:
        return
    answer = session().post(f"{post.api}/articles", json=body_of(post, published=False), headers=HEADERS, timeout=25)
    answer.raise_for_status()
    post.remote_id = str(answer.json()["id"])
    post.status = Status.DRAFTED
    post.save(update_fields=["remote_id", "status"])
    url = f"{post.api}/articles/{post.remote_id}"
    answer = session().put(url, json=body_of(post, published=True), headers=HEADERS, timeout=25)
    answer.raise_for_status()
    post.remote_url = answer.json()["url"]
    post.status = Status.PUBLISHED
    post.published_at = timezone.now()
    post.save(update_fields=["remote_url", "status", "published_at"])


@shared_task
def tick() -> None:
    """Every second: one task for each post that is due."""
    due = list(Post.objects.filter(status=Status.SCHEDULED, due_at__lte=timezone.now()).values_list("pk", flat=True))
    Post.objects.filter(pk__in=due, status=Status.SCHEDULED).update(status=Status.QUEUED)
    for pk in due:
        publish.delay(pk)
