"""What a WordPress site's answers mean: its codes, and the web pages of what stands in front of it.

Codes as WordPress 6.7 and 6.8 were seen to answer them, 2026.
"""

from __future__ import annotations

import re
from json import JSONDecodeError, loads
from typing import Any

from publishers.errors import Fault, Gone, NotAuthorized, PublishingError, Rejected, Unavailable
from publishers.http import Answer

A_STRANGER = (
    "WordPress takes us for a stranger. Either the user name or the application password is wrong or was revoked, or a "
    "proxy or the web server cuts the Authorization header off (on Apache, “CGIPassAuth On” lets it through), or "
    "application passwords are switched off there"
)
NO_API = (
    "There is no WordPress API at this address: it may be wrong, or a plugin has switched the REST API off. "
    "If the site has moved or changed its permalinks, empty the field “Address of its API” and test again"
)
FIREWALL = "A firewall before the site turned the request away ({status}, with a web page): its owner can let it in"

# Most sites do not say that a password is wrong: they go on as if none had been given.
STRANGER = {"rest_not_logged_in", "rest_cannot_create", "rest_cannot_edit", "rest_forbidden_context", "rest_forbidden"}
WRONG = {"incorrect_password", "invalid_username", "invalid_email", "invalid_application_password"}
NOT_TO_BE_SEEN = {"rest_post_invalid_id", "rest_forbidden_context", "rest_forbidden"}  # not there, or another author's
SWITCHED_OFF = {"application_passwords_disabled", "application_passwords_disabled_for_user"}
CLOSED = {"rest_cannot_access", "rest_disabled", "rest_login_required", "rest_api_disabled"}


def data_of(answer: Answer) -> dict[str, Any]:
    """The body where it is an object of JSON; empty where it is a web page or anything else."""
    try:
        data = loads(answer.text)
    except (JSONDecodeError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def code_of(answer: Answer) -> str:
    return str(data_of(answer).get("code") or "")


def words_of(answer: Answer) -> str:
    """WordPress's own sentence without its HTML and its full stop, with the fields that it is about."""
    words = re.sub(r"<[^>]*>", "", answer.words()).strip()
    details = data_of(answer).get("data")
    params = details.get("params") if isinstance(details, dict) else None
    if isinstance(params, dict) and params:
        words = f"{words} {' '.join(str(value) for value in params.values())}"
    return words.rstrip(".") or f"it answered {answer.status}"


def reading(answer: Answer) -> PublishingError | None:
    """The hook of calls that only read, and of looking who we are."""
    code = code_of(answer)
    if answer.status == 401 or _is_stranger(answer):
        return _unknown_to_it(answer, code)
    if answer.status == 403:
        return _not_allowed_to_read(answer, code)
    if answer.status == 404 and code in ("", "rest_no_route"):
        return no_api()
    return None


def no_api() -> Unavailable:
    return Unavailable(f"{NO_API}.").because(Fault.RETIRED)


def writing(answer: Answer) -> PublishingError | None:
    """The hook of calls that change something: posts, terms, pictures."""
    code = code_of(answer)
    if answer.status == 401:
        return _unknown_to_it(answer, code)
    if answer.status == 403:
        return Rejected(f"{_not_allowed(answer)}.").because(Fault.ROLE if code else Fault.NOT_DATA)
    if answer.status == 404:
        is_gone = code == "rest_post_invalid_id"
        return Gone("It is no longer on WordPress.") if is_gone else Rejected(f"{NO_API}.").because(Fault.RETIRED)
    if answer.status == 413:
        return Rejected("The site's web server does not take so much at once: its owner can raise the limit.")
    if 400 <= answer.status < 500 and answer.status not in (408, 429):
        return Rejected(f"WordPress refused it: {words_of(answer)}.")
    return None


def uploading(answer: Answer) -> PublishingError | None:
    """WordPress answers 500 where it has looked at a file and does not want it."""
    if code_of(answer) in ("rest_upload_sideload_error", "rest_upload_unknown_error", "rest_upload_file_error"):
        return Rejected(f"WordPress did not take the picture: {words_of(answer)}.")
    return writing(answer)


def _is_stranger(answer: Answer) -> bool:
    """A list with drafts in it is refused to strangers with 400, not with 401."""
    return answer.status == 400 and "rest_forbidden_status" in answer.text


def _unknown_to_it(answer: Answer, code: str) -> NotAuthorized:
    is_wordpress = bool(code)
    return _in_words(answer, code).because(Fault.KEY_REFUSED if is_wordpress else Fault.KEY_NOT_SEEN)


def _in_words(answer: Answer, code: str) -> NotAuthorized:
    if code in SWITCHED_OFF:
        return NotAuthorized(f"Application passwords are switched off on this WordPress: {words_of(answer)}.")
    if code in CLOSED:
        return NotAuthorized(f"A plugin closes the API of this WordPress: {words_of(answer)}.")
    if code in STRANGER or _is_stranger(answer):
        return NotAuthorized(f"{A_STRANGER}.")
    if not code:
        said = f"{answer.status}, without an answer of WordPress's own"
        return NotAuthorized(f"Something in front of WordPress asks for a password of its own ({said}).")
    return NotAuthorized(f"WordPress does not accept the user name and application password: {words_of(answer)}.")


def _not_allowed_to_read(answer: Answer, code: str) -> PublishingError:
    if not code:
        return Unavailable(f"{FIREWALL.format(status=answer.status)}.").because(Fault.NOT_DATA)
    if code in CLOSED:
        return NotAuthorized(f"A plugin closes the API of this WordPress: {words_of(answer)}.")
    return NotAuthorized(f"{_not_allowed(answer)}.").because(Fault.ROLE)


def _not_allowed(answer: Answer) -> str:
    if not code_of(answer):
        return FIREWALL.format(status=answer.status)
    return f"The role of this account on WordPress does not allow it: {words_of(answer)}"
