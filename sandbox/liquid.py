"""The template language inside a Forem article: what is refused, and what a reader gets to see."""

import html
import re

# Forem wraps each of these in a raw block of its own before Liquid sees it, wherever it stands; raw blocks do not
# nest, so one by hand around code breaks. Indented code is not protected (Forem's Markdown parser, 2020-2026).
_CODE = re.compile(r"~{3}.*?~{3}|`{3}.*?`{3}|`{2}.+?`{2}|`.+?`", re.DOTALL)
_RAW = re.compile(r"\{%-?\s*raw\s*-?%\}(.*?)\{%-?\s*endraw\s*-?%\}", re.DOTALL)
_OPENING = re.compile(r"\{%|\{\{")
_TAG = re.compile(r"\{%-?\s*(\w*)\s*(.*?)-?%\}", re.DOTALL)
_ENDRAW = re.compile(r"\{%-?\s*endraw\s*-?%\}")
_ADDRESS = re.compile(r"https?://[^\s/]+\S*\Z")

BLOCKS = {"collapsible", "details", "katex", "runkit", "spoiler", "raw"}
"""Tags that must be closed by an `end…` tag."""

TAGS = BLOCKS | {
    "asciinema", "blogcast", "bluesky", "card", "codepen", "codesandbox", "comment", "cta", "devcomment",
    "dotnetfiddle", "embed", "forem", "gist", "github", "glitch", "huggingface", "instagram", "jsfiddle", "jsitor",
    "kotlin", "link", "listing", "loom", "medium", "nexttech", "org", "organization", "parler", "podcast", "poll",
    "post", "quiz", "reddit", "replit", "slideshare", "soundcloud", "speakerdeck", "spotify", "stackblitz",
    "stackery", "stackexchange", "stackoverflow", "tag", "tiktok", "tweet", "twitch", "twitter", "user",
    "user_subscription", "vimeo", "wikipedia", "youtube",
}  # fmt: skip
"""The tags a Forem knows (Forem source and editor guide, 2024-2026)."""


def problem(body: str) -> str | None:
    """The sentence with which Forem refuses the body, or None when it is fine."""
    if not _OPENING.search(body):
        return None
    text = _CODE.sub("{% raw %}{% endraw %}", body)
    open_blocks: list[str] = []
    at = 0
    while opening := _OPENING.search(text, at):
        if opening[0] == "{{":
            return _variable_problem(text, opening.start())
        tag = _TAG.match(text, opening.start())
        if not tag:
            return r"Liquid syntax error: Tag '{%' was not properly terminated with regexp: /\%\}/"
        if found := _tag_problem(tag[1], tag[2].strip(), open_blocks):
            return found
        at = tag.end()
        if tag[1] == "raw":
            end = _ENDRAW.search(text, at)
            if not end:
                break
            open_blocks.pop()
            at = end.end()
    return f"Liquid syntax error: '{open_blocks[-1]}' tag was never closed" if open_blocks else None


def _variable_problem(text: str, at: int) -> str:
    """Forem has no variables at all, but it minds the missing brackets first."""
    if text.find("}}", at) < 0:
        return r"Liquid syntax error: Variable '{{' was not properly terminated with regexp: /\}\}/"
    return "Liquid variables are disabled"


def _tag_problem(name: str, words: str, open_blocks: list[str]) -> str | None:
    if name.startswith("end") and open_blocks and name == f"end{open_blocks[-1]}":
        open_blocks.pop()
        return None
    if name not in TAGS:
        return f"Liquid syntax error: Unknown tag '{name}'"
    if name == "embed" and not _ADDRESS.match(words):
        return "Invalid URL"
    if name in BLOCKS:
        open_blocks.append(name)
    return None


def for_readers(body: str) -> str:
    """The body as Markdown without tags: raw blocks bare, embeds as links, everything in code untouched."""
    if not _OPENING.search(body):
        return body
    parts, at = [], 0
    for code in _CODE.finditer(body):
        parts += [_without_tags(body[at : code.start()]), code[0]]
        at = code.end()
    return "".join([*parts, _without_tags(body[at:])])


def _without_tags(text: str) -> str:
    parts = _RAW.split(text)  # prose, raw text, prose, raw text, …
    return "".join(part if number % 2 else _TAG.sub(_shown, part) for number, part in enumerate(parts))


def _shown(tag: re.Match[str]) -> str:
    address = tag[2].strip()
    return f'<a href="{html.escape(address)}">{html.escape(address)}</a>' if _ADDRESS.match(address) else ""
