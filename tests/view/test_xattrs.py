"""Extended attributes are asked for every file of a listing: what answering costs, and that names and values agree."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from ifmosfs.core.files import Place
from ifmosfs.core.names import split
from ifmosfs.core.plan import Action, Edit, EditKind, KeepReason, Plan
from ifmosfs.core.tree import FolderNode, PlanTree
from ifmosfs.core.tree_source import PlanSource
from ifmosfs.view.operations import View
from ifmosfs.view.values import FsError, RenameMode
from tests.adapters.memory_disk import MemoryDisk
from tests.core.plans import plan_of
from tests.view.views import NOW_NS, OWNER, MemoryLog, refile, view_of

ALWAYS = [b"user.ifmosfs.source", b"user.ifmosfs.confidence", b"user.ifmosfs.reason", b"user.ifmosfs.status"]
CATEGORY = [b"user.ifmosfs.category", b"user.xdg.tags"]
NOTE, REPLACES = b"user.ifmosfs.note", b"user.ifmosfs.replaces"
NAMES = {
    b"Docs/plain": [*ALWAYS, *CATEGORY],
    b"Docs/noted": [*ALWAYS, *CATEGORY, NOTE],
    b"Docs/over": [*ALWAYS, *CATEGORY, REPLACES],
    b"To review/unsure/who": ALWAYS,
    b"Docs/said": [*ALWAYS, *CATEGORY],
}
SAID = Edit(1, EditKind.MOVE, b"To review/unsure/said", b"Docs/said", NOW_NS, category="paper")


OLD = Place(b"/out", b"Docs/over")  # what a file of the plan replaces


class Counting(PlanSource):
    """Remembers which actions were asked for whole."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.asked: list[int] = []

    def action(self, action_id: int) -> Action:
        """See `TreeSource`."""
        self.asked.append(action_id)
        return super().action(action_id)


class Desk:
    """A view of five files, of which one each has a note, replaces a file, is unsure, and was filed by a person."""

    def __init__(self) -> None:
        self.disk = MemoryDisk.from_tree(
            {
                b"in": {name: name for name in (b"plain", b"noted", b"over", b"who", b"said")},
                b"out": {b"Docs": {b"over": b"old"}},
            }
        )
        rows = plan_of(
            *((name, b"Docs/" + name) for name in (b"plain", b"noted", b"over")),
            (b"who", KeepReason.UNSURE),
            (b"said", KeepReason.UNSURE),
        )
        more = {b"noted": {"note": "a twin"}, b"over": {"replaces": self.disk.lstat(OLD).fingerprint}}
        actions = (replace(each, **more.get(each.source, {})) for each in rows.actions)
        plan = replace(rows, actions=tuple(map(self._as_scanned, actions)))
        self.source = Counting(plan)
        self.tree = PlanTree(plan, [SAID], source=self.source)
        self.log = MemoryLog([SAID])
        self.view = View(
            self.tree,
            self.disk,
            self.log,
            now_ns=lambda: NOW_NS,
            refile=refile,
            owner=OWNER,
            categories_at=lambda folder: frozenset({b"Maps": {"map"}, b"Both": {"map", "atlas"}}.get(folder, ())),
        )

    def _as_scanned(self, action: Action) -> Action:
        attr = self.disk.lstat(Place(action.root, action.source))
        return replace(action, expected=attr.fingerprint, mode=attr.mode)


@pytest.mark.parametrize("path", NAMES, ids=bytes.decode)
def test_names_are_told_without_reading_an_action(path: bytes) -> None:
    desk = Desk()
    assert (desk.view.listxattr(desk.view.resolve(path)), desk.source.asked) == (NAMES[path], [])


@pytest.mark.parametrize("path", NAMES, ids=bytes.decode)
def test_just_the_names_that_are_told_have_a_value(path: bytes) -> None:
    desk = Desk()
    inode = desk.view.resolve(path)
    for name in {name for names in NAMES.values() for name in names}:
        if name in NAMES[path]:
            assert desk.view.getxattr(inode, name)
        else:
            with pytest.raises(FsError, match="NO_ATTRIBUTE"):
                desk.view.getxattr(inode, name)


def test_the_place_of_the_original_and_what_a_person_said_are_told_without_reading_an_action() -> None:
    desk = Desk()
    inode = desk.view.resolve(b"Docs/said")
    desk.source.asked.clear()
    assert ([desk.view.getxattr(inode, name) for name in NAMES[b"Docs/said"]], desk.source.asked) == (
        [b"/in/said", b"1.000", b"a person said so", b"planned", b"paper", b"paper"],
        [],
    )


def statuses(desk: Desk) -> list[bytes]:
    return [desk.view.getxattr(desk.view.resolve(path), b"user.ifmosfs.status") for path in NAMES]


def test_the_status_says_that_something_else_has_the_name_in_the_target_by_now() -> None:
    """Commit leaves the file then, and what has the name is not shown."""
    desk = Desk()
    plain, noted, over, who, said = statuses(desk)
    assert (plain, noted, over, who, said) == (b"planned", b"planned", b"planned", b"staying", b"planned")
    desk.disk.write(Place(b"/out", b"Docs/plain"), b"theirs")
    desk.disk.make_folder(Place(b"/out", b"Docs/noted"), 0o755)
    desk.disk.remove(OLD)
    desk.disk.write(OLD, b"another")
    assert statuses(desk) == [b"taken", b"taken", b"taken", who, said]
    desk.disk.remove(OLD)  # the name is free
    desk.disk.rename_noreplace(Place(b"/in", b"plain"), Place(b"/in", b"gone"))
    assert statuses(desk) == [b"missing", b"taken", b"planned", who, said]


