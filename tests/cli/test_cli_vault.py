"""What lost a conflict is listed, counted and brought back; nothing is overwritten, and a rollback knows of it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ifmosfs.app.committing import new_run
from ifmosfs.app.context import App
from ifmosfs.app.settings import load_settings
from ifmosfs.core.execute import WorkOrder, execute
from ifmosfs.core.files import Place
from ifmosfs.core.journal import RunKind
from ifmosfs.core.steps import Step
from ifmosfs.core.vault import lost_place, replaced_place, vault_folders
from ifmosfs.platform import host
from ifmosfs.platform.disk import PosixDisk
from tests.adapters.trees import read_tree, write_tree
from tests.cli.command_line import INVOICE, SCRIPT, Desk, attributes, refusal

THEIRS = b"theirs"


@pytest.fixture
def vaulted(desk: Desk) -> str:
    """A plan; a run of its commit has put `theirs.txt` of the target and the inbox's `run.sh` into the vault."""
    write_tree(desk.target, {b"Docs": {b"theirs.txt": THEIRS}})
    plan = desk.staged()
    target, inbox = os.fsencode(desk.target), os.fsencode(desk.inbox)
    moves = [
        (0, Place(target, b"Docs/theirs.txt"), replaced_place(target, plan, b"Docs/theirs.txt")),
        (2, Place(inbox, b"run.sh"), lost_place(target, plan, 1, b"run.sh")),
    ]
    with App(load_settings(desk.environment)) as app, app.writing() as journal:
        steps = tuple(Step(number, old, new, app.disk.lstat(old).fingerprint) for number, old, new in moves)
        folders = tuple((place, 0o700) for place in vault_folders(step.target for step in steps))
        order = WorkOrder(new_run(RunKind.COMMIT, plan, target), folders=folders, steps=steps)
        execute(order, app.disk, journal, now_ns=host.now_ns)
    return plan


def entries(desk: Desk, *arguments: str) -> dict[str, dict[str, object]]:
    rows = desk.here("vault", "list", "--json", *arguments).json["entries"]
    return {os.path.basename(row["was"]): row for row in rows}


def entry_of(desk: Desk, name: str) -> str:
    return str(entries(desk)[name]["entry"])


def inside_vault(desk: Desk) -> list[str]:
    return sorted(path.name for path in (desk.target / ".ifmosfs").rglob("vault/**/*") if path.is_file())


def test_the_list_tells_what_lies_there_from_where_and_how_much(desk: Desk, vaulted: str) -> None:
    shown = desk.here("vault", "list", "--json").json
    found = entries(desk)
    assert {name: (row["plan"], row["why"], row["size"], row["found"]) for name, row in found.items()} == {
        "theirs.txt": (vaulted, "replaced", 6, "there"),
        "run.sh": (vaulted, "lost", 21, "there"),
    }
    assert shown["disk_use"] == [{"target": str(desk.target), "files": 2, "bytes": 27}]
    assert desk.here("status", "--json").json["vaults"] == shown["disk_use"]
    text = desk.here("vault", "list", vaulted).out
    assert "2 files in the vault, 27 B" in text
    assert "2 files, 27 B" in desk.here("status").out


def test_an_empty_vault_says_so(desk: Desk) -> None:
    plan = desk.staged()
    assert desk.here("vault", "list").out == "Nothing is in the vault.\n"
    assert desk.here("vault", "list", plan, "--json").json == {"entries": [], "disk_use": []}


def test_what_somebody_took_away_is_listed_as_missing_and_not_restored(desk: Desk, vaulted: str) -> None:
    row = entries(desk)["run.sh"]
    os.unlink(str(row["place"]))
    assert entries(desk)["run.sh"]["found"] == "missing"
    assert refusal(desk.here("vault", "restore", str(row["entry"]))) == [
        f"error[not-found]: it is not in the vault any more: {row['place']}",
        "  hint: ifmosfs vault list",
    ]


def test_a_file_goes_back_to_where_it_was_and_the_emptied_folders_go(desk: Desk, vaulted: str) -> None:
    result = desk.here("vault", "restore", entry_of(desk, "run.sh"))
    assert (result.status, (desk.inbox / "run.sh").exists()) == (0, True), result
    assert result.out.endswith("1 file of 1 brought back out of the vault.\n")
    assert (inside_vault(desk), list(entries(desk))) == (["theirs.txt"], ["theirs.txt"])
    assert desk.here("vault", "restore", str(desk.target / "Docs/theirs.txt")).status == 0
    assert (desk.target / "Docs/theirs.txt").read_bytes() == THEIRS
    assert not (desk.target / ".ifmosfs" / "vault").exists()


