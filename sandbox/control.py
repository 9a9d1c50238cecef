"""The control API under /_sandbox: plain JSON, no key, for whoever may reach the port.

    POST   /accounts         platform, username, [key], [age_days 400], [its own true or false for a switch]
                             → 201 key, username
    POST   /accounts/revoke  platform, key: the key is worth nothing from now on
    POST   /faults           platform, call, fault, [when], [times 1, null: always], [every], [key], [seconds],
                             [status], [retry_after], [body] → 201 id; see `faults.py`. The call is one of the
                             platform's own, "flip", "*" for all of these, or "page" for what readers get
    GET    /faults           what is ordered, with what is left of it
    DELETE /faults[/id]      one, or all
    POST   /limits           platform, on: how often somebody may call
    POST   /switches         platform, switch, on: that, or any other switch of the platform
    POST   /reset            forget articles, faults, the log and all accounts but the ready-made; switches stay
    GET    /articles         [platform]: what arrived
    GET    /counts           [platform]: by mark, how many articles are public and how many are not; where a platform
                             keeps no mark (Medium) by "title:" and the title as it is shown there
    GET    /log              [platform], [since a sequence number]: every call of a platform, oldest first

What makes no sense is answered with 400 and a sentence in "error".
"""

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from sandbox import faults
from sandbox.clock import iso
from sandbox.contract import MakesKeys, Platform
from sandbox.messages import Request, Response, json_response
from sandbox.orders import BadOrder, Order
from sandbox.store import Article, Store

USERNAME = re.compile(r"[a-z0-9_]{2,30}")
KEY = re.compile(r"[!-~]{1,200}")


