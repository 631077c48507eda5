"""An errno at each system call that changes something, in commit, rollback and recovery: the run ends with words and the right
status, nothing is lost, and once the error is gone everything can be done and undone.

EXDEV on a rename leads through the copy, EINVAL through the links of filesystems without RENAME_NOREPLACE.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.command_line import Result
from tests.oracle import Oracle, assert_true
from tests.proof.bench import Bench, Trials, assert_goes_back, assert_recovers
from tests.proof.conftest import BenchMaker
from tests.proof.test_kills import commit_calls, rollback_calls
from tests.proof.tracing import Call, every, failing, needs_strace

pytestmark = [needs_strace, pytest.mark.timeout(1500)]

ERRORS = ("EIO", "ENOSPC", "EACCES", "EXDEV", "EINVAL")
STATUSES = {0, 1, 3, 4, 8}  # done, failed, in part, conflicts, recovery needed: never a traceback's 1 without a word
STEP = 8
QUICK = {"EIO", "EXDEV"}
SELECTION = [
    pytest.param(error, 61, 7 * place, id=f"{error}, selection", marks=() if error in QUICK else pytest.mark.slow)
    for place, error in enumerate(ERRORS, 1)
]
ALL = [
    pytest.param(error, STEP, place, id=f"{error}, each {STEP}th", marks=pytest.mark.slow)
    for place, error in enumerate(ERRORS)
]


def chosen(calls: Sequence[Call], error: str, step: int, first: int) -> list[Call]:
    """Each `step`-th call of the databases, and all others of a slow sweep; of a selection each `step`-th of all.

    Only calls that may cross from one filesystem into another are given EXDEV: opening a folder never ends so.
    """
    calls = [call for call in calls if error != "EXDEV" or call.name != "openat"]
    if step != STEP:
        return every(calls, step, first)
    database = [call for call in calls if call.name in {"pwrite64", "fdatasync"}]
    others = [call for call in calls if call.name not in {"pwrite64", "fdatasync"}]
    return [*others, *every(database, step, first)]


def assert_told(result: Result, oracle: Oracle, n_before: int, when: object) -> None:
    """What the command that met the error says is so."""
    assert "Traceback" not in result.err, (when, result)
    assert result.status in STATUSES, (when, result)
    if not result.is_refused:
        n_moved = abs(n_before - oracle.n_in_roots())
        assert_true(result.json, result.status, n_moved)
        return
    assert result.status not in {0, 3}, (when, result)
    assert any(line.startswith("error[") for line in result.err.splitlines()), (when, result)


@pytest.mark.parametrize(("error", "step", "first"), SELECTION + ALL)
def test_an_error_at_any_call_of_a_commit_loses_nothing(
    benches: BenchMaker, tmp_path: Path, error: str, step: int, first: int
) -> None:
    calls = chosen(commit_calls(benches, tmp_path), error, step, first)
    with Trials() as trials:
        for call in calls:
            when = (error, str(call))
            with trials.trial(when), benches() as bench:
                plan = bench.plan()
                oracle = bench.oracle_of_content if error == "EXDEV" else bench.oracle
                result = bench.typed("commit", plan, "--yes", "--json", attach=failing(call, error))
                oracle.assert_nothing_lost(when)
                assert_told(result, oracle, oracle.n_scanned, when)
                assert_goes_on_without_it(bench, oracle, plan, call, when)


@pytest.mark.parametrize(("error", "step", "first"), SELECTION + ALL)
def test_an_error_at_any_call_of_a_rollback_loses_nothing(
    benches: BenchMaker, tmp_path: Path, error: str, step: int, first: int
) -> None:
    calls = chosen(rollback_calls(benches, tmp_path), error, step, first)
    with Trials() as trials:
        for call in calls:
            when = (error, str(call))
            with trials.trial(when), benches() as bench:
                plan = bench.plan()
                oracle = bench.oracle_of_content if error == "EXDEV" else bench.oracle
                bench.here("commit", plan, "--yes")
                n_before = oracle.n_in_roots()
                result = bench.typed("rollback", plan, "--yes", "--json", attach=failing(call, error))
                oracle.assert_nothing_lost(when)
                if not hit_the_kernels_tables(result, call):
                    assert_told(result, oracle, n_before, when)
                assert_goes_on_without_it(bench, oracle, plan, call, when, times_told(result))


def times_told(result: Result) -> frozenset[str]:
    """The folders of which a run has said that their times could not be set."""
    problems = [] if result.is_refused else result.json["problems"]
    return frozenset(each["path"] for each in problems if each["code"] == "folder-times")


def hit_the_kernels_tables(result: Result, call: Call) -> bool:
    """Whether the error met the opening of a file of /proc, which nothing refuses (see `test_undo_errors`)."""
    return call.name == "openat" and call.opened is None and ": '/proc/self/" in result.err


def test_a_folder_that_a_rollback_makes_again_and_whose_time_is_refused_is_told(
    benches: BenchMaker, tmp_path: Path
) -> None:
    call = [call for call in rollback_calls(benches, tmp_path) if call.name == "utimensat"][6]
    with benches() as bench:
        plan = bench.plan()
        oracle = bench.oracle
        bench.here("commit", plan, "--yes")
        result = bench.typed("rollback", plan, "--yes", "--json", attach=failing(call, "ENOSPC"))
        told = times_told(result)
        assert len(told) == 1
        assert_goes_on_without_it(bench, oracle, plan, call, ("ENOSPC", str(call)), told)


def assert_goes_on_without_it(
    bench: Bench, oracle: Oracle, plan: str, call: Call, when: tuple[str, str], told: frozenset[str] = frozenset()
) -> None:
    """When the error is gone, recovery settles what is open and a rollback brings everything back; but for the time of a target that
    the system did not let be set, as it does in somebody else's folder."""
    assert_recovers(bench, oracle, when)
    assert_goes_back(bench, oracle, plan, when, exactly=(call.name, when[0]) != ("utimensat", "EACCES"), told=told)
