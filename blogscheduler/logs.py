"""How every process writes its log: one line a record, plain or JSON, without secrets, and saying what it is about.

    with logs.about(workspace=3, delivery=7, attempt=2):
        log.warning("The platform asks us to wait")      # … [workspace=3 delivery=7 attempt=2]

What a line is about belongs to its thread: a pool's thread begins with nothing and says it anew.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json import dumps
from types import MappingProxyType
from typing import Any

from blogscheduler.scrubbing import scrub

FORMATS = ("plain", "json")


@dataclass(frozen=True)
class Matter:
    """What the lines of this thread are about, and secrets that must not stand in them."""

    ids: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def and_also(self, ids: Mapping[str, object], secrets: Iterable[object] = ()) -> Matter:
        known = {name: value for name, value in ids.items() if value is not None}
        return Matter({**self.ids, **known}, (*self.secrets, *(str(secret) for secret in secrets if secret)))


NOTHING = Matter()
_matter: ContextVar[Matter] = ContextVar("matter", default=NOTHING)


@contextmanager
def about(*, secrets: Iterable[object] = (), **ids: object) -> Iterator[None]:
    """Lines written inside, by this thread, name these ids and hide these secrets. Blocks within add theirs."""
    before = _matter.set(_matter.get().and_also(ids, secrets))
    try:
        yield
    finally:
        _matter.reset(before)


def also(**ids: object) -> None:
    """Something more that the present block is about, known only now; it is forgotten where the block ends."""
    _matter.set(_matter.get().and_also(ids))


def begin(**ids: object) -> None:
    """A new piece of work on a thread that has done others before: these ids, and nothing of what was."""
    _matter.set(NOTHING.and_also(ids))


def current() -> Mapping[str, object]:
    """What lines of this thread are about right now."""
    return _matter.get().ids


def clean(text: str) -> str:
    """``text`` without the secrets of this installation and of the present block."""
    return scrub(text, _matter.get().secrets)


class Plain(logging.Formatter):
    """For people: ``2026-11-24 09:00:00,012 WARNING posts.engine.ledger: … [delivery=7 attempt=2]``."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:
        ids = " ".join(f"{name}={value}" for name, value in current().items())
        return super().formatMessage(record) + (f" [{ids}]" if ids else "")

    def format(self, record: logging.LogRecord) -> str:
        return clean(super().format(record))


class Json(logging.Formatter):
    """For machines: one JSON object a line. What libraries put on a record stays out: nobody knows what it holds."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": clean(record.getMessage()),
            "process": record.process,
            "thread": record.threadName,
            **current(),
        }
        if record.exc_info:
            line["exception"] = clean(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = clean(self.formatStack(record.stack_info))
        return dumps(line, ensure_ascii=False, default=str)


def configuration(form: str, level: str) -> dict[str, Any]:
    """The argument of ``logging.config.dictConfig``: the same for web, worker, beat and commands."""
    quiet = {"level": "WARNING"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {"()": "blogscheduler.logs.Plain"},
            "json": {"()": "blogscheduler.logs.Json"},
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": form if form in FORMATS else "plain",  # a check names what is neither
                "stream": sys.stderr,
            }
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django": {"level": "INFO", "handlers": ["console"], "propagate": False},
            # One line per bell is noise: the deliveries themselves are logged by posts.
            "celery": quiet,
            "kombu": quiet,
            "django_celery_beat": quiet,
        },
    }
