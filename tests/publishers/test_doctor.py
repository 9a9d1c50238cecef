"""The doctor, over real connections: every fault is produced, and told with its cause and its remedy."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from publishers.base import Account, Aspect, Assisted, Check, Health, Publisher, Surroundings
from publishers.doctor import REMEDIES, Examination, Known, examine, worst
from publishers.errors import Fault, NotAuthorized
from publishers.http import Http
from publishers.platforms.assisted import Substack
from publishers.platforms.devto import DevTo
from publishers.platforms.folder import Folder
from publishers.platforms.ghost import Ghost
from publishers.platforms.hashnode import Hashnode
from publishers.platforms.medium import Medium
from sandbox.server import Serving
from tests.publishers.conftest import made, order
from tests.publishers.raw_server import RawServer, raw_server, response

ADA = Known(account_id="1", account_name="@ada", accepted_at=datetime(2026, 11, 1, tzinfo=UTC))
STRANGER = Known()


def now() -> datetime:
    return datetime.now(UTC)


def dev_at(url: str, key: str = "sandbox-devto-key") -> DevTo:
    return made(DevTo, {"api_key": key}, {"base_url": f"{url}/devto/api", "ai_disclosure_level": "no_ai"})


def medium_at(url: str, token: str = "sandbox-medium-key", **settings: Any) -> Medium:
    settings = {"base_url": f"{url}/medium/v1", "publication": "", "publish_status": "public", **settings}
    return made(Medium, {"integration_token": token}, settings)


def hashnode_at(url: str, token: str = "sandbox-hashnode-single-key") -> Hashnode:
    return made(Hashnode, {"token": token}, {"base_url": f"{url}/hashnode/", "publication": ""})


def check_of(found: Examination, aspect: Aspect) -> Check:
    [check] = [check for check in found.checks if check.aspect is aspect]
    return check


def is_told(found: Examination, aspect: Aspect, fault: Fault, words: str = "") -> None:
    """The aspect is not well; its cause has these words, its remedy is that of the fault."""
    check = check_of(found, aspect)
    assert check.health in (Health.BROKEN, Health.WARNING)
    assert words in check.cause
    assert check.remedy == REMEDIES[fault]
    assert worst(found.checks) is not Health.WELL


def say(answer: bytes) -> Callable[[socket.socket, RawServer], None]:
    return lambda connection, _: connection.sendall(answer)


@pytest.fixture(autouse=True)
def anew(sandbox: Serving) -> None:
    order(sandbox, "reset")
    for platform in ("devto", "medium", "hashnode"):
        order(sandbox, "limits", platform=platform, on=False)


# --- well ------------------------------------------------------------------------------------------------------------


def test_a_channel_that_is_well_has_nothing_to_be_done(sandbox: Serving) -> None:
    for publisher in (dev_at(sandbox.url), medium_at(sandbox.url), hashnode_at(sandbox.url)):
        found = examine(publisher, STRANGER, now)
        assert found.error is None
        assert found.account
        assert worst(found.checks) is Health.WELL, found.checks
        assert [check.remedy for check in found.checks if check.health is Health.WELL] == [""] * sum(
            check.health is Health.WELL for check in found.checks
        )
        aspects = [check.aspect for check in found.checks]
        assert aspects == sorted(aspects, key=list(Aspect).index)
        assert {Aspect.ADDRESS, Aspect.KEY, Aspect.ACCOUNT, Aspect.ROLE, Aspect.CLOCK} <= set(aspects)


def test_every_remedy_is_a_sentence_and_every_fault_has_one() -> None:
    assert set(REMEDIES) == set(Fault)
    for remedy in REMEDIES.values():
        assert remedy[0].isupper()
        assert remedy.endswith(".")


# --- the address -----------------------------------------------------------------------------------------------------


def test_a_name_that_nobody_knows() -> None:
    found = examine(dev_at("https://nothing.invalid"), STRANGER, now)
    is_told(found, Aspect.ADDRESS, Fault.DNS, "its name cannot be resolved")
    assert check_of(found, Aspect.KEY).health is Health.UNKNOWN


def test_a_certificate_that_is_not_accepted(certificate: Path) -> None:
    with raw_server(say(response()), certificate) as server:
        found = examine(dev_at(server.url), STRANGER, now)
        assert server.requests == []  # no key went out
    is_told(found, Aspect.ADDRESS, Fault.TLS, "certificate")


def test_a_private_address_that_the_guard_refuses(sandbox: Serving) -> None:
    guarded = Surroundings(http=Http(), files=Path("/nonexistent"))
    settings = {"base_url": f"{sandbox.url}/devto/api"}
    found = examine(DevTo(credentials={"api_key": "k"}, settings=settings, surroundings=guarded), STRANGER, now)
    is_told(found, Aspect.ADDRESS, Fault.PRIVATE, "not a public one")
    assert "ALLOW_PRIVATE_TARGETS" in check_of(found, Aspect.ADDRESS).remedy


def test_nobody_listens_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    is_told(examine(dev_at(f"http://127.0.0.1:{port}"), ADA, now), Aspect.ADDRESS, Fault.UNREACHABLE, "refused")


def test_a_redirect_to_another_host_which_never_gets_the_key() -> None:
    moved = response(b"", "301 Moved Permanently", "Location: https://elsewhere.example/api")
    with raw_server(say(moved)) as server:
        found = examine(dev_at(server.url), STRANGER, now)
        assert len(server.requests) == 1
    is_told(found, Aspect.ADDRESS, Fault.MOVED, "https://elsewhere.example/api")


def test_a_web_page_instead_of_data() -> None:
    page = response(b"<!doctype html><title>Please log in</title>", "200 OK").replace(b"application/json", b"text/html")
    with raw_server(say(page)) as server:
        found = examine(dev_at(server.url), STRANGER, now)
    is_told(found, Aspect.ADDRESS, Fault.NOT_DATA, "a web page")


def test_a_firewalls_page_says_nothing_against_the_key() -> None:
    page = response(b"<!doctype html><title>Are you human?</title>", "403 Forbidden").replace(
        b"application/json", b"text/html"
    )
    with raw_server(say(page)) as server:
        found = examine(dev_at(server.url), ADA, now)
    assert not isinstance(found.error, NotAuthorized)
    is_told(found, Aspect.ADDRESS, Fault.NOT_DATA, "403 with a web page")


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
def test_an_endpoint_that_is_switched_off(status: str) -> None:
    for make in (dev_at, hashnode_at):
        with raw_server(say(response(b"{}", status))) as server:
            found = examine(make(server.url), STRANGER, now)
        is_told(found, Aspect.ADDRESS, Fault.RETIRED, status[:3])


# --- the key ---------------------------------------------------------------------------------------------------------


def test_a_wrong_key(sandbox: Serving) -> None:
    for publisher in (dev_at(sandbox.url, "wrong"), medium_at(sandbox.url, "wrong"), hashnode_at(sandbox.url, "wrong")):
        found = examine(publisher, STRANGER, now)
        assert isinstance(found.error, NotAuthorized)
        is_told(found, Aspect.KEY, Fault.KEY_REFUSED, "It was never accepted")
        assert check_of(found, Aspect.ADDRESS).health is Health.WELL  # which is not to blame


def test_a_key_that_was_revoked(sandbox: Serving) -> None:
    key = order(sandbox, "accounts", platform="devto", username="ada", age_days=400)["key"]
    account = examine(dev_at(sandbox.url, key), STRANGER, now).account
    assert account
    order(sandbox, "accounts/revoke", platform="devto", key=key)
    found = examine(dev_at(sandbox.url, key), ADA, now)
    is_told(found, Aspect.KEY, Fault.KEY_REFUSED, "It was accepted until 1 Nov 2026")


def test_the_right_key_of_the_wrong_account(sandbox: Serving) -> None:
    key = order(sandbox, "accounts", platform="devto", username="grace", age_days=400)["key"]
    found = examine(dev_at(sandbox.url, key), ADA, now)
    assert found.error is None
    is_told(found, Aspect.ACCOUNT, Fault.WRONG_ACCOUNT, "belongs to @grace")
    assert "connected as @ada" in check_of(found, Aspect.ACCOUNT).cause
    assert check_of(found, Aspect.KEY).health is Health.WELL


@pytest.mark.parametrize(("days", "health"), [(13, Health.WARNING), (15, Health.WELL)])
def test_a_key_that_runs_out_soon(days: int, health: Health) -> None:
    end = f"{now() + timedelta(days=days):%Y-%m-%d %H:%M:%S} UTC"
    me = response(b'{"id": 1, "username": "ada"}', "200 OK", f"GitHub-Authentication-Token-Expiration: {end}")
    with raw_server(say(me)) as server:
        found = examine(dev_at(server.url), STRANGER, now)
    check = check_of(found, Aspect.KEY)
    assert check.health is health
    assert ("runs out on" in check.cause) == (health is Health.WARNING)


@contextmanager
def proxy_that_strips(header: str, target: str, *says: str) -> Iterator[RawServer]:
    """What stands between an installation and a platform now and then: it forwards calls without a header."""

    def forward(connection: socket.socket, _: RawServer) -> None:
        head = server.requests[-1].split(b"\r\n\r\n")[0].decode()
        path = head.split(" ")[1]
        headers = dict(re.findall(r"^([\w-]+): (.*)$", head.replace("\r", ""), re.MULTILINE))
        kept = {name: value for name, value in headers.items() if name.lower() not in (header, "host", "connection")}
        answer = requests.get(target + path, headers=kept, timeout=5)
        status = f"{answer.status_code} {answer.reason}"
        connection.sendall(response(answer.content, status, f"Date: {answer.headers['Date']}", *says))

    with raw_server(forward) as server:
        yield server


def test_a_header_that_a_proxy_takes_away_where_the_platform_says_that_no_key_came(sandbox: Serving) -> None:
    with proxy_that_strips("authorization", sandbox.url) as proxy:
        found = examine(medium_at(proxy.url), ADA, now)
    is_told(found, Aspect.KEY, Fault.KEY_NOT_SEEN, "did not see")
    assert "proxy" in check_of(found, Aspect.KEY).remedy


def test_a_header_that_a_proxy_takes_away_where_the_platform_cannot_tell(sandbox: Serving) -> None:
    with proxy_that_strips("api-key", sandbox.url, "Via: 1.1 office-proxy") as proxy:
        found = examine(dev_at(proxy.url), ADA, now)
    is_told(
        found, Aspect.KEY, Fault.KEY_REFUSED, "came through a proxy (1.1 office-proxy), which may have taken the key"
    )


# --- role, plan, quota, clock ----------------------------------------------------------------------------------------


def test_a_role_that_may_not_publish(sandbox: Serving) -> None:
    found = examine(medium_at(sandbox.url, publication="b45573563f5a"), STRANGER, now)
    is_told(found, Aspect.ROLE, Fault.ROLE, "you may only hand in drafts")


def test_a_role_that_may_publish(sandbox: Serving) -> None:
    for publisher in (medium_at(sandbox.url), medium_at(sandbox.url, publication="b969ac62a46b")):
        assert check_of(examine(publisher, STRANGER, now), Aspect.ROLE).health is Health.WELL


def test_a_publication_that_is_not_ones_own_any_more(sandbox: Serving) -> None:
    found = examine(medium_at(sandbox.url, publication="d0b105d10f0a"), STRANGER, now)
    is_told(found, Aspect.ROLE, Fault.ROLE, "does not name the chosen publication")


def test_a_plan_that_allows_it(sandbox: Serving) -> None:
    assert check_of(examine(hashnode_at(sandbox.url), STRANGER, now), Aspect.PLAN).health is Health.WELL


def test_a_plan_that_does_not_allow_it(sandbox: Serving) -> None:
    found = examine(hashnode_at(sandbox.url, "sandbox-hashnode-free-key"), STRANGER, now)
    is_told(found, Aspect.PLAN, Fault.PLAN, "Pro plan")
    assert check_of(found, Aspect.ADDRESS).health is Health.WELL


def test_too_many_calls(sandbox: Serving) -> None:
    order(sandbox, "faults", platform="devto", call="me", fault="status", status=429, retry_after=30, times=1)
    found = examine(dev_at(sandbox.url), ADA, now)
    is_told(found, Aspect.QUOTA, Fault.RATE, "slow down")
    assert check_of(found, Aspect.QUOTA).health is Health.WARNING  # which passes by itself


@pytest.mark.parametrize(("sent", "health"), [(9, Health.WELL), (10, Health.WARNING), (11, Health.WARNING)])
def test_the_quota_of_a_day(sandbox: Serving, sent: int, health: Health) -> None:
    check = check_of(examine(medium_at(sandbox.url), Known(sent_today=sent), now), Aspect.QUOTA)
    assert check.health is health
    assert check.cause == f"{sent} of 10 articles in 24 hours are used."


@pytest.mark.parametrize(("left", "health"), [("1", Health.WELL), ("0", Health.WARNING)])
def test_calls_that_are_left_as_the_platform_counts_them(left: str, health: Health) -> None:
    me = response(b'{"id": 1, "username": "ada"}', "200 OK", f"RateLimit-Remaining: {left}")
    with raw_server(say(me)) as server:
        found = examine(dev_at(server.url), STRANGER, now)
    assert check_of(found, Aspect.QUOTA).health is health


@pytest.mark.parametrize(
    ("ahead", "health", "words"),
    [
        (timedelta(seconds=20), Health.WELL, "agree"),
        (timedelta(seconds=60), Health.WARNING, "behind ours"),
        (timedelta(minutes=-10), Health.BROKEN, "ahead of ours"),
    ],
)
def test_clocks_that_are_apart(sandbox: Serving, ahead: timedelta, health: Health, words: str) -> None:
    found = examine(dev_at(sandbox.url), STRANGER, lambda: now() + ahead)
    check = check_of(found, Aspect.CLOCK)
    assert check.health is health
    assert words in check.cause
    if health is not Health.WELL:
        is_told(found, Aspect.CLOCK, Fault.CLOCK)


def test_a_key_that_is_signed_with_a_time_is_refused_because_of_the_clock() -> None:
    """Ghost's keys are: it says so itself, and its answer tells its time."""
    ahead = format_datetime(now() + timedelta(minutes=12), usegmt=True)
    trouble = b'{"type": "UnauthorizedError", "message": "Invalid token: maxAge exceeded", "code": "INVALID_JWT"}'
    body = b'{"errors": [' + trouble + b"]}"
    with raw_server(say(response(body, "401 Unauthorized", f"Date: {ahead}"))) as server:
        ghost = made(Ghost, {"admin_api_key": f"{'a' * 24}:{'b' * 64}"}, {"base_url": server.url})
        found = examine(ghost, STRANGER, now)
    is_told(found, Aspect.CLOCK, Fault.CLOCK, "12 minutes")


