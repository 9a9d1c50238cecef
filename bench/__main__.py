"""`python -m bench`: every row on every database that is here, one after the other, and the tables of it."""

from __future__ import annotations

import argparse
import json
import os
import platform
import pstats
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.figures import DATABASES, Figure, as_json, contrasts_table, from_json, goals_table
from bench.house import ROOT
from bench.measures import NAMES, ON_DEMAND
from bench.options import Options

RESULTS = ROOT / "var" / "bench"
DOCS = ROOT / "docs"
# Between these two lines docs/performance.md shows the last run that was kept.
BEGIN, END = "<!-- the last run -->", "<!-- the end of the last run -->"
POSTGRES = ROOT / "scripts" / "postgres"


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was begun is cleaned up
    told = arguments()
    databases = told.database or available_databases()
    measures = told.only or list(NAMES)
    started = time.monotonic()
    run: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **machine(), "quick": told.quick}
    figures: list[Figure] = []
    failed: list[str] = []
    for name in measures:
        for database in databases:
            say(f"== {name}, {DATABASES[database]}")
            begun = time.monotonic()
            result = measured(name, database, told)
            if result is None:
                failed.append(f"{name} on {DATABASES[database]}")
                continue
            figures += from_json(result["figures"])
            run.setdefault("machine", {}).update(result["machine"] | {
                f"ms per durable commit, {database}": result["machine"]["ms_per_commit"]
            })  # fmt: skip
            say(f"   {time.monotonic() - begun:.0f} s")
    run["machine"] = {key: value for key, value in run.get("machine", {}).items() if key != "ms_per_commit"}
    run["minutes"] = round((time.monotonic() - started) / 60, 1)
    run["failed"] = failed
    report(figures, run, told)
    return 1 if failed else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=(*NAMES, *ON_DEMAND), help="these rows instead of all")
    parser.add_argument("--database", nargs="+", choices=DATABASES, help="instead of all that are here")
    parser.add_argument("--quick", action="store_true", help="a few minutes: too short for the tails")
    parser.add_argument("--rounds", type=int, help="pairs of which the median counts")
    parser.add_argument("--seconds", type=float, help="how long one turn of the throughput lasts about")
    parser.add_argument("--minutes", type=float, help="of the soak: --only soak")
    parser.add_argument("--delay", type=float, nargs="+", help="seconds that the platform takes, such as 0.2 0.05")
    parser.add_argument("--no-contrasts", action="store_true", help="without the ways of Celery alone")
    parser.add_argument("--profile", type=Path, help="write a cProfile of the drain's thread here (throughput)")
    parser.add_argument("--json", type=Path, help="where the figures go; else into var/bench")
    parser.add_argument("--keep", action="store_true", help="show this run in docs/performance.md")
    return parser.parse_args()


def available_databases() -> list[str]:
    if subprocess.run([POSTGRES, "--available"], capture_output=True, check=False).returncode == 0:
        return list(DATABASES)
    say("There is no initdb here: PostgreSQL is not installed, and its column is missing.")
    return ["sqlite"]


def measured(name: str, database: str, told: argparse.Namespace) -> dict[str, Any] | None:
    """The result of one measure on one database; None when it failed, which has been said."""
    (ROOT / "var").mkdir(exist_ok=True)
    # Below var/ and not in /tmp: that may be in memory, where nothing costs what it costs on a disk.
    with tempfile.TemporaryDirectory(dir=ROOT / "var", prefix="bench-") as folder:
        place = Path(folder)
        options = place / "options.json"
        options.write_text(json.dumps(asdict(options_for(place, database, told)), default=str), encoding="utf-8")
        result = place / "result.json"
        command = [sys.executable, "-m", "bench.measuring", name, str(options), str(result)]
        if database == "postgresql":
            command = [str(POSTGRES), "--durable", *command]
        if run_to_its_end(command) == 0:
            return dict(json.loads(result.read_text(encoding="utf-8")))
        kept = RESULTS / f"failed-{name}-{database}"
        kept.mkdir(parents=True, exist_ok=True)
        for log in place.glob("*.log"):
            (kept / log.name).write_bytes(log.read_bytes())
        say(f"   It failed; the logs of its processes are in {kept.relative_to(ROOT)}")
        return None


def run_to_its_end(command: list[str]) -> int:
    """The exit code. Whoever ends this ends all of it: the command, its database, its processes."""
    child = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONWARNINGS": "ignore"}, start_new_session=True)
    try:
        return child.wait()
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGTERM)
            child.wait()


def options_for(place: Path, database: str, told: argparse.Namespace) -> Options:
    options = Options(place, database)
    if told.quick:
        options = options.quick()
    changes = {
        "rounds": told.rounds,
        "seconds": told.seconds,
        "soak": told.minutes * 60 if told.minutes else None,
        "delays": tuple(told.delay) if told.delay else None,
        "profile": told.profile.resolve() if told.profile else None,
        "contrasts": () if told.no_contrasts else None,
    }
    if told.profile:
        changes["contrasts"] = ()
    return replace(options, **{name: value for name, value in changes.items() if value is not None})


def machine() -> dict[str, Any]:
    models = [line for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if "model name" in line]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return {
        "processors": os.cpu_count(),
        "processor": models[0].partition(":")[2].strip() if models else platform.machine(),
        "system": platform.system() + " " + platform.release(),
        "commit": commit.stdout.strip(),
    }


def report(figures: list[Figure], run: dict[str, Any], told: argparse.Namespace) -> None:
    text = in_words(figures, run)
    print(f"\n{text}")
    path = told.json or RESULTS / f"{run['at'][:19].replace(':', '')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, figures, run)
    say(f"Every turn and every sample of it: {path}")
    if told.keep:
        write_json(DOCS / "performance.json", [replace(figure, detail={}) for figure in figures], run)
        page = DOCS / "performance.md"
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        page.write_text(f"{before}{BEGIN}\n{text}{END}{rest.partition(END)[2]}", encoding="utf-8")
        say(f"It is shown in {page.relative_to(ROOT)}")
    if told.profile and told.profile.exists():
        pstats.Stats(str(told.profile)).sort_stats("tottime").print_stats(30)


def in_words(figures: list[Figure], run: dict[str, Any]) -> str:
    """The tables, and on what they were measured."""
    tables = [goals_table(figures)] if any(figure.has_goal for figure in figures) else []
    tables += [text for base in DATABASES if (text := contrasts_table(figures, base))]
    machine = ", ".join(f"{name} {value}" for name, value in run["machine"].items())
    where = f"{run['processors']} processors ({run['processor']}), {run['system']}; {machine}."
    when = f"Measured on {run['at'][:16].replace('T', ' ')} UTC at commit {run['commit']} in {run['minutes']} minutes"
    how = " by a quick run, too short for the tails" if run["quick"] else ""
    failed = f"\nFailed: {', '.join(run['failed'])}.\n" if run["failed"] else ""
    return "\n\n".join([*tables, f"{when}{how}: {where}"]) + f"\n{failed}"


def write_json(path: Path, figures: list[Figure], run: dict[str, Any]) -> None:
    told = {"run": run, "figures": as_json(figures)}
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
