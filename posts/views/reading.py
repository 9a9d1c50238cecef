"""A text as people read it: below its title, without what only machines want."""

from __future__ import annotations

import re

from publishers.markdown import drop_title, strip_front_matter, to_html


def as_read(text: str, title: str) -> str:
    """HTML of the text below its title: headings go one step down, because the page has a first one already."""
    html = to_html(drop_title(strip_front_matter(text), title))
    return re.sub(r"<(/?)h([1-5])\b", lambda found: f"<{found[1]}h{int(found[2]) + 1}", html)
