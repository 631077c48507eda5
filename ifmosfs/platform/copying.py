"""Copying one file or symlink to another filesystem with all it has, so that the original can be removed afterwards.

The copy is proven before it is reported: synced, dropped from the page cache, read back and compared. Whatever cannot be kept
(an ACL or extended attribute the target cannot hold, a foreign owner) is an error, not a silent loss; only what a filesystem
has no room for in any file (owner and mode on FAT and its kin, fractions of a second) is left to the caller, who sees the
attributes that arrived. Once the copy has been begun, an error removes it again.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from typing import Final

from blake3 import blake3

from ifmosfs.core.files import Attr, Fingerprint
from ifmosfs.core.ports import Copied
from ifmosfs.platform import linux, metadata
from ifmosfs.platform.filesystems import holds_owners
from ifmosfs.platform.moving import Entry
from ifmosfs.platform.syncing import open_for_sync, sync_filesystem
from ifmosfs.platform.writers import has_writer

BLOCK_BYTES: Final = 1 << 20
RANGE_BYTES: Final = 1 << 30

READ_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NEW_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def copy_entry(source: Entry, temporary: Entry, expected: Fingerprint) -> Copied:
    """Copy a regular file or a symlink; see `core.ports.Disk.copy` for what is promised and which errors there are."""
    before = linux.attr_at(*source)
    if not before.fingerprint.same_file(expected):
        raise _error(errno.ESTALE)
    if stat.S_ISLNK(before.mode):
        return _copy_symlink(source, temporary, before)
    return _copy_file(source, temporary, before)


def open_regular(entry: Entry) -> int:
    """A read-only descriptor of a regular file: never blocking, access time untouched where allowed; EINVAL for the rest."""
    mode = linux.attr_at(*entry).mode
    if stat.S_ISLNK(mode):
        raise _error(errno.ELOOP)
    if not stat.S_ISREG(mode):  # asked before opening: opening a device can have effects
        raise _error(errno.EINVAL)
    descriptor = _open_quietly(entry)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _error(errno.EINVAL)
    return descriptor


def _open_quietly(entry: Entry) -> int:
    try:
        return os.open(entry[1], READ_FLAGS | linux.O_NOATIME, dir_fd=entry[0])
    except PermissionError as error:
        if error.errno != errno.EPERM:
            raise
    return os.open(entry[1], READ_FLAGS, dir_fd=entry[0])  # only the owner may ask for O_NOATIME


def digest_of(descriptor: int) -> bytes:
    """BLAKE3 (32 bytes) of an open file's whole content."""
    hasher = blake3()
    buffer = memoryview(bytearray(BLOCK_BYTES))
    position = 0
    while n_read := os.preadv(descriptor, [buffer], position):
        hasher.update(buffer[:n_read])
        position += n_read
    return hasher.digest()


def _copy_file(source: Entry, temporary: Entry, before: Attr) -> Copied:
    reader = open_regular(source)
    try:
        writer = os.open(temporary[1], NEW_FLAGS, 0o600, dir_fd=temporary[0])
        try:
            return _fill(reader, writer, before)
        except BaseException:
            _remove_own(temporary, writer)
            raise
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def _fill(reader: int, writer: int, before: Attr) -> Copied:
    _require_unwritten(reader)
    _require_unchanged(before, linux.attr_at(reader, b""))
    copy_content(reader, writer, before.size_bytes)
    _give_all(reader, writer, before)
    os.fsync(writer)
    _read_quietly(writer)
    os.posix_fadvise(writer, 0, 0, os.POSIX_FADV_DONTNEED)
    digest = digest_of(reader)
    if digest_of(writer) != digest:
        raise OSError(errno.EIO, "the copy does not read back as it was written")
    _require_unwritten(reader)
    _require_unchanged(before, linux.attr_at(reader, b""))
    return Copied(digest, linux.attr_at(writer, b""))


def _read_quietly(writer: int) -> None:
    """Let the reading back leave the access time alone, where the new file is ours (it may be another's by now)."""
    with contextlib.suppress(PermissionError):
        fcntl.fcntl(writer, fcntl.F_SETFL, linux.O_NOATIME)


def _require_unwritten(reader: int) -> None:
    """A copy of what is being written would be a mixture, and the source's time says nothing of a mapping's writes yet."""
    if has_writer(reader):
        raise _error(errno.ETXTBSY)


def _require_unchanged(before: Attr, now: Attr) -> None:
    if now.fingerprint != before.fingerprint:
        raise _error(errno.ESTALE)


