"""/healthz, /readyz and /metrics: what machines ask, in answers that people can read as well."""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from blogscheduler.watch import broker
from blogscheduler.watch.lookout import Lookout, NoAnswer
from posts.watch import judging, measuring
from posts.watch.judging import Check

log = logging.getLogger(__name__)
View = Callable[[HttpRequest], HttpResponse]

judgement = Lookout(lambda: judging.judge(timezone.now()), patience=2.0)
measurement = Lookout(lambda: measuring.measure(timezone.now()), patience=5.0)
redis = Lookout(broker.policy, patience=0.5)


def first(get_response: View) -> View:
    """Probes are answered before anything else looks at a request.

    A balancer asks by address and over plain http: ALLOWED_HOSTS and the redirect to https are for browsers. And
    nothing on the way to them, such as reading a session, may wait for a database that is frozen.
    """
    probes: dict[str, View] = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}

    def middleware(request: HttpRequest) -> HttpResponse:
        probe = probes.get(request.path_info)
        if probe is None:
            return get_response(request)
        try:
            response = probe(request)
        except Http404:  # as for every page that is not there
            return get_response(request)
        response._has_been_logged = True  # type: ignore[attr-defined]  # Django would, at every single probe
        response["Cache-Control"] = "no-store"
        response["X-Content-Type-Options"] = "nosniff"
        return response

    return middleware


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process serves. It asks nobody else: a dead database must not restart the web."""
    return HttpResponse("ok\n", content_type="text/plain")


# --- is everything there that publishing needs -----------------------------------------------------------------------


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when everything is there, 503 when not; ``?exclude=worker`` leaves a check out of the judgement."""
    excluded = set(request.GET.getlist("exclude"))
    checks = _judged()
    ready = all(check.ok or check.name in excluded for check in checks)
    _say_changes(checks)
    said = {check.name: _in_json(check, required=check.name not in excluded) for check in checks}
    said["redis"] = _in_json(_redis(), required=False)
    answer = json.dumps({"status": "ready" if ready else "not ready", "checks": said}, indent=2)
    return HttpResponse(f"{answer}\n", status=200 if ready else 503, content_type="application/json")


def _judged() -> list[Check]:
    """What is wrong with the database goes to the log: its words name hosts and users."""
    try:
        return judgement.ask()
    except NoAnswer:
        return [Check("database", False, f"It did not answer within {judgement.patience:g} seconds.")]
    except DatabaseTrouble as problem:
        log.warning("The database does not answer: %s", problem)
        return [Check("database", False, "It does not answer.")]


def _redis() -> Check:
    try:
        redis.ask()
    except (NoAnswer, broker.Unreachable):
        return Check("redis", False, "It does not answer. Posts go out all the same: workers look by themselves.")
    return Check("redis", True, "It answers.")


def _in_json(check: Check, *, required: bool) -> dict[str, Any]:
    seconds = {} if check.seconds is None else {"seconds": check.seconds}
    return {"ok": check.ok, "required": required, "told": check.told, **seconds}


_wrong_before: frozenset[str] = frozenset()


def _say_changes(checks: list[Check]) -> None:
    """One line when something is wrong that was right, and one when all is well again; not one at each probe."""
    global _wrong_before
    wrong = frozenset(check.name for check in checks if not check.ok)
    if wrong != _wrong_before:
        told = " ".join(f"{check.name}: {check.told}" for check in checks if not check.ok)
        log.warning("Not ready: %s", told) if wrong else log.warning("Ready again")
        _wrong_before = wrong


# --- numbers ---------------------------------------------------------------------------------------------------------


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, to whoever has METRICS_TOKEN; without such a setting there is nothing here."""
    if not settings.METRICS_TOKEN:
        raise Http404
    if not _has_token(request):
        return HttpResponse("The token is missing or wrong.\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Measured(_measured()))
    return HttpResponse(encode(registry), content_type=content_type)


def _has_token(request: HttpRequest) -> bool:
    """Compared in constant time: how long it takes tells nothing of how much was right."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    given, wanted = token.strip().encode("utf-8", "replace"), settings.METRICS_TOKEN.encode()
    return hmac.compare_digest(given, wanted) and kind.lower() == "bearer"


def _measured() -> list[Metric]:
    """While the database is away that is all there is to tell."""
    try:
        families = measurement.ask()
    except (NoAnswer, DatabaseTrouble) as problem:
        log.warning("The database did not tell its numbers: %s", problem or "no answer in time")
        families = []
    return [
        GaugeMetricFamily("blogscheduler_database_up", "Whether the database answers.", bool(families)),
        GaugeMetricFamily("blogscheduler_redis_up", "Whether Redis answers.", _redis().ok),
        *families,
    ]


class _Measured(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self.families = families

    def collect(self) -> Iterable[Metric]:
        return self.families
