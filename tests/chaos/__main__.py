"""``python -m tests.chaos``, or ``make chaos``: the rows of the table one after the other, and the table.

Ends with status 1 when a promise was broken, and says which, with the seed and the story of the post.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from tests.chaos import clock, table
from tests.chaos.databases import KINDS, Database, available, make_template, small_disk
from tests.chaos.faults import BY_NAME, FAULTS, MIXED, MIXED_WEIGHT
from tests.chaos.stage import Order
from tests.real.house import ROOT, free_port

FIXED = 28.0  # seconds that a row takes beside the posts flowing in: starting, healing, the end
SHORTEST = 10.0  # seconds of posts flowing in
STORIES = 3  # of broken promises that are printed for each row
EARLIER = "8a1e901"  # the commit whose code works beside the present one
PYTHON = "import django; django.setup(); from tests.chaos.row import main; main()"


class Skipped(Exception):
    """This row cannot be played here; ``str()`` says why."""


def main() -> None:
    asked = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    names = asked.faults.split(",") if asked.faults else [*BY_NAME, MIXED]
    if unknown := set(names) - {*BY_NAME, MIXED}:
        sys.exit(f"There is no fault {min(unknown)}. There are: {', '.join([*BY_NAME, MIXED])}.")
    wanted = list(KINDS) if asked.database == "both" else [asked.database]
    databases = [database for database in wanted if available(database)]
    if not databases:
        sys.exit("PostgreSQL is not installed here: there is no initdb.")
    place = Path(tempfile.mkdtemp(prefix="chaos-"))
    place.chmod(0o755)  # PostgreSQL serves as somebody else
    run = Run(place, asked)
    run.skipped += [f"everything on {database}, which is not installed" for database in set(wanted) - set(databases)]
    plan = [
        (database, name)
        for database in databases
        for name in names
        if name == MIXED or database in BY_NAME[name].databases
    ]
    print(f"Seed {asked.seed}; {len(plan)} rows, about {asked.minutes:g} minutes; everything is in {place}", flush=True)
    begin = time.monotonic()
    rows = run.play(plan)
    minutes = (time.monotonic() - begin) / 60
    about = _about(asked.seed, minutes, run.skipped)
    text = table.markdown(rows, about)
    document = {"about": about, "seed": asked.seed, "minutes": round(minutes, 1), "total": table.total(rows),
                "skipped": run.skipped, "rows": rows}  # fmt: skip
    _write(text, document, asked.out, asked.publish)
    print(text)
    if failed := [row for row in rows if row["broken"]]:
        for row in failed:
            print(f"\n== {row['fault']} on {row['database']}, seed {row['seed']}; logs are in {row['place']}")
            print("\n\n".join(row["broken"][:STORIES]))
            print(f"\n{len(row['broken'])} posts in all; all stories are in {row['place']}/result.json")
        sys.exit(1)
    if run.failed:
        sys.exit(1)
    if not asked.keep:
        shutil.rmtree(place, ignore_errors=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Seeded chaos with the real parts.")
    parser.add_argument("--minutes", type=float, default=25, help="how long the whole may take, about")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--database", choices=[*KINDS, "both"], default="both")
    parser.add_argument("--faults", default="", help="names with commas between them; all when left out")
    parser.add_argument("--rate", type=float, default=12, help="posts a second")
    parser.add_argument("--jobs", type=int, default=2, help="rows at the same time")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "chaos", help="where the table goes")
    parser.add_argument("--earlier", default=EARLIER, metavar="COMMIT", help="whose code works beside the present one")
    parser.add_argument("--keep", action="store_true", help="keep the databases and logs of a run that went well")
    parser.add_argument("--publish", action="store_true", help="write the table into docs/reliability.md")
    return parser.parse_args()


def _about(seed: int, minutes: float, skipped: list[str]) -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout
    words = (
        f"Run of {datetime.now(UTC):%-d %B %Y}: seed {seed}, {minutes:.0f} minutes, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}{f', commit {commit.strip()}' if commit else ''}."
    )
    return " ".join([words, *(f"Left out: {one}." for one in skipped)])


def _write(text: str, document: dict[str, Any], folder: Path, publish: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reliability.md").write_text(text, encoding="utf-8")
    whole = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    (folder / "reliability.json").write_text(whole, encoding="utf-8")
    if publish:
        table.write_into(ROOT / "docs" / "reliability.md", text)
        (ROOT / "docs" / "reliability.json").write_text(whole, encoding="utf-8")


class Run:
    """All rows of one command: templates are made once, each row has a folder of its own."""

    def __init__(self, place: Path, asked: argparse.Namespace) -> None:
        self.place = place
        self.asked = asked
        self.failed = False
        self.skipped: list[str] = []
        self._playing: set[subprocess.Popen[str]] = set()
        self._one_at_a_time = threading.Lock()
        self._keys = {
            "SECRET_KEY": "only-for-chaos-" + "x" * 50,
            "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        }
        self._templates: dict[str, Database] = {}
        self._old_code: Path | None = None

    def play(self, plan: list[tuple[str, str]]) -> list[dict[str, Any]]:
        """The rows in the order of the plan. The longest begin first, so that none is waited for at the end."""
        at_once = min(self.asked.jobs, len(plan))
        seconds = max(self.asked.minutes * 60 * at_once - FIXED * len(plan), 0)
        share = seconds / sum(_weight(name) for _, name in plan)
        with ThreadPoolExecutor(max_workers=at_once) as jobs:
            begun = {
                one: jobs.submit(self._try, *one, max(share * _weight(one[1]), _shortest(one[1])))
                for one in sorted(plan, key=lambda one: -_weight(one[1]))
            }
            try:
                wait(begun.values())
            except KeyboardInterrupt:
                jobs.shutdown(wait=False, cancel_futures=True)
                for process in self._playing:
                    process.send_signal(signal.SIGINT)  # it ends everything that it has started
                raise
        return [row for one in plan if (row := begun[one].result())]

    def _try(self, database: str, name: str, seconds: float) -> dict[str, Any] | None:
        try:
            row = self._row(database, name, seconds)
        except Skipped as why:
            self.skipped.append(f"`{name}` on {database}: {why}")
            print(f"{database:9} {name:17} left out: {why}", flush=True)
            return None
        except subprocess.CalledProcessError as end:
            self.failed = True
            print(f"{database:9} {name:17} FAILED: the harness itself.\n{end.stderr or 'See above.'}", flush=True)
            return None
        print(_short(row), flush=True)
        return row

    def _row(self, database: str, name: str, seconds: float) -> dict[str, Any]:
        fault = BY_NAME.get(name)
        place = self.place / f"{database}-{name}"
        (place / "logs").mkdir(parents=True)
        with self._one_at_a_time:
            old_code = self._earlier_code() if fault and fault.old_code else None
            template = self._template(database)
        wants_disk = name == MIXED or (fault is not None and fault.small_disk)
        with self._disk(place / "disk", template, wants_disk) as has_small_disk:
            if fault and fault.small_disk and not has_small_disk:
                raise Skipped("no small disk can be mounted here: that takes root")
            order = Order(
                place=str(place), database=database, fault=name, seed=f"{self.asked.seed} {database} {name}",
                seconds=seconds, posts_per_second=self.asked.rate, ports=(free_port(), free_port(), free_port()),
                without=() if has_small_disk else tuple(one.name for one in FAULTS if one.small_disk),
                old_code=str(old_code or ""), tolerance=fault.tolerance if fault else 0.0,
            )  # fmt: skip
            return self._play(order, template)

    def _play(self, order: Order, template: Database) -> dict[str, Any]:
        place = Path(order.place)
        database = type(template)(place / "disk" / "database", order.ports[0])
        template.copy_to(database.folder)
        clock.prepare(place / "clock")
        env = self._env(place) | order.times.env() | {
            "DATABASE_URL": database.url,
            "ALLOW_PRIVATE_TARGETS": f"http://127.0.0.1:{order.ports[2]}",
            "PYTHONPATH": str(clock.MOVED),
            clock.VARIABLE: str(place / "clock"),
        }  # fmt: skip
        command = [sys.executable, "-c", PYTHON, json.dumps(asdict(order))]
        with subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True) as process:
            self._playing.add(process)
            said = process.communicate()[1]
            self._playing.discard(process)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, stderr=said)
        row: dict[str, Any] = json.loads((place / "result.json").read_text())
        row["place"] = str(place)
        return row

    def _env(self, place: Path) -> dict[str, str]:
        """What every process finds, whatever the developer's own settings are."""
        return {
            **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")},
            **self._keys,
            "DJANGO_SETTINGS_MODULE": "blogscheduler.settings", "DATA_DIR": str(place / "data"),
            "SITES_DIR": str(place / "sites"), "SITE_URL": "http://127.0.0.1:8000", "DEBUG": "0", "EMAIL_URL": "",
            "TIME_ZONE": "UTC", "SANDBOX_URL": "", "ALLOWED_HOSTS": "127.0.0.1", "LOG_LEVEL": "INFO",
        }  # fmt: skip

    def _template(self, name: str) -> Database:
        if name not in self._templates:
            folder = self.place / "templates" / name
            self._templates[name] = make_template(KINDS[name], folder, free_port(), self._env(self.place))
        return self._templates[name]

    @contextmanager
    def _disk(self, folder: Path, template: Database, wanted: bool) -> Iterator[bool]:
        folder.mkdir(parents=True)
        if not wanted:
            yield False
            return
        with small_disk(folder, template.disk) as mounted:
            yield mounted

    def _earlier_code(self) -> Path:
        """The files of an earlier commit, in a folder of their own."""
        if self._old_code is None:
            folder = self.place / "earlier"
            folder.mkdir()
            archive = subprocess.run(["git", "archive", self.asked.earlier], cwd=ROOT, capture_output=True)
            if archive.returncode:
                raise Skipped(f"there is no commit {self.asked.earlier} here to take old code from")
            subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
            self._old_code = folder
        return self._old_code


def _weight(name: str) -> float:
    return MIXED_WEIGHT if name == MIXED else BY_NAME[name].weight


def _shortest(name: str) -> float:
    return SHORTEST if name == MIXED else max(SHORTEST, BY_NAME[name].shortest)


def _short(row: dict[str, Any]) -> str:
    broken = " ".join(f"{name} {row[name]}" for name in table.BROKEN if row[name]) or "well"
    return (
        f"{row['database']:9} {row['fault']:17} {row['seconds']:5.0f} s, {row['posts']:5} posts, "
        f"{row['strikes']:3} strikes, {row['kills']:3} kills, {row['uncertain']:3} uncertain, "
        f"{row['set_aside']:3} set aside: {broken}"
    )


if __name__ == "__main__":
    main()
