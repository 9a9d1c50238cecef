"""Ada's first minutes: what is ticked, the demo channel and the sample post."""

from __future__ import annotations

from datetime import UTC, datetime

from allauth.account.models import EmailAddress

from accounts.models import User, Workspace
from posts import beginning, connecting
from posts.models import Channel, Post
from posts.planning import scheduling
from posts.planning.moments import moment_at

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def test_each_step_ticks_itself(workspace: Workspace, ada: User) -> None:
    EmailAddress.objects.filter(user=ada).update(verified=False)
    steps = beginning.first_steps(workspace, ada)
    assert (steps.done, steps.current, steps.is_complete) == (0, "confirmed", False)

    EmailAddress.objects.filter(user=ada).update(verified=True)
    assert beginning.first_steps(workspace, ada).current == "connected"

    demo = beginning.demo_channel(workspace)
    assert beginning.first_steps(workspace, ada).current == "wrote"

    post = beginning.sample_post(workspace, ada)
    assert beginning.first_steps(workspace, ada).current == "scheduled"

    [delivery] = scheduling.schedule(post, [demo], moment_at(NOW, UTC), NOW, ada)
    steps = beginning.first_steps(workspace, ada)
    assert (steps.done, steps.current, steps.is_complete, steps.has_own_channel) == (4, "", True, False)

    scheduling.cancel(delivery)
    assert beginning.first_steps(workspace, ada).current == "scheduled"


def test_there_is_one_demo_channel_however_often_it_is_asked_for(workspace: Workspace, ada: User) -> None:
    demo = beginning.demo_channel(workspace)
    assert (demo.name, demo.status, beginning.is_demo(demo)) == ("Demo blog", Channel.Status.CHECKING, True)
    assert beginning.demo_channel(workspace) == demo
    assert beginning.sample_post(workspace, ada) == beginning.sample_post(workspace, ada)


def test_a_channel_of_adas_own_keeps_its_name(workspace: Workspace) -> None:
    settings = {"generator": "hugo", "directory": "content/posts", "base_url": "", "permalink": "", "keys": ""}
    own = connecting.connect(workspace, "folder", "Demo blog", {}, settings)
    assert not beginning.is_demo(own)
    assert beginning.demo_channel(workspace).name == "Demo blog 2"
    assert beginning.demo_channel(workspace).name == "Demo blog 2"


def test_a_removed_demo_channel_can_be_connected_again(workspace: Workspace) -> None:
    first = beginning.demo_channel(workspace)
    connecting.disconnect(first)
    again = beginning.demo_channel(workspace)
    assert again != first
    assert again.name == "Demo blog"


def test_no_platform_would_refuse_the_sample_post(workspace: Workspace, ada: User) -> None:
    post = beginning.sample_post(workspace, ada)
    assert scheduling.check(post, beginning.demo_channel(workspace)) == []
    assert Post.objects.get().author == ada
