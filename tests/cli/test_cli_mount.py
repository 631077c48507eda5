"""The whole way with a real mount, and every way in which a mount can end."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from ifmosfs.core.plan import KeepReason
from ifmosfs.platform.mounts import views
from tests.adapters.trees import read_tree
from tests.cli.command_line import INBOX, INVOICE, LEFT, ORGANISED, SCRIPT, TABLE, Desk, attributes
from tests.fuse_support import FUSE_MARKS, force_unmount

pytestmark = FUSE_MARKS

OWN_OF_THE_VIEW = (b".ifmosfs", b"To review")
JOURNAL = (b".ifmosfs",)


class Mounted(NamedTuple):
    """A plan that is mounted at the desk's mount point."""

    plan: str
    point: Path
    pid: int


@pytest.fixture
def mounted(desk: Desk, mount_point: Path) -> Mounted:
    result = desk.run("mount", desk.inbox, mount_point, "--output", desk.target, "--json")
    assert result.status == 0, result
    assert result.json["mount_point"] == str(mount_point)
    return Mounted(result.json["plan"], mount_point, result.json["pid"])


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Path]:
    """A second place to mount at."""
    point = tmp_path / "other"
    point.mkdir()
    yield point
    force_unmount(point)


def is_mounted(point: Path) -> bool:
    return any(view.point == os.fsencode(point) for view in views())


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether something becomes so in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet has."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def kill(view: Mounted) -> None:
    os.kill(view.pid, signal.SIGKILL)
    assert eventually(lambda: is_gone(view.pid))


def test_mount_scans_plans_mounts_and_says_what_to_do_with_it(desk: Desk, mount_point: Path) -> None:
    result = desk.run("mount", desk.inbox, mount_point, "--output", desk.target)
    (row,) = desk.here("stage", "list", "--json").json["plans"]
    assert result == (
        0,
        (
            f"Plan {row['plan']}: 3 files to {desk.target}\n"
            "        1  Data/\n"
            "        1  Development/\n"
            "        1  Financial/\n"
            "4 scanned = 3 planned + 1 unsure what they are\n"
            f"Mounted at {mount_point}: browse it, open files, drag what is wrong. 0 files moved so far.\n"
            f"Apply: ifmosfs commit {mount_point} · Forget: ifmosfs unmount {mount_point}\n"
        ),
        "",
    )


def test_the_view_shows_the_organised_tree_and_what_stays_and_touches_nothing(desk: Desk, mounted: Mounted) -> None:
    shown = read_tree(mounted.point)
    control, review = shown.pop(b".ifmosfs"), shown.pop(b"To review")
    reasons = {reason.value.encode() for reason in KeepReason} - {b"unsure"} | {b"vault"}
    assert (shown, review) == (ORGANISED, {b"unsure": LEFT, **{reason: {} for reason in reasons}})
    assert isinstance(control, dict)
    assert set(control) == {b"README.txt", b"conflicts.jsonl", b"plan.jsonl", b"status.json"}
    assert (read_tree(desk.inbox), desk.target.exists()) == (INBOX, False)


def test_from_mount_over_edits_with_plain_tools_to_commit_verify_and_rollback(desk: Desk, mounted: Mounted) -> None:
    inbox = attributes(desk.inbox)
    point = mounted.point
    lines: list[list[str | Path]] = [
        ["mkdir", point / "Mine"],
        ["mv", point / "Data/Datasets/sizes.csv", point / "Mine/renamed.csv"],
        ["mv", point / "To review/unsure/tables/what.xyz", point / "Mine"],
        ["rm", point / "Development/Source code/run.sh"],
        ["rmdir", point / "Data/Datasets"],
        ["mv", point / "Financial/Documents", point / "Papers"],
    ]
    for line in lines:
        subprocess.run(line, check=True)
    preview = attributes(point, without=OWN_OF_THE_VIEW)
    files = {path: row.content for path, row in preview.items() if row.content is not None}
    assert files == {
        b"Mine/renamed.csv": TABLE,
        b"Mine/what.xyz": b"hm",
        b"Papers/2021/invoice-17.txt": INVOICE,
    }

    committed = desk.here("commit", point, "--yes")
    assert (committed.status, committed.err) == (0, "")
    assert attributes(desk.target, without=JOURNAL) == preview
    assert read_tree(desk.inbox) == {b"run.sh": SCRIPT}
    assert (is_mounted(point), os.listdir(point)) == (False, [])
    assert eventually(lambda: is_gone(mounted.pid))

    assert desk.here("verify", mounted.plan).status == 0
    assert desk.here("rollback", "--yes").status == 0
    assert attributes(desk.inbox) == inbox
    assert not desk.target.exists()