def test_an_entry_that_is_named_in_two_ways_counts_once(desk: Desk, vaulted: str) -> None:
    result = desk.here("vault", "restore", entry_of(desk, "run.sh"), str(desk.inbox / "run.sh"))
    assert result.status == 0, result
    assert result.out.endswith("1 file of 1 brought back out of the vault.\n")


def test_where_the_name_is_taken_it_comes_beside_it(desk: Desk, vaulted: str) -> None:
    place = desk.target / "Docs"
    (place / "theirs.txt").write_bytes(b"new")
    (place / "theirs (from vault).txt").write_bytes(b"other")
    assert desk.here("vault", "restore", entry_of(desk, "theirs.txt")).status == 0
    assert read_tree(place) == {
        b"theirs.txt": b"new",
        b"theirs (from vault).txt": b"other",
        b"theirs (from vault 2).txt": THEIRS,
    }


@pytest.mark.parametrize(
    ("to", "arrives"), [("folder", "folder/theirs.txt"), ("new/name.txt", "new/name.txt")], ids=["folder", "path"]
)
def test_it_can_go_somewhere_else(desk: Desk, vaulted: str, to: str, arrives: str) -> None:
    (desk.folder / "folder").mkdir()
    assert desk.here("vault", "restore", entry_of(desk, "theirs.txt"), "--to", to).status == 0
    assert (desk.folder / arrives).read_bytes() == THEIRS


def test_the_folders_that_are_made_for_it_belong_to_the_group_of_a_shared_one(desk: Desk, vaulted: str) -> None:
    (desk.folder / "shared").mkdir()
    (desk.folder / "shared").chmod(0o2775)
    assert desk.here("vault", "restore", entry_of(desk, "theirs.txt"), "--to", "shared/a/b/name.txt").status == 0
    made = [desk.folder / "shared" / name for name in ("a", "a/b")]
    assert [folder.stat().st_mode & 0o7777 for folder in made] == [0o2755, 0o2755]


def test_several_files_do_not_go_to_one_name(desk: Desk, vaulted: str) -> None:
    ids = [str(row["entry"]) for row in entries(desk).values()]
    result = desk.here("vault", "restore", *ids, "--to", "one")
    assert (result.status, inside_vault(desk)) == (2, ["run.sh", "theirs.txt"])
    (desk.folder / "one").mkdir()
    assert desk.here("vault", "restore", *ids, "--to", "one").status == 0
    assert sorted(os.listdir(desk.folder / "one")) == ["run.sh", "theirs.txt"]


def test_an_emptied_folder_that_cannot_be_removed_is_told_by_the_status(
    desk: Desk, vaulted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: PosixDisk, place: Place) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patched:
        patched.setattr(PosixDisk, "remove_folder", refuse)
        result = desk.here("vault", "restore", entry_of(desk, "run.sh"))
    assert (result.status, (desk.inbox / "run.sh").exists()) == (3, True), result


def test_those_that_are_there_come_back_and_the_others_are_told(desk: Desk, vaulted: str) -> None:
    """As after a restore that did a part of it and is given again."""
    command = ("vault", "restore", str(desk.target / "Docs/theirs.txt"), str(desk.inbox / "run.sh"))
    assert desk.here(*command[:3]).status == 0
    result = desk.here(*command)
    assert (result.status, inside_vault(desk), (desk.inbox / "run.sh").exists()) == (3, [], True)
    assert f"  not in the vault (any more): {desk.target}/Docs/theirs.txt\n" in result.out
    assert result.out.endswith("1 file of 2 brought back out of the vault.\n")
    assert desk.here(*command).status == 2


def test_folders_that_a_killed_restore_has_emptied_go_when_it_is_given_again(desk: Desk, vaulted: str) -> None:
    for row in entries(desk).values():
        os.rename(str(row["place"]), str(row["was"]))  # as the restore did, but for the end of it
    assert (desk.target / ".ifmosfs" / "vault" / vaulted / "replaced" / "Docs").is_dir()
    assert desk.here("vault", "restore", "nothing-1").status == 2
    assert not (desk.target / ".ifmosfs" / "vault").exists()
    with App(load_settings(desk.environment)) as app:
        assert [entry.selection for entry in app.catalogue.rollbacks()] == ["vault"]


