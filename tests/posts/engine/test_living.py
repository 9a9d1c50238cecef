"""Living copies: what is out there is brought up to date, or taken back. There is never a second one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now

from accounts.models import Mail, User
from posts import connecting
from posts.engine import ledger, publishing
from posts.engine.trips import take
from posts.models import Attempt, Channel, Delivery, Post, Proof
from posts.planning import changing, living, scheduling
from posts.planning.moments import moment_at
from posts.planning.scheduling import Refused
from posts.watch import proving
from tests.posts.conftest import MovableClock, history, publish

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Status, Action = Delivery.Status, Delivery.Action
Plan = Callable[..., Delivery]


def edit(post: Post, clock: MovableClock, **fields: Any) -> None:
    """As the editor saves."""
    Post.objects.filter(pk=post.pk).update(**fields, version=post.version + 1, updated_at=clock())
    post.refresh_from_db()
    living.changed(post, clock())


class Ada:
    """What she has in her folder, and what she does with it."""

    def __init__(self, channel: Channel, published: Delivery, clock: MovableClock, user: User, sites: Path) -> None:
        self.channel, self.published, self.clock, self.user, self.sites = channel, published, clock, user, sites

    def now(self, **later: float) -> Any:
        return moment_at(self.clock() + timedelta(**later), UTC)

    def edits(self, **fields: Any) -> None:
        edit(self.published.post, self.clock, **fields)

    def updates(self, **later: float) -> Delivery:
        return living.update(self.published, self.now(**later), self.clock(), self.user)

    def unpublishes(self, **later: float) -> Delivery:
        return living.unpublish(self.published, self.now(**later), self.clock(), self.user)

    def compares(self) -> bool | None:
        living.look_after(self.clock)
        self.published.refresh_from_db()
        return self.published.differs

    @property
    def files(self) -> list[str]:
        return [path.read_text() for path in self.paths]

    @property
    def paths(self) -> list[Path]:
        """Those with our mark: other tests write there, too."""
        key = str(self.published.key)
        return [path for path in sorted(self.sites.rglob("*.md")) if key in path.read_text()]


@pytest.fixture
def there(folder: Channel, scheduled: Plan, clock: MovableClock, ada: User, settings: Any) -> Ada:
    """One post, published in a folder."""
    delivery = publish(clock, scheduled(folder))
    assert delivery.status == Status.PUBLISHED, delivery.message
    return Ada(folder, delivery, clock, ada, settings.SITES_DIR / f"workspace-{folder.workspace_id}")


# --- does it differ? -------------------------------------------------------------------------------------------------


def test_what_was_just_published_does_not_differ(there: Ada) -> None:
    assert there.published.sent_as
    assert not living.differs(there.published)
    assert there.compares() is False


@pytest.mark.parametrize("change", [{"title": "Another"}, {"markdown": "Another."}, {"tags": ["new"]}])
def test_what_is_edited_differs(there: Ada, change: dict[str, Any]) -> None:
    there.edits(**change)
    assert there.compares() is True
    assert Post.objects.get().compare_at is None, "it is not compared again and again"


def test_what_the_channel_never_gets_to_see_makes_no_difference(there: Ada) -> None:
    """A folder's files know nothing of how much of it was written by a machine."""
    there.edits(ai_disclosure="some_ai")
    assert there.compares() is False


def test_taking_an_edit_back_makes_it_the_same_again(there: Ada) -> None:
    before = there.published.post.markdown
    there.edits(markdown="Another.")
    assert there.compares() is True
    there.edits(markdown=before)
    assert there.compares() is False


def test_other_settings_of_the_channel_make_it_differ(there: Ada) -> None:
    wishes = {**there.channel.settings, "keys": "tags=keywords"}
    there.edits(tags=["math"])
    publish(there.clock, there.updates())
    assert there.compares() is False
    connecting.reconnect(there.channel, there.channel.name, {}, wishes)
    assert there.compares() is True


def test_what_went_out_before_any_of_this_was_kept_is_known_by_its_text(there: Ada) -> None:
    Delivery.objects.update(sent_fields=None, sent_as="", differs=None)
    assert there.compares() is False
    there.edits(title="Another")
    assert there.compares() is True


def test_an_edit_while_it_is_being_published_is_seen(folder: Channel, scheduled: Plan, clock: MovableClock) -> None:
    delivery = scheduled(folder)
    [trip] = publishing.claim(clock(), 1)
    edit(delivery.post, clock, title="Too late for this one")
    living.look_after(clock)
    ledger.record(take(trip, clock()), clock())
    clock.move(minutes=1)
    living.look_after(clock)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.differs) == (Status.PUBLISHED, True)


