"""The driver without FUSE: paths, rename flags, times and the hidden names of libfuse."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from ifmosfs.platform.fuse_paths import PathOperations, Timespec
from ifmosfs.view.values import ROOT_INODE, FsError, FsErrorKind
from tests.platform.fake_view import FakeView

HIDDEN = b".fuse_hidden0000000300000001"
UTIME_NOW = (1 << 30) - 1
UTIME_OMIT = (1 << 30) - 2


@pytest.fixture
def view(tmp_path: Path) -> FakeView:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "one.txt").write_text("one")
    (tmp_path / "folder" / "two.txt").write_text("two")
    return FakeView(os.fsencode(tmp_path))


@pytest.fixture
def paths(view: FakeView) -> PathOperations:
    return PathOperations(view)


def names(view: FakeView, path: bytes) -> list[bytes]:
    listing = view.opendir(view.resolve(path))
    return sorted(entry.name for entry in listing.names(0, len(listing)))


def test_renaming_to_a_hidden_name_unlinks_and_the_hidden_name_stands_for_the_open_file(
    view: FakeView, paths: PathOperations
) -> None:
    opened = paths.open(b"/folder/one.txt", os.O_RDONLY)
    inode = view.resolve(b"folder/one.txt")
    paths.rename(b"/folder/one.txt", b"/folder/" + HIDDEN, 0)
    assert names(view, b"folder") == [b"two.txt"]
    assert paths.inode(b"/folder/" + HIDDEN) == inode
    assert paths.attr(b"/folder/" + HIDDEN, None) == paths.attr(None, opened.handle)
    paths.release(opened.handle)


def test_unlinking_a_hidden_name_ends_the_alias_and_asks_nothing_of_the_view(
    view: FakeView, paths: PathOperations
) -> None:
    paths.rename(b"/folder/one.txt", b"/folder/" + HIDDEN, 0)
    paths.unlink(b"/folder/" + HIDDEN)
    assert names(view, b"folder") == [b"two.txt"]
    with pytest.raises(FsError) as caught:
        paths.inode(b"/folder/" + HIDDEN)
    assert caught.value.kind is FsErrorKind.NOT_FOUND


def test_a_hidden_name_is_found_after_its_folder_was_renamed(paths: PathOperations) -> None:
    opened = paths.open(b"/folder/one.txt", os.O_RDONLY)
    paths.rename(b"/folder/one.txt", b"/folder/" + HIDDEN, 0)
    paths.rename(b"/folder", b"/renamed", 0)
    assert paths.inode(b"/renamed/" + HIDDEN) == paths.attr(None, opened.handle).inode
    paths.release(opened.handle)


def test_a_name_that_only_begins_like_a_hidden_one_is_an_ordinary_name(view: FakeView, paths: PathOperations) -> None:
    paths.rename(b"/folder/one.txt", b"/folder/.fuse_hidden-notes.txt", 0)
    assert names(view, b"folder") == [b".fuse_hidden-notes.txt", b"two.txt"]


def test_making_a_folder_with_a_hidden_name_is_refused(paths: PathOperations) -> None:
    with pytest.raises(FsError) as caught:
        paths.mkdir(b"/" + HIDDEN, 0o755)
    assert caught.value.kind is FsErrorKind.NO_ACCESS


@pytest.mark.parametrize("flags", [3, 4, 5, 8, 0x80000000])
def test_an_unknown_rename_flag_is_refused_and_changes_nothing(
    view: FakeView, paths: PathOperations, flags: int
) -> None:
    with pytest.raises(FsError) as caught:
        paths.rename(b"/folder/one.txt", b"/folder/two.txt", flags)
    assert caught.value.kind is FsErrorKind.INVALID
    assert names(view, b"folder") == [b"one.txt", b"two.txt"]


@pytest.mark.parametrize("act", ["rmdir", "unlink"])
def test_removing_the_root_is_refused_as_busy(paths: PathOperations, act: str) -> None:
    with pytest.raises(FsError) as caught:
        getattr(paths, act)(b"/")
    assert caught.value.kind is FsErrorKind.BUSY


def test_a_handle_that_is_not_open_is_stale(paths: PathOperations) -> None:
    with pytest.raises(FsError) as caught:
        paths.descriptor(99)
    assert caught.value.kind is FsErrorKind.STALE


def test_times_are_set_exactly_and_the_omitted_one_stays(view: FakeView, paths: PathOperations) -> None:
    before = view.getattr(ROOT_INODE)
    paths.set_times(b"/", None, Timespec(0, UTIME_OMIT), Timespec(1_600_000_000, 123_456_789))
    after = view.getattr(ROOT_INODE)
    assert (after.atime_ns, after.mtime_ns) == (before.atime_ns, 1_600_000_000_123_456_789)


def test_the_time_now_is_the_clock_and_not_a_small_number(view: FakeView, paths: PathOperations) -> None:
    earliest = time.time_ns()
    paths.set_times(b"/", None, Timespec(0, UTIME_NOW), Timespec(0, UTIME_NOW))
    attr = view.getattr(ROOT_INODE)
    assert earliest <= attr.atime_ns == attr.mtime_ns <= time.time_ns()


@pytest.mark.parametrize(("flags", "is_refused"), [(0, False), (2, True), (4, False)])
def test_flags_of_macos_for_attributes_are_told_as_those_of_linux(
    paths: PathOperations, monkeypatch: pytest.MonkeyPatch, flags: int, is_refused: bool
) -> None:
    paths.set_xattr(b"/folder/one.txt", b"user.note", b"first", 0)
    monkeypatch.setattr(sys, "platform", "darwin")
    refused = []
    try:
        paths.set_xattr(b"/folder/one.txt", b"user.note", b"second", flags)
    except FsError as error:
        refused.append(error.kind)
    assert refused == ([FsErrorKind.EXISTS] if is_refused else [])
