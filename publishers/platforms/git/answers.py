"""What git says, and what it means. It has no codes: its English sentences of 2.39 to 2.47 are all there is to go by.

Only what is known to be said before anything was sent counts as not sent; whatever is not known leaves a push in doubt.
"""

from __future__ import annotations

import re

from publishers.answers import LONGEST_QUOTE, unclear
from publishers.errors import Fault, NotAuthorized, PublishingError, RateLimited, Rejected, Unavailable
from publishers.platforms.git.program import Ran
from publishers.sites.repository import Behind

_NOT_ALLOWED = re.compile(
    r"Authentication failed|could not read (?:Username|Password)|Permission denied|error: 40[13]\b"
    r"|HTTP 40[13]\b|access denied|marked as read.only|not authorized|is not allowed to",
    re.IGNORECASE,
)
_MAY_NOT_WRITE = re.compile(r"marked as read.only|error: 403\b|HTTP 403\b|Write access .* not granted", re.IGNORECASE)
_OTHER_KEY = re.compile(r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|No \S+ host key is known")
_BAD_KEY = re.compile(r"error in libcrypto|invalid format|incorrect passphrase|Load key .* bad", re.IGNORECASE)
_NO_REPOSITORY = re.compile(
    r"repository .*not found|does not appear to be a git repository|error: 404\b|could not be found|no such project"
    r"|Repository not found|repository '.*' does not exist",
    re.IGNORECASE,
)
_MOVED = re.compile(r"error: 30[12378]\b|redirect", re.IGNORECASE)
_TOO_FAST = re.compile(r"(?:error:|HTTP) 429\b")
_NOT_REACHED = re.compile(
    r"Could not resolve host|Failed to connect|Connection refused|Connection timed out|No route to host"
    r"|Network is unreachable|connect to host|certificate|SSL|TLS|unable to access|Name or service not known",
    re.IGNORECASE,
)


def trouble(ran: Ran, label: str, *, writes: bool) -> PublishingError:
    """The error for a command that called the other side and failed."""
    said = ran.err
    words = words_in(said)
    if ran.code is None:
        return unclear(f"{label} did not finish in time", writes=writes)
    if _TOO_FAST.search(said):
        return RateLimited(f"{label} asks us to slow down.")
    if _OTHER_KEY.search(said):
        return NotAuthorized(
            f"{label}: the server does not have the key that you have confirmed. If its owner has changed it, empty "
            "the field and confirm the new one; else somebody may stand between you and the server."
        )
    if _BAD_KEY.search(said):
        return NotAuthorized(f"{label} cannot use this private key: it has to be an OpenSSH key without a passphrase.")
    if _MAY_NOT_WRITE.search(said):
        words_for_it = f"{label}: this key may not write to the repository: {words}."
        return NotAuthorized(words_for_it).because(Fault.ROLE)
    if _NOT_ALLOWED.search(said):
        return NotAuthorized(f"{label} does not accept the key, or it may not write there: {words}.")
    if _NO_REPOSITORY.search(said):
        return NotAuthorized(f"{label}: there is no such repository, or this key may not see it: {words}.").because(
            Fault.RETIRED
        )
    if _MOVED.search(said):
        moved = f"{label}: the repository has moved. Please correct its address: {words}."
        return Unavailable(moved).because(Fault.MOVED)
    if writes and not _before_sending(said):
        return unclear(f"{label} broke off: {words}", writes=True)
    return Unavailable(f"{label} could not be reached: {words}.").because(_fault_in(said))


def _fault_in(said: str) -> Fault:
    if re.search(r"certificate|SSL|TLS", said):
        return Fault.TLS
    return Fault.DNS if re.search(r"resolve host|Name or service", said) else Fault.UNREACHABLE


def _before_sending(said: str) -> bool:
    """ "unable to access" is said of the first question alone, before a push has sent anything."""
    return "RPC failed" not in said and bool(_NOT_REACHED.search(said))


def words_in(said: str) -> str:
    """What the other side has said, else git's own last words, in one line."""
    lines = [line.strip() for line in said.replace("\r", "\n").split("\n") if line.strip()]
    theirs = [line.removeprefix("remote:").strip() for line in lines if line.startswith("remote:")]
    own = [re.sub(r"^(fatal|error): ", "", line) for line in lines if line.startswith(("fatal:", "error:", "ERROR:"))]
    words = " ".join(filter(None, theirs)) or " ".join(own[:2]) or " ".join(lines[-1:]) or "it did not say why"
    words = re.sub(r"\s+", " ", words).rstrip(".")
    return words if len(words) <= LONGEST_QUOTE else words[: LONGEST_QUOTE - 1] + "…"


# --- Pushing -----------------------------------------------------------------------------------------------------

_LINE = re.compile(r"^([ +*=!-])\t\S+:refs/heads/\S+\t(.*)$", re.MULTILINE)
_BEHIND = re.compile(
    r"fetch first|non-fast-forward|stale info|failed to update ref|incorrect old value|cannot lock ref|already exists"
    r"|reference already exists|failed to lock|needs update"
)


def pushed(ran: Ran, label: str) -> None:
    """Read the answer to a push of one commit. Raises Behind, or one of our errors; returns when it is there."""
    found = _LINE.search(ran.text)
    if ran.code is None or not found:
        raise trouble(ran, label, writes=True)
    flag, said = found.groups()
    if flag in " *=+":
        if ran.code != 0:
            raise unclear(f"{label} took it, and then broke off: {words_in(ran.err)}", writes=True)
        return
    if _BEHIND.search(said):
        raise Behind
    if "remote rejected" in said or "remote failure" in said:
        reason = said[said.find("(") + 1 :].rstrip(")") or "no reason given"
        if "remote failure" in said or "unpacker" in reason:
            raise unclear(f"{label} did not say whether it took it: {reason}", writes=True)
        words = words_in(ran.err) if "remote:" in ran.err else ""
        raise Rejected(f"{label} refused the commit: {reason}{'. ' + words if words else ''}.")
    raise unclear(f"{label} answered in a way that we do not know: {said}", writes=True)
