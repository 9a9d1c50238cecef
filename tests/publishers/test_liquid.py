"""Whatever an author writes, no template engine finds a tag in it, and readers see what was written."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publishers.platforms.devto.article import escape_for_forem, respell_endraw
from publishers.sites.escapes import escape_hugo
from publishers.text.escapes import escape_liquid

# Liquid cuts its source like this: tags, variables, and openings that were never closed.
TOKENS = re.compile(r"(\{%.*?%\}|\{\{.*?\}\}?|\{%|\{\{)", re.DOTALL)
END = re.compile(r"(.*)\{%-?\s*endraw\b.*?%\}\Z", re.DOTALL)
RAW = re.compile(r"\{%-?\s*raw\s*-?%\}")

PIECES = [
    "{", "}", "%", "#", "\\", "`", "``", "```", "~~~", " ", "\n", "    ", "x", "ä", "raw", "endraw", "{% raw %}",
    "{% endraw %}", "{%-endraw-%}", "{% endraw now %}", "{{", "}}", "{%", "%}", "{#", "#}", "{{ x }}", "&#123;", "-",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


def rendered(source: str) -> str:
    """A tiny Liquid that knows raw blocks only. Anything else that it would obey is a failure."""
    shown, inside = "", False
    for token in TOKENS.split(source):
        if inside:
            end = END.match(token)
            shown += end[1] if end else token
            inside = not end
        elif RAW.fullmatch(token):
            inside = True
        else:
            assert not token.startswith(("{%", "{{")), f"Liquid would obey {token!r}"
            shown += token
    assert not inside, "a raw block was never closed"
    return shown


def as_forem_protects_code(text: str) -> str:
    """What Forem does with code before Liquid sees it."""

    def protect(code: re.Match[str]) -> str:
        inner = code[0].replace("{% endraw %}", "{----% endraw %----}").replace("{% raw %}", "{----% raw %----}")
        return "{% raw %}" + inner + "{% endraw %}"

    return re.sub(r"\s*~~~.*?~~~|\s*```.*?```|``.+?``|`.+?`", protect, text, flags=re.DOTALL)


def as_forem_shows(body: str) -> str:
    return rendered(as_forem_protects_code(body)).replace("{----%", "{%").replace("%----}", "%}")


@given(texts)
@example("{% endraw %}")
@example("{{{{%")
@example("{`a`} and `{{`}} and {{}} and &#123;`x`")
@example("{ ~~~x~~~")
@example("`{% raw %}` {% raw %}{{ x }}{% endraw %} `{% endraw %}`")
@example("    {{ indented }}\n\n```\n{% if %}\n```")
def test_forem_shows_what_was_written(text: str) -> None:
    text = respell_endraw(text)
    assert as_forem_shows(escape_for_forem(text)) == text


@given(texts)
@example("`{{ code }}` {% include x %}")
def test_jekyll_and_eleventy_show_what_was_written(text: str) -> None:
    assert rendered(escape_liquid(text)) == text


@given(st.text(alphabet="{}%<>*/ x\n", max_size=40))
@example("{{< youtube id >}} {{% note %}}text{{% /note %}}")
@example("{{</* already escaped */>}}")
@example("{{< never closed")
def test_hugo_shows_what_was_written(text: str) -> None:
    assert hugo(escape_hugo(text)).replace("\u200b", "") == text


def hugo(source: str) -> str:
    """A tiny Hugo that knows only the shortcode's own escape. Anything else that it would obey is a failure."""
    shown = ""
    while found := re.search(r"\{\{([<%])", source):
        closing = "*/>}}" if found[1] == "<" else "*/%}}"
        start = found.end()
        end = source.find(closing, start + 2)
        assert source.startswith("/*", start), f"Hugo would obey {source[found.start() :]!r}"
        assert end >= 0, f"Hugo would stop at {source[found.start() :]!r}"
        shown += source[:start] + source[start + 2 : end] + closing[2:]
        source = source[end + len(closing) :]
    return shown + source


@pytest.mark.parametrize("text", ["{", "a { b } c", "{}", "{ {", "function () {\n}", "100%", "{a}{b}"])
def test_single_braces_stay_as_they_are(text: str) -> None:
    assert escape_liquid(text) == text


@pytest.mark.parametrize(
    "text", [r"\{{ x }}", r"{\{ x }}", r"\{% x %}", "&#123;{ x }}", "{&lcub; x }}", "&#x7B;% x %}"]
)
def test_braces_that_markdown_would_put_together_are_escaped_as_well(text: str) -> None:
    assert "{% raw %}" in escape_liquid(text)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("[a](https://x.example/{{id}}/b)", "[a](https://x.example/%7B%7Bid%7D%7D/b)"),
        ("https://x.example/{{id}} {{ y }}", "https://x.example/%7B%7Bid%7D%7D {% raw %}{{{% endraw %} y }}"),
        ("https://x.example/{id}", "https://x.example/{id}"),
        ("![i]({{base}}/x.png)", "![i](%7B%7Bbase%7D%7D/x.png)"),
    ],
)
def test_in_an_address_braces_are_percent_encoded(text: str, escaped: str) -> None:
    assert escape_liquid(text) == escaped
