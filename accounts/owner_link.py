"""The one-time link with which the first person becomes the owner of this installation."""

from __future__ import annotations

from datetime import timedelta

from django.core.signing import BadSignature, SignatureExpired, TimestampSigner

from accounts.models import User

LIFETIME = timedelta(days=7)
_WORD = "owner"


class LinkUnknown(Exception):
    """Nobody here made this link."""


class LinkOver(Exception):
    """The link was right, and its time is over: there is an owner, or it is older than LIFETIME."""


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="owner-link")


def owner_link_token() -> str:
    """A token for ``reverse("owner_setup", args=[token])``. It says nothing once there is any account."""
    return _signer().sign(_WORD)


def check_owner_link(token: str) -> None:
    """Raise LinkUnknown or LinkOver unless this link may make the owner now."""
    try:
        word = _signer().unsign(token, max_age=LIFETIME)
    except SignatureExpired as error:
        raise LinkOver from error
    except BadSignature as error:
        raise LinkUnknown from error
    if word != _WORD:
        raise LinkUnknown
    if User.objects.exists():
        raise LinkOver
