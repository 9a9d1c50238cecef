"""Is a channel well? Everything that it needs is looked at, and what is wrong is said with its cause and its remedy.

Whatever a publisher is, ``verify`` tells whether the address answers, whether the key is accepted and whose it is; the
answers themselves tell the clock and the rest of a quota. One that knows more has ``Examines``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from publishers.answers import Exchange
from publishers.base import Account, Aspect, Assisted, Check, Examines, Health, Publisher
from publishers.errors import Fault, Later, NotAuthorized, PublishingError, RateLimited

APART = timedelta(seconds=30)  # clocks this far apart are said; a Date header is exact to a second
EXPIRES_SOON = timedelta(days=14)
FAR_APART = timedelta(minutes=4)  # and so far apart some platforms refuse what is signed with a time

ASPECTS = {
    Fault.DNS: Aspect.ADDRESS,
    Fault.TLS: Aspect.ADDRESS,
    Fault.PRIVATE: Aspect.ADDRESS,
    Fault.UNREACHABLE: Aspect.ADDRESS,
    Fault.MOVED: Aspect.ADDRESS,
    Fault.RETIRED: Aspect.ADDRESS,
    Fault.NOT_DATA: Aspect.ADDRESS,
    Fault.KEY_REFUSED: Aspect.KEY,
    Fault.KEY_NOT_SEEN: Aspect.KEY,
    Fault.WRONG_ACCOUNT: Aspect.ACCOUNT,
    Fault.ROLE: Aspect.ROLE,
    Fault.PLAN: Aspect.PLAN,
    Fault.RATE: Aspect.QUOTA,
    Fault.CLOCK: Aspect.CLOCK,
}
REMEDIES = {
    Fault.DNS: "Look for a typing error in the address. If it is right, this machine's name server does not know it: "
    "try it from a browser on another network.",
    Fault.TLS: "The certificate there has run out, is for another name, or was made by the site itself. Whoever runs "
    "the site has to renew it; on a network that inspects traffic, its own certificate has to be trusted here.",
    Fault.PRIVATE: "Only public addresses are called, so that nobody can look around in your network by way of us. If "
    "this one is meant, whoever runs this installation adds its origin to ALLOW_PRIVATE_TARGETS.",
    Fault.UNREACHABLE: "It may be down for a while: nothing has to be done for now. If it goes on, look whether the "
    "site opens in a browser, and whether a firewall is between here and there.",
    Fault.MOVED: "Write the new address into the channel's settings. Redirects are never followed with a key: it would "
    "be handed to whoever is at the other end.",
    Fault.RETIRED: "Compare the address in the channel's settings with the one that the platform names today: the old "
    "one is switched off, or there is a typing error in its path.",
    Fault.NOT_DATA: "Something else than the API answers at this address: a log-in page, a firewall's page, or the "
    "site itself. Correct the address, or let the firewall pass calls of its API.",
    Fault.KEY_REFUSED: "Make a new key there and give it to the channel.",
    Fault.KEY_NOT_SEEN: "Something between here and the platform, a proxy or the web server itself, takes the key out "
    "of the call. Whoever runs it has to let the header pass.",
    Fault.WRONG_ACCOUNT: "Give the channel the key of the account that it was connected to, or say that the other one "
    "is right.",
    Fault.ROLE: "Somebody who administers the place has to give this account a role that may publish, or connect the "
    "channel with another account.",
    Fault.PLAN: "Choose a plan there that allows it, or publish there by hand: connect it as a place without an API.",
    Fault.RATE: "Nothing has to be done: what is due goes out when the platform takes it again.",
    Fault.CLOCK: "Let this machine keep its time by NTP. Where it does, the platform's clock is wrong, and only keys "
    "that are signed with a time suffer from it.",
}


@dataclass(frozen=True)
class Known:
    """What is known of a channel beforehand."""

    account_id: str = ""  # the account that it was connected to first; "" when there was none yet
    account_name: str = ""
    accepted_at: datetime | None = None  # when the platform last accepted these credentials
    sent_today: int = 0  # articles in the last 24 hours


@dataclass(frozen=True)
class Examination:
    """What came of it. ``error`` is what ``verify`` raised; then there is no account."""

    account: Account | None
    error: PublishingError | None
    checks: tuple[Check, ...]


def examine(publisher: Publisher, known: Known, clock: Callable[[], datetime]) -> Examination:
    """Ask the platform, and judge what it said. Reading calls only; never raises a PublishingError."""
    account, error = None, None
    told: list[Check] = []
    try:
        account = publisher.verify()
    except PublishingError as raised:
        error = raised
        told = [_of_error(publisher, raised, known)]
        if raised.fault in (Fault.ROLE, Fault.PLAN):  # whoever is told that is known there
            told.append(Check(Aspect.KEY, Health.WELL, f"{publisher.label} accepts the key."))
    if account is not None and isinstance(publisher, Examines):
        try:
            told = publisher.examine(account)
        except PublishingError as raised:
            told = [_of_error(publisher, raised, known)]
    exchanges = publisher.http.exchanges
    if not isinstance(publisher, Assisted):
        if account is not None:
            told = [*_accepted(publisher, account, known), *told]
        told = [*told, *_of_answers(publisher, exchanges, known, clock())]
    return Examination(account, error, tuple(_in_order(publisher, told)))


def _accepted(publisher: Publisher, account: Account, known: Known) -> Iterable[Check]:
    """What it means that somebody is known there."""
    if publisher.credentials_form.base_fields:
        yield Check(Aspect.KEY, Health.WELL, f"{publisher.label} accepts the key.")
    if known.account_id and known.account_id != account.id:
        was = known.account_name or known.account_id
        cause = f"The key belongs to {account.name}, and the channel was connected as {was}."
        yield Check(Aspect.ACCOUNT, Health.BROKEN, cause, REMEDIES[Fault.WRONG_ACCOUNT])
    else:
        yield Check(Aspect.ACCOUNT, Health.WELL, f"{publisher.label} knows us as {account.name}.")


# --- what went wrong -------------------------------------------------------------------------------------------------


def _of_error(publisher: Publisher, error: PublishingError, known: Known) -> Check:
    fault = error.fault or _fault_of_kind(error)
    cause, remedy = str(error), REMEDIES.get(fault, "") if fault else ""
    if fault is None:  # a sentence of the publisher's own, which says what to do
        return Check(Aspect.ADDRESS, Health.BROKEN, cause)
    if fault is Fault.KEY_REFUSED:
        cause = f"{cause} {_why_refused(publisher.http.exchanges, known)}"
    passing = fault in (Fault.UNREACHABLE, Fault.RATE)
    return Check(ASPECTS[fault], Health.WARNING if passing else Health.BROKEN, cause, remedy)


def _fault_of_kind(error: PublishingError) -> Fault | None:
    kinds = ((NotAuthorized, Fault.KEY_REFUSED), (RateLimited, Fault.RATE), (Later, Fault.UNREACHABLE))
    return next((fault for kind, fault in kinds if isinstance(error, kind)), None)


def _why_refused(exchanges: list[Exchange], known: Known) -> str:
    via = exchanges[-1].headers.get("via", "") if exchanges else ""
    if known.accepted_at is not None:
        why = f"It was accepted until {known.accepted_at:%-d %b %Y}: it was revoked or has run out since."
    else:
        why = "It was never accepted: it is wrong, or was not copied whole."
    return f"{why} The answer came through a proxy ({via}), which may have taken the key away." if via else why


# --- what the answers say by themselves ------------------------------------------------------------------------------


def _of_answers(publisher: Publisher, exchanges: list[Exchange], known: Known, now: datetime) -> Iterable[Check]:
    answered = [exchange for exchange in exchanges if exchange.status is not None]
    if answered:
        host = answered[-1].url.split("://", 1)[-1].partition("/")[0]
        took = f"{answered[-1].seconds:.1f} s"
        yield Check(Aspect.ADDRESS, Health.WELL, f"{host} answers, in {took}.")
        yield _clock(answered[-1], now)
        yield from _expiry(answered[-1], now)
    yield from _quota(publisher, answered, known)


def _clock(exchange: Exchange, now: datetime) -> Check:
    theirs = _date(exchange.headers.get("date", ""))
    if theirs is None:
        return Check(Aspect.CLOCK, Health.UNKNOWN, "Its answers do not say what time it is there.")
    apart = theirs - now
    if abs(apart) <= APART:
        return Check(Aspect.CLOCK, Health.WELL, "Its clock and ours agree.")
    ahead = "ahead of" if apart > timedelta() else "behind"
    cause = f"Its clock is {_in_words(abs(apart))} {ahead} ours."
    health = Health.BROKEN if abs(apart) > FAR_APART else Health.WARNING
    return Check(Aspect.CLOCK, health, cause, REMEDIES[Fault.CLOCK])


def _expiry(exchange: Exchange, now: datetime) -> Iterable[Check]:
    """A key that runs out soon, where the platform says when: "2026-12-01 10:00:00 UTC" (GitHub's documentation)."""
    said = exchange.headers.get("github-authentication-token-expiration", "")
    try:
        end = datetime.fromisoformat(said.removesuffix(" UTC").strip())
    except ValueError:
        return
    end = end if end.tzinfo else end.replace(tzinfo=UTC)
    if end - now < EXPIRES_SOON:
        cause = f"The key runs out on {end:%-d %b %Y}."
        yield Check(Aspect.KEY, Health.WARNING, cause, "Make a new key there in time, and give it to the channel.")


def _date(header: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _in_words(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    return f"{seconds} seconds" if seconds < 120 else f"{seconds // 60} minutes"


REMAINING = ("ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining")


def _quota(publisher: Publisher, answered: list[Exchange], known: Known) -> Iterable[Check]:
    """Of articles a day, as counted here, and of calls, as the platform counts them."""
    per_day = publisher.limits.per_day
    if per_day:
        used = f"{known.sent_today} of {per_day} articles in 24 hours are used."
        is_used_up = known.sent_today >= per_day
        health, remedy = (Health.WARNING, REMEDIES[Fault.RATE]) if is_used_up else (Health.WELL, "")
        yield Check(Aspect.QUOTA, health, used, remedy)
    left = next((found for name in REMAINING if answered and (found := answered[-1].headers.get(name))), "")
    if left.strip() == "0":
        yield Check(Aspect.QUOTA, Health.WARNING, "No further call is left for now.", REMEDIES[Fault.RATE])
    elif left.strip().isdecimal():
        yield Check(Aspect.QUOTA, Health.WELL, f"{int(left)} further calls are left for now.")


# --- all of it -------------------------------------------------------------------------------------------------------

WORST = [Health.BROKEN, Health.WARNING, Health.UNKNOWN, Health.WELL]
NOT_ASKED = {
    Aspect.KEY: "The key could not be asked about.",
    Aspect.ACCOUNT: "Whose account it is could not be asked.",
    Aspect.ROLE: "Whether this account may publish shows with the first post.",
}


def _in_order(publisher: Publisher, told: list[Check]) -> Iterable[Check]:
    """One check for each aspect, the worst that was said of it; and what could not be asked."""
    needed = [aspect for aspect in NOT_ASKED if aspect is not Aspect.KEY or publisher.credentials_form.base_fields]
    for aspect in Aspect:
        of_it = sorted((check for check in told if check.aspect is aspect), key=lambda check: WORST.index(check.health))
        if of_it:
            yield of_it[0]
        elif aspect in needed and not isinstance(publisher, Assisted):
            yield Check(aspect, Health.UNKNOWN, NOT_ASKED[aspect])


def worst(checks: Iterable[Check]) -> Health:
    """Of all together; what could not be asked does not count against anybody."""
    found = {check.health for check in checks}
    return next((health for health in (Health.BROKEN, Health.WARNING) if health in found), Health.WELL)
