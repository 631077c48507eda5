"""The content store: contents of files under the names of their hashes, in folders of the program's own.

A content is there wholly or not at all: it is written under a name of no meaning, synced, read back and compared, and then gets
its name, durably, before anybody counts on it. Names of no meaning are leftovers of a crash (`leftovers`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.manifest import Belongings, Protection
from ifmosfs.core.ports import DiskReader
from ifmosfs.platform import copying, linux, metadata
from ifmosfs.platform.writers import has_writer

DRAFT_PREFIX: Final = b".new-"
NOTE_PREFIX: Final = b".taking-"
NO_CLONE: Final = frozenset(
    {errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.ETXTBSY, errno.EPERM}
)
NOT_GIVEN: Final = frozenset({errno.EPERM, errno.EACCES, *metadata.HAS_NONE})
HEX: Final = frozenset(b"0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Held:
    """A content that is held now, at an absolute path, and what the file had beside it."""

    digest: bytes
    place: bytes
    level: Protection
    belongings: Belongings


class ContentStore:
    """The contents in one folder, which is made when the first comes."""

    def __init__(self, folder: bytes) -> None:
        self.folder = folder

    def place(self, digest: bytes) -> bytes:
        """Where a content is, or would be."""
        name = digest.hex().encode()
        return b"/".join((self.folder, name[:2], name))

    def hold(self, disk: DiskReader, source: Place, expected: Fingerprint, level: Protection) -> Held | None:
        """Hold the content of a regular file, durably; `None` where CONTENT_REFLINK was asked for and blocks cannot be shared.

        Raises OSError: ESTALE where it is not, or does not stay, the expected file; ETXTBSY where it is being written; EIO where
        the content reads back differently; ENOSPC; and what the system says of reading the source.
        """
        reader = disk.open_read(source)
        try:
            _require(reader, expected)
            make_folder(self.folder)
            draft = self.folder + b"/" + DRAFT_PREFIX + secrets.token_hex(8).encode()
            writer = os.open(draft, copying.NEW_FLAGS, 0o600)
            try:
                digest = _fill(reader, writer, expected, level)
                if digest is None:
                    return None
                return Held(digest, self._publish(draft, digest), level, _belongings(reader))
            finally:
                os.close(writer)
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(draft)
        finally:
            os.close(reader)

    def _publish(self, draft: bytes, digest: bytes) -> bytes:
        place = self.place(digest)
        make_folder(os.path.dirname(place))
        if holds(place, digest):
            return place
        os.rename(draft, place)  # over nothing, or over what has been damaged since
        _sync_folder(os.path.dirname(place))
        return place

    def held(self) -> Iterator[tuple[bytes, Place]]:
        """(digest, place) of every content that is there by its name."""
        for folder in _names(self.folder):
            if len(folder) == 2 and HEX.issuperset(folder):
                for name in _names(self.folder + b"/" + folder):
                    if len(name) == 64 and HEX.issuperset(name):
                        yield bytes.fromhex(name.decode()), Place(self.folder, folder + b"/" + name)

    def note_roots(self, roots: Sequence[bytes]) -> bytes:
        """Write down, durably, where contents are about to be taken from: who finds them without any word looks there. The path of
        the note, which is to be removed when all that was taken is known otherwise."""
        make_folder(self.folder)
        path = self.folder + b"/" + NOTE_PREFIX + secrets.token_hex(8).encode()
        descriptor = os.open(path, copying.NEW_FLAGS, 0o600)
        try:
            os.write(descriptor, b"\0".join(roots))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        _sync_folder(self.folder)
        return path

    def noted_roots(self) -> list[bytes]:
        """The roots that were written down and not forgotten yet."""
        roots: list[bytes] = []
        for name in _names(self.folder):
            if name.startswith(NOTE_PREFIX):
                with open(self.folder + b"/" + name, "rb") as note:
                    roots += [root for root in note.read().split(b"\0") if root]
        return roots

    def forget_notes(self) -> None:
        """Nothing is being taken any more, and all that was is known otherwise."""
        for name in _names(self.folder):
            if name.startswith(NOTE_PREFIX):
                os.unlink(self.folder + b"/" + name)

    def leftovers(self) -> list[Place]:
        """What a crash has left unfinished. It has no name, so nobody counts on it."""
        return [Place(self.folder, name) for name in _names(self.folder) if is_draft(name)]


def holds(place: bytes, digest: bytes) -> bool:
    """Whether a regular file with this content is there."""
    try:
        descriptor = os.open(place, copying.READ_FLAGS)
    except OSError:
        return False
    try:
        return copying.digest_of(descriptor) == digest
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _fill(reader: int, writer: int, expected: Fingerprint, level: Protection) -> bytes | None:
    if level is Protection.CONTENT_REFLINK:
        try:
            linux.clone(reader, writer)
        except OSError as error:
            if error.errno in NO_CLONE:
                return None
            raise
    else:
        copying.copy_apart(reader, writer, expected.size_bytes)
    os.fchmod(writer, 0o400)
    os.fsync(writer)
    os.posix_fadvise(writer, 0, 0, os.POSIX_FADV_DONTNEED)
    digest = copying.digest_of(reader)
    if copying.digest_of(writer) != digest:
        raise OSError(errno.EIO, "the content does not read back as it was written")
    _require(reader, expected)
    return digest


def _belongings(reader: int) -> Belongings:
    attr = linux.attr_at(reader, b"")
    return Belongings(attr.uid, attr.gid, tuple(sorted(metadata.xattrs_of(reader).items())))


def _require(reader: int, expected: Fingerprint) -> None:
    if has_writer(reader):
        raise OSError(errno.ETXTBSY, os.strerror(errno.ETXTBSY))
    if not linux.attr_at(reader, b"").fingerprint.same_file(expected):
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))


def _names(folder: bytes) -> list[bytes]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _sync_folder(folder: bytes) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: bytes) -> None:
    """Make a folder, and those above it, where missing, durably."""
    if os.path.isdir(folder):
        return
    make_folder(os.path.dirname(folder))
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    _sync_folder(os.path.dirname(folder))


def copy_out(content: bytes, place: Place, mode: int, mtime_ns: int, belongings: Belongings | None = None) -> list[str]:
    """A file of its own with a held content, durably, with this mode and time, in a folder that is made where it is missing.

    It has the belongings, too, as far as this user may give them and the filesystem holds them; what is left out is returned in
    words. It gets its name, which nothing has, when it is whole: `is_draft` tells what is not.
    """
    make_folder(place.root)
    draft = place.root + b"/" + DRAFT_PREFIX + place.path
    try:
        lacking = _write_copy(content, draft, mode, mtime_ns, belongings)
        os.rename(draft, place.absolute)
    except OSError:
        with contextlib.suppress(OSError):  # on a full disk it would take the room of what is moved next
            os.unlink(draft)
        raise
    _sync_folder(place.root)
    return lacking


def _write_copy(content: bytes, draft: bytes, mode: int, mtime_ns: int, belongings: Belongings | None) -> list[str]:
    reader = os.open(content, copying.READ_FLAGS)
    try:
        writer = os.open(draft, copying.NEW_FLAGS, 0o600)
        try:
            copying.copy_content(reader, writer, os.fstat(reader).st_size)
            lacking = _give(writer, mode, belongings)
            os.utime(writer, ns=(mtime_ns, mtime_ns))
            os.fsync(writer)
            if copying.digest_of(writer) != copying.digest_of(reader):
                raise OSError(errno.EIO, "the content does not read back as it was written")
            return lacking
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def _give(writer: int, mode: int, belongings: Belongings | None) -> list[str]:
    """Owner, mode and extended attributes, in this order; what cannot be given, in words. No rights of an owner (set-uid) go to
    another one."""
    mode, lacking = stat.S_IMODE(mode), list[str]()
    if belongings is None:
        os.fchmod(writer, mode)
        return lacking
    try:
        metadata.give_owner(writer, linux.attr_at(writer, b""), belongings.uid, belongings.gid)
    except PermissionError:
        mode &= ~(stat.S_ISUID | stat.S_ISGID)
        lacking.append("owner")
    metadata.give_mode(writer, mode)
    for name, value in belongings.xattrs:
        try:
            os.setxattr(writer, name, value)
        except OSError as error:
            if error.errno not in NOT_GIVEN:
                raise
            lacking.append(name)
    return lacking


def is_draft(name: bytes) -> bool:
    """Whether a file of the program's own was never finished, so that nobody counts on it."""
    return name.startswith(DRAFT_PREFIX)
