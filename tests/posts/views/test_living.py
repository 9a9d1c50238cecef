"""Ada edits what is out there: what she is shown, and what her buttons do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from posts.engine.packing import article_of, digest_of, fields_of
from posts.models import Channel, Delivery, Post
from posts.planning import living
from posts.views.standing import Standing
from tests.posts.views.conftest import Deliver, badges

pytestmark = pytest.mark.django_db
Status, Action = Delivery.Status, Delivery.Action


@pytest.fixture
def published(deliver: Deliver, folder: Channel, post: Post) -> Delivery:
    """In her folder, with what is kept of it."""
    delivery = deliver("published", channel=folder, remote_id="content/posts/notes.md", remote_url="")
    article = article_of(delivery)
    fields = fields_of(article, folder)
    Delivery.objects.filter(pk=delivery.pk).update(
        sent_title=article.title, sent_markdown=article.markdown, sent_fields=fields, sent_digest=post.digest(),
        sent_version=1, sent_as=digest_of(article.title, article.markdown, fields),
    )  # fmt: skip
    delivery.refresh_from_db()
    return delivery


@pytest.fixture
def edited(published: Delivery, post: Post) -> Delivery:
    Post.objects.filter(pk=post.pk).update(title="Second thoughts", markdown="Other *words*.", version=2)
    living.changed(post, timezone.now())
    return published


def page(browser: Client, name: str, pk: int) -> str:
    response = browser.get(reverse(name, args=[pk]))
    assert response.status_code == 200
    return response.content.decode()


# --- what she sees ---------------------------------------------------------------------------------------------------


def test_what_is_the_same_says_nothing(browser: Client, published: Delivery) -> None:
    shown = page(browser, "post", published.post_id)
    assert "Differs" not in badges(shown)
    assert "Update now" not in shown
    assert "Unpublish…" in shown


def test_what_differs_is_shown_at_once_and_named_by_the_button(browser: Client, edited: Delivery) -> None:
    """No worker has compared it yet."""
    shown = page(browser, "post", edited.post_id)
    assert "Differs" in badges(shown)
    assert "Update now on Garden" in shown
    assert reverse("delivery_differences", args=[edited.pk]) in shown


def test_what_differs_is_shown_field_by_field_and_line_by_line(browser: Client, edited: Delivery) -> None:
    shown = page(browser, "delivery_differences", edited.pk)
    for words in (
        "<del>Notes</del>",
        "<ins>Second thoughts</ins>",
        "<del>A few *words*.</del>",
        "<ins>Other *words*.</ins>",
    ):
        assert words in shown


def test_the_list_can_be_filtered_by_it(browser: Client, edited: Delivery, workspace: Any) -> None:
    Post.objects.create(workspace=workspace, title="Something else")
    living.look_after(timezone.now)
    shown = browser.get(reverse("posts"), {"status": "differs"}).content.decode()
    assert "Second thoughts" in shown
    assert "Something else" not in shown


def test_where_nothing_can_be_changed_it_is_said_in_words(browser: Client, edited: Delivery) -> None:
    Channel.objects.filter(pk=edited.channel_id).update(platform="medium", name="Essays", settings={
        "base_url": "https://api.medium.com/v1", "publish_status": "public", "license": "public-domain",
    })  # fmt: skip
    shown = page(browser, "post", edited.post_id)
    assert "Medium lets nobody change or take back an article from outside" in shown
    assert "Update now" not in shown
    assert "Unpublish…" not in shown
    assert "Medium lets nobody" in page(browser, "delivery_unpublish", edited.pk)


def test_many_living_copies_do_not_ask_many_questions(
    browser: Client, edited: Delivery, deliver: Deliver, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        place = Channel.objects.create(
            workspace=edited.workspace, platform="folder", name=f"n{number}", status="open",
            settings=edited.channel.settings,
        )  # fmt: skip
        other = deliver("published", channel=place, remote_id=f"{number}", sent_digest="old", differs=None)
        deliver(channel=place, action=Action.UPDATE, revises=other, digest=str(number))
    with django_assert_max_num_queries(12):
        shown = page(browser, "post", edited.post_id)
    assert shown.count("<strong>Update</strong>") == 5


# --- what she does ---------------------------------------------------------------------------------------------------


def test_update_now(browser: Client, edited: Delivery) -> None:
    response = browser.post(reverse("delivery_update", args=[edited.pk]), follow=True)
    assert "The update on Garden is on its way." in response.content.decode()
    made = Delivery.objects.get(action=Action.UPDATE)
    assert (made.revises_id, made.status, made.created_by) == (edited.pk, Status.SCHEDULED, edited.post.author)
    again = browser.post(reverse("delivery_update", args=[edited.pk]), follow=True).content.decode()
    assert "already" in again
    assert "Update now" not in page(browser, "post", edited.post_id), "one is on its way"


def test_update_everywhere(browser: Client, edited: Delivery, deliver: Deliver, dev: Channel) -> None:
    deliver("published", channel=dev, sent_digest="old")
    response = browser.post(reverse("post_update", args=[edited.post_id]), follow=True).content.decode()
    assert "Garden" in response
    assert Delivery.objects.filter(action=Action.UPDATE, channel=edited.channel).count() == 1


def test_update_at_a_time(browser: Client, edited: Delivery) -> None:
    url = reverse("delivery_update_at", args=[edited.pk])
    assert "aria-invalid" in browser.post(url, {"at": "2020-01-01T09:00"}).content.decode()
    later = (timezone.now() + timedelta(days=3)).strftime("%Y-%m-%dT09:00")
    said = browser.post(url, {"at": later}, follow=True).content.decode()
    assert "is scheduled for" in said
    assert Delivery.objects.get(action=Action.UPDATE).wall_time == later


def test_update_everywhere_at_a_time(browser: Client, edited: Delivery, deliver: Deliver, dev: Channel) -> None:
    deliver("published", channel=dev, sent_digest="old")
    url = reverse("delivery_update_at", args=[edited.pk])
    assert "Also where else it differs: My DEV" in browser.get(url).content.decode()
    later = (timezone.now() + timedelta(days=3)).strftime("%Y-%m-%dT09:00")
    browser.post(url, {"at": later, "everywhere": "yes"})
    assert Delivery.objects.filter(action=Action.UPDATE, wall_time=later).count() == 2


def test_unpublishing_says_first_what_will_happen(browser: Client, published: Delivery) -> None:
    url = reverse("delivery_unpublish", args=[published.pk])
    assert "Its file is deleted" in browser.get(url).content.decode()
    assert not Delivery.objects.filter(action=Action.UNPUBLISH).exists()
    browser.post(url)
    assert Delivery.objects.get(action=Action.UNPUBLISH).revises_id == published.pk


def test_what_is_gone_may_be_published_anew(browser: Client, edited: Delivery) -> None:
    Delivery.objects.filter(pk=edited.pk).update(gone_at=timezone.now())
    assert "It is no longer there." in page(browser, "post", edited.post_id)
    response = browser.post(reverse("delivery_publish_anew", args=[edited.pk]))
    assert response["Location"] == f"{reverse('schedule', args=[edited.post_id])}?channels={edited.channel_id}"
    assert Delivery.objects.get(pk=edited.pk).status == Status.CANCELLED
    again = browser.post(reverse("delivery_publish_anew", args=[edited.pk]))
    assert again["Location"] == edited.get_absolute_url()


def test_a_planned_update_leaves_the_post_published(browser: Client, edited: Delivery) -> None:
    browser.post(reverse("delivery_update", args=[edited.pk]))
    shown = browser.get(reverse("posts"), {"status": Standing.PUBLISHED}).content.decode()
    assert "Second thoughts" in shown
    assert "update: scheduled" in shown


def test_the_history_of_the_publication_tells_of_it(browser: Client, edited: Delivery) -> None:
    browser.post(reverse("delivery_update", args=[edited.pk]))
    made = Delivery.objects.get(action=Action.UPDATE)
    for pk in (made.pk, edited.pk):
        assert "The update was scheduled by Ada on Garden" in page(browser, "delivery", pk)


# --- said otherwise on one channel -----------------------------------------------------------------------------------


class TestOnlyThere:
    def url(self, post: Post, channel: Channel) -> str:
        return reverse("post_version", args=[post.pk, channel.pk])

    def test_what_is_inherited_stands_in_the_empty_fields(self, browser: Client, post: Post, dev: Channel) -> None:
        Channel.objects.filter(pk=dev.pk).update(defaults={"footer": "For all."})
        shown = browser.get(self.url(post, dev)).content.decode()
        assert 'placeholder="Notes"' in shown
        assert 'placeholder="maths"' in shown
        assert 'placeholder="For all."' in shown

    def test_it_is_kept_and_named_on_the_posts_page(
        self, browser: Client, post: Post, dev: Channel, deliver: Deliver
    ) -> None:
        deliver()
        browser.post(self.url(post, dev), {"title": "On DEV", "tags": "a, b", "intro": "Hello."})
        post.refresh_from_db()
        assert post.versions == {str(dev.pk): {"title": "On DEV", "tags": ["a", "b"], "intro": "Hello."}}
        assert "Said otherwise here: title, tags, block before the text." in page(browser, "post", post.pk)
        review = browser.get(
            reverse("review", args=[post.pk]), {"channels": str(dev.pk), "when": "now"}
        ).content.decode()
        assert "already" in review  # it is there; else it would say what is said otherwise

    def test_bad_input_is_said_at_its_field_and_nothing_is_lost(
        self, browser: Client, post: Post, dev: Channel
    ) -> None:
        shown = browser.post(self.url(post, dev), {"title": "On DEV", "canonical_url": "ftp://x", "slug": "a b"})
        words = shown.content.decode()
        assert words.count("aria-invalid") == 2
        assert 'value="On DEV"' in words
        post.refresh_from_db()
        assert post.versions is None

    def test_what_the_channel_says_of_it_stands_at_its_field(self, browser: Client, post: Post, dev: Channel) -> None:
        browser.post(self.url(post, dev), {"tags": "c#, b, c, d, e"})
        shown = browser.get(self.url(post, dev)).content.decode()
        field = shown[shown.index('name="tags"') : shown.index('name="slug"')]
        assert "DEV takes 4 tags" in field

    def test_who_writes_over_somebody_elses_is_told(self, browser: Client, post: Post, dev: Channel) -> None:
        url = self.url(post, dev)
        seen = browser.get(url).context["form"].stands
        browser.post(url, {"title": "Mine", "seen": seen})
        refused = browser.post(url, {"title": "Yours", "seen": seen})
        assert "It was changed meanwhile" in refused.content.decode()
        browser.post(url, {"title": "Yours", "seen": refused.context["form"].stands})
        post.refresh_from_db()
        assert post.versions == {str(dev.pk): {"title": "Yours"}}

    def test_what_is_published_differs_then(self, browser: Client, published: Delivery, folder: Channel) -> None:
        browser.post(self.url(published.post, folder), {"title": "For gardeners"})
        assert "Differs" in badges(page(browser, "post", published.post_id))

    def test_it_is_sent(self, browser: Client, post: Post, dev: Channel) -> None:
        browser.post(self.url(post, dev), {"title": "On DEV"})
        review = browser.get(
            reverse("review", args=[post.pk]), {"channels": str(dev.pk), "when": "now"}
        ).content.decode()
        assert "Said otherwise here: title." in review
        assert "&quot;title&quot;: &quot;On DEV&quot;" in review


class TestForAllPosts:
    def test_it_is_kept(self, browser: Client, dev: Channel) -> None:
        browser.post(reverse("channel_defaults", args=[dev.pk]), {
            "footer": "First on {canonical_url}.", "canonical": "none", "tags": "c# = csharp\nhistory =",
        })  # fmt: skip
        dev.refresh_from_db()
        kept = {"footer": "First on {canonical_url}.", "canonical": "none", "tags": {"c#": "csharp", "history": ""}}
        assert dev.defaults == kept
        shown = page(browser, "channel_defaults", dev.pk)
        assert "c# = csharp" in shown

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"canonical": "pattern"}, "Write a whole web address"),
            ({"canonical": "pattern", "pattern": "https://ada.example/"}, "Without {slug}"),
            ({"tags": "c#"}, "is not of the form"),
        ],
    )
    def test_bad_input_is_said_at_its_field(
        self, browser: Client, dev: Channel, given: dict[str, str], said: str
    ) -> None:
        shown = browser.post(reverse("channel_defaults", args=[dev.pk]), {"footer": "Kept.", **given}).content.decode()
        assert said in shown
        assert "Kept." in shown

    def test_what_is_published_there_differs_then(self, browser: Client, published: Delivery, folder: Channel) -> None:
        browser.post(reverse("channel_defaults", args=[folder.pk]), {"footer": "Bye."})
        assert "Differs" in badges(page(browser, "post", published.post_id))
