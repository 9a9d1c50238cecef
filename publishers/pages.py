"""A public page as its readers get it: is the article there, under its title, with the canonical link it was given?

Reading a page is pure; ``look`` fetches it first.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from html.parser import HTMLParser
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

from publishers.errors import PublishingError
from publishers.http import Answer, Http, Page

MISSING_STATUS = frozenset({404, 410})
PIECE = 16 * 1024  # characters parsed at a time: what is wanted is at the beginning
LONGEST_PIECE = 256 * 1024  # characters without a whole tag in them: nothing but a parser's misery can follow
SHORTEST_CUT = 20  # characters of a title cut by "…" that are enough to know it again
LONGEST_QUOTE = 200  # characters of a page's own words in a sentence for the author


class Outcome(StrEnum):
    THERE = "there"
    MISSING = "missing"
    DIFFERENT = "different"  # the address answers, but with something else than the article
    NOT_REACHED = "not_reached"  # which says nothing about the page


@dataclass(frozen=True)
class Wanted:
    """What should be on the page. ``title`` "" and ``canonical_url`` None are not looked for.

    ``canonical_url`` "" wants the page to name itself, or nothing. ``gone``: there should be no such page any more.
    """

    url: str
    title: str = ""
    canonical_url: str | None = None
    gone: bool = False  # it was taken back: THERE means that all is as it should be


@dataclass(frozen=True)
class Verdict:
    """What a look has shown. ``message`` is the sentence that the author reads."""

    outcome: Outcome
    message: str
    status: int | None = None
    passing: bool = False  # another look soon may well show something else
    wait: float | None = None  # seconds for which the host wants to be left alone


def look(http: Http, wanted: Wanted) -> Verdict:
    """Fetch the page and judge it. Whatever goes wrong on the way says nothing about the page."""
    try:
        return judge(wanted, http.page(wanted.url))
    except PublishingError as error:
        return Verdict(Outcome.NOT_REACHED, str(error), passing=True)


def judge(wanted: Wanted, page: Page) -> Verdict:
    """What this answer says about the article."""
    status = page.answer.status
    if wanted.gone and (status in MISSING_STATUS or 200 <= status < 300):
        return _judge_absence(wanted, page)
    if status in MISSING_STATUS:
        return Verdict(Outcome.MISSING, f"There is no page at its address ({status}).", status, passing=True)
    if not 200 <= status < 300:
        # Robots are sent away where readers are not: no reason to alarm anybody.
        refused = 400 <= status < 500 and status not in (408, 429)
        words = f"The page could not be looked at ({status})"
        message = f"{words}: have a look yourself." if refused else f"{words}."
        return Verdict(Outcome.NOT_REACHED, message, status, passing=not refused, wait=_asked_to_wait(page.answer))
    if _is_home(page.url) and not _is_home(wanted.url):
        message = f"Its address leads to the home page of {urlsplit(page.url).hostname}."
        return Verdict(Outcome.MISSING, message, status, passing=True)
    difference = _difference(wanted, page)
    if difference:
        return Verdict(Outcome.DIFFERENT, difference, status, passing=True)
    return Verdict(Outcome.THERE, _what_was_found(wanted), status)


def _judge_absence(wanted: Wanted, page: Page) -> Verdict:
    """What was taken back should not be there; another page may be."""
    status = page.answer.status
    if status in MISSING_STATUS:
        return Verdict(Outcome.THERE, f"There is no page at its address any more ({status}).", status)
    if _is_home(page.url) and not _is_home(wanted.url):
        return Verdict(Outcome.THERE, f"Its address leads to the home page of {urlsplit(page.url).hostname}.", status)
    if wanted.title and not has_title(wanted.title, contents(page.answer.text).titles):
        return Verdict(Outcome.THERE, "Its address answers, but not with this article any more.", status)
    return Verdict(Outcome.DIFFERENT, "Its page can still be read, although it was taken back.", status, passing=True)


def _asked_to_wait(answer: Answer) -> float | None:
    return answer.retry_after() if answer.status in (429, 503) else None


def _difference(wanted: Wanted, page: Page) -> str:
    """What is not as it should be, as a sentence; "" when all is well."""
    kind = page.answer.headers.get("content-type", "text/html").split(";")[0].strip().lower()
    if kind not in ("text/html", "application/xhtml+xml"):
        return f"Its address answers with {kind or 'something unnamed'}, which is no page."
    found = contents(page.answer.text, lambda so_far: so_far.knows_canonical and has_title(wanted.title, so_far.titles))
    if not has_title(wanted.title, found.titles):
        seen = f": it reads {_quoted(found.titles[0])}" if found.titles else ""
        if _address(page.url) != _address(wanted.url):
            return f"Its address leads to {_quoted(page.url)}, where its title is not{seen}."
        return f"The page answers, but its title is not there{seen}."
    return _canonical_trouble(wanted, page, found.canonical)


def _canonical_trouble(wanted: Wanted, page: Page, href: str) -> str:
    if wanted.canonical_url is None:
        return ""
    canonical = _joined(page.url, href) if href else ""
    if not wanted.canonical_url:
        own = not canonical or any(_names(canonical, url) for url in (wanted.url, page.url))
        return "" if own else f"The page is there, but its canonical link names another one: {_quoted(canonical)}."
    if not canonical:
        return f"The page is there, but without its canonical link to {_quoted(wanted.canonical_url)}."
    if _address(canonical) != _address(wanted.canonical_url):
        asked = _quoted(wanted.canonical_url)
        return f"The page is there, but its canonical link is {_quoted(canonical)} and not {asked}."
    return ""


def _what_was_found(wanted: Wanted) -> str:
    parts = ["its title"] if wanted.title else []
    parts += ["its canonical link"] if wanted.canonical_url else []
    return f"The page is there, with {' and '.join(parts)}." if parts else "The page is there."


def _quoted(words: str) -> str:
    line = " ".join(words.split())
    return f"“{line if len(line) <= LONGEST_QUOTE else line[: LONGEST_QUOTE - 1] + '…'}”"


# --- Titles ------------------------------------------------------------------------------------------------------


def has_title(wanted: str, titles: list[str]) -> bool:
    """Whether one of the titles has the wanted one in it, whatever was done to quotes, dashes, blanks and case.

    Sites put their name before or after it, and cut what is long.
    """
    words = _words(wanted)
    if not words:  # nothing but signs
        return any("".join(wanted.split()) in "".join(title.split()) for title in titles or [""])
    return any(f" {words} " in f" {_words(title)} " or _is_cut(title, words) for title in titles)


def _is_cut(title: str, words: str) -> bool:
    beginning = _words(title)
    is_long = len(beginning) >= SHORTEST_CUT
    return is_long and title.rstrip().endswith(("…", "...")) and words.startswith(beginning)


def _words(text: str) -> str:
    """Letters and digits only, in lower case, one blank between the words."""
    kept = (
        char if (category := unicodedata.category(char))[0] in "LMN" else "" if category == "Cf" else " "
        for char in unicodedata.normalize("NFKC", text)
    )  # fmt: skip
    return " ".join("".join(kept).casefold().split())


# --- Addresses ---------------------------------------------------------------------------------------------------


def _address(url: str) -> tuple[str, ...]:
    """What two addresses of one page have in common: not the scheme, "www.", a last slash, a fragment, a campaign."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").removeprefix("www."), parts.port
    except ValueError:
        return ("", "", url)
    query = [f"{name}={value}" for name, value in parse_qsl(parts.query, True) if not name.startswith("utm_")]
    return (host, str(port or ""), unquote(parts.path).rstrip("/"), *query)


