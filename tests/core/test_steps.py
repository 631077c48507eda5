"""Steps that are made when they are asked for: nobody can tell them from steps that are kept."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ifmosfs.core.files import Place
from ifmosfs.core.plan import Plan
from ifmosfs.core.steps import PlannedSteps, Step, action_ids, ends_of, n_files_among
from tests.core.plans import fingerprint, plan_of

N_FILES = 7
PLAN = plan_of(*((b"in/%d" % (number // 3) + b"/f%d" % number, b"To/%d/f" % (number % 2)) for number in range(N_FILES)))
CARRIED = Place(b"/in", b"project")
OTHERS = (
    Step(0, Place(PLAN.target, b"To/1/f"), Place(PLAN.target, b".vault/f"), fingerprint(1), unit=4),
    Step(3, Place(b"/in", b"lost"), Place(PLAN.target, b".vault/lost"), fingerprint(2)),
    Step(0, CARRIED, Place(PLAN.target, b"project"), fingerprint(3), is_folder=True),
)
chosen = st.lists(st.tuples(st.integers(0, N_FILES - 1), st.booleans()), unique_by=lambda pair: pair[0])


def both(
    plan: Plan, numbers: list[tuple[int, bool]], others: tuple[Step, ...]
) -> tuple[PlannedSteps, tuple[Step, ...]]:
    """The same steps in both forms, some of them to places that are not as planned."""
    placed = []
    for number, is_elsewhere in numbers:
        action = plan.actions[number]
        assert action.target is not None
        placed.append((action, b"Else/%d" % number if is_elsewhere else action.target))
    kept = tuple(Step(one.action_id, one.source_place, Place(plan.target, path), one.expected) for one, path in placed)
    return PlannedSteps(plan.target, plan.actions, placed, others), (*kept, *others)


@given(chosen, st.sampled_from([(), OTHERS]), st.integers(-12, 12), st.slices(12))
def test_they_are_the_same_steps(
    numbers: list[tuple[int, bool]], others: tuple[Step, ...], index: int, some: slice
) -> None:
    planned, kept = both(PLAN, numbers, others)
    assert planned == kept
    assert kept == planned
    assert (len(planned), tuple(planned), tuple(planned[some])) == (len(kept), kept, kept[some])
    assert [steps_at(planned, index)] == [steps_at(kept, index)]
    assert planned != (*kept, OTHERS[0])
    assert PlannedSteps(PLAN.target, PLAN.actions, ()).with_others(kept) == kept
    assert planned.with_others(others[:1]) == kept[: len(kept) - len(others)] + others[:1]


def steps_at(steps: PlannedSteps | tuple[Step, ...], index: int) -> Step | None:
    """The step there, `None` beyond the ends."""
    try:
        return steps[index]
    except IndexError:
        return None


@given(chosen, st.sampled_from([(), OTHERS]))
def test_what_is_asked_of_all_is_the_same(numbers: list[tuple[int, bool]], others: tuple[Step, ...]) -> None:
    planned, kept = both(PLAN, numbers, others)
    assert ends_of(planned) == ends_of(kept)
    assert list(action_ids(planned)) == list(action_ids(kept))
    assert n_files_among(planned, {CARRIED: 5}) == n_files_among(kept, {CARRIED: 5})


def test_numbers_with_gaps_name_their_own_files() -> None:
    """As of a plan that was made again from its runs, in which what stayed is missing."""
    gaps = replace(PLAN, actions=PLAN.actions[1:3] + PLAN.actions[5:])
    planned, kept = both(gaps, [(0, False), (1, True), (3, False)], ())
    assert tuple(planned) == kept
    assert [step.source for step in planned] == [gaps.actions[at].source_place for at in (0, 1, 3)]