def test_a_target_that_holds_files_is_shown_merged_and_committed_as_shown(desk: Desk, mount_point: Path) -> None:
    (desk.target / "Data").mkdir(parents=True)
    (desk.target / "Data" / "old.csv").write_bytes(b"old")
    (desk.target / "note").write_bytes(b"mine")
    before = attributes(desk.target)
    result = desk.run("mount", desk.inbox, mount_point, "--output", desk.target, "--json")
    preview = attributes(mount_point, without=OWN_OF_THE_VIEW)
    assert {path for path in before if path != b"."} < set(preview)
    assert desk.here("commit", mount_point, "--yes").status == 0
    assert attributes(desk.target, without=JOURNAL) == preview
    assert desk.here("rollback", result.json["plan"], "--yes").status == 0
    assert attributes(desk.target) == before


def modes(folder: Path) -> dict[str, tuple[str, int]]:
    """Mode and group of every folder below one, and of itself, without what is the view's or the journal's own."""
    below = (path for path in folder.rglob("*") if path.is_dir())
    shown = {str(path.relative_to(folder)): path.stat() for path in (folder, *below)}
    own = tuple(os.fsdecode(name) for name in OWN_OF_THE_VIEW)
    return {path: (f"{row.st_mode & 0o7777:o}", row.st_gid) for path, row in shown.items() if not path.startswith(own)}


@pytest.mark.root
@pytest.mark.parametrize("has_list", [False, True], ids=["setgid", "setgid and default list"])
def test_new_folders_in_a_shared_one_are_shown_and_made_as_mkdir_makes_them(
    desk: Desk, mount_point: Path, has_list: bool
) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to give a folder to a group")
    team = desk.target / "team"
    team.mkdir(parents=True)
    os.chown(team, -1, 12345)
    team.chmod(0o2775)
    if has_list:
        entries = [(1, 7), (4, 5), (8, 7), (16, 7), (32, 5)]
        packed = b"".join(struct.pack("<HHI", tag, bits, 54321 if tag == 8 else 0xFFFFFFFF) for tag, bits in entries)
        os.setxattr(team, "system.posix_acl_default", struct.pack("<I", 2) + packed)
    (team / "reference").mkdir()
    reference = modes(team / "reference")["."]
    (team / "reference").rmdir()
    assert reference == ("2775" if has_list else "2755", 12345)
    mounted = desk.run("mount", desk.inbox, mount_point, "--output", team / "out", "--json")
    (mount_point / "Own").mkdir()
    shown = modes(mount_point)
    assert (set(shown.values()), {".", "Data", "Data/Datasets", "Own"} <= shown.keys()) == ({reference}, True)
    assert desk.here("commit", mounted.json["plan"], "--yes").status == 0
    assert modes(team / "out") == shown
    assert desk.here("rollback", mounted.json["plan"], "--yes").status == 0
    assert list(team.iterdir()) == []


def test_a_commit_by_the_plans_id_takes_the_view_away_as_well(desk: Desk, mounted: Mounted) -> None:
    assert desk.here("commit", mounted.plan, "--yes").status == 0
    assert eventually(lambda: not is_mounted(mounted.point))


def test_edits_are_kept_with_the_plan_and_counted(desk: Desk, mounted: Mounted) -> None:
    os.mkdir(mounted.point / "Mine")
    os.rename(mounted.point / "Data/Datasets/sizes.csv", mounted.point / "Mine/sizes.csv")
    fields = desk.here("stage", "show", mounted.plan, "--json").json
    assert "Mine/sizes.csv" in {row["target"] for row in fields["moves"]}
    assert "State: staged, 2 edits of yours" in desk.here("stage", "show", mounted.plan).out


def test_unmount_discards_the_plan_and_says_how_to_take_it_up_again(desk: Desk, mounted: Mounted) -> None:
    assert desk.here("unmount", mounted.point) == (
        0,
        (
            f"Unmounted; no file was moved by it. Plan {mounted.plan} is discarded.\n"
            f"Take it up again: ifmosfs stage reopen {mounted.plan}\n"
        ),
        "",
    )
    assert (is_mounted(mounted.point), desk.state_of(mounted.plan)) == (False, "discarded")
    assert read_tree(desk.inbox) == INBOX


def test_unmount_without_a_place_means_the_only_view(desk: Desk, mounted: Mounted) -> None:
    assert desk.here("unmount", "--json").json == {
        "plan": mounted.plan,
        "mount_point": str(mounted.point),
        "state": "discarded",
    }


