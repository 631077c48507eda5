"""A file that a later plan has displaced or moved on is followed, and what has taken its name is not taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.trees import read_tree, write_tree
from tests.cli.command_line import INBOX, LEFT, ORGANISED, Desk, attributes

OLD, NEW = b"a,b\n1,2\n", b"a,b\n9,9\n8,8\n"
OLD_TREE = {b"in": {b"data.csv": OLD}, b"later": {b"data.csv": NEW}}


@pytest.fixture
def displaced(desk: Desk) -> tuple[str, str]:
    """Two committed plans; the second has replaced the file of the first."""
    write_tree(desk.folder, OLD_TREE)
    plans = []
    for folder in ("in", "later"):
        desk.here("scan", str(desk.folder / folder))
        wanted = ("--output", str(desk.target), "--conflict", "replace", "--json")
        plans.append(str(desk.here("stage", "create", *wanted).json["plan"]))
        assert desk.here("commit", plans[-1], "--yes").status == 0
    return plans[0], plans[1]


def inboxes(desk: Desk) -> dict[bytes, object]:
    return {name: read_tree(desk.folder / name.decode()) for name in OLD_TREE}


def test_the_earlier_plan_still_proves_its_displaced_file(desk: Desk, displaced: tuple[str, str]) -> None:
    for plan in displaced:
        report = desk.here("verify", plan, "--json").json
        assert (report["missing"], report["changed"], report["extra"]) == ([], [], [])


def organised(desk: Desk, folder: str, target: str) -> str:
    """A plan by which the files of a folder were moved to a target."""
    desk.here("scan", desk.folder / folder)
    plan = str(desk.here("stage", "create", "--output", desk.folder / target, "--json").json["plan"])
    assert desk.here("commit", plan, "--yes").status == 0
    return plan


def tops(desk: Desk, *names: str) -> dict[str, object]:
    """Of these folders of the desk those that are there, with what is in them."""
    there = [name for name in names if (desk.folder / name).exists()]
    return {name: without_control(desk.folder / name) for name in there}


def without_control(folder: Path) -> dict[bytes, object]:
    return {name: value for name, value in read_tree(folder).items() if name != b".ifmosfs"}


@pytest.mark.parametrize("at_once", [True, False], ids=["in one command", "one by one"])
def test_two_plans_of_which_the_second_has_moved_the_files_on_leave_no_folder_of_the_first_behind(
    desk: Desk, at_once: bool
) -> None:
    before = attributes(desk.inbox)
    first, second = organised(desk, "inbox", "one"), organised(desk, "one", "two")
    ways = [["--timestamp", "2020-01-31"]] if at_once else [[second], [first]]
    for way in ways:
        assert desk.here("rollback", "execute", *way, "--yes").status == 0
    assert (attributes(desk.inbox), tops(desk, "one", "two")) == (before, {})
    for plan in (first, second):
        assert desk.here("rollback", "execute", plan, "--redo", "--yes").status == 0
    assert tops(desk, "inbox", "one", "two") == {"inbox": LEFT, "one": {}, "two": ORGANISED}


def test_a_folder_that_the_user_has_made_in_the_place_of_one_of_the_plans_stays(desk: Desk) -> None:
    organised(desk, "inbox", "one")
    folder = desk.folder / "one/Data/Datasets"
    (folder / "sizes.csv").rename(desk.folder / "sizes.csv")
    folder.rename(desk.folder / "old")  # so that its inode is not given again
    folder.mkdir()
    (desk.folder / "sizes.csv").rename(folder / "sizes.csv")
    organised(desk, "one", "two")
    assert not folder.exists()
    assert desk.here("rollback", "execute", "--timestamp", "2020-01-31", "--yes").status == 0
    assert tops(desk, "inbox", "one", "two") == {"inbox": INBOX, "one": {b"Data": {b"Datasets": {}}}}


def test_a_folder_that_a_rollback_had_to_make_on_its_way_goes_when_the_next_one_leaves_it_empty(desk: Desk) -> None:
    organised(desk, "inbox", "one")
    folder = desk.folder / "one/Data/Datasets"
    (folder / "note.xyz").write_text("?")
    organised(desk, "one", "two")
    (folder / "note.xyz").unlink()
    folder.rename(desk.folder / "old")
    assert desk.here("rollback", "execute", "--timestamp", "2020-01-31", "--yes").status == 0
    assert tops(desk, "inbox", "one", "two") == {"inbox": INBOX}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["the earlier first", "the later first"])
def test_both_plans_are_rolled_back_in_either_order(
    desk: Desk, displaced: tuple[str, str], order: tuple[int, int]
) -> None:
    for number in order:
        assert desk.here("rollback", displaced[number], "--yes").status == 0
        assert desk.here("vault", "list", "--json").json["entries"] == []
    assert inboxes(desk) == OLD_TREE
    assert {desk.state_of(plan) for plan in displaced} == {"rolled_back"}


def test_a_displaced_file_that_is_gone_is_not_replaced_by_the_one_that_has_its_name(
    desk: Desk, displaced: tuple[str, str]
) -> None:
    (entry,) = desk.here("vault", "list", "--json").json["entries"]
    with open(entry["place"], "rb") as file:
        assert file.read() == OLD
    (desk.folder / entry["place"]).unlink()
    assert desk.here("rollback", displaced[0], "--yes").status != 0
    assert inboxes(desk) == {b"in": {}, b"later": {}}
    assert desk.here("rollback", displaced[1], "--yes").status != 0  # the displaced file is gone, and it says so
    assert inboxes(desk) == {b"in": {}, b"later": {b"data.csv": NEW}}
