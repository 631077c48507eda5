"""Answers to conflicts: stored with their edits, in one transaction, on the edits they were made on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from store_values import ROOT, fingerprint, plan_of

from ifmosfs.core.errors import NotFound, WrongState
from ifmosfs.core.plan import ConflictStrategy, Edit, EditKind, PlanEvent, PlanState
from ifmosfs.core.resolve import Answer, Resolution
from ifmosfs.store.catalogue import Catalogue

MOVED = Edit(1, EditKind.MOVE, b"r/x\xff", b"a/x\xff", 5, step=1)
DONE = Resolution(0, 1, ConflictStrategy.RENAME, b"r/x\xff", b"a/x\xff", None, 5, 1, 1)
BACK = Edit(2, EditKind.REPLACE, b"a/x\xff", b"r/x\xff", 6, replaces=fingerprint(2**64 - 1), step=2)
UNDONE = Resolution(0, 1, ConflictStrategy.RENAME, b"a/x\xff", b"r/x\xff", fingerprint(2**64 - 1), 6, 2, 2, undoes=1)


@pytest.fixture
def plan_id(catalogue: Catalogue) -> str:
    catalogue.save_plan(plan_of(catalogue.session_for([ROOT], None, 1), "p1", (b"x", b"a/x")))
    catalogue.advance("p1", PlanEvent.STAGE)
    return "p1"


def test_several_answers_to_one_action_are_kept_with_their_edits(catalogue: Catalogue, plan_id: str) -> None:
    catalogue.advance(plan_id, PlanEvent.VALIDATE)
    assert catalogue.append_answers(plan_id, [Answer((MOVED,), (DONE,))], after=0)
    assert catalogue.append_answers(plan_id, [Answer((BACK,), (UNDONE,))], after=1)
    assert catalogue.edits(plan_id) == (MOVED, BACK)
    assert catalogue.resolutions(plan_id) == [replace(DONE, number=1), replace(UNDONE, number=2)]
    assert catalogue.find_plan(plan_id).state is PlanState.STAGED


def test_an_answer_that_was_made_on_other_edits_is_not_stored(catalogue: Catalogue, plan_id: str) -> None:
    first = catalogue.append_edit(plan_id, Edit(0, EditKind.EXCLUDE, b"y", None, 1))
    assert not catalogue.append_answers(plan_id, [Answer((MOVED,), (DONE,))], after=0)
    assert (catalogue.edits(plan_id), catalogue.resolutions(plan_id)) == ((first,), [])


def test_an_edit_on_other_edits_is_not_stored(catalogue: Catalogue, plan_id: str) -> None:
    draft = Edit(0, EditKind.EXCLUDE, b"y", None, 1)
    first = catalogue.append_edit_after(plan_id, draft, 0)
    assert first == replace(draft, seq=1, step=1)
    assert catalogue.append_edit_after(plan_id, draft, 0) is None
    assert catalogue.edits(plan_id) == (first,)


def test_a_plan_that_takes_no_edits_takes_no_answers(catalogue: Catalogue, plan_id: str) -> None:
    catalogue.begin_commit(plan_id, 0)
    with pytest.raises(WrongState):
        catalogue.append_answers(plan_id, [Answer((MOVED,), (DONE,))], after=0)
    with pytest.raises(NotFound):
        catalogue.append_answers("p2", [Answer((MOVED,), (DONE,))], after=0)
    assert (catalogue.edits(plan_id), catalogue.resolutions(plan_id)) == ((), [])
