"""Folders that cannot be scanned, targets that cannot be planned into, places that cannot be mounted on.

Each is refused with its code, the path, the remedy and the right status, before anything has changed.
"""

from __future__ import annotations

import pytest

from tests.adapters.trees import Link, Tree, write_tree
from tests.cli.command_line import Desk, attributes

ROOTS = {
    "missing": (["nowhere"], "no such folder: nowhere", "check the spelling; names with spaces need quotes"),
    "dangling link": (["dangling"], "no such folder: dangling", "check the spelling; names with spaces need quotes"),
    "a file": (["inbox/run.sh"], "not a folder: inbox/run.sh", "name the folder that holds the file"),
    "the whole system": (["/"], "the whole system cannot be organised: /", "name a folder of your own files"),
    "nested": (
        ["inbox", "inbox/tables"],
        "this folder lies inside {inbox}, which is scanned as well: {inbox}/tables",
        "name only the outer folder",
    ),
    "nested through a link": (
        ["by-link", "inbox"],
        "this folder lies inside {inbox}, which is scanned as well: {inbox}/tables",
        "name only the outer folder",
    ),
    "an unreadable name": (
        ["no\nsuch"],
        "no such folder: no\\x0asuch",
        "check the spelling; names with spaces need quotes",
    ),
}


@pytest.mark.parametrize("why", ROOTS)
def test_a_folder_that_cannot_be_scanned_is_refused(desk: Desk, why: str) -> None:
    write_tree(desk.folder, {b"dangling": Link(b"nowhere"), b"by-link": Link(b"inbox/tables")})
    folders, what, hint = ROOTS[why]
    said = f"error[bad-root]: {what.format(inbox=desk.inbox)}\n  hint: {hint}\n"
    assert desk.here("scan", *folders) == (2, "", said)
    assert desk.here("status", "--json").json["sessions"] == []


def test_one_bad_folder_among_several_stops_the_scan_of_all(desk: Desk) -> None:
    assert desk.here("scan", desk.inbox, "nowhere").status == 2
    assert desk.here("status", "--json").json["sessions"] == []


def test_the_same_folder_named_twice_is_scanned_once(desk: Desk) -> None:
    assert desk.here("scan", "inbox", "inbox/", desk.inbox, "--json").json["roots"] == [str(desk.inbox)]


TARGETS = {
    "the scanned folder": ("inbox", "the target and the scanned folder {inbox} lie inside each other"),
    "inside the scanned folder": ("inbox/Organized", "the target and the scanned folder {inbox} lie inside each other"),
    "around the scanned folder": (".", "the target and the scanned folder {inbox} lie inside each other"),
    "a link into the scanned folder": ("by-link", "the target and the scanned folder {inbox} lie inside each other"),
    "a file": ("file", "the target is not a folder"),
    "below a file": ("file/Organized", "{folder}/file is not a folder"),
    "the program's own": ("state/Organized", "the target is a place of the program itself"),
}
TARGET_HINTS = {
    "the target and the scanned folder {inbox} lie inside each other": (
        "choose a target outside, such as --output ~/Organized"
    ),
    "the target is not a folder": "name another one with --output",
    "{folder}/file is not a folder": "name another one with --output",
    "the target is a place of the program itself": "choose another one",
}


@pytest.mark.parametrize("why", TARGETS)
def test_a_target_that_cannot_be_planned_into_is_refused(desk: Desk, why: str) -> None:
    write_tree(desk.folder, {b"file": b"", b"by-link": Link(b"inbox/tables")})
    desk.here("scan", desk.inbox)
    target, what = TARGETS[why]
    words = what.format(inbox=desk.inbox, folder=desk.folder)
    said = f"error[bad-target]: {words}: {target}\n  hint: {TARGET_HINTS[what]}\n"
    assert desk.here("stage", "create", "--output", target) == (2, "", said)
    assert desk.here("stage", "list", "--json").json["plans"] == []


