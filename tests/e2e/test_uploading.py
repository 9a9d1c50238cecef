"""Ada puts pictures into her text: she chooses, pastes or drops them, says what they show, and takes it all back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.models import User
from posts.models import Image
from tests.e2e.conftest import Opens
from tests.posts.pictures import picture

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Page

# What a browser does when files are dropped or pasted; {what} is the event.
GIVE = """([what, name, bytes]) => {
  const text = document.querySelector("[name=markdown]");
  const files = new DataTransfer();
  files.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
  const event = what === "drop"
    ? new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true })
    : new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true });
  text.dispatchEvent(event);
}"""


def a_file(name: str, data: bytes, kind: str = "image/png") -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": data}


def give(page: Page, what: str, name: str, data: bytes) -> None:
    page.evaluate(GIVE, [what, name, list(data)])


def begin(page: Page) -> None:
    page.goto("/posts/new/")
    page.locator("[name=title]").fill("With pictures")
    page.locator("[name=markdown]").fill("First words.")
    page.locator("[name=markdown]").focus()
    page.keyboard.press("Control+End")


def address_of(image: Image, page: Page) -> str:
    """As the house writes it, which stands elsewhere than the one of this process."""
    scheme, _, host, *_ = page.url.split("/")
    return f"{scheme}//{host}{image.public_path}"


def text_of(page: Page) -> str:
    return str(page.locator("[name=markdown]").input_value())


def test_a_chosen_picture_stands_at_the_caret_and_says_what_it_shows(page: Page, ada: User) -> None:
    begin(page)
    page.locator("#add-pictures").set_input_files([a_file("Engine.png", picture("png", 300, 200))])
    asked = page.get_by_label("What does it show?")
    asked.wait_for()
    [image] = Image.objects.filter(uploaded_by=ada)
    url = address_of(image, page)
    assert text_of(page) == f"First words.\n\n![]({url})\n"

    asked.fill("The [whole] engine")
    asked.press("Enter")
    described = f"First words.\n\n![The \\[whole\\] engine]({url})\n"
    assert text_of(page) == described
    assert page.locator("[name=markdown]").evaluate("el => el === document.activeElement")
    page.locator(f'#preview img[src="{url}"]').wait_for()
    page.wait_for_function("() => document.querySelector('#preview img').naturalWidth === 300")
    image.refresh_from_db()
    assert image.alt == "The [whole] engine"

    page.keyboard.press("Control+Z")
    assert text_of(page) == f"First words.\n\n![]({url})\n"
    page.keyboard.press("Control+Z")
    assert text_of(page) == "First words."
    page.keyboard.press("Control+Y")
    page.keyboard.press("Control+Y")
    assert text_of(page) == described


def test_pictures_can_be_dropped_and_pasted_one_after_the_other(page: Page, ada: User) -> None:
    begin(page)
    give(page, "drop", "one.png", picture("png", 30, 20))
    give(page, "paste", "two.png", picture("png", 20, 30))
    page.get_by_label("What does it show?").nth(1).wait_for()
    two, one = (address_of(image, page) for image in Image.objects.filter(uploaded_by=ada))
    assert text_of(page) == f"First words.\n\n![]({one})\n\n![]({two})\n"


def test_what_is_refused_is_said_and_changes_nothing(page: Page, ada: User) -> None:
    begin(page)
    page.locator("#add-pictures").set_input_files([a_file("logo.svg", b"<svg/>", "image/svg+xml")])
    page.get_by_text("logo.svg: This is an SVG").wait_for()
    assert text_of(page) == "First words."
    page.get_by_role("button", name="Done logo.svg").click()
    assert page.locator("#tray li").count() == 0


def test_a_cover_is_uploaded_into_its_field(page: Page, ada: User) -> None:
    begin(page)
    page.locator("summary", has_text="Summary, tags, cover").click()
    page.locator("#add-cover").set_input_files([a_file("cover.png", picture("png", 120, 60))])
    page.get_by_label("What does it show?").wait_for()
    [image] = Image.objects.filter(uploaded_by=ada)
    assert page.locator("[name=cover_url]").input_value() == address_of(image, page)
    assert text_of(page) == "First words."


def test_the_library_shows_how_far_it_is_and_comes_to_an_end(page: Page, ada: User) -> None:
    page.goto("/images/")
    page.locator("#id_pictures").set_input_files(
        [a_file(f"{number}.png", picture("png", 1000 + number, 700)) for number in range(3)]
    )
    page.get_by_role("button", name="Upload").click()
    page.get_by_text("3 pictures are in your library.").wait_for()
    page.locator("#progress:not([hx-get])").wait_for(state="attached", timeout=20_000)
    assert not Image.objects.filter(uploaded_by=ada).exclude(status="ready").exists()


def test_without_javascript_the_library_says_what_to_write(opens: Opens, ada: User) -> None:
    page = opens(ada, java_script_enabled=False)
    page.goto("/posts/new/")
    assert not page.get_by_role("button", name="Add pictures").is_visible()
    page.goto("/images/")
    page.locator("#id_pictures").set_input_files([a_file("Engine.png", picture("png", 300, 200))])
    page.get_by_role("button", name="Upload").click()
    [image] = Image.objects.filter(uploaded_by=ada)
    page.get_by_label("Alt text").fill("The engine")
    page.get_by_role("button", name="Save", exact=True).click()
    assert page.get_by_label("In a text").input_value() == f"![The engine]({address_of(image, page)})"
