"""The same picture given at one moment by several, and what a crash in between leaves behind."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from accounts.models import User, Workspace
from posts.images import keeping
from posts.images.reading import NotTaken, read
from posts.models import Image
from tests.conftest import workspace_of
from tests.posts.pictures import picture

pytestmark = pytest.mark.engine


@pytest.mark.django_db(transaction=True)
def test_the_same_picture_given_at_one_moment_is_one(ada: User) -> None:
    workspace, barrier = workspace_of(ada), threading.Barrier(4)

    def give(number: int) -> int:
        try:
            barrier.wait(10)
            return keeping.take_in(workspace, ada, picture("png", 600, 400), f"{number}.png").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        ids = set(threads.map(give, range(4)))
    assert len(ids) == Image.objects.count() == 1


@pytest.fixture
def workspace(ada: User) -> Workspace:
    return workspace_of(ada)


def folder_of(image: Image) -> Path:
    return image.path_of(image.forms()[0]).parent


@pytest.mark.django_db
def test_a_power_cut_while_the_file_is_written_leaves_no_row_and_no_half_file(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", cut)
    with pytest.raises(KeyboardInterrupt):
        keeping.take_in(workspace, None, picture("png", 77), "x.png")
    monkeypatch.undo()
    assert not Image.objects.exists()
    image = keeping.take_in(workspace, None, picture("png", 77), "x.png")
    assert [path.name for path in folder_of(image).iterdir()] == [f"{image.digest}.png"]


@pytest.mark.django_db
def test_a_file_whose_row_was_never_written_is_taken_up_again(workspace: Workspace) -> None:
    image = keeping.take_in(workspace, None, picture("png", 78), "x.png")
    Image.objects.all().delete()
    assert keeping.take_in(workspace, None, picture("png", 78), "x.png").digest == image.digest


@pytest.mark.django_db
def test_a_file_that_was_lost_comes_back_with_the_same_picture(workspace: Workspace) -> None:
    image = keeping.take_in(workspace, None, picture("png", 79), "x.png")
    image.path_of(image.forms()[0]).unlink()
    assert keeping.take_in(workspace, None, picture("png", 79), "other.png") == image
    assert image.path_of(image.forms()[0]).is_file()


@pytest.mark.django_db
@pytest.mark.parametrize(("more", "is_taken"), [(-1, False), (0, True), (1, True)])
def test_how_much_a_workspace_may_keep(more: int, is_taken: bool, workspace: Workspace, settings: Any) -> None:
    first, second = picture("png", 80), picture("png", 81)
    kept = keeping.take_in(workspace, None, first, "x.png")
    settings.IMAGES_BYTES = kept.size + len(read(second).data) + more
    if is_taken:
        keeping.take_in(workspace, None, second, "y.png")
    else:
        with pytest.raises(NotTaken, match="together"):
            keeping.take_in(workspace, None, second, "y.png")
    assert keeping.take_in(workspace, None, first, "x.png") == kept, "what is there is no more than it was"
