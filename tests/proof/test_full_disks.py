"""Disks that fill up, run out of inodes or turn read-only in the middle of a run: a clean word, the right status, no loss, and
the run goes on when there is room again."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.adapters.trees import Tree, write_tree
from tests.cli.command_line import Result, many_files
from tests.oracle import Oracle, assert_true
from tests.proof.bench import Attach, Bench
from tests.proof.conftest import remove
from tests.proof.images import fill_up, image, mounted
from tests.proof.tracing import Call, injecting, needs_strace
from tests.proof.warm import Warm

pytestmark = [pytest.mark.root, needs_strace, pytest.mark.timeout(300)]

N_FILES = 400
SIZES = {"ext4": 32, "xfs": 320, "btrfs": 128}
SLOWLY = 20_000  # microseconds before each call, so that something can happen in between
FULL_OR_REFUSED = {1, 3, 4}
SLOW = pytest.mark.slow
EACH = ["ext4", pytest.param("xfs", marks=SLOW), pytest.param("btrfs", marks=SLOW)]


def big_tables(n_files: int, size_bytes: int = 100_000) -> Tree:
    """Tables that fill a disk."""
    return {b"big %03d.csv" % number: b"a,b\n" + b"%d,2\n" % number * (size_bytes // 5) for number in range(n_files)}


def make_bench(warm: Warm, folder: Path, inbox: Tree, *, distant: Tree | None = None, far: Path | None = None) -> Bench:
    """A bench with an inbox of one's own."""
    bench = Bench(folder, warm, (far or folder) / "distant")
    bench.home.mkdir(parents=True)
    write_tree(bench.inbox, inbox)
    write_tree(bench.distant, distant or {})
    return bench


def plan_of(bench: Bench, target: Path) -> str:
    """Scan both roots and plan them into a target."""
    session = bench.here("scan", *bench.roots, "--json").json["session"]
    created = bench.here("stage", "create", "--session", session, "--output", target, "--json")
    assert created.status == 0, created
    return str(created.json["plan"])


@contextlib.contextmanager
def happening(reached: Callable[[], bool], act: Callable[[], object]) -> Iterator[list[object]]:
    """While the block runs, act as soon as something is so; yields the list that will hold the answer."""
    answers: list[object] = []
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            if reached():
                answers.append(act())
                return
            time.sleep(0.001)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join()


def slowly(name: str, microseconds: int = SLOWLY) -> Attach:
    """Delay each call of a name."""
    return injecting(Call(name, 1, ""), f"delay_enter={microseconds}", "+")


def some_arrived(folder: Path, n_files: int = 3) -> bool:
    """Whether files have begun to arrive."""
    try:
        return len(os.listdir(folder)) >= n_files
    except FileNotFoundError:
        return False


def assert_stopped(result: Result, oracle: Oracle, n_before: int) -> None:
    """The run says in words what was the matter, and what it says is so."""
    assert "Traceback" not in result.err, result
    assert result.status in FULL_OR_REFUSED, result
    oracle.assert_nothing_lost()
    if not result.is_refused:
        assert_true(result.json, result.status, n_before - oracle.n_in_roots())
    else:
        assert any(line.startswith("error[") for line in result.err.splitlines()), result


def assert_ends_well(bench: Bench, oracle: Oracle, plan: str) -> None:
    """With room again: recovery, the rest of the commit, the proof, and all the way back."""
    recovered = bench.here("recover", "--json")
    assert (recovered.status, recovered.err) == (0, ""), recovered
    oracle.assert_settled()
    n_before = oracle.n_in_roots()
    if bench.state_of(plan) != "committed":
        result = bench.here("commit", plan, "--yes", "--json")
        assert result.status == 0, result
        assert_true(result.json, result.status, n_before - oracle.n_in_roots())
    assert oracle.n_in_roots() == 0
    assert bench.here("verify", plan).status == 0
    assert bench.here("rollback", plan, "--yes").status == 0
    oracle.assert_as_before()


