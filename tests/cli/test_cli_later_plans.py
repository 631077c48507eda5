"""A file that a later plan has displaced or moved on is followed, and what has taken its name is not taken for it."""

from __future__ import annotations

import pytest

from tests.adapters.trees import read_tree, write_tree
from tests.cli.command_line import Desk

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
