"""`ifmosfs versions` as a person meets it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ifmosfs.core.files import Place
from ifmosfs.core.plan import Edit, EditKind
from ifmosfs.platform.disk import PosixDisk
from ifmosfs.platform.lock import exclusive
from ifmosfs.store.catalogue import open_catalogue
from tests.adapters.trees import read_tree, write_tree
from tests.cli.command_line import INBOX, INVOICE, ORGANISED, SCRIPT, TABLE, Desk, refusal
from tests.fuse_support import force_unmount
from tests.proof.images import mounted

CONTROL = b".ifmosfs"


def tree(folder: os.PathLike[str]) -> dict[bytes, object]:
    return {name: value for name, value in read_tree(folder).items() if name != CONTROL}


@contextmanager
def another_disk(folder: Path) -> Iterator[None]:
    """A filesystem of its own, empty, mounted over a folder."""
    with mounted(folder, "tmpfs", "size=1m"):
        yield


def kinds(desk: Desk) -> list[tuple[int, str, int]]:
    rows = desk.here("versions", "list", "--json").json["versions"]
    return [(row["version"], row["kind"], row["moved"]) for row in rows]


def shown_files(desk: Desk, version: int) -> list[str]:
    """The files of a version, by their paths below the desk."""
    rows = desk.here("versions", "show", str(version), "--json").json["files"]
    return sorted(os.path.relpath(row["path"], desk.folder) for row in rows if row["kind"] == "file")


def test_each_commit_rollback_and_snapshot_makes_a_version_with_a_manifest(desk: Desk) -> None:
    plan = desk.committed()
    assert desk.here("versions", "snapshot", "--name", "mine").status == 0
    assert desk.here("rollback", plan, "--yes").status == 0
    assert kinds(desk) == [(1, "commit", 3), (2, "snapshot", 0), (3, "rollback", 3)]
    rows = desk.here("versions", "list", "--json").json["versions"]
    assert rows[0]["root_hash"] == rows[1]["root_hash"] != rows[2]["root_hash"]
    assert [row["protection"] for row in rows] == ["NAME"] * 3


def test_each_run_of_a_rollback_of_several_plans_leaves_how_it_was_when_that_run_had_ended(desk: Desk) -> None:
    write_tree(desk.folder, {b"second": {b"x.ini": b"[x]\ny=1\n"}})
    desk.committed()
    desk.here("scan", desk.folder / "second")
    second = desk.here("stage", "create", "--output", desk.target, "--json").json["plan"]
    desk.here("commit", second, "--yes")
    assert desk.here("rollback", "execute", "--timestamp", "2020-01-31", "--yes").status == 0
    assert kinds(desk) == [(1, "commit", 3), (2, "commit", 1), (3, "rollback", 1), (4, "rollback", 3)]
    listed = {number: shown_files(desk, number) for number in (1, 2, 3, 4)}
    names = ("Data/Datasets/sizes.csv", "Development/Source code/run.sh", "Financial/Documents/2021/invoice-17.txt")
    first = [f"Organized/{name}" for name in names]
    assert listed == {
        1: first,
        2: sorted([*first, "Organized/Development/Configuration/x.ini"]),
        3: [*first, "second/x.ini"],
        4: ["inbox/invoice-17.txt", "inbox/run.sh", "inbox/tables/sizes.csv"],
    }


def test_a_commit_without_snapshot_leaves_a_version_without_manifest(desk: Desk) -> None:
    plan = desk.staged()
    assert desk.here("commit", plan, "--yes", "--no-snapshot").status == 0
    (row,) = desk.here("versions", "list", "--json").json["versions"]
    assert (row["moved"], row["root_hash"]) == (3, None)
    refused = refusal(desk.here("versions", "show", "1"))
    assert refused == [
        "error[not-found]: version 1 has no manifest: it was not taken, or it was pruned",
        f"  hint: what its run did can still be undone: ifmosfs rollback {plan}",
    ]


def test_diff_tells_that_a_file_was_edited_before_it_was_moved_back(desk: Desk) -> None:
    if PosixDisk().lstat(Place(os.fsencode(desk.inbox), b"run.sh")).fingerprint.birth_ns is None:
        pytest.skip("needs a filesystem that knows when a file was made")
    desk.committed()
    with open(desk.target / "Data/Datasets/sizes.csv", "ab") as table:
        table.write(b"d,4\n")
    desk.here("rollback", "restore", "sizes.csv", "--yes")
    found = desk.here("versions", "diff", "--from", "1", "--to", "2", "--json").json
    moved = [(row["from"], row["path"], row["changed"]) for row in found["moved"]]
    edited = (str(desk.target / "Data/Datasets/sizes.csv"), str(desk.inbox / "tables/sizes.csv"), True)
    assert (found["added"], found["removed"], moved, found["changed"]) == ([], [], [edited], [])


def test_diff_tells_that_a_rollback_has_moved_everything(desk: Desk) -> None:
    plan = desk.committed()
    desk.here("rollback", plan, "--yes")
    found = desk.here("versions", "diff", "--from", "1", "--to", "2", "--json").json
    assert [len(found[what]) for what in ("added", "removed", "moved", "changed", "same") if what != "same"] == [
        0,
        0,
        3,
        0,
    ]
    assert desk.here("versions", "diff", "--from", "1", "--to", "1").out.endswith("3 files the same\n")
    assert "run.sh" in desk.here("versions", "diff", "--from", "1", "--to", "2", "--tree").out


@pytest.mark.parametrize(
    "damaged",
    [
        "substr(entries, 2)",
        "CAST(substr(entries, 1, length(entries) - 1) || x'00' AS BLOB)",
        "'no bytes'",
        "x''",
        "x'ff'",
    ],
    ids=["shifted", "one byte", "text", "empty", "one byte only"],
)
def test_a_damaged_manifest_is_refused_with_what_can_still_be_done(desk: Desk, damaged: str) -> None:
    plan = desk.committed()
    with closing(sqlite3.connect(desk.state / "catalogue.db")) as database, database:
        database.execute(f"UPDATE snapshot_entries SET entries = {damaged}")
    for command in (("show", "1"), ("restore", "--version", "1"), ("diff", "--from", "1", "--to", "1")):
        lines = refusal(desk.here("versions", *command))
        assert lines[0].startswith("error[database-damaged]: the manifest of snapshot ")
        assert f"ifmosfs rollback {plan}" in lines[1]
    assert desk.here("rollback", plan, "--yes").status == 0
    assert tree(desk.inbox) == INBOX


def test_beside_a_manifest_that_cannot_be_read_snapshots_are_taken_contents_kept_and_it_can_be_let_go(
    desk: Desk,
) -> None:
    desk.committed()
    assert desk.here("versions", "snapshot", "--name", "kept", "--content-max-size", "1k").status == 0
    with closing(sqlite3.connect(desk.state / "catalogue.db")) as database, database:
        database.execute("UPDATE snapshot_entries SET entries = x'ff'")
    assert desk.here("versions", "snapshot", "--name", "after it").status == 0
    assert desk.here("vault", "empty", "--yes").status == 0
    (desk.target / "Data/Datasets/sizes.csv").write_bytes(b"new\n")
    pruned = desk.here("versions", "prune", "--keep", "9", "--yes")
    assert (pruned.status, held_contents(desk)) == (0, sorted([INVOICE, SCRIPT, TABLE]))
    (kept,) = desk.here("versions", "prune", "--keep", "9", "--yes", "--json").json["unreadable_snapshots"]
    assert pruned.out.splitlines()[1:] == [
        f"The manifest of snapshot {kept} is damaged. While it is kept, so are all contents: nobody knows which it needs."
    ]
    let_go = desk.here("versions", "prune", "--keep", "0", "--named", "--yes")
    assert (let_go.status, held_contents(desk)) == (0, [TABLE])  # the others are in the target, too


def held_contents(desk: Desk) -> list[bytes]:
    return sorted(path.read_bytes() for path in (desk.state / "contents").rglob("[0-9a-f]" * 64))


def test_a_redo_leaves_files_alone_that_a_restore_has_brought_to_their_places_already(desk: Desk) -> None:
    plan = desk.committed()
    committed = tree(desk.target)
    desk.here("rollback", "execute", plan, "--paths", "run.sh", "--yes")
    restored = desk.here("versions", "restore", "--version", "1", "--yes", "--json").json["plan"]
    assert tree(desk.target) == committed
    redone = desk.here("rollback", "execute", plan, "--redo", "--yes")
    assert (redone.status, tree(desk.target)) == (0, committed)
    assert [desk.here("rollback", each, "--yes").status for each in (restored, plan)] == [0, 0]
    assert tree(desk.inbox) == INBOX


def test_restore_after_a_rollback_brings_the_layout_back_and_is_itself_undone(desk: Desk) -> None:
    plan = desk.committed()
    desk.here("rollback", plan, "--yes")
    rehearsed = desk.here("versions", "restore", "--version", "1", "--dry-run", "--json").json
    assert tree(desk.inbox) == INBOX
    done = desk.here("versions", "restore", "--version", "1", "--yes", "--json").json
    assert (rehearsed["moved"], done["moved"]) == (3, 3)
    assert (rehearsed["run"], len(done["run"])) == (None, 10)
    assert tree(desk.target) == ORGANISED
    assert desk.here("verify", done["plan"]).status == 0
    assert desk.here("rollback", done["plan"], "--yes").status == 0
    assert tree(desk.inbox) == INBOX


def test_after_a_restore_the_last_scan_is_still_the_one_that_plans_are_made_of(desk: Desk) -> None:
    desk.here("versions", "snapshot", "--name", "inbox", desk.inbox)
    desk.committed()
    assert desk.here("versions", "restore", "--version", "inbox", "--yes").status == 0
    assert tree(desk.inbox) == INBOX
    assert desk.here("stage", "create", "--output", desk.target).status == 0


def test_newer_bytes_win_and_an_occupied_name_keeps_both(desk: Desk) -> None:
    plan = desk.committed()
    desk.here("rollback", plan, "--yes")
    with open(desk.inbox / "run.sh", "ab") as script:
        script.write(b"# edited\n")
    write_tree(desk.target / "Financial" / "Documents" / "2021", {b"invoice-17.txt": b"another"})
    result = desk.here("versions", "restore", "--version", "1", "--yes", "--json")
    assert result.status == 0
    assert [each["code"] for each in result.json["newer"]] == ["modified"]
    found = tree(desk.target)
    assert found[b"Development"] == {b"Source code": {b"run.sh": SCRIPT + b"# edited\n"}}
    assert found[b"Financial"] == {
        b"Documents": {b"2021": {b"invoice-17.txt": b"another", b"invoice-17 (version 1).txt": INVOICE}}
    }


def test_what_is_gone_comes_from_a_held_content_else_is_told_of(desk: Desk) -> None:
    desk.committed()
    assert desk.here("versions", "snapshot", "--name", "kept", "--content-max-size", "30").status == 0
    (desk.target / "Development" / "Source code" / "run.sh").unlink()
    next(desk.target.glob("Financial/Documents/*/invoice-17.txt")).unlink()
    result = desk.here("versions", "restore", "--version", "kept", "--yes", "--json")
    assert result.status == 3
    assert [(each["code"], os.path.basename(each["path"])) for each in result.json["problems"]] == [
        ("gone", "invoice-17.txt")
    ]
    restored = desk.target / "Development" / "Source code" / "run.sh"
    assert restored.read_bytes() == SCRIPT
    assert desk.here("rollback", result.json["plan"], "--yes").status == 0
    assert not restored.exists()
    assert desk.here("versions", "prune").status == 0
    assert list((desk.state / "restored").rglob("0")) == []


def test_a_dry_run_names_the_files_that_would_come_from_held_contents_as_the_run_does(desk: Desk) -> None:
    desk.committed()
    assert desk.here("versions", "snapshot", "--name", "kept", "--content-max-size", "1k").status == 0
    script = desk.target / "Development" / "Source code" / "run.sh"
    os.setxattr(script, "user.note", b"hello")
    assert desk.here("versions", "snapshot", "--name", "noted", "--content-max-size", "1k").status == 0
    script.unlink()
    wanted = [
        "Version 3: 1 file to bring back, 2 others there unchanged",
        f"  (a held content) -> {script}",
        "1 moved",
    ]
    rehearsed = desk.here("versions", "restore", "--version", "noted", "--dry-run")
    assert not script.exists()
    done = desk.here("versions", "restore", "--version", "noted", "--yes")
    assert (rehearsed.status, done.status) == (0, 0)
    assert [line.removeprefix("Would be: ") for line in rehearsed.out.splitlines()] == wanted
    assert done.out.splitlines()[:-1] == wanted
    assert os.getxattr(script, "user.note") == b"hello"
    assert list((desk.state / "restored").rglob("*")) == []


def test_prune_asks_before_a_manifest_goes_and_not_for_what_is_left_over(desk: Desk) -> None:
    desk.committed()
    before = desk.here("versions", "list", "--json").json
    refused = desk.here("versions", "prune", "--keep", "0")
    assert refused.status == 2
    assert refused.err == (
        "To let go: 2 manifests, 0 contents (0 B), 0 left over.\n"
        "error[usage]: this has to be confirmed, and there is no terminal to ask on\n  hint: add --yes\n"
    )
    assert desk.here("versions", "list", "--json").json == before
    assert desk.here("versions", "prune", "--keep", "0", "--dry-run").status == 0
    assert desk.here("versions", "prune").status == 0
    assert desk.here("versions", "list", "--json").json == before
    assert desk.here("versions", "prune", "--keep", "0", "--yes").status == 0
    assert desk.here("versions", "list", "--json").json != before


@pytest.mark.parametrize("damage", [b"", b"rotten"])
def test_prune_keeps_one_of_what_the_undo_of_a_restore_has_brought_back(desk: Desk, damage: bytes) -> None:
    desk.committed()
    assert desk.here("versions", "snapshot", "--name", "kept", "--content-max-size", "30").status == 0
    (desk.target / "Development" / "Source code" / "run.sh").unlink()
    plan = desk.here("versions", "restore", "--version", "kept", "--yes", "--json").json["plan"]
    assert desk.here("rollback", plan, "--yes").status == 0
    for path in (desk.state / "contents").rglob("[0-9a-f]" * 64) if damage else ():
        path.chmod(0o600)
        path.write_bytes(damage)
    assert desk.here("versions", "prune", "--keep", "0", "--named", "--yes").status == 0
    good = "restored" if damage else "contents"
    held = {
        folder: [path.read_bytes() for path in (desk.state / folder).rglob("*") if path.is_file()]
        for folder in ("contents", "restored")
    }
    assert {folder: contents.count(SCRIPT) for folder, contents in held.items()} == {
        "contents": 0,
        "restored": 0,
        good: 1,
    }


def test_cherry_pick_brings_only_what_fits_and_a_glob_that_fits_nothing_is_refused(desk: Desk) -> None:
    plan = desk.committed()
    desk.here("rollback", plan, "--yes")
    assert desk.here("versions", "cherry-pick", "--version", "1", "--paths", "*.sh", "--yes").status == 0
    assert tree(desk.target) == {b"Development": {b"Source code": {b"run.sh": SCRIPT}}}
    lines = refusal(desk.here("versions", "cherry-pick", "--version", "1", "--paths", "*.nothing", "--yes"))
    assert lines[0] == "error[not-found]: no file of this version fits"


@pytest.mark.parametrize("wanted", ["9", "nobody", "ffff"])
def test_an_unknown_version_is_refused(desk: Desk, wanted: str) -> None:
    desk.committed()
    lines = refusal(desk.here("versions", "show", wanted))
    assert lines == [f"error[not-found]: there is no version {wanted!r}", "  hint: list them: ifmosfs versions list"]


@contextmanager
def view_of(desk: Desk, *what: str) -> Iterator[Path]:
    """A mounted view of the past."""
    try:
        result = desk.run("mount", *what, desk.mount_point)
        assert result.status == 0, result.err
        yield desk.mount_point
        assert desk.run("unmount", desk.mount_point).status == 0
    finally:
        force_unmount(desk.mount_point)


@pytest.mark.fuse
def test_a_mounted_version_shows_what_is_elsewhere_and_refuses_what_is_gone(desk: Desk) -> None:
    plan = desk.committed()
    desk.here("rollback", plan, "--yes")
    (desk.inbox / "run.sh").unlink()
    try:
        assert desk.run("mount", "--version", "1", desk.mount_point).status == 0
        snapshot = desk.here("versions", "list", "--json").json["versions"][0]["snapshot"]
        assert f"{desk.mount_point}  version {snapshot}\n" in desk.here("status").out
        shown = desk.mount_point / "Financial" / "Documents" / "2021" / "invoice-17.txt"
        gone = desk.mount_point / "Development" / "Source code" / "run.sh"
        assert shown.read_bytes() == INVOICE
        assert os.getxattr(shown, "user.ifmosfs.status") == b"elsewhere"
        with pytest.raises(OSError, match="severed"):
            gone.read_bytes()
        assert os.getxattr(gone, "user.ifmosfs.status") == b"gone"
        assert gone.stat().st_size == len(SCRIPT)
        with pytest.raises(OSError, match="Read-only"):
            (desk.mount_point / "new").mkdir()
        assert desk.run("unmount", desk.mount_point).status == 0
    finally:
        force_unmount(desk.mount_point)


@pytest.mark.fuse
def test_a_mounted_rollback_is_the_tree_that_the_rollback_makes(desk: Desk) -> None:
    plan = desk.committed()
    with view_of(desk, "--rollback", plan) as view:
        shown = read_tree(view / "inbox") if (view / "inbox").exists() else read_tree(view)
    assert desk.here("rollback", plan, "--yes").status == 0
    assert shown == tree(desk.inbox) == INBOX


INVOICE_AT = "Financial/Documents/2021/invoice-17.txt"
SCRIPT_AT = "Development/Source code/run.sh"


def said_of(path: Path) -> tuple[bytes, str]:
    """The status of a file in a view of the past, and where it is."""
    return os.getxattr(path, "user.ifmosfs.status"), os.fsdecode(os.getxattr(path, "user.ifmosfs.place"))


@pytest.mark.fuse
def test_a_mounted_version_follows_what_is_moved_while_it_is_mounted(desk: Desk) -> None:
    plan = desk.committed()
    with view_of(desk, "--version", "1") as view:
        shown = view / INVOICE_AT
        assert said_of(shown) == (b"there", str(desk.target / INVOICE_AT))
        (desk.target / "new").mkdir()
        (desk.target / INVOICE_AT).rename(desk.target / "new/bill.txt")
        assert shown.read_bytes() == INVOICE
        assert said_of(shown) == (b"elsewhere", str(desk.target / "new/bill.txt"))
        (desk.target / "new/bill.txt").rename(desk.target / INVOICE_AT)
        assert said_of(shown) == (b"there", str(desk.target / INVOICE_AT))
        desk.here("rollback", plan, "--yes")
        assert said_of(shown) == (b"elsewhere", str(desk.inbox / "invoice-17.txt"))
        assert read_tree(view) == ORGANISED
        (desk.inbox / "invoice-17.txt").unlink()
        with pytest.raises(OSError, match="severed"):
            shown.read_bytes()
        assert os.getxattr(shown, "user.ifmosfs.status") == b"gone"


@pytest.mark.slow
@pytest.mark.fuse
def test_a_mounted_version_looks_without_the_journal_while_another_process_moves_files(desk: Desk) -> None:
    desk.committed()
    with view_of(desk, "--version", "1") as view, exclusive(desk.state / "lock"):
        (desk.target / INVOICE_AT).rename(desk.target / "bill.txt")
        assert (view / INVOICE_AT).read_bytes() == INVOICE
        assert said_of(view / INVOICE_AT) == (b"elsewhere", str(desk.target / "bill.txt"))


def n_links(folder: Path) -> dict[str, int]:
    """The links of everything below a folder, and of itself."""
    return {os.path.relpath(path, folder): path.stat().st_nlink for path in (folder, *folder.rglob("*"))}


@pytest.mark.fuse
def test_the_views_of_the_past_count_links_as_a_disk_does(desk: Desk) -> None:
    os.link(desk.inbox / "invoice-17.txt", desk.inbox / "copy-17.txt")
    (desk.inbox / "run.sh").unlink()
    plan = desk.committed()
    of_target = {
        ".": 4,
        "Data": 3,
        "Data/Datasets": 2,
        "Data/Datasets/sizes.csv": 1,
        "Financial": 3,
        "Financial/Documents": 3,
        "Financial/Documents/2021": 2,
        "Financial/Documents/2021/copy-17.txt": 2,
        "Financial/Documents/2021/invoice-17.txt": 2,
    }
    of_inbox = {".": 3, "copy-17.txt": 2, "invoice-17.txt": 2, "tables": 2, "tables/sizes.csv": 1, "tables/what.xyz": 1}
    with view_of(desk, "--version", "1") as view:
        assert n_links(view) == of_target
        assert (view / INVOICE_AT).samefile((view / INVOICE_AT).with_name("copy-17.txt"))
    with view_of(desk, "--rollback", plan) as view:
        assert n_links(view / "inbox") == of_inbox
        assert (view / "inbox/invoice-17.txt").samefile(view / "inbox/copy-17.txt")


@pytest.mark.fuse
def test_a_mounted_rollback_follows_what_is_moved_while_it_is_mounted(desk: Desk) -> None:
    plan = desk.committed()
    with view_of(desk, "--rollback", plan) as view:
        shown = view / "inbox/invoice-17.txt"
        assert said_of(shown) == (b"moves back", str(desk.target / INVOICE_AT))
        (desk.target / INVOICE_AT).rename(desk.target / "bill.txt")  # where the rollback will leave it
        assert shown.read_bytes() == INVOICE
        assert said_of(shown) == (b"elsewhere", str(desk.target / "bill.txt"))
        (desk.target / "bill.txt").rename(desk.target / INVOICE_AT)
        assert said_of(shown) == (b"moves back", str(desk.target / INVOICE_AT))
        (desk.target / SCRIPT_AT).unlink()
        with pytest.raises(OSError, match="severed"):
            (view / "inbox/run.sh").read_bytes()
        assert os.getxattr(view / "inbox/run.sh", "user.ifmosfs.status") == b"gone"


@pytest.mark.slow
@pytest.mark.fuse
def test_a_mounted_rollback_has_nothing_left_to_move_back_when_it_was_done(desk: Desk) -> None:
    plan = desk.committed()
    with view_of(desk, "--rollback", plan) as view:
        assert said_of(view / "inbox/run.sh") == (b"moves back", str(desk.target / SCRIPT_AT))
        desk.here("rollback", plan, "--yes")
        assert read_tree(view / "inbox") == INBOX
        assert said_of(view / "inbox/run.sh") == (b"stays", str(desk.inbox / "run.sh"))
        (desk.inbox / "run.sh").rename(desk.inbox / "tables/start.sh")
        assert (view / "inbox/run.sh").read_bytes() == SCRIPT
        assert said_of(view / "inbox/run.sh") == (b"elsewhere", str(desk.inbox / "tables/start.sh"))


def test_nothing_is_brought_to_another_disk_and_what_has_its_own_there_is(desk: Desk) -> None:
    stick = desk.folder / "stick"
    stick.mkdir()
    with another_disk(stick):
        write_tree(stick, {b"a": b"on the stick"})
        taken = desk.here("versions", "snapshot", "--name", "both", "--content-max-size", "1k", stick, desk.inbox)
        assert taken.status == 0, taken
    (desk.inbox / "run.sh").rename(desk.inbox / "moved.sh")
    alone = refusal(desk.here("versions", "cherry-pick", "--version", "both", "--paths", "a", "--yes"))
    assert alone == [
        f"error[plan-outdated]: another disk is mounted here than the one that was recorded: {stick}",
        "  hint: mount the right disk, then run the command again",
    ]
    result = desk.here("versions", "restore", "--version", "both", "--yes", "--json")
    assert (result.status, result.json["moved"]) == (3, 1)
    assert [(each["code"], each["path"]) for each in result.json["problems"]] == [("filesystem-changed", str(stick))]
    assert (tree(desk.inbox), list(stick.iterdir())) == (INBOX, [])


def test_a_snapshot_of_all_targets_tells_which_one_is_not_there(desk: Desk) -> None:
    desk.committed()
    desk.target.rename(desk.folder / "away")
    lines = refusal(desk.here("versions", "snapshot", "--name", "nothing"))
    assert lines == [
        f"error[not-found]: no target is there now: {desk.target}",
        "  hint: name the folders: ifmosfs versions snapshot --name NAME FOLDER",
    ]
    (desk.folder / "away").rename(desk.target)
    with another_disk(desk.target):
        assert refusal(desk.here("versions", "snapshot", "--name", "nothing")) == lines
    assert desk.here("versions", "snapshot", "--name", "all").status == 0


def held_of(desk: Desk, category: str) -> int:
    """How many contents a snapshot of the target keeps for a category."""
    taken = desk.here("versions", "snapshot", "--name", f"of {category}", "--content", category, desk.target, "--json")
    assert (taken.status, taken.json["not_held"]) == (0, []), taken
    return int(taken.json["held"])


def test_a_file_that_a_person_has_put_into_another_folder_is_kept_for_the_category_of_that_folder(desk: Desk) -> None:
    plan = desk.staged()
    dragged = Edit(0, EditKind.MOVE, b"Development/Source code/run.sh", b"Data/Datasets/run.sh", 1)
    with open_catalogue(desk.state) as catalogue:
        catalogue.append_edits(plan, [dragged], 0)
    assert desk.here("commit", plan, "--yes").status == 0
    assert (held_of(desk, "technical_dataset"), held_of(desk, "technical_script")) == (2, 0)


def test_a_plan_says_nothing_of_a_file_that_was_classified_since(desk: Desk) -> None:
    desk.committed()
    script = desk.target / "Development/Source code/run.sh"
    assert desk.here("scan", desk.target).status == 0
    assert desk.here("classify").status == 0
    assert desk.here("teach", script, "technical_dataset").status == 0
    assert (held_of(desk, "technical_dataset"), held_of(desk, "technical_script")) == (2, 0)


def test_contents_of_a_category_are_kept_of_what_was_classified_and_what_never_was_is_told(desk: Desk) -> None:
    desk.here("scan", desk.inbox)
    desk.here("classify")
    taken = desk.here("versions", "snapshot", "--name", "a", "--content", "technical_script", desk.inbox, "--json")
    assert (taken.status, taken.json["held"], taken.json["not_held"]) == (0, 1, [])
    (desk.inbox / "new.sh").write_text("#!/bin/sh\necho new\n")
    more = desk.here("versions", "snapshot", "--name", "b", "--content", "technical_script", desk.inbox, "--json")
    told = [(each["code"], each["path"], each["words"].split(" ")[0]) for each in more.json["not_held"]]
    assert (more.status, more.json["held"], told) == (3, 1, [("never-classified", str(desk.inbox), "1")])
    too_large = ("--content", "technical_script", "--content-max-size", "1")
    small = desk.here("versions", "snapshot", "--name", "c", *too_large, desk.inbox, "--json")
    assert (small.status, small.json["not_held"]) == (0, []), "what is too large would not be kept whatever it is"
