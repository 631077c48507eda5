"""A copy has everything that the original has, or there is no copy."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from ifmosfs.core.ports import Copied
from ifmosfs.platform import copying, linux
from ifmosfs.platform.moving import Entry
from tests.adapters.disk_conformance import refused

MIB = 1 << 20


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, linux.O_PATH)
    yield descriptor
    os.close(descriptor)


def copy(source: Entry, temporary: Entry) -> Copied:
    return copying.copy_entry(source, temporary, linux.attr_at(*source).fingerprint)


def acl(*entries: tuple[int, int, int]) -> bytes:
    """An ACL as the kernel stores it: version 2, then (tag, permissions, id) each."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


NOBODY = 0xFFFFFFFF
READABLE_BY_1234 = acl((1, 6, NOBODY), (2, 4, 1234), (4, 4, NOBODY), (16, 4, NOBODY), (32, 0, NOBODY))


def set_or_skip(path: Path, name: str, value: bytes) -> None:
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        pytest.skip(f"the temporary folder's filesystem does not take {name}: {error.strerror}")


def test_holes_stay_holes(tmp_path: Path, folder: int) -> None:
    with open(tmp_path / "sparse", "wb") as file:
        file.write(b"start")
        file.seek(40 * MIB)
        file.write(b"middle")
        file.truncate(80 * MIB + 3)
    copied = copy((folder, b"sparse"), (folder, b"copy"))
    source, target = os.stat(tmp_path / "sparse"), os.stat(tmp_path / "copy")
    assert (target.st_size, target.st_blocks) == (source.st_size, source.st_blocks)
    assert copied.digest == blake3((tmp_path / "sparse").read_bytes()).digest()


def test_a_file_that_is_one_hole_stays_one(tmp_path: Path, folder: int) -> None:
    (tmp_path / "hole").touch()
    os.truncate(tmp_path / "hole", 5 * MIB)
    copied = copy((folder, b"hole"), (folder, b"copy"))
    assert (copied.attr.size_bytes, copied.attr.n_blocks) == (5 * MIB, 0)


def test_content_without_the_kernels_help_is_the_same(tmp_path: Path) -> None:
    content = os.urandom(3 * MIB + 17)
    (tmp_path / "big").write_bytes(content)
    with open(tmp_path / "big", "rb") as source, open(tmp_path / "copy", "x+b") as target:
        copying._copy_through_memory(source.fileno(), target.fileno(), 0, len(content))
    assert (tmp_path / "copy").read_bytes() == content


def test_extended_attributes_and_acl_come_along(tmp_path: Path, folder: int) -> None:
    (tmp_path / "a").write_bytes(b"alpha")
    set_or_skip(tmp_path / "a", "user.note", b"n\0te")
    set_or_skip(tmp_path / "a", "system.posix_acl_access", READABLE_BY_1234)
    copy((folder, b"a"), (folder, b"copy"))
    names = os.listxattr(tmp_path / "copy")
    assert {name: os.getxattr(tmp_path / "copy", name) for name in names} == {
        "user.note": b"n\0te",
        "system.posix_acl_access": READABLE_BY_1234,
    }
    assert os.stat(tmp_path / "copy").st_mode == os.stat(tmp_path / "a").st_mode


def test_the_target_folders_default_acl_does_not_rub_off(tmp_path: Path, folder: int) -> None:
    (tmp_path / "a").write_bytes(b"alpha")
    (tmp_path / "a").chmod(0o640)
    (tmp_path / "out").mkdir()
    set_or_skip(tmp_path / "out", "system.posix_acl_default", READABLE_BY_1234)
    out = os.open(tmp_path / "out", linux.O_PATH)
    try:
        copied = copy((folder, b"a"), (out, b"copy"))
    finally:
        os.close(out)
    assert os.listxattr(tmp_path / "out" / "copy") == []
    assert copied.attr.mode == linux.attr_at(folder, b"a").mode


def test_setuid_survives_the_change_of_owner(tmp_path: Path, folder: int) -> None:
    (tmp_path / "a").write_bytes(b"alpha")
    (tmp_path / "a").chmod(0o4755)
    assert copy((folder, b"a"), (folder, b"copy")).attr.mode & 0o7777 == 0o4755


@pytest.mark.root
def test_a_foreign_owner_comes_along(tmp_path: Path, folder: int) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to give files away")
    (tmp_path / "a").write_bytes(b"alpha")
    os.chown(tmp_path / "a", 1234, 2345)
    (tmp_path / "a").chmod(0o6750)
    attr = copy((folder, b"a"), (folder, b"copy")).attr
    assert (attr.uid, attr.gid, attr.mode & 0o7777) == (1234, 2345, 0o6750)


def test_times_come_along_to_the_nanosecond(tmp_path: Path, folder: int) -> None:
    (tmp_path / "a").write_bytes(b"alpha")
    os.utime(tmp_path / "a", ns=(1_500_000_000_123_456_789, 1_400_000_000_987_654_321))
    attr = copy((folder, b"a"), (folder, b"copy")).attr
    found = os.stat(tmp_path / "copy")
    assert (attr.atime_ns, attr.mtime_ns) == (1_500_000_000_123_456_789, 1_400_000_000_987_654_321)
    assert (found.st_atime_ns, found.st_mtime_ns) == (attr.atime_ns, attr.mtime_ns)


def test_a_file_without_read_permission_bits_keeps_its_mode(tmp_path: Path, folder: int) -> None:
    (tmp_path / "a").write_bytes(b"alpha")
    (tmp_path / "a").chmod(0o400)
    assert copy((folder, b"a"), (folder, b"copy")).attr.mode & 0o7777 == 0o400


def test_a_source_that_is_cut_short_while_it_is_read_is_stale(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"short")
    with open(tmp_path / "a", "rb") as source, open(tmp_path / "copy", "x+b") as target, refused(errno.ESTALE):
        copying._copy_through_memory(source.fileno(), target.fileno(), 0, MIB)


def test_the_digest_reads_past_the_block_size(tmp_path: Path) -> None:
    content = os.urandom(2 * copying.BLOCK_BYTES + 5)
    (tmp_path / "a").write_bytes(content)
    with open(tmp_path / "a", "rb") as file:
        assert copying.digest_of(file.fileno()) == blake3(content).digest()
