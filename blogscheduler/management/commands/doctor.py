"""Look at everything that publishing needs; every finding says what to do."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from blogscheduler.watch.doctor import Finding, Level, examine

RANK = list(Level)


class Command(BaseCommand):
    help = "Look at everything that publishing needs. Exit code 0: nothing is wrong; 1: something is, and what to do."
    requires_system_checks: list[str] = []  # they are among what it looks at

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object, for programs")
        parser.add_argument(
            "--fail-level",
            choices=[Level.WARNING.value, Level.PROBLEM.value],
            default=Level.PROBLEM.value,
            help="from which findings on the exit code is 1 (problem)",
        )

    def handle(self, *args: Any, fail_level: str, **options: Any) -> None:
        findings: list[Finding] = []
        for finding in examine():
            findings.append(finding)
            if not options["json"]:
                self.say(finding)
        worst = max((finding.level for finding in findings), key=RANK.index)
        counts = {level: sum(finding.level == level for finding in findings) for level in Level}
        if options["json"]:
            answer = {"worst": worst, "findings": [asdict(finding) for finding in findings]}
            self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2))
        else:
            self.stdout.write("\n" + ", ".join(f"{level.value}: {counts[level]}" for level in reversed(RANK)))
        if RANK.index(worst) >= RANK.index(Level(fail_level)):
            raise SystemExit(1)

    def say(self, finding: Finding) -> None:
        paint = {Level.OK: self.style.SUCCESS, Level.WARNING: self.style.WARNING, Level.PROBLEM: self.style.ERROR}
        level = paint[finding.level](f"{finding.level.value:<8}")
        self.stdout.write(f"{level} {finding.about:<21} {finding.told}")
        if finding.remedy:
            self.stdout.write(f"{'':<30} → {finding.remedy}")
        self.stdout.flush()
