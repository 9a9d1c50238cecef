"""One measure on one database, in a process of its own: `python -m bench.measuring NAME OPTIONS.json RESULT.json`.

`bench.__main__` starts it, for PostgreSQL within `scripts/postgres`.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.house import IN_FLIGHT

# As they are by themselves, whatever stands in the environment or in .env.
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "blogscheduler.settings",
    "DEBUG": "0",
    "SITE_URL": "http://127.0.0.1:8000",
    "ALLOWED_HOSTS": "127.0.0.1,localhost",
    "TRUSTED_PROXIES": "0",
    "SECRET_KEY": "",
    "FIELD_ENCRYPTION_KEYS": "",
    "EMAIL_URL": "",
    "SHOW_MAIL": "0",
    "SANDBOX_URL": "",
    "WATCHDOG_URL": "",
    "METRICS_TOKEN": "",
    "SENTRY_DSN": "",
    "LOG_LEVEL": "WARNING",
    # The platform of the benchmark has no limits, and what is due is not to be spread.
    "PACE": "0",
    "CATCH_UP_SECONDS": "0",
    # Its pages are nobody's pages. The proof's row is written with each publication; its first look is a day away.
    "PAGE_SECONDS": "86400",
    "PUBLISH_THREADS": str(IN_FLIGHT),
}


def main(name: str, options_path: Path, result_path: Path) -> None:
    told = json.loads(options_path.read_text(encoding="utf-8"))
    place = Path(told["place"])
    if told["database"] == "sqlite":
        os.environ["DATABASE_URL"] = f"sqlite:///{place}/db.sqlite3"
    else:
        os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
    os.environ.update(SETTINGS, DATA_DIR=str(place), STATIC_ROOT=f"{place}/static", SITES_DIR=f"{place}/sites")
    import django

    django.setup()
    from bench import material, measures
    from bench.figures import as_json
    from bench.options import Options

    profile = told.pop("profile")
    several = {name: tuple(told.pop(name)) for name in ("delays", "contrasts")}
    options = Options(**{**told, **several, "place": place, "profile": Path(profile) if profile else None})
    material.prepare_database()
    machine = {**versions(), "ms_per_commit": round(material.seconds_per_commit() * 1000, 3)}
    figures = [replace(figure, database=options.database) for figure in measures.named(name).measure(options)]
    result = {"machine": machine, "figures": as_json(figures)}
    result_path.write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")


def versions() -> dict[str, Any]:
    import celery
    import django
    import requests
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
        [server] = cursor.fetchone()
        cursor.execute("PRAGMA synchronous" if connection.vendor == "sqlite" else "SHOW fsync")
        [durable] = cursor.fetchone()
    return {
        "python": platform.python_version(),
        "django": django.__version__,
        "celery": celery.__version__,
        "requests": requests.__version__,
        connection.vendor: server,
        f"{connection.vendor} {'synchronous' if connection.vendor == 'sqlite' else 'fsync'}": durable,
    }


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
