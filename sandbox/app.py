"""The sandbox as a WSGI application: who is asked, what goes wrong on order, what is written down."""

import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from sandbox import faults, pages
from sandbox.contract import AlsoOpen, Call, Outcome, Platform, SpeaksAtItsFrontPage
from sandbox.control import Control
from sandbox.messages import Request, Response, Wire, html_response, json_response, text_response
from sandbox.orders import BadOrder
from sandbox.store import Article, Store, find_mark

HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?")


class App:
    """All platforms over one store. Give it to any WSGI server; only ours can also misbehave on the wire."""

    def __init__(self, store: Store, platforms: Mapping[str, type[Platform]], public_url: str | None = None) -> None:
        """`public_url` is the address written into answers; without it, the one each request came to."""
        self.store = store
        self.public_url = public_url.rstrip("/") if public_url else None
        self.platforms: dict[str, Platform] = {name: platform(store) for name, platform in platforms.items()}
        self.control = Control(store, self.platforms)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI. How the answer should travel is left in environ["sandbox.wire"]."""
        request = self._request(environ)
        try:
            response, wire = self.respond(request)
        except BadOrder as bad:
            response, wire = json_response(400, {"error": str(bad)}), Wire()
        except Exception:  # one bad request never stops the street
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
            query_string=environ.get("QUERY_STRING", ""),
            called=f"http://{host}",
        )

    def respond(self, request: Request) -> tuple[Response, Wire]:
        """The answer to a request, and how it should travel. Raises BadOrder for an order that makes no sense."""
        first, _, rest = request.path.removeprefix("/").partition("/")
        if first == "_sandbox":
            if rest == "style.css":
                return text_response(200, pages.STYLE, {"Content-Type": "text/css; charset=utf-8"}), Wire()
            return self.control.answer(request, f"/{rest}"), Wire()
        if first in self.platforms:
            return self._at_platform(first, request, f"/{rest}")
        if request.path == "/":
            return self._page(pages.front(self.store, self.platforms, request.origin)), Wire()
        return self._page(pages.missing(), 404), Wire()

    # At a platform

    def _at_platform(self, name: str, request: Request, path: str) -> tuple[Response, Wire]:
        inner = replace(request, path=path)
        if self._is_call(self.platforms[name], inner):
            with self.store.together():
                return self._call(name, inner)
        if request.path == f"/{name}":
            return Response(301, headers={"Location": f"/{name}/"}), Wire()
        if path == "/":
            return self._front(name, inner), Wire()
        return self._read(name, inner)

    def _front(self, name: str, request: Request) -> Response:
        platform = self.platforms[name]
        html = pages.platform(self.store, name, platform, request.origin)
        if not isinstance(platform, SpeaksAtItsFrontPage):
            return self._page(html)
        page = self._page(html.replace("</head>", f"{platform.front_head(request)}</head>"))
        return replace(page, headers={**page.headers, **platform.front_headers(request)})

    def _is_call(self, platform: Platform, request: Request) -> bool:
        if isinstance(platform, SpeaksAtItsFrontPage) and platform.is_call(request):
            return True
        if not platform.api:
            return request.method not in ("GET", "HEAD")
        also = platform.open_paths if isinstance(platform, AlsoOpen) else ()
        return request.path.startswith((platform.api + "/", *also))

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

    def _read(self, name: str, request: Request) -> tuple[Response, Wire]:
        """The public page of an article: only what is public has one. Faults strike there when they name it."""
        article = self.store.article_at(name, request.path)
        public = article if article and article.is_public(self.store.now()) else None
        call = Call(faults.PAGE)
        page = self._shown(name, request, public)
        fault = faults.strike(self.store, name, call, ())
        response, wire = page, Wire()
        if fault:
            response, wire = faults.misbehave(fault, call, page if fault.when == "after" else None)
        status = None if wire.hang_up else response.status
        outcome = Outcome(response, public, refused=wire.hang_up)
        self._log(name, request, call, outcome, status, fault.fault if fault else None)
        return response, wire

    def _shown(self, name: str, request: Request, public: Article | None) -> Response:
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
            "worked": bool(outcome and outcome.response.ok and not outcome.refused),
            "mark": find_mark(request.body.decode(errors="replace")) or (article.mark if article else None),
            "article_id": article.id or None if article else call.article_id,
        }
        self.store.write_log(name, entry)

    def _page(self, html: str, status: int = 200) -> Response:
        return html_response(status, html, pages.HEADERS)
