"""Power cuts: a commit or rollback is killed at a call and its filesystem cut off in the same moment; and right after exit 0.

The state folder lies on the same filesystem, or on one that stays on: then the journal remembers everything, and whatever it
calls done must have been durable. The distant root always stays on: what was removed there must be durable here.
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.proof.bench import Bench, Trials, assert_goes_back, assert_recovers
from tests.proof.conftest import remove
from tests.proof.images import Image, image
from tests.proof.test_kills import N_MOVED, SELECTION
from tests.proof.tracing import Call, changes_in, every, killing, listing, needs_strace, was_killed
from tests.proof.warm import Warm

pytestmark = [pytest.mark.root, needs_strace, pytest.mark.timeout(1500)]

MEMORY = Path("/dev/shm")
CutBench = Callable[[], contextlib.AbstractContextManager[tuple[Bench, Image]]]


@pytest.fixture
def cut_benches(warm: Warm, tmp_path: Path, fstype: str, state: str) -> Iterator[CutBench]:
    """Makes benches on an image; all that was made is durable before they are handed out."""
    numbers = itertools.count()
    memory = Path(tempfile.mkdtemp(prefix="ifmosfs-test-", dir=MEMORY))
    with image(tmp_path, fstype) as made:

        @contextlib.contextmanager
        def make() -> Iterator[tuple[Bench, Image]]:
            number = next(numbers)
            aside = tmp_path / f"aside {number}"
            bench = Bench(
                made.point / f"bench {number}",
                warm,
                memory / f"distant {number}",
                aside if state == "elsewhere" else None,
            )
            try:
                bench.fill()
                yield bench, made
            finally:
                remove(bench.folder, bench.distant, aside)

        yield make
    remove(memory)


def points(calls: Sequence[Call], step: int, first: int) -> list[Call]:
    """Of a slow sweep each `step`-th call of the databases and each second other one; of a selection each `step`-th of all."""
    if any(step == each.values[0] for each in SELECTION):
        return every(calls, 2 * step, first)
    database = [call for call in calls if call.name in {"pwrite64", "fdatasync"}]
    others = [call for call in calls if call.name not in {"pwrite64", "fdatasync"}]
    return [*every(others, 2, first), *every(database, step, first)]


PLACES = [("ext4", "beside"), ("ext4", "elsewhere"), ("xfs", "beside"), ("xfs", "elsewhere"), ("btrfs", "elsewhere")]
CASES = [
    pytest.param("ext4", "elsewhere", *SELECTION[0].values, id="ext4, state elsewhere, selection"),
    pytest.param("xfs", "beside", *SELECTION[0].values, id="xfs, state beside, selection"),
    *(
        pytest.param(fstype, state, 10, 0, id=f"{fstype}, state {state}", marks=pytest.mark.slow)
        for fstype, state in PLACES
    ),
]


def traced(benches: CutBench, log: Path, *, rollback: bool) -> list[Call]:
    """The changing calls of an undisturbed commit or rollback."""
    with benches() as (bench, _):
        plan = bench.plan()
        if rollback:
            bench.here("commit", plan, "--yes")
        bench.typed("rollback" if rollback else "commit", plan, "--yes", "--json", attach=listing(log))
    return changes_in(log)


@pytest.mark.parametrize(("fstype", "state", "step", "first"), CASES)
@pytest.mark.parametrize("command", ["commit", "rollback"])
def test_a_power_cut_at_any_call_loses_nothing(
    cut_benches: CutBench, tmp_path: Path, command: str, step: int, first: int
) -> None:
    calls = traced(cut_benches, tmp_path / "log", rollback=command == "rollback")
    with Trials() as trials:
        for number, call in enumerate(points(calls, step, first)):
            with trials.trial(call), cut_benches() as (bench, disk):
                plan = bench.plan()
                oracle = bench.oracle
                if command == "rollback":
                    bench.here("commit", plan, "--yes")
                disk.sync()
                result = bench.typed(command, plan, "--yes", "--json", attach=killing(call))
                disk.cut_power()
                assert was_killed(result.status, call), (str(call), result)
                oracle.assert_nothing_lost(call)
                assert_recovers(bench, oracle, call)
                assert_goes_back(bench, oracle, plan, call)
                if number % 10 == 0:
                    disk.assert_sound()


@pytest.mark.parametrize(("fstype", "state"), PLACES)
def test_what_exit_status_0_said_holds_after_a_power_cut(cut_benches: CutBench) -> None:
    with cut_benches() as (bench, disk):
        plan = bench.plan()
        oracle = bench.oracle
        disk.sync()
        assert bench.typed("commit", plan, "--yes", "--json").json["moved"] == N_MOVED
        disk.cut_power()
        oracle.assert_settled()
        assert bench.here("recover", "--json").json["recovered"] == []
        proof = bench.here("verify", plan, "--json").json
        assert (proof["holds"], proof["checked"], bench.state_of(plan)) == (True, N_MOVED, "committed")
        assert oracle.n_scanned - oracle.n_in_roots() == N_MOVED
        assert bench.typed("rollback", plan, "--yes", "--json").status == 0
        disk.cut_power()
        oracle.assert_as_before()
        assert bench.here("recover", "--json").json["recovered"] == []
        disk.assert_sound()
