"""Install the package in ``postcard`` into a folder, as pip does, without a network and without a build."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

SOURCE = Path(__file__).parent / "postcard"


def install(target: Path, **entry_points: str) -> Path:
    """Its module and its dist-info below ``target``, which is then put on the path. Returns ``target``.

    ``entry_points`` are its own unless others are given, such as ``postcard="postcard:Nothing"``.
    """
    project = tomllib.loads((SOURCE / "pyproject.toml").read_text())["project"]
    group = "blogscheduler.publishers"
    points = entry_points or project["entry-points"][group]
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(SOURCE / "postcard.py", target)
    info = target / f"blogscheduler_postcard-{project['version']}.dist-info"
    info.mkdir(exist_ok=True)
    metadata = {"Metadata-Version": "2.1", "Name": project["name"], "Version": project["version"]}
    (info / "METADATA").write_text("".join(f"{name}: {value}\n" for name, value in metadata.items()))
    lines = [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return target
