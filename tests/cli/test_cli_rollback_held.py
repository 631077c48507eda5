"""A rollback of files that are gone, of which snapshots hold the contents."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ifmosfs.app import held_contents
from ifmosfs.core.files import Place
from ifmosfs.core.manifest import Belongings
from ifmosfs.core.reports import WORDS
from ifmosfs.platform import metadata
from tests.adapters.trees import read_tree
from tests.cli.command_line import INBOX, SCRIPT, TABLE, THEN_NS, Attributes, Desk, attributes
from tests.fuse_support import force_unmount

SCRIPT_AT, TABLE_AT = "Development/Source code/run.sh", "Data/Datasets/sizes.csv"


def committed_and_kept(desk: Desk) -> str:
    """A plan is committed, and after it all contents of its target are kept."""
    plan = desk.committed()
    assert desk.here("versions", "snapshot", "--name", "kept", "--content-max-size", "1k").status == 0
    return plan


def files(desk: Desk, plan: str) -> dict[str, str]:
    rows = desk.here("rollback", "files", plan, "--json").json["files"]
    return {os.path.basename(row["new"]): row["found"] for row in rows}


def moves(out: str) -> list[str]:
    return [line for line in out.splitlines() if " -> " in line]


def waiting(desk: Desk) -> list[Path]:
    """The copies that have not got their names."""
    return list((desk.state / "restored").rglob("*"))


def contents_of(folder: Path) -> dict[str, bytes | None]:
    return {os.fsdecode(path): each.content for path, each in attributes(folder).items() if each.content is not None}


def test_what_is_gone_comes_back_from_a_held_content_and_then_nothing_of_the_plan_is_left(desk: Desk) -> None:
    before = attributes(desk.inbox)
    plan = committed_and_kept(desk)
    (desk.target / TABLE_AT).unlink()
    assert files(desk, plan) == {"invoice-17.txt": "there", "run.sh": "there", "sizes.csv": "restorable"}
    preview = desk.here("rollback", "preview", plan)
    result = desk.here("rollback", plan, "--yes")
    assert (preview.status, result.status) == (0, 0)
    table = desk.inbox / "tables/sizes.csv"
    assert moves(preview.out) == moves(result.out)
    assert f"  (a held content) -> {table}" in moves(result.out)
    assert f"  from-held: {table}: it is gone, and comes back from the content that a snapshot holds (“kept”)" in (
        result.out.splitlines()
    )
    assert desk.state_of(plan) == "rolled_back"
    assert files(desk, plan)["sizes.csv"] == "back"
    tables = attributes(desk.inbox)[b"tables"]  # a folder that was left by the commit, and entered by the copy
    assert attributes(desk.inbox) == {**before, b"tables": tables}
    assert not desk.target.exists()
    assert waiting(desk) == []


def test_undoing_such_a_rollback_brings_the_file_to_where_the_commit_had_put_it(desk: Desk) -> None:
    plan = committed_and_kept(desk)
    organised = contents_of(desk.target / "Data")
    (desk.target / TABLE_AT).unlink()
    assert desk.here("rollback", plan, "--yes").status == 0
    assert desk.here("rollback", plan, "--redo", "--yes").status == 0
    assert contents_of(desk.target / "Data") == organised
    assert desk.here("verify", plan).status == 0
    (desk.target / TABLE_AT).unlink()  # and once more
    assert desk.here("rollback", plan, "--yes").status == 0
    assert read_tree(desk.inbox) == INBOX
    assert desk.state_of(plan) == "rolled_back"
    told = desk.here("history", desk.inbox / "tables/sizes.csv", "--json").json["files"]
    whats = [event["what"] for event in told[-1]["events"]]
    assert whats == ["scanned", "classified", "staged", "moved", "restored", "moved forth", "restored"]


def test_what_a_rollback_has_brought_back_and_is_gone_is_restored_where_the_rollback_is_undone(desk: Desk) -> None:
    plan = desk.committed()
    assert desk.here("rollback", plan, "--yes").status == 0
    assert desk.here("versions", "snapshot", "--name", "kept", "--content-max-size", "1k", desk.inbox).status == 0
    (desk.inbox / "run.sh").unlink()
    assert desk.here("rollback", plan, "--redo", "--yes").status == 0
    assert (desk.target / SCRIPT_AT).read_bytes() == SCRIPT
    assert desk.state_of(plan) == "committed"


def test_a_plan_taken_up_again_knows_what_came_back_from_a_held_content(desk: Desk) -> None:
    plan = committed_and_kept(desk)
    (desk.target / TABLE_AT).unlink()
    assert desk.here("rollback", plan, "--yes").status == 0
    assert desk.here("stage", "reopen", plan).status == 0
    again = desk.here("commit", plan, "--yes", "--json")
    assert (again.status, again.json["moved"], again.json["problems"]) == (0, 3, [])


def test_only_the_chosen_files_are_restored(desk: Desk) -> None:
    plan = committed_and_kept(desk)
    (desk.target / TABLE_AT).unlink()
    (desk.target / SCRIPT_AT).unlink()
    assert desk.here("rollback", "restore", "sizes.csv", "--yes").status == 0
    assert (desk.inbox / "tables/sizes.csv").read_bytes() == TABLE
    assert files(desk, plan) == {"invoice-17.txt": "there", "run.sh": "restorable", "sizes.csv": "back"}


def test_a_snapshot_of_before_the_commit_will_do_and_of_several_the_newest_content_counts(desk: Desk) -> None:
    assert desk.here("versions", "snapshot", "--name", "before", "--content-max-size", "1k", desk.inbox).status == 0
    plan = desk.committed()
    with (desk.target / TABLE_AT).open("ab") as file:
        file.write(b"d,4\n")
    assert desk.here("versions", "snapshot", "--name", "edited", "--content-max-size", "1k").status == 0
    (desk.target / TABLE_AT).unlink()
    (desk.target / SCRIPT_AT).unlink()
    prepared = desk.here("rollback", plan, "--dry-run", "--json").json
    assert [(os.path.basename(each["path"]), each["words"][-9:]) for each in prepared["from_contents"]] == [
        ("sizes.csv", " (“edited”)"[-9:]),
        ("run.sh", " (“edited”)"[-9:]),
    ]
    assert desk.here("rollback", plan, "--yes").status == 0
    assert (desk.inbox / "tables/sizes.csv").read_bytes() == TABLE + b"d,4\n"
    assert (desk.inbox / "run.sh").read_bytes() == SCRIPT


def test_nothing_is_put_over_what_has_the_old_place(desk: Desk) -> None:
    plan = committed_and_kept(desk)
    (desk.target / TABLE_AT).unlink()
    (desk.inbox / "tables/sizes.csv").write_bytes(b"mine\n")
    kept = desk.here("rollback", plan, "--occupied", "leave", "--paths", "sizes.csv", "--yes", "--json")
    assert (kept.status, [each["code"] for each in kept.json["problems"]]) == (4, ["name-taken"])
    result = desk.here("rollback", plan, "--yes", "--json")
    assert result.status == 0
    (beside,) = (path for path in (desk.inbox / "tables").iterdir() if "rolled back" in path.name)
    assert beside.read_bytes() == TABLE
    assert (desk.inbox / "tables/sizes.csv").read_bytes() == b"mine\n"
    assert [each["path"] for each in result.json["from_contents"]] == [str(beside)]


def test_a_copy_that_somebody_has_made_at_the_old_place_is_not_doubled(desk: Desk) -> None:
    plan = committed_and_kept(desk)
    shutil.copy(desk.target / TABLE_AT, desk.inbox / "tables/sizes.csv")
    (desk.target / TABLE_AT).unlink()
    result = desk.here("rollback", plan, "--yes", "--json")
    assert result.status == 3
    assert [(each["code"], each["words"]) for each in result.json["problems"]] == [
        ("gone", "the file is no longer where the commit put it; what is at its old place has its content")
    ]
    assert read_tree(desk.inbox) == INBOX


def test_a_file_that_somebody_has_moved_is_told_of_and_not_doubled(desk: Desk) -> None:
    plan = committed_and_kept(desk)
    (desk.target / TABLE_AT).rename(desk.target / "mine.csv")
    assert files(desk, plan)["sizes.csv"] == "gone"
    result = desk.here("rollback", plan, "--yes", "--json")
    assert [each["code"] for each in result.json["problems"]] == ["moved-elsewhere"]
    assert result.json["from_contents"] == []
    assert not (desk.inbox / "tables/sizes.csv").exists()


def test_a_held_content_that_is_damaged_is_not_brought_back(desk: Desk) -> None:
    plan = committed_and_kept(desk)
    (desk.target / TABLE_AT).unlink()
    for path in (desk.state / "contents").rglob("[0-9a-f]" * 64):
        path.chmod(0o600)
        path.write_bytes(b"rotten")
    assert files(desk, plan)["sizes.csv"] == "gone"
    result = desk.here("rollback", plan, "--yes", "--json")
    words = (
        f"{WORDS['gone']}; the content that a snapshot holds of it (“kept”) is damaged, or on a disk that is not there"
    )
    told = [(each["code"], each["words"]) for each in result.json["problems"]]
    assert (result.status, told) == (3, [("gone", words)])


@pytest.mark.parametrize(
    "damaged",
    [
        "substr(entries, 2)",
        "CAST(substr(entries, 1, instr(entries, x'72756e') - 1) || x'52' || substr(entries, instr(entries, x'72756e') + 1) AS BLOB)",
        "x'ff'",
    ],
    ids=["shifted", "one letter of a name", "one byte only"],
)
def test_nothing_of_a_damaged_manifest_is_believed_and_all_that_is_there_goes_back(desk: Desk, damaged: str) -> None:
    plan = committed_and_kept(desk)
    (desk.target / TABLE_AT).unlink()
    with closing(sqlite3.connect(desk.state / "catalogue.db")) as database, database:
        kept = "(SELECT snapshot_id FROM snapshots WHERE name = 'kept')"
        database.execute(f"UPDATE snapshot_entries SET entries = {damaged} WHERE snapshot_id = {kept}")
    assert files(desk, plan) == {"invoice-17.txt": "there", "run.sh": "there", "sizes.csv": "gone"}
    result = desk.here("rollback", plan, "--yes", "--json")
    words = f"{WORDS['gone']}; a snapshot that may hold its content is damaged (“kept”)"
    told = [(each["code"], each["words"]) for each in result.json["problems"]]
    assert (result.status, result.json["moved"], told) == (3, 2, [("gone", words)])


def test_an_older_snapshot_stands_in_for_one_whose_manifest_is_damaged(desk: Desk) -> None:
    plan = committed_and_kept(desk)
    assert desk.here("versions", "snapshot", "--name", "later", "--content-max-size", "1k").status == 0
    (desk.target / TABLE_AT).unlink()
    with closing(sqlite3.connect(desk.state / "catalogue.db")) as database, database:
        later = "(SELECT snapshot_id FROM snapshots WHERE name = 'later')"
        database.execute(f"UPDATE snapshot_entries SET entries = x'ff' WHERE snapshot_id = {later}")
    result = desk.here("rollback", plan, "--yes", "--json")
    assert (result.status, [each["words"][-8:] for each in result.json["from_contents"]]) == (0, ["(“kept”)"])
    assert read_tree(desk.inbox) == INBOX


def test_where_there_is_no_room_for_a_copy_the_other_files_go_back_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = committed_and_kept(desk)
    (desk.target / TABLE_AT).unlink()

    def full(content: bytes, place: Place, mode: int, mtime_ns: int, belongings: Belongings | None) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(held_contents, "copy_out", full)
        result = desk.here("rollback", plan, "--yes", "--json")
    table = str(desk.inbox / "tables/sizes.csv")
    told = [(each["code"], os.path.basename(each["path"])) for each in result.json["problems"]]
    assert (result.status, result.json["moved"], told) == (3, 2, [("disk-full", "sizes.csv")])
    assert desk.state_of(plan) == "committed"
    assert desk.here("rollback", plan, "--yes").status == 0
    assert Path(table).read_bytes() == TABLE
    assert desk.state_of(plan) == "rolled_back"


def test_mode_and_time_are_those_that_the_snapshot_has_recorded(desk: Desk) -> None:
    plan = desk.committed()
    (desk.target / SCRIPT_AT).chmod(0o750)
    assert desk.here("versions", "snapshot", "--name", "kept", "--content-max-size", "1k").status == 0
    (desk.target / SCRIPT_AT).unlink()
    assert desk.here("rollback", plan, "--yes").status == 0
    assert attributes(desk.inbox)[b"run.sh"] == Attributes(0o100750, THEN_NS, SCRIPT)


def test_extended_attributes_come_back_and_where_an_owner_cannot_be_given_that_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = desk.committed()
    os.setxattr(desk.target / TABLE_AT, "user.note", b"hello")
    assert desk.here("versions", "snapshot", "--name", "kept", "--content-max-size", "1k").status == 0
    (desk.target / TABLE_AT).unlink()

    def refuse(*arguments: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(metadata, "give_owner", refuse)
    result = desk.here("rollback", plan, "--yes")
    table = desk.inbox / "tables/sizes.csv"
    assert (result.status, os.getxattr(table, "user.note")) == (0, b"hello")
    told = f"  file-attributes: {table}: the file is there again, but not with all that it had (owner)"
    assert told in result.out.splitlines()
    assert desk.state_of(plan) == "rolled_back"


@pytest.mark.fuse
def test_the_mounted_rollback_shows_what_will_come_back_with_its_content(desk: Desk) -> None:
    plan = committed_and_kept(desk)
    (desk.target / TABLE_AT).unlink()
    try:
        assert desk.run("mount", "--rollback", plan, desk.mount_point).status == 0
        shown = read_tree(desk.mount_point / "inbox")
        status = os.getxattr(desk.mount_point / "inbox/tables/sizes.csv", "user.ifmosfs.status")
        assert desk.run("unmount", desk.mount_point).status == 0
    finally:
        force_unmount(desk.mount_point)
    assert (shown, status) == (INBOX, b"held")
    assert not (desk.state / "restored").exists()
