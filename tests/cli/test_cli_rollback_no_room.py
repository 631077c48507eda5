"""Where there is no room for the plain copy of the journal once all is done."""

from __future__ import annotations

import pytest

from ifmosfs.core.errors import DiskFull
from ifmosfs.store import journal
from ifmosfs.store.sidecar import Sidecar
from tests.adapters.trees import read_tree
from tests.cli.command_line import INBOX, Desk


def _full(old: Sidecar, folder: bytes, run_id: str) -> Sidecar:
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