@pytest.mark.parametrize("fstype", EACH)
def test_renames_within_a_full_filesystem_lose_nothing(warm: Warm, tmp_path: Path, fstype: str) -> None:
    """The journal lies elsewhere; the renames themselves, and the journal's copy beside the data, need room."""
    with image(tmp_path, fstype, size_mib=SIZES[fstype]) as disk:
        bench = Bench(disk.point / "desk", warm, disk.point / "desk" / "distant", tmp_path)
        bench.home.mkdir(parents=True)
        write_tree(bench.inbox, many_files(N_FILES))
        bench.distant.mkdir()
        plan = plan_of(bench, bench.target)
        oracle = bench.oracle
        filler = fill_up(disk.point, 3 * 4096)
        result = bench.typed("commit", plan, "--yes", "--json")
        assert_stopped(result, oracle, N_FILES) if result.status else oracle.assert_settled()
        filler.unlink()
        disk.sync()
        assert_ends_well(bench, oracle, plan)
        disk.assert_sound()


def test_a_rollback_that_cannot_be_undone_for_a_full_disk_leaves_its_plan_rolled_back(
    warm: Warm, tmp_path: Path
) -> None:
    """Not even the folders can be made."""
    with image(tmp_path, "ext4", size_mib=SIZES["ext4"]) as disk:
        bench = Bench(disk.point / "desk", warm, disk.point / "desk" / "distant", tmp_path)
        bench.home.mkdir(parents=True)
        write_tree(bench.inbox, many_files(N_FILES))
        bench.distant.mkdir()
        plan = plan_of(bench, bench.target)
        assert bench.here("commit", plan, "--yes").status == 0
        assert bench.here("rollback", plan, "--yes").status == 0
        filler = fill_up(disk.point)
        result = bench.here("rollback", plan, "--redo", "--yes")
        assert (result.status, result.err) == (1, ""), result
        assert f"0 moved, {N_FILES} not reached (the disk is full)" in result.out.splitlines()
        (row,) = bench.here("rollback", "list", "--json").json["plans"]
        assert (row["state"], row["not_moved_back"], bench.target.exists()) == ("rolled_back", 0, False)
        filler.unlink()
        disk.sync()
        again = bench.here("rollback", plan, "--redo", "--yes", "--json")
        assert (again.status, again.json["moved"]) == (0, N_FILES)


@pytest.mark.parametrize("fstype", EACH)
def test_a_filesystem_that_fills_up_while_files_are_copied_to_it_stops_at_a_whole_file(
    warm: Warm, tmp_path: Path, fstype: str
) -> None:
    with image(tmp_path, fstype, size_mib=SIZES[fstype]) as disk:
        bench = make_bench(warm, tmp_path / "desk", big_tables(40))
        target = disk.point / "Organized"
        plan = plan_of(bench, target)
        oracle = Oracle(bench.roots, target, bench.state)
        with happening(lambda: some_arrived(target / "Data/Datasets"), lambda: fill_up(disk.point)) as fillers:
            result = bench.typed("commit", plan, "--yes", "--json", attach=slowly("fsync"))
        assert_stopped(result, oracle, 40)
        assert oracle.n_in_roots() > 0
        assert result.status == 1
        Path(str(fillers[0])).unlink()
        disk.sync()
        assert_ends_well(bench, oracle, plan)
        disk.assert_sound()


@pytest.mark.parametrize("fstype", ["ext4", "tmpfs"])
def test_a_filesystem_that_runs_out_of_inodes_stops_at_a_whole_file(warm: Warm, tmp_path: Path, fstype: str) -> None:
    with contextlib.ExitStack() as stack:
        if fstype == "ext4":
            point = stack.enter_context(image(tmp_path, "ext4", "-N", "128")).point
        else:
            point = stack.enter_context(mounted(tmp_path / "memory", "tmpfs", "size=64m,nr_inodes=128"))
        bench = make_bench(warm, tmp_path / "desk", many_files(50))
        target = point / "Organized"
        plan = plan_of(bench, target)
        oracle = Oracle(bench.roots, target, bench.state)
        with happening(lambda: some_arrived(target / "Data/Datasets"), lambda: take_inodes(point)) as taken:
            result = bench.typed("commit", plan, "--yes", "--json", attach=slowly("fsync"))
        assert_stopped(result, oracle, 50)
        assert (result.status, oracle.n_in_roots() > 0) == (1, True)
        remove(Path(str(taken[0])))
        assert_ends_well(bench, oracle, plan)


