"""``manage.py doctor``: everything that publishing needs is looked at, and every finding says what to do.

Each examination is a function that yields findings. It runs in a thread of its own with a limit, and one that breaks or
hangs is a finding as well: the doctor is called when something is wrong.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks.registry import registry
from django.core.mail import get_connection
from django.db import DatabaseError, connection, connections, models
from django.db.models.functions import Cast
from django.utils import timezone

from accounts.models import EncryptedTextField, Mail
from accounts.models.encrypted import box
from blogscheduler.scrubbing import scrub
from blogscheduler.watch import broker
from blogscheduler.watch.lookout import Lookout, NoAnswer
from posts import examining
from posts.engine import holding
from posts.models import Channel, Delivery, Outage
from posts.models.literals import literals
from posts.watch import judging
from posts.watch.watching import in_words
from publishers.base import Health
from publishers.errors import PublishingError
from publishers.http import Http

PATIENCE = 15.0  # seconds for one examination
ALL_FILES = "accounts.mailfiles.MailFiles"
MEGABYTE = 1024 * 1024
AT_MOST = 2_000  # rows of one kind that are decrypted


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"  # it works, and should not stay as it is
    PROBLEM = "problem"  # something does not work, or is not safe


@dataclass(frozen=True)
class Finding:
    level: Level
    about: str
    told: str
    remedy: str = ""


def ok(about: str, told: str) -> Finding:
    return Finding(Level.OK, about, told)


def warning(about: str, told: str, remedy: str) -> Finding:
    return Finding(Level.WARNING, about, told, remedy)


def problem(about: str, told: str, remedy: str) -> Finding:
    return Finding(Level.PROBLEM, about, told, remedy)


Examination = Callable[[], Iterable[Finding]]


def examine() -> Iterator[Finding]:
    """Every finding, as soon as it is there. What needs the database is left out when that does not answer."""
    yield from _found("settings", system_checks)
    yield from _found("folders", folders)
    yield from _found("redis", redis)
    yield from _about_the_database()
    yield from _found("mail server", mail_server)
    yield from _found("site", site)
    yield from _found("watched from outside", outside)


def _about_the_database() -> Iterator[Finding]:
    """From the ground up: without an answer, or without its tables, there is nothing more to ask."""
    ground: dict[str, Examination] = {"database": database, "migrations": migrations}
    for about, examination in ground.items():
        found = _found(about, examination)
        yield from found
        if any(finding.level == Level.PROBLEM for finding in found):
            return
    for about, examination in NEED_THE_DATABASE.items():
        yield from _found(about, examination)


def _found(about: str, examination: Examination) -> list[Finding]:
    try:
        findings = Lookout(lambda: list(examination()), patience=PATIENCE).ask()
    except NoAnswer:
        told = f"There was no answer within {PATIENCE:g} seconds."
        return [problem(about, told, "It hangs: see whether what it asks is frozen or cannot be reached.")]
    except Exception as broken:  # whatever it was: the other examinations go on
        told = f"It could not be looked at: {type(broken).__name__}: {broken}"
        return [problem(about, _line(told), "The message says what is wrong; what follows may depend on it.")]
    return [Finding(found.level, found.about, _line(found.told), _line(found.remedy)) for found in findings]


def _line(text: str) -> str:
    """What libraries say may go over several lines, and may have a secret in it."""
    return scrub(" ".join(text.split()))


# --- what is on this machine -----------------------------------------------------------------------------------------


def system_checks() -> Iterator[Finding]:
    """Django's checks and those of blogscheduler.checks; on an https address those for production as well."""
    right = True
    for check in registry.get_checks(include_deployment_checks=settings.HTTPS):
        for found in _of_a_check(check):
            right = False
            yield found
    if right:
        yield ok("settings", "No check has anything to say.")
    if settings.HTTPS and settings.SANDBOX_URL:
        told = f"Channels can be connected to the sandbox at {settings.SANDBOX_URL}."
        yield warning("settings", told, "Unset SANDBOX_URL, and take it out of ALLOW_PRIVATE_TARGETS.")
    if settings.ALLOW_PRIVATE_TARGETS:
        allowed = ", ".join(sorted(settings.ALLOW_PRIVATE_TARGETS))
        yield ok("settings", f"Publishers may call these private addresses: {allowed}")