@pytest.mark.parametrize("name", ["nothing-1", "/no/such/path"])
def test_what_is_not_there_is_not_found(desk: Desk, vaulted: str, name: str) -> None:
    assert desk.here("vault", "restore", name).status == 2


def test_a_file_in_the_way_of_its_folder_is_refused_with_the_remedy(desk: Desk, vaulted: str) -> None:
    (desk.target / "Docs").rmdir()
    (desk.target / "Docs").write_bytes(b"a file")
    result = desk.here("vault", "restore", entry_of(desk, "theirs.txt"))
    assert refusal(result)[0].startswith("error[bad-target]: something that is no folder stands on the way")
    assert inside_vault(desk) == ["run.sh", "theirs.txt"]


@pytest.mark.parametrize(
    ("refused", "status", "logged"),
    [
        ({b"theirs.txt"}, 3, (1, 0, 1)),
        ({b"theirs.txt", b"run.sh"}, 4, (0, 0, 2)),
        (set(), 0, (2, 0, 0)),
    ],
    ids=["one", "both", "none"],
)
def test_what_the_system_refuses_to_move_is_told_by_status_and_log(
    desk: Desk,
    vaulted: str,
    monkeypatch: pytest.MonkeyPatch,
    refused: set[bytes],
    status: int,
    logged: tuple[int, int, int],
) -> None:
    """The file of the target counts as much as the one of the plan."""
    rename = PosixDisk.rename_noreplace

    def rename_or_refuse(self: PosixDisk, source: Place, target: Place) -> None:
        if os.path.basename(source.path) in refused:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        rename(self, source, target)

    monkeypatch.setattr(PosixDisk, "rename_noreplace", rename_or_refuse)
    result = desk.here("vault", "restore", *(str(row["entry"]) for row in entries(desk).values()))
    assert result.status == status, result
    assert (
        f"{2 - len(refused)} file{'' if len(refused) == 1 else 's'} of 2 brought back out of the vault." in result.out
    )
    assert sorted(inside_vault(desk)) == sorted(name.decode() for name in refused)
    with App(load_settings(desk.environment)) as app:
        (entry,) = app.catalogue.rollbacks()
    assert (entry.selection, entry.n_done, entry.n_conflicts, entry.n_failed) == ("vault", *logged)


def test_a_rollback_knows_what_was_restored(desk: Desk, vaulted: str, tmp_path: Path) -> None:
    assert desk.here("vault", "restore", entry_of(desk, "theirs.txt"), "--to", str(tmp_path / "mine.txt")).status == 0
    result = desk.here("rollback", vaulted, "--yes", "--json")
    assert (result.status, result.json["problems"]) == (0, []), result
    assert (tmp_path / "mine.txt").read_bytes() == THEIRS
    assert (desk.inbox / "run.sh").exists()
    assert (desk.inbox / "invoice-17.txt").read_bytes() == INVOICE
    assert list(entries(desk)) == []