def test_a_difference_is_said_by_field(there: Ada) -> None:
    there.edits(title="Second thoughts", tags=["math", "engines"], markdown="Another text.")
    fields, texts = living.differences(Delivery.objects.select_related("channel", "post__author").get())
    assert [(field.label, field.after) for field in fields] == [("Title", "Second thoughts"), ("Tags", "math, engines")]
    assert texts == ("Text.", "Another text.")


# --- bringing it up to date ------------------------------------------------------------------------------------------


def test_an_update_changes_the_one_file_there_is(there: Ada) -> None:
    there.edits(title="Second thoughts", markdown="Another text.", slug="elsewhere")
    made = publish(there.clock, there.updates())
    assert (made.status, made.remote_id) == (Status.PUBLISHED, there.published.remote_id), made.message
    [file] = there.files
    assert "Second thoughts" in file
    assert str(there.published.key) in file, "its mark is that of the publication"
    assert history(made) == ["update done"]
    there.published.refresh_from_db()
    assert (there.published.sent_title, there.published.status) == ("Second thoughts", Status.PUBLISHED)
    assert there.compares() is False


def test_it_is_brought_up_to_date_at_a_time_with_the_text_of_then(there: Ada) -> None:
    there.edits(title="Second thoughts")
    made = publish(there.clock, there.updates(hours=2))
    assert (made.status, made.act_at) == (Status.SCHEDULED, made.due_at)
    there.edits(title="Third thoughts")
    there.clock.move(hours=2)
    assert publish(there.clock, made).status == Status.PUBLISHED
    assert "Third thoughts" in there.files[0]


def test_an_update_is_never_too_late(there: Ada) -> None:
    there.edits(title="Second thoughts")
    made = there.updates(hours=1)
    there.clock.move(days=30)
    publishing.rescue(there.clock)
    assert publish(there.clock, made).status == Status.PUBLISHED


def test_a_cancelled_update_can_be_planned_again_and_is_never_too_late_then(there: Ada) -> None:
    there.edits(title="Second thoughts")
    made = there.updates(hours=1)
    changing.undo(changing.cancel(made, there.clock(), there.user), there.clock(), there.user)
    there.clock.move(days=3)
    publishing.rescue(there.clock)
    assert publish(there.clock, made).status == Status.PUBLISHED


def test_what_is_edited_while_its_update_is_under_way_differs_again(there: Ada) -> None:
    there.edits(title="Second thoughts")
    there.updates()
    [trip] = publishing.claim(there.clock(), 1)
    there.edits(title="Third thoughts")
    ledger.record(take(trip, there.clock()), there.clock())
    assert "Second thoughts" in there.files[0]
    assert there.compares() is True


def test_it_can_be_updated_again_and_again(there: Ada) -> None:
    for title in ("Second thoughts", "Third thoughts", "Second thoughts"):
        there.edits(title=title)
        assert publish(there.clock, there.updates()).status == Status.PUBLISHED
        assert title in there.files[0]
    assert len(there.files) == 1


def test_two_people_who_push_at_once_make_one_update(there: Ada) -> None:
    there.edits(title="Second thoughts")
    there.updates()
    with pytest.raises(Refused, match="already"):
        there.updates()
    assert Delivery.objects.filter(action=Action.UPDATE).count() == 1


def test_what_is_not_published_yet_cannot_be_updated(
    folder: Channel, scheduled: Plan, clock: MovableClock, ada: User
) -> None:
    delivery = scheduled(folder, hours=1)
    with pytest.raises(Refused, match="not published yet"):
        living.update(delivery, moment_at(clock(), UTC), clock(), ada)


def test_a_text_that_the_platform_refuses_is_not_sent(there: Ada) -> None:
    there.edits(title="")
    with pytest.raises(scheduling.PlatformRefuses):
        there.updates()


def test_what_is_gone_is_said_and_never_created_anew(there: Ada) -> None:
    there.edits(title="Second thoughts")
    there.paths[0].unlink()
    made = publish(there.clock, there.updates())
    assert made.status == Status.FAILED
    assert "publish it anew" in made.message
    assert there.files == []
    there.published.refresh_from_db()
    assert there.published.gone_at
    with pytest.raises(Refused, match="no longer there"):
        there.updates()
    living.give_up(there.published)
    scheduling.schedule(there.published.post, [there.channel], there.now(), there.clock(), there.user)