def _of_a_check(check: Callable[..., Iterable[checks.CheckMessage]]) -> Iterator[Finding]:
    """Each by itself: one that a wrong setting breaks must not hide what the others say of that setting."""
    try:
        messages = list(check(app_configs=None, databases=[]))
    except Exception as broken:  # whatever a wrong setting leads to
        yield problem("settings", f"A check broke: {type(broken).__name__}: {broken}", "See the other findings.")
        return
    for message in messages:
        make = problem if message.level >= checks.ERROR else warning
        yield make("settings", f"{message.msg} ({message.id})", message.hint or "See Django's reference of checks.")


def folders() -> Iterator[Finding]:
    yield _room_on_disk()
    for name in ("DATA_DIR", "SITES_DIR", "IMAGES_DIR"):
        folder = getattr(settings, name)
        try:
            with tempfile.TemporaryFile(dir=_that_exists(folder)):
                yield ok("folders", f"{name} can be written to: {folder}")
        except OSError as trouble:
            told = f"{name} cannot be written to: {folder} ({trouble.strerror})"
            yield problem("folders", told, "Let the user that runs blogscheduler own it.")
    for key in ("secret.key", "encryption.key"):
        path = settings.DATA_DIR / key
        if path.exists() and path.stat().st_mode & 0o077:
            yield problem("folders", f"Others on this machine can read {path}.", f"Run: chmod 600 {path}")


def _that_exists(folder: Path) -> Path:
    """The folder, or the one in which it would be made."""
    return next(each for each in (folder, *folder.parents) if each.exists())


def _room_on_disk() -> Finding:
    disk = shutil.disk_usage(settings.DATA_DIR)
    told = f"{disk.free // MEGABYTE} MB of {disk.total // MEGABYTE} MB are free on the disk of {settings.DATA_DIR}."
    remedy = "Make room: a full disk keeps the database from writing down what was published."
    if disk.free < 200 * MEGABYTE:
        return problem("folders", told, remedy)
    if disk.free < 1024 * MEGABYTE:
        return warning("folders", told, remedy)
    return ok("folders", told)


# --- the database ----------------------------------------------------------------------------------------------------


def database() -> Iterator[Finding]:
    try:
        _connect_once()
    except DatabaseError as trouble:
        yield problem("database", f"It does not answer: {trouble}", "Start it, or correct DATABASE_URL.")
    else:
        yield ok("database", "It answers.")


def durability() -> Iterator[Finding]:
    """Whether it keeps what it was told to keep."""
    yield from _postgresql() if connection.vendor == "postgresql" else _sqlite()


def _connect_once() -> None:
    """Past the pool, which would try for a while and not say why it failed. Raises DatabaseError with the reason."""
    once = connections.create_connection("default")
    options = {name: value for name, value in once.settings_dict["OPTIONS"].items() if name != "pool"}
    once.settings_dict = {**once.settings_dict, "OPTIONS": options}
    try:
        once.ensure_connection()
    finally:
        once.close()


def _sqlite() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        pragmas = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "busy_timeout")
        }
        version = cursor.execute("SELECT sqlite_version()").fetchone()[0]
    told = ", ".join(f"{name}={value}" for name, value in pragmas.items())
    if pragmas["journal_mode"] == "wal" and pragmas["synchronous"] in (2, 3):
        yield ok("database", f"SQLite {version}, {told}.")
        return
    yield problem(
        "database",
        f"SQLite {version} runs with {told}: a claim that is lost at a power cut would be sent again.",
        "Keep init_command of settings.py, and put the database on a local disk.",
    )


def _postgresql() -> Iterator[Finding]:
    names = ("server_version", "synchronous_commit", "fsync", "full_page_writes", "server_encoding", "max_connections")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(names)])
        told = dict(cursor.fetchall())
        cursor.execute("SELECT count(*) FROM pg_stat_activity")
        (used,) = cursor.fetchone()
    yield ok(
        "database", f"PostgreSQL {told['server_version']} answers; {used} of {told['max_connections']} connections."
    )
    for name in ("synchronous_commit", "fsync", "full_page_writes"):
        if told[name] == "off":
            yield problem(
                "database",
                f"{name} is off: what is written can be lost at a crash, and a claim that is lost would be sent again.",
                f"Set {name} = on in postgresql.conf.",
            )
    if told["server_encoding"] != "UTF8":
        yield problem("database", f"Its encoding is {told['server_encoding']}.", "Make the database anew, as UTF8.")
    if used > 0.8 * int(told["max_connections"]):
        yield warning("database", "Its connections are nearly used up.", "Raise max_connections, or run fewer workers.")


