"""What people see: what there is, what arrived, and each article as its readers would get it."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from sandbox.clock import iso
from sandbox.contract import Platform, ReadyMade
from sandbox.store import Article, Store

_POLICY = "default-src 'none'; style-src 'self'; {images}base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_CAREFUL = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
HEADERS = {"Content-Security-Policy": _POLICY.format(images=""), **_CAREFUL}
ARTICLE_HEADERS = {"Content-Security-Policy": _POLICY.format(images="img-src http: https: data:; "), **_CAREFUL}
"""An article may show pictures from anywhere, and nothing else."""

SHOWN = 200
"""So many articles on a page at most."""
LOGGED = 40

STYLE = """
:root {
  color-scheme: light dark;
  --ink: #1d2229; --faint: #5b6572; --paper: #fbfaf7; --card: #fff; --line: #dcd8cf; --link: #0b57a8;
  --out: #1b6b3a; --draft: #8a5a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e8e6e1; --faint: #a3abb5; --paper: #15181c; --card: #1d2126; --line: #363c44; --link: #8cc0ff;
    --out: #7fd39b; --draft: #e5b566;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 64rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2rem; }
a { color: var(--link); } a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
code, pre { font: .9em/1.45 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .75rem; background: var(--card); border: 1px solid var(--line); border-radius: 6px; }
img { max-width: 100%; height: auto; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .5rem 0; }
dt, .faint { color: var(--faint); } dd { margin: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
.public { color: var(--out); font-weight: 600; } .draft, .scheduled { color: var(--draft); font-weight: 600; }
@media (max-width: 40rem) {
  .cards thead { display: none; }
  .cards tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  .cards td { display: block; padding: .1rem 0; border: 0; }
  .cards td::before { content: attr(data-head) " "; color: var(--faint); }
  .cards td:empty { display: none; }
  dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; }
}
"""


def _document(title: str, body: str, head: str = "") -> str:
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="/_sandbox/style.css">{head}</head>\n<body>\n{body}\n</body></html>\n'
    )


def front(store: Store, platforms: Mapping[str, Platform], origin: str) -> str:
    """All platforms and everything that arrived, newest first."""
    parts = [
        "<h1>Sandbox</h1>",
        "<p>Stand-ins for blogging platforms. What is published here stays here, so the keys are no secret.</p>",
    ]
    for name, platform in platforms.items():
        parts.append(f'<h2><a href="/{name}/">{escape(platform.title)}</a></h2>{_access(name, platform, origin)}')
    parts.append(f"<h2>Arrived</h2>{_articles(store, None)}")
    return _document("Sandbox", "\n".join(parts))


def platform(store: Store, name: str, platform: Platform, origin: str) -> str:
    """One platform: how to reach it, what arrived, which faults are ordered and who called last."""
    standing = [fault for _, fault in store.faults() if fault["platform"] == name]
    parts = [
        f'<p><a href="/">Sandbox</a></p><h1>{escape(platform.title)}</h1>{_access(name, platform, origin)}',
        f"<h2>Arrived</h2>{_articles(store, name)}",
        f"<h2>Faults</h2>{_faults(standing)}",
        f"<h2>Last calls</h2>{_log(store.log(name, last=LOGGED)[::-1])}",
    ]
    return _document(platform.title, "\n".join(parts))


def article(article: Article, body: str, own_url: str) -> str:
    """An article's public page. `body` is sanitised HTML."""
    canonical = article.canonical_url or own_url
    head = f'<link rel="canonical" href="{escape(canonical)}">'
    origin = "" if canonical == own_url else f'<p class="faint">First published at {_link(canonical, canonical)}</p>'
    by = f'<p class="faint">{escape(article.account)}, {iso(article.published_at)}</p>'
    back = f'<p><a href="/{article.platform}/">What else arrived</a></p>'
    title = "" if article.fields.get("title_in_body") else f"<h1>{escape(article.title)}</h1>"
    text = f"<article>{title}{by}{origin}\n{body}</article>{back}"
    return _document(article.title, text, head)


def missing() -> str:
    """Nothing to see here, or nothing public."""
    return _document("Not found", '<h1>Not found</h1><p>Nothing public is here. <a href="/">Sandbox</a></p>')


def _access(name: str, platform: Platform, origin: str) -> str:
    keys = "".join(
        f"<dt>Key of {escape(_about(ready))}</dt><dd><code>{escape(ready.key)}</code></dd>"
        for ready in platform.accounts
    )
    return f"<dl><dt>Base URL</dt><dd><code>{escape(origin)}/{name}{platform.api}</code></dd>{keys}</dl>"


def _about(ready: ReadyMade) -> str:
    note = ready.note or ("" if ready.age_days else "a new account")
    return f"{ready.username}, {note}" if note else ready.username


def _articles(store: Store, name: str | None) -> str:
    found = store.articles(name, limit=SHOWN)
    if not found:
        return '<p class="faint">Nothing yet.</p>'
    heads = ("Title", "State", "Where", "Author", "Created", "Published")
    note = f'<p class="faint">The first {SHOWN} are shown.</p>' if len(found) == SHOWN else ""
    return _table(heads, [_article_cells(store, article) for article in found]) + note


def _article_cells(store: Store, article: Article) -> tuple[str, ...]:
    state = "draft" if not article.published else "public" if article.is_public(store.now()) else "scheduled"
    title = escape(article.title)
    if state == "public":
        title = f'<a href="/{article.platform}{escape(article.path)}">{title}</a>'
    when = iso(article.created_at) or "", iso(article.published_at) or ""
    return title, f'<span class="{state}">{state}</span>', article.platform, escape(article.account), *when


def _faults(standing: list[dict[str, Any]]) -> str:
    if not standing:
        return '<p class="faint">None ordered.</p>'
    rows = [
        (fault["fault"], fault["call"], fault["when"], "always" if fault["times"] is None else f"{fault['times']} more")
        for fault in standing
    ]
    return _table(("Fault", "Call", "When", "Strikes"), rows)


def _log(entries: list[dict[str, Any]]) -> str:
    if not entries:
        return '<p class="faint">Nobody has called yet.</p>'
    parts = ("time", "call", "method", "path", "account", "status", "fault")
    rows = [tuple(escape(str("" if entry[part] is None else entry[part])) for part in parts) for entry in entries]
    return _table(("Time", "Call", "Method", "Path", "Account", "Status", "Fault"), rows)


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    body = "\n".join(f"<tr>{''.join(map(_cell, heads, row))}</tr>" for row in rows)
    table = f'<table class="cards"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="scroll">{table}</div>'


def _cell(head: str, content: str) -> str:
    """A cell knows its head, because on a narrow screen there is no head row above it."""
    return f'<td data-head="{head}">{content}</td>'


def _link(url: str, text: str) -> str:
    return f'<a href="{escape(url)}" rel="nofollow noopener">{escape(text)}</a>'