def test_a_channel_of_another_account_is_left_alone(
    new_channel: Callable[..., Channel], scheduled: Plan, clock: MovableClock, ada: User
) -> None:
    """The same number may be somebody else's article there."""
    dev = new_channel("devto")
    delivery = publish(clock, scheduled(dev))
    assert delivery.place
    Channel.objects.filter(pk=dev.pk).update(account_url="https://dev.example/grace", account_name="@grace")
    delivery.refresh_from_db()
    delivery.channel.refresh_from_db()
    can = living.abilities(delivery)
    assert not can.update
    assert "another account" in can.why_not


def test_an_account_that_changes_after_the_scheduling_is_left_alone_too(there: Ada) -> None:
    there.edits(title="Second thoughts")
    made = there.updates(hours=1)
    Delivery.objects.filter(pk=there.published.pk).update(place="elsewhere")
    there.clock.move(hours=1)
    made = publish(there.clock, made)
    assert made.status == Status.FAILED
    assert "another account" in made.message
    assert "Second thoughts" not in there.files[0]
    assert Mail.objects.filter(event__startswith=f"delivery:{made.pk}:failed").exists()


def test_the_page_is_looked_at_anew_for_the_new_title(
    new_channel: Callable[..., Channel], scheduled: Plan, clock: MovableClock, ada: User, settings: Any
) -> None:
    settings.PROVE_PAGES = True
    folder = new_channel("folder", base_url="https://ada.example", generator="hugo", directory="content/posts", keys="")
    delivery = publish(clock, scheduled(folder))
    proof = Proof.objects.get(pk=delivery.pk)
    clock.move(days=3)
    edit(delivery.post, clock, title="Second thoughts")
    publish(clock, living.update(delivery, moment_at(clock(), UTC), clock(), ada))
    again = Proof.objects.get()
    assert again.pk == delivery.pk
    assert again.began_at > proof.began_at
    assert again.due_at
    assert Delivery.objects.get(pk=delivery.pk).sent_title == "Second thoughts"


def test_readers_find_the_new_title_and_nothing_once_it_is_taken_back(
    dev: Channel, scheduled: Plan, clock: MovableClock, ada: User
) -> None:
    delivery = publish(clock, scheduled(dev))
    edit(delivery.post, clock, title="Second thoughts")
    publish(clock, living.update(delivery, moment_at(clock(), UTC), clock(), ada))
    clock.move(minutes=2)
    proving.look(clock)
    proof = Proof.objects.get()
    assert (proof.pk, proof.outcome) == (delivery.pk, Proof.Outcome.THERE), proof.message
    taken = publish(clock, living.unpublish(delivery, moment_at(clock(), UTC), clock(), ada))
    assert taken.status == Status.PUBLISHED, taken.message
    clock.move(minutes=2)
    proving.look(clock)
    gone = Proof.objects.get(pk=taken.pk)
    assert (gone.outcome, gone.status) == (Proof.Outcome.THERE, 404), gone.message
    assert Proof.objects.get(pk=delivery.pk).due_at is None, "nobody looks for what should not be there"


def test_a_page_that_stays_although_it_was_taken_back_is_told(
    dev: Channel, scheduled: Plan, clock: MovableClock, ada: User
) -> None:
    delivery = publish(clock, scheduled(dev))
    taken = publish(clock, living.unpublish(delivery, moment_at(clock(), UTC), clock(), ada))
    other = publish(clock, scheduled(dev))
    Delivery.objects.filter(pk=taken.pk).update(remote_url=other.remote_url, sent_title=other.post.title)
    for _ in range(5):
        clock.move(minutes=5)
        proving.look(clock)
    proof = Proof.objects.get(pk=taken.pk)
    assert proof.outcome == Proof.Outcome.DIFFERENT
    assert "can still be read" in proof.message
    assert Mail.objects.filter(event__contains=f"{taken.pk}").exists()


def test_followers_do_not_go_out_again(there: Ada, new_channel: Callable[..., Channel]) -> None:
    there.edits(title="Second thoughts")
    publish(there.clock, there.updates())
    assert Delivery.objects.publications().count() == 1


# --- taking it back --------------------------------------------------------------------------------------------------


def test_what_is_taken_back_is_gone_and_may_be_published_again(there: Ada) -> None:
    made = publish(there.clock, there.unpublishes())
    assert (made.status, there.files) == (Status.PUBLISHED, []), made.message
    there.published.refresh_from_db()
    assert (there.published.status, bool(there.published.gone_at)) == (Status.CANCELLED, True)
    assert "taken back" in there.published.message
    with pytest.raises(Refused):
        there.updates()
    scheduling.schedule(there.published.post, [there.channel], there.now(), there.clock(), there.user)


