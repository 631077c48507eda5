"""EIO, ENOSPC and EACCES at each system call that changes something, in the same commands as `test_undo_kills`: the command ends with
words and the right status, nothing is lost, and when the error is gone the same command does the rest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.command_line import Result
from tests.proof.bench import Trials
from tests.proof.conftest import BenchMaker
from tests.proof.tracing import Call, every, failing, needs_strace
from tests.proof.undo_scenes import (
    LOGGED,
    NOT_HELD,
    SCENES,
    Command,
    Judge,
    Undisturbed,
    assert_alike,
    assert_ends_alike,
    assert_recovers,
    makers,
    not_let_be_set,
    undisturbed,
)

pytestmark = [needs_strace, pytest.mark.timeout(1500)]

ERRORS = ("EIO", "ENOSPC", "EACCES")
DATABASE = frozenset({"pwrite64", "fdatasync"})
STEP = 8
SELECTION = [
    pytest.param(
        name, ERRORS[place % len(ERRORS)], 127, 17 * place, id=f"{name}, {ERRORS[place % len(ERRORS)]}, selection"
    )
    for place, name in enumerate(SCENES, 1)
]
ALL = [
    pytest.param(
        name, error, STEP, place, id=f"{name}, {error}, each {STEP}th of the databases", marks=pytest.mark.slow
    )
    for name in SCENES
    for place, error in enumerate(ERRORS)
]


def chosen(calls: Sequence[Call], step: int, first: int) -> list[Call]:
    """Each `step`-th of all; in a slow sweep all but those of the databases, and each `step`-th of these."""
    if step != STEP:
        return every(calls, step, first)
    others = [call for call in calls if call.name not in DATABASE]
    return [*others, *every([call for call in calls if call.name in DATABASE], step, first)]


def hit_the_kernels_tables(result: Result, call: Call) -> bool:
    """Whether the error met the opening of a file of /proc, which nothing refuses, as that of an `openat` may that is told only by
    its number (see `tracing.Call`)."""
    return _is_told_by_number(call) and ": '/proc/self/" in result.err


def hit_a_folder(result: Result, call: Call) -> bool:
    """Whether it likewise met the opening of a folder that was to be read, and that was told: what is in it is not held."""
    fields = json.loads(result.out if result.out.startswith("{") else "{}")
    return _is_told_by_number(call) and bool(fields.get("unreadable"))


def _is_told_by_number(call: Call) -> bool:
    return call.name == "openat" and call.opened is None


def left_as_told(result: Result, command: Command) -> frozenset[str]:
    """The folders of which a run has said that their times could not be set, or that they could not be removed; and the files of which
    it has said that their content is not held; and that of a redo that moved nothing the folders were taken back, by another run."""
    fields = json.loads(result.out if result.out.startswith("{") else "{}")
    folders = {each["path"] for each in fields.get("problems", []) if each.get("code") in {"folder-times", "refused"}}
    taken_back = {LOGGED + "redo that moved nothing"} if "--redo" in command and fields.get("moved") == 0 else set()
    return frozenset(folders | taken_back | {NOT_HELD + each["path"] for each in fields.get("not_held", [])})


def assert_told(result: Result, judge: Judge, wanted: Undisturbed, when: object, left: frozenset[str]) -> None:
    """It says in words, with a code and a status, that something is not done; where it says that all is done, all is, but for what is
    `left` as it is."""
    assert "Traceback" not in result.err, (when, result)
    if result.status == wanted.status and not result.is_refused:
        assert_alike(judge.ending(), wanted.ending, when, left)
        return
    assert result.status != 0, (when, result)
    if result.is_refused:
        assert any(line.startswith("error[") for line in result.err.splitlines()), (when, result)


@pytest.mark.parametrize(("name", "error", "step", "first"), SELECTION + ALL)
def test_an_error_at_any_call_of_an_undo_is_told_loses_nothing_and_leaves_the_rest_to_the_next_run(
    benches: BenchMaker, tmp_path: Path, name: str, error: str, step: int, first: int
) -> None:
    scene, make = SCENES[name], makers(benches)
    wanted = undisturbed(make, scene, tmp_path / "log")
    with Trials() as trials:
        for call in chosen(wanted.calls, step, first):
            when = (error, str(call))
            with trials.trial(when), make() as bench:
                command = scene.prepare(bench)
                judge = Judge(bench, scene)
                result = bench.typed(*command, attach=failing(call, error))
                judge.assert_nothing_lost(when)
                left = left_as_told(result, command) | not_let_be_set(call, error, bench)
                if not hit_the_kernels_tables(result, call):
                    assert_told(result, judge, wanted, when, left)
                assert_recovers(bench, judge, when)
                if not hit_a_folder(result, call):
                    assert_ends_alike(bench, judge, command, wanted, when, left)
