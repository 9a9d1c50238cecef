"""Verbs: tell a dead-man's switch outside that all is well, so that its silence tells the rest."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings

from posts.models import Turn
from posts.watch import judging
from publishers.errors import PublishingError
from publishers.http import Http

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=60)
DEADLINE = 10.0  # seconds for the call


def reassure(now: datetime) -> bool:
    """Call WATCHDOG_URL if all is well; one of all workers does, once a minute. A call that fails changes nothing."""
    if not settings.WATCHDOG_URL or not Turn.objects.take("watchdog", now, EVERY):
        return False
    wrong = [f"{check.name}: {check.told}" for check in judging.judge(now) if not check.ok]
    if wrong:
        log.warning("The dead-man's switch is not told that all is well: %s", " ".join(wrong))
        return False
    http = Http(
        private_origins=settings.ALLOW_PRIVATE_TARGETS,
        secrets=[settings.WATCHDOG_URL],
        deadline=DEADLINE,
        label="The dead-man's switch",
    )
    try:
        http.call("GET", settings.WATCHDOG_URL, headers={"Accept": "*/*"}, writes=False)
    except PublishingError as problem:
        log.warning("%s", problem)
        return False
    return True
