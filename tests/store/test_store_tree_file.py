"""The packed tree of a plan: the same tree as the plan's own, read folder by folder, and refused when it is not whole."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifmosfs.core.names import NameRules
from ifmosfs.core.plan import Action, EditKind, KeepReason, Plan, Unit, UnitKind
from ifmosfs.core.tree import PlanTree
from ifmosfs.core.tree_source import PlanSource
from ifmosfs.store.tree_file import StoredSource, TreeFileDamaged, write_tree_file
from tests.core.plans import edit, fingerprint, plan_of, shape
from tests.store.store_values import names

ROWS = (
    (b"a.pdf", b"Docs/a.pdf"),
    (b"deep/b.pdf", b"New/Sub/b.pdf"),
    (b"odd\xff\nname", b"New/odd\xff\nname"),
    (b"who", KeepReason.UNSURE),
    (b"top", b"top"),
)


def source_of(path: Path, plan: Plan) -> StoredSource:
    """The file read back; whole actions come from the plan."""
    whole = PlanSource(plan)
    return StoredSource(
        path,
        replace(plan, actions=()),
        whole.action,
        whole.actions,
        lambda ids: map(whole.action, ids),
        lambda: [(action.unit, action.action_id) for action in plan.actions if action.unit],
    )


def stored(tmp_path: Path, plan: Plan) -> StoredSource:
    path = tmp_path / "plan.tree"
    write_tree_file(path, plan)
    return source_of(path, plan)


def test_the_tree_that_is_read_is_that_of_the_plan(tmp_path: Path) -> None:
    plan = plan_of(*ROWS, folders=[b"New", b"New/Empty"])
    with stored(tmp_path, plan) as source:
        tree, expected = PlanTree(source.plan, source=source), PlanTree(plan)
        assert shape(tree.root) == shape(expected.root)
        assert (list(tree.moves()), list(tree.kept())) == (list(expected.moves()), list(expected.kept()))
        assert list(tree.folders()) == list(expected.folders())
        tree.check_invariants()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(names, names), max_size=30, unique_by=lambda row: row[1]), st.booleans())
def test_any_names_come_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[bytes, bytes]], folds: bool
) -> None:
    rules = NameRules(ignores_case=folds)
    by_key = {rules.key(name): name for _, name in rows}
    plan = plan_of(
        *((source, b"Folder/" + name) for source, name in rows if by_key[rules.key(name)] == name), names=rules
    )
    with stored(tmp_path_factory.mktemp("tree"), plan) as source:
        assert shape(PlanTree(source.plan, source=source).root) == shape(PlanTree(plan).root)


def test_folders_are_there_before_any_file_is_read(tmp_path: Path) -> None:
    with stored(tmp_path, plan_of(*ROWS)) as source:
        tree = PlanTree(source.plan, source=source)
        source.close()  # whatever asks for files now fails
        assert tree.counts() == {None: 4, b"unsure": 1} | dict.fromkeys(
            [b"vault", *(reason.value.encode() for reason in KeepReason if reason is not KeepReason.UNSURE)], 0
        )
        assert tree.find(b"New/Sub") is not None
        with pytest.raises(OSError, match="Bad file descriptor"):
            tree.find(b"New/Sub/b.pdf")


def test_what_no_edit_has_touched_is_forgotten_and_read_again(tmp_path: Path) -> None:
    plan = plan_of(*ROWS)
    edits = [edit(EditKind.MOVE, b"Docs/a.pdf", b"New/Sub/a.pdf")]
    with stored(tmp_path, plan) as source:
        tree = PlanTree(source.plan, edits, source=source)
        before = shape(tree.root)
        moved, other = tree.find(b"New/Sub/a.pdf"), tree.find(b"top")
        tree.forget(0)
        tree.check_invariants()
        assert shape(tree.root) == before == shape(PlanTree(plan, edits).root)
        assert tree.find(b"New/Sub/a.pdf") is moved
        assert tree.find(b"top") is not other


def test_names_of_one_inode_share_a_number(tmp_path: Path) -> None:
    plan = plan_of((b"one", b"A/one"), (b"other", b"A/other"), (b"two", b"B/two"))
    linked = tuple(
        replace(action, unit=1, expected=fingerprint(1)) if action.action_id != 2 else action for action in plan.actions
    )
    plan = replace(plan, actions=linked, units=(Unit(1, UnitKind.LINKS, b"/in"),))
    with stored(tmp_path, plan) as source:
        numbers = {leaf.source: leaf.number for folder in range(len(source.folders())) for leaf in source.files(folder)}
        assert ([*source.linked(1)], [*source.linked(2)]) == ([1, 3], [])
    assert numbers == {b"one": 1, b"other": 2, b"two": 1}
    assert (PlanSource(plan).linked(1), PlanSource(plan).linked(2)) == ([1, 3], [])


def test_actions_that_edits_have_added_are_not_placed_by_the_plan(tmp_path: Path) -> None:
    plan = plan_of(*ROWS)
    path = tmp_path / "plan.tree"
    write_tree_file(path, plan, added={5})
    add = replace(edit(EditKind.ADD, b"New/top"), action_id=5)
    with source_of(path, plan) as source:
        tree = PlanTree(source.plan, [add], source=source)
        assert shape(tree.root) == shape(PlanTree(plan, [add]).root)
        assert (tree.find(b"top"), tree.file(5).name) == (None, b"top")
        tree.check_invariants()


def test_a_refreshed_action_shows_its_new_original(tmp_path: Path) -> None:
    plan = plan_of(*ROWS)
    newer = replace(plan, actions=tuple(map(_changed, plan.actions)))
    refresh = replace(edit(EditKind.REFRESH, b"Docs/a.pdf"), action_id=1)
    path = tmp_path / "plan.tree"
    write_tree_file(path, plan)
    with source_of(path, newer) as source:
        for is_loaded_before in (False, True):
            tree = PlanTree(source.plan, () if is_loaded_before else [refresh], source=source)
            if is_loaded_before:
                tree.find(b"Docs/a.pdf")
                tree.apply(refresh)
            tree.forget(0)
            assert [tree.file(number).leaf.expected for number in (1, 2)] == [fingerprint(99), fingerprint(2)]


def test_whoever_asks_for_a_second_action_of_a_folder_gets_those_near_it_at_once(tmp_path: Path) -> None:
    names = [f"{number:04}.pdf".encode() for number in range(1200)]
    plan = plan_of(*((name, b"Docs/" + name) for name in names), (b"other", b"Other/other"))
    whole, asked = PlanSource(plan), list[int]()
    path = tmp_path / "plan.tree"
    write_tree_file(path, plan)

    def several(ids: Collection[int]) -> Iterable[Action]:
        asked.append(len(ids))
        return map(whole.action, ids)

    def one(action_id: int) -> Action:
        asked.append(1)
        return whole.action(action_id)

    with StoredSource(path, replace(plan, actions=()), one, whole.actions, several, list) as source:
        assert [source.action(number) for number in (1, 1201, *range(1, 1201))] == [
            plan.actions[number - 1] for number in (1, 1201, *range(1, 1201))
        ]
        assert asked == [1, 1, 1, 503, 1001, 696]
        source.renew([])
        assert source.action(7) == plan.actions[6]
        with pytest.raises(KeyError):
            source.action(1202)


def _changed(action: Action) -> Action:
    return replace(action, expected=fingerprint(99)) if action.action_id == 1 else action


def damages(content: bytes) -> Iterator[tuple[str, bytes]]:
    yield "empty", b""
    yield "cut off", content[: len(content) // 2]
    yield "another magic", b"x" + content[1:]
    for at in range(16, len(content), 37):
        yield f"byte {at}", content[:at] + bytes([content[at] ^ 0x40]) + content[at + 1 :]


def test_a_file_that_is_not_whole_is_refused_and_never_shows_another_tree(tmp_path: Path) -> None:
    plan, path = plan_of(*ROWS), tmp_path / "plan.tree"
    write_tree_file(path, plan)
    content, expected = path.read_bytes(), shape(PlanTree(plan).root)
    for _what, damaged in damages(content):
        path.write_bytes(damaged)
        try:
            with source_of(path, plan) as source:
                found = shape(PlanTree(source.plan, source=source).root)
        except TreeFileDamaged:
            continue
        assert found == expected


def test_a_file_that_cannot_be_written_leaves_none_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_tree_file(tmp_path / "plan.tree", plan_of(*ROWS))
    assert list(tmp_path.iterdir()) == []
