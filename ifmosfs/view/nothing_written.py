"""What a view answers to who would write a file: nothing is written here."""

from __future__ import annotations

from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.view.values import Caller, Entry, Opened


class NothingWritten:
    """The operations of `ViewOperations` that make and write files, all refused."""

    def create(
        self, parent: int, name: bytes, flags: int, mode: int, caller: Caller | None = None
    ) -> tuple[Entry, Opened]:
        """READ_ONLY."""
        del parent, flags, mode, caller
        raise FsError(FsErrorKind.READ_ONLY, name)

    def write(self, handle: int, content: bytes, offset: int) -> int:
        """READ_ONLY."""
        del handle, content, offset
        raise FsError(FsErrorKind.READ_ONLY)

    def truncate(self, inode: int, size_bytes: int) -> None:
        """READ_ONLY."""
        del inode, size_bytes
        raise FsError(FsErrorKind.READ_ONLY)
