"""What is different between two versions: added, removed, moved, changed, by identity and not by name."""

from __future__ import annotations

from ifmosfs.core.files import Fingerprint
from ifmosfs.core.manifest import SnapshotEntry
from ifmosfs.core.versions import Pair, VersionDiff, changed_too, diff

FOLDER = 0o40755


def entry(
    path: bytes, inode: int, *, size: int = 9, mtime: int = 5, root: bytes = b"/out", birth: int | None = 1
) -> SnapshotEntry:
    return SnapshotEntry(root, path, Fingerprint(inode, size, mtime, 0, birth), None, 0o100644)


def folder(path: bytes, inode: int) -> SnapshotEntry:
    return entry(path, inode)._replace(mode=FOLDER)


A, B = entry(b"a", 1), entry(b"b", 2, size=4)


def test_the_same_is_no_difference_whatever_its_order() -> None:
    assert diff([A, B], [B, A]) == VersionDiff((), (), (), (), 2)
    assert diff([A, B], [B, A]).is_empty


def test_what_came_and_what_went() -> None:
    assert diff([A], [B]) == VersionDiff((B,), (A,), (), (), 0)


def test_a_file_is_moved_wherever_its_inode_is_now_and_may_be_changed_too() -> None:
    there = entry(b"deep/er", 1, size=10)
    found = diff([A, B], [B, there])
    assert found == VersionDiff((), (), (Pair(A, there),), (), 1)
    assert changed_too(found.moved[0])


def test_two_files_that_have_swapped_their_names_are_both_moved() -> None:
    a, b = entry(b"a", 2, size=4), entry(b"b", 1)
    assert diff([A, B], [a, b]) == VersionDiff((), (), (Pair(B, a), Pair(A, b)), (), 0)


def test_what_was_edited_or_saved_anew_under_its_name_is_changed() -> None:
    edited, anew = entry(b"a", 1, mtime=6), entry(b"b", 7, size=8)
    assert diff([A, B], [edited, anew]) == VersionDiff((), (), (), (Pair(A, edited), Pair(B, anew)), 0)


def test_a_name_that_another_file_has_taken_is_no_change_of_the_one_that_moved_away() -> None:
    moved, new = entry(b"old", 1), entry(b"a", 7, size=8)
    assert diff([A], [moved, new]) == VersionDiff((new,), (), (Pair(A, moved),), (), 0)


def test_a_copy_on_another_filesystem_is_known_by_size_and_time_if_only_one_has_them() -> None:
    copy = entry(b"x", 77, root=b"/usb", birth=3)
    assert diff([A], [copy]).moved == (Pair(A, copy),)
    twins = [entry(b"x", 77, root=b"/usb", birth=3), entry(b"y", 78, root=b"/usb", birth=3)]
    assert diff([A], twins) == VersionDiff(tuple(twins), (A,), (), (), 0)


def test_a_file_that_was_edited_and_moved_to_another_root_of_its_filesystem_is_moved_and_changed() -> None:
    there = entry(b"a", 1, size=10, mtime=6, root=b"/in")
    found = diff([A], [there], {b"/out": "disk"}, {b"/out": "disk", b"/in": "disk"})
    assert (found, changed_too(found.moved[0])) == (VersionDiff((), (), (Pair(A, there),), (), 0), True)


def test_the_same_inode_number_on_another_filesystem_or_on_one_without_birth_times_is_no_proof() -> None:
    there = entry(b"a", 1, size=10, mtime=6, root=b"/usb")
    two = VersionDiff((there,), (A,), (), (), 0)
    assert diff([A], [there], {b"/out": "disk"}, {b"/usb": "stick"}) == two
    assert diff([A], [there], {b"/out": "disk"}, {}) == diff([A], [there], {}, {b"/usb": "disk"}) == two
    old, new = entry(b"a", 1, birth=None), there._replace(fingerprint=Fingerprint(1, 10, 6, 0, None))
    disks = {b"/out": "disk", b"/usb": "disk"}
    assert diff([old], [new], disks, disks) == VersionDiff((new,), (old,), (), (), 0)


def test_an_inode_number_that_was_given_again_is_another_file() -> None:
    again = entry(b"z", 1, birth=2, size=3)
    assert diff([A], [again]) == VersionDiff((again,), (A,), (), (), 0)


def test_folders_are_told_only_where_they_came_or_went_and_a_file_in_the_place_of_one_is_new() -> None:
    was, now, stays = folder(b"d", 10), entry(b"d", 11), folder(b"e", 12)
    assert diff([was, stays], [now, stays, folder(b"f", 13)]) == VersionDiff(
        (now,), (), (), (), 0, (folder(b"f", 13),), (was,)
    )
