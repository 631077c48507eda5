"""The edit log: what is in force, what can be taken back and made again, held against two stacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifmosfs.core.edit_log import (
    UndoStep,
    effective,
    last_number,
    numbered,
    open_steps,
    redoable,
    retracing,
    steps,
    undoable,
)
from ifmosfs.core.plan import Edit, EditKind, EditOrigin, KeepReason
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.tree import PlanTree
from tests.core.plans import plan_of, shape

Log = tuple[Edit, ...]


def draft(path: bytes, step: int = 0) -> Edit:
    """The deletion of a file."""
    return Edit(0, EditKind.EXCLUDE, path, None, 7, step=step)


def added(log: Log, *drafts: Edit) -> Log:
    """The log with drafts that were appended in one call."""
    return (*log, *numbered(drafts, log[-1] if log else None))


def undone(log: Log, n_steps: int = 1) -> Log:
    return added(log, *(retracing(EditKind.UNDO, step, 9) for step in undoable(log)[:n_steps]))


def redone(log: Log, n_steps: int = 1) -> Log:
    return added(log, *(retracing(EditKind.REDO, step, 9) for step in redoable(log)[:n_steps]))


def paths(edits: Sequence[Edit]) -> list[bytes]:
    return [edit.path for edit in edits]


def numbers(found: Sequence[UndoStep]) -> list[int]:
    return [step.number for step in found]


THREE = added(added(added((), draft(b"a")), draft(b"b"), draft(b"c")), draft(b"d"))


def test_the_edits_of_one_call_are_one_step_under_the_number_of_its_first() -> None:
    assert [(row.seq, row.step, row.path) for row in THREE] == [(1, 1, b"a"), (2, 2, b"b"), (3, 2, b"c"), (4, 4, b"d")]
    assert steps(THREE) == [
        UndoStep(1, THREE[:1], in_force=True),
        UndoStep(2, THREE[1:3], in_force=True),
        UndoStep(4, THREE[3:], in_force=True),
    ]


def test_undo_takes_the_newest_step_in_force_whole_and_redo_the_last_that_was_taken_back() -> None:
    log = undone(THREE, 2)
    assert (paths(effective(log)), numbers(undoable(log)), numbers(redoable(log))) == ([b"a"], [1], [2, 4])
    log = redone(log)
    assert (paths(effective(log)), numbers(undoable(log)), numbers(redoable(log))) == ([b"a", b"b", b"c"], [2, 1], [4])
    log = redone(log)
    assert (effective(log), redoable(log), last_number(log)) == (THREE, [], 8)


def test_an_undo_is_a_row_that_names_its_step_and_nothing_else() -> None:
    assert undone(THREE)[4:] == (Edit(5, EditKind.UNDO, b"", None, 9, step=4, origin=EditOrigin.COMMAND),)


def test_a_new_edit_ends_redoing_and_what_was_taken_back_stays_in_the_log() -> None:
    log = added(undone(THREE, 2), draft(b"e"))
    assert (paths(effective(log)), numbers(undoable(log)), redoable(log)) == ([b"a", b"e"], [7, 1], [])
    assert [(step.number, step.in_force) for step in steps(log)] == [(1, True), (2, False), (4, False), (7, True)]


def test_an_empty_log_has_nothing_in_force_and_nothing_to_take_back() -> None:
    assert (effective(()), steps(()), undoable(()), redoable(()), last_number(())) == ((), [], [], [], 0)


@pytest.mark.parametrize(
    ("before", "named", "joins"),
    [
        (THREE, 4, True),
        (THREE, 2, False),
        (THREE, 3, False),
        (THREE, 99, False),
        (undone(THREE), 2, False),
        (undone(THREE), 4, False),
        (redone(undone(THREE)), 4, False),
        ((), 1, False),
    ],
    ids=["newest", "earlier", "no step", "unknown", "after undo", "taken back", "after redo", "empty"],
)
def test_a_draft_joins_the_step_it_names_only_at_the_end_of_the_log(before: Log, named: int, joins: bool) -> None:
    log = added(before, draft(b"x", named), draft(b"y", named))
    own = named if joins else len(before) + 1
    assert [(row.seq, row.step) for row in log[-2:]] == [(len(before) + 1, own), (len(before) + 2, own)]


def test_a_step_that_goes_on_is_taken_back_with_all_its_edits() -> None:
    log = undone(added(added(THREE, draft(b"e", 4)), draft(b"f", 4)))
    assert paths(effective(log)) == [b"a", b"b", b"c"]
    assert paths(redoable(log)[0].edits) == [b"d", b"e", b"f"]


def test_a_step_that_is_let_go_on_after_others_rows_is_taken_back_whole_and_in_the_order_the_steps_began() -> None:
    """`a` and `c` are one step, `b` and `d` another that began after it."""
    log = added(added((), draft(b"a")), draft(b"b"))
    log = (*log, *numbered([draft(b"c", 1), draft(b"d", 2)], log[-1], open_steps(log)))
    assert [row.step for row in log] == [1, 2, 1, 2]
    assert [(step.number, paths(step.edits)) for step in undoable(log)] == [(2, [b"b", b"d"]), (1, [b"a", b"c"])]
    assert paths(effective(undone(log))) == [b"a", b"c"]
    assert effective(redone(redone(undone(log, 2)))) == log


def test_no_step_is_open_once_anything_was_taken_back_or_made_again_since_it_began() -> None:
    assert open_steps(THREE) == {1, 2, 4}
    assert open_steps(undone(THREE)) == open_steps(redone(undone(THREE))) == set()
    assert open_steps(added(undone(THREE), draft(b"e"))) == {6}


# Against a model

Stack = list[list[bytes]]
DEEDS = st.lists(
    st.tuples(st.just("gesture"), st.integers(1, 3))
    | st.tuples(st.just("go on"), st.just(1))
    | st.tuples(st.sampled_from(["undo", "redo"]), st.integers(1, 3)),
    max_size=25,
)


class Editor:
    """The naive model: what is done and what is undone, as two stacks of gestures."""

    def __init__(self) -> None:
        self.done: Stack = []
        self.undone: Stack = []
        self.is_open = False  # nothing but edits of the gesture on top has happened since it began

    def gesture(self, names: list[bytes]) -> None:
        self.done.append(names)
        self.undone, self.is_open = [], True

    def go_on(self, name: bytes) -> None:
        if self.is_open:
            self.done[-1].append(name)
        else:
            self.gesture([name])
        self.undone = []

    def shift(self, source: Stack, target: Stack, n_steps: int) -> None:
        for _ in range(min(n_steps, len(source))):
            target.append(source.pop())
            self.is_open = False


def played(deeds: list[tuple[str, int]]) -> tuple[Editor, Log]:
    """The same deeds done to the model and to a log."""
    editor, log, n_names = Editor(), (), 0
    for deed, n in deeds:
        if deed == "undo":
            editor.shift(editor.done, editor.undone, n)
            log = undone(log, n)
            continue
        if deed == "redo":
            editor.shift(editor.undone, editor.done, n)
            log = redone(log, n)
            continue
        names = [b"%d" % (n_names + at) for at in range(n)]
        n_names += n
        top = undoable(log)
        if deed == "gesture":
            editor.gesture(names)
            log = added(log, *map(draft, names))
        else:
            editor.go_on(names[0])
            log = added(log, draft(names[0], top[0].number if top else 0))
    return editor, log


@settings(max_examples=300, deadline=None)
@given(DEEDS)
def test_the_log_means_what_an_editors_two_stacks_mean(deeds: list[tuple[str, int]]) -> None:
    editor, log = played(deeds)
    assert paths(effective(log)) == [name for names in editor.done for name in names]
    assert [paths(step.edits) for step in undoable(log)] == editor.done[::-1]
    assert [paths(step.edits) for step in redoable(log)] == editor.undone[::-1]
    assert [row.seq for row in log] == list(range(1, len(log) + 1))
    found = steps(log)
    assert [row for step in found for row in step.edits] == [row for row in log if row.path]
    assert [step for step in found if step.in_force] == undoable(log)[::-1]


# With a tree

PLAN = plan_of((b"a", b"Docs/a"), (b"b", b"Docs/b"), (b"c", b"Else/c"), (b"d", KeepReason.UNSURE))
CHANGES = st.one_of(
    st.builds(
        lambda path, target: Edit(0, EditKind.MOVE, path, target, 5),
        st.sampled_from([b"Docs", b"Docs/a", b"Docs/b", b"Else", b"Else/c", b"New/a", b"To review/unsure/d"]),
        st.sampled_from([b"New", b"New/a", b"Docs/b", b"Else/x", b"Docs"]),
    ),
    st.sampled_from([b"Docs/a", b"Else/c", b"New/a"]).map(lambda path: Edit(0, EditKind.EXCLUDE, path, None, 6)),
    st.sampled_from([b"New", b"Docs/sub"]).map(lambda path: Edit(0, EditKind.MKDIR, path, None, 7)),
    st.sampled_from([b"Docs", b"New", b"Else"]).map(lambda path: Edit(0, EditKind.RMDIR, path, None, 8)),
)


def seen(log: Log) -> object:
    """All that a person sees of the tree."""
    tree = PlanTree(PLAN, effective(log), last_number(log))
    tree.check_invariants()
    return shape(tree.root), [(folder.path, folder.mtime_ns) for folder in tree.folders()]


@settings(max_examples=150, deadline=None)
@given(st.lists(CHANGES | st.sampled_from(["undo", "redo"]), max_size=20))
def test_every_undo_shows_the_tree_as_it_was_before_the_step_and_every_redo_as_it_was_after(
    deeds: list[Edit | str],
) -> None:
    log: Log = ()
    before: list[object] = []
    after: list[object] = []
    for deed in deeds:
        now = seen(log)
        if deed == "undo" and before:
            log = undone(log)
            after.append(now)
            assert seen(log) == before.pop()
        elif deed == "redo" and after:
            log = redone(log)
            before.append(now)
            assert seen(log) == after.pop()
        elif isinstance(deed, Edit):
            try:
                PlanTree(PLAN, effective(log)).check(deed)
            except FsError:
                continue
            log, after = added(log, deed), []
            before.append(now)


def test_a_tree_stands_at_the_last_row_of_the_log_and_takes_no_undo_for_an_edit() -> None:
    log = added((), Edit(0, EditKind.EXCLUDE, b"Docs/a", None, 6))
    gone = undone(log)
    tree = PlanTree(PLAN, effective(gone), last_number(gone))
    assert (tree.last_edit, shape(tree.root)) == (2, shape(PlanTree(PLAN).root))
    with pytest.raises(FsError) as refused:
        PlanTree(PLAN, log).apply(gone[-1])
    assert refused.value.kind is FsErrorKind.INVALID
    tree.apply(replace(log[0], seq=3, step=3))
    assert tree.last_edit == 3
