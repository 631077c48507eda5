"""The neutral values between the view and the drivers: entries, opened files, and the refusals of `core.refusals`."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple

from ifmosfs.core.files import Attr
from ifmosfs.core.refusals import FsError, FsErrorKind

__all__ = [
    "BRIEF",
    "ROOT_INODE",
    "Caller",
    "Dirent",
    "Entry",
    "FsError",
    "FsErrorKind",
    "Opened",
    "RenameMode",
    "Validity",
]

ROOT_INODE = 1


class RenameMode(Enum):
    """The flags of rename(2) that the view knows; a driver refuses all others with INVALID."""

    REPLACE = auto()  # no flag: an existing file at the target goes to `To review/`
    NO_REPLACE = auto()
    EXCHANGE = auto()


class Caller(NamedTuple):
    """Who asks: the ids of the calling process, as the kernel tells them. `pid` may be that of a thread."""

    uid: int
    gid: int
    pid: int

    def may_change(self, owner: tuple[int, int]) -> bool:
        """Whether the view of that owner may be changed by this caller, whatever the modes in it allow."""
        return self.uid in {0, owner[0]}


class Validity(NamedTuple):
    """How long, in seconds, the kernel may keep what it was told: the name of a node in its folder, and its attributes."""

    entry_s: float
    attr_s: float


BRIEF: Final = Validity(1.0, 1.0)


class Dirent(NamedTuple):
    """A name in a folder without attributes: the inode, and the kind as the format bits of a mode."""

    name: bytes
    inode: int
    kind_bits: int


class Entry(NamedTuple):
    """A name in a folder, and the attributes of the node it stands for (`attr.inode` is the *view's* number)."""

    name: bytes
    attr: Attr


class Opened(NamedTuple):
    """An open file. `descriptor` is a read-only descriptor of the original, `None` for generated content.

    `keep_cache` says that the kernel may keep the pages of the last open: the original has not changed since.
    """

    handle: int
    descriptor: int | None
    keep_cache: bool
