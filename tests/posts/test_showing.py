"""A workspace to show: twelve posts in every state, made once, beside nothing that is real."""

from __future__ import annotations

from collections import Counter
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from accounts.models import Mail, User, Workspace
from posts.models import Channel, Delivery, Post
from tests.conftest import workspace_of


def demo_data(*arguments: str, **options: object) -> str:
    told = StringIO()
    call_command("demo_data", *arguments, stdout=told, **options)
    return told.getvalue()


@pytest.mark.django_db
class TestTheDemo:
    def test_it_has_posts_in_every_state_that_a_stranger_should_see(self, grace: User) -> None:
        assert "12 posts were made" in demo_data()
        shown = User.objects.get(email="demo@example.com")
        workspace = workspace_of(shown)
        assert Post.objects.of(workspace).count() == 12
        assert Channel.objects.of(workspace).count() == 2
        states = Counter(Delivery.objects.of(workspace).values_list("status", flat=True))
        assert states == {"published": 6, "scheduled": 6, "failed": 1, "missed": 1, "uncertain": 1}
        assert not shown.is_owner
        assert not Mail.objects.filter(to=shown.email).exists()

    def test_what_is_published_stands_in_its_folder(self) -> None:
        demo_data()
        workspace = Workspace.objects.get()
        for delivery in Delivery.objects.filter(status="published"):
            assert (settings.SITES_DIR / f"workspace-{workspace.pk}" / delivery.remote_id).is_file()
            assert not delivery.remote_url, "nobody must look for it on the network"

    def test_run_again_it_makes_what_is_missing(self) -> None:
        demo_data()
        Post.objects.filter(title__startswith="Tests that").delete()
        assert "1 post was made, 11 were there" in demo_data()
        assert Post.objects.count() == 12
        assert Channel.objects.count() == 2

    def test_in_a_house_without_people_it_belongs_to_the_owner(self) -> None:
        assert "Log in as demo@example.com" in demo_data()
        assert User.objects.get().is_owner

    def test_it_never_mixes_with_what_is_real(self, ada: User) -> None:
        Post.objects.create(workspace=workspace_of(ada), author=ada, title="Real")
        with pytest.raises(CommandError, match="Add --force"):
            demo_data(ada.email)
        assert Post.objects.count() == 1
        demo_data(ada.email, force=True)
        assert Post.objects.count() == 13

    def test_whom_it_does_not_know_it_says(self, ada: User) -> None:
        with pytest.raises(CommandError, match="Nobody has the address"):
            demo_data("nobody@example.com")
        with pytest.raises(CommandError, match="keep theirs"):
            demo_data(ada.email, password="another one")
