"""From one filesystem to another, and disks that are full: copies are verified, and nothing is half anywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.adapters.trees import Link, read_tree, write_tree
from tests.cli.command_line import LEFT, ORGANISED, TABLE, THEN_NS, Desk, attributes, make_inbox, many_files, refusal
from tests.fuse_support import force_unmount, needs_fuse

MEMORY = Path("/dev/shm")


class SplitDesk(Desk):
    """A desk whose inbox lies in memory."""

    @property
    def inbox(self) -> Path:
        """Where the link of the desk leads."""
        return Path(os.path.realpath(self.folder / "memory")) / "inbox"


@pytest.fixture
def split_desk(tmp_path: Path) -> Iterator[Desk]:
    if not MEMORY.is_dir() or os.stat(MEMORY).st_dev == os.stat(tmp_path).st_dev:
        pytest.skip("needs /dev/shm, on another filesystem than the temporary folder")
    memory = tempfile.mkdtemp(dir=MEMORY, prefix="ifmosfs-test-")
    (tmp_path / "memory").symlink_to(memory)
    desk = SplitDesk(tmp_path)
    desk.set_up()
    yield desk
    shutil.rmtree(memory)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A filesystem in memory that is soon full."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small filesystem")
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "ifmosfs-test", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"needs to mount a tmpfs: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def make_larger(folder: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)


def fill(folder: Path) -> Path:
    """Take all the space that is left; returns the file that takes it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
    return filler


READER = """
import collections, os, select, sys
folder = os.open(sys.argv[1], os.O_RDONLY)
names, answers = os.listdir(folder), collections.Counter()
while not select.select([sys.stdin], [], [], 0)[0]:
    for name in names:
        try:
            file = os.open(name, os.O_RDONLY, dir_fd=folder)
            os.read(file, 1000)
            os.close(file)
            answers["read"] += 1
        except OSError as error:
            answers[error.strerror] += 1
    if sum(answers.values()) == len(names):
        print("all", flush=True)
print(sorted(answers))
"""


