"""A text as people read it: below its title, without what only machines want."""

from __future__ import annotations

import re

from publishers.markdown import clean, drop_title, strip_front_matter, to_html


def as_read(text: str, title: str) -> str:
    """HTML of the text below its title: headings go one step down, because the page has a first one already."""
    return _one_step_down(to_html(drop_title(strip_front_matter(text), title)))


def below_title(html: str) -> str:
    """Anybody's HTML as a part of our page."""
    return _one_step_down(clean(html))


def _one_step_down(html: str) -> str:
    return re.sub(r"<(/?)h([1-5])\b", lambda found: f"<{found[1]}h{int(found[2]) + 1}", html)
