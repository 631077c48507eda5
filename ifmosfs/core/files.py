"""What a scan finds: places, attributes, fingerprints, entries and the manifest they make up."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from ifmosfs.core.values import quick


class Place(NamedTuple):
    """A position on the disk: an absolute root folder, and a path below it (``b""``: the root itself)."""

    root: bytes
    path: bytes

    @property
    def absolute(self) -> bytes:
        """The whole path, for showing and for `os` calls on things that are not the user's."""
        return self.root if not self.path else self.root.rstrip(b"/") + b"/" + self.path


class Kind(Enum):
    """What an entry is; OTHER are sockets, pipes and devices, which are never moved."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symlink"
    OTHER = "other"


def kind_of(mode: int) -> Kind:
    """The kind that a `st_mode` says."""
    if stat.S_ISREG(mode):
        return Kind.FILE
    if stat.S_ISDIR(mode):
        return Kind.FOLDER
    return Kind.SYMLINK if stat.S_ISLNK(mode) else Kind.OTHER


@quick
@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is compared to say "still the same file".

    `inode`, `size_bytes` and `mtime_ns` make the identity; `birth_ns` (statx btime) tells a re-used inode number apart where
    the filesystem knows it. `ctime_ns` changes with every rename and chmod, so it only ever shortens a comparison.
    Device numbers are absent on purpose: they change over a remount.
    """

    inode: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    birth_ns: int | None = None

    def same_file(self, other: Fingerprint) -> bool:
        """Whether both are the same inode with the same content as far as size and time can tell."""
        return (
            self.inode == other.inode
            and self.size_bytes == other.size_bytes
            and self.mtime_ns == other.mtime_ns
            and (self.birth_ns == other.birth_ns or self.birth_ns is None or other.birth_ns is None)
        )

    def same_but_number(self, other: Fingerprint) -> bool:
        """Whether both are alike in all but the number, which not every disk keeps (`core.renumbered`)."""
        return self.same_file(Fingerprint(self.inode, other.size_bytes, other.mtime_ns, other.ctime_ns, other.birth_ns))

    def same_inode(self, other: Fingerprint) -> bool:
        """Whether both are the same inode, whatever its content is now."""
        if self.birth_ns is not None and other.birth_ns is not None and self.birth_ns != other.birth_ns:
            return False
        return self.inode == other.inode


@quick
@dataclass(frozen=True, slots=True)
class Attr:
    """The attributes of one entry, as `lstat` gives them (times in ns since the epoch, blocks of 512 bytes).

    `is_immutable`, `is_append_only`: flags for which the system refuses, even to root, to take its name away. In a folder that
    is immutable nothing changes its name, and out of one that is append-only nothing goes.
    """

    mode: int
    uid: int
    gid: int
    n_links: int
    device: int
    inode: int
    size_bytes: int
    n_blocks: int
    atime_ns: int
    mtime_ns: int
    ctime_ns: int
    birth_ns: int | None = None
    is_immutable: bool = False
    is_append_only: bool = False

    @property
    def is_protected(self) -> bool:
        """Whether its name cannot be taken away."""
        return self.is_immutable or self.is_append_only

    @property
    def kind(self) -> Kind:
        """What the entry is."""
        return kind_of(self.mode)

    def is_file(self, expected: Fingerprint) -> bool:
        """As `fingerprint.same_file`, without making one."""
        return (
            self.inode == expected.inode
            and self.size_bytes == expected.size_bytes
            and self.mtime_ns == expected.mtime_ns
            and (self.birth_ns == expected.birth_ns or self.birth_ns is None or expected.birth_ns is None)
        )

    @property
    def fingerprint(self) -> Fingerprint:
        """The part of the attributes that tells whether a file is still the same."""
        return Fingerprint(self.inode, self.size_bytes, self.mtime_ns, self.ctime_ns, self.birth_ns)


class SkipReason(Enum):
    """Why the scan counts an entry but does not offer it for planning."""

    SPECIAL = "special file"  # socket, pipe, device
    OTHER_MOUNT = "another filesystem is mounted here"
    OWN_STATE = "the program's own state"
    OWN_MOUNT = "a mounted view"
    EXCLUDED = "excluded by pattern"


@dataclass(frozen=True, slots=True)
class Root:
    """A folder that is scanned: absolute path, and the identity of the filesystem it was on."""

    path: bytes
    filesystem: str


@quick
@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A regular file or a symlink that the scan found.

    `file_id` is the store's number for it, stable over re-scans; `root` is the absolute path of its root.
    `readable` is the scan's guess from mode and owner; only an attempt to open it is certain.
    """

    file_id: int
    root: bytes
    path: bytes
    kind: Kind
    mode: int
    fingerprint: Fingerprint
    readable: bool = True

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.root, self.path)


@dataclass(frozen=True, slots=True)
class SkippedEntry:
    """An entry that is counted and named, and left alone."""

    root: bytes
    path: bytes
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class UnreadableEntry:
    """A folder (or an entry) that could not be read, with the operating system's reason."""

    root: bytes
    path: bytes
    error: str
