"""Asking Redis itself, without Celery, within a fraction of a second."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

ANSWER_WITHIN = 0.25  # seconds, for connecting and for each answer


class Unreachable(Exception):
    """Redis did not answer; why, without its address."""


def policy() -> str:
    """What it does when its memory is full: ``maxmemory-policy``. Raises Unreachable.

    Asked by INFO, which hosted ones allow as well; CONFIG they do not.
    """
    try:
        with _client() as redis:
            memory: dict[str, Any] = redis.info("memory")
    except (RedisError, OSError, ValueError) as problem:
        raise Unreachable(type(problem).__name__) from problem
    return str(memory.get("maxmemory_policy", ""))


def _client() -> Redis:
    """``redis+socket://`` is Celery's word for what redis-py calls ``unix://``."""
    return Redis.from_url(
        settings.REDIS_URL.replace("redis+socket://", "unix://", 1),
        socket_connect_timeout=ANSWER_WITHIN,
        socket_timeout=ANSWER_WITHIN,
        retry=Retry(NoBackoff(), 0),
    )
