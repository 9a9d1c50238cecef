"""What is measured in a page: in its own words, so that a failure names the element that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}, "resultTypes": []}
# At night the page is the same but for its colours.
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"], "resultTypes": []}
_axe = Axe()

# Elements as failures name them, and whether one can be seen at all.
_WORDS = """
const said = (el) => `<${el.tagName.toLowerCase()}> ` + (el.getAttribute('aria-label') || el.innerText || el.name ||
    el.className || '').trim().slice(0, 60);
const seen = (el) => el.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true }) &&
    el.getBoundingClientRect().width > 1 && el.getBoundingClientRect().height > 1;
"""


def violations(page: Page, rules: dict[str, Any] = RULES) -> list[str]:
    """What axe finds: the rule, and the elements that break it."""
    if page.evaluate("typeof window.axe") == "undefined":
        page.evaluate(_axe.axe_script)
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", rules)
    return [
        f"{rule['id']}: {node['html'][:160]} ({node['failureSummary'][-200:]})"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def overflow(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    return int(page.evaluate("Math.max(0, document.documentElement.scrollWidth - innerWidth)"))


def small_targets(page: Page) -> list[str]:
    """What can be pressed and is smaller than 24 × 24, but for links in a line of text and what a label presses."""
    return list(
        page.evaluate(f"""() => {{ {_WORDS}
        const inText = (el) => el.tagName === 'A' && getComputedStyle(el).display === 'inline';
        const labelled = (el) => [...(el.labels || [])].some((label) => label.getBoundingClientRect().height >= 24);
        return [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')]
            .filter((el) => seen(el) && !inText(el) && !labelled(el))
            .map((el) => [el, el.getBoundingClientRect()])
            .filter(([, box]) => box.width < 23.9 || box.height < 23.9)
            .map(([el, box]) => `${{said(el)}} is ${{Math.round(box.width)}} × ${{Math.round(box.height)}}`);
        }}""")
    )


def lost_focus(page: Page, stops: int = 60) -> list[str]:
    """Tab through the page: where the focus cannot be seen, or is hidden under something."""
    page.evaluate("document.activeElement.blur()")
    lost = []
    for _ in range(stops):
        page.keyboard.press("Tab")
        state = page.evaluate(f"""() => {{ {_WORDS}
        const el = document.activeElement;
        if (!el || el === document.body) return 'over';
        if (el.dataset.visited) return 'over';
        el.dataset.visited = 'yes';
        const style = getComputedStyle(el), box = el.getBoundingClientRect();
        const ring = style.boxShadow !== 'none' ||
            (parseFloat(style.outlineWidth) > 1 && style.outlineStyle !== 'none');
        if (!ring) return `${{said(el)}} shows no focus`;
        if (box.bottom <= 0 || box.top >= innerHeight) return `${{said(el)}} is out of view`;
        const x = Math.min(Math.max(box.left + box.width / 2, 1), innerWidth - 1);
        const inside = [box.top + 2, box.top + box.height / 2, box.bottom - 2].filter((y) => y > 0 && y < innerHeight);
        const free = inside.some((y) => {{
            const top = document.elementFromPoint(x, y);
            return top && (el.contains(top) || top.contains(el) || [...(el.labels || [])].some((l) => l.contains(top)));
        }});
        return free ? '' : `${{said(el)}} is hidden under something`;
        }}""")
        if state == "over":
            break
        if state:
            lost.append(state)
    return lost


def cost(page: Page) -> dict[str, float]:
    """What the page cost, after everything is loaded: kilobytes as they came over the wire, milliseconds, counts."""
    return dict(
        page.evaluate("""async () => {
        const entries = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
        const pictures = /\\.(png|jpe?g|gif|webp)($|\\?)/;
        const kb = (of, what) => entries.filter(of).reduce((sum, e) => sum + e[what], 0) / 1024;
        const buffered = (type) => new Promise((resolve) => {
            const found = [];
            const observer = new PerformanceObserver((list) => found.push(...list.getEntries()));
            observer.observe({ type, buffered: true });
            setTimeout(() => { observer.disconnect(); resolve(found); }, 60);
        });
        const [paints, shifts] = await Promise.all([buffered('largest-contentful-paint'), buffered('layout-shift')]);
        return {
            transfer: kb((e) => !pictures.test(e.name), 'transferSize'),
            js: kb((e) => /\\.js($|\\?)/.test(e.name), 'encodedBodySize'),
            css: kb((e) => /\\.css($|\\?)/.test(e.name), 'encodedBodySize'),
            requests: entries.length,
            elsewhere: entries.filter((e) => !e.name.startsWith(location.origin)).length,
            lcp: paints.length ? paints[paints.length - 1].startTime : 0,
            cls: shifts.filter((s) => !s.hadRecentInput).reduce((sum, s) => sum + s.value, 0),
            dom: document.getElementsByTagName('*').length,
        };
        }""")
    )
