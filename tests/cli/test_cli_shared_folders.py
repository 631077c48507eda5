"""Folders that both the plan and the target have, in a real mount: what is made and removed in the target meanwhile is shown, and
committed as it is shown."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.command_line import Desk
from tests.fuse_support import FUSE_MARKS

pytestmark = FUSE_MARKS

OWN = {".ifmosfs", "To review"}
REMEMBERED_S = 1.2  # by the kernel, of what the target has


class Folder(NamedTuple):
    """What is compared of a folder."""

    mode: str
    n_links: int
    mtime_ns: int


def folders(top: Path) -> dict[str, Folder]:
    """All folders below one but those that are the view's or the journal's own."""
    found = {}
    for here, names, _ in os.walk(top):
        names[:] = [name for name in names if Path(here) != top or name not in OWN]
        for path in (Path(here) / name for name in names):
            each = path.lstat()
            found[str(path.relative_to(top))] = Folder(f"{each.st_mode & 0o7777:o}", each.st_nlink, each.st_mtime_ns)
    return found


@pytest.fixture
def view(desk: Desk, mount_point: Path) -> Path:
    """A mounted plan, into a target that is there and empty."""
    desk.target.mkdir()
    result = desk.run("mount", desk.inbox, mount_point, "--output", desk.target)
    assert result.status == 0, result
    return mount_point


def commit_as_shown(desk: Desk, view: Path) -> dict[str, Folder]:
    """The folders that the view shows, which are those that commit leaves."""
    shown = folders(view)
    assert desk.here("commit", view, "--yes").status == 0
    assert folders(desk.target) == shown
    return shown


def test_planned_folders_that_somebody_else_makes_in_the_target_meanwhile(desk: Desk, view: Path) -> None:
    (view / "Empty").mkdir()
    numbers = {name: (view / name).stat().st_ino for name in ("Data", "Empty")}
    (desk.target / "Empty" / "theirs").mkdir(parents=True)
    (desk.target / "Data").mkdir()
    (desk.target / "Empty").chmod(0o711)
    (desk.target / "Data").chmod(0o700)
    time.sleep(REMEMBERED_S)
    shown = folders(view)
    assert {name: shown[name][:2] for name in numbers} == {"Data": ("700", 3), "Empty": ("711", 3)}
    assert {name: (view / name).stat().st_ino for name in numbers} == numbers
    with pytest.raises(OSError, match="Read-only"):
        (view / "Empty").chmod(0o755)
    assert commit_as_shown(desk, view) == shown


@pytest.mark.parametrize("becomes", ["link", "file"])
def test_folder_of_the_target_with_planned_files_that_becomes_something_else(
    desk: Desk, view: Path, becomes: str
) -> None:
    (desk.target / "Theirs").mkdir()
    time.sleep(REMEMBERED_S)
    (view / "Data" / "Datasets" / "sizes.csv").rename(view / "Theirs" / "sizes.csv")
    (desk.target / "Theirs").rmdir()
    if becomes == "link":
        (desk.target / "Theirs").symlink_to("/etc")
    else:
        (desk.target / "Theirs").write_bytes(b"no folder")
    time.sleep(REMEMBERED_S)
    with os.scandir(view) as entries:
        found = {each.name: (each.is_dir(follow_symlinks=False), each.inode()) for each in entries}
    assert found["Theirs"] == (True, (view / "Theirs").lstat().st_ino)
    assert sorted(os.listdir(view / "Theirs")) == ["sizes.csv"]


def emptied(desk: Desk, view: Path) -> Path:
    """A folder in the view that the target had when a file was dragged into it and out again, and has no more."""
    (desk.target / "Theirs" / "X").mkdir(parents=True)
    (desk.target / "Theirs" / "X").chmod(0o711)
    file, put = view / "Data" / "Datasets" / "sizes.csv", view / "Theirs" / "X" / "sizes.csv"
    file.rename(put)
    put.rename(file)
    (desk.target / "Theirs" / "X").rmdir()
    time.sleep(REMEMBERED_S)
    return put.parent


def test_folder_that_the_target_has_no_more_is_made_as_it_is_shown(desk: Desk, view: Path) -> None:
    folder = emptied(desk, view)
    shown = desk.here("stage", "show").out
    assert [line.split()[0] for line in shown.splitlines() if "is there already" in line] == ["Theirs/"]
    assert desk.here("stage", "preview", "--method", "symlink").status == 0
    assert [path.is_dir() for path in desk.state.rglob("Theirs/X")] == [True]
    folder.chmod(0o750)
    os.utime(folder, ns=(8_000, 8_000))
    assert commit_as_shown(desk, view)["Theirs/X"] == Folder("750", 2, 8_000)


def test_folder_that_the_target_has_no_more_is_made_with_the_usual_mode_and_counted_by_the_one_above(
    desk: Desk, view: Path
) -> None:
    emptied(desk, view)
    shown = commit_as_shown(desk, view)
    assert (shown["Theirs"].n_links, shown["Theirs/X"][:2]) == (3, ("755", 2))


def test_folder_that_the_target_has_no_more_can_be_renamed_and_removed(desk: Desk, view: Path) -> None:
    folder = emptied(desk, view)
    folder.rename(view / "Mine")
    (view / "Mine").rename(folder)
    folder.rmdir()
    assert commit_as_shown(desk, view)["Theirs"].n_links == 2
