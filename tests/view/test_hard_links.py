"""The names of one inode are one file of the view: what is said of it is about all of them, and one that has gone takes none along."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ifmosfs.core.plan import Action, Edit, EditKind, Unit, UnitKind
from ifmosfs.core.tree import PlanTree
from ifmosfs.core.tree_source import PlanSource
from ifmosfs.platform.disk import PosixDisk
from ifmosfs.view.guarded_tree import GuardedTree
from ifmosfs.view.operations import View
from ifmosfs.view.values import FsError, RenameMode
from tests.adapters.trees import write_tree
from tests.core.plans import layout, plan_of, review
from tests.view.views import NOW_NS, OWNER, MemoryLog, refile


class LinkedDesk:
    """A view of a file with three names, one of them dragged elsewhere by a person, and of another file beside it."""

    DRAGGED = Edit(1, EditKind.MOVE, b"Logs/b.log", b"Mine/b.log", NOW_NS)

    def __init__(self, folder: Path) -> None:
        self.inbox = folder / "in"
        root, target = os.fsencode(self.inbox), os.fsencode(folder / "out")
        write_tree(root, {b"a.log": b"one", b"deep": {}, b"other": b"two"})
        for name in ("b.log", "deep/a.log"):
            os.link(self.inbox / "a.log", self.inbox / name)
        self.disk = PosixDisk()
        rows = plan_of(
            (b"a.log", b"Logs/a.log"),
            (b"other", b"Logs/other"),
            (b"b.log", b"Logs/b.log"),
            (b"deep/a.log", b"Logs/a (2).log"),
            roots=[root],
            target=target,
        )
        actions = tuple(
            replace(
                action,
                expected=self.disk.lstat(action.source_place).fingerprint,
                unit=0 if action.source == b"other" else 1,
            )
            for action in rows.actions
        )
        plan = replace(rows, actions=actions, units=(Unit(1, UnitKind.LINKS, root),))
        self.log = MemoryLog([self.DRAGGED])
        self.tree = PlanTree(plan, [self.DRAGGED])
        self.view = View(self.tree, self.disk, self.log, now_ns=lambda: NOW_NS, refile=refile, owner=OWNER)

    def write(self, path: bytes, category: bytes) -> None:
        self.view.setxattr(self.view.resolve(path), b"user.ifmosfs.category", category, 0)

    def content(self, path: bytes) -> bytes:
        opened = self.view.open(self.view.resolve(path), 0)
        try:
            return self.view.read(opened.handle, 99, 0)
        finally:
            self.view.release(opened.handle)

    @property
    def steps(self) -> set[int]:
        """The steps of what was edited since."""
        return {edit.step for edit in self.log.edits[1:]}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[LinkedDesk]:
    """A new one."""
    made = LinkedDesk(tmp_path)
    with made.disk:
        yield made


LINKED = pytest.mark.parametrize("name", [b"Logs/a.log", b"Mine/b.log", b"Logs/a (2).log"])
DOCS = {b"a.log": b"a.log", b"b.log": b"b.log", b"a (2).log": b"deep/a.log"}


@LINKED
def test_category_written_of_a_name_files_all_names_of_the_inode_in_one_step(desk: LinkedDesk, name: bytes) -> None:
    desk.write(name, b"paper")
    assert layout(desk.tree) == {b"Docs": DOCS, b"Logs": {b"other": b"other"}, b"Mine": {}}
    assert len(desk.steps) == 1
    assert {desk.view.getxattr(desk.view.resolve(b"Docs/" + each), b"user.ifmosfs.category") for each in DOCS} == {
        b"paper"
    }


@LINKED
def test_none_written_of_a_name_leaves_all_names_of_the_inode_out_in_one_step(desk: LinkedDesk, name: bytes) -> None:
    desk.write(name, b"none")
    assert layout(desk.tree) == {b"Logs": {b"other": b"other"}, b"Mine": {}}
    assert review(desk.tree) == {
        b"excluded": {b"a.log": b"a.log", b"b.log": b"b.log", b"deep": {b"a.log": b"deep/a.log"}}
    }
    assert len(desk.steps) == 1


def test_name_that_is_in_the_folder_of_the_category_stays_as_it_is_called_there(desk: LinkedDesk) -> None:
    desk.view.mkdir(1, b"Docs", 0o755)
    desk.view.rename(desk.view.resolve(b"Mine"), b"b.log", desk.view.resolve(b"Docs"), b"a.log", RenameMode.REPLACE)
    desk.write(b"Docs/a.log", b"paper")
    assert layout(desk.tree)[b"Docs"] == {b"a.log": b"b.log", b"a (2).log": b"a.log", b"a (3).log": b"deep/a.log"}


def test_names_of_one_inode_are_not_filed_where_one_of_their_names_is_taken(desk: LinkedDesk) -> None:
    desk.view.mkdir(1, b"Docs", 0o755)
    desk.view.rename(desk.view.resolve(b"Logs"), b"other", desk.view.resolve(b"Docs"), b"b.log", RenameMode.REPLACE)
    edits = list(desk.log.edits)
    with pytest.raises(FsError, match="EXISTS"):
        desk.write(b"Logs/a.log", b"paper")
    assert desk.log.edits == edits


def test_source_tells_the_places_of_all_names_and_of_a_file_with_one_name_just_that(desk: LinkedDesk) -> None:
    names = (b"Logs/a.log", b"Mine/b.log", b"Logs/a (2).log", b"Logs/other")
    sources = [desk.view.getxattr(desk.view.resolve(name), b"user.ifmosfs.source") for name in names]
    linked = b"\n".join(os.fsencode(desk.inbox / name) for name in ("a.log", "b.log", "deep/a.log"))
    assert sources == [linked] * 3 + [os.fsencode(desk.inbox / "other")]


def test_other_file_that_has_taken_the_place_of_a_name_since_is_not_filed_with_the_rest(desk: LinkedDesk) -> None:
    """One that has appeared since has a number of its own, and is filed with them."""
    first, other, *_ = desk.tree.plan.actions
    appeared = replace(other, unit=1, expected=first.expected)
    assert desk.tree.names_of(desk.tree.file(2)) == [desk.tree.file(2)]
    desk.tree.refresh(appeared)
    desk.tree.source = PlanSource(replace(desk.tree.plan, actions=(first, appeared)))
    assert desk.tree.names_of(desk.tree.file(2)) == [desk.tree.file(1), desk.tree.file(2)]
    desk.tree.refresh(replace(appeared, expected=other.expected))
    assert desk.tree.names_of(desk.tree.file(2)) == [desk.tree.file(2)]


@pytest.mark.parametrize("gone", [b"a.log", b"b.log", b"deep/a.log"])
def test_file_is_read_by_its_other_names_when_the_original_of_one_has_gone(desk: LinkedDesk, gone: bytes) -> None:
    (desk.inbox / gone.decode()).unlink()
    assert [desk.content(name) for name in (b"Logs/a.log", b"Mine/b.log", b"Logs/a (2).log")] == [b"one"] * 3


@pytest.mark.parametrize("replaced", [1, 3, 4])
def test_file_that_has_taken_the_place_of_one_name_is_another_file_from_then_on(
    desk: LinkedDesk, replaced: int
) -> None:
    original = desk.inbox / os.fsdecode(desk.tree.source.action(replaced).source)
    (desk.inbox / "new").write_bytes(b"another")
    (desk.inbox / "new").rename(original)

    def as_it_is(action: Action) -> Action:
        return replace(action, expected=desk.disk.lstat(action.source_place).fingerprint)

    desk.tree.refresh(as_it_is(desk.tree.source.action(replaced)))
    names = {1: b"Logs/a.log", 3: b"Mine/b.log", 4: b"Logs/a (2).log"}
    content = {name: b"another" if number == replaced else b"one" for number, name in names.items()}
    for _ in range(2):
        assert {name: desk.content(name) for name in content} == content
        inodes = {name: desk.view.resolve(name) for name in content}
        others = {inode for name, inode in inodes.items() if name != names[replaced]}
        assert (len(others), inodes[names[replaced]] in others) == (1, False)
        assert {desk.view.getattr(inode).inode for inode in inodes.values()} == {*inodes.values()}
        desk.tree.forget(0)
    # As after the packed tree was made again from the plan as it is by then.
    plan = replace(desk.tree.plan, actions=tuple(map(as_it_is, desk.tree.plan.actions)))
    numbers = {number: PlanTree(plan).file(number).number for number in names}
    assert len({numbers[number] for number in names if number != replaced} | {numbers[replaced]}) == 2


def test_tree_that_is_planted_anew_shows_the_numbers_that_the_kernel_knows(desk: LinkedDesk) -> None:
    first, other, *_ = desk.tree.plan.actions
    name = replace(first, action_id=9, source=b"d.log", target=b"Logs/d.log")
    taken = replace(name, expected=other.expected)  # by another file, after it was shown with the others
    edits = [desk.DRAGGED, Edit(2, EditKind.ADD, b"Logs/d.log", None, NOW_NS, action_id=9)]
    actions = desk.tree.plan.actions
    shown = PlanTree(replace(desk.tree.plan, actions=(*actions, name)), edits)
    assert shown.file(9).number == shown.file(1).number
    shown.refresh(taken)
    known = shown.file(9).number
    anew = PlanTree(replace(desk.tree.plan, actions=(*actions, taken)), edits)
    GuardedTree(shown).replant(anew)
    assert (anew.file(9).number, anew.numbered(known)) == (known, anew.file(9))
