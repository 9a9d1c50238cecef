"""Ada writes: the editor saves by itself, never over another save, and never loses a word."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User, Workspace
from posts.forms.writing import LONGEST_TEXT
from posts.models import Channel, Delivery, Post
from tests.posts.views.conftest import Deliver, badges

HTMX = {"hx-request": "true"}
FRONT_MATTER = (
    "---\ntitle: Taken\ntags: [one, two]\ndescription: Short\ncanonical_url: https://ada.example/x\n---\nBody.\n"
)


def fields(post: Post | None = None, **values: Any) -> dict[str, Any]:
    """What the browser sends for the editor as it was loaded."""
    loaded: dict[str, Any] = {"title": "", "markdown": "", "version": ""}
    if post:
        loaded = {
            "title": post.title, "markdown": post.markdown, "tags": ", ".join(post.tags), "version": post.version,
        }  # fmt: skip
    return {**loaded, **values}


def edit(post: Post) -> str:
    return reverse("post_edit", args=[post.pk])


def autosave(browser: Client, post: Post, **values: Any) -> Any:
    return browser.post(reverse("post_autosave", args=[post.pk]), fields(post, **values), headers=HTMX)


@pytest.mark.django_db
class TestTheEditor:
    def test_a_new_post_is_saved_and_is_adas(self, browser: Client, ada: User) -> None:
        response: Any = browser.post(reverse("post_new"), fields(title="On\r\nengines", markdown="a\r\nb"))
        post = Post.objects.get()
        assert response.url == post.get_absolute_url()
        assert (post.title, post.markdown, post.author) == ("On engines", "a\nb", ada)

    def test_what_stands_in_the_settings_is_kept_in_its_order(self, browser: Client, post: Post) -> None:
        browser.post(edit(post), fields(post, tags="#b, a, b , ,c", language="de-AT", slug="ein-wort"))
        post.refresh_from_db()
        assert (post.tags, post.language, post.slug, post.version) == (["b", "a", "c"], "de-AT", "ein-wort", 2)

    def test_nothing_at_all_is_not_a_post(self, browser: Client) -> None:
        response = browser.post(reverse("post_new"), fields())
        assert "Write a title or some text first." in response.content.decode()
        assert 'aria-invalid="true"' in response.content.decode()
        assert not Post.objects.exists()

    def test_a_wrong_field_is_named_and_all_the_others_are_kept(self, browser: Client, post: Post) -> None:
        page = browser.post(
            edit(post), fields(post, title="Kept", cover_url="ftp://x", slug="two words")
        ).content.decode()
        assert page.count("error-summary__title") == 1
        assert 'href="#id_cover_url"' in page
        assert 'href="#id_slug"' in page
        assert "Kept" in page
        assert '<details class="details" open>' in page
        post.refresh_from_db()
        assert post.title == "Notes"

    def test_two_megabytes_are_taken_and_one_character_more_is_refused_but_kept(
        self, browser: Client, post: Post
    ) -> None:
        assert browser.post(edit(post), fields(post, markdown="ä" * LONGEST_TEXT)).status_code == 302
        post.refresh_from_db()
        assert len(post.markdown) == LONGEST_TEXT
        page = browser.post(edit(post), fields(post, markdown="b" * (LONGEST_TEXT + 1))).content.decode()
        assert "2,000,000 fit" in page
        assert "b" * (LONGEST_TEXT + 1) in page
        assert "b" not in Post.objects.get().markdown

    def test_who_was_signed_out_meanwhile_gets_the_text_back(self, browser: Client, post: Post) -> None:
        browser.logout()
        response = browser.post(edit(post), fields(post, title="Kept", markdown="Every word"))
        page = response.content.decode()
        assert response.status_code == 401
        assert "Every word" in page
        assert 'name="title" value="Kept"' in page

    def test_a_day_of_the_calendar_goes_along_until_the_post_is_scheduled(self, browser: Client) -> None:
        assert 'name="day" value="2027-03-04"' in browser.get(reverse("post_new") + "?day=2027-03-04").content.decode()
        response = browser.post(reverse("post_new"), fields(title="x", schedule="1", day="2027-03-04"), follow=True)
        assert 'value="2027-03-04T09:00"' in response.content.decode()


@pytest.mark.django_db
class TestTwoTabs:
    def test_the_second_save_overwrites_nothing_and_shows_both(self, browser: Client, post: Post) -> None:
        browser.post(edit(post), fields(post, markdown="From the first tab"))
        response = browser.post(edit(post), fields(post, markdown="From the second tab"))
        page = response.content.decode()
        assert response.status_code == 409
        assert "From the first tab" in page
        assert "From the second tab" in page
        assert Post.objects.get().markdown == "From the first tab"

    def test_who_has_seen_both_may_save_over_the_other(self, browser: Client, post: Post) -> None:
        browser.post(edit(post), fields(post, markdown="first"))
        browser.post(edit(post), fields(post, markdown="second", version=2))
        assert Post.objects.get().markdown == "second"

    def test_on_the_page_with_both_nothing_is_saved_by_itself(self, browser: Client, post: Post) -> None:
        browser.post(edit(post), fields(post, markdown="first"))
        page = browser.post(edit(post), fields(post, markdown="second")).content.decode()
        assert 'id="autosave"' not in page
        assert 'name="version" id="id_version" value="2"' in page

    def test_the_automatic_save_says_so_and_leads_to_both(self, browser: Client, post: Post) -> None:
        browser.post(edit(post), fields(post, markdown="first"))
        response = autosave(browser, post, markdown="second")
        assert response.status_code == 409
        assert "Nothing was overwritten" in response.content.decode()
        assert Post.objects.get().markdown == "first"

    def test_the_same_text_from_both_is_no_conflict(self, browser: Client, post: Post) -> None:
        browser.post(edit(post), fields(post, markdown="same"))
        assert browser.post(edit(post), fields(post, markdown="same")).status_code == 302
        assert Post.objects.get().version == 2


@pytest.mark.django_db
class TestSavingByItself:
    def test_it_says_when_and_gives_the_new_version(self, browser: Client, post: Post) -> None:
        page = autosave(browser, post, markdown="More words").content.decode()
        assert "Saved" in page
        assert 'value="2" hx-swap-oob="true"' in page
        assert Post.objects.get().markdown == "More words"

    def test_nothing_new_is_not_a_new_version(self, browser: Client, post: Post) -> None:
        autosave(browser, post)
        assert Post.objects.get().version == 1

    def test_a_post_that_did_not_exist_gets_an_address(self, browser: Client) -> None:
        url = reverse("post_autosave_new") + "?day=2027-03-04"
        response = browser.post(url, fields(title="Begun"), headers=HTMX)
        post = Post.objects.get()
        assert response["HX-Replace-Url"] == edit(post) + "?day=2027-03-04"
        assert reverse("post_autosave", args=[post.pk]) in response.content.decode()

    def test_an_empty_page_is_not_saved(self, browser: Client) -> None:
        assert browser.post(reverse("post_autosave_new"), fields(), headers=HTMX).status_code == 204
        assert not Post.objects.exists()

    def test_what_cannot_be_saved_is_named(self, browser: Client, post: Post) -> None:
        response = autosave(browser, post, canonical_url="javascript:alert(1)")
        assert response.status_code == 422
        assert "Canonical URL" in response.content.decode()


@pytest.mark.django_db
class TestThePreview:
    def preview(self, browser: Client, text: str, **headers: str) -> str:
        response = browser.post(reverse("post_preview"), {"markdown": text, "title": "T"}, headers=headers)
        return response.content.decode()

    def test_it_is_rendered_and_harmless(self, browser: Client) -> None:
        page = self.preview(browser, "# One\n\n*b* <script>x()</script>", **HTMX)
        assert "<em>b</em>" in page
        assert "<h2" in page
        assert "<h1" not in page
        assert "<script" not in page

    def test_without_javascript_it_is_a_page_of_its_own(self, browser: Client) -> None:
        page = self.preview(browser, "*b*")
        assert "<em>b</em>" in page
        assert "<title>Preview" in page

    def test_a_very_long_text_is_shown_in_part_and_says_so(self, browser: Client) -> None:
        assert "All of it is published" in self.preview(browser, "word " * 50_000, **HTMX)


@pytest.mark.django_db
class TestHowChannelsWillShowIt:
    """Beside her own text, Ada sees it as each of her channels will show it."""

    TABLE = "Text\n\n| a | b |\n|---|---|\n| c | d |\n\n- [x] done\n"

    def look(self, browser: Client, channel: Channel, **typed: Any) -> str:
        given = {"title": "T", "markdown": self.TABLE, "look": channel.pk, **typed}
        response = browser.post(reverse("post_preview"), given, headers=HTMX)
        assert response.status_code == 200
        return str(response.content.decode())

    def test_each_channel_has_a_tab(self, browser: Client, dev: Channel, post: Post) -> None:
        for page in (browser.get(edit(post)), browser.post(reverse("post_preview"), {"markdown": "a"}, headers=HTMX)):
            content = page.content.decode()
            assert f'id="look-{dev.pk}" name="look" value="{dev.pk}"' in content
            assert 'value="" aria-current="true"' in content

    def test_it_is_shown_as_the_platform_reads_it_with_what_changes(self, browser: Client, dev: Channel) -> None:
        page = self.look(browser, dev)
        assert f'value="{dev.pk}" aria-current="true"' in page
        assert "☑ done" in page
        assert "<td>c</td>" in page
        assert "DEV has no checkboxes" in page
        assert "line 7" in page

    def test_a_table_on_medium_is_the_list_that_is_sent(self, browser: Client, workspace: Workspace) -> None:
        medium = Channel.objects.create(
            workspace=workspace, platform="medium", name="My Medium", status=Channel.Status.OPEN,
            settings={"base_url": "https://api.medium.com/v1", "publish_status": "public"},
        )  # fmt: skip
        page = self.look(browser, medium, tags="a, b, c, d")
        assert "<li><strong>a: c</strong><br>b: d</li>" in page
        assert "they become lists with an item for each row" in page
        assert "Medium takes 3 tags: “d” is left out." in page
        assert page.count("<li>#") == 3

    def test_what_is_typed_counts_and_nothing_is_saved(self, browser: Client, dev: Channel, post: Post) -> None:
        page = self.look(browser, dev, previewed=post.pk, title="Typed now", tags="one", version=1)
        assert "Typed now" in page
        assert "#one" in page
        assert f"{edit(post)}#line-7" in page
        post.refresh_from_db()
        assert post.title != "Typed now"

    @pytest.mark.parametrize("previewed", ["", "x", "0", "9" * 30, "²"])
    def test_any_post_number_will_do(self, browser: Client, dev: Channel, previewed: str) -> None:
        page = self.look(browser, dev, previewed=previewed, canonical_url="https://ada.example/x")
        assert "☑ done" in page

    def test_the_tab_stays_while_she_types(self, browser: Client, dev: Channel) -> None:
        typed = {"markdown": "- [ ] a", "looked_at": dev.pk}
        page = browser.post(reverse("post_preview"), typed, headers=HTMX).content.decode()
        assert "☐ a" in page
        own = browser.post(reverse("post_preview"), {**typed, "look": ""}, headers=HTMX).content.decode()
        assert "☐ a" not in own

    def test_graces_channels_are_not_adas(self, browser: Client, dev: Channel, grace: User) -> None:
        stranger = Client()
        stranger.force_login(grace)
        page = self.look(stranger, dev)
        assert "☑" not in page
        assert str(dev) not in page

    def test_nothing_active_comes_through(self, browser: Client, dev: Channel, folder: Channel) -> None:
        text = "<script>x()</script><img src=x onerror=y()> [a](javascript:z()) <p style='position:fixed'>b</p>"
        for channel in (dev, folder):
            page = self.look(browser, channel, markdown=text)
            for trace in ("<script", "onerror=", 'href="javascript', "style="):
                assert trace not in page

    def test_without_javascript_the_tabs_lead_to_pages(self, browser: Client, dev: Channel) -> None:
        given = {"title": "T", "markdown": "\n- [x] done", "tags": "a", "look": dev.pk, "save": "1"}
        page = browser.post(reverse("post_preview"), given).content.decode()
        assert "<title>Preview" in page
        assert "☑ done" in page
        assert '<textarea name="tags" hidden' in page
        assert 'name="save"' not in page


@pytest.mark.django_db
class TestFrontMatter:
    def test_it_is_offered_and_taken(self, browser: Client, post: Post) -> None:
        response = browser.post(edit(post), fields(post, title="", markdown=FRONT_MATTER), follow=True)
        assert "Take its values?" in response.content.decode()
        browser.post(reverse("post_front_matter", args=[post.pk]), {"version": 2})
        post.refresh_from_db()
        assert (post.title, post.tags, post.summary) == ("Taken", ["one", "two"], "Short")
        assert (post.canonical_url, post.markdown.strip()) == ("https://ada.example/x", "Body.")

    def test_what_cannot_be_used_is_shown_at_its_field(self, browser: Client, post: Post) -> None:
        Post.objects.filter(pk=post.pk).update(markdown="---\ntitle: T\nslug: two words\n---\nBody")
        response = browser.post(reverse("post_front_matter", args=[post.pk]), {"version": 1})
        assert "slug" in response.content.decode().lower() or response.status_code == 302
        assert Post.objects.get().markdown.startswith("---")

    def test_it_is_not_taken_over_a_newer_save(self, browser: Client, post: Post) -> None:
        Post.objects.filter(pk=post.pk).update(markdown=FRONT_MATTER, version=5)
        browser.post(reverse("post_front_matter", args=[post.pk]), {"version": 4})
        assert Post.objects.get().markdown == FRONT_MATTER


@pytest.mark.django_db
class TestDeleting:
    def test_a_draft_goes_when_it_is_confirmed(self, browser: Client, post: Post) -> None:
        url = reverse("post_delete", args=[post.pk])
        assert "it can be brought back" in browser.get(url).content.decode()
        response: Any = browser.post(url)
        assert response.url == reverse("posts")
        assert not Post.objects.exists()

    @pytest.mark.parametrize("status", ["scheduled", "publishing", "checking", "published", "uncertain"])
    def test_what_is_somewhere_or_on_its_way_stays(
        self, browser: Client, post: Post, deliver: Deliver, status: str
    ) -> None:
        deliver(status)
        page = browser.post(reverse("post_delete", args=[post.pk])).content.decode()
        assert "cannot be deleted" in page
        assert Post.objects.exists()


@pytest.mark.django_db
class TestTheList:
    def shown(self, browser: Client, query: str = "") -> str:
        return browser.get(reverse("posts") + query).content.decode()

    def test_nothing_yet_shows_how_to_begin(self, browser: Client) -> None:
        page = self.shown(browser)
        assert "See it work in a minute" in page
        assert "1 of 4 done" in page

    def test_nothing_found_is_said_differently(self, browser: Client, post: Post) -> None:
        assert "No post matches" in self.shown(browser, "?q=nowhere")
        assert "Notes" in self.shown(browser, "?q=note")

    @pytest.mark.parametrize(
        ("states", "standing"),
        [
            ([], "Draft"),
            (["cancelled"], "Draft"),
            (["scheduled"], "Scheduled"),
            (["publishing"], "Publishing"),
            (["published"], "Published"),
            (["scheduled", "published"], "Partly published"),
            (["failed"], "Needs you"),
            (["uncertain"], "Needs you"),
        ],
    )
    def test_each_post_says_where_it_stands(
        self, browser: Client, deliver: Deliver, post: Post, folder: Channel, states: list[str], standing: str
    ) -> None:
        for number, state in enumerate(states):
            deliver(state, **({"channel": folder} if number else {}))
        assert badges(self.shown(browser)) == [standing]
        value = standing.lower().replace(" ", "_")
        assert "Notes" in self.shown(browser, f"?status={value}")

    def test_what_failed_and_was_scheduled_anew_needs_nobody(self, browser: Client, deliver: Deliver) -> None:
        deliver(Delivery.Status.FAILED)
        deliver(Delivery.Status.SCHEDULED)
        assert badges(self.shown(browser)) == ["Scheduled"]

    def test_pages_keep_the_search(self, browser: Client, post: Post, ada: User) -> None:
        Post.objects.bulk_create(
            Post(workspace=post.workspace, author=ada, title=f"Notes {number}") for number in range(30)
        )
        assert "?q=notes&amp;page=2" in self.shown(browser, "?q=notes")
        assert "Page 2 of 2" in self.shown(browser, "?q=notes&page=99")

    def test_more_posts_do_not_ask_more_questions(
        self, browser: Client, deliver: Deliver, post: Post, ada: User, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(10):
            another = Post.objects.create(workspace=post.workspace, author=ada, title=f"n{number}")
            deliver(post=another)
        with django_assert_max_num_queries(9):  # one of them asks which of the first steps are taken
            self.shown(browser)
