"""Which edits in the view are one step to undo, and how the view takes in what others have undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ifmosfs.core.edit_log import effective, last_number, retracing, undoable
from ifmosfs.core.plan import Edit, EditKind
from ifmosfs.core.tree import PlanTree
from ifmosfs.view.gestures import PAUSE_NS
from ifmosfs.view.operations import View
from ifmosfs.view.values import Caller, FsError, FsErrorKind, RenameMode
from tests.adapters.memory_disk import MemoryDisk
from tests.core.plans import plan_of
from tests.view.views import OWNER, MemoryLog, Scene, Told, at, refile, view_of

FILES, SHELL = Caller(*OWNER, 10), Caller(*OWNER, 20)
ROWS = ((b"a", b"Docs/a"), (b"b", b"Docs/b"), (b"c", b"Docs/c"))


class Clock:
    def __init__(self) -> None:
        self.now_ns = 10**18

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def scene(clock: Clock) -> Scene:
    disk = MemoryDisk.from_tree({b"in": {source: b"x" for source, _ in ROWS}, b"out": {}})
    plan = plan_of(*ROWS, folders=[b"Docs", b"Else"])
    attrs = [disk.lstat(action.source_place) for action in plan.actions]
    actions = (replace(one, expected=attr.fingerprint) for one, attr in zip(plan.actions, attrs, strict=True))
    plan, log = replace(plan, actions=tuple(actions)), MemoryLog()
    threads = {11: 10}  # a second thread of the file manager

    def replant() -> PlanTree:
        return PlanTree(plan, effective(log.edits), last_number(log.edits))

    view = View(
        PlanTree(plan),
        disk,
        log,
        now_ns=clock,
        refile=refile,
        owner=OWNER,
        replant=replant,
        process_of=lambda thread: threads.get(thread, thread),
    )
    return Scene(plan, disk, log, view)


def unlink(scene: Scene, name: bytes, caller: Caller | None) -> None:
    scene.view.unlink(*at(scene, b"Docs/" + name), caller)


def move(scene: Scene, name: bytes, caller: Caller | None) -> None:
    scene.view.rename(*at(scene, b"Docs/" + name), *at(scene, b"Else/" + name), RenameMode.REPLACE, caller)


def steps(scene: Scene) -> list[int]:
    return [edit.step for edit in scene.log.edits]


def undo(scene: Scene) -> Edit:
    """Somebody else takes the newest step back; the view has not been told."""
    row = scene.log.append(retracing(EditKind.UNDO, undoable(scene.log.edits)[0], 0), len(scene.log.edits))
    assert row is not None
    return row


@pytest.mark.parametrize("act", [unlink, move], ids=["a folder is deleted", "files are dragged"])
def test_what_a_program_does_in_one_go_is_one_step(
    scene: Scene, clock: Clock, act: Callable[[Scene, bytes, Caller], None]
) -> None:
    for name in (b"a", b"b", b"c"):
        act(scene, name, FILES)
        clock.now_ns += PAUSE_NS
    assert steps(scene) == [1, 1, 1]


def test_after_a_pause_another_step_begins(scene: Scene, clock: Clock) -> None:
    unlink(scene, b"a", FILES)
    clock.now_ns += PAUSE_NS + 1
    unlink(scene, b"b", FILES)
    assert steps(scene) == [1, 2]


def test_threads_of_one_program_are_one_and_other_programs_are_not(scene: Scene) -> None:
    unlink(scene, b"a", FILES)
    unlink(scene, b"b", replace_pid(FILES, 11))
    unlink(scene, b"c", SHELL)
    assert steps(scene) == [1, 1, 3]


def replace_pid(caller: Caller, pid: int) -> Caller:
    return caller._replace(pid=pid)


def test_nobody_in_particular_makes_one_step_of_each_edit(scene: Scene) -> None:
    unlink(scene, b"a", None)
    unlink(scene, b"b", None)
    assert steps(scene) == [1, 2]


def test_a_clock_that_is_set_back_ends_the_gesture(scene: Scene, clock: Clock) -> None:
    unlink(scene, b"a", FILES)
    clock.now_ns -= 1
    unlink(scene, b"b", FILES)
    assert steps(scene) == [1, 2]


def test_an_undo_by_somebody_else_is_taken_in_wholly_and_told(scene: Scene) -> None:
    told = Told()
    scene.view.tell(told)
    numbers = {name: scene.inode(b"Docs/" + name) for name in (b"a", b"b", b"c")}
    before = scene.tree()
    move(scene, b"a", FILES)
    move(scene, b"b", FILES)
    docs, other = scene.inode(b"Docs"), scene.inode(b"Else")
    undo(scene)
    scene.view.reload()
    assert scene.tree() == before
    assert {name: scene.inode(b"Docs/" + name) for name in numbers} == numbers
    assert {(docs, b"a"), (other, b"a"), (docs, b"b"), (other, b"b")} <= set(told.names)
    assert {(docs, False), (other, False)} <= set(told.nodes)
    assert told.n_all == 1  # what they displaced could be anywhere in the review


def test_an_edit_after_an_undo_by_somebody_else_is_made_on_the_tree_without_what_was_undone(scene: Scene) -> None:
    move(scene, b"a", FILES)
    undo(scene)
    with pytest.raises(FsError) as caught:
        scene.view.rename(*at(scene, b"Else/a"), *at(scene, b"Else/z"), RenameMode.REPLACE, FILES)
    assert caught.value.kind is FsErrorKind.NOT_FOUND
    move(scene, b"a", FILES)
    assert [(edit.kind, edit.step) for edit in scene.log.edits] == [
        (EditKind.MOVE, 1),
        (EditKind.UNDO, 1),
        (EditKind.MOVE, 3),
    ]
    scene.view.reload()
    again = view_of(scene.plan, scene.disk, MemoryLog(), effective(scene.log.edits))
    assert scene.tree() == Scene(scene.plan, scene.disk, scene.log, again).tree()
    assert list(scene.tree(b"Else")) == [b"a"]


def test_an_original_that_others_found_changed_is_told_with_its_bytes(scene: Scene) -> None:
    told = Told()
    scene.view.tell(told)
    inode = scene.inode(b"Docs/b")
    scene.log.append(Edit(0, EditKind.REFRESH, b"Docs/b", None, 0, action_id=2), 0)
    scene.view.reload()
    assert (inode, True) in told.nodes
