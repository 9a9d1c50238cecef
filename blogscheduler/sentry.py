"""Reports of unexpected errors to Sentry, or what speaks its protocol. Imported only where SENTRY_DSN is set.

A report says what broke and where in the code. It has no person in it, nothing that was typed, and no secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import sentry_sdk
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import ignore_logger

from blogscheduler import logs
from blogscheduler.scrubbing import REMOVED

if TYPE_CHECKING:
    from sentry_sdk.transport import Transport
    from sentry_sdk.types import Breadcrumb, Event, Hint

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")  # mail servers and databases say whom they refused
LEFT_OUT = ("user", "server_name", "modules")


def start(dsn: str, transport: type[Transport] | None = None) -> None:
    """Report from here on. Raises BadDsn (a ValueError) for what is not a DSN."""
    ignore_logger("accounts.views")  # says once more that a request broke, after the report of what broke it
    sentry_sdk.init(
        dsn=dsn,
        transport=transport,
        integrations=[DjangoIntegration(), CeleryIntegration(propagate_traces=False)],
        before_send=cleaned,
        before_breadcrumb=lambda crumb, hint: cast("Breadcrumb", _clean(crumb)),  # while its own secrets are known
        send_default_pii=False,
        include_local_variables=False,  # they hold credentials, and what people have written
        max_request_body_size="never",
        max_breadcrumbs=30,
        auto_session_tracking=False,
    )


def cleaned(event: Event, hint: Hint) -> Event:
    """What may leave: no person, no request but its method and path, no secret in any text; and what it was about."""
    report = cast("dict[str, Any]", event)
    for name in LEFT_OUT:
        report.pop(name, None)
    if request := report.pop("request", None):
        report["request"] = {"method": request.get("method"), "url": urlsplit(request.get("url") or "").path}
    report["tags"] = {**(report.get("tags") or {}), **{name: str(value) for name, value in logs.current().items()}}
    return cast("Event", _clean(report))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return ADDRESS.sub(REMOVED, logs.clean(value))
    if isinstance(value, dict):
        return {key: _clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    return value
