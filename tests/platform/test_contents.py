"""Copies of held contents, with what the files had beside their contents."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ifmosfs.core.files import Place
from ifmosfs.core.manifest import Belongings, Protection
from ifmosfs.platform import metadata
from ifmosfs.platform.contents import ContentStore, Held, copy_out
from ifmosfs.platform.disk import PosixDisk

NOTE = "user.note"


def held(tmp_path: Path) -> Held:
    """A content that is held, of a file with an extended attribute."""
    file = tmp_path / "in" / "a"
    file.parent.mkdir()
    file.write_bytes(b"content")
    os.setxattr(file, NOTE, b"hello")
    with PosixDisk() as disk:
        place = Place(os.fsencode(file.parent), b"a")
        found = ContentStore(os.fsencode(tmp_path / "store")).hold(
            disk, place, disk.lstat(place).fingerprint, Protection.CONTENT_COPY
        )
    assert found is not None
    return found


def test_owner_and_extended_attributes_are_recorded_beside_a_content(tmp_path: Path) -> None:
    assert held(tmp_path).belongings == Belongings(os.getuid(), os.getgid(), ((NOTE, b"hello"),))


def test_a_copy_has_what_the_file_had(tmp_path: Path) -> None:
    found = held(tmp_path)
    assert copy_out(found.place, Place(os.fsencode(tmp_path / "out"), b"b"), 0o104640, 5, found.belongings) == []
    copy = tmp_path / "out/b"
    attr = copy.stat()
    assert (attr.st_mode, attr.st_uid, attr.st_gid, attr.st_mtime_ns) == (0o104640, os.getuid(), os.getgid(), 5)
    assert {name: os.getxattr(copy, name) for name in os.listxattr(copy)} == {NOTE: b"hello"}
    assert os.listdir(tmp_path / "out") == ["b"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a file to another user")
def test_root_gives_the_owner_back(tmp_path: Path) -> None:
    found = held(tmp_path)
    copy_out(found.place, Place(os.fsencode(tmp_path), b"b"), 0o100600, 5, Belongings(1234, 1235))
    attr = (tmp_path / "b").stat()
    assert (attr.st_uid, attr.st_gid, attr.st_mode) == (1234, 1235, 0o100600)


def test_what_may_not_be_given_is_told_and_nobody_else_gets_the_rights_of_an_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = held(tmp_path)

    def refuse(*arguments: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(metadata, "give_owner", refuse)
    belongings = Belongings(1234, 1235, ((NOTE, b"hello"), ("none.such", b"")))
    lacking = copy_out(found.place, Place(os.fsencode(tmp_path), b"b"), 0o106755, 5, belongings)
    copy = tmp_path / "b"
    assert (lacking, copy.stat().st_mode) == (["owner", "none.such"], 0o100755)
    assert os.getxattr(copy, NOTE) == b"hello"


def test_a_copy_that_cannot_be_made_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = held(tmp_path)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        copy_out(found.place, Place(os.fsencode(tmp_path), b"b"), 0o100644, 5, found.belongings)
    assert sorted(os.listdir(tmp_path)) == ["in", "store"]
