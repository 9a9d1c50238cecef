"""What is measured, one module each: ``measure(options)`` returns its figures for one database."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from bench.figures import Figure
from bench.options import Options

# In the order of the table. Their modules need Django set up, so they are imported when they are run.
NAMES = ("throughput", "due_query", "lateness", "crowd", "bell", "pages")
ON_DEMAND = ("soak",)  # too long for the table


class Measure(Protocol):
    def measure(self, options: Options) -> list[Figure]: ...


def named(name: str) -> Measure:
    return cast(Measure, import_module(f"bench.measures.{name}"))
