"""The target's own time, when what should set it back does not come to it."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ifmosfs.core.errors import DiskFailed, DiskFull
from ifmosfs.store.folder_times import TABLE, FolderTimes

WHEN = 1_700_000_000_123_456_789


class Killed(BaseException):
    """Nothing of this process runs any more."""


class Notes:
    """A database as the journal has one, whose transactions can be refused from a certain one on."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.execute(TABLE)
        self.n_left = 1_000

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        if not self.n_left:
            raise DiskFull("no space is left for the database")
        self.n_left -= 1
        yield self.connection

    def all(self) -> list[tuple[bytes, int]]:
        return self.connection.execute("SELECT folder, mtime_ns FROM folder_times").fetchall()


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "target"
    made.mkdir()
    os.utime(made, ns=(WHEN, WHEN))
    return made


def make_inside(notes: Notes, folder: Path, then: Callable[[], object] = bool) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with FolderTimes(notes.writing).keeping(os.fsencode(folder), descriptor):
            os.mkdir("ours", dir_fd=descriptor)
            then()
    finally:
        os.close(descriptor)


def settle(notes: Notes) -> list[bytes]:
    return list(FolderTimes(notes.writing).settle())


def killed() -> None:
    raise Killed


def time_of(folder: Path) -> int:
    return folder.stat().st_mtime_ns


def refused(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("os.utime", refuse)


def test_a_change_does_not_show_in_the_time_and_leaves_no_note(notes: Notes, folder: Path) -> None:
    make_inside(notes, folder)
    assert (os.listdir(folder), time_of(folder), notes.all()) == (["ours"], WHEN, [])


def test_after_a_kill_the_next_opening_gives_the_time_back(notes: Notes, folder: Path) -> None:
    with pytest.raises(Killed):
        make_inside(notes, folder, killed)
    assert (time_of(folder) == WHEN, notes.all()) == (False, [(os.fsencode(folder), WHEN)])
    settle(notes)
    assert (time_of(folder), notes.all()) == (WHEN, [])


def test_after_a_kill_before_the_change_nothing_is_touched(notes: Notes, folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    with pytest.raises(Killed), FolderTimes(notes.writing).keeping(os.fsencode(folder), descriptor):
        raise Killed
    os.close(descriptor)
    settle(notes)
    assert (time_of(folder), notes.all()) == (WHEN, [])


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EINVAL])
def test_a_time_that_cannot_be_set_stops_the_change_and_is_set_by_the_next_opening(
    notes: Notes, folder: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    with monkeypatch.context() as patch:
        refused(patch, code)
        with pytest.raises(OSError, match=os.strerror(code)):
            make_inside(notes, folder)
    settle(notes)
    assert (time_of(folder), notes.all()) == (WHEN, [])


@pytest.mark.parametrize("code", [errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_folder_whose_time_is_not_ours_to_set_keeps_its_new_one(
    notes: Notes, folder: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    with monkeypatch.context() as patch:
        refused(patch, code)
        make_inside(notes, folder)
    assert (os.listdir(folder), time_of(folder) > WHEN, notes.all()) == (["ours"], True, [])


def test_a_change_that_fails_leaves_no_note(notes: Notes, folder: Path) -> None:
    (folder / "ours").mkdir()
    os.utime(folder, ns=(WHEN, WHEN))
    with pytest.raises(FileExistsError):
        make_inside(notes, folder)
    assert (time_of(folder), notes.all()) == (WHEN, [])


def test_a_folder_that_somebody_changed_later_keeps_its_time(notes: Notes, folder: Path) -> None:
    with pytest.raises(Killed):
        make_inside(notes, folder, killed)
    later = time_of(folder) + 60 * 10**9
    os.utime(folder, ns=(later, later))
    settle(notes)
    assert (time_of(folder), notes.all()) == (later, [])


def test_a_folder_on_a_disk_that_is_away_gets_its_time_when_it_is_back(notes: Notes, folder: Path) -> None:
    with pytest.raises(Killed):
        make_inside(notes, folder, killed)
    away = folder.rename(folder.with_name("away"))
    settle(notes)
    away.rename(folder)
    settle(notes)
    assert (time_of(folder), notes.all()) == (WHEN, [])


def test_a_time_that_cannot_be_given_back_by_the_next_opening_either_stays(
    notes: Notes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Killed):
        make_inside(notes, folder, killed)
    with monkeypatch.context() as patch:
        refused(patch, errno.EIO)
        settle(notes)
    assert (time_of(folder) > WHEN, notes.all()) == (True, [])


def test_a_folder_that_is_a_file_by_now_is_not_touched(notes: Notes, folder: Path) -> None:
    with pytest.raises(Killed):
        make_inside(notes, folder, killed)
    folder.rename(folder.with_name("elsewhere"))
    folder.write_bytes(b"somebody's")
    before = time_of(folder)
    settle(notes)
    assert (time_of(folder), notes.all()) == (before, [])


def test_without_room_for_the_note_nothing_is_changed(notes: Notes, folder: Path) -> None:
    notes.n_left = 0
    with pytest.raises(DiskFull):
        make_inside(notes, folder)
    assert (os.listdir(folder), time_of(folder)) == ([], WHEN)


def test_without_room_to_forget_it_the_time_is_given_back_all_the_same(notes: Notes, folder: Path) -> None:
    with pytest.raises(Killed):
        make_inside(notes, folder, killed)
    notes.n_left = 1
    settle(notes)
    assert (time_of(folder), len(notes.all())) == (WHEN, 1)


def test_a_disk_that_fails_under_the_note_stops_the_change(folder: Path) -> None:
    @contextmanager
    def failing() -> Iterator[sqlite3.Connection]:
        raise DiskFailed("the disk failed under the database")
        yield

    descriptor = os.open(folder, os.O_RDONLY)
    with pytest.raises(DiskFailed), FolderTimes(failing).keeping(os.fsencode(folder), descriptor):
        raise AssertionError
    os.close(descriptor)
    assert time_of(folder) == WHEN
