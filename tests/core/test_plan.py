"""The plan as a value: its life cycle, and the digest that two plans share when they do the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ifmosfs.core.plan import NEXT_STATE, KeepReason, Plan, PlanEvent, PlanState
from tests.core.plans import fingerprint, plan_of

PLAN = plan_of((b"a", b"Docs/a"), (b"b", KeepReason.UNSURE), folders=[b"Docs"])


def reached(state: PlanState) -> set[PlanState]:
    found, pending = {state}, [state]
    while pending:
        here = pending.pop()
        steps = {after for (before, _), after in NEXT_STATE.items() if before is here}
        pending.extend(steps - found)
        found |= steps
    return found


def test_every_state_can_be_reached_from_a_draft() -> None:
    assert reached(PlanState.DRAFT) == set(PlanState)


def test_a_plan_that_began_to_move_files_is_never_edited_or_discarded() -> None:
    began = {PlanState.COMMITTING, PlanState.COMMITTED}
    events = {event for before, event in NEXT_STATE if before in began}
    assert events.isdisjoint({PlanEvent.EDIT, PlanEvent.DISCARD, PlanEvent.STAGE, PlanEvent.VALIDATE, PlanEvent.REOPEN})


def test_an_edit_takes_the_validation_back() -> None:
    assert {after for (_, event), after in NEXT_STATE.items() if event is PlanEvent.EDIT} == {PlanState.STAGED}


def test_moves_and_kept_are_all_actions_in_order() -> None:
    assert [action.source for action in PLAN.moves()] == [b"a"]
    assert [action.source for action in PLAN.kept()] == [b"b"]


def changed(plan: Plan, **fields: object) -> Plan:
    return replace(plan, actions=(replace(plan.actions[0], **fields), *plan.actions[1:]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, target=b"/elsewhere"),
        replace(PLAN, folders=(b"Docs", b"More")),
        changed(PLAN, source=b"c"),
        changed(PLAN, target=b"Docs/c"),
        changed(PLAN, root=b"/other"),
        changed(PLAN, expected=fingerprint(9)),
    ],
    ids=["target folder", "folders", "source", "target", "root", "fingerprint"],
)
def test_the_digest_changes_with_anything_that_would_be_done(other: Plan) -> None:
    assert other.digest != PLAN.digest


def test_the_digest_leaves_out_what_nothing_is_done_for() -> None:
    other = replace(changed(PLAN, reason="else", score=0.1), plan_id="q", actions=PLAN.actions[:1])
    assert other.digest == PLAN.digest
