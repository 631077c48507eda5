"""Edits made in a mount and taken back on the command line."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.command_line import Desk
from tests.fuse_support import FUSE_MARKS

pytestmark = FUSE_MARKS

SCRIPT, TABLE = "Development/Source code/run.sh", "Data/Datasets/sizes.csv"


def edited(mount_point: Path) -> None:
    """Two programs edit the plan, one after the other."""
    subprocess.run(["mv", mount_point / TABLE, mount_point / "all.csv"], check=True)
    subprocess.run(["rm", mount_point / SCRIPT], check=True)


def shown(mount_point: Path) -> tuple[bool, bool, bool]:
    return tuple((mount_point / name).is_file() for name in (SCRIPT, TABLE, "all.csv"))  # type: ignore[return-value]


@pytest.mark.parametrize("n_steps", [1, 2])
@pytest.mark.parametrize("anew", [False, True], ids=["live", "mounted anew"])
def test_the_view_shows_what_is_in_force_and_goes_on_from_there(
    desk: Desk, mount_point: Path, n_steps: int, anew: bool
) -> None:
    plan = desk.staged()
    assert desk.run("mount", "--plan", plan, mount_point).status == 0
    inodes = {name: (mount_point / name).stat().st_ino for name in (SCRIPT, TABLE)}
    edited(mount_point)
    assert shown(mount_point) == (False, False, True)
    assert desk.here("stage", "undo", plan, "--steps", str(n_steps)).status == 0
    if anew:
        assert desk.here("unmount", "--keep", mount_point).status == 0
        assert desk.run("mount", "--plan", plan, mount_point).status == 0
    assert shown(mount_point) == (True, n_steps == 2, n_steps == 1)
    assert (mount_point / SCRIPT).stat().st_ino == inodes[SCRIPT]
    os.mkdir(mount_point / "New")
    steps = desk.here("stage", "log", "--json").json["steps"]
    assert [step["in_force"] for step in steps] == [n_steps == 1, False, True]


def test_what_is_made_again_is_in_the_view_at_once(desk: Desk, mount_point: Path) -> None:
    plan = desk.staged()
    assert desk.run("mount", "--plan", plan, mount_point).status == 0
    edited(mount_point)
    for command, expected in (("undo", (True, True, False)), ("redo", (False, False, True))):
        assert desk.here("stage", command, plan, "--steps", "2").status == 0
        assert shown(mount_point) == expected
        assert sorted(os.listdir(mount_point / "Data/Datasets")) == (["sizes.csv"] if command == "undo" else [])


def test_what_one_program_does_in_one_go_is_taken_back_at_once(desk: Desk, mount_point: Path) -> None:
    plan = desk.staged()
    assert desk.run("mount", "--plan", plan, mount_point).status == 0
    before = {path.relative_to(mount_point) for path in (mount_point / "Development").rglob("*")}
    subprocess.run(["rm", "-r", mount_point / "Development", mount_point / "Data"], check=True)
    assert not (mount_point / "Development").exists()
    started = time.monotonic()
    assert desk.here("stage", "undo", plan).status == 0
    assert {path.relative_to(mount_point) for path in (mount_point / "Development").rglob("*")} == before
    assert (mount_point / TABLE).is_file()
    assert time.monotonic() - started < 20


def test_trees_that_undos_have_replaced_do_not_stay_open(desk: Desk, mount_point: Path) -> None:
    plan = desk.staged()
    pid = desk.run("mount", "--plan", plan, mount_point, "--json").json["pid"]
    n_open = []
    for number in range(5):
        os.mkdir(mount_point / f"made {number}")
        assert desk.here("stage", "undo", plan).status == 0
        assert "Development" in os.listdir(mount_point)
        links = [os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()]
        n_open.append(sum(link.endswith(".tree") for link in links))
    assert len(n_open) == 5
    assert max(n_open) <= 3  # the tree that is shown, the one before it, and one that an undo looks at