def take_inodes(point: Path) -> Path:
    """Take all the inodes that are left; returns the folder that holds them."""
    folder = point / "inodes"
    with contextlib.suppress(OSError):
        folder.mkdir()
        for number in range(100_000):
            (folder / str(number)).touch()
    return folder


@pytest.mark.parametrize("fstype", ["btrfs", *(pytest.param(each, marks=SLOW) for each in ("ext4", "xfs", "tmpfs"))])
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_full_disk_below_the_state_folder_stops_the_run_and_loses_nothing(
    warm: Warm, tmp_path: Path, fstype: str, when: str
) -> None:
    with contextlib.ExitStack() as stack:
        if fstype == "tmpfs":
            point = stack.enter_context(mounted(tmp_path / "memory", "tmpfs", "size=16m"))
        else:
            point = stack.enter_context(image(tmp_path, fstype, size_mib=SIZES[fstype])).point
        bench = Bench(tmp_path / "desk", warm, tmp_path / "desk" / "distant", point)
        bench.home.mkdir(parents=True)
        write_tree(bench.inbox, many_files(2000))
        bench.distant.mkdir()
        plan = plan_of(bench, bench.target)
        oracle = bench.oracle
        if when == "before":
            filler = fill_up(point)
            result = bench.typed("commit", plan, "--yes", "--json")
        else:
            arrived = bench.target / "Data/Datasets"
            with happening(lambda: some_arrived(arrived, 1), lambda: fill_up(point)) as fillers:
                result = bench.typed("commit", plan, "--yes", "--json", attach=slowly("fdatasync"))
            filler = Path(str(fillers[0]))
        assert "Traceback" not in result.err, result
        assert result.status in {0, 1}, result  # btrfs and xfs keep some room for files that are there
        oracle.assert_nothing_lost()
        if result.status == 1:
            assert result.err.startswith("error[disk-full]"), result
        filler.unlink()
        assert_ends_well(bench, oracle, plan)


def test_a_target_that_turns_read_only_in_mid_run_is_recovered_when_it_is_well_again(
    warm: Warm, tmp_path: Path
) -> None:
    with image(tmp_path, "ext4", "-e", "remount-ro") as disk:
        bench = Bench(disk.point / "desk", warm, disk.point / "desk" / "distant", tmp_path)
        bench.home.mkdir(parents=True)
        write_tree(bench.inbox, many_files(N_FILES))
        bench.distant.mkdir()
        plan = plan_of(bench, bench.target)
        oracle = bench.oracle
        disk.sync()
        arrived = bench.target / "Data/Datasets"
        with happening(lambda: some_arrived(arrived), disk.refuse_writes):
            result = bench.typed("commit", plan, "--yes", "--json", attach=slowly("renameat2"))
        assert "Traceback" not in result.err, result
        assert result.status in {1, 3, 8}, result
        oracle.assert_nothing_lost()
        disk.unmount()
        subprocess.run(["e2fsck", "-fy", disk.file], capture_output=True, check=False)
        disk.mount()
        assert_ends_well(bench, oracle, plan)
        disk.assert_sound()


def test_a_distant_root_that_is_remounted_read_only_in_mid_run_keeps_its_files(warm: Warm, tmp_path: Path) -> None:
    with mounted(tmp_path / "stick", "tmpfs", "size=64m") as stick:
        bench = make_bench(warm, tmp_path / "desk", {}, distant=many_files(60), far=stick)
        plan = plan_of(bench, bench.target)
        oracle = bench.oracle
        arrived = bench.target / "Data/Datasets"
        remount = ["mount", "-o", "remount,ro", str(stick)]
        with happening(lambda: some_arrived(arrived), lambda: subprocess.run(remount, check=True)) as done:
            result = bench.typed("commit", plan, "--yes", "--json", attach=slowly("fsync"))
        assert done
        assert_stopped(result, oracle, 60)
        oracle.assert_settled()
        subprocess.run(["mount", "-o", "remount,rw", stick], check=True)
        assert_ends_well(bench, oracle, plan)
