"""Every page there is, as people meet it: with a screen reader, on a telephone, by keyboard, at night, in a hurry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import pytest

from accounts.models import User
from tests.e2e.conftest import Spendings, Windows
from tests.e2e.gallery import Gallery
from tests.e2e.measures import COLOURS, RULES, cost, lost_focus, overflow, small_targets, violations
from tests.e2e.places import NO_PAGE, PAGES, Place, named
from tests.real.house import House

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ALL = sorted(PAGES)
OURS = [name for name in ALL if "admin" not in name]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
BY: dict[str, dict[str, Any]] = {"light": RULES, "dark": COLOURS}
# Found in Django's own admin, which is not ours to mend.
OF_THE_ADMIN = ("link-in-text-block", "target-size", "color-contrast")
BUDGET = {
    "transfer": 80, "js": 32, "css": 14, "requests": 10, "elsewhere": 0, "lcp": 1200, "cls": 0.05, "dom": 1500,
}  # fmt: skip

Visits = dict[bool, "Page"]


@pytest.fixture(scope="module")
def windows(house: House, chromium: Browser, gallery: Gallery) -> Iterator[Windows]:
    windows = Windows(chromium, str(house.env["SITE_URL"]))
    yield windows
    windows.close()


@pytest.fixture(scope="module")
def visitors(windows: Windows, gallery: Gallery) -> Visits:
    """A window of somebody who is logged in, and one of a stranger."""
    return {False: windows.open(gallery.person), True: windows.open(None)}


@pytest.fixture
def visit(name: str, visitors: Visits, gallery: Gallery) -> Page:
    place = PAGES[name]
    page = visitors[place.is_for_strangers]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(place.address(gallery), wait_until="load")
    return page


def test_no_address_is_forgotten() -> None:
    known = PAGES.keys() | NO_PAGE.keys()
    assert sorted(set(named()) - known) == [], "say in places.py how to get there, or why it is no page"
    assert sorted(NO_PAGE.keys() - set(named())) == []


@pytest.mark.parametrize("name", ALL)
def test_nothing_bars_anybody(name: str, visit: Page) -> None:
    """axe, on paper and at night, on a desk and on a telephone."""
    found = []
    for width in (1280, 360):
        visit.set_viewport_size({"width": width, "height": 800})
        for scheme in SCHEMES:
            visit.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found += [f"{width} {scheme} {problem}" for problem in violations(visit, BY[scheme])]
    if "admin" in name:
        found = [problem for problem in found if not any(rule in problem for rule in OF_THE_ADMIN)]
    assert found == []


@pytest.mark.parametrize("name", OURS)
def test_nothing_has_to_be_scrolled_sideways_or_is_too_small_to_hit(name: str, visit: Page) -> None:
    problems = []
    for width in (320, 360, 1280):
        visit.set_viewport_size({"width": width, "height": 800})
        if wider := overflow(visit):
            problems.append(f"at {width} it is {wider} px too wide")
        problems += [f"at {width} {target}" for target in small_targets(visit)]
    assert problems == []


@pytest.mark.parametrize("name", OURS)
def test_the_focus_is_always_seen(name: str, visit: Page) -> None:
    assert lost_focus(visit) == []


@pytest.mark.parametrize("name", OURS)
def test_it_says_what_it_is(name: str, visit: Page) -> None:
    """Language, title, one first heading, landmarks, and a way around them."""
    assert visit.locator("html").get_attribute("lang") == "en"
    assert visit.title().endswith(" · blogscheduler")
    assert visit.title() != " · blogscheduler"
    assert visit.locator("h1").count() == 1
    for landmark in ("header", "main", "footer"):
        assert visit.locator(f"body > div > {landmark}").count() == 1, landmark
    visit.keyboard.press("Tab")
    skip = visit.locator(":focus")
    assert skip.inner_text() == "Skip to the content" or visit.locator("[autofocus], .error-summary").count()


@pytest.mark.parametrize("name", OURS)
def test_it_costs_little(name: str, windows: Windows, gallery: Gallery, spendings: Spendings) -> None:
    """The best of three visits counts: how quick a page is says nothing while the machine is busy elsewhere."""
    for _ in range(3):
        spent = _first_visit(PAGES[name], windows, gallery)
        over = {what: value for what, value in spent.items() if value > BUDGET[what]}
        if not over:
            break
    spendings[name] = spent
    assert over == {}


def _first_visit(place: Place, windows: Windows, gallery: Gallery) -> dict[str, float]:
    page = windows.open(None if place.is_for_strangers else gallery.person)  # whose cache is empty
    page.goto(place.address(gallery), wait_until="load")
    spent = cost(page)
    page.context.close()
    windows.contexts.remove(page.context)
    return spent


def test_nothing_moves_for_who_does_not_want_it(windows: Windows, gallery: Gallery) -> None:
    page = windows.open(gallery.person, reduced_motion="reduce")
    for name in ("posts", "post", "calendar", "post_new"):
        page.goto(PAGES[name].address(gallery))
        slow = page.evaluate("""() => [...document.querySelectorAll('*')].filter((el) => {
            const style = getComputedStyle(el);
            const longest = (times) => Math.max(...times.split(',').map(parseFloat));
            return longest(style.transitionDuration) > 0.01 || longest(style.animationDuration) > 0.01;
        }).map((el) => el.className)""")
        assert slow == [], name


def test_the_frame_looks_the_same_around_every_page(windows: Windows, gallery: Gallery) -> None:
    page = windows.open(gallery.person)
    sizes = {}
    for name in ("posts", "post_edit", "calendar", "settings"):
        page.goto(PAGES[name].address(gallery))
        box = page.locator(".shell__foot [data-theme-form]").bounding_box()
        sizes[name] = box and (box["width"], box["height"])
    assert len(set(sizes.values())) == 1, sizes


def test_the_theme_is_kept_without_a_flash(windows: Windows, ada: User) -> None:
    page = windows.open(ada)
    page.emulate_media(color_scheme="light")
    page.goto("/posts/")
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    by_day = page.evaluate(paper)
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="Dark").click()
    by_night = page.evaluate(paper)
    assert by_night != by_day
    page.reload(wait_until="commit")
    assert page.locator("html").get_attribute("data-theme") == "dark", "set by the server, before anything is painted"
    assert page.evaluate(paper) == by_night
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="System").click()
    page.reload()
    assert page.evaluate(paper) == by_day
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(paper) == by_night