def clock() -> Iterator[Finding]:
    """Times are told by this machine, leases by the database."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        before = timezone.now()
        cursor.execute("SELECT clock_timestamp()")
        (theirs,) = cursor.fetchone()
        after = timezone.now()
    apart = abs(theirs - (before + (after - before) / 2))
    told = f"The clocks of this machine and of the database are {apart.total_seconds():.2f} seconds apart."
    limit = f"{settings.CLOCK_TOLERANCE_SECONDS:g} seconds"
    remedy = (
        f"Let both keep their time by NTP. Beyond {limit} (CLOCK_TOLERANCE_SECONDS) nothing is published from here."
    )
    if apart > timedelta(seconds=10):
        yield problem("clock", told, remedy)
    elif apart > timedelta(seconds=1):
        yield warning("clock", told, remedy)
    else:
        yield ok("clock", told)


def migrations() -> Iterator[Finding]:
    yield from _of_the_judgement("migrations")


def what_works() -> Iterator[Finding]:
    """The same as /readyz says."""
    yield from _of_the_judgement("worker", "beat", "overdue")
    if outage := Outage.objects.filter(is_over=False).first():
        lasting = in_words(timezone.now() - outage.since)
        yield problem("outage", f"Nothing could be published for {lasting}.", "The other findings may say why.")


def _of_the_judgement(*names: str) -> Iterator[Finding]:
    for check in judging.judge(timezone.now()):
        if check.name in names:
            yield ok(check.name, check.told) if check.ok else problem(check.name, check.told, check.remedy)


def deliveries() -> Iterator[Finding]:
    asking = [Delivery.Status.UNCERTAIN, Delivery.Status.MISSED]
    those = Delivery.objects.filter(status__in=literals(Delivery.Status.needs_a_person())).filter(status__in=asking)
    numbers = those.order_by().values("status").annotate(number=models.Count("pk"))
    for status, number in numbers.values_list("status", "number"):
        told = f"{number} {Delivery.Status(status).label.lower()}: only a person can say how to go on."
        yield warning("deliveries", told, f"Their authors were told by mail; see {settings.SITE_URL}/schedule/")
    if not numbers:
        yield ok("deliveries", "None waits for a person.")


def channels() -> Iterator[Finding]:
    closed = Channel.objects.filter(status=Channel.Status.CLOSED).order_by("pk")
    for channel in closed[:20]:
        waiting = Delivery.objects.filter(channel=channel, status=Delivery.Status.SCHEDULED).count()
        told = f"“{channel}” ({channel.platform}) is closed, and {waiting} deliveries wait for it: {channel.problem}"
        yield warning("channels", told, f"Give it a new token: {settings.SITE_URL}{channel.get_absolute_url()}")
    ailing = False
    for channel in Channel.objects.filter(status=Channel.Status.OPEN).exclude(health=None).order_by("pk")[:AT_MOST]:
        for check in examining.checks_of(channel):
            if check.health in (Health.BROKEN, Health.WARNING):
                ailing = True
                remedy = check.remedy or f"See {settings.SITE_URL}{channel.get_absolute_url()}"
                yield warning("channels", f"“{channel}” ({channel.platform}): {check.cause}", remedy)
    if held := Channel.objects.filter(status=Channel.Status.PAUSED, problem=holding.HELD).count():
        told = f"{held} are held back since a backup was restored: nothing goes out there."
        yield warning("channels", told, "Look at what is scheduled, then run: python manage.py release")
    if not closed and not held and not ailing:
        yield ok("channels", "None is closed, and none was found to be unwell.")


def encryption_keys() -> Iterator[Finding]:
    """Whether what is encrypted can still be read."""
    unreadable = old = read = 0
    newest = Fernet(settings.FIELD_ENCRYPTION_KEYS[0])
    for text in _encrypted():
        read += 1
        try:
            box().decrypt(text.encode())
        except InvalidToken:
            unreadable += 1
            continue
        try:
            newest.decrypt(text.encode())
        except InvalidToken:
            old += 1
    if unreadable:
        told = f"{unreadable} of {read} encrypted values cannot be read with any of FIELD_ENCRYPTION_KEYS."
        yield problem("encryption keys", told, "Put the key that they were written with back into the list.")
    elif old:
        told = f"{old} of {read} encrypted values are written with an older key."
        yield warning("encryption keys", told, "Run: python manage.py rotate_keys")
    else:
        yield ok("encryption keys", f"{read} encrypted values can be read.")


def _encrypted() -> Iterator[str]:
    """What stands in the database, the newest first, without being decrypted."""
    for model in apps.get_models():
        for column in model._meta.get_fields():
            if isinstance(column, EncryptedTextField):
                raw = Cast(column.name, models.TextField())
                rows = model._default_manager.order_by("-pk").annotate(as_written=raw)
                yield from filter(None, cast("Iterable[str]", rows.values_list("as_written", flat=True)[:AT_MOST]))


def mails() -> Iterator[Finding]:
    waiting = Mail.objects.filter(status__in=literals([Mail.Status.QUEUED, Mail.Status.SENDING]))
    seen = waiting.aggregate(number=models.Count("pk"), first=models.Min("created_at"))
    if not seen["number"]:
        yield ok("mails", "None waits.")
        return
    age = timezone.now() - seen["first"]
    told = f"{seen['number']} wait to be sent, the oldest for {in_words(age)}."
    said = waiting.exclude(problem="").order_by("-act_at").values_list("problem", flat=True).first()
    if age < timedelta(minutes=5):
        yield ok("mails", told)
    else:
        yield warning("mails", f"{told} {said or ''}".strip(), "A worker sends them: see worker and mail server.")


NEED_THE_DATABASE: dict[str, Examination] = {
    "durability": durability,
    "clock": clock,
    "what works": what_works,
    "deliveries": deliveries,
    "channels": channels,
    "encryption keys": encryption_keys,
    "mails": mails,
}


# --- what is around --------------------------------------------------------------------------------------------------


def redis() -> Iterator[Finding]:
    try:
        policy = broker.policy()
    except broker.Unreachable as trouble:
        told = f"Redis does not answer ({trouble}). Posts go out all the same: workers look by themselves every second."
        yield warning("redis", told, "Start it, or correct REDIS_URL.")
        return
    if policy in ("noeviction", ""):
        yield ok("redis", f"Redis answers{', and drops nothing' if policy else ''}.")
    else:
        told = f"Redis answers, and drops what it likes when its memory is full (maxmemory-policy {policy})."
        yield warning("redis", told, "Set maxmemory-policy noeviction: bells and results would be lost.")


def mail_server() -> Iterator[Finding]:
    if settings.EMAIL_BACKEND == ALL_FILES:
        yield ok("mail server", f"None is set: mails become files in {settings.MAIL_DIR}.")
        return
    options: dict[str, Any] = {"timeout": 5} if "smtp" in settings.EMAIL_BACKEND else {}
    sender = get_connection(fail_silently=False, **options)
    try:
        sender.open()
        sender.close()
    except OSError as trouble:  # smtplib's errors are children of it
        yield problem("mail server", f"It does not take mails: {trouble}", "Correct EMAIL_URL, or start the server.")
    else:
        yield ok("mail server", f"{getattr(settings, 'EMAIL_HOST', settings.EMAIL_BACKEND)} takes mails.")


def site() -> Iterator[Finding]:
    """By its own address, as people reach it: through name server, proxy and certificate."""
    way = Http(private_origins=frozenset({settings.SITE_URL}), deadline=5.0, label=settings.SITE_URL)
    try:
        way.call("GET", f"{settings.SITE_URL}/healthz", headers={"Accept": "*/*"}, writes=False)
    except PublishingError as trouble:
        told = f"The site does not answer at its own address, asked from here. {trouble}"
        yield warning("site", told, f"Start it ({settings.START_COMMAND}), or correct SITE_URL and the proxy.")
    else:
        yield ok("site", f"It answers at {settings.SITE_URL}.")


def outside() -> Iterator[Finding]:
    about = "watched from outside"
    if settings.WATCHDOG_URL:
        yield ok(about, "A dead-man's switch is called every minute while all is well.")
    elif settings.HTTPS:
        told = "Nobody outside notices when this machine, or its database, is gone."
        yield warning(about, told, "Set WATCHDOG_URL to a dead-man's switch, see docs/running.md.")
    else:
        yield ok(about, "No dead-man's switch is set.")
    yield ok(about, "/metrics is there for Prometheus." if settings.METRICS_TOKEN else "/metrics is off.")
    yield ok(about, "Errors go to Sentry." if settings.SENTRY_DSN else "Errors go to the log only.")