def test_unmount_keep_leaves_the_plan_staged(desk: Desk, mounted: Mounted) -> None:
    assert desk.here("unmount", "--keep", mounted.point).status == 0
    assert (is_mounted(mounted.point), desk.state_of(mounted.plan)) == (False, "staged")


def test_unmounting_one_of_two_views_leaves_the_plan_to_the_other_which_can_be_edited_still(
    desk: Desk, mounted: Mounted, other: Path
) -> None:
    assert desk.run("mount", "--plan", mounted.plan, other).status == 0
    assert desk.here("unmount", mounted.point) == (
        0,
        f"Unmounted; no file was moved by it. Plan {mounted.plan} is staged.\nStill mounted: {other}\n",
        "",
    )
    (other / "Mine").mkdir()
    assert (other / "Mine").is_dir()
    assert desk.here("unmount", "--json", other).json["state"] == "discarded"


def test_a_dead_view_does_not_keep_the_plan_from_being_discarded(desk: Desk, mounted: Mounted, other: Path) -> None:
    assert desk.run("mount", "--plan", mounted.plan, other).status == 0
    kill(mounted)
    assert desk.here("unmount", "--json", other).json["state"] == "discarded"


def test_plain_fusermount_is_no_discard(desk: Desk, mounted: Mounted) -> None:
    subprocess.run(["fusermount3", "-u", mounted.point], check=True)
    assert eventually(lambda: is_gone(mounted.pid))
    assert desk.state_of(mounted.plan) == "staged"


def test_a_killed_daemon_is_no_discard_and_mounting_again_cleans_up_and_shows_the_edits(
    desk: Desk, mounted: Mounted
) -> None:
    os.rename(mounted.point / "Data/Datasets/sizes.csv", mounted.point / "sizes.csv")
    kill(mounted)
    again = desk.run("mount", "--plan", mounted.plan, mounted.point)
    assert (again.status, again.err) == (0, "A dead view was cleaned away from there first.\n")
    assert (mounted.point / "sizes.csv").read_bytes() == TABLE


def test_a_dead_view_is_shown_by_status_and_cleaned_by_it(desk: Desk, mounted: Mounted) -> None:
    kill(mounted)
    row = {"mount_point": str(mounted.point), "plan": mounted.plan, "alive": False}
    assert desk.here("status", "--json").json["mounts"] == [row]
    assert (desk.here("status", "--json").json["mounts"], is_mounted(mounted.point)) == ([], False)


def test_a_dead_view_is_shown_by_doctor_with_the_remedy(desk: Desk, mounted: Mounted) -> None:
    kill(mounted)
    findings = {one["what"]: one for one in desk.here("doctor", "--json").json["findings"]}
    assert findings[f"view at {mounted.point}"]["remedy"] == f"ifmosfs unmount --keep {mounted.point}"


def test_a_dead_view_is_unmounted_like_any_other(desk: Desk, mounted: Mounted) -> None:
    kill(mounted)
    assert desk.here("unmount", "--keep", mounted.point).status == 0
    assert (is_mounted(mounted.point), desk.state_of(mounted.plan)) == (False, "staged")


def test_a_plan_is_committed_by_the_place_of_its_dead_view(desk: Desk, mounted: Mounted) -> None:
    kill(mounted)
    assert desk.here("commit", mounted.point, "--yes").status == 0
    assert read_tree(desk.inbox) == LEFT
    assert not is_mounted(mounted.point)


def test_a_plan_may_be_mounted_at_two_places(desk: Desk, mounted: Mounted, other: Path) -> None:
    assert desk.run("mount", "--plan", mounted.plan, other).status == 0
    assert (other / "Data/Datasets/sizes.csv").read_bytes() == TABLE
    assert desk.here("unmount", "--keep", other).status == 0


def test_a_mount_on_a_mounted_view_is_refused_before_anything_is_scanned(desk: Desk, mounted: Mounted) -> None:
    refused = desk.run("mount", desk.inbox, mounted.point, "--output", desk.target)
    assert refused == (
        2,
        "",
        (
            f"error[bad-mount-point]: a view is mounted here already: {mounted.point}\n"
            f"  hint: ifmosfs unmount {mounted.point}\n"
        ),
    )
    assert len(desk.here("stage", "list", "--json").json["plans"]) == 1


def test_a_mounted_view_can_be_neither_scanned_nor_planned_into(desk: Desk, mounted: Mounted) -> None:
    assert desk.here("scan", mounted.point) == (
        2,
        "",
        (
            f"error[bad-root]: this is a mounted view, not a folder of files: {mounted.point}\n"
            "  hint: scan the original\n"
        ),
    )
    assert desk.here("stage", "create", "--output", mounted.point / "inside") == (
        2,
        "",
        (
            f"error[bad-target]: the target is a place of the program itself: {mounted.point}/inside\n"
            "  hint: choose another one\n"
        ),
    )