class Control:
    """Takes orders for a store and the platforms over it."""

    def __init__(self, store: Store, platforms: Mapping[str, Platform]) -> None:
        self.store = store
        self.platforms = platforms
        self._make_ready()

    def answer(self, request: Request, path: str) -> Response:
        """Carry out an order; `path` is what follows /_sandbox. Raises BadOrder when it makes no sense."""
        orders: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("POST", "/accounts"): self._add_account,
            ("POST", "/accounts/revoke"): self._revoke,
            ("POST", "/faults"): self._add_fault,
            ("GET", "/faults"): self._show_faults,
            ("DELETE", "/faults"): self._drop_faults,
            ("POST", "/limits"): self._limits,
            ("POST", "/switches"): self._switch,
            ("POST", "/reset"): self._reset,
            ("GET", "/articles"): self._show_articles,
            ("GET", "/counts"): self._counts,
            ("GET", "/log"): self._show_log,
        }
        if (request.method, path) in orders:
            return orders[request.method, path](request)
        if request.method == "DELETE" and (numbered := re.fullmatch(r"/faults/(\d+)", path)):
            gone = self.store.drop_faults(int(numbered[1]))
            return Response(204) if gone else json_response(404, {"error": f"There is no fault {numbered[1]}."})
        known = ", ".join(f"{method} /_sandbox{name}" for method, name in orders)
        return json_response(404, {"error": f"Unknown order. Known are {known}, DELETE /_sandbox/faults/<id>."})

    def _add_account(self, request: Request) -> Response:
        order = Order(request.body)
        platform = order.choice("platform", tuple(self.platforms))
        username = order.text("username")
        key = order.text("key", None) or self._new_key(platform)
        age_days = order.number("age_days", at_least=0, at_most=36_500, default=400)
        own = {switch: order.truth(switch, None) for switch in self.platforms[platform].switches}
        order.nothing_else()
        if not USERNAME.fullmatch(username):
            order.refuse('"username" must be 2 to 30 of a-z, 0-9 and _.')
        if not KEY.fullmatch(key):
            order.refuse('"key" must be up to 200 visible ASCII characters, as it travels in a header.')
        try:
            self.store.add_account(platform, key, username, age_days, own)
        except ValueError as taken:
            order.refuse(str(taken))
        return json_response(201, {"key": key, "username": username})

    def _new_key(self, name: str) -> str:
        platform = self.platforms[name]
        return platform.new_key() if isinstance(platform, MakesKeys) else f"sandbox-{name}-{secrets.token_hex(8)}"

    def _revoke(self, request: Request) -> Response:
        order = Order(request.body)
        platform, key = order.choice("platform", tuple(self.platforms)), order.text("key")
        order.nothing_else()
        if not self.store.revoke(platform, key):
            order.refuse(f"Nobody on {platform} has the key {key!r}.")
        return json_response(200, {"revoked": key})

    def _add_fault(self, request: Request) -> Response:
        fault = faults.read_order(Order(request.body), self.platforms)
        return json_response(201, {"id": self.store.add_fault(vars(fault))})

    def _show_faults(self, request: Request) -> Response:
        self._query(request)
        standing = [faults.shown(number, faults.Fault(**fault)) for number, fault in self.store.faults()]
        return json_response(200, standing)

    def _drop_faults(self, request: Request) -> Response:
        self.store.drop_faults()
        return Response(204)

    def _limits(self, request: Request) -> Response:
        order = Order(request.body)
        platform, on = order.choice("platform", tuple(self.platforms)), order.truth("on")
        order.nothing_else()
        return self._set(platform, "limits", on)

    def _switch(self, request: Request) -> Response:
        order = Order(request.body)
        platform = order.choice("platform", tuple(self.platforms))
        switch, on = order.choice("switch", tuple(self.platforms[platform].switches)), order.truth("on")
        order.nothing_else()
        return self._set(platform, switch, on)

    def _set(self, platform: str, switch: str, on: bool) -> Response:
        self.store.switch(platform, switch, on)
        return json_response(200, {"platform": platform, "switch": switch, "on": on})

    def _reset(self, request: Request) -> Response:
        Order(request.body).nothing_else()
        with self.store.together():
            self.store.reset()
            self._make_ready()
            for platform in self.platforms.values():
                platform.forget()
        return Response(204)

    def _make_ready(self) -> None:
        """See that the ready-made accounts exist."""
        for name, platform in self.platforms.items():
            for ready in platform.accounts:
                if not self.store.has_key(name, ready.key):
                    self.store.add_account(name, ready.key, ready.username, ready.age_days, dict(ready.switches))

    def _show_articles(self, request: Request) -> Response:
        asked = self._query(request, "platform")
        found = sorted(self.store.articles(asked.get("platform")), key=lambda article: article.id)
        return json_response(200, [self._described(article, request.origin) for article in found])

    def _described(self, article: Article, origin: str) -> dict[str, Any]:
        return {
            "id": article.id,
            "platform": article.platform,
            "account": article.account,
            "title": article.title,
            "published": article.published,
            "public": article.is_public(self.store.now()),
            "url": f"{origin}/{article.platform}{article.path}",
            "canonical_url": article.canonical_url,
            "mark": article.mark,
            "created_at": iso(article.created_at),
            "published_at": iso(article.published_at),
        }

    def _counts(self, request: Request) -> Response:
        asked = self._query(request, "platform")
        return json_response(200, self.store.counts(asked.get("platform"), self.store.now()))

    def _show_log(self, request: Request) -> Response:
        asked = self._query(request, "platform", "since")
        since = asked.get("since", "0")
        if not since.isdecimal():
            raise BadOrder('"since" must be a sequence number.')
        return json_response(200, self.store.log(asked.get("platform"), int(since)))

    def _query(self, request: Request, *known: str) -> Mapping[str, str]:
        """The query, when it asks for nothing unknown."""
        if unknown := set(request.query) - set(known):
            raise BadOrder(f'Unknown parameter "{min(unknown)}". Known here: {", ".join(known) or "none"}.')
        if request.query.get("platform", next(iter(self.platforms))) not in self.platforms:
            raise BadOrder(f'"platform" must be one of {", ".join(self.platforms)}.')
        return request.query
