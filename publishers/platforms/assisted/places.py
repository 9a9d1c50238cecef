"""The places themselves. What stands in ``look_out`` without "we think" is plain; nothing else could be tried here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms

from publishers.base import Account, Article, Door, Limits, Surroundings, Takes
from publishers.platforms.assisted.article import A_PLAIN_EDITOR
from publishers.platforms.assisted.byhand import PAGE_SECONDS, AddressForm, ByHand, NoSettingsForm


class MediumByHand(ByHand):
    name = "medium-by-hand"
    label = "Medium (by hand)"
    blurb = "For accounts without an integration token, which Medium no longer gives out."
    takes = Takes.RICH_TEXT
    hosts = ("medium.com",)
    home = "https://medium.com"
    editor_address = "https://medium.com/new-story"
    import_address = "https://medium.com/p/import"
    import_note = (
        "Medium takes over a story from its address, and is said to name it as the original by itself; "
        "we could not try it."
    )
    limits = Limits(title=100, tags=5, tag_length=25, page_seconds=PAGE_SECONDS)
    lacks = A_PLAIN_EDITOR | {"nested list", "small heading"}
    look_out: ClassVar[tuple[str, ...]] = (
        "Paste the title into the first line: Medium makes the title of it.",
        "We think that the canonical link is set in the story's settings, under “Advanced settings”; "
        "an imported story should have it already.",
        "Look at code blocks and pictures after pasting: we could not try how Medium takes them.",
    )


class HashnodeByHand(ByHand):
    name = "hashnode-by-hand"
    label = "Hashnode (by hand)"
    blurb = "For publications without the paid plan that Hashnode's API asks for."
    takes = Takes.MARKDOWN
    hosts = ("hashnode.dev", "hashnode.com")
    home = "https://hashnode.com"
    lacks = frozenset({"diagram"})
    editor_address = "https://hashnode.com/draft"
    limits = Limits(tags=15, page_seconds=PAGE_SECONDS)
    look_out: ClassVar[tuple[str, ...]] = (
        "Hashnode's editor takes Markdown: paste it as plain text.",
        "Is your blog on a domain of your own? Give its address in the channel's settings, "
        "else the article's address is refused here.",
        "We think that the canonical link is in the draft's settings, as “Are you republishing?”.",
    )


class Substack(ByHand):
    name = "substack"
    label = "Substack"
    blurb = "Your newsletter and its page. Substack has no API for publishing."
    takes = Takes.RICH_TEXT
    hosts = ("substack.com",)
    limits = Limits(names_canonical=False, page_seconds=PAGE_SECONDS)
    lacks = A_PLAIN_EDITOR - {"footnote"}
    look_out: ClassVar[tuple[str, ...]] = (
        "Substack may send a post to all subscribers when it is published: choose web only if you do not want that.",
        "Look at code blocks and pictures after pasting: we could not try how Substack takes them.",
    )

    def doors(self, article: Article) -> tuple[Door, ...]:
        """Its editor is below the newsletter's own address."""
        own = str(self.settings.get("address") or "").rstrip("/")
        if not own:
            note = "Give your newsletter's address in the channel's settings: then this leads to its editor."
            return (Door("Open Substack", "https://substack.com/home", note),)
        note = "We think that Substack can take over posts from another blog; we could not try it."
        return Door("Open its editor", f"{own}/publish/post"), Door("Open its import", f"{own}/publish/import", note)


class LinkedInArticle(ByHand):
    name = "linkedin-article"
    label = "LinkedIn (article)"
    blurb = "A long text on your LinkedIn profile or page."
    takes = Takes.RICH_TEXT
    hosts = ("linkedin.com",)
    home = "https://www.linkedin.com"
    editor_address = "https://www.linkedin.com/article/new/"
    limits = Limits(title=150, names_canonical=False, page_seconds=PAGE_SECONDS)
    lacks = A_PLAIN_EDITOR | {"nested list", "small heading"}
    look_out: ClassVar[tuple[str, ...]] = (
        "LinkedIn asks for a short text above the article when you publish it: the summary may serve.",
        "We think that pictures have to be uploaded there one by one, and that tags are hashtags in the short text.",
    )


class WordPressCom(ByHand):
    name = "wordpress-com"
    label = "WordPress.com"
    blurb = "A blog that WordPress.com runs for you. One of your own has an API: see WordPress."
    takes = Takes.HTML
    hosts = ("wordpress.com",)
    home = "https://wordpress.com"
    editor_address = "https://wordpress.com/post"
    limits = Limits(names_canonical=False, page_seconds=PAGE_SECONDS)
    look_out: ClassVar[tuple[str, ...]] = (
        "In the editor choose “Code editor” and paste the HTML there; rich text works in the visual one.",
        "A blog with a domain of its own: give its address in the channel's settings.",
    )


class HackerNews(ByHand):
    name = "hacker-news"
    label = "Hacker News"
    blurb = "A link to an article that is public elsewhere."
    takes = Takes.LINK
    announces = True
    settings_form = NoSettingsForm
    hosts = ("news.ycombinator.com",)
    home = "https://news.ycombinator.com"
    limits = Limits(title=80, names_canonical=False, page_seconds=PAGE_SECONDS)
    look_out: ClassVar[tuple[str, ...]] = (
        "The title should be that of the article, without praise: the site's own rules ask for it.",
        "Somebody else may have submitted it: then the form leads to that discussion.",
        "A new account's links may be hidden for a while: the page is there for you and not for others.",
    )

    def doors(self, article: Article) -> tuple[Door, ...]:
        """Its form, filled in: the address takes both fields."""
        fields = {"u": article.canonical_url, "t": self.hand_off(article).title}
        filled = urlencode({name: words for name, words in fields.items() if words})
        return (Door("Open its form, filled in", f"https://news.ycombinator.com/submitlink?{filled}"),)

    def wrong_address(self, url: str) -> str:
        wrong = super().wrong_address(url)
        is_item = "/item?id=" in url
        return wrong or ("" if is_item else "Give the address of the discussion: it has “item?id=” in it.")


class ElsewhereForm(AddressForm):
    takes = forms.ChoiceField(
        label="It takes",
        choices=[
            (Takes.RICH_TEXT.value, "Rich text, pasted into an editor"),
            (Takes.MARKDOWN.value, "Markdown"),
            (Takes.HTML.value, "HTML"),
            (Takes.LINK.value, "Only a link to it"),
        ],
    )


class Elsewhere(ByHand):
    name = "elsewhere"
    label = "Another place"
    blurb = "Any site on which you publish yourself: you get the text in time."
    settings_form = ElsewhereForm
    look_out: ClassVar[tuple[str, ...]] = ("Look at headings, code and pictures after pasting.",)

    def __init__(
        self, *, credentials: Mapping[str, Any], settings: Mapping[str, Any], surroundings: Surroundings
    ) -> None:
        super().__init__(credentials=credentials, settings=settings, surroundings=surroundings)
        self.takes = Takes(settings.get("takes") or Takes.RICH_TEXT)

    @property
    def place_label(self) -> str:
        return "The place"

    def verify(self) -> Account:
        account = super().verify()
        return account if account.url else Account(id=self.name, name="a place of your own")

    def doors(self, article: Article) -> tuple[Door, ...]:
        address = str(self.settings.get("address") or "")
        return (Door("Open the site", address),) if address else ()
