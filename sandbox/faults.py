"""How a platform can misbehave on order: which fault, on which calls, how often; and what it does to an answer."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from sandbox.contract import Call, Platform
from sandbox.messages import Response, Wire, html_response, json_response, text_response
from sandbox.orders import Order
from sandbox.store import Store

When = Literal["before", "after"]

KINDS = {
    "status": "answers `status`, with `body` and `retry_after` when given",
    "hang": "says nothing for `seconds`; then hangs up (before) or answers (after)",
    "close": "hangs up without an answer",
    "drip": "answers one byte every `seconds`, headers included",
    "html": "answers 200 or 201 with an HTML page",
    "half_json": "promises the whole answer, sends half of it and hangs up",
    "stale": "looks up what was there `seconds` ago",
}
"""Every fault, with what it does."""

PAGE = "page"
"""What a fault calls the reading of an article's public page."""

TIMED = ("hang", "drip", "stale")
TRUTHFUL = ("drip", "half_json", "stale")
"""Those that need a real answer, so that by default the work is done."""


@dataclass(frozen=True)
class Fault:
    """One standing order to misbehave.

    `when` says whether the work is done first ("after") or not at all ("before"). `times` is how often it still
    strikes (None: always), `every` makes it strike at each so manieth matching call only, `seen` counts those.
    """

    platform: str
    call: str
    fault: str
    when: str
    times: int | None = 1
    every: int = 1
    key: str | None = None
    seconds: float = 0.0
    status: int = 0
    retry_after: str | None = None
    body: str | None = None
    seen: int = 0

    def matches(self, platform: str, call: Call, lookups: tuple[str, ...]) -> bool:
        """Whether this call is meant. Only look-ups can be stale; "*" means the API and not what readers see."""
        names = {PAGE} if call.name == PAGE else {"*", call.name, "flip" if call.flip else call.name}
        fits = self.platform == platform and self.call in names and self.key in (None, call.key)
        return fits and (self.fault != "stale" or call.name in lookups)


def read_order(order: Order, platforms: Mapping[str, Platform]) -> Fault:
    """The fault an order asks for. Raises BadOrder with a sentence for everything that makes no sense."""
    platform = order.choice("platform", tuple(platforms))
    kind = order.choice("fault", tuple(KINDS))
    fault = Fault(
        platform=platform,
        call=order.choice("call", ("*", "flip", *platforms[platform].calls, PAGE)),
        fault=kind,
        when=order.choice("when", ("before", "after"), "after" if kind in TRUTHFUL else "before"),
        times=order.count_or_always("times", default=1),
        every=order.whole("every", at_least=1, default=1),
        key=order.text("key", None),
        seconds=order.seconds("seconds", needed=kind in TIMED),
        status=order.whole("status", at_least=100, at_most=599, default=None if kind == "status" else 0),
        retry_after=order.text_or_number("retry_after"),
        body=order.text("body", None),
    )
    order.nothing_else()
    if fault.call not in ("*", *platforms[platform].lookups) and kind == "stale":
        order.refuse(f'Only look-ups can be stale: "call" must be one of *, {", ".join(platforms[platform].lookups)}.')
    if kind == "stale" and fault.when == "before":
        order.refuse('A stale look-up is a real answer: "when" must be "after".')
    if kind != "status" and (fault.status or fault.body is not None or fault.retry_after is not None):
        order.refuse('"status", "body" and "retry_after" belong to the fault "status" alone.')
    if kind not in TIMED and fault.seconds:
        order.refuse(f'"seconds" belongs to the faults {", ".join(TIMED)} alone.')
    return fault


def shown(fault_id: int, fault: Fault) -> dict[str, Any]:
    """A fault as the control API shows it."""
    return {"id": fault_id, **asdict(fault)}


def strike(store: Store, name: str, call: Call, lookups: tuple[str, ...]) -> Fault | None:
    """The oldest fault that strikes at this call, counted down; None when all goes well."""
    with store.together():
        for fault_id, document in store.faults():
            fault = Fault(**document)
            if fault.times == 0 or not fault.matches(name, call, lookups):
                continue
            fault = replace(fault, seen=fault.seen + 1)
            strikes = fault.seen % fault.every == 0
            if strikes and fault.times is not None:
                fault = replace(fault, times=fault.times - 1)
            store.save_fault(fault_id, asdict(fault))
            if strikes:
                return fault
    return None


def misbehave(fault: Fault, call: Call, real: Response | None) -> tuple[Response, Wire]:
    """What goes out instead, and how. `real` is None when the work was not done."""
    answer = real or _pretended(call)
    match fault.fault:
        case "status":
            return _status(fault), Wire()
        case "hang":
            return answer, Wire(wait=fault.seconds, hang_up=real is None)
        case "close":
            return answer, Wire(hang_up=True)
        case "drip":
            return answer, Wire(drip=fault.seconds)
        case "html":
            page = "<!doctype html><title>One moment</title><h1>One moment, please</h1>"
            return html_response(_good_status(call), page), Wire()
        case "half_json":
            return answer, Wire(cut=True)
    return answer, Wire()


def _status(fault: Fault) -> Response:
    headers = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
    if fault.body is None:
        return json_response(fault.status, {"error": "ordered by the sandbox", "status": fault.status}, headers)
    kind = "application/json; charset=utf-8" if fault.body.lstrip().startswith(("{", "[")) else "text/plain"
    return text_response(fault.status, fault.body, headers | {"Content-Type": kind})


def _good_status(call: Call) -> int:
    return 201 if call.name == "create" else 200


def _pretended(call: Call) -> Response:
    """An answer that looks like success although nothing was done; only ever sent in part or in drops."""
    return json_response(_good_status(call), {"type_of": "article", "id": 0, "title": "nothing was done"})