def _names(canonical: str, url: str) -> bool:
    """Whether a canonical link is the page's own: the same address, or the same article on the blog's other host."""
    last = _address(url)[2].rpartition("/")[2]
    return _address(canonical) == _address(url) or _address(canonical)[2].rpartition("/")[2] == last != ""


def _is_home(url: str) -> bool:
    return not urlsplit(url).path.strip("/")


def _joined(base: str, href: str) -> str:
    try:
        return urljoin(base, href)
    except ValueError:
        return href


# --- HTML --------------------------------------------------------------------------------------------------------


@dataclass
class Contents:
    """The titles that a page gives itself (title, og:title, h1), and its canonical link, "" for none."""

    titles: list[str] = field(default_factory=list)
    canonical: str = ""
    head_is_over: bool = False

    @property
    def knows_canonical(self) -> bool:
        return bool(self.canonical) or self.head_is_over


def contents(html: str, enough: Callable[[Contents], bool] = lambda _: False) -> Contents:
    """Read a page, at most until there is ``enough``.

    The parser's ``close`` is never called: what it does with a broken end takes minutes for a page made to be broken.
    """
    reader = _Reader()
    for start in range(0, len(html), PIECE):
        reader.feed(html[start : start + PIECE])
        if enough(reader.found) or len(reader.rawdata) > LONGEST_PIECE:
            break
    return reader.found


class _Reader(HTMLParser):
    rawdata: str  # what was fed and is not parsed yet

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = Contents()
        self._inside = ""
        self._heard: list[str] = []
        self._has_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in reversed(attrs)}  # of doubled ones browsers take the first
        if tag == "body":
            self.found.head_is_over = True
        elif tag == "meta" and values.get("property", values.get("name", "")).lower() == "og:title":
            self._note(values.get("content", ""))
        elif tag == "link" and not self.found.knows_canonical and "canonical" in values.get("rel", "").lower().split():
            self.found.canonical = values.get("href", "").strip()
        elif tag == "h1" or (tag == "title" and not self._has_title):  # pictures in a text have titles, too
            self._inside, self._heard = tag, []

    def handle_data(self, data: str) -> None:
        if self._inside:
            self._heard.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "head":
            self.found.head_is_over = True
        elif tag == self._inside:
            self._inside = ""
            self._has_title |= tag == "title"
            self._note("".join(self._heard))

    def _note(self, title: str) -> None:
        if line := " ".join(title.split()):
            self.found.titles.append(line)