def test_a_scan_around_a_view_skips_it(desk: Desk, mounted: Mounted) -> None:
    fields = desk.here("scan", desk.folder, "--json").json
    assert {"root": str(desk.folder), "path": "view", "reason": "a mounted view"} in fields["skipped"]
    assert fields["files"] == 4
    assert is_mounted(mounted.point)


def test_discarding_a_mounted_plan_takes_its_view_away(desk: Desk, mounted: Mounted) -> None:
    assert desk.here("stage", "discard", mounted.plan).status == 0
    assert eventually(lambda: not is_mounted(mounted.point))


def test_a_file_that_is_open_in_the_view_does_not_keep_the_commit_from_ending(desk: Desk, mounted: Mounted) -> None:
    with (mounted.point / "Data/Datasets/sizes.csv").open("rb") as file:
        assert desk.here("commit", mounted.point, "--yes").status == 0
        assert not is_mounted(mounted.point)
        assert file.read() == TABLE


def test_a_view_in_use_is_not_unmounted_unless_that_is_wanted(desk: Desk, mounted: Mounted) -> None:
    with (mounted.point / "Data/Datasets/sizes.csv").open("rb") as file:
        refused = desk.here("unmount", mounted.point)
        assert (refused.status, refused.out, refused.err.split(":")[0]) == (2, "", "error[bad-mount-point]")
        assert "  hint: " in refused.err
        assert (is_mounted(mounted.point), desk.state_of(mounted.plan)) == (True, "staged")
        assert desk.here("unmount", "--lazy", mounted.point).status == 0
        assert file.read() == TABLE
    assert (is_mounted(mounted.point), desk.state_of(mounted.plan)) == (False, "discarded")


def test_preview_mounts_at_the_default_place_and_shows_it_again_when_mounted(desk: Desk) -> None:
    plan = desk.staged()
    default = desk.home / "IFMOSFS"
    try:
        first = desk.run("stage", "preview", plan, "--json")
        fields = {"folder": str(default), "method": "mount", "files": 3, "opened": None, "not_shown": []}
        assert first.json == {"plan": plan, **fields}
        assert desk.run("stage", "preview", plan, "--json") == first
        assert sorted(os.listdir(default)) == [".ifmosfs", "Data", "Development", "Financial", "To review"]
    finally:
        force_unmount(default)


def test_mount_in_the_foreground_serves_until_it_is_interrupted_and_discards_nothing(
    desk: Desk, mount_point: Path
) -> None:
    plan = desk.staged()
    process = desk.start("mount", "--plan", plan, "--foreground", mount_point)
    assert eventually(lambda: is_mounted(mount_point))
    assert (mount_point / "Data/Datasets/sizes.csv").read_bytes() == TABLE
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, f"Mounted at {mount_point}; Ctrl-C unmounts.\n".encode())
    assert (is_mounted(mount_point), desk.state_of(plan)) == (False, "staged")


def test_names_that_are_no_text_come_through_the_mount_and_the_commit(bare_desk: Desk) -> None:
    names = [b"caf\xe9.csv", b"two\nlines.csv", b"n" * 251 + b".csv", "日本.csv".encode(), b"-rf.csv", b"  .csv"]
    bare_desk.set_up({name: TABLE + name for name in names})
    before = attributes(bare_desk.inbox)
    try:
        result = bare_desk.run("mount", bare_desk.inbox, bare_desk.mount_point, "-o", bare_desk.target, "--json")
        preview = attributes(bare_desk.mount_point, without=OWN_OF_THE_VIEW)
        assert bare_desk.here("commit", bare_desk.mount_point, "--yes").status == 0
    finally:
        force_unmount(bare_desk.mount_point)
    moved = {path: row for path, row in preview.items() if row.content is not None}
    assert moved == {b"Data/Datasets/" + name: before[name] for name in names}
    assert attributes(bare_desk.target, without=JOURNAL) == preview
    assert bare_desk.here("verify", result.json["plan"]).status == 0
    assert bare_desk.here("rollback", result.json["plan"], "--yes").status == 0
    assert attributes(bare_desk.inbox) == before


