"""Keys are made once, kept, and readable by their owner only."""

import subprocess
import sys
from pathlib import Path

from blogscheduler.keys import kept_secret

MAKE_ONE = """
import secrets, sys
from pathlib import Path
from blogscheduler.keys import kept_secret
sys.stdin.readline()
print(kept_secret(Path(sys.argv[1]), lambda: secrets.token_hex(16)))
"""


def test_a_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret.key"

    first = kept_secret(path, lambda: "made at first")
    second = kept_secret(path, lambda: "made later")

    assert first == second == "made at first"


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"

    kept_secret(path, lambda: "hush")

    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["secret.key"]  # and no draft is left behind


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MAKE_ONE, str(tmp_path / "secret.key")]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    for process in processes:  # each waits for this line, so that all of them begin together
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

    told = {process.communicate(timeout=30)[0].strip() for process in processes}

    assert told == {(tmp_path / "secret.key").read_text().strip()}
