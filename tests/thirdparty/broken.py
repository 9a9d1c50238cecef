"""Publishers with a mistake each."""

from __future__ import annotations

from typing import Any, ClassVar

from publishers.platforms.folder import Folder


class NoName(Folder):
    name: ClassVar[Any] = None


class LongName(Folder):
    name = "a-name-of-more-than-thirty-letters"


class NoLabel(Folder):
    name = "no-label"
    label = " "


class NoForm(Folder):
    name = "no-form"
    settings_form: ClassVar[Any] = dict


class OddLimits(Folder):
    name = "odd-limits"
    limits: ClassVar[Any] = {"title": 80}