POINTS = {
    "missing": ("nowhere", "the mount point does not exist: {folder}/nowhere", "mkdir -p {folder}/nowhere"),
    "a file": ("file", "the mount point is not a folder: {folder}/file", "choose an empty folder"),
    "not empty": ("home", "the mount point is not empty: {folder}/home", "choose an empty folder"),
}
PLANNED_POINTS = {
    "inside a scanned folder": (
        "inbox/empty",
        "the mount point lies inside a scanned folder: {folder}/inbox/empty",
        "mount outside {folder}/inbox",
    ),
    "inside the target": (
        "Organized/empty",
        "the mount point lies inside the target folder: {folder}/Organized/empty",
        "mount outside {folder}/Organized",
    ),
    "inside the program's own state": (
        "state/empty",
        "the mount point lies in the program's own state folder: {folder}/state/empty",
        "choose another",
    ),
}


def _furnish(desk: Desk) -> None:
    empty: Tree = {b"empty": {}}
    write_tree(desk.folder, {b"file": b"", b"Organized": empty, b"inbox": empty, b"state": empty})
    write_tree(desk.home, {b"something": b""})


@pytest.mark.parametrize("why", [*POINTS, *PLANNED_POINTS])
def test_a_place_that_cannot_be_mounted_on_is_refused(desk: Desk, why: str) -> None:
    _furnish(desk)
    plan = desk.staged()
    where, what, hint = {**POINTS, **PLANNED_POINTS}[why]
    said = f"error[bad-mount-point]: {what}\n  hint: {hint}\n".format(folder=desk.folder)
    assert desk.here("mount", "--plan", plan, where) == (2, "", said)
    assert desk.state_of(plan) == "staged"


@pytest.mark.parametrize("why", [*POINTS, *PLANNED_POINTS])
def test_it_is_refused_before_a_whole_folder_was_scanned_for_nothing(desk: Desk, why: str) -> None:
    _furnish(desk)
    where, what, hint = {**POINTS, **PLANNED_POINTS}[why]
    said = f"error[bad-mount-point]: {what}\n  hint: {hint}\n".format(folder=desk.folder)
    assert desk.here("mount", desk.inbox, where, "--output", desk.target) == (2, "", said)
    assert desk.here("status", "--json").json["sessions"] == []


def test_a_default_mount_point_that_holds_files_is_left_alone(desk: Desk) -> None:
    write_tree(desk.home, {b"IFMOSFS": {b"mine": b"kept"}})
    before = attributes(desk.home)
    refused = desk.here("mount", desk.inbox, "--output", desk.target)
    assert refused == (
        2,
        "",
        "error[bad-mount-point]: the mount point is not empty: ~/IFMOSFS\n  hint: choose an empty folder\n".replace(
            "~", str(desk.home)
        ),
    )
    assert attributes(desk.home) == before


@pytest.mark.parametrize("command", ["unmount", "commit"])
def test_a_folder_where_no_view_is_mounted_is_named(desk: Desk, command: str) -> None:
    assert desk.here(command, desk.mount_point) == (
        2,
        "",
        f"error[not-found]: no view is mounted here: {desk.mount_point}\n  hint: ifmosfs status lists the mounts\n",
    )


def test_unmount_without_any_view_says_so(desk: Desk) -> None:
    assert desk.here("unmount") == (2, "", "error[not-found]: no view is mounted\n  hint: ifmosfs status\n")


@pytest.mark.parametrize("state", ["discarded", "committed"])
def test_a_plan_that_is_over_is_not_mounted(desk: Desk, state: str) -> None:
    plan = desk.committed() if state == "committed" else desk.staged()
    if state == "discarded":
        desk.here("stage", "discard", plan)
    refused = desk.here("mount", "--plan", plan, desk.mount_point)
    assert (refused.status, refused.out, refused.err.split(":")[0]) == (2, "", "error[wrong-state]")
    assert refused.err.splitlines()[0].startswith(f"error[wrong-state]: plan {plan} is {state}")


def test_another_filesystems_mount_point_is_not_taken_for_a_view(desk: Desk) -> None:
    assert desk.here("mount", "--plan", desk.staged(), "/proc") == (
        2,
        "",
        "error[bad-mount-point]: another filesystem is mounted here: /proc\n  hint: choose an empty folder\n",
    )
