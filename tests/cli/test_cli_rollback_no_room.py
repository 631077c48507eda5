"""Rollbacks without room: for what must be copied, and for the plain copy of the journal once all is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from ifmosfs.core.errors import DiskFull
from ifmosfs.store import journal
from ifmosfs.store.sidecar import Keeping, Sidecar
from tests.adapters.trees import read_tree
from tests.cli.command_line import INBOX, TABLE, Desk, many_files, refusal
from tests.cli.test_cli_other_filesystem import BIG_TABLES, fill, small_disk


def _full(old: Sidecar, folder: bytes, run_id: str, keeping: Keeping) -> Sidecar:
    raise DiskFull("no space is left for the journal beside the data", path=folder)


def test_a_redo_is_done_and_told_so_when_the_journals_beside_the_data_have_no_room(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = desk.committed()
    organised = {name: tree for name, tree in read_tree(desk.target).items() if name != b".ifmosfs"}
    assert desk.here("rollback", plan, "--yes").status == 0
    with monkeypatch.context() as patched:
        patched.setattr(journal, "move_sidecar", _full)
        result = desk.here("rollback", plan, "--redo", "--yes", "--json")
    stays = [(each["code"], each["path"]) for each in result.json["problems"]]
    assert (result.status, result.json["moved"], stays) == (0, 3, [("journal-stays", str(desk.target / ".ifmosfs"))])
    assert desk.state_of(plan) == "committed"
    assert read_tree(desk.target) == organised
    assert desk.here("verify", plan).status == 0
    assert [row["selection"] for row in desk.here("history", "--json").json["runs"]][1:] == ["plan", "--redo"]
    assert desk.here("rollback", plan, "--yes").status == 0
    assert (read_tree(desk.inbox), desk.state_of(plan)) == (INBOX, "rolled_back")


def leave(folder: Path, n_bytes: int) -> Path:
    """Take all space but so much; what takes it."""
    filler = fill(folder)
    with filler.open("r+b") as file:
        file.truncate(filler.stat().st_size - n_bytes)
    return filler


@pytest.mark.root
@pytest.mark.parametrize("command", [("preview",), ("execute", "--dry-run")])
def test_a_redo_to_a_disk_without_room_is_told_beforehand_and_does_not_begin(
    bare_desk: Desk, command: tuple[str, ...]
) -> None:
    bare_desk.set_up(BIG_TABLES)
    with small_disk(bare_desk.folder / "stick", "16m") as stick:
        target = stick / "Organized"
        bare_desk.here("scan", bare_desk.inbox)
        plan = bare_desk.here("stage", "create", "-o", target, "--json").json["plan"]
        for done in (("commit", plan), ("rollback", plan)):
            assert bare_desk.here(*done, "--yes").status == 0
        filler = leave(stick, 1 << 20)
        words = "not enough space for the files that come from another filesystem"
        hint = "free some space, then run the same command again"

        told = bare_desk.here("rollback", *command, plan, "--redo", "--json")
        fields = {name: told.json[name] for name in ("state", "moved", "skipped", "problems")}
        problem = {"code": "no-space", "path": str(target), "words": words, "remedy": hint}
        assert (told.status, fields) == (
            1,
            {"state": "held_up", "moved": 0, "skipped": len(BIG_TABLES), "problems": [problem]},
        )
        lines = bare_desk.here("rollback", *command, plan, "--redo").out.splitlines()
        assert lines[-3:] == [
            f"Would be: 0 moved, {len(BIG_TABLES)} not reached (the disk is full)",
            f"  no-space: {target}: {words}",
            f"  hint: {hint}",
        ]

        result = bare_desk.here("rollback", "execute", plan, "--redo", "--yes")
        assert (result.status, result.out) == (1, "")
        assert refusal(result) == [f"error[disk-full]: {words}: {target}", f"  hint: {hint}"]
        assert (read_tree(bare_desk.inbox), target.exists(), bare_desk.state_of(plan)) == (
            BIG_TABLES,
            False,
            "rolled_back",
        )

        filler.unlink()
        assert bare_desk.here("rollback", *command, plan, "--redo").status == 0
        assert bare_desk.here("rollback", "execute", plan, "--redo", "--yes").status == 0
        assert bare_desk.here("verify", plan).status == 0


@pytest.mark.root
def test_a_rollback_within_one_full_disk_needs_no_room_and_is_not_held_up(bare_desk: Desk) -> None:
    with small_disk(bare_desk.folder / "stick", "16m") as stick:
        desk = Desk(stick)
        desk.set_up(many_files(20))
        plan = desk.committed()
        filler = leave(stick, 2 << 20)
        before = filler.stat().st_size
        assert desk.here("rollback", "preview", plan).status == 0
        assert desk.here("rollback", plan, "--yes").status == 0
        assert (read_tree(desk.inbox), filler.stat().st_size) == (many_files(20), before)


@pytest.mark.root
def test_a_held_content_without_room_for_its_copy_is_told_beforehand_and_the_other_files_go_back(
    bare_desk: Desk,
) -> None:
    large = b"a,b\n" + b"1,2\n" * 700_000
    bare_desk.set_up({b"large.csv": large, b"sizes.csv": TABLE})
    with small_disk(bare_desk.state, "64m"):
        plan = bare_desk.committed()
        assert bare_desk.here("versions", "snapshot", "--name", "kept", "--content-max-size", "8m").status == 0
        (bare_desk.target / "Data/Datasets/large.csv").unlink()
        filler = leave(bare_desk.state, 2 << 20)
        told = bare_desk.here("rollback", "preview", plan, "--json")
        problem = {
            "code": "no-space",
            "path": str(bare_desk.inbox / "large.csv"),
            "words": "not enough space for a copy of the content that is held",
            "remedy": "free some space, then run the same command again",
        }
        assert (told.status, told.json["state"], told.json["moved"], told.json["problems"]) == (
            3,
            "complete",
            1,
            [problem],
        )
        result = bare_desk.here("rollback", plan, "--yes")
        assert "  There is no room now for the copies of 1 file of these" in result.out.splitlines()
        assert (result.status, read_tree(bare_desk.inbox)) == (3, {b"sizes.csv": TABLE})
        filler.unlink()
        assert bare_desk.here("rollback", plan, "--yes").status == 0
        assert read_tree(bare_desk.inbox) == {b"large.csv": large, b"sizes.csv": TABLE}
