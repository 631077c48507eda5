"""The walk: what is found, what is skipped and why, what cannot be read; the same in memory and on a real disk."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ifmosfs.core.files import Attr, Kind, Place, SkippedEntry, SkipReason, UnreadableEntry
from ifmosfs.core.manifest import FoundFile
from ifmosfs.core.names import to_text
from ifmosfs.core.ports import UNKNOWN_ATTR, Disk, DiskReader
from ifmosfs.core.scan import Reader, ScanResult, ScanRules, look_at, scan_root
from ifmosfs.platform.disk import PosixDisk
from tests.adapters.faults import Answer, Delegating
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.trees import Link, Special, Tree, write_tree

SUPERUSER = Reader(0, frozenset({0}))
TREE: Tree = {
    b"a.txt": b"first",
    b"bad\xff\nname": b"",
    b"x" * 255: b"long",
    b"inside": Link(b"deep"),
    b"outside": Link(b"/"),
    b"broken": Link(b"nowhere"),
    b"loop": Link(b"loop"),
    b"pipe": Special(),
    b"empty": {},
    b"deep": {b"deeper": {b"b": b"second", b"pipe": Special()}, b".hidden": b"third"},
}
FOUND = {
    b"a.txt": Kind.FILE,
    b"bad\xff\nname": Kind.FILE,
    b"x" * 255: Kind.FILE,
    b"inside": Kind.SYMLINK,
    b"outside": Kind.SYMLINK,
    b"broken": Kind.SYMLINK,
    b"loop": Kind.SYMLINK,
    b"deep/deeper/b": Kind.FILE,
    b"deep/.hidden": Kind.FILE,
}


def scan(root: bytes, disk: DiskReader, **given: object) -> ScanResult:
    rules = ScanRules(reader=SUPERUSER, **given)  # type: ignore[arg-type]
    return scan_root(root, disk, rules, lambda _n: None)


def kinds(result: ScanResult) -> dict[bytes, Kind]:
    found = {file.path: file.kind for file in result.found}
    assert len(found) == len(result.found)
    return found


def skipped(result: ScanResult) -> dict[bytes, SkipReason]:
    return {entry.path: entry.reason for entry in result.skipped}


def in_memory(tree: Tree = TREE) -> MemoryDisk:
    return MemoryDisk.from_tree({b"in": tree})


def test_everything_is_found_once_links_are_not_followed_and_special_files_are_skipped() -> None:
    result = scan(b"/in", in_memory())
    assert kinds(result) == FOUND
    assert skipped(result) == {b"pipe": SkipReason.SPECIAL, b"deep/deeper/pipe": SkipReason.SPECIAL}
    assert (result.unreadable, result.n_folders) == ([], 4)


def test_on_a_real_disk_it_is_the_same(tmp_path: Path) -> None:
    write_tree(tmp_path / "in", TREE)
    root = os.fsencode(tmp_path / "in")
    with socket.socket(socket.AF_UNIX) as listening, PosixDisk() as disk:
        listening.bind(os.fsdecode(root + b"/socket"))
        result = scan(root, disk)
    assert kinds(result) == FOUND
    assert set(skipped(result).items()) == {
        (b"pipe", SkipReason.SPECIAL),
        (b"deep/deeper/pipe", SkipReason.SPECIAL),
        (b"socket", SkipReason.SPECIAL),
    }
    assert (result.unreadable, result.n_folders) == ([], 4)


def test_nothing_that_is_scanned_is_opened_or_changed(tmp_path: Path) -> None:
    write_tree(tmp_path / "in", {b"a": b"x", b"deep": {b"b": b"y"}})
    paths = [tmp_path / "in" / name for name in ("a", "deep/b")]
    for path in paths:
        os.utime(path, ns=(1, 2))
    before = [os.lstat(path) for path in paths]
    with PosixDisk() as disk:
        scan(os.fsencode(tmp_path / "in"), disk)
    assert [os.lstat(path) for path in paths] == before


def test_a_found_file_has_the_fingerprint_of_what_is_there() -> None:
    disk = in_memory({b"a": b"first"})
    attr = disk.lstat(Place(b"/in", b"a"))
    assert scan(b"/in", disk).found == [FoundFile(b"a", Kind.FILE, attr.mode, attr.fingerprint, readable=True)]


def test_progress_is_told_the_growing_count() -> None:
    told: list[int] = []
    scan_root(b"/in", in_memory(), ScanRules(SUPERUSER), told.append)
    assert told == sorted(told)
    assert told[-1] == len(FOUND)


# What the walk leaves out


def test_another_filesystem_is_skipped_by_its_device() -> None:
    disk = in_memory({b"a": b"", b"mnt": {}})
    disk.add_filesystem(b"/in/mnt/usb", {b"b": b""})
    result = scan(b"/in", disk)
    assert (kinds(result), skipped(result)) == ({b"a": Kind.FILE}, {b"mnt/usb": SkipReason.OTHER_MOUNT})


def test_the_root_itself_may_be_a_mount_point() -> None:
    disk = in_memory({b"a": b""})
    disk.add_filesystem(b"/usb", {b"b": b""})
    assert kinds(scan(b"/usb", disk, mount_points=frozenset({b"/usb"}))) == {b"b": Kind.FILE}


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("mount_points", SkipReason.OTHER_MOUNT),
        ("own_state", SkipReason.OWN_STATE),
        ("views", SkipReason.OWN_MOUNT),
    ],
)
def test_a_folder_of_the_rules_is_skipped_with_its_reason(rule: str, reason: SkipReason) -> None:
    result = scan(b"/in", in_memory(), **{rule: frozenset({b"/in/deep/deeper", b"/in/a.txt", b"/other"})})
    assert skipped(result) == {b"pipe": SkipReason.SPECIAL, b"deep/deeper": reason}
    assert kinds(result) == {path: kind for path, kind in FOUND.items() if not path.startswith(b"deep/deeper")}


def test_the_journals_folder_is_skipped_wherever_it_is() -> None:
    result = scan(b"/in", in_memory({b".ifmosfs": {b"j": b""}, b"deep": {b".ifmosfs": {b"j": b""}}, b"a": b""}))
    assert kinds(result) == {b"a": Kind.FILE}
    assert skipped(result) == {b".ifmosfs": SkipReason.OWN_STATE, b"deep/.ifmosfs": SkipReason.OWN_STATE}


@pytest.mark.parametrize(
    ("patterns", "gone"),
    [
        (["*.txt"], [b"a.txt"]),
        (["b"], [b"deep/deeper/b"]),
        (["deeper"], [b"deep/deeper"]),
        (["deep/*"], [b"deep/deeper", b"deep/.hidden"]),
        (["*/b"], [b"deep/deeper/b"]),
        (["deep/b", "eep", "A.TXT"], []),
        ([to_text(b"*\xff*")], [b"bad\xff\nname"]),
        (["bad*name"], [b"bad\xff\nname"]),
        (["inside", "[ax]*"], [b"inside", b"a.txt", b"x" * 255]),
    ],
    ids=["name", "deep name", "folder", "path", "any path", "no match", "not UTF-8", "newline", "two patterns"],
)
def test_excluded_entries_are_counted_and_not_entered(patterns: Sequence[str], gone: Sequence[bytes]) -> None:
    result = scan(b"/in", in_memory(), excludes=tuple(patterns))
    excluded = [path for path, reason in skipped(result).items() if reason is SkipReason.EXCLUDED]
    assert sorted(excluded) == sorted(gone)
    assert kinds(result) == {
        path: kind
        for path, kind in FOUND.items()
        if not any(path == folder or path.startswith(folder + b"/") for folder in gone)
    }


def test_a_reason_is_the_programs_own_before_it_is_a_persons() -> None:
    result = scan(b"/in", in_memory({b".ifmosfs": {}, b"pipe": Special()}), excludes=("*",))
    assert result.skipped == [
        SkippedEntry(b"/in", b".ifmosfs", SkipReason.OWN_STATE),
        SkippedEntry(b"/in", b"pipe", SkipReason.SPECIAL),
    ]


# What cannot be read


class Denying(Delegating):
    """Refuses to list one folder."""

    def __init__(self, disk: MemoryDisk, absolute: bytes, number: int) -> None:
        super().__init__(disk)
        self.absolute, self.number = absolute, number

    def list_folder(self, place: Place) -> Sequence[tuple[bytes, Attr]]:
        if place.absolute == self.absolute:
            raise OSError(self.number, os.strerror(self.number), self.absolute)
        return self.disk.list_folder(place)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ENOENT, errno.ELOOP], ids=errno.errorcode.get)
def test_a_folder_that_cannot_be_read_is_named_and_the_rest_is_found(number: int) -> None:
    result = scan(b"/in", Denying(in_memory(), b"/in/deep/deeper", number))
    assert result.unreadable == [UnreadableEntry(b"/in", b"deep/deeper", os.strerror(number))]
    assert kinds(result) == {path: kind for path, kind in FOUND.items() if path != b"deep/deeper/b"}
    assert result.n_folders == 3


def test_a_root_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(PermissionError):
        scan(b"/in", Denying(in_memory(), b"/in", errno.EACCES))


class Dead(Delegating):
    """One entry cannot be looked at, as a mount whose server has died."""

    def list_folder(self, place: Place) -> Sequence[tuple[bytes, Attr]]:
        return [(name, UNKNOWN_ATTR if name == b"dead" else attr) for name, attr in self.disk.list_folder(place)]


@pytest.mark.parametrize(
    ("given", "skipped_as", "n_unreadable"),
    [
        ({}, {}, 1),
        ({"views": frozenset({b"/in/dead"})}, {b"dead": SkipReason.OWN_MOUNT}, 0),
        ({"mount_points": frozenset({b"/in/dead"})}, {b"dead": SkipReason.OTHER_MOUNT}, 0),
        ({"excludes": ("dead",)}, {b"dead": SkipReason.EXCLUDED}, 0),
    ],
    ids=["unknown", "a dead view", "a dead mount", "excluded"],
)
def test_what_cannot_be_looked_at_is_accounted_for(
    given: dict[str, object], skipped_as: dict[bytes, SkipReason], n_unreadable: int
) -> None:
    result = scan(b"/in", Dead(in_memory({b"dead": {b"x": b""}, b"a": b""})), **given)
    assert (kinds(result), skipped(result)) == ({b"a": Kind.FILE}, skipped_as)
    assert len(result.unreadable) == n_unreadable


USER = Reader(1000, frozenset({1000, 50}))
ANYONES = MemoryDisk.from_tree({b"a": b""}).lstat(Place(b"/", b"a"))


@pytest.mark.parametrize(
    ("reader", "mode", "uid", "gid", "may"),
    [
        (SUPERUSER, 0o000, 1000, 1000, True),
        (USER, 0o400, 1000, 7, True),
        (USER, 0o077, 1000, 50, False),
        (USER, 0o040, 7, 50, True),
        (USER, 0o404, 7, 50, False),
        (USER, 0o004, 7, 7, True),
        (USER, 0o440, 7, 7, False),
    ],
    ids=[
        "superuser",
        "owner",
        "owner, though others may",
        "group",
        "group, though others may",
        "others",
        "others may not",
    ],
)
def test_who_may_read_is_the_first_class_that_fits(reader: Reader, mode: int, uid: int, gid: int, may: bool) -> None:
    attr = replace(ANYONES, mode=0o100000 | mode, uid=uid, gid=gid)
    assert reader.may_read(attr) is may


class Private(Delegating):
    """Nobody has any permission on anything."""

    def list_folder(self, place: Place) -> Sequence[tuple[bytes, Attr]]:
        return [(name, replace(attr, mode=attr.mode & ~0o777)) for name, attr in self.disk.list_folder(place)]


def test_a_file_nobody_may_read_is_found_as_unreadable_and_a_link_never_is() -> None:
    disk = in_memory({b"a": b"", b"link": Link(b"a")})
    stranger = ScanRules(Reader(7, frozenset({7})))
    result = scan_root(b"/in", Private(disk), stranger, lambda _n: None)
    assert {file.path: file.readable for file in result.found} == {b"a": False, b"link": True}


# A look at one path


LOOKED: Tree = {
    b"a": {b"b": {b"c": b"deep"}, b"file": b"x", b"pipe": Special()},
    b"link": Link(b"a"),
    b"out": {b"secret": b"x"},
}


def look(root: bytes, disk: DiskReader, path: bytes, *, deep: bool = False) -> object:
    """(found, skipped, whether anything is there, folders not looked into) at a path."""
    rules = ScanRules(reader=SUPERUSER, excludes=("out",))
    seen = look_at(Place(root, path), disk, rules, deep=deep)
    if seen is None:
        return None
    skipped = [(entry.path, entry.reason) for entry in seen.result.skipped]
    return sorted(kinds(seen.result)), skipped, seen.is_there, seen.subfolders


@pytest.mark.parametrize(
    ("path", "deep", "expected"),
    [
        (b"a/file", False, ([b"a/file"], [], True, ())),
        (b"a", False, ([b"a/file"], [(b"a/pipe", SkipReason.SPECIAL)], True, (b"a/b",))),
        (b"a", True, ([b"a/b/c", b"a/file"], [(b"a/pipe", SkipReason.SPECIAL)], True, ())),
        (b"", False, ([b"link"], [(b"out", SkipReason.EXCLUDED)], True, (b"a",))),
        (b"a/gone", True, ([], [], False, ())),
        (b"gone/file", False, ([], [], False, ())),
        (b"a/file/below", False, ([], [], False, ())),
        (b"link/file", False, ([], [], False, ())),
        (b"out", True, ([], [(b"out", SkipReason.EXCLUDED)], True, ())),
        (b"out/secret", False, None),
    ],
)
def test_look_at_a_path_finds_what_a_scan_would_find_there(
    tmp_path: Path, path: bytes, deep: bool, expected: object
) -> None:
    write_tree(tmp_path / "root", LOOKED)
    disk = PosixDisk()
    assert look(os.fsencode(tmp_path / "root"), disk, path, deep=deep) == expected
    disk.close()


class Exhausted(Delegating):
    """No more files can be opened when one path is come to."""

    def __init__(self, disk: Disk, at: bytes, code: int) -> None:
        super().__init__(disk)
        self._at = at
        self._code = code

    def _look(self, call: str, places: tuple[Place, ...], go: Callable[[], Answer]) -> Answer:
        if places[0].path == self._at:
            raise OSError(self._code, os.strerror(self._code))
        return go()


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
@pytest.mark.parametrize("at", [b"a", b"a/b", b"a/file"])
def test_look_for_which_no_more_files_can_be_opened_is_no_look_and_a_scan_tells_of_it(
    tmp_path: Path, at: bytes, code: int
) -> None:
    write_tree(tmp_path / "root", LOOKED)
    root, disk = os.fsencode(tmp_path / "root"), PosixDisk()
    exhausted = Exhausted(disk, at, code)
    with pytest.raises(OSError, match=os.strerror(code)):
        look(root, exhausted, at, deep=True)
    if at != b"a/file":  # which a scan lists and does not open
        unreadable = scan_root(root, exhausted, ScanRules(reader=SUPERUSER), lambda _: None).unreadable
        assert [(entry.path, entry.error) for entry in unreadable] == [(at, os.strerror(code))]
    disk.close()


def test_look_below_a_root_that_is_gone_says_so(tmp_path: Path) -> None:
    disk = PosixDisk()
    with pytest.raises(FileNotFoundError):
        look(os.fsencode(tmp_path / "gone"), disk, b"a")
    disk.close()