def test_what_was_gone_already_is_taken_back_as_well(there: Ada) -> None:
    there.paths[0].unlink()
    made = publish(there.clock, there.unpublishes())
    assert made.status == Status.PUBLISHED
    assert "no longer there" in made.message


def test_a_taking_back_cancels_the_update_that_waits(there: Ada) -> None:
    there.edits(title="Second thoughts")
    update = there.updates(hours=1)
    publish(there.clock, there.unpublishes())
    there.clock.move(hours=2)
    update = publish(there.clock, update)
    assert (update.status, there.files) == (Status.CANCELLED, [])


def test_what_is_being_taken_back_is_not_updated(there: Ada) -> None:
    there.unpublishes(hours=1)
    there.edits(title="Second thoughts")
    with pytest.raises(Refused, match="being taken back"):
        there.updates()


def test_an_update_that_waits_behind_a_taking_back_does_nothing(there: Ada) -> None:
    """Its try was put off; meanwhile the article was taken back."""
    there.edits(title="Second thoughts")
    update = there.updates()
    Delivery.objects.filter(pk=update.pk).update(act_at=there.clock() + timedelta(minutes=5))
    taken = there.unpublishes()
    Delivery.objects.filter(pk=update.pk).update(status=Status.SCHEDULED)  # as if it had been in hand at that moment
    publish(there.clock, taken)
    there.clock.move(minutes=10)
    update = publish(there.clock, update)
    assert update.status in (Status.CANCELLED, Status.FAILED)
    assert there.files == []


def test_a_post_of_which_nothing_is_out_there_any_more_may_be_deleted(there: Ada) -> None:
    post = there.published.post
    assert changing.delete(post, there.clock(), there.user) is None
    publish(there.clock, there.unpublishes())
    assert changing.delete(post, there.clock(), there.user)


def test_it_is_said_where_nothing_can_be_changed(there: Ada) -> None:
    Channel.objects.filter(pk=there.channel.pk).update(platform="medium")
    with pytest.raises(Refused, match="Medium lets nobody change or take back"):
        there.updates()


# --- crashes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", [Action.UPDATE, Action.UNPUBLISH])
@pytest.mark.parametrize("sent", [False, True], ids=["before sending", "after sending"])
def test_a_dead_workers_change_is_done_again(there: Ada, action: str, sent: bool) -> None:
    there.edits(title="Second thoughts")
    made = there.updates() if action == Action.UPDATE else there.unpublishes()
    [trip] = publishing.claim(there.clock(), 1)
    if sent:
        take(trip, there.clock())
    past = Now() - timedelta(seconds=1)
    Delivery.objects.filter(pk=made.pk).update(lease_until=past)
    Channel.objects.update(lease_until=past)
    publishing.rescue(there.clock)
    made.refresh_from_db()
    assert (made.status, made.doubtful) == (Status.SCHEDULED, True)
    there.clock.move(minutes=5)
    assert publish(there.clock, made).status == Status.PUBLISHED
    assert len(there.files) == (1 if action == Action.UPDATE else 0)
    assert Attempt.objects.filter(delivery=made, outcome="abandoned").count() == 1


def test_a_change_that_costs_one_worker_after_the_other_goes_to_a_person(there: Ada) -> None:
    there.edits(title="Second thoughts")
    made = there.updates()
    for _ in range(3):
        publishing.claim(there.clock(), 1)
        past = Now() - timedelta(seconds=1)
        Delivery.objects.filter(pk=made.pk).update(lease_until=past)
        Channel.objects.update(lease_until=past)
        publishing.rescue(there.clock)
        there.clock.move(minutes=5)
    made.refresh_from_db()
    assert made.status == Status.UNCERTAIN
    scheduling.send_again(made, there.now())
    assert publish(there.clock, made).status == Status.PUBLISHED


def test_what_a_person_found_has_an_address_but_no_number(there: Ada) -> None:
    """Its address must not be taken for one: that would be told as gone."""
    url = "https://dev.example/ada/notes"
    Delivery.objects.filter(pk=there.published.pk).update(status=Status.UNCERTAIN, remote_id="", place="somewhere")
    there.published.refresh_from_db()
    scheduling.confirm(there.published, url, there.clock())
    there.published.refresh_from_db()
    there.edits(title="Second thoughts")
    with pytest.raises(Refused, match="Nobody knows its number"):
        there.updates()