def test_an_interrupted_restore_is_brought_to_its_end(
    desk: Desk, vaulted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = entry_of(desk, "run.sh")
    rename = PosixDisk.rename_noreplace

    def rename_and_die(self: PosixDisk, source: Place, target: Place) -> None:
        rename(self, source, target)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(PosixDisk, "rename_noreplace", rename_and_die)
        assert desk.here("vault", "restore", wanted).status == 130
    assert (desk.here("recover").status, list(entries(desk))) == (0, ["theirs.txt"])
    assert (desk.inbox / "run.sh").exists()
    assert desk.here("recover").out == "Nothing to recover: every run has finished.\n"


# Emptying


@pytest.fixture
def replaced(desk: Desk) -> str:
    """A committed plan whose `run.sh` has put another one of the target into the vault."""
    write_tree(desk.target, {b"Development": {b"Source code": {b"run.sh": THEIRS}}})
    plan = desk.staged("--conflict", "replace")
    assert desk.here("commit", plan, "--yes").status == 0
    return plan


def emptied(desk: Desk, *arguments: str) -> tuple[int, int, int, list[str]]:
    """The exit status of `vault empty`, how many could go and went, and why others stay."""
    result = desk.here("vault", "empty", "--json", *arguments)
    told = result.json
    return result.status, len(told["expendable"]), told["removed"], [each["why"] for each in told["kept"]]


def test_the_last_copy_of_a_content_stays_whatever_is_said(desk: Desk, replaced: str) -> None:
    assert emptied(desk, "--yes") == (0, 0, 0, ["no other place is known to have its content"])
    assert inside_vault(desk) == ["run.sh"]
    (desk.target / "mine").write_bytes(b"thEirs")
    assert emptied(desk, "--yes")[1:3] == (0, 0), "one of the same size is not one of the same content"


def test_a_file_that_was_put_away_again_by_undoing_a_rollback_is_one_entry_and_not_its_own_other_place(
    desk: Desk, replaced: str
) -> None:
    (entry,) = desk.here("vault", "list", "--json").json["entries"]
    for again in (("rollback", replaced, "--yes"), ("rollback", "execute", replaced, "--redo", "--yes")):
        assert desk.here(*again).status == 0
    (listed,) = desk.here("vault", "list", "--json").json["entries"]
    assert listed["entry"] == entry["entry"]
    assert emptied(desk, "--yes") == (0, 0, 0, ["no other place is known to have its content"])
    assert inside_vault(desk) == ["run.sh"]
    assert desk.here("rollback", replaced, "--yes").status == 0
    assert (desk.target / "Development/Source code/run.sh").read_bytes() == THEIRS


def test_the_very_file_is_never_taken_for_the_other_place_that_has_its_content(desk: Desk, replaced: str) -> None:
    from ifmosfs.app.emptying import Expendable, PreparedEmpty, run_empty
    from ifmosfs.app.holders import Holder, Holders
    from ifmosfs.app.vaulting import vault_entries

    with App(load_settings(desk.environment)) as app, app.writing() as journal:
        (entry,) = vault_entries(app, journal, app.catalogue.plans())
        seen = app.disk.lstat(entry.place).fingerprint
        mistaken = Expendable(entry, seen, Holder(entry.place, seen))
        (report,) = run_empty(
            app, journal, PreparedEmpty((mistaken,), (), Holders(app, {seen.size_bytes})), lambda: None
        )
    assert (report.removed, len(report.problems)) == ((), 1)
    assert inside_vault(desk) == ["run.sh"]


def test_what_is_elsewhere_too_goes_for_good_after_asking_and_the_history_tells(desk: Desk, replaced: str) -> None:
    (desk.target / "copy").write_bytes(THEIRS)
    assert emptied(desk, "--dry-run") == (0, 1, 0, [])
    assert desk.here("vault", "empty").err.splitlines()[1] == "  hint: add --yes"
    assert inside_vault(desk) == ["run.sh"]
    assert emptied(desk, "--yes", "--older-than", "1d")[1] == 0
    assert emptied(desk, "--yes") == (0, 1, 1, [])
    assert (inside_vault(desk), (desk.target / "copy").read_bytes()) == ([], THEIRS)
    events = desk.here("history", desk.target / "Development/Source code/run.sh", "--json").json["files"][0]["events"]
    assert [event["what"] for event in events] == ["put away", "removed"]
    assert [row["selection"] for row in desk.here("history", "--json").json["runs"]][1:] == ["vault empty"] * 2
    assert desk.here("rollback", replaced, "--yes").status == 3, "the displaced file does not come back"
    assert read_tree(desk.inbox)[b"run.sh"] != THEIRS
    assert desk.here("verify", replaced).status == 0


def test_naming_what_was_removed_for_good_says_that_and_not_that_it_is_back(desk: Desk, replaced: str) -> None:
    (desk.target / "copy").write_bytes(THEIRS)
    assert emptied(desk, "--yes") == (0, 1, 1, [])
    rows = desk.here("rollback", "files", replaced, "--json").json["files"]
    (removed,) = [row["id"] for row in rows if row["found"] == "emptied"]
    ids = [option for row in rows for option in ("--ids", row["id"])]
    execute = ("rollback", "execute", replaced, "--yes")
    assert refusal(desk.here(*execute, "--ids", removed)) == [
        "error[wrong-state]: all that was named was removed from the vault for good",
        "  hint: the content of each file was in another place: ifmosfs history FILE",
    ]
    assert desk.here(*execute).status == 3
    assert refusal(desk.here(*execute, *ids))[0] == (
        "error[wrong-state]: all that was named has been moved back already, or was removed from the vault for good"
    )


def test_lists_call_the_runs_of_the_vault_by_their_commands_and_the_emptying_cannot_be_undone(
    desk: Desk, replaced: str
) -> None:
    (desk.target / "copy").write_bytes(THEIRS)
    assert emptied(desk, "--yes") == (0, 1, 1, [])
    rows = desk.here("history", "--json").json["runs"]
    told = [(row["kind"], row["command"], row["moved"], row["direction"], row["removed"]) for row in rows]
    empty = ("rollback", "vault empty", 0, None)
    assert told == [("commit", "commit", 4, "forth", 0), (*empty, 1), (*empty, 0)]
    assert [line.split(f"plan {replaced}  ")[1] for line in desk.here("history").out.splitlines()] == [
        "4 files moved",
        "1 file removed for good",
        "5 empty folders removed",
    ]
    (plan,) = desk.here("rollback", "list", "--json").json["plans"]
    assert [row["command"] for row in plan["runs"]] == ["commit", "vault empty", "vault empty"]
    for row in rows[1:]:
        assert f"  vault empty  {row['run']}  complete\n" in desk.here("rollback", "list").out
        assert refusal(desk.here("rollback", "execute", "--run", row["run"], "--yes"))[0] == (
            f"error[wrong-state]: run {row['run']} has emptied the vault, and what it removed is removed for good"
        )
    assert len(desk.here("history", "--json").json["runs"]) == 3


def test_a_restore_from_the_vault_is_listed_as_such(desk: Desk, replaced: str) -> None:
    (entry,) = desk.here("vault", "list", "--json").json["entries"]
    assert desk.here("vault", "restore", entry["entry"]).status == 0
    last = desk.here("history").out.splitlines()[-1]
    run = desk.here("history", "--json").json["runs"][-1]["run"]
    assert (
        last.split("  ", 1)[1] == f"vault restore  {run}  plan {replaced}  1 file moved back, 5 empty folders removed"
    )


def test_the_undo_of_a_restore_brings_the_file_into_the_vault_again(desk: Desk, replaced: str) -> None:
    before = attributes(desk.target, without=(b".ifmosfs",))
    (entry,) = desk.here("vault", "list", "--json").json["entries"]
    assert desk.here("vault", "restore", entry["entry"]).status == 0
    run = desk.here("history", "--json").json["runs"][-1]["run"]
    result = desk.here("rollback", "execute", "--run", run, "--yes", "--json")
    assert (result.status, result.json["problems"], inside_vault(desk)) == (0, [], ["run.sh"])
    assert attributes(desk.target, without=(b".ifmosfs",)) == before


def test_the_redo_of_a_file_that_has_displaced_another_puts_that_one_into_the_vault_again(
    desk: Desk, replaced: str
) -> None:
    before = attributes(desk.target, without=(b".ifmosfs",))
    assert desk.here("rollback", "restore", "run.sh", "--yes").status == 0
    assert inside_vault(desk) == []
    preview = desk.here("rollback", "execute", replaced, "--redo", "--dry-run", "--json").json
    result = desk.here("rollback", "execute", replaced, "--redo", "--yes", "--json")
    assert (result.status, result.json["moved"], result.json["problems"], inside_vault(desk)) == (0, 1, [], ["run.sh"])
    assert (preview["moved"], preview["problems"]) == (1, [])
    assert attributes(desk.target, without=(b".ifmosfs",)) == before
    assert desk.here("verify", replaced).status == 0


def test_an_emptied_folder_of_the_vault_that_cannot_be_removed_is_told(
    desk: Desk, replaced: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: PosixDisk, place: Place) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    (desk.target / "copy").write_bytes(THEIRS)
    with monkeypatch.context() as patched:
        patched.setattr(PosixDisk, "remove_folder", refuse)
        told = desk.here("vault", "empty", "--yes", "--json").json
    assert (told["removed"], {each["code"] for each in told["problems"]}) == (1, {"refused"})
    assert all("/.ifmosfs/vault/" in each["path"] for each in told["problems"])


def test_a_rollback_undone_after_the_vault_was_emptied_brings_back_what_it_can(desk: Desk, replaced: str) -> None:
    (desk.target / "copy").write_bytes(THEIRS)
    assert emptied(desk, "--yes") == (0, 1, 1, [])
    assert desk.here("rollback", replaced, "--yes").status == 3, "the displaced file does not come back"
    forth = desk.here("rollback", "execute", replaced, "--redo", "--yes", "--json")
    assert (forth.status, forth.json["moved"]) == (0, 3)
    assert (desk.target / "Development/Source code/run.sh").read_bytes() == SCRIPT


def test_the_same_file_by_another_path_is_no_other_place(desk: Desk, replaced: str) -> None:
    moved = desk.folder / "moved"
    desk.target.rename(moved)
    desk.target.symlink_to(moved)
    assert desk.here("versions", "snapshot", "--name", "moved", moved).status == 0
    assert emptied(desk, "--yes") == (0, 0, 0, ["no other place is known to have its content"])
    assert inside_vault(desk) == ["run.sh"]
