"""Projects that are renamed, moved or changed on the disk while a view shows them: each stays one folder, as the disk has it."""

from __future__ import annotations

import os
import shutil
import subprocess
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


def test_what_has_become_another_kind_of_thing_in_a_project_is_shown_as_it_is_and_committed_with_it(
    desk: Desk, mount_point: Path
) -> None:
    code = with_checkout(desk)
    for name in ("cur/x", "v2/y", "old/deep/z", "f", "g", "h"):
        put(code / name, name.encode())
    plan = mount(desk, mount_point)
    (mount_point / "Kept").mkdir()
    os.rename(mount_point / "To review" / "projects" / "code", mount_point / "Kept" / "code")
    read_tree(mount_point)  # so that the kernel knows what all of it was
    for name in ("cur", "old"):
        shutil.rmtree(code / name)
    for name in ("f", "g", "h"):
        (code / name).unlink()
    (code / "cur").symlink_to("v2")
    put(code / "old", b"a file")
    put(code / "f" / "in", b"in")
    (code / "g").symlink_to("main.c")
    (code / "h").mkdir()
    kept = read_tree(code)
    assert carried_out(desk, plan, mount_point, {b"code": kept}) == {b"code": kept}
    assert not code.exists()
    assert desk.run("rollback", plan, "--yes").status == 0
    assert read_tree(code) == kept


@pytest.mark.slow
def test_folder_of_a_project_that_gave_way_to_a_link_and_is_back_with_its_files_is_shown_and_committed(
    desk: Desk, mount_point: Path
) -> None:
    code = with_checkout(desk)
    put(code / "cur" / "x", b"x")
    plan = mount(desk, mount_point)
    (mount_point / "Kept").mkdir()
    os.rename(mount_point / "To review" / "projects" / "code", mount_point / "Kept" / "code")
    os.rename(code / "cur", desk.home / "cur")
    (code / "cur").symlink_to("main.c")
    assert settled((mount_point / "Kept" / "code" / "cur").is_symlink, True) is True
    (code / "cur").unlink()
    os.rename(desk.home / "cur", code / "cur")
    kept: dict[bytes, object] = {b"code": {**CHECKOUT, b"cur": {b"x": b"x"}}}
    assert carried_out(desk, plan, mount_point, kept) == kept


# Folders that become projects


def git(folder: Path, *arguments: str) -> str:
    """What git says of a checkout, without the settings of whoever runs this."""
    own = {
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_CEILING_DIRECTORIES": str(folder.parent),
    }
    who = ("-c", "user.name=a", "-c", "user.email=b@c")
    command = ["git", *who, *arguments]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **own}, check=True, capture_output=True, text=True
    ).stdout


def make_checkout(folder: Path) -> None:
    """Of the folder as it is; git leaves empty folders in it."""
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")


def committed_whole(desk: Desk, mount_point: Path, inside: object) -> None:
    """A checkout `code` that is shown as one folder is dragged as that, and carried out with all that is in it."""
    shown = mount_point / "To review" / "projects" / "code"
    with pytest.raises(PermissionError):
        os.rename(shown / "main.c", mount_point / "main.c")
    (mount_point / "Kept").mkdir()
    os.rename(shown, mount_point / "Kept" / "mine")
    assert settled(lambda: read_tree(mount_point / "Kept"), {b"mine": inside}) == {b"mine": inside}
    assert desk.run("commit", mount_point, "--yes").status == 0
    assert read_tree(desk.target / "Kept") == {b"mine": inside}
    assert git(desk.target / "Kept" / "mine", "status", "--porcelain") == ""
    git(desk.target / "Kept" / "mine", "fsck", "--strict")
    assert not (desk.inbox / "code").exists()


def test_checkout_that_appears_is_dragged_as_one_folder_and_committed_whole(desk: Desk, mount_point: Path) -> None:
    mount(desk, mount_point)
    code = desk.inbox / "code"
    put(code / "main.c", b"int main;")
    put(code / "node_modules" / "sizes.csv", TABLE)
    (code / "empty").mkdir()
    make_checkout(code)
    shown = mount_point / "To review" / "projects" / "code"
    inside = read_tree(code)
    assert settled(lambda: read_tree(shown), inside) == inside
    committed_whole(desk, mount_point, inside)


def test_folder_that_becomes_a_checkout_takes_its_files_back_from_where_they_were_planned(
    desk: Desk, mount_point: Path
) -> None:
    plan = mount(desk, mount_point)
    code = desk.inbox / "code"
    put(code / "main.c", b"int main;")
    put(code / "new sizes.csv", TABLE)
    put(code / "node_modules" / "x" / "package.json", b"{}")
    planned = mount_point / "Data" / "Datasets" / "new sizes.csv"
    assert settled(planned.is_file, True) is True
    inner = mount_point / "To review" / "projects" / "code" / "node_modules" / "x"
    assert settled((inner / "package.json").is_file, True) is True
    os.rename(inner, mount_point / "x")
    os.rename(planned, mount_point / "mine.csv")
    make_checkout(code)
    inside = read_tree(code)
    shown = mount_point / "To review" / "projects" / "code"
    assert settled(lambda: read_tree(shown), inside) == inside
    assert not (mount_point / "mine.csv").exists()
    assert not (mount_point / "x").exists()
    assert desk.run("stage", "undo", plan).status == 0
    assert settled(lambda: read_tree(shown), inside) == inside
    assert desk.run("unmount", "--keep", mount_point).status == 0
    assert desk.run("mount", "--plan", plan, mount_point).status == 0
    assert read_tree(shown) == inside
    committed_whole(desk, mount_point, inside)
