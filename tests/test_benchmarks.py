"""Every benchmark runs to its end at a small scale, measures what it says, and leaves nothing behind. No time is tested."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks import classify, commit, plan, recover, scan, start, view
from benchmarks.__main__ import BENCHMARKS, Benchmark, main
from benchmarks.measure import MIB, nothing
from benchmarks.rows import Row, Unit, table
from benchmarks.workplace import Scale, Workplace, make_files, workplace
from ifmosfs.core.names import is_within
from ifmosfs.platform.mounts import mounts
from tests.fuse_support import needs_fuse

SMALL = Scale(n_files=200, n_rounds=1, big_file_bytes=MIB, cool_down=nothing)


def measured(benchmark: Benchmark, folder: Path) -> list[tuple[str, int]]:
    """(work, files) of each row; what the benchmark left in the folder, or mounted below it, fails the test."""
    with workplace(folder) as place:
        rows = benchmark(SMALL, place)
    assert all(row.value > 0 for row in rows)
    assert os.listdir(folder) == []
    assert [mount.point for mount in mounts() if is_within(mount.point, os.fsencode(folder))] == []
    return [(row.what, row.n_files) for row in rows]


def test_start_measures_the_help(tmp_path: Path) -> None:
    assert measured(start.rows, tmp_path) == [("`ifmosfs --help`, CPU time", 0)]


def test_classify_measures_a_sample_of_this_machine(tmp_path: Path) -> None:
    assert measured(classify.rows, tmp_path) == [
        ("sample of this machine, cold caches, nothing remembered", 200),
        ("sample of this machine, warm caches, extracts remembered", 200),
        ("mixed home folder, cold caches, nothing remembered", 200),
        ("mixed home folder, warm caches, extracts remembered", 200),
        ("one file of it, one by one, nothing remembered, median", 1),
        ("a file handed to a worker and back", 2000),
    ]


def test_scan_measures_the_walk_and_the_command(tmp_path: Path) -> None:
    assert measured(scan.rows, tmp_path) == [
        ("walk alone, cold caches", 200),
        ("walk alone, warm caches", 200),
        ("`ifmosfs scan`, first", 200),
        ("`ifmosfs scan`, again", 200),
    ]


def test_plan_measures_every_step(tmp_path: Path) -> None:
    assert measured(plan.rows, tmp_path) == [
        ("planning, all three steps", 200),
        ("place_files", 200),
        ("read_listing", 200),
        ("make_plan", 200),
        ("save_plan", 200),
        ("load_plan", 200),
        ("PlanTree", 200),
    ]


def test_commit_moves_all_files_and_brings_them_back(tmp_path: Path) -> None:
    assert measured(commit.rows, tmp_path) == [
        ("moving, durable and journaled, with snapshot", 200),
        ("the same, time of the processor", 200),
        ("loading the plan and checking it", 200),
        ("`ifmosfs commit`", 200),
        ("`ifmosfs verify`", 200),
        ("`ifmosfs rollback`", 200),
        ("`ifmosfs commit`, peak memory", 200),
        ("`ifmosfs verify`, peak memory", 200),
        ("`ifmosfs rollback`, peak memory", 200),
    ]


def test_recover_kills_a_commit_half_way_and_brings_it_to_its_end(tmp_path: Path) -> None:
    works = ("`ifmosfs recover` after SIGKILL half-way", "`ifmosfs commit` takes the other half up")
    assert measured(recover.rows, tmp_path) == [
        *((work, 200) for work in works),
        *((f"{work}, peak memory", 0) for work in works),
    ]


@needs_fuse
@pytest.mark.slow
def test_view_measures_coming_up_listing_reading_and_memory(tmp_path: Path) -> None:
    assert measured(view.rows, tmp_path) == [
        ("`ifmosfs mount` of a stored plan until it answers", 200),
        ("`find -size` in a fresh mount", 200),
        ("the same again", 200),
        ("memory after both", 200),
        ("`ls -lR` in a fresh mount", 200),
        ("`ls -lR` in a fresh mount, cold disk", 200),
        ("tar of small files, cold disk", 200),
        ("tar of small files, warm disk, fresh mount", 200),
        ("tar of small files, again", 200),
        ("reading 1 MiB in sequence, cold disk", 1),
        ("reading 1 MiB in sequence, again", 1),
        ("reading 4 KiB at 20,000 places of it", 20_000),
        ("one folder of 200: first `ls`", 200),
        ("one folder of 200: first `ls -l`", 200),
        ("one folder of 200: first `find -size`", 200),
    ]


def test_a_benchmark_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def half_way(scale: Scale, place: Workplace) -> list[Row]:
        make_files(place.folder / "inbox", scale.n_files)
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        measured(half_way, tmp_path)
    assert os.listdir(tmp_path) == []


def test_the_command_prints_the_machine_and_the_table_of_the_chosen_benchmark(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "--files", "50", "--rounds", "1", "--folder", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("- processor: ")
    assert [line for line in printed.splitlines() if line.startswith("###")] == ["### plan, median of 1"]


def test_the_command_knows_every_benchmark() -> None:
    assert list(BENCHMARKS) == ["start", "classify", "scan", "plan", "view", "commit", "recover", "versions"]


def test_a_table_gives_each_rival_its_ratio_and_says_where_one_is_missing() -> None:
    rows = [
        Row("walk", 1000, 0.5, {"find": 0.25}, goal="≤ 3× find"),
        Row("mount", 10, 2.0, {"bindfs": None}),
        Row("memory", 10, 90.0, {"bindfs": 30.0}, Unit.MEBIBYTES),
    ]
    assert table("numbers", rows) == (
        "### numbers\n"
        "\n"
        "| work | files | ifmosfs | files/s | find | bindfs | goal |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |\n"
        "| walk | 1,000 | 500.0 ms | 2,000 | 250.0 ms (2.00×) |  | ≤ 3× find |\n"
        "| mount | 10 | 2.00 s | 5 |  | missing here |  |\n"
        "| memory | 10 | 90 MiB |  |  | 30 MiB (3.00×) |  |\n"
    )