def test_a_name_that_an_original_has_still_is_not_said_to_be_taken() -> None:
    """Where the target is organised in place, what has the name is on its way to another one."""
    disk = MemoryDisk.from_tree({b"in": {b"one": b"1", b"two": b"2"}})
    rows = plan_of((b"one", b"two"), (b"two", b"Docs/one"), target=b"/in")
    actions = [replace(each, expected=disk.lstat(each.source_place).fingerprint) for each in rows.actions]
    view = view_of(replace(rows, actions=tuple(actions)), disk, MemoryLog())
    assert view.getxattr(view.resolve(b"two"), b"user.ifmosfs.status") == b"planned"


def test_a_name_that_is_not_ours_loads_nothing() -> None:
    desk = Desk()
    inode = desk.view.resolve(b"Docs/plain")
    desk.source.asked.clear()
    desk.tree.forget(0)
    folder = desk.tree.find(b"Docs")
    assert isinstance(folder, FolderNode)
    unloaded = desk.tree.review_folder(KeepReason.UNSURE).n_unloaded, folder.n_unloaded
    with pytest.raises(FsError, match="NO_ATTRIBUTE"):
        desk.view.getxattr(inode, b"user.xdg.origin.url")
    assert (desk.tree.review_folder(KeepReason.UNSURE).n_unloaded, folder.n_unloaded) == unloaded
    assert desk.source.asked == []


def test_a_number_that_no_file_has_is_told_apart_from_a_name_that_it_has_not() -> None:
    desk = Desk()
    with pytest.raises(FsError, match="NOT_FOUND"):
        desk.view.getxattr(desk.view.resolve(b"Docs/plain") + 1000, b"user.xdg.origin.url")


CREATE, REPLACE = os.XATTR_CREATE, os.XATTR_REPLACE


@pytest.mark.parametrize(
    ("path", "name", "flags", "answer"),
    [
        (b"Docs/plain", b"user.ifmosfs.category", CREATE, "EXISTS"),
        (b"Docs/plain", b"user.ifmosfs.category", CREATE | REPLACE, "EXISTS"),
        (b"Docs/plain", b"user.ifmosfs.category", REPLACE | 4, "INVALID"),
        (b"Docs/plain", b"user.ifmosfs.note", REPLACE, "NO_ATTRIBUTE"),
        (b"Docs/plain", b"user.ifmosfs.source", REPLACE, "NOT_SUPPORTED"),
        (b"Docs/said", b"user.ifmosfs.category", CREATE, "EXISTS"),
        (b"To review/unsure/who", b"user.ifmosfs.category", REPLACE, "NO_ATTRIBUTE"),
        (b"To review/unsure/who", b"user.ifmosfs.category", CREATE | REPLACE, "NO_ATTRIBUTE"),
        (b"Docs", b"user.ifmosfs.category", REPLACE, "NO_ATTRIBUTE"),
    ],
)
def test_writing_is_refused_as_its_flags_say(path: bytes, name: bytes, flags: int, answer: str) -> None:
    desk = Desk()
    with pytest.raises(FsError) as refused:
        desk.view.setxattr(desk.view.resolve(path), name, b"paper", flags)
    assert (refused.value.kind.name, desk.log.edits) == (answer, [SAID])


@pytest.mark.parametrize(("path", "flags"), [(b"Docs/plain", REPLACE), (b"To review/unsure/who", CREATE)])
def test_a_category_is_written_where_its_flags_allow_it(path: bytes, flags: int) -> None:
    desk = Desk()
    inode = desk.view.resolve(path)
    desk.view.setxattr(inode, b"user.ifmosfs.category", b"none", flags)
    assert [(edit.kind, edit.category) for edit in desk.log.edits[1:]] == [(EditKind.EXCLUDE, "none")]


@pytest.mark.parametrize(("folder", "said"), [(b"Maps", b"map"), (b"Both", None), (b"Other", None)])
@pytest.mark.parametrize("path", [b"Docs/plain", b"To review/unsure/who"])
def test_a_file_in_the_folder_of_one_other_category_is_taken_for_that(
    path: bytes, folder: bytes, said: bytes | None
) -> None:
    desk = Desk()
    inode = desk.view.resolve(path)
    before = judged(desk, inode)
    desk.view.mkdir(1, folder, 0o755)
    desk.view.rename(
        desk.view.resolve(split(path)[0]), split(path)[1], desk.view.resolve(folder), b"new", RenameMode.REPLACE
    )
    after = (said, said, b"1.000", b"a person said so")
    assert judged(desk, inode) == (before if said is None else after)


def judged(desk: Desk, inode: int) -> tuple[bytes | None, ...]:
    """Category, tags, confidence and reason, as they are told and listed."""
    told = desk.view.listxattr(inode)
    names = (b"user.ifmosfs.category", b"user.xdg.tags", b"user.ifmosfs.confidence", b"user.ifmosfs.reason")
    return tuple(desk.view.getxattr(inode, name) if name in told else None for name in names)
