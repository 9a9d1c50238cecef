"""Verbs: a new person's first minutes: what is done of the first steps, a demo channel, a sample post for it."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, Q

from accounts.models import User, Workspace
from posts import connecting
from posts.models import Channel, Delivery, Post
from publishers.platforms.folder import Folder

DEMO_NAME = "Demo blog"
DEMO_FOLDER = "demo"  # tells a demo channel from a folder of somebody's own
SAMPLE_SLUG = "hello-from-your-demo-blog"  # tells the sample post from others
SAMPLE_TITLE = "Hello from your demo blog"
SAMPLE_SUMMARY = "A sample post: what happens between pressing Publish and the page that readers see."
SAMPLE_TAGS = ("welcome", "markdown")
SAMPLE_TEXT = """\
This is a sample post. Publish it as it stands, or write over it: nobody but you can see your demo blog.

## What happens when you press Publish

1. The post becomes a row in the database, with its channel and its time.
2. A worker takes it, and nobody else can: it goes out **once**, also when something breaks half-way.
3. What the platform answered is kept. If it is not sure that the post arrived, we look before we send anything again.

## What you can write

Posts are Markdown, so there are lists, [links](https://commonmark.org), `code`, tables and quotes:

> A post that is scheduled is a promise. Somebody has to be awake to keep it.

```python
def publish(post, channel):
    return channel.send(post)
```

| place | needs an account | shows tables |
|-------|:----------------:|:------------:|
| Demo blog | no | yes |
| DEV | yes | yes |
| Medium | yes | no: you are told before |

That is all. **Connect a channel** of your own when you are ready, and remove the demo blog whenever you like.
"""


@dataclass(frozen=True)
class FirstSteps:
    """Which of the first steps somebody has taken in their workspace."""

    confirmed: bool
    connected: bool
    wrote: bool
    scheduled: bool
    has_own_channel: bool  # another one than the demo

    @property
    def done(self) -> int:
        return [self.confirmed, self.connected, self.wrote, self.scheduled].count(True)

    @property
    def in_all(self) -> int:
        return 4

    @property
    def is_complete(self) -> bool:
        return self.done == self.in_all

    @property
    def current(self) -> str:
        """The name of the first step that is left; "" when all are taken."""
        taken = {name: getattr(self, name) for name in ("confirmed", "connected", "wrote", "scheduled")}
        return next((name for name, is_taken in taken.items() if not is_taken), "")


def first_steps(workspace: Workspace, user: User) -> FirstSteps:
    """What is done so far: one query."""
    channels = Channel.objects.filter(workspace=OuterRef("pk")).exclude(status=Channel.Status.REMOVED)
    deliveries = Delivery.objects.filter(workspace=OuterRef("pk")).exclude(status=Delivery.Status.CANCELLED)
    found = Workspace.objects.filter(pk=workspace.pk).values_list(
        Exists(EmailAddress.objects.filter(user=user.pk, verified=True)),
        Exists(channels),
        Exists(Post.objects.filter(workspace=OuterRef("pk"))),
        Exists(deliveries),
        Exists(channels.exclude(_IS_DEMO)),
    )
    return FirstSteps(*found.get())


_IS_DEMO = Q(platform=Folder.name, settings__directory=DEMO_FOLDER)


def demo_channel(workspace: Workspace) -> Channel:
    """The workspace's demo channel: a folder on this machine, made when there is none. Ring after the commit."""
    demo = Channel.objects.of(workspace).filter(_IS_DEMO)
    while (channel := demo.first()) is None:
        try:
            return connecting.connect(workspace, Folder.name, _free_name(workspace), {}, _demo_settings())
        except connecting.NameTaken:  # somebody was quicker: perhaps with this very channel
            continue
    return channel


def is_demo(channel: Channel) -> bool:
    return channel.platform == Folder.name and channel.settings.get("directory") == DEMO_FOLDER


def _free_name(workspace: Workspace) -> str:
    taken = set(Channel.objects.of(workspace).values_list("name", flat=True))
    names = [DEMO_NAME, *(f"{DEMO_NAME} {number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def _demo_settings() -> dict[str, str]:
    return {"generator": "hugo", "directory": DEMO_FOLDER, "base_url": "", "permalink": "", "keys": ""}


def sample_post(workspace: Workspace, author: User) -> Post:
    """The sample post as its author left it, made when there is none."""
    post = Post.objects.of(workspace).filter(slug=SAMPLE_SLUG).order_by("pk").first()
    return post or Post.objects.create(
        workspace=workspace,
        author=author,
        title=SAMPLE_TITLE,
        slug=SAMPLE_SLUG,
        summary=SAMPLE_SUMMARY,
        tags=list(SAMPLE_TAGS),
        markdown=SAMPLE_TEXT,
    )


def is_there(post: Post, channel: Channel) -> bool:
    """The post is scheduled, on its way or published on this channel: it cannot go there again."""
    over = [Delivery.Status.CANCELLED, Delivery.Status.FAILED]
    return post.deliveries.filter(channel=channel).exclude(status__in=over).exists()
