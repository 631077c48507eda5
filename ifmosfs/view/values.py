"""The neutral values between the view and the drivers: entries, opened files, and the refusals of `core.refusals`."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from ifmosfs.core.files import Attr
from ifmosfs.core.refusals import FsError, FsErrorKind

__all__ = ["ROOT_INODE", "Entry", "FsError", "FsErrorKind", "Opened", "RenameMode"]

ROOT_INODE = 1


class RenameMode(Enum):
    """The flags of rename(2) that the view knows; a driver refuses all others with INVALID."""

    REPLACE = auto()  # no flag: an existing file at the target goes to `To review/`
    NO_REPLACE = auto()
    EXCHANGE = auto()


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
