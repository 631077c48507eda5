"""Projects that are renamed, moved or changed on the disk while a view shows them: each stays one folder, as the disk has it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.adapters.trees import read_tree
from tests.cli.command_line import TABLE, Desk
from tests.cli.live import attribute, mount, put, settled
from tests.fuse_support import FUSE_MARKS

pytestmark = FUSE_MARKS


def with_checkout(desk: Desk) -> Path:
    put(desk.inbox / "code" / ".git" / "HEAD", b"ref")
    put(desk.inbox / "code" / "main.c", b"int main;")
    return desk.inbox / "code"


CHECKOUT = {b".git": {b"HEAD": b"ref"}, b"main.c": b"int main;"}


def carried_out(desk: Desk, plan: str, mount_point: Path, kept: dict[bytes, object]) -> object:
    """The folder that the project was dragged into, once nothing stands against the plan and it is carried out."""
    assert settled(lambda: read_tree(mount_point / "Kept"), kept) == kept
    assert settled(lambda: desk.here("stage", "validate", plan).status, 0) == 0
    assert desk.here("commit", mount_point, "--yes").status == 0
    return read_tree(desk.target / "Kept")


@pytest.mark.parametrize(
    "drag_first",
    [pytest.param(True, id="dragged before"), pytest.param(False, id="dragged after", marks=pytest.mark.slow)],
)
def test_project_that_is_renamed_and_moved_in_the_inbox_is_committed_as_one_folder(
    desk: Desk, mount_point: Path, drag_first: bool
) -> None:
    code = with_checkout(desk)
    plan = mount(desk, mount_point)
    (mount_point / "Kept").mkdir()
    shown = mount_point / "To review" / "projects"
    if drag_first:
        os.rename(shown / "code", mount_point / "Kept" / "mine")
    (desk.inbox / "deep").mkdir()
    os.rename(code, desk.inbox / "deep" / "renamed")
    if not drag_first:
        assert settled((shown / "deep" / "renamed").is_dir, True) is True
        os.rename(shown / "deep" / "renamed", mount_point / "Kept" / "mine")
    else:
        source = desk.inbox / "deep" / "renamed" / "main.c"
        assert settled(lambda: attribute(mount_point / "Kept" / "mine" / "main.c", "source"), str(source)) == str(
            source
        )
    assert carried_out(desk, plan, mount_point, {b"mine": CHECKOUT}) == {b"mine": CHECKOUT}
    assert not (desk.inbox / "deep").exists()


def test_file_renamed_in_a_project_is_shown_once_and_the_project_committed(desk: Desk, mount_point: Path) -> None:
    code = with_checkout(desk)
    plan = mount(desk, mount_point)
    os.rename(mount_point / "To review" / "projects" / "code", mount_point / "code")
    (mount_point / "Kept").mkdir()
    os.rename(mount_point / "code", mount_point / "Kept" / "code")
    os.rename(code / "main.c", code / "other.c")
    now = {b"code": {b".git": {b"HEAD": b"ref"}, b"other.c": b"int main;"}}
    assert carried_out(desk, plan, mount_point, now) == now


@pytest.mark.slow
def test_project_renamed_while_the_plan_was_not_mounted_is_followed_by_the_next_mount(
    desk: Desk, mount_point: Path
) -> None:
    code = with_checkout(desk)
    plan = mount(desk, mount_point)
    (mount_point / "Kept").mkdir()
    os.rename(mount_point / "To review" / "projects" / "code", mount_point / "Kept" / "mine")
    assert desk.here("unmount", "--keep", mount_point).status == 0
    os.rename(code, desk.inbox / "renamed")
    assert desk.run("mount", "--plan", plan, mount_point).status == 0
    source = str(desk.inbox / "renamed" / "main.c")
    assert settled(lambda: attribute(mount_point / "Kept" / "mine" / "main.c", "source"), source) == source
    assert carried_out(desk, plan, mount_point, {b"mine": CHECKOUT}) == {b"mine": CHECKOUT}


@pytest.mark.slow
def test_file_that_is_moved_into_a_project_goes_with_it_and_nowhere_else(desk: Desk, mount_point: Path) -> None:
    with_checkout(desk)
    put(desk.inbox / "sizes.csv", TABLE)
    mount(desk, mount_point)
    (mount_point / "Kept").mkdir()
    os.rename(mount_point / "To review" / "projects" / "code", mount_point / "Kept" / "code")
    planned = mount_point / "Data" / "Datasets" / "sizes.csv"
    assert planned.is_file()
    os.rename(desk.inbox / "sizes.csv", desk.inbox / "code" / "sizes.csv")
    kept = {b"code": {**CHECKOUT, b"sizes.csv": TABLE}}
    assert settled(lambda: read_tree(mount_point / "Kept"), kept) == kept
    assert settled(lambda: attribute(planned, "status"), "missing") == "missing"
    assert desk.here("commit", mount_point, "--yes").status == 3
    assert read_tree(desk.target / "Kept") == kept
    assert not (desk.target / "Data" / "Datasets" / "sizes.csv").exists()


@pytest.mark.slow
def test_folder_that_takes_in_files_of_a_project_is_not_taken_for_the_project(desk: Desk, mount_point: Path) -> None:
    code = with_checkout(desk)
    mount(desk, mount_point)
    (mount_point / "Kept").mkdir()
    os.rename(mount_point / "To review" / "projects" / "code", mount_point / "Kept" / "mine")
    os.rename(code / "main.c", desk.inbox / "tables" / "main.c")
    shutil.rmtree(code)
    assert settled(lambda: attribute(mount_point / "Kept" / "mine" / "main.c", "status"), "missing") == "missing"
    assert not (mount_point / "Kept" / "mine" / "sizes.csv").exists()
