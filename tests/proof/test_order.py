"""The order of the system calls of a commit that nothing disturbs: what must be durable before what.

It catches what neither a kill nor, with luck, a power cut shows. The last tests are those of single safety nets.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ifmosfs.core.files import Place
from ifmosfs.platform import copying, moving
from ifmosfs.platform.disk import PosixDisk
from tests.adapters.trees import read_tree, write_tree
from tests.proof.conftest import BenchMaker
from tests.proof.test_kills import commit_calls
from tests.proof.tracing import Call, needs_strace

WAL = "journal.db-wal>"


@pytest.fixture
def calls(benches: BenchMaker, tmp_path: Path) -> list[Call]:
    """All changing calls of an undisturbed commit."""
    return commit_calls(benches, tmp_path)


def is_move(call: Call) -> bool:
    """Whether it renames something of the user's, or the run's copy of it."""
    return call.name == "renameat2"


def last_before(calls: list[Call], index: int, wanted: Callable[[Call], bool]) -> int:
    """Where the last such call before another one is; -1 if there is none."""
    return next((place for place in range(index - 1, -1, -1) if wanted(calls[place])), -1)


def first_after(calls: list[Call], index: int, wanted: Callable[[Call], bool]) -> int:
    """Where the first such call after another one is; the end if there is none."""
    return next((place for place in range(index + 1, len(calls)) if wanted(calls[place])), len(calls))


@needs_strace
def test_what_the_database_was_told_is_durable_before_the_first_move_after_it(calls: list[Call]) -> None:
    moves = [index for index, call in enumerate(calls) if is_move(call)]
    assert moves
    for index in moves:
        told = last_before(calls, index, lambda call: call.name == "pwrite64" and WAL in call.text)
        synced = last_before(calls, index, lambda call: call.name == "fdatasync" and WAL in call.text)
        assert -1 < told < synced, str(calls[index])


@needs_strace
def test_the_intents_beside_the_data_are_durable_before_the_first_move_after_them(calls: list[Call]) -> None:
    for index in (index for index, call in enumerate(calls) if is_move(call)):
        intents = last_before(calls, index, lambda call: call.name == "write" and '"intent\\"' in call.text)
        synced = first_after(calls, intents, lambda call: call.name == "fsync" and "journal-" in call.text)
        assert -1 < intents < synced < index, str(calls[index])


@needs_strace
def test_a_move_is_synced_before_the_database_is_told_of_anything(calls: list[Call]) -> None:
    for index in (index for index, call in enumerate(calls) if is_move(call)):
        told = first_after(calls, index, lambda call: call.name == "pwrite64" and WAL in call.text)
        synced = first_after(
            calls, index, lambda call: call.name in {"syncfs", "fsync"} and "journal-" not in call.text
        )
        assert synced < told < len(calls), str(calls[index])


@needs_strace
def test_a_copy_is_synced_before_it_gets_its_name_and_before_its_source_goes(calls: list[Call]) -> None:
    published = [index for index, call in enumerate(calls) if is_move(call) and '".ifmosfs-t-' in call.text]
    assert len(published) == 4
    for index in published:
        name = calls[index].text.split('"')[1]
        written = last_before(
            calls,
            index,
            lambda call, name=name: call.name in {"write", "pwrite64", "copy_file_range"} and name in call.text,
        )
        synced = last_before(calls, index, lambda call, name=name: call.name == "fsync" and f"{name}>" in call.text)
        assert -1 < written < synced, str(calls[index])
    removed = [index for index, call in enumerate(calls) if call.name == "unlinkat" and '".ifmosfs-q-' in call.text]
    assert len(removed) == 4
    assert (
        max(published)
        < first_after(calls, max(published), lambda call: call.name in {"syncfs", "fsync"})
        < min(removed)
    )


@needs_strace
def test_all_folders_are_durable_before_the_first_move(calls: list[Call]) -> None:
    made = [index for index, call in enumerate(calls) if call.name == "mkdirat" and "0700" in call.text]
    first_move = next(index for index, call in enumerate(calls) if is_move(call))
    before = [index for index in made if index < first_move]
    for index in before:
        synced = first_after(
            calls, index, lambda call: call.name in {"syncfs", "fsync"} and "journal-" not in call.text
        )
        assert synced < first_move, str(calls[index])


# Single nets


def test_a_copy_that_does_not_read_back_as_it_was_written_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path, {b"in": {b"f": b"the file"}, b"out": {}})
    really_copy = copying.copy_content

    def copy_wrongly(reader: int, writer: int, size_bytes: int) -> None:
        really_copy(reader, writer, size_bytes)
        os.pwrite(writer, b"X", 3)

    monkeypatch.setattr(copying, "copy_content", copy_wrongly)
    root = os.fsencode(tmp_path)
    with PosixDisk() as disk:
        source = Place(root, b"in/f")
        with pytest.raises(OSError, match="read back") as caught:
            disk.copy(source, Place(root, b"out/t"), disk.lstat(source).fingerprint)
    assert caught.value.errno == errno.EIO
    assert read_tree(tmp_path) == {b"in": {b"f": b"the file"}, b"out": {}}


def test_a_strangers_file_in_the_place_of_a_reservation_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path, {b"in": {b"f": b"the file"}, b"out": {}})
    really_reserve = moving._reserve_file

    def reserve_and_lose(target: moving.Entry) -> object:
        reserved = really_reserve(target)
        (tmp_path / "out/f").unlink()
        (tmp_path / "out/f").write_bytes(b"a stranger's")
        return reserved

    monkeypatch.setattr(moving, "_reserve_file", reserve_and_lose)
    folders = [os.open(tmp_path / name, os.O_RDONLY) for name in ("in", "out")]
    try:
        with pytest.raises(FileExistsError):
            moving.move_by_placeholder((folders[0], b"f"), (folders[1], b"f"))
    finally:
        for folder in folders:
            os.close(folder)
    assert read_tree(tmp_path) == {b"in": {b"f": b"the file"}, b"out": {b"f": b"a stranger's"}}
