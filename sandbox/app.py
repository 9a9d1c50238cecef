"""The sandbox as a WSGI application: who is asked, what is written down, and the control API under /_sandbox."""

import re
import secrets
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from sandbox import faults, pages
from sandbox.clock import iso
from sandbox.contract import Call, Outcome, Platform
from sandbox.messages import Request, Response, Wire, html_response, json_response, text_response
from sandbox.orders import BadOrder, Order
from sandbox.store import Article, Store, find_mark

USERNAME = re.compile(r"[a-z0-9_]{2,30}")
HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?")


class App:
    """All platforms over one store. Give it to any WSGI server; only ours can also misbehave on the wire."""

    def __init__(self, store: Store, platforms: Mapping[str, type[Platform]], public_url: str | None = None) -> None:
        """`public_url` is the address written into answers; without it, the one each request came to."""
        self.store = store
        self.public_url = public_url.rstrip("/") if public_url else None
        self.platforms: dict[str, Platform] = {name: platform(store) for name, platform in platforms.items()}
        self._make_ready()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI. How the answer should travel is left in environ["sandbox.wire"]."""
        request = self._request(environ)
        try:
            response, wire = self.respond(request)
        except BadOrder as bad:
            response, wire = json_response(400, {"error": str(bad)}), Wire()
        except Exception:  # noqa: BLE001  one bad request never stops the street
            traceback.print_exc(file=sys.stderr)
            response, wire = json_response(500, {"error": "the sandbox itself has failed; see its output"}), Wire()
        environ["sandbox.wire"] = wire
        start_response(response.status_line, [*response.headers.items(), ("Content-Length", str(len(response.body)))])
        return [response.body]

    def _request(self, environ: dict[str, Any]) -> Request:
        headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name[:5] == "HTTP_"}
        headers["content-type"] = environ.get("CONTENT_TYPE", "")
        host = environ.get("HTTP_HOST", "")
        if not HOST.fullmatch(host):
            host = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        return Request(
            method=environ["REQUEST_METHOD"],
            path=environ.get("PATH_INFO", "/"),
            query=dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
            headers=headers,
            body=environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
            ip=environ.get("REMOTE_ADDR", ""),
            origin=self.public_url or f"http://{host}",
        )

    def respond(self, request: Request) -> tuple[Response, Wire]:
        """The answer to a request, and how it should travel. Raises BadOrder for an order that makes no sense."""
        first, _, rest = request.path.removeprefix("/").partition("/")
        if first == "_sandbox":
            return self._control(request, f"/{rest}"), Wire()
        if first in self.platforms:
            return self._at_platform(first, request, f"/{rest}")
        if request.path == "/":
            return self._page(pages.front(self.store, self.platforms, request.origin)), Wire()
        return self._page(pages.missing(), 404), Wire()

    # At a platform

    def _at_platform(self, name: str, request: Request, path: str) -> tuple[Response, Wire]:
        inner = replace(request, path=path)
        if path.startswith(self.platforms[name].api + "/"):
            with self.store.together():
                return self._call(name, inner)
        if request.path == f"/{name}":
            return Response(301, headers={"Location": f"/{name}/"}), Wire()
        if path == "/":
            return self._page(pages.platform(self.store, name, self.platforms[name], request.origin)), Wire()
        return self._read(name, inner), Wire()

    def _call(self, name: str, request: Request) -> tuple[Response, Wire]:
        """One call of the API. The log is written before anything is sent, so it knows all that a client may know."""
        platform = self.platforms[name]
        call = platform.recognise(request)
        if refusal := platform.turn_away(request):
            self._log(name, request, call, Outcome(refusal), refusal.status)
            return refusal, Wire()
        fault = faults.strike(self.store, name, call, platform.lookups)
        if not fault:
            outcome = platform.answer(request, call)
            self._log(name, request, call, outcome, outcome.response.status)
            return outcome.response, Wire()
        done = self._despite(fault, platform, request, call)
        response, wire = faults.misbehave(fault, call, done.response if done else None)
        self._log(name, request, call, done, None if wire.hang_up else response.status, fault.fault)
        return response, wire

    def _despite(self, fault: faults.Fault, platform: Platform, request: Request, call: Call) -> Outcome | None:
        """The work that is done although a fault strikes; None when it is not done."""
        if fault.when == "before":
            return None
        if fault.fault == "stale":
            past = self.store.now() - fault.seconds
            call = replace(call, as_of=past)
        return platform.answer(request, call)

    def _read(self, name: str, request: Request) -> Response:
        """The public page of an article: only what is public has one."""
        article = self.store.article_at(name, request.path)
        public = article if article and article.is_public(self.store.now()) else None
        status = 200 if public else 404
        outcome = Outcome(Response(status), public)
        self._log(name, request, Call("page"), outcome, status)
        if not public:
            return self._page(pages.missing(), 404)
        own = f"{request.origin}/{name}{public.path}"
        page = pages.article(public, self.platforms[name].body_html(public), own)
        return html_response(200, page, pages.ARTICLE_HEADERS)

    def _log(
        self,
        name: str,
        request: Request,
        call: Call,
        outcome: Outcome | None,
        status: int | None,
        fault: str | None = None,
    ) -> None:
        account = self.store.account(name, call.key) if call.key else None
        article = outcome.article if outcome else None
        if not article and call.article_id:
            article = self.store.article(name, call.article_id)
        query = "&".join(f"{key}={value}" for key, value in request.query.items())
        entry = {
            "time": datetime.fromtimestamp(self.store.now(), UTC).isoformat(timespec="milliseconds"),
            "platform": name,
            "call": call.name,
            "flip": call.flip,
            "method": request.method,
            "path": f"/{name}{request.path}" + (f"?{query}" if query else ""),
            "account": account.username if account else None,
            "status": status,
            "fault": fault,
            "worked": bool(outcome and outcome.response.ok),
            "mark": find_mark(request.body.decode(errors="replace")) or (article.mark if article else None),
            "article_id": article.id or None if article else call.article_id,
        }
        self.store.write_log(name, entry)

    # The control API

    def _control(self, request: Request, path: str) -> Response:
        """Answer an order. An order that makes no sense raises BadOrder."""
        if request.method in ("GET", "HEAD") and path == "/style.css":
            return text_response(200, pages.STYLE, {"Content-Type": "text/css; charset=utf-8"})
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
        key = order.text("key", None) or f"sandbox-{platform}-{secrets.token_hex(8)}"
        age_days = order.number("age_days", at_least=0, at_most=36_500, default=400)
        own = {switch: order.truth(switch, None) for switch in self.platforms[platform].switches}
        order.nothing_else()
        if not USERNAME.fullmatch(username):
            order.refuse('"username" must be 2 to 30 of a-z, 0-9 and _.')
        if not re.fullmatch(r"[!-~]{1,200}", key):
            order.refuse('"key" must be up to 200 visible ASCII characters, as it travels in a header.')
        try:
            self.store.add_account(platform, key, username, age_days, own)
        except ValueError as taken:
            order.refuse(str(taken))
        return json_response(201, {"key": key, "username": username})

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
                    self.store.add_account(name, ready.key, ready.username, ready.age_days)

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

    def _page(self, html: str, status: int = 200) -> Response:
        return html_response(status, html, pages.HEADERS)