def test_clocks_are_compared_also_where_the_key_is_refused(sandbox: Serving) -> None:
    """A key that is signed with a time is refused because of the clock: both are told."""
    found = examine(dev_at(sandbox.url, "wrong"), STRANGER, lambda: now() + timedelta(minutes=10))
    is_told(found, Aspect.CLOCK, Fault.CLOCK)
    is_told(found, Aspect.KEY, Fault.KEY_REFUSED)


# --- those that have no key ------------------------------------------------------------------------------------------


def folder_in(path: Path) -> Folder:
    surroundings = Surroundings(http=Http(), files=path)
    return Folder(credentials={}, settings={"generator": "hugo", "directory": "blog"}, surroundings=surroundings)


def test_a_folder_needs_neither_an_address_nor_a_key(tmp_path: Path) -> None:
    found = examine(folder_in(tmp_path), STRANGER, now)
    assert [(check.aspect, check.health) for check in found.checks] == [
        (Aspect.ACCOUNT, Health.WELL),
        (Aspect.ROLE, Health.WELL),
    ]


def test_a_place_without_an_api_has_nothing_to_be_looked_at(tmp_path: Path) -> None:
    surroundings = Surroundings(http=Http(not_after=0.0), files=tmp_path)
    publisher: Assisted = Substack(credentials={}, settings={}, surroundings=surroundings)
    found = examine(publisher, STRANGER, now)
    assert (found.error, found.checks) == (None, ())


def test_a_publisher_may_tell_more_and_fail_at_it_without_being_refused(sandbox: Serving) -> None:
    class Talkative(DevTo):
        def examine(self, account: Account) -> list[Check]:
            raise NotAuthorized("DEV does not tell.").because(Fault.ROLE)

    publisher = made(Talkative, {"api_key": "sandbox-devto-key"}, {"base_url": f"{sandbox.url}/devto/api"})
    found = examine(publisher, STRANGER, now)
    assert found.error is None
    assert check_of(found, Aspect.ROLE).health is Health.BROKEN


def test_no_secret_is_told(sandbox: Serving) -> None:
    publishers: list[Publisher] = [dev_at(sandbox.url, "a-secret-key"), medium_at(sandbox.url, "a-secret-key")]
    for publisher in publishers:
        assert "a-secret-key" not in repr(examine(publisher, STRANGER, now).checks)
