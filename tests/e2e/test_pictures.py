"""The pictures of the README are taken here, so that they show what there is: `make screenshots` keeps them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from posts import showing
from posts.models import Channel, Post
from tests.conftest import joined, workspace_of
from tests.e2e.conftest import Opens
from tests.e2e.test_looking import medium

ROOT = Path(__file__).resolve().parent.parent.parent
KEPT = ROOT / "docs" / "images"
PICTURES = ("calendar", "post", "preview", "review")
COMPARED = """The engine of 1837 had a store of a thousand numbers, and a mill that worked on them.

| Machine           | Year | Digits |
|-------------------|------|--------|
| Difference engine | 1822 | 20     |
| Analytical engine | 1837 | 40     |

- [x] the mill
- [ ] the printer[^1]

[^1]: It was drawn, and never built.
"""


def test_the_readme_shows_these_pictures_and_no_others() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\(docs/images/(\w+)\.png\)", readme)) == sorted(PICTURES)
    assert sorted(path.stem for path in KEPT.glob("*.png")) == sorted(PICTURES)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture(name: str, opens: Opens, tmp_path: Path) -> None:
    person = joined(f"{name}@example.com", "Ada Moreau", time_zone="Europe/Berlin", first_steps_hidden=True)
    workspace = workspace_of(person)
    showing.fill(workspace, person, timezone.now())
    page = opens(person, height=1040 if name == "calendar" else 860)
    posts, channels = Post.objects.of(workspace), Channel.objects.of(workspace)
    compared = posts.get(title__startswith="Tests that")
    if name == "preview":
        medium(workspace)
        posts.filter(pk=compared.pk).update(title="Two machines", markdown=COMPARED, tags=["history", "engines"])
    chosen = "&".join(f"channels={channel.pk}" for channel in channels)
    draft = posts.get(title__startswith="Ten years")
    page.goto({
        "calendar": reverse("calendar"),
        "preview": reverse("post_edit", args=[compared.pk]),
        "post": posts.get(title__startswith="Release").get_absolute_url(),
        "review": f"{reverse('review', args=[draft.pk])}?{chosen}&when=at&at=2027-03-01T09:00",
    }[name])  # fmt: skip
    if name == "preview":
        page.locator("#preview").get_by_role("button", name="My Medium").click()
        page.locator("#preview li", has_text="Machine: Difference engine").wait_for()
        page.locator("#preview").scroll_into_view_if_needed()
    place = KEPT if os.environ.get("PICTURES") else tmp_path
    # No field is active, and the driver hides a caret by inline styles, which our policy may refuse.
    page.screenshot(path=place / f"{name}.png", caret="initial")
    assert (place / f"{name}.png").stat().st_size < 200_000
