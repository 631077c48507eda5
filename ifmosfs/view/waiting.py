"""Who waits for a file of the view to be opened.

A program that opens a file on a drive that does not answer keeps the mount busy, but has no descriptor yet by which anybody could find
it. Only who answers it knows of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from ifmosfs.view.values import Caller


class Waiting:
    """The callers whose files are being opened. May be used from several threads: each entry is made and removed in one step."""

    def __init__(self) -> None:
        self._threads: dict[int, int] = {}
        self._numbers = count()

    @contextmanager
    def noted(self, caller: Caller | None) -> Iterator[None]:
        """Know of a caller while a file is opened."""
        if caller is None:
            yield
            return
        number = next(self._numbers)
        self._threads[number] = caller.pid
        try:
            yield
        finally:
            del self._threads[number]

    def told(self) -> bytes:
        """The ids of the threads that wait, as the kernel tells them, with spaces between; each once."""
        return b" ".join(b"%d" % thread for thread in sorted({*self._threads.values()}))
