"""SIGKILL at each system call that changes something: of a partial rollback, of a rollback's undo, of snapshot, restore and prune, and
of the emptying of the vault. All of them in `script/test --slow`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proof.bench import Trials
from tests.proof.conftest import BenchMaker
from tests.proof.tracing import every, killing, needs_strace, was_killed
from tests.proof.undo_scenes import (
    SCENES,
    Judge,
    assert_ends_alike,
    assert_recovers,
    makers,
    undisturbed,
)

pytestmark = [needs_strace, pytest.mark.timeout(1500)]

PARTS = 2
SELECTION = [pytest.param(97, 11, id="every 97th from 11")]
ALL = [pytest.param(PARTS, part, id=f"part {part}", marks=pytest.mark.slow) for part in range(PARTS)]


@pytest.mark.parametrize(("step", "first"), SELECTION + ALL)
@pytest.mark.parametrize("name", SCENES)
def test_an_undo_killed_at_any_call_loses_nothing_and_is_ended_by_the_same_command(
    benches: BenchMaker, tmp_path: Path, name: str, step: int, first: int
) -> None:
    scene, make = SCENES[name], makers(benches)
    wanted = undisturbed(make, scene, tmp_path / "log")
    assert len(wanted.calls) > 30
    with Trials() as trials:
        for call in every(wanted.calls, step, first):
            with trials.trial(call), make() as bench:
                command = scene.prepare(bench)
                judge = Judge(bench, scene)
                result = bench.typed(*command, attach=killing(call))
                assert was_killed(result.status, call), (str(call), result)
                judge.assert_nothing_lost(str(call))
                assert_recovers(bench, judge, str(call))
                assert_ends_alike(bench, judge, command, wanted, str(call))
