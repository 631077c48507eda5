"""The log of edits in the catalogue: steps, what is in force, and who is outdated by an undo."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_values import ROOT, plan_of

from ifmosfs.core.edit_log import effective, last_number, redoable, retracing, undoable
from ifmosfs.core.errors import DatabaseDamaged, PlanOutdated, WrongState
from ifmosfs.core.plan import ConflictStrategy, Edit, EditKind, EditOrigin, PlanEvent, PlanState
from ifmosfs.core.resolve import Answer, Resolution
from ifmosfs.store.catalogue import Catalogue

counter = itertools.count()


def draft(path: bytes, step: int = 0) -> Edit:
    return Edit(0, EditKind.EXCLUDE, path, None, 7, step=step)


def staged(catalogue: Catalogue, plan_id: str) -> str:
    catalogue.save_plan(plan_of(catalogue.session_for([ROOT], None, 1), plan_id, (b"x", b"a/x"), (b"y", b"a/y")))
    catalogue.advance(plan_id, PlanEvent.STAGE)
    return plan_id


@pytest.fixture
def plan_id(catalogue: Catalogue) -> str:
    return staged(catalogue, "p1")


def retrace(catalogue: Catalogue, plan_id: str, kind: EditKind) -> None:
    """What `stage undo` and `stage redo` add; nothing where there is no step."""
    log = catalogue.edit_log(plan_id)
    chosen = (undoable if kind is EditKind.UNDO else redoable)(log)[:1]
    catalogue.append_edits(plan_id, [retracing(kind, step, 9) for step in chosen], last_number(log))


def in_force(catalogue: Catalogue, plan_id: str) -> list[bytes]:
    return [edit.path for edit in catalogue.edits(plan_id)]


def test_the_edits_of_one_call_are_one_step_and_a_draft_goes_on_with_the_step_it_names(
    catalogue: Catalogue, plan_id: str
) -> None:
    first = catalogue.append_edit_after(plan_id, draft(b"a"), 0)
    assert first == replace(draft(b"a"), seq=1, step=1)
    assert catalogue.append_edit_after(plan_id, draft(b"b", first.step), 1) == replace(draft(b"b"), seq=2, step=1)
    added = catalogue.append_edits(plan_id, [draft(b"c"), draft(b"d")], 2)
    assert [(edit.seq, edit.step) for edit in added] == [(3, 3), (4, 3)]
    assert catalogue.append_edit(plan_id, draft(b"e", first.step)).step == 5
    assert catalogue.edits(plan_id) == catalogue.edit_log(plan_id)


def test_a_draft_goes_on_with_its_step_after_rows_of_others_unless_anything_was_taken_back_since(
    catalogue: Catalogue, plan_id: str
) -> None:
    def appended(path: bytes, step: int) -> int:
        edit = catalogue.append_edit_after(plan_id, draft(path, step), last_number(catalogue.edit_log(plan_id)))
        assert edit is not None
        return edit.step

    catalogue.append_edit(plan_id, draft(b"a"))
    catalogue.append_edit(plan_id, draft(b"b"))
    catalogue.append_edit(plan_id, replace(draft(b"w"), origin=EditOrigin.WATCH))
    assert [appended(b"c", 1), appended(b"d", 2), appended(b"e", 1)] == [1, 2, 1]
    assert [appended(b"f", 3), appended(b"g", 99)] == [7, 8]  # what is no step
    retrace(catalogue, plan_id, EditKind.UNDO)
    assert [appended(b"h", 1), appended(b"i", 10), appended(b"j", 1)] == [10, 10, 12]


def test_the_time_of_the_last_edit_that_somebody_meant_is_known_without_reading_the_others(
    catalogue: Catalogue, plan_id: str
) -> None:
    assert catalogue.edited_since(plan_id, 0) is None
    catalogue.append_edit(plan_id, replace(draft(b"a"), at_ns=5, origin=EditOrigin.WATCH))
    assert catalogue.edited_since(plan_id, 0) == 0
    catalogue.append_edit(plan_id, replace(draft(b"b"), at_ns=7))
    catalogue.append_edit(plan_id, replace(draft(b"c"), at_ns=9, origin=EditOrigin.WATCH))
    found = [catalogue.edited_since(plan_id, after) for after in range(5)]
    assert found == [7, 7, 0, None, None]


def test_what_is_taken_back_is_in_the_log_but_not_in_force_and_comes_again(catalogue: Catalogue, plan_id: str) -> None:
    catalogue.append_edit(plan_id, draft(b"a"))
    catalogue.append_edits(plan_id, [draft(b"b"), draft(b"c")], 1)
    retrace(catalogue, plan_id, EditKind.UNDO)
    assert (in_force(catalogue, plan_id), catalogue.find_plan(plan_id).n_edits) == ([b"a"], 1)
    taken_back = Edit(4, EditKind.UNDO, b"", None, 9, step=2, origin=EditOrigin.COMMAND)
    assert catalogue.edit_log(plan_id, after=3) == (taken_back,)
    assert [edit.seq for edit in catalogue.edit_log(plan_id)] == [1, 2, 3, 4]
    retrace(catalogue, plan_id, EditKind.REDO)
    assert (in_force(catalogue, plan_id), catalogue.find_plan(plan_id).n_edits) == ([b"a", b"b", b"c"], 3)


def test_an_undo_outdates_what_was_made_before_it(catalogue: Catalogue, plan_id: str) -> None:
    catalogue.append_edit(plan_id, draft(b"a"))
    retrace(catalogue, plan_id, EditKind.UNDO)
    before = catalogue.edit_log(plan_id)
    moved = Edit(2, EditKind.MOVE, b"a/x", b"b/x", 5)
    done = Resolution(0, 1, ConflictStrategy.RENAME, b"a/x", b"b/x", None, 5, 2, 2)
    assert catalogue.append_edit_after(plan_id, draft(b"b", 1), 1) is None
    assert not catalogue.append_answers(plan_id, [Answer((moved,), (done,))], after=1)
    with pytest.raises(PlanOutdated):
        catalogue.append_edits(plan_id, [draft(b"b")], 1)
    with pytest.raises(PlanOutdated):
        catalogue.begin_commit(plan_id, 1)
    assert (catalogue.edit_log(plan_id), catalogue.find_plan(plan_id).state) == (before, PlanState.STAGED)
    assert catalogue.begin_commit(plan_id, 2) is PlanState.COMMITTING


def test_a_plan_is_no_longer_validated_after_an_undo_and_takes_none_while_it_is_committed(
    catalogue: Catalogue, plan_id: str
) -> None:
    catalogue.append_edit(plan_id, draft(b"a"))
    catalogue.advance(plan_id, PlanEvent.VALIDATE)
    retrace(catalogue, plan_id, EditKind.UNDO)
    assert catalogue.find_plan(plan_id).state is PlanState.STAGED
    catalogue.begin_commit(plan_id, 2)
    with pytest.raises(WrongState):
        retrace(catalogue, plan_id, EditKind.REDO)
    assert in_force(catalogue, plan_id) == []


def test_answers_that_are_given_together_are_one_step(catalogue: Catalogue, plan_id: str) -> None:
    answers = [
        Answer(
            (Edit(number, EditKind.MOVE, b"r/%d" % number, b"a/%d" % number, 5, origin=EditOrigin.RESOLVE),),
            (Resolution(0, number, ConflictStrategy.RENAME, b"r", b"a", None, 5, number, number),),
        )
        for number in (1, 2)
    ]
    assert catalogue.append_answers(plan_id, answers, after=0)
    assert [(edit.seq, edit.step, edit.origin) for edit in catalogue.edits(plan_id)] == [
        (1, 1, EditOrigin.RESOLVE),
        (2, 1, EditOrigin.RESOLVE),
    ]


def test_the_log_outlives_that_the_plan_is_discarded(catalogue: Catalogue, plan_id: str) -> None:
    catalogue.append_edit(plan_id, draft(b"a"))
    retrace(catalogue, plan_id, EditKind.UNDO)
    catalogue.advance(plan_id, PlanEvent.DISCARD)
    catalogue.advance(plan_id, PlanEvent.REOPEN)
    retrace(catalogue, plan_id, EditKind.REDO)
    assert in_force(catalogue, plan_id) == [b"a"]


@pytest.mark.parametrize("column", ["kind", "origin"])
def test_a_row_of_the_log_that_makes_no_sense_is_damage(catalogue: Catalogue, plan_id: str, column: str) -> None:
    catalogue.append_edit(plan_id, draft(b"a"))
    with catalogue._writing() as connection:
        connection.exec_driver_sql(f"UPDATE plan_edits SET {column} = 'dream'")
    for use in (catalogue.edits, lambda plan: catalogue.append_edit(plan, draft(b"b"))):
        with pytest.raises(DatabaseDamaged):
            use(plan_id)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 3) | st.sampled_from([EditKind.UNDO, EditKind.REDO]), max_size=12))
def test_plans_are_told_with_the_number_of_edits_in_force(
    shared_catalogue: Catalogue, deeds: list[int | EditKind]
) -> None:
    plan, other = (staged(shared_catalogue, f"undo{next(counter)}") for _ in range(2))
    shared_catalogue.append_edit(other, draft(b"other"))
    for deed in deeds:
        if isinstance(deed, EditKind):
            retrace(shared_catalogue, plan, deed)
        else:
            last = last_number(shared_catalogue.edit_log(plan))
            shared_catalogue.append_edits(plan, [draft(b"x")] * deed, last)
    assert shared_catalogue.edits(plan) == effective(shared_catalogue.edit_log(plan))
    found = [shared_catalogue.find_plan(each).n_edits for each in (plan, other)]
    assert found == [len(shared_catalogue.edits(plan)), 1]
