"""A few pieces of a file, read through one descriptor with a bound on all that is ever read of it."""

from __future__ import annotations

import io
import os
from typing import Any, Final

HEAD_BYTES: Final = 4096
TAIL_BYTES: Final = 1024
MOST_BYTES: Final = 256 * 1024  # per file, whatever its content asks for


class Sample:
    """The beginning and the end of a file, and further pieces on demand.

    `descriptor` stays the caller's. Reads past the bound return nothing, as at the end of a file.
    """

    def __init__(self, descriptor: int, size_bytes: int, most_bytes: int = MOST_BYTES) -> None:
        self._descriptor = descriptor
        self._bytes_left = most_bytes
        self.size_bytes = size_bytes
        self.head = self.read_at(0, HEAD_BYTES)
        self.tail = self.read_at(max(len(self.head), size_bytes - TAIL_BYTES), TAIL_BYTES)

    def read_at(self, offset: int, n_bytes: int) -> bytes:
        """Up to `n_bytes` from an offset. Raises OSError as `pread` does."""
        allowed = min(n_bytes, self._bytes_left, self.size_bytes - offset)
        if offset < 0 or allowed <= 0:
            return b""
        piece = os.pread(self._descriptor, allowed, offset)
        self._bytes_left -= len(piece)
        return piece

    @property
    def is_spent(self) -> bool:
        """Whether all that may be read has been read, so that the rest looked like the end of the file."""
        return self._bytes_left <= 0

    def beginning(self, n_bytes: int) -> bytes:
        """The first `n_bytes`, or all there are."""
        if n_bytes <= len(self.head):
            return self.head[:n_bytes]
        return self.head + self.read_at(len(self.head), n_bytes - len(self.head))

    def ending(self, n_bytes: int) -> bytes:
        """The last `n_bytes` of what the beginning does not hold."""
        start = max(len(self.head), self.size_bytes - n_bytes)
        return self.read_at(start, self.size_bytes - start)


class SampleFile(io.RawIOBase):
    """A sample as a seekable binary file, for libraries that want one; it ends where the bound on reading is met."""

    def __init__(self, sample: Sample) -> None:
        super().__init__()
        self._sample = sample
        self._position = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position, at least 0, and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._sample.size_bytes}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:  # the type of a buffer has no name before Python 3.12
        """Fill a buffer as far as there are bytes; returns how many there were."""
        view = memoryview(buffer).cast("B")
        piece = self.read(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, all that may be read when negative."""
        wanted = self._sample.size_bytes if size < 0 else size
        end = self._position + wanted
        if end <= len(self._sample.head):
            piece = self._sample.head[self._position : end]
        else:
            piece = self._sample.read_at(self._position, wanted)
        self._position += len(piece)
        return piece
