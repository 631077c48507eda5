"""Which edits in the view are one step to undo, and how the view takes in what others have undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ifmosfs.core.edit_log import effective, last_number, retracing, undoable
from ifmosfs.core.plan import Edit, EditKind, EditOrigin
from ifmosfs.core.tree import PlanTree
from ifmosfs.view.gestures import MOST_AT_ONCE, PAUSE_NS
from ifmosfs.view.operations import View
from ifmosfs.view.values import Caller, FsError, FsErrorKind, RenameMode
from tests.adapters.memory_disk import MemoryDisk
from tests.core.plans import plan_of
from tests.view.views import OWNER, MemoryLog, Scene, Told, at, refile, view_of

FILES, SHELL = Caller(*OWNER, 10), Caller(*OWNER, 20)
ROWS = ((b"a", b"Docs/a"), (b"b", b"Docs/b"), (b"c", b"Docs/c"), (b"n/d", b"More/d"), (b"n/e", b"More/e"))


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
    disk = MemoryDisk.from_tree(
        {b"in": {b"a": b"x", b"b": b"x", b"c": b"x", b"n": {b"d": b"x", b"e": b"x"}}, b"out": {}}
    )
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


def renamed(scene: Scene, path: bytes, target: bytes, number: int) -> None:
    """An original has got another name, which the follower tells the view."""
    edit = Edit(0, EditKind.MOVE, path, target, 0, action_id=number, origin=EditOrigin.WATCH)
    scene.log.append(edit, len(scene.log.edits))
    scene.view.reload()


def rename(scene: Scene, path: bytes, target: bytes, caller: Caller) -> None:
    scene.view.rename(*at(scene, path), *at(scene, target), RenameMode.REPLACE, caller)


def test_what_happens_to_an_original_ends_no_gesture(scene: Scene) -> None:
    before = scene.tree()
    unlink(scene, b"a", FILES)
    renamed(scene, b"More/d", b"More/dd", 4)
    unlink(scene, b"b", FILES)
    scene.log.append(Edit(0, EditKind.REFRESH, b"Docs/c", None, 0, action_id=3, origin=EditOrigin.WATCH), 3)
    unlink(scene, b"c", FILES)  # the view takes the change in before
    assert steps(scene) == [1, 0, 1, 0, 1]
    undo(scene)
    scene.view.reload()
    assert scene.tree(b"Docs") == before[b"Docs"]
    assert sorted(scene.tree(b"More")) == [b"dd", b"e"]


def test_a_file_of_a_gesture_that_gets_another_name_meanwhile_goes_back_with_it(scene: Scene) -> None:
    move(scene, b"a", FILES)
    renamed(scene, b"Else/a", b"Else/aa", 1)
    rename(scene, b"Else/aa", b"Docs/mine", FILES)
    assert steps(scene) == [1, 0, 1]
    undo(scene)
    scene.view.reload()
    assert sorted(scene.tree(b"Docs")) == [b"a", b"b", b"c"]


def test_each_of_two_programs_at_once_makes_one_step_and_the_one_that_began_last_is_taken_back_first(
    scene: Scene,
) -> None:
    before = scene.tree()
    unlink(scene, b"a", FILES)
    rename(scene, b"More/d", b"d", SHELL)
    unlink(scene, b"b", FILES)
    rename(scene, b"More/e", b"e", SHELL)
    unlink(scene, b"c", FILES)
    assert steps(scene) == [1, 2, 1, 2, 1]
    undo(scene)
    scene.view.reload()
    assert scene.tree(b"More") == before[b"More"]
    assert scene.tree(b"Docs") == {}
    undo(scene)
    scene.view.reload()
    assert scene.tree() == before


def test_what_builds_on_a_step_that_began_later_is_a_step_of_its_own(scene: Scene) -> None:
    """Undo takes the later step first, and a file must not be left in a folder that is not made then."""
    before = scene.tree()
    move(scene, b"a", FILES)
    scene.view.mkdir(*at(scene, b"New"), 0o755, SHELL)
    rename(scene, b"Docs/b", b"New/b", FILES)
    assert steps(scene) == [1, 2, 3]
    for _ in range(3):
        undo(scene)
        scene.view.reload()
    assert scene.tree() == before


def test_what_builds_on_a_step_that_began_before_goes_on_with_its_own(scene: Scene) -> None:
    scene.view.mkdir(*at(scene, b"New"), 0o755, FILES)
    rename(scene, b"Docs/b", b"New/b", SHELL)
    scene.view.mkdir(*at(scene, b"Newer"), 0o755, FILES)
    rename(scene, b"Docs/c", b"Newer/c", SHELL)
    assert steps(scene) == [1, 2, 1, 2]
    undo(scene)
    scene.view.reload()
    assert (sorted(scene.tree(b"Docs")), scene.tree(b"New"), scene.tree(b"Newer")) == ([b"a", b"b", b"c"], {}, {})


def test_what_follows_from_a_step_that_began_later_is_not_built_on(scene: Scene) -> None:
    move(scene, b"a", FILES)
    move(scene, b"b", SHELL)
    renamed(scene, b"Else/b", b"Else/bb", 2)
    rename(scene, b"Else/bb", b"mine", FILES)
    assert steps(scene) == [1, 2, 0, 4]


def test_what_lost_its_place_to_a_step_that_began_later_is_not_built_on(scene: Scene) -> None:
    move(scene, b"a", FILES)
    unlink(scene, b"b", SHELL)
    rename(scene, b"To review/excluded/b", b"Docs/again", FILES)
    assert steps(scene) == [1, 2, 3]


def test_an_edit_by_a_command_ends_the_gestures_of_all(scene: Scene) -> None:
    unlink(scene, b"a", FILES)
    rename(scene, b"More/d", b"d", SHELL)
    scene.log.append(Edit(0, EditKind.MKDIR, b"New", None, 0, origin=EditOrigin.COMMAND), 2)
    unlink(scene, b"b", FILES)
    rename(scene, b"More/e", b"e", SHELL)
    assert steps(scene) == [1, 2, 3, 4, 5]


def test_a_gesture_ends_where_others_have_made_more_meanwhile_than_is_remembered(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ifmosfs.view.gestures.MOST_BETWEEN", 2)
    unlink(scene, b"a", FILES)
    rename(scene, b"More/d", b"d", SHELL)
    unlink(scene, b"b", FILES)
    rename(scene, b"More/e", b"e", SHELL)
    unlink(scene, b"c", FILES)
    assert steps(scene) == [1, 2, 1, 2, 5]


def test_the_gestures_of_the_latest_programs_are_kept_apart(scene: Scene) -> None:
    for number in range(MOST_AT_ONCE + 1):
        scene.view.mkdir(*at(scene, b"%d" % number), 0o755, replace_pid(FILES, 100 + number))
    for number in range(MOST_AT_ONCE + 1):
        scene.view.mkdir(*at(scene, b"again %d" % number), 0o755, replace_pid(FILES, 100 + MOST_AT_ONCE - number))
    assert steps(scene)[MOST_AT_ONCE + 1 :] == [*range(MOST_AT_ONCE + 1, 1, -1), 2 * MOST_AT_ONCE + 2]


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


@pytest.mark.parametrize(("said", "n_edits"), [(b"colon", 3), (b"none", 1)])
def test_a_category_that_has_to_do_with_a_step_that_began_later_is_a_step_of_its_own(
    scene: Scene, said: bytes, n_edits: int
) -> None:
    """Also its first edits, which make folders that have to do with nothing."""
    scene.view.mkdir(scene.inode(b""), b"Made", 0o755, FILES)
    rename(scene, b"Docs/a", b"Docs/aa", SHELL)
    before = scene.tree()
    scene.view.setxattr(scene.inode(b"Docs/aa"), b"user.ifmosfs.category", said, 0, FILES)
    assert steps(scene) == [1, 2, *[3] * n_edits]
    undo(scene)
    scene.view.reload()
    assert scene.tree() == before
    undo(scene)
    scene.view.reload()
    assert sorted(scene.tree(b"Docs")) == [b"a", b"b", b"c"]


def test_a_category_goes_on_with_what_its_program_has_begun(scene: Scene) -> None:
    unlink(scene, b"b", FILES)
    scene.view.setxattr(scene.inode(b"Docs/a"), b"user.ifmosfs.category", b"none", 0, FILES)
    scene.view.setxattr(scene.inode(b"More/d"), b"user.ifmosfs.category", b"colon", 0, FILES)
    assert steps(scene) == [1, 1, 1, 1, 1]
