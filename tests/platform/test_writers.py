"""Files that another program is writing to are seen, and only those."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ifmosfs.platform import copying, linux
from ifmosfs.platform.writers import FileId, has_writer, open_for_writing
from tests.adapters.disk_conformance import refused

HOLD = "import sys, mmap, os; {}; print(flush=True); sys.stdin.read()"
APPENDING = "held = open(sys.argv[1], 'ab')"
READING = "held = open(sys.argv[1], 'rb')"
MAPPED = "f = open(sys.argv[1], 'r+b'); held = mmap.mmap(f.fileno(), 0); f.close()"
# A mapping keeps a descriptor of its own in Python, so this one lets go of every descriptor behind its back.
MAPPED_ONLY = MAPPED + "; os.closerange(3, 64)"
MAPPED_FOR_READING = "f = open(sys.argv[1], 'rb'); held = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ); f.close()"


@contextmanager
def a_process_that_holds(path: Path, how: str) -> Iterator[None]:
    arguments = [sys.executable, "-c", HOLD.format(how), os.fspath(path)]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.communicate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with content."""
    made = tmp_path / "report\n (1).txt"
    made.write_bytes(b"alpha")
    return made


def identity(path: Path) -> FileId:
    found = os.stat(path)
    return found.st_dev, found.st_ino


@pytest.mark.parametrize("how", [APPENDING, MAPPED, MAPPED_ONLY])
def test_a_file_that_another_process_can_write_to_is_found(path: Path, how: str) -> None:
    with a_process_that_holds(path, how):
        assert identity(path) in open_for_writing()
    assert identity(path) not in open_for_writing()


@pytest.mark.parametrize("how", [READING, MAPPED_FOR_READING])
def test_a_file_that_is_only_read_is_not(path: Path, how: str) -> None:
    with a_process_that_holds(path, how):
        assert identity(path) not in open_for_writing()


def test_what_this_process_has_open_does_not_count(path: Path) -> None:
    with open(path, "ab"):
        assert identity(path) not in open_for_writing()


def test_where_there_is_no_process_folder_nothing_is_found(tmp_path: Path) -> None:
    assert open_for_writing(tmp_path / "absent") == frozenset()


def test_processes_that_vanish_or_are_closed_to_us_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2/fd").mkdir(parents=True)
    (tmp_path / "2/fd/3").symlink_to(tmp_path / "gone")
    assert open_for_writing(tmp_path) == frozenset()


@pytest.mark.parametrize("how", [APPENDING, MAPPED_ONLY])
def test_the_kernel_knows_of_a_writer(path: Path, how: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        assert not has_writer(descriptor)
        with a_process_that_holds(path, how):
            assert has_writer(descriptor)
        assert not has_writer(descriptor)
    finally:
        os.close(descriptor)


def test_a_file_that_is_being_written_is_not_copied(path: Path, tmp_path: Path) -> None:
    folder = os.open(tmp_path, linux.O_PATH)
    source = (folder, os.fsencode(path.name))
    try:
        with a_process_that_holds(path, APPENDING), refused(errno.ETXTBSY):
            copying.copy_entry(source, (folder, b"copy"), linux.attr_at(*source).fingerprint)
    finally:
        os.close(folder)
    assert os.listdir(tmp_path) == [path.name]
