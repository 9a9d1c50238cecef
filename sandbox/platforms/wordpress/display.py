"""What WordPress does to a text: when it is saved, by the author's role, and when it is shown.

As WordPress 6.7 was seen to do it, 2026.
"""

import html
import re
import unicodedata
from urllib.parse import quote, unquote

import nh3

SHORTCODES = ("gallery", "caption", "wp_caption", "audio", "video", "playlist", "embed")
"""Those that every site knows; plugins add their own."""
_SHORTCODE = re.compile(rf"\[(\[?)/?(?:{'|'.join(SHORTCODES)})(?![\w-])[^\[\]]*\](\]?)")
_ENTITY = re.compile(r"&#(\d+);")
_BARE_ADDRESS = re.compile(r"^(\s*)(https?://[^\s<>\"]+)(\s*)$", re.MULTILINE)

CUT_OUT = {"script", "style", "iframe", "form", "input", "select", "object", "embed", "svg", "math", "canvas"}
"""Some of what is cut out of the texts of people without the right "unfiltered_html"."""
STAYS = nh3.ALLOWED_TAGS | {
    "section", "figure", "figcaption", "details", "summary", "button", "textarea", "label", "fieldset", "legend",
    "audio", "video", "track", "main", "font", "big", "address",
}  # fmt: skip
ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()} | {
    "*": {"class", "id", "style", "title", "lang", "dir", "role", "hidden"},
    "a": {"href", "rel", "target", "name"},
    "img": {"src", "alt", "width", "height", "loading"},
}


def filtered(content: str) -> str:
    """What is kept of a text by somebody who may not write any HTML: comments and tables stay.

    So do entities by number, which get three digits.
    """
    kept = nh3.clean(
        _ENTITY.sub("\ue000\\1;", content), tags=STAYS, attributes=ATTRIBUTES, strip_comments=False, link_rel=None,
        clean_content_tags={"script", "style"},
    )  # fmt: skip
    return re.sub("\ue000(\\d+);", lambda found: f"&#{int(found[1]):03d};", kept)


def rendered(content: str) -> str:
    """A text as its readers get it, still with whatever HTML it has."""
    text = content if "<!-- wp:" in content else _with_paragraphs(content)
    text = re.sub(r"<!-- /?wp:[^>]*-->\n?", "", text)
    text = _SHORTCODE.sub(_carried_out, text)
    return _BARE_ADDRESS.sub(r'\1<p><a href="\2">\2</a></p>\3', text)


def _carried_out(found: re.Match[str]) -> str:
    """Nothing is left of a shortcode; one in double brackets is shown in single ones."""
    return found[0][1:-1] if found[1] and found[2] else "<!-- a shortcode was here -->"


def _with_paragraphs(content: str) -> str:
    """Without blocks every line end is a break, and every empty line a paragraph."""
    paragraphs = [part.strip().replace("\n", "<br />\n") for part in re.split(r"\n\s*\n", content)]
    return "\n".join(part if part.startswith("<") else f"<p>{part}</p>" for part in paragraphs if part)


def for_page(content: str) -> str:
    """The same, safe to show on a page of the sandbox."""
    return nh3.clean(rendered(content), tags=STAYS, attributes=ATTRIBUTES, link_rel=None)


def text_of(title: str) -> str:
    """A title, which is HTML, as people read it."""
    return html.unescape(re.sub(r"<[^>]*>", "", title))


def slug_of(words: str) -> str:
    """What is made of a title or a wish for an address: 200 signs at most, letters of other scripts percent-encoded."""
    whole = unicodedata.normalize("NFKD", unquote(text_of(words)).lower().replace("ß", "s"))
    letters = unicodedata.normalize("NFC", "".join(sign for sign in whole if not unicodedata.combining(sign)))
    coded = quote(re.sub(r"[./\s]+", "-", letters), safe="-_").lower()
    plain = re.sub(r"%(?:[0-7][0-9a-f])", "", coded)  # signs that are no letters
    return re.sub(r"-+", "-", plain).strip("-")[:200]
