"""Conflicts that are answered while the plan is mounted, and a file manager that goes on in the mount."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.adapters.trees import write_tree
from tests.cli.command_line import INVOICE, THEN_NS, Desk
from tests.fuse_support import FUSE_MARKS

pytestmark = FUSE_MARKS

PLACE = "Financial/Documents/2021"
THEIRS = b"Invoice No. 2024-17\nPaid\n"
LONG = INVOICE + b"Thank you\n"
REMEMBERED_S = 10.0  # the kernel remembers names and attributes for a second


@pytest.fixture
def mounted(desk: Desk, mount_point: Path) -> str:
    """A plan with two conflicts about one name, which is mounted."""
    write_tree(desk.target / PLACE, {b"invoice-17.txt": THEIRS})
    write_tree(desk.inbox / "later", {b"invoice-17.txt": LONG})
    os.utime(desk.inbox / "later" / "invoice-17.txt", ns=(THEN_NS, THEN_NS + 10**9))
    plan = desk.staged("--conflict", "ask")
    result = desk.run("mount", "--plan", plan, mount_point)
    assert result.status == 0, result
    return plan


def comes(look: Callable[[], object], wanted: object) -> bool:
    """Whether a look gives what is wanted, as soon as the kernel asks again."""
    deadline = time.monotonic() + REMEMBERED_S
    while look() != wanted:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_the_view_shows_answers_and_its_own_edits_go_on_from_them(desk: Desk, mounted: str, mount_point: Path) -> None:
    place, staying = mount_point / PLACE, mount_point / "To review" / "conflicts"
    assert (place / "invoice-17.txt").read_bytes() == THEIRS
    number = os.stat(staying / "invoice-17.txt").st_ino
    assert desk.here("stage", "resolve", mounted, "-s", "rename", "--only", "invoice-17.txt").status == 0
    assert comes(lambda: sorted(os.listdir(place)), ["invoice-17 (2).txt", "invoice-17.txt"])
    assert os.stat(place / "invoice-17 (2).txt").st_ino == number
    os.rename(place / "invoice-17 (2).txt", place / "mine.txt")
    assert desk.here("stage", "resolve", mounted, "-s", "replace").status == 0
    assert comes((place / "invoice-17.txt").read_bytes, LONG)
    assert sorted(os.listdir(place)) == ["invoice-17.txt", "mine.txt"]
    moves = {row["target"] for row in desk.here("stage", "show", mounted, "--json").json["moves"]}
    assert {f"{PLACE}/mine.txt", f"{PLACE}/invoice-17.txt"} <= moves


def test_drags_and_answers_in_turn_are_all_kept(desk: Desk, mounted: str, mount_point: Path) -> None:
    for name in ("one", "two"):
        os.mkdir(mount_point / name)
        assert desk.here("stage", "resolve", mounted, "-s", "rename").status == 0
        assert desk.here("stage", "resolve", mounted, "--undo").status == 0
    edits = desk.here("stage", "list", "--json").json["plans"][0]["edits"]
    assert edits == 2 + 2 * 4
    assert comes(lambda: {"one", "two"} <= set(os.listdir(mount_point)), True)