@needs_fuse
def test_files_stay_readable_in_the_view_while_they_are_moved_to_another_filesystem(split_desk: Desk) -> None:
    shutil.rmtree(split_desk.inbox)
    write_tree(split_desk.inbox, many_files(300))
    try:
        mounted = split_desk.run("mount", split_desk.inbox, split_desk.mount_point, "--output", split_desk.target)
        assert mounted.status == 0, mounted
        (folder,) = {path.parent for path in split_desk.mount_point.rglob("table*.csv")}
        reading = [sys.executable, "-c", READER, folder]
        with subprocess.Popen(reading, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "all\n"
            committed = split_desk.here("commit", split_desk.mount_point, "--yes")
            answers, _ = reader.communicate(timeout=30)
    finally:
        force_unmount(split_desk.mount_point)
    assert (committed.status, answers) == (0, "['read']\n")  # who holds the folder keeps its view


def test_the_way_to_another_filesystem_is_announced_with_its_size(split_desk: Desk) -> None:
    plan = split_desk.staged()
    result = split_desk.here("commit", plan, "--dry-run")
    assert "  3 of them from another filesystem (89 B to copy and verify)\n" in result.out
    assert (result.status, split_desk.target.exists()) == (0, False)


def test_files_arrive_whole_and_come_back_identical(split_desk: Desk) -> None:
    os.chmod(split_desk.inbox / "run.sh", 0o750)
    write_tree(split_desk.inbox / "tables", {b"caf\xe9\n.csv": TABLE, b"n" * 251 + b".csv": TABLE + b"d,4\n"})
    os.utime(split_desk.inbox / "tables", ns=(THEN_NS, THEN_NS))
    before = attributes(split_desk.inbox)
    plan = split_desk.staged()
    result = split_desk.here("commit", plan, "--yes")
    assert (result.status, result.err) == (0, "")
    moved = attributes(split_desk.target, without=(b".ifmosfs",))
    assert moved[b"Development/Source code/run.sh"] == before[b"run.sh"]
    assert moved[b"Data/Datasets/caf\xe9\n.csv"] == before[b"tables/caf\xe9\n.csv"]
    assert read_tree(split_desk.inbox) == LEFT
    assert split_desk.here("verify", plan).status == 0
    assert split_desk.here("rollback", plan, "--yes").status == 0
    assert (attributes(split_desk.inbox), split_desk.target.exists()) == (before, False)


def test_a_plan_taken_up_again_after_its_rollback_knows_the_files_that_were_copied_back(split_desk: Desk) -> None:
    before = attributes(split_desk.inbox)
    plan = split_desk.staged()
    split_desk.here("commit", plan, "--yes")
    split_desk.here("rollback", plan, "--yes")
    assert split_desk.here("stage", "reopen", plan).status == 0
    checked = split_desk.here("stage", "validate", plan, "--json")
    assert (checked.status, checked.json["problems"]) == (0, [])
    committed = split_desk.here("commit", plan, "--yes", "--json")
    assert (committed.status, committed.json["moved"], committed.json["problems"]) == (0, 3, [])
    assert (read_tree(split_desk.inbox), split_desk.here("verify", plan).status) == (LEFT, 0)
    assert split_desk.here("rollback", plan, "--yes").status == 0
    assert attributes(split_desk.inbox) == before


def test_a_plan_taken_up_again_knows_its_files_also_where_its_rollback_was_undone_in_between(split_desk: Desk) -> None:
    before = attributes(split_desk.inbox)
    plan = split_desk.staged()
    split_desk.here("commit", plan, "--yes")
    for _ in range(2):
        for again in ((), ("--redo",), ()):
            assert split_desk.here("rollback", plan, *again, "--yes").status == 0
        assert split_desk.here("stage", "reopen", plan).status == 0
        committed = split_desk.here("commit", plan, "--yes", "--json")
        assert (committed.status, committed.json["moved"], committed.json["problems"]) == (0, 3, [])
    assert split_desk.here("rollback", plan, "--yes").status == 0
    assert attributes(split_desk.inbox) == before


def test_what_was_changed_before_a_rollback_that_was_undone_is_changed_to_the_plan_that_is_taken_up_again(
    split_desk: Desk,
) -> None:
    plan = split_desk.staged()
    split_desk.here("commit", plan, "--yes")
    with (split_desk.target / "Development/Source code/run.sh").open("ab") as file:
        file.write(b"exit 1\n")
    for again in ((), ("--redo",), ()):
        assert split_desk.here("rollback", plan, *again, "--yes").status == 0
    split_desk.here("stage", "reopen", plan)
    committed = split_desk.here("commit", plan, "--yes", "--json")
    assert (committed.status, committed.json["moved"]) == (3, 2)
    assert [row["code"] for row in committed.json["problems"]] == ["changed"]


@needs_fuse
def test_the_view_of_a_plan_taken_up_again_opens_the_files_that_were_copied_back(split_desk: Desk) -> None:
    content = (split_desk.inbox / "run.sh").read_bytes()
    plan = split_desk.staged()
    kept = split_desk.state / "trees" / f"{plan}.tree"
    before = kept.read_bytes()
    assert split_desk.here("commit", plan, "--yes").status == 0
    assert split_desk.here("rollback", plan, "--yes").status == 0
    kept.write_bytes(before)  # as `why` would make it again meanwhile
    assert split_desk.here("stage", "reopen", plan).status == 0
    try:
        assert split_desk.run("mount", "--plan", plan, split_desk.mount_point, "--no-watch").status == 0
        assert (split_desk.mount_point / "Development/Source code/run.sh").read_bytes() == content
    finally:
        force_unmount(split_desk.mount_point)


def test_what_was_changed_before_it_was_copied_back_is_changed_to_the_plan_that_is_taken_up_again(
    split_desk: Desk,
) -> None:
    plan = split_desk.staged()
    split_desk.here("commit", plan, "--yes")
    with (split_desk.target / "Development/Source code/run.sh").open("ab") as file:
        file.write(b"exit 1\n")
    split_desk.here("rollback", plan, "--yes")
    split_desk.here("stage", "reopen", plan)
    committed = split_desk.here("commit", plan, "--yes", "--json")
    assert (committed.status, committed.json["moved"]) == (3, 2)
    assert [row["code"] for row in committed.json["problems"]] == ["changed"]


def test_a_file_with_two_names_stays_because_a_copy_would_part_them(split_desk: Desk) -> None:
    os.link(split_desk.inbox / "run.sh", split_desk.inbox / "walk.sh")
    plan = split_desk.staged()
    result = split_desk.here("commit", plan, "--yes", "--json")
    assert (result.status, result.json["moved"]) == (3, 2)
    assert {row["code"] for row in result.json["problems"]} == {"hard-linked", "unit-kept-together"}
    assert os.path.samefile(split_desk.inbox / "run.sh", split_desk.inbox / "walk.sh")


def test_hard_links_cannot_preview_another_filesystem_and_the_error_says_what_can(split_desk: Desk) -> None:
    plan = split_desk.staged()
    result = split_desk.here("stage", "preview", plan, "--method", "hardlink")
    lines = refusal(result)
    assert (result.status, lines[1]) == (
        1,
        "  hint: use --method symlink: hard links cannot cross to another filesystem",
    )
    assert lines[0].startswith("error[failed]: the preview cannot be made of hard links: ")


@pytest.mark.root
def test_a_full_disk_below_the_catalogue_is_said_and_the_scan_can_be_repeated(bare_desk: Desk) -> None:
    bare_desk.set_up(many_files(3000))
    with small_disk(bare_desk.state, "300k"):
        result = bare_desk.here("scan", bare_desk.inbox)
        lines = refusal(result)
        assert (result.status, lines[0].split(":")[0]) == (1, "error[disk-full]")
        assert str(bare_desk.state) in lines[0]
        assert lines[1].startswith("  hint: ")
        make_larger(bare_desk.state, "64m")
        assert bare_desk.here("scan", bare_desk.inbox, "--json").json["new"] == 3000


@pytest.mark.root
def test_a_full_disk_below_the_journal_stops_the_commit_and_loses_nothing(bare_desk: Desk) -> None:
    bare_desk.set_up(many_files(600))
    before = attributes(bare_desk.inbox)
    with small_disk(bare_desk.state, "16m"):
        plan = bare_desk.staged()
        filler = fill(bare_desk.state)
        result = bare_desk.here("commit", plan, "--yes")
        assert (result.status, "Traceback" in result.err, "error[disk-full]" in result.err) == (1, False, True)
        assert attributes(bare_desk.inbox) == before
        filler.unlink()
        assert bare_desk.here("recover").status == 0
        assert bare_desk.state_of(plan) == "staged"
        assert bare_desk.here("commit", plan, "--yes").status == 0
        assert bare_desk.here("verify", plan).status == 0
        assert bare_desk.here("rollback", plan, "--yes").status == 0
    assert attributes(bare_desk.inbox) == before


@pytest.mark.root
@pytest.mark.parametrize("method", ["copy", "symlink"])
def test_a_preview_that_finds_no_room_says_so_and_the_plan_stays_staged(bare_desk: Desk, method: str) -> None:
    bare_desk.set_up()
    with small_disk(bare_desk.state, "4m"):
        plan = bare_desk.staged()
        subprocess.run(["mount", "-o", "remount,nr_inodes=12", bare_desk.state], check=True)
        fill(bare_desk.state)
        lines = refusal(result := bare_desk.here("stage", "preview", plan, "--method", method))
        assert (result.status, lines[0].split(": ")[0]) == (1, "error[disk-full]")
        assert lines[1].startswith("  hint: make room, ")
        assert bare_desk.state_of(plan) == "staged"


BIG_TABLES = {b"%d.csv" % number: b"a,b\n" + b"%d,2\n" % number * 50_000 for number in range(12)}
BLOCKS = sum(-(-len(content) // 4096) for content in BIG_TABLES.values())


@pytest.mark.root
def test_a_commit_to_a_disk_without_room_does_not_begin(bare_desk: Desk) -> None:
    bare_desk.set_up(BIG_TABLES)
    before = attributes(bare_desk.inbox)
    with small_disk(bare_desk.folder / "stick", "1m") as stick:
        target = stick / "Organized"
        bare_desk.here("scan", bare_desk.inbox)
        plan = bare_desk.here("stage", "create", "-o", target, "--json").json["plan"]
        checked = bare_desk.here("stage", "validate", plan, "--json")
        assert (checked.status, [row["code"] for row in checked.json["problems"]]) == (4, ["no-space"])
        assert bare_desk.here("commit", plan, "--yes") == (
            1,
            "",
            (
                f"error[disk-full]: not enough space for the files that come from another filesystem: {target}\n"
                "  hint: free some space on the target, or choose another target\n"
            ),
        )
        assert (attributes(bare_desk.inbox), target.exists(), bare_desk.state_of(plan)) == (before, False, "staged")


@pytest.mark.root
def test_a_disk_that_fills_up_while_files_are_copied_stops_the_commit_at_a_whole_file(bare_desk: Desk) -> None:
    """There is room for the files, but not for the journal as well."""
    bare_desk.set_up(BIG_TABLES)
    before = attributes(bare_desk.inbox)
    with small_disk(bare_desk.folder / "stick", f"{BLOCKS * 4}k") as stick:
        target = stick / "Organized"
        bare_desk.here("scan", bare_desk.inbox)
        plan = bare_desk.here("stage", "create", "-o", target, "--json").json["plan"]
        result = bare_desk.here("commit", plan, "--yes")
        assert (result.status, "Traceback" in result.err) == (1, False)
        there, here = read_tree(target / "Data/Datasets"), read_tree(bare_desk.inbox)
        assert 0 < len(there) < len(BIG_TABLES)
        assert ({**there, **here}, set(there) & set(here)) == (BIG_TABLES, set())

        make_larger(stick, "16m")
        assert bare_desk.here("commit", plan, "--yes").status == 0
        assert (read_tree(target / "Data/Datasets"), read_tree(bare_desk.inbox)) == (BIG_TABLES, {})
        assert bare_desk.here("verify", plan).status == 0
        assert bare_desk.here("rollback", plan, "--yes").status == 0
        assert (attributes(bare_desk.inbox), target.exists()) == (before, False)


@pytest.mark.root
def test_another_disk_in_the_targets_place_makes_the_plan_outdated(bare_desk: Desk) -> None:
    bare_desk.set_up()
    bare_desk.target.mkdir()
    plan = bare_desk.staged()
    with small_disk(bare_desk.target, "1m"):
        refused = bare_desk.here("commit", plan, "--yes")
        assert (refused.status, refused.out) == (5, "")
        assert refused.err.splitlines() == [
            (
                "error[plan-outdated]: another filesystem is mounted here than when the plan was made: "
                f"{bare_desk.target}"
            ),
            "  hint: mount the right disk, or plan again",
        ]
        assert os.listdir(bare_desk.target) == []
    assert bare_desk.here("commit", plan, "--yes").status == 0


@pytest.mark.root
def test_another_mount_in_a_scanned_folder_is_skipped(desk: Desk) -> None:
    with small_disk(desk.inbox / "stick", "1m") as stick:
        make_inbox(stick, {b"other.csv": TABLE})
        fields = desk.here("scan", desk.inbox, "--json").json
        assert fields["files"] == 4
        assert [(row["path"], row["reason"]) for row in fields["skipped"]] == [
            ("stick", "another filesystem is mounted here")
        ]


def test_a_symlink_to_the_inbox_names_the_same_session(split_desk: Desk) -> None:
    write_tree(split_desk.folder, {b"by-link": Link(os.fsencode(split_desk.inbox))})
    first = split_desk.here("scan", split_desk.inbox, "--json").json["session"]
    assert split_desk.here("scan", split_desk.folder / "by-link", "--json").json["session"] == first
    plan = split_desk.here("stage", "create", "-o", split_desk.target, "--json").json["plan"]
    split_desk.here("commit", plan, "--yes")
    organised = read_tree(split_desk.target)
    del organised[b".ifmosfs"]
    assert organised == ORGANISED


@needs_fuse
def test_a_project_dragged_to_another_filesystem_is_named_before_the_commit_and_fix_leaves_it(split_desk: Desk) -> None:
    write_tree(split_desk.inbox / "code", {b".git": {b"HEAD": b"ref"}, b"main.c": b"int main;"})
    point = split_desk.mount_point
    plan = split_desk.staged()
    assert split_desk.run("mount", "--plan", plan, point).status == 0
    try:
        (point / "Kept").mkdir()
        os.rename(point / "To review/projects/code", point / "Kept/mine")
        found = split_desk.here("stage", "validate", plan)
        rehearsed = split_desk.here("commit", plan, "--dry-run", "--json")
        fixed = split_desk.here("stage", "fix", plan, "--auto")
        left = sorted(os.listdir(point / "To review/projects"))
        again = split_desk.here("stage", "validate", plan)
    finally:
        force_unmount(point)
    words = "a project moves as one folder, which is only possible on one filesystem"
    fix = "[fix: leave it where it is]"
    assert (found.status, found.out.splitlines()[1]) == (
        4,
        f"  folder-elsewhere: {split_desk.inbox}/code: {words} {fix}",
    )
    assert "folder-elsewhere" in {row["code"] for row in rehearsed.json["problems"]}
    assert (fixed.status, left, again.status) == (0, ["code"], 0)