def _give_all(reader: int, writer: int, before: Attr) -> None:
    """Owner, mode, xattrs, times, in this order: a chown takes setuid away, an ACL is part of the mode, all set ctime."""
    wanted = metadata.xattrs_of(reader)
    if holds_owners(writer):
        metadata.give_owner(writer, linux.attr_at(writer, b""), before.uid, before.gid)
        metadata.give_xattrs(writer, {})
        metadata.give_mode(writer, before.mode)
    metadata.give_xattrs(writer, wanted)
    metadata.give_times(writer, before.atime_ns, before.mtime_ns)


def copy_content(reader: int, writer: int, size_bytes: int) -> None:
    """Make an empty file's content equal: shared blocks where possible, else the data between the holes."""
    try:
        linux.clone(reader, writer)
    except OSError as error:
        if error.errno in (errno.EIO, errno.ENOSPC, errno.EDQUOT):
            raise
    else:
        return
    os.ftruncate(writer, size_bytes)
    for start, end in _data_ranges(reader, size_bytes):
        position = _copy_in_kernel(reader, writer, start, end)
        _copy_through_memory(reader, writer, position, end)


def copy_apart(reader: int, writer: int, size_bytes: int) -> None:
    """As `copy_content`, but never with shared blocks: what is written lies on the disk a second time."""
    os.ftruncate(writer, size_bytes)
    for start, end in _data_ranges(reader, size_bytes):
        _copy_through_memory(reader, writer, start, end)


def _data_ranges(descriptor: int, size_bytes: int) -> Iterator[tuple[int, int]]:
    """(start, end) of the parts that hold data, as the filesystem claims; the comparison afterwards finds a wrong claim."""
    end = 0
    while end < size_bytes:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
            end = min(os.lseek(descriptor, start, os.SEEK_HOLE), size_bytes)
        except OSError as error:
            if error.errno == errno.ENXIO:  # only a hole is left
                return
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                raise
            start, end = end, size_bytes
        yield start, end


def _copy_in_kernel(reader: int, writer: int, start: int, end: int) -> int:
    """Copy with copy_file_range as far as that goes; the position reached. A short or empty answer is no end of file."""
    position = start
    while position < end:
        try:
            n_copied = os.copy_file_range(reader, writer, min(end - position, RANGE_BYTES), position, position)
        except OSError as error:
            if error.errno in (errno.EIO, errno.ENOSPC, errno.EDQUOT):
                raise
            break
        if n_copied == 0:
            break
        position += n_copied
    return position


def _copy_through_memory(reader: int, writer: int, start: int, end: int) -> None:
    position = start
    while position < end:
        block = os.pread(reader, min(BLOCK_BYTES, end - position), position)
        if not block:  # the source has been cut short meanwhile
            raise _error(errno.ESTALE)
        position += os.pwrite(writer, block, position)


def _copy_symlink(source: Entry, temporary: Entry, before: Attr) -> Copied:
    text = os.readlink(source[1], dir_fd=source[0])
    os.symlink(text, temporary[1], dir_fd=temporary[0])
    copied = os.open(temporary[1], linux.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=temporary[0])
    try:
        return _finish_symlink(source, temporary, before, text, copied)
    except BaseException:
        _remove_own(temporary, copied)
        raise
    finally:
        os.close(copied)


def _finish_symlink(source: Entry, temporary: Entry, before: Attr, text: bytes, copied: int) -> Copied:
    original = os.open(source[1], linux.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=source[0])
    try:
        metadata.give_owner(copied, linux.attr_at(copied, b""), before.uid, before.gid)
        metadata.give_xattrs(copied, metadata.xattrs_of(original))
        os.utime(temporary[1], ns=(before.atime_ns, before.mtime_ns), dir_fd=temporary[0], follow_symlinks=False)
        _sync_whole(temporary[0])  # a symlink has no descriptor that could be synced
        if os.readlink(temporary[1], dir_fd=temporary[0]) != text:
            raise OSError(errno.EIO, "the copy does not read back as it was written")
        _require_unchanged(before, linux.attr_at(*source))
        return Copied(blake3(text).digest(), linux.attr_at(copied, b""))
    finally:
        os.close(original)


def _sync_whole(folder: int) -> None:
    descriptor = open_for_sync(folder)
    try:
        sync_filesystem(descriptor)
    finally:
        os.close(descriptor)


def _remove_own(temporary: Entry, descriptor: int) -> None:
    """Remove the unfinished copy, unless its name has meanwhile become somebody else's."""
    own = linux.attr_at(descriptor, b"")
    try:
        found = linux.attr_at(*temporary)
        if (found.device, found.inode) == (own.device, own.inode):
            os.unlink(temporary[1], dir_fd=temporary[0])
    except FileNotFoundError:
        return


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
