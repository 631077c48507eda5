"""The guard holds up what is probably not meant, and nothing else."""

from __future__ import annotations

import pytest

from ifmosfs.core.guard import Extent, GuardRule, RootSight, against_habit, empty_roots

RULE = GuardRule(factor=10, at_least=1000, share=0.9)


def held_up(now: Extent, *earlier: Extent) -> bool:
    return [problem.code for problem in against_habit(now, earlier, RULE, b"/target")] == ["more-than-usual"]


@pytest.mark.parametrize(
    ("now", "earlier", "expected"),
    [
        (Extent(1_000_000, 1_000_000), [], False),  # a first commit
        (Extent(1_000_000, 1_000_000), [Extent(0, 10)], False),  # nothing was moved before
        (Extent(999, 999), [Extent(1, 900)], False),  # a small one
        (Extent(1000, 9000), [Extent(100, 9000)], False),  # ten times as many
        (Extent(1001, 9000), [Extent(100, 9000)], True),
        (Extent(1001, 9000), [Extent(100, 9000), Extent(200, 9000)], False),  # the largest counts
        (Extent(1800, 2000), [Extent(500, 2000)], True),  # nine tenths, after a quarter
        (Extent(1799, 2000), [Extent(500, 2000)], False),
        (Extent(1800, 2000), [Extent(900, 2000)], False),  # half of that share was usual
    ],
)
def test_only_a_large_commit_far_beyond_all_earlier_ones_is_held_up(
    now: Extent, earlier: list[Extent], expected: bool
) -> None:
    assert held_up(now, *earlier) is expected


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        (RootSight(b"/in", n_scanned=3, n_steps=2, is_empty=True), [("root-empty", b"/in")]),
        (RootSight(b"/in", n_scanned=3, n_steps=2, is_empty=False), []),
        (RootSight(b"/in", n_scanned=3, n_steps=0, is_empty=True), []),  # everything has been moved out of it
    ],
)
def test_a_root_that_is_empty_now_is_held_up_while_files_are_wanted_from_it(
    root: RootSight, expected: list[tuple[str, bytes]]
) -> None:
    assert [(problem.code, problem.path) for problem in empty_roots([root])] == expected
