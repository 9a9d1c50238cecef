"""How WordPress says no: a code, a sentence, and the status once more."""

from typing import Any

from sandbox.contract import Outcome
from sandbox.messages import Response, html_response, json_response


def refusal(status: int, code: str, message: str, **more: Any) -> Response:
    return json_response(status, {"code": code, "message": message, "data": {"status": status} | more})


def refused(status: int, code: str, message: str, **more: Any) -> Outcome:
    return Outcome(refusal(status, code, message, **more))


def invalid(params: dict[str, str], details: dict[str, Any] | None = None) -> Response:
    names = ", ".join(params)
    return refusal(400, "rest_invalid_param", f"Invalid parameter(s): {names}", params=params, details=details or {})


def not_allowed(account: object, code: str, message: str) -> Outcome:
    """401 for strangers, 403 for those whose role does not do."""
    return refused(403 if account else 401, code, message)


def no_such_post() -> Outcome:
    return refused(404, "rest_post_invalid_id", "Invalid post ID.")


def no_route() -> Outcome:
    message = "No route was found matching the URL and request method."
    return refused(404, "rest_no_route", message)


def web_page(status: int, words: str) -> Response:
    """What a theme, a web server or a firewall answers."""
    return html_response(status, f"<!doctype html>\n<title>{words}</title><h1>{words}</h1>")
