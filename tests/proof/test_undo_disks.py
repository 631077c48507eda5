"""Full disks and read-only ones under snapshot, restore, rollback, prune and the emptying of the vault: a clear word, no loss, and the
same command does it when the disk is well again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.command_line import Result
from tests.proof.conftest import BenchMaker, remove
from tests.proof.images import fill_up, image, mounted
from tests.proof.tracing import needs_strace
from tests.proof.undo_scenes import (
    DATA,
    SCENES,
    Judge,
    UndoBench,
    assert_ends_alike,
    assert_recovers,
    leftovers,
    makers,
    undisturbed,
)
from tests.proof.warm import Warm

pytestmark = [pytest.mark.root, needs_strace, pytest.mark.timeout(300)]

BIG = os.urandom(1 << 16) * 64
WELL = frozenset({0, 3})


@pytest.fixture
def bench_on_a_small_disk(warm: Warm, tmp_path: Path) -> Iterator[UndoBench]:
    """A bench whose state folder is on a disk of its own, of 32 MiB, with a table of 4 MiB in the target."""
    with image(tmp_path, "ext4", size_mib=32) as disk:
        bench = UndoBench(tmp_path / "desk", warm, tmp_path / "desk/distant", disk.point)
        bench.fill()
        bench.committed_both()
        (bench.target / DATA / "big.csv").write_bytes(BIG)
        yield bench
        remove(bench.folder)


def refusal_of(result: Result, code: str, path: Path) -> None:
    """It says in one line with a code what is the matter, and where."""
    first, *_ = result.err.splitlines()
    assert result.status not in WELL, result
    assert "Traceback" not in result.err, result
    assert first.startswith(f"error[{code}]: "), result
    assert str(path) in first, result


def test_a_snapshot_whose_contents_fill_the_disk_is_absent_and_costs_nothing(bench_on_a_small_disk: UndoBench) -> None:
    bench = bench_on_a_small_disk
    judge = Judge(bench, SCENES["snapshot"])
    command = (
        "versions",
        "snapshot",
        "--name",
        "kept",
        "--content-max-size",
        "8M",
        bench.target,
        bench.inbox,
        "--json",
    )
    filler = fill_up(bench.state.parent, 2 << 20)
    refusal_of(bench.typed(*command), "disk-full", bench.target / DATA / "big.csv")
    judge.assert_nothing_lost("full")
    filler.unlink()
    judge.assert_sound("room again")
    assert bench.here("versions", "prune").status == 0
    assert leftovers(bench) == []
    assert bench.here(*command).status == 0
    judge.assert_sound("room again")


def test_a_restore_of_held_contents_that_fill_the_disk_brings_nothing_half_and_goes_on(
    bench_on_a_small_disk: UndoBench,
) -> None:
    bench = bench_on_a_small_disk
    bench.done("versions", "snapshot", "--name", "kept", "--content-max-size", "8M", bench.target)
    (bench.target / DATA / "big.csv").unlink()
    (bench.target / DATA / "far.csv").unlink()
    judge = Judge(bench, SCENES["restore"])
    command = ("versions", "restore", "--version", "kept", "--yes", "--json")
    filler = fill_up(bench.state.parent, 2 << 20)
    refusal_of(bench.typed(*command), "disk-full", bench.state / "restored")
    judge.assert_nothing_lost("full")
    filler.unlink()
    assert_recovers(bench, judge, "room again")
    result = bench.here(*command)
    assert (result.status, result.json["moved"]) == (0, 2), result
    assert (bench.target / DATA / "big.csv").read_bytes() == BIG
    judge.assert_sound("room again")
    assert bench.here("versions", "prune").status == 0
    assert leftovers(bench) == []


# Read-only


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder that is mounted on itself, read-only."""
    with mounted(folder, "bind", "bind", source=folder):
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        yield


READ_ONLY: dict[str, tuple[str, Callable[[UndoBench], Path]]] = {
    "partial rollback": ("bad-target", lambda bench: bench.target),
    "redo": ("bad-target", lambda bench: bench.target),
    "restore": ("bad-target", lambda bench: bench.target),
    "cherry-pick": ("bad-target", lambda bench: bench.target),
    "vault empty": ("bad-target", lambda bench: bench.target),
    "vault restore": ("bad-target", lambda bench: bench.target),
    "prune": ("failed", lambda bench: bench.state / "contents"),
    "snapshot": ("failed", lambda bench: bench.state),
}


@pytest.mark.parametrize("name", READ_ONLY)
def test_a_read_only_disk_is_named_loses_nothing_and_the_command_works_when_it_is_well(
    benches: BenchMaker, tmp_path: Path, name: str
) -> None:
    scene, make = SCENES[name], makers(benches)
    code, where = READ_ONLY[name]
    wanted = undisturbed(make, scene, tmp_path / "log")
    with make() as bench:
        command = scene.prepare(bench)
        judge = Judge(bench, scene)
        with read_only(where(bench)):
            result = bench.typed(*command)
            refusal_of(result, code, where(bench))
            judge.assert_nothing_lost(name)
        assert_recovers(bench, judge, name)
        assert_ends_alike(bench, judge, command, wanted, name)
