"""What it takes to have the files of a version at their names again, on a disk in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ifmosfs.core.files import Place
from ifmosfs.core.inventory import inventory
from ifmosfs.core.manifest import SnapshotEntry
from ifmosfs.core.restoring import Restoration, Restorer, Seen, Whereabouts, absent_roots
from ifmosfs.core.scan import Reader, ScanRules
from tests.adapters.memory_disk import MemoryDisk

IN = b"/in"


def recorded(disk: MemoryDisk, *roots: bytes) -> list[SnapshotEntry]:
    """The manifest of what is in the roots now."""
    return [each for root in roots for each in inventory(Place(root, b""), disk, ScanRules(Reader(0, frozenset())), [])]


def restoration(disk: MemoryDisk, entries: Sequence[SnapshotEntry], roots: Sequence[bytes] = (IN,)) -> Restoration:
    """What brings the entries to their names, from wherever in the roots they are."""
    seen = [Seen(each.place, each.fingerprint) for each in recorded(disk, *roots) if each.mode != 0o40755]
    restorer = Restorer(disk, lambda: Whereabouts(seen, ()), lambda _: False, "version 1", 0o755)
    return restorer.plan(entries, entries)


def moves(found: Restoration) -> list[tuple[bytes, bytes]]:
    """From where to where, by absolute paths."""
    return [(each.source.place.absolute, each.target.absolute) for each in found.wanted if each.source is not None]


def test_a_cycle_of_names_goes_back_as_a_whole() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1", b"b": b"2", b"c": b"3"}})
    entries = recorded(disk, IN)
    for source, target in ((b"a", b"x"), (b"b", b"a"), (b"c", b"b"), (b"x", b"c")):
        disk.rename_noreplace(Place(IN, source), Place(IN, target))
    found = restoration(disk, entries)
    assert sorted(moves(found)) == [(b"/in/a", b"/in/b"), (b"/in/b", b"/in/c"), (b"/in/c", b"/in/a")]
    assert (found.gone, found.beside, found.newer) == ([], [], [])


def test_folders_that_nothing_is_recorded_of_are_made_as_the_one_above_has_it() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"new": {b"a": b"1"}, b"old": {b"b": b"2"}}})
    old, top = Place(IN, b"old"), Place(IN, b"")
    entries = [each for each in recorded(disk, IN) if each.path != b"new"]
    for name, path in ((b"a", b"new/a"), (b"b", b"old/b")):
        disk.rename_noreplace(Place(IN, path), Place(IN, name))
    disk.remove_folder(Place(IN, b"new"))
    disk.remove_folder(old)
    disk.restore_folder(top, replace(disk.folder_meta(top), mode=0o2775))
    assert restoration(disk, entries).folders == [(Place(IN, b"new"), 0o2755), (old, 0o755)]


def test_newer_bytes_win_occupied_names_are_left_and_what_is_nowhere_is_told() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"edited": b"1", b"moved": b"2", b"gone": b"3", b"saved": b"4"}})
    entries = recorded(disk, IN)
    disk.write(Place(IN, b"edited"), b"newer")
    disk.rename_noreplace(Place(IN, b"moved"), Place(IN, b"elsewhere"))
    disk.write(Place(IN, b"moved"), b"somebody else's")
    disk.remove(Place(IN, b"gone"))
    disk.remove(Place(IN, b"saved"))
    disk.write(Place(IN, b"saved"), b"saved anew")
    found = restoration(disk, entries)
    assert moves(found) == [(b"/in/elsewhere", b"/in/moved (version 1)")]
    assert [(each.code, each.path) for each in found.gone] == [("gone", b"/in/gone")]
    assert [(each.code, each.path) for each in found.newer] == [("modified", b"/in/edited"), ("replaced", b"/in/saved")]


def test_another_disk_at_the_place_of_one_is_known_by_its_identity_and_by_the_files_that_are_not_there() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1"}})
    disk.add_filesystem(b"/usb", {b"b": b"2"})
    entries = recorded(disk, IN, b"/usb")
    filesystems = {root: disk.filesystem(Place(root, b"")) for root in (IN, b"/usb")}
    assert absent_roots(entries, filesystems, disk) == frozenset()
    assert absent_roots(entries, {**filesystems, b"/usb": "fsid:of the last mount"}, disk) == frozenset()
    disk.remove(Place(b"/", b"usb"))
    disk.add_filesystem(b"/usb", {b"b": b"2"})
    assert absent_roots(entries, filesystems, disk) == {b"/usb"}
    assert absent_roots(entries, {}, disk) == frozenset(), "of a snapshot that did not record it, nothing is known"
    only_in = [each for each in entries if each.root == IN]
    assert absent_roots(only_in, filesystems, disk) == frozenset(), "a disk that nothing is wanted from may be away"
