"""The admin: every row is found and read there, nobody sees what is not his, and no secret is on any page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.conf import settings as house
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db import models
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    PeriodicTasks,
    SolarSchedule,
)
from django_celery_results.models import GroupResult, TaskResult

from accounts.models import Feed, Mail, Membership, User, Workspace
from posts.images import keeping
from posts.models import (
    Attempt,
    Change,
    Channel,
    Delivery,
    Heartbeat,
    Outage,
    Post,
    Proof,
    ReadingPace,
    Series,
    Tally,
    Turn,
)
from posts.planning import following, scheduling
from tests.conftest import joined
from tests.posts.conftest import MovableClock, Street, publish
from tests.posts.pictures import picture

pytestmark = pytest.mark.django_db
Plan = Callable[..., Delivery]
Status = Delivery.Status
OWN_APPS = ("accounts", "posts", "django_celery_beat", "django_celery_results")
# Membership is edited inside its workspace; the other two are counters of their libraries, which register none.
NOT_ON_ITS_OWN = {Membership, PeriodicTasks, apps.get_model("django_celery_results", "ChordCounter")}
REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.fixture(autouse=True, scope="module")
def static_folder() -> None:
    """Where collectstatic would have written: the server of static files warns when it is missing."""
    house.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def owner(client: Client, db: None) -> User:
    owner = joined("linus@example.com", "Linus", is_staff=True, is_superuser=True, is_owner=True)
    client.force_login(owner)
    return owner


@pytest.fixture
def staff(client: Client, grace: User) -> User:
    """Grace may do everything that the admin offers, in her own workspace."""
    grace.is_staff = True
    grace.save()
    grace.user_permissions.set(Permission.objects.all())
    client.force_login(grace)
    return grace


@pytest.fixture
def published(dev: Channel, scheduled: Plan, new_post: Callable[..., Post], clock: MovableClock) -> Delivery:
    return publish(clock, scheduled(dev, new_post(title="Engines of Ada")))


@pytest.fixture
def rows(owner: User, published: Delivery) -> dict[type[models.Model], models.Model]:
    """A row of every model that the admin knows."""
    every = IntervalSchedule.objects.create(every=5, period="seconds")
    series = Series.objects.create(
        workspace=published.workspace, name="Digest", zone="UTC", start="2026-11-23T09:00", rule="FREQ=DAILY",
        since=timezone.now(),
    )  # fmt: skip
    plan = following.keep_plan(published.workspace, "Blog first", published.channel, [])
    made: list[models.Model] = [
        published, published.post, published.channel, published.workspace, owner, every,
        published.attempts.all()[0],
        Mail.objects.all()[0],
        Feed.objects.create(user=owner, workspace=published.workspace, digest="0" * 64, created_at=timezone.now()),
        ReadingPace.objects.create(origin="https://dev.to", free_at=timezone.now()),
        Heartbeat.objects.create(name="worker of engine-room, 7", kind=Heartbeat.Kind.WORKER, at=timezone.now()),
        Outage.objects.create(since=timezone.now()),
        Change.objects.create(workspace=published.workspace, what="moved", at=timezone.now(), title="Engines"),
        Proof.objects.get(delivery=published),
        published.channel.slots.create(weekday=0, at="09:00", zone="Europe/Berlin"),
        plan,
        plan.steps.create(channel=published.channel, after=timedelta(hours=24)),
        series,
        series.turns.create(post=published.post, place=1),
        series.occurrences.create(original="2026-11-24T09:00", wall_time="2026-11-24T09:00", due_at=timezone.now()),
        Tally.objects.create(of=Tally.Of.LATENESS, platform="devto", detail="0.05", value=7),
        keeping.take_in(published.workspace, owner, picture(), "engine.png"),
        published.channel.remote_images.create(
            digest="0" * 64, revision=1, url="https://cdn.example/1.png", created_at=timezone.now()
        ),
        published.workspace.outside_images.create(
            digest="0" * 64, address="https://example.org/x.png", asked_at=timezone.now()
        ),
        Turn.objects.create(name="tally", taken_at=timezone.now()),
        EmailAddress.objects.all()[0],
        Group.objects.create(name="Editors"),
        CrontabSchedule.objects.create(minute="5"),
        ClockedSchedule.objects.create(clocked_time=timezone.now()),
        SolarSchedule.objects.create(event="sunrise", latitude=51, longitude=0),
        PeriodicTask.objects.create(name="Look", task="posts.tasks.publish_due", interval=every),
        TaskResult.objects.create(task_id="1", task_name="posts.tasks.check_channel", result='"DEV knows us."'),
        GroupResult.objects.create(group_id="1"),
    ]  # fmt: skip
    return {type(row): row for row in made}


def url(model: type[models.Model] | models.Model, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def act(client: Client, action: str, *deliveries: models.Model) -> Any:
    """Tick rows, choose an action, and go; the page that follows."""
    data = {"action": action, "_selected_action": [row.pk for row in deliveries]}
    return client.post(url(deliveries[0], "changelist"), data, follow=True)


def told(answer: HttpResponse) -> list[str]:
    return [str(message) for message in answer.context["messages"]]  # type: ignore[attr-defined]


# --- everything is there ---------------------------------------------------------------------------------------------


def test_every_model_of_the_house_and_of_its_tasks_is_registered() -> None:
    models_of_the_house = {model for label in OWN_APPS for model in apps.get_app_config(label).get_models()}
    assert models_of_the_house - set(REGISTERED) == NOT_ON_ITS_OWN


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_every_list_and_every_row_can_be_read_and_shows_no_secret(
    model: type[models.Model], client: Client, rows: dict[type[models.Model], models.Model], dev: Channel
) -> None:
    row = rows[model]
    of_model = admin.site._registry[model]
    pages = [url(model, "changelist"), url(model, "change", row.pk), url(model, "history", row.pk)]
    if of_model.search_fields:
        pages.append(f"{url(model, 'changelist')}?q=engines")
    pages += [f"{url(model, 'changelist')}?o={column}" for column in range(1, len(list(of_model.list_display)) + 1)]
    if of_model.date_hierarchy:
        pages.append(f"{url(model, 'changelist')}?{of_model.date_hierarchy}__year=2026")
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert dev.credentials["api_key"] not in answer.text
        for mail in Mail.objects.all():
            assert mail.text not in answer.text
    assert client.get(url(model, "add")).status_code == (
        200 if of_model.has_add_permission(answer.wsgi_request) else 403
    )


def test_the_front_page_names_every_model(client: Client, rows: dict[type[models.Model], models.Model]) -> None:
    page = client.get("/admin/").text
    for model in REGISTERED:
        assert url(model, "changelist") in page


@pytest.mark.parametrize(
    ("model", "search", "found"),
    [
        ("post", "Engines of", True), ("post", "Nothing", False),
        ("delivery", "Engines of", True), ("delivery", "devto 1", True), ("delivery", "Nothing", False),
        ("channel", "ada1", True), ("attempt", "Engines of", True),
    ],
)  # fmt: skip
def test_rows_are_found(model: str, search: str, found: bool, client: Client, owner: User, published: Delivery) -> None:
    answer = client.get(f"/admin/posts/{model}/", {"q": search})
    assert (answer.context["cl"].result_count > 0) is found


def test_a_delivery_is_found_by_the_mark_that_it_left_on_the_platform(
    client: Client, owner: User, published: Delivery
) -> None:
    answer = client.get("/admin/posts/delivery/", {"q": str(published.key)})
    assert answer.context["cl"].result_count == 1


def test_a_delivery_shows_its_attempts_and_where_it_is(client: Client, owner: User, published: Delivery) -> None:
    page = client.get(url(published, "change", published.pk)).text
    assert "Create the draft" in page
    assert "Make it public" in page
    assert f'href="{published.remote_url}"' in client.get(url(published, "changelist")).text


def test_an_address_that_is_a_script_is_no_link(client: Client, owner: User, published: Delivery) -> None:
    Delivery.objects.filter(pk=published.pk).update(remote_url="javascript:alert(1)")
    assert "javascript:alert" not in client.get(url(published, "changelist")).text


# --- what may be changed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [Attempt, Delivery, Channel, ReadingPace, Heartbeat, Mail])
def test_what_happened_is_read_and_never_changed(
    model: type[models.Model], client: Client, rows: dict[type[models.Model], models.Model]
) -> None:
    row = rows[model]
    before = model._default_manager.filter(pk=row.pk).values().get()
    assert client.post(url(model, "change", row.pk), {"message": "Never happened."}).status_code == 403
    assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert client.post(url(model, "add"), {}).status_code == 403
    assert client.get(url(model, "add")).status_code == 403
    delete = client.post(
        url(model, "changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    )
    assert delete.status_code in (200, 302)
    assert model._default_manager.filter(pk=row.pk).values().get() == before


def test_an_edit_of_a_post_counts_as_a_version(client: Client, owner: User, new_post: Callable[..., Post]) -> None:
    post = new_post(tags=["maths"])
    data = {
        "workspace": post.workspace_id, "author": "", "title": "Better", "markdown": "Text.", "summary": "",
        "tags": '["maths"]', "slug": "", "cover_url": "", "canonical_url": "", "language": "", "ai_disclosure": "",
    }  # fmt: skip
    answer = client.post(url(post, "change", post.pk), data)
    assert answer.status_code == 302, answer.context["errors"]
    post.refresh_from_db()
    assert (post.title, post.version) == ("Better", 2)


def test_a_post_that_is_on_its_way_or_was_published_is_not_deleted(
    client: Client, owner: User, published: Delivery, scheduled: Plan, dev: Channel, new_post: Callable[..., Post]
) -> None:
    for post in (scheduled(dev, hours=1).post, published.post):
        client.post(url(post, "delete", post.pk), {"post": "yes"})
        act(client, "delete_selected", post)
        client.post(
            url(Post, "changelist"), {"action": "delete_selected", "_selected_action": [post.pk], "post": "yes"}
        )
        assert Post.objects.filter(pk=post.pk).exists()
    unused = new_post()
    client.post(url(Post, "delete", unused.pk), {"post": "yes"})
    assert not Post.objects.filter(pk=unused.pk).exists()


# --- the same verbs as on the pages ----------------------------------------------------------------------------------


def in_state(delivery: Delivery, status: Delivery.Status) -> Delivery:
    Delivery.objects.filter(pk=delivery.pk).update(status=status, remote_id="7")
    delivery.refresh_from_db()
    return delivery


ACTIONS = {
    "publish_now": {Status.SCHEDULED, Status.FAILED, Status.MISSED},
    "retry": {Status.FAILED, Status.MISSED},
    "cancel": {Status.WAITING, Status.SCHEDULED, Status.FAILED, Status.UNCERTAIN, Status.MISSED, Status.HANDED_OVER},
}


@pytest.mark.parametrize("state", Status)
@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_does_what_the_state_allows_and_says_what_it_refuses(
    action: str, state: Delivery.Status, client: Client, owner: User, folder: Channel, scheduled: Plan
) -> None:
    delivery = in_state(scheduled(folder, hours=1), state)
    [words] = told(act(client, action, delivery))
    assert str(delivery) in words
    after = Delivery.objects.get(pk=delivery.pk)
    if state not in ACTIONS[action]:
        assert after.status == state
        assert words.endswith(".")
        assert not any(words.endswith(done) for done in ("is due now.", "is tried again.", "is cancelled."))
    elif action == "cancel":
        assert after.status == Status.CANCELLED
    else:
        assert after.status == Status.SCHEDULED
        assert after.due_at <= timezone.now()


def test_one_refusal_does_not_stop_the_others(client: Client, owner: User, folder: Channel, scheduled: Plan) -> None:
    taken = in_state(scheduled(folder), Status.PUBLISHING)
    free = scheduled(folder)
    words = told(act(client, "cancel", taken, free))
    assert len(words) == 2
    assert any("too late to change it" in line for line in words)
    assert Delivery.objects.get(pk=free.pk).status == Status.CANCELLED


def test_what_a_platform_would_refuse_is_said_and_not_sent(
    client: Client, owner: User, folder: Channel, scheduled: Plan
) -> None:
    delivery = in_state(scheduled(folder), Status.FAILED)
    Post.objects.filter(pk=delivery.post_id).update(title="")
    [words] = told(act(client, "retry", delivery))
    assert "needs a title" in words
    assert Delivery.objects.get(pk=delivery.pk).status == Status.FAILED


def test_publish_now_really_publishes(
    client: Client, owner: User, street: Street, dev: Channel, scheduled: Plan, clock: MovableClock
) -> None:
    delivery = scheduled(dev, hours=5)
    act(client, "publish_now", delivery)
    assert publish(clock, delivery).status == Status.PUBLISHED
    assert street.public(delivery) == 1


def test_channels_are_paused_resumed_and_checked_and_it_is_said_how_many(
    client: Client, owner: User, dev: Channel, folder: Channel
) -> None:
    assert told(act(client, "pause", dev, folder)) == ["2 channels paused; their deliveries wait."]
    assert told(act(client, "check_again", dev, folder)) == ["0 channels are being checked."]
    assert told(act(client, "resume", dev)) == ["1 channels resumed."]
    assert told(act(client, "check_again", dev, folder)) == ["1 channels are being checked."]
    assert set(Channel.objects.values_list("name", "status")) == {(dev.name, "checking"), (folder.name, "paused")}


# --- who sees what ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [Post, Channel, Delivery, Attempt, ReadingPace, Heartbeat, User, Workspace, Mail])
def test_staff_of_another_workspace_sees_nothing_of_ada(
    model: type[models.Model], client: Client, staff: User, published: Delivery, ada: User
) -> None:
    ReadingPace.objects.create(origin="https://ada.example.org", free_at=timezone.now())
    Heartbeat.objects.create(name="engine-room", kind=Heartbeat.Kind.BEAT, at=timezone.now())
    answer = client.get(url(model, "changelist"))
    assert answer.status_code == 403 or answer.context["cl"].result_count == 0
    for words in ("Ada", "devto 1", "Engines", "ada.example.org", "engine-room"):
        assert words not in answer.text
    row = model._default_manager.exclude(pk=staff.pk).first() if model is User else model._default_manager.first()
    assert row is not None
    shown = client.get(url(model, "change", row.pk), follow=True)
    assert "Engines" not in shown.text
    assert shown.status_code == 403 or shown.redirect_chain


def test_staff_sees_and_filters_by_what_is_hers(
    client: Client, staff: User, published: Delivery, new_post: Callable[..., Post]
) -> None:
    hers = Workspace.objects.of(staff)
    assert hers is not None
    Post.objects.create(workspace=hers, author=staff, title="Compilers")
    page = client.get(url(Post, "changelist"))
    assert "Compilers" in page.text
    assert "Ada" not in page.text
    form = client.get(url(Post, "add")).text
    assert "Grace&#x27;s blog" in form
    assert "Ada" not in form


def test_staff_puts_no_post_into_another_workspace(client: Client, staff: User, workspace: Workspace) -> None:
    data = {"workspace": workspace.pk, "title": "Mine now", "markdown": "", "tags": "[]"}
    assert client.post(url(Post, "add"), data).status_code == 200
    assert not Post.objects.exists()


@pytest.mark.parametrize("action", ["publish_now", "cancel"])
def test_staff_acts_on_no_delivery_of_another_workspace(
    action: str, client: Client, staff: User, folder: Channel, scheduled: Plan
) -> None:
    delivery = scheduled(folder, hours=1)
    act(client, action, delivery)
    after = Delivery.objects.get(pk=delivery.pk)
    assert (after.status, after.due_at) == (Status.SCHEDULED, delivery.due_at)


def test_staff_without_a_workspace_sees_nothing_at_all(client: Client, staff: User, published: Delivery) -> None:
    Membership.objects.filter(user=staff).delete()
    for model in (Post, Channel, Delivery, Attempt):
        assert client.get(url(model, "changelist")).context["cl"].result_count == 0


def test_writers_have_no_admin(client: Client, ada: User) -> None:
    client.force_login(ada)
    answer = client.get(url(Delivery, "changelist"))
    assert answer.status_code in (302, 403)


def test_an_action_is_a_verb_of_the_house(client: Client, owner: User, folder: Channel, scheduled: Plan) -> None:
    """The admin has no road of its own: what the verb refuses, the admin says in the verb's words."""
    delivery = in_state(scheduled(folder), Status.CHECKING)
    with pytest.raises(scheduling.Refused) as refusal:
        scheduling.cancel(delivery)
    assert told(act(client, "cancel", delivery)) == [f"{delivery}: {refusal.value}"]
