"""Commits that cannot begin, or that move nothing: said before anything happens, and nothing is left behind.

What `stage validate` finds, `commit --dry-run` says and `commit` does are the same.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ifmosfs.app.committing import prepare_commit, run_commit
from ifmosfs.app.context import App
from ifmosfs.app.settings import load_settings
from ifmosfs.core.execute import StopRequest
from tests.adapters.trees import read_tree
from tests.cli.command_line import INBOX, TABLE, Desk, Result, attributes, make_inbox
from tests.cli.test_cli_ordinary_user import UsersDesk, users_desk
from tests.cli.test_cli_other_filesystem import small_disk

__all__ = ["users_desk"]

MAY_NOT_CHANGE = "this user may not change the folder"
PERMISSIONS = "  hint: change its permissions, or run as its owner\n"
MOUNTED_READ_ONLY = "its filesystem is mounted read-only"
REMOUNT = "  hint: mount it for writing, or choose another place\n"


def outcome(result: Result, plan: str) -> tuple[int, list[str]]:
    """What a rehearsal and the real commit must have in common: the status and all lines, without the ways on."""
    lines = [line.removeprefix("Would be: ") for line in result.out.splitlines()]
    return result.status, [line for line in lines if plan not in line or line.startswith("Plan ")]


def staged_by(run: Callable[..., Result], desk: Desk, target: Path) -> str:
    run("scan", desk.inbox)
    return str(run("stage", "create", "-o", target, "--json").json["plan"])


# Permissions


def test_a_dry_run_knows_the_folder_that_may_not_be_changed(users_desk: UsersDesk) -> None:
    os.chmod(users_desk.inbox / "tables", 0o555)
    plan = staged_by(users_desk.typed, users_desk, users_desk.target)
    rehearsed = users_desk.typed("commit", plan, "--dry-run")
    committed = users_desk.typed("commit", plan, "--yes")
    assert outcome(rehearsed, plan) == outcome(committed, plan)
    assert committed.status == 3
    assert committed.out.splitlines()[1:3] == [
        "  1 problem found before starting:",
        f"  not-writable: {users_desk.inbox}/tables: {MAY_NOT_CHANGE}",
    ]


def test_a_dry_run_knows_the_emptied_folder_that_cannot_be_removed(users_desk: UsersDesk) -> None:
    make_inbox(users_desk.inbox / "shut", {b"only": {b"sizes.csv": TABLE}})
    users_desk.give()
    os.chmod(users_desk.inbox / "shut", 0o555)
    plan = staged_by(users_desk.typed, users_desk, users_desk.target)
    rehearsed = users_desk.typed("commit", plan, "--dry-run")
    committed = users_desk.typed("commit", plan, "--yes")
    assert outcome(rehearsed, plan) == outcome(committed, plan)
    assert committed.out.splitlines()[-3] == (
        f"  refused: {users_desk.inbox}/shut/only: the operating system refused (Permission denied)"
    )


def test_a_commit_that_may_move_nothing_leaves_nothing_behind(users_desk: UsersDesk) -> None:
    for folder in (users_desk.inbox / "tables", users_desk.inbox):
        os.chmod(folder, 0o555)
    plan = staged_by(users_desk.typed, users_desk, users_desk.target)
    before = attributes(users_desk.folder, without=(b"state",))
    rehearsed = users_desk.typed("commit", plan, "--dry-run")
    committed = users_desk.typed("commit", plan, "--yes")
    assert outcome(rehearsed, plan) == outcome(committed, plan)
    assert (committed.status, users_desk.target.exists()) == (4, False)
    assert "0 moved, 3 refused by the system\n" in committed.out
    assert attributes(users_desk.folder, without=(b"state",)) == before
    assert users_desk.typed("stage", "list", "--json").json["plans"][0]["state"] == "staged"


@pytest.mark.parametrize("there", [True, False], ids=["the target", "its parent"])
@pytest.mark.parametrize("how", ["--yes", "--dry-run"])
def test_a_target_that_may_not_be_written_to_stops_before_the_commit_begins(
    users_desk: UsersDesk, how: str, there: bool
) -> None:
    parent = users_desk.folder / "shut"
    target = parent if there else parent / "not there" / "yet"
    parent.mkdir()
    users_desk.give()
    os.chmod(parent, 0o555)
    plan = staged_by(users_desk.typed, users_desk, target)
    before = attributes(users_desk.folder, without=(b"state",))
    checked = users_desk.typed("stage", "validate", plan)
    assert (checked.status, checked.out) == (
        4,
        (
            f"Plan {plan}: 3 files checked\n  not-writable: {parent}: {MAY_NOT_CHANGE}\n{PERMISSIONS}"
            "1 problem; commit would not begin.\n"
        ),
    )
    assert users_desk.typed("commit", plan, how) == (
        2,
        "",
        f"error[bad-target]: {MAY_NOT_CHANGE}: {parent}\n{PERMISSIONS}",
    )
    assert attributes(users_desk.folder, without=(b"state",)) == before
    assert users_desk.typed("stage", "list", "--json").json["plans"][0]["state"] == "staged"


def test_a_target_whose_folders_are_all_there_is_still_needed_for_the_journal(users_desk: UsersDesk) -> None:
    for folder in ("Data/Datasets", "Development/Source code", "Financial/Documents/2021"):
        (users_desk.target / folder).mkdir(parents=True)
    users_desk.give()
    os.chmod(users_desk.target, 0o555)
    plan = staged_by(users_desk.typed, users_desk, users_desk.target)
    assert users_desk.typed("commit", plan, "--yes") == (
        2,
        "",
        f"error[bad-target]: {MAY_NOT_CHANGE}: {users_desk.target}\n{PERMISSIONS}",
    )


@pytest.mark.parametrize("target", ["/proc/organized", "/etc/organized"])
def test_a_plan_for_a_place_that_may_not_be_written_to_is_made_with_a_warning(
    users_desk: UsersDesk, target: str
) -> None:
    users_desk.typed("scan", users_desk.inbox)
    created = users_desk.typed("stage", "create", "-o", target, "--json")
    assert (created.status, created.json["planned"]) == (0, 3)
    assert created.err == (
        f"warning: {MAY_NOT_CHANGE}: {os.path.dirname(target)} (change its permissions, or run as its owner)\n"
    )
    assert users_desk.typed("stage", "validate", created.json["plan"]).status == 4


def test_a_plan_for_a_place_of_ones_own_is_made_without_a_warning(users_desk: UsersDesk) -> None:
    users_desk.typed("scan", users_desk.inbox)
    created = users_desk.typed("stage", "create", "-o", users_desk.target, "--json")
    assert (created.status, created.err) == (0, "")


# Read-only filesystems


def read_only(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)


@pytest.mark.root
@pytest.mark.parametrize("how", ["--yes", "--dry-run"])
def test_a_read_only_target_stops_before_the_commit_begins(desk: Desk, how: str) -> None:
    before = attributes(desk.inbox)
    with small_disk(desk.target, "1m"):
        read_only(desk.target)
        plan = staged_by(desk.here, desk, desk.target / "deep")
        checked = desk.here("stage", "validate", plan)
        assert (checked.status, checked.out) == (
            4,
            (
                f"Plan {plan}: 3 files checked\n  read-only: {desk.target}: {MOUNTED_READ_ONLY}\n{REMOUNT}"
                "1 problem; commit would not begin.\n"
            ),
        )
        refused = desk.here("commit", plan, how)
        assert refused == (2, "", f"error[bad-target]: {MOUNTED_READ_ONLY}: {desk.target}\n{REMOUNT}")
        assert (attributes(desk.inbox), desk.state_of(plan)) == (before, "staged")


@pytest.mark.root
def test_a_plan_for_a_read_only_place_is_made_with_a_warning(desk: Desk) -> None:
    with small_disk(desk.target, "1m"):
        read_only(desk.target)
        desk.here("scan", desk.inbox)
        created = desk.here("stage", "create", "-o", desk.target)
        assert (created.status, created.err) == (
            0,
            f"warning: {MOUNTED_READ_ONLY}: {desk.target} (mount it for writing, or choose another place)\n",
        )


@pytest.mark.root
def test_a_read_only_inbox_keeps_its_files_and_nothing_is_left_in_the_target(bare_desk: Desk) -> None:
    bare_desk.mount_point.mkdir()
    bare_desk.home.mkdir()
    with small_disk(bare_desk.inbox, "1m"):
        make_inbox(bare_desk.inbox)
        plan = bare_desk.staged()
        read_only(bare_desk.inbox)
        checked = bare_desk.here("stage", "validate", plan)
        assert (checked.status, checked.out) == (
            4,
            (
                f"Plan {plan}: 3 files checked\n  read-only: {bare_desk.inbox}: {MOUNTED_READ_ONLY}\n{REMOUNT}"
                "1 problem; commit would leave those files where they are.\n"
            ),
        )
        rehearsed = bare_desk.here("commit", plan, "--dry-run")
        committed = bare_desk.here("commit", plan, "--yes")
        assert outcome(rehearsed, plan) == outcome(committed, plan)
        assert "0 moved, 3 refused by the system\n" in committed.out
        assert (committed.status, bare_desk.target.exists(), bare_desk.state_of(plan)) == (4, False, "staged")
        assert read_tree(bare_desk.inbox) == INBOX


# Places that are symlinks by now


@pytest.mark.parametrize("command", [["stage", "validate"], ["commit", "--yes"], ["commit", "--dry-run"]], ids=" ".join)
@pytest.mark.parametrize("which", ["target", "inbox"])
def test_a_place_that_was_replaced_by_a_symlink_is_not_followed(desk: Desk, which: str, command: list[str]) -> None:
    desk.target.mkdir()
    (desk.folder / "else").mkdir()
    plan = desk.staged()
    place = desk.folder / ("Organized" if which == "target" else "inbox")
    place.rename(desk.folder / "real")
    place.symlink_to("else" if which == "target" else "real")
    before = attributes(desk.folder, without=(b"state",))
    assert desk.here(*command, plan) == (
        5,
        "",
        (
            f"error[plan-outdated]: a symlink leads elsewhere from here than when the plan was made: {place}\n"
            "  hint: put the folder back in its place, or plan again\n"
        ),
    )
    assert attributes(desk.folder, without=(b"state",)) == before
    assert desk.state_of(plan) == "staged"


@pytest.mark.parametrize("command", [["stage", "validate"], ["commit", "--yes"], ["commit", "--dry-run"]], ids=" ".join)
def test_a_file_in_the_targets_place_stops_before_the_commit_begins(desk: Desk, command: list[str]) -> None:
    plan = desk.staged()
    desk.target.write_bytes(b"mine")
    before = attributes(desk.folder, without=(b"state",))
    assert desk.here(*command, plan) == (
        5,
        "",
        (
            f"error[plan-outdated]: there is no folder any more where files are to go: {desk.target}\n"
            "  hint: move away what is there, or plan again\n"
        ),
    )
    assert (attributes(desk.folder, without=(b"state",)), desk.state_of(plan)) == (before, "staged")


# Which of several


def test_several_plans_that_could_be_meant_are_said_in_the_plural(desk: Desk) -> None:
    desk.staged()
    desk.staged()
    assert desk.here("commit", "--yes").err.splitlines()[0] == (
        "error[ambiguous]: several plans that are committing or staged or validated"
    )


# Interrupted before the first file


@pytest.mark.parametrize("there", [True, False], ids=["target there", "target not there"])
def test_a_commit_stopped_before_its_first_file_leaves_nothing_behind(desk: Desk, there: bool) -> None:
    if there:
        make_inbox(desk.target, {b"theirs": b""})
    plan = desk.staged()
    before = attributes(desk.folder, without=(b"state",))
    with App(load_settings(desk.environment)) as app, app.writing() as journal:
        prepared = prepare_commit(app, journal, app.catalogue.find_plan(plan, None))
        report = run_commit(app, journal, prepared, snapshot=True, stop=lambda: StopRequest.NOW)
    assert (report.n_done, report.n_skipped, report.n_folders_made) == (0, 3, 0)
    assert attributes(desk.folder, without=(b"state",)) == before
    assert desk.state_of(plan) == "staged"
    assert desk.here("status").status == 0
    assert desk.here("commit", plan, "--yes").status == 0
    assert desk.here("verify", plan).status == 0
    assert desk.here("rollback", plan, "--yes").status == 0
    assert attributes(desk.folder, without=(b"state",)) == before
