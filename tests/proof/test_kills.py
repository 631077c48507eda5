"""SIGKILL at each system call that changes something: of commit, of recovery, of rollback. All of them in `script/test --slow`.

The killed call is not made, so the points stand for every state that a kill can leave on the disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.proof.bench import Bench, Trials, assert_goes_back, assert_goes_on, assert_recovers
from tests.proof.conftest import BenchMaker
from tests.proof.tracing import Call, changes_in, every, killing, listing, needs_strace, was_killed

pytestmark = [needs_strace, pytest.mark.timeout(1500)]

N_MOVED = 15
PARTS = 6
SELECTION = [pytest.param(step, first, id=f"every {step}th from {first}") for step, first in ((29, 3),)]
ALL = [pytest.param(PARTS, part, id=f"part {part}", marks=pytest.mark.slow) for part in range(PARTS)]


def commit_calls(benches: BenchMaker, folder: Path) -> list[Call]:
    """All changing calls of the commit that nothing disturbs."""
    with benches() as bench:
        plan = bench.plan()
        oracle = bench.oracle
        result = bench.typed("commit", plan, "--yes", "--json", attach=listing(folder / "log"))
        assert (result.status, result.json["moved"]) == (3, N_MOVED), result
        oracle.assert_settled()
    return changes_in(folder / "log")


def rollback_calls(benches: BenchMaker, folder: Path) -> list[Call]:
    """All changing calls of its rollback."""
    with benches() as bench:
        plan = bench.plan()
        oracle = bench.oracle
        bench.here("commit", plan, "--yes")
        result = bench.typed("rollback", plan, "--yes", "--json", attach=listing(folder / "log"))
        assert (result.status, result.json["moved"]) == (0, N_MOVED), result
        oracle.assert_as_before()
    return changes_in(folder / "log")


def kill_commit(bench: Bench, plan: str, call: Call) -> None:
    """A commit that dies at this call."""
    result = bench.typed("commit", plan, "--yes", "--json", attach=killing(call))
    assert was_killed(result.status, call), (str(call), result)


@pytest.mark.parametrize(("step", "first"), SELECTION + ALL)
def test_a_commit_killed_at_any_call_is_recovered_and_goes_on_or_back(
    benches: BenchMaker, tmp_path: Path, step: int, first: int
) -> None:
    calls = commit_calls(benches, tmp_path)
    assert len(calls) > 250
    with Trials() as trials:
        for number, call in enumerate(every(calls, step, first)):
            with trials.trial(call), benches() as bench:
                plan = bench.plan()
                oracle = bench.oracle
                kill_commit(bench, plan, call)
                oracle.assert_nothing_lost(call)
                assert_recovers(bench, oracle, call)
                if number % 2 == 0:
                    assert_goes_on(bench, oracle, plan, N_MOVED, call)
                assert_goes_back(bench, oracle, plan, call)


@pytest.mark.parametrize(("step", "first"), SELECTION + ALL)
def test_a_rollback_killed_at_any_call_is_recovered_and_taken_up_again(
    benches: BenchMaker, tmp_path: Path, step: int, first: int
) -> None:
    calls = rollback_calls(benches, tmp_path)
    assert len(calls) > 200
    with Trials() as trials:
        for call in every(calls, step, first):
            with trials.trial(call), benches() as bench:
                plan = bench.plan()
                oracle = bench.oracle
                bench.here("commit", plan, "--yes")
                result = bench.typed("rollback", plan, "--yes", "--json", attach=killing(call))
                assert was_killed(result.status, call), (str(call), result)
                oracle.assert_nothing_lost(call)
                assert_recovers(bench, oracle, call)
                assert_goes_back(bench, oracle, plan, call)


def first_kills(calls: Sequence[Call], n_points: int) -> list[Call]:
    """Points of a commit, evenly spread, after which there is something to recover."""
    at = [
        index for index, call in enumerate(calls) if call.name in {"renameat2", "copy_file_range", "unlinkat", "syncfs"}
    ]
    return [calls[at[number * (len(at) - 1) // (n_points - 1)]] for number in range(n_points)]


@pytest.mark.parametrize(
    ("n_points", "step", "first"),
    [
        pytest.param(2, 37, 5, id="2 commits, every 37th call"),
        *(pytest.param(8, 3, part, id=f"8 commits, part {part}", marks=pytest.mark.slow) for part in range(3)),
    ],
)
def test_a_recovery_killed_at_any_call_is_recovered_by_the_next(
    benches: BenchMaker, tmp_path: Path, n_points: int, step: int, first: int
) -> None:
    kills = first_kills(commit_calls(benches, tmp_path), n_points)
    with Trials() as trials:
        for killed in kills:
            with benches() as bench:
                kill_commit(bench, bench.plan(), killed)
                bench.typed("recover", "--json", attach=listing(tmp_path / "log"))
            for call in every(changes_in(tmp_path / "log"), step, first):
                when = (str(killed), str(call))
                with trials.trial(when), benches() as bench:
                    plan = bench.plan()
                    oracle = bench.oracle
                    kill_commit(bench, plan, killed)
                    assert_recovers(bench, oracle, when, attach=killing(call))
                    assert_goes_back(bench, oracle, plan, when)
