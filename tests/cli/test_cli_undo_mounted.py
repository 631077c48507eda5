"""Edits made in a mount and taken back on the command line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.command_line import Desk
from tests.fuse_support import FUSE_MARKS

pytestmark = FUSE_MARKS

SCRIPT, TABLE = "Development/Source code/run.sh", "Data/Datasets/sizes.csv"


@pytest.mark.parametrize("n_steps", [1, 2])
def test_a_plan_that_is_mounted_anew_shows_what_is_in_force_and_goes_on_from_there(
    desk: Desk, mount_point: Path, n_steps: int
) -> None:
    plan = desk.staged()
    assert desk.run("mount", "--plan", plan, mount_point).status == 0
    os.rename(mount_point / TABLE, mount_point / "all.csv")
    os.unlink(mount_point / SCRIPT)
    assert desk.run("stage", "undo", plan, "--steps", str(n_steps)).status == 0
    assert desk.run("unmount", "--keep", mount_point).status == 0
    assert desk.run("mount", "--plan", plan, mount_point).status == 0
    assert (mount_point / SCRIPT).is_file()
    assert (mount_point / TABLE).is_file() == (n_steps == 2)
    assert (mount_point / "all.csv").is_file() == (n_steps == 1)
    os.mkdir(mount_point / "New")
    steps = desk.here("stage", "log", "--json").json["steps"]
    assert [step["in_force"] for step in steps] == [n_steps == 1, False, True]
