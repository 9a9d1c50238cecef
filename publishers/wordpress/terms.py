"""Tags and categories, which a post names by number: found by name, or made."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from html import escape, unescape
from typing import Any

from publishers.errors import Rejected
from publishers.http import Answer
from publishers.wordpress import answers
from publishers.wordpress.site import Site

KINDS = {"tags": "tag", "categories": "category"}
PER_PAGE = 100


def ids_of(site: Site, kind: str, names: Sequence[str]) -> list[int]:
    """The numbers of the terms of these names, in their order. ``kind`` is "tags" or "categories".

    One look for all of them by the slug that each is likely to have; what is not there is searched by its name, and
    made when it is nowhere. Raises Rejected where this account may not make one.
    """
    if not names:
        return []
    slugs = ",".join(slug_of(name) for name in names)
    known = _numbers(site.get(f"wp/v2/{kind}", slug=slugs, per_page=PER_PAGE, _fields="id,name"))
    found = [known.get(_plain(name)) or _searched(site, kind, name) or _made(site, kind, name) for name in names]
    return list(dict.fromkeys(found))


def _searched(site: Site, kind: str, name: str) -> int | None:
    html = escape(name, quote=False)  # it is kept, and searched, as HTML
    return _numbers(site.get(f"wp/v2/{kind}", search=html, per_page=PER_PAGE, _fields="id,name")).get(_plain(name))


def _made(site: Site, kind: str, name: str) -> int:
    answer = site.prepare(f"wp/v2/{kind}", {"name": name}, accept=(400, 403))
    if answer.status < 300:
        number = answers.data_of(answer).get("id")
    elif answers.code_of(answer) == "term_exists":  # somebody was quicker, or it is spelt so that a search misses it
        details = answers.data_of(answer).get("data")
        number = details.get("term_id") if isinstance(details, dict) else None
    elif answer.status == 403 and answers.code_of(answer):
        words = f"WordPress does not know the {KINDS[kind]} “{name}”, and this account may not make one"
        raise Rejected(f"{words}: {answers.words_of(answer)}.")
    else:
        raise answers.writing(answer) or Rejected(f"WordPress did not take the {KINDS[kind]} “{name}”.")
    if not isinstance(number, int):
        raise Rejected(f"WordPress took the {KINDS[kind]} “{name}” without saying its number.")
    return number


def _numbers(answer: Answer) -> dict[str, int]:
    """By name, as people compare names: WordPress answers them as HTML."""
    items: Any = answer.json()
    if not isinstance(items, list):
        raise answer.unclear("WordPress answered with something else than a list")
    return {_plain(unescape(str(item.get("name")))): item["id"] for item in items if isinstance(item.get("id"), int)}


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def slug_of(name: str) -> str:
    """One word for a list of slugs: WordPress makes of each what it makes of the name of a new term."""
    return re.sub(r"[\s,]+", "-", name.lower())
