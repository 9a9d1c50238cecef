"""Tags and categories, which a post names by number: found by name, or made."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from html import escape, unescape
from typing import Any

from publishers.errors import Rejected
from publishers.http import Answer
from publishers.platforms.wordpress import answers
from publishers.platforms.wordpress.site import Site

KINDS = {"tags": "tag", "categories": "category"}
TAXONOMIES = {"post_tag": "tags", "category": "categories"}
PER_PAGE = 100
Known = Mapping[str, dict[str, int]]  # by kind, then by name


def ids_of(site: Site, kind: str, names: Sequence[str], known: Known) -> list[int]:
    """The numbers of the terms of these names, in their order. ``kind`` is "tags" or "categories".

    What is not ``known`` is looked up: one look for all of them by the slug that each is likely to have; what is not
    there is searched by its name, and made when it is nowhere. Raises Rejected where this account may not make one.
    """
    numbers = known.get(kind, {})
    if missing := [name for name in names if _plain(name) not in numbers]:
        slugs = ",".join(slug_of(name) for name in missing)
        answer = site.get(f"wp/v2/{kind}", slug=slugs, per_page=PER_PAGE, _fields="id,name")
        numbers = numbers | _numbers(answer, answer.json())
    found = [numbers.get(_plain(name)) or _searched(site, kind, name) or _made(site, kind, name) for name in names]
    return list(dict.fromkeys(found))


def _searched(site: Site, kind: str, name: str) -> int | None:
    html = escape(name, quote=False)  # it is kept, and searched, as HTML
    answer = site.get(f"wp/v2/{kind}", search=html, per_page=PER_PAGE, _fields="id,name")
    return _numbers(answer, answer.json()).get(_plain(name))


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


def of_post(post: Mapping[str, Any]) -> Known:
    """The terms that a post has already, where its answer holds them: most often these are those that are wanted."""
    embedded = post.get("_embedded")
    lists = embedded.get("wp:term") if isinstance(embedded, dict) else None
    found: dict[str, dict[str, int]] = {kind: {} for kind in KINDS}
    for term in (term for terms in lists or [] if isinstance(terms, list) for term in terms):
        if isinstance(term, dict) and (kind := TAXONOMIES.get(str(term.get("taxonomy")))):
            found[kind] |= _by_name([term])
    return found


def _numbers(answer: Answer, items: Any) -> dict[str, int]:
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise answer.unclear("WordPress answered with something else than a list")
    return _by_name(items)


def _by_name(items: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """As people compare names: WordPress answers them as HTML."""
    return {_plain(unescape(str(item.get("name")))): item["id"] for item in items if isinstance(item.get("id"), int)}


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def slug_of(name: str) -> str:
    """One word for a list of slugs: WordPress makes of each what it makes of the name of a new term."""
    return re.sub(r"[\s,]+", "-", name.lower())
