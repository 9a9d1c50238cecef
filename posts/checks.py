"""System checks: an installed publisher that cannot be used is named, and keeps nobody else from publishing."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Warning, register

import publishers


@register()
def installed_publishers_can_be_used(**_: Any) -> list[CheckMessage]:
    return [
        Warning(f"{trouble.told} (package {trouble.package})", hint=trouble.remedy, id="blogscheduler.W010")
        for trouble in publishers.NOT_JOINED
    ]