def test_category_of_a_hard_linked_file_is_that_of_all_its_names_and_one_undo_takes_it_back(
    desk: Desk, mount_point: Path
) -> None:
    os.link(desk.inbox / "invoice-17.txt", desk.inbox / "copy-17.txt")
    result = desk.run("mount", desk.inbox, mount_point, "--output", desk.target, "--json")
    before = read_tree(mount_point / "Financial")
    shown = mount_point / "Financial" / "Documents" / "2021" / "invoice-17.txt"
    sources = {os.fsencode(desk.inbox / name) for name in ("invoice-17.txt", "copy-17.txt")}
    assert {*os.getxattr(shown, "user.ifmosfs.source").split(b"\n")} == sources
    for name in ("invoice-17.txt", "copy-17.txt"):
        told = desk.here("why", shown.with_name(name), "--json").json
        assert told["path"] == str(desk.inbox / name)
    os.setxattr(shown, "user.ifmosfs.category", b"legal_document")
    assert read_tree(mount_point / "Legal") == {b"2021": {b"copy-17.txt": INVOICE, b"invoice-17.txt": INVOICE}}
    assert desk.here("stage", "undo", result.json["plan"]).status == 0
    assert eventually(shown.with_name("copy-17.txt").exists)
    assert (read_tree(mount_point / "Financial"), (mount_point / "Legal").exists()) == (before, False)
    os.setxattr(shown, "user.ifmosfs.category", b"none")
    assert {path.name for path in (mount_point / "To review" / "excluded").iterdir()} == {
        "copy-17.txt",
        "invoice-17.txt",
    }


def test_name_of_a_file_of_the_target_is_opened_right_after_another_one_was_removed(
    desk: Desk, mount_point: Path
) -> None:
    there = desk.target / "Linked"
    there.mkdir(parents=True)
    (there / "a").write_bytes(b"content")
    os.link(there / "a", there / "b")
    assert desk.run("mount", desk.inbox, mount_point, "--output", desk.target).status == 0
    assert [os.stat(mount_point / "Linked" / name).st_nlink for name in ("a", "b")] == [2, 2]
    (there / "b").unlink()
    assert (mount_point / "Linked" / "a").read_bytes() == b"content"


@pytest.mark.parametrize("above", [0o755, 0o2775])
def test_modes_given_to_planned_folders_are_shown_and_made_with_all_their_bits(
    desk: Desk, mount_point: Path, above: int
) -> None:
    desk.target.mkdir()
    desk.target.chmod(above)
    mounted = desk.run("mount", desk.inbox, mount_point, "--output", desk.target, "--json")
    for mode in (0o755, 0o700, 0o1777, 0o2775, 0o4755):
        folder = mount_point / f"{mode:o}"
        folder.mkdir()
        folder.chmod(mode)
        (folder / "below").mkdir()
    subprocess.run(["mkdir", "-m", "1777", mount_point / "made 1777"], check=True)
    shown = modes(mount_point)
    bit = above & 0o2000
    assert {name: mode for name, (mode, _) in shown.items() if name.endswith(("77", "75", "55", "00"))} == {
        name: f"{mode | bit:o}"
        for name, mode in {
            **{f"{mode:o}": mode for mode in (0o755, 0o700, 0o1777, 0o2775, 0o4755)},
            "made 1777": 0o1777,
        }.items()
    }
    assert shown["2775/below"][0] == "2755"
    assert desk.here("commit", mounted.json["plan"], "--yes").status == 0
    assert modes(desk.target) == shown


def test_time_of_a_planned_folder_is_the_same_after_a_kill_and_in_the_commit(desk: Desk, mounted: Mounted) -> None:
    wanted_s = {"old": -5_000_000_000, "new": 10**11, "just": 4_000_000_000}
    kept_s = {"old": -(2**31), "new": 2**34 - 2**31 - 1, "just": 4_000_000_000}
    for name in wanted_s:
        (mounted.point / name).mkdir()
    for name, time_s in wanted_s.items():
        os.utime(mounted.point / name, (time_s, time_s))

    def times_s(folder: Path) -> dict[str, float]:
        return {name: (folder / name).stat().st_mtime for name in wanted_s}

    assert times_s(mounted.point) == kept_s
    kill(mounted)
    assert desk.run("mount", "--plan", mounted.plan, mounted.point).status == 0
    assert times_s(mounted.point) == kept_s
    assert desk.here("commit", mounted.plan, "--yes").status == 0
    assert times_s(desk.target) == kept_s


def test_folder_that_is_removed_while_it_is_open_is_empty_and_has_no_link(mounted: Mounted) -> None:
    folder = mounted.point / "Mine"
    folder.mkdir()
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        folder.rmdir()
        assert (os.listdir(f"/proc/self/fd/{descriptor}"), os.fstat(descriptor).st_nlink) == ([], 0)
    finally:
        os.close(descriptor)
