"""The smaller forms of a picture: made by a worker, once, whatever becomes of the worker."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db.models.functions import Now
from PIL import Image as Pillow

from accounts.models import User, Workspace
from posts import tasks
from posts.images import keeping, variants
from posts.images.progress import progress_of
from posts.models import Image
from tests.conftest import workspace_of
from tests.posts.pictures import animation, photograph, picture, saved

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Status = Image.Status


@pytest.fixture
def workspace(ada: User) -> Workspace:
    return workspace_of(ada)


def given(workspace: Workspace, data: bytes, name: str = "engine.png", **more: Any) -> Image:
    return keeping.take_in(workspace, None, data, name, **more)


def noise(width: int, height: int) -> Pillow.Image:
    """No encoder makes little of it."""
    return Pillow.effect_noise((width, height), 90).convert("RGB")


def opened(image: Image, form: dict[str, Any]) -> Pillow.Image:
    found = Pillow.open(BytesIO(image.path_of(form).read_bytes()))
    found.load()
    return found


def test_a_large_picture_gets_three_widths_in_two_kinds(workspace: Workspace) -> None:
    image = given(workspace, photograph("jpg", 2400, 1600), "engine.jpg")
    assert variants.prepare(image.pk) == "engine.jpg: 6 forms of it are made."
    image.refresh_from_db()
    assert image.status == Status.READY
    assert [form["name"] for form in image.variants] == [
        f"engine-{width}.{kind}" for width in (480, 960, 1920) for kind in ("webp", "avif")
    ]
    for form in image.variants:
        there = opened(image, form)
        assert there.size == (form["width"], form["height"])
        assert abs(form["height"] - form["width"] * 2 / 3) < 1
        assert there.format is not None
        assert there.format.lower() == form["name"].rpartition(".")[2]
        assert image.path_of(form).stat().st_size == form["size"]
        assert not there.getexif()


@pytest.mark.parametrize(
    ("width", "widths"),
    [(479, {479}), (480, {480}), (481, {480, 481}), (1920, {480, 960, 1920}), (1921, {480, 960, 1920})],
)
def test_no_picture_is_made_larger(width: int, widths: set[int], workspace: Workspace) -> None:
    image = given(workspace, saved(noise(width, 8), "png"))
    variants.prepare(image.pk)
    image.refresh_from_db()
    assert {form["width"] for form in image.variants} == widths


def test_a_form_that_is_larger_than_the_picture_itself_is_not_kept(workspace: Workspace) -> None:
    image = given(workspace, picture("gif", 1, 1))
    variants.prepare(image.pk)
    image.refresh_from_db()
    assert all(form["size"] < image.size for form in image.variants)


def test_what_moves_gets_one_still_picture(workspace: Workspace) -> None:
    image = given(workspace, animation("gif", 5))
    variants.prepare(image.pk)
    image.refresh_from_db()
    assert {form["media_type"] for form in image.variants} <= {"image/webp"}


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_colour(mode: str, workspace: Workspace) -> None:
    kind = "jpg" if mode == "CMYK" else "png"
    if mode == "I;16":
        made = Pillow.new("I;16", (600, 20), 60_000)
    elif mode == "PA":
        made = Pillow.new("RGBA", (600, 20), (200, 10, 10, 100)).quantize()
    else:
        made = Pillow.new("RGBA", (600, 20), (200, 10, 10, 100)).convert(mode)
    image = given(workspace, saved(made, kind))
    variants.prepare(image.pk)
    image.refresh_from_db()
    assert image.status == Status.READY
    if mode == "I;16":
        assert min(opened(image, image.variants[0]).convert("L").tobytes()) > 200
    if mode in ("LA", "PA", "RGBA"):
        assert opened(image, image.variants[0]).mode == "RGBA"


def test_a_damaged_picture_is_said(workspace: Workspace) -> None:
    whole = saved(noise(200, 200), "png")
    image = given(workspace, whole)
    path = image.path_of(image.forms()[0])
    path.write_bytes(whole[:2000] + b"\0" * 2000 + whole[4000:])
    assert "damaged" in (variants.prepare(image.pk) or "")
    image.refresh_from_db()
    assert image.status == Status.BROKEN
    path.unlink()
    assert variants.again([image.pk]) == [image.pk]
    assert "missing" in (variants.prepare(image.pk) or "")


def test_the_workers_own_look_finds_what_no_bell_rang_for(workspace: Workspace) -> None:
    images = [given(workspace, picture("png", width)) for width in (30, 31, 32)]
    assert variants.prepare_waiting() == 3
    assert variants.prepare_waiting() == 0
    assert {Image.objects.get(pk=image.pk).status for image in images} == {Status.READY}


def test_a_worker_that_stops_begins_no_further_one(workspace: Workspace) -> None:
    for width in (30, 31):
        given(workspace, picture("png", width))
    answers = iter([False, True])
    assert variants.prepare_waiting(lambda: next(answers)) == 1


def test_twice_makes_the_same_files(workspace: Workspace) -> None:
    image = given(workspace, saved(noise(600, 30), "png"))
    variants.prepare(image.pk)
    image.refresh_from_db()
    before = image.variants
    assert variants.prepare(image.pk) is None
    variants.again([image.pk])
    variants.prepare(image.pk)
    image.refresh_from_db()
    assert image.variants == before


def test_who_is_at_it_is_left_alone_until_its_lease_is_over(workspace: Workspace) -> None:
    image = given(workspace, picture())
    rows = Image.objects.filter(pk=image.pk)
    rows.update(lease_until=Now() + timedelta(minutes=1), tries=1)
    assert variants.prepare(image.pk) is None
    rows.update(lease_until=Now() - timedelta(seconds=1))
    assert variants.prepare(image.pk)
    image.refresh_from_db()
    assert (image.status, image.tries) == (Status.READY, 2)


def test_a_picture_that_kills_its_workers_is_set_aside(workspace: Workspace) -> None:
    image = given(workspace, picture())
    Image.objects.filter(pk=image.pk).update(lease_until=Now() - timedelta(seconds=1), tries=variants.TRIES)
    assert "did not come back" in (variants.prepare(image.pk) or "")
    image.refresh_from_db()
    assert image.status == Status.BROKEN


def test_what_was_stopped_or_deleted_meanwhile_leaves_no_files(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = given(workspace, saved(noise(600, 30), "png"))
    written = []
    write = keeping.write_whole

    def write_and_stop(path: Any, data: bytes) -> None:
        write(path, data)
        written.append(path)
        variants.stop(workspace.pk)

    monkeypatch.setattr(variants, "write_whole", write_and_stop)
    assert "stopped" in (variants.prepare(image.pk) or "")
    image.refresh_from_db()
    assert (image.status, image.variants) == (Status.STOPPED, [])
    assert written
    assert not any(path.exists() for path in written)
    assert image.path_of(image.forms()[0]).exists()


def test_how_far_a_batch_is_stands_in_the_rows(workspace: Workspace) -> None:
    batch = Image._meta.get_field("batch").to_python("0b9f3c52-5d3e-4a51-9c5e-6a6f5f0f2b11")
    images = [given(workspace, picture("png", width), batch=batch) for width in (30, 31, 32)]
    assert (progress_of(workspace).done, progress_of(workspace).total) == (0, 3)
    variants.prepare(images[0].pk)
    assert (progress_of(workspace).done, progress_of(workspace).total) == (1, 3)
    assert progress_of(workspace).is_under_way
    assert variants.stop(workspace.pk) == 2
    assert not progress_of(workspace).is_under_way
    assert progress_of(workspace).stopped == 2
    assert sorted(variants.go_on(workspace.pk)) == [image.pk for image in images[1:]]
    variants.prepare_waiting()
    assert (progress_of(workspace).is_under_way, progress_of(workspace).stopped) == (False, 0)


def test_the_task_keeps_what_came_of_it(workspace: Workspace) -> None:
    image = given(workspace, picture("png", 600))
    assert str(tasks.prepare_image(image.pk)).startswith("engine.png: ")
    assert tasks.prepare_image.ignore_result is False


def test_two_at_once_in_one_process_are_one(workspace: Workspace) -> None:
    image = given(workspace, picture())
    with variants._one_at_a_time:
        assert variants.prepare(image.pk) is None
    assert variants.prepare(image.pk)
