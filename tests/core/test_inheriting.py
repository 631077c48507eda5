"""New folders get from those that they are made in what the system itself would give them."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Place, Root
from ifmosfs.core.inheriting import NewFolderModes, mode_of_list, new_folder_mode
from ifmosfs.core.journal import FolderMeta
from ifmosfs.core.preflight import Credentials, Setting, preflight
from tests.adapters.memory_disk import MemoryDisk
from tests.core.committing import make_run, make_steps

OWNER, USER, GROUP, NAMED_GROUP, MASK, OTHERS = 1, 2, 4, 8, 16, 32
TEAM = [(OWNER, 7), (GROUP, 5), (NAMED_GROUP, 7), (MASK, 7), (OTHERS, 5)]


def acl(*entries: tuple[int, int]) -> bytes:
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, bits, 0) for tag, bits in entries)


@pytest.mark.parametrize(
    ("value", "mode"),
    [
        (acl(*TEAM), 0o775),
        (acl((OWNER, 7), (GROUP, 5), (OTHERS, 0)), 0o750),
        (acl((OWNER, 6), (USER, 7), (GROUP, 7), (MASK, 1), (OTHERS, 4)), 0o614),
        (acl((OWNER, 7), (GROUP, 7)), None),
        (acl(*TEAM)[:-1], None),
        (b"", None),
    ],
)
def test_a_default_list_says_the_mode_by_its_owner_its_mask_and_the_others(value: bytes, mode: int | None) -> None:
    assert mode_of_list(value) == mode


LISTED = (("system.posix_acl_default", acl(*TEAM)), ("user.note", b"n"))


@pytest.mark.parametrize(
    ("above", "planned", "mode"),
    [
        (FolderMeta(0o755, 1, 1, 0, 0), 0o755, 0o755),
        (FolderMeta(0o2775, 1, 1, 0, 0), 0o755, 0o2755),
        (FolderMeta(0o5755, 1, 1, 0, 0), 0o755, 0o755),  # neither setuid nor sticky is passed on
        (FolderMeta(0o2775, 1, 1, 0, 0, LISTED), 0o755, 0o2775),
        (FolderMeta(0o775, 1, 1, 0, 0, LISTED), 0o755, 0o775),
        (FolderMeta(0o2775, 1, 1, 0, 0, LISTED), 0o700, 0o2700),  # somebody has said so
        (None, 0o755, 0o755),
    ],
)
def test_a_new_folder_has_the_setgid_bit_of_the_one_above_and_what_its_list_allows(
    above: FolderMeta | None, planned: int, mode: int
) -> None:
    assert new_folder_mode(above, planned, 0o755) == mode


def shared_disk() -> MemoryDisk:
    disk = MemoryDisk.from_tree({b"srv": {b"team": {b"own": {}}}, b"in": {}})
    disk.add_filesystem(b"/usb", {b"a": b"1"})
    team = Place(b"/srv", b"team")
    disk.restore_folder(team, replace(disk.folder_meta(team), mode=0o2777))
    return disk


@pytest.mark.parametrize(
    ("folder", "mode"),
    [
        (Place(b"/srv/team", b"new"), 0o2755),
        (Place(b"/srv/team", b"new/deep"), 0o2755),
        (Place(b"/srv/team/out", b""), 0o2755),
        (Place(b"/srv/team/out", b"a/b"), 0o2755),
        (Place(b"/srv/team", b"own/new"), 0o755),
        (Place(b"/srv", b"new"), 0o755),
        (Place(b"/", b"new"), 0o755),
    ],
    ids=lambda value: value.absolute.decode() if isinstance(value, Place) else oct(value),
)
def test_the_nearest_folder_that_exists_counts_whatever_root_it_is_below(folder: Place, mode: int) -> None:
    assert NewFolderModes(shared_disk(), 0o755).of(folder) == mode


def test_a_folder_that_is_made_with_the_bit_passes_the_group_on_to_copies() -> None:
    disk = shared_disk()
    out = Place(b"/srv/team", b"out")
    order = WorkOrder(
        make_run(),
        ((out, NewFolderModes(disk, 0o755).of(out)),),
        make_steps(disk, [((b"/usb", b"a"), (b"/srv/team", b"out/a"))]),
    )
    setting = Setting(b"/srv/team", "uuid:memory-1", (Root(b"/usb", "uuid:memory-2"),))
    assert preflight(order, setting, disk, Credentials(1000, frozenset({2000}))).problems == ()
