"""Who lists folders in order to look at what is in them: those get the attributes with the names, others need not wait for them.

Nobody says so beforehand, so the first entry that a process gets of a folder is a *canary*: its attributes are held back, and who
looks at it is *interested*, for a minute. `find` reads ten thousand names of a folder before it looks at the first, so that a process
must be known by the time it comes to its first huge folder; and one that has been there before should find it known, whoever asks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

REMEMBERED_S: Final = 60.0
MOST_REMEMBERED: Final = 256  # of canaries, processes and folders each

UNKNOWN_PROCESS: Final = 0  # what the kernel calls those of another namespace


class _Listing(NamedTuple):
    folder: int
    process: int


class _Lately:
    """What was noted within the last minute."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._until: dict[int, float] = {}

    def note(self, number: int) -> None:
        """From now on, for a minute."""
        self._until.pop(number, None)
        _make_room(self._until)
        self._until[number] = self._now() + REMEMBERED_S

    def has(self, number: int) -> bool:
        """Whether it was."""
        return self._now() <= self._until.get(number, -1.0)


class Interest:
    """Which processes, and which folders. `_lock` guards all tables: several threads answer."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._canaries: dict[int, _Listing] = {}
        self._processes = _Lately(now)
        self._folders = _Lately(now)

    def watch(self, canary: int, folder: int, process: int) -> None:
        """From now on, who looks at this entry is interested in its folder, and the process that got it in all others, too."""
        with self._lock:
            _make_room(self._canaries)
            self._canaries[canary] = _Listing(folder, process)

    def watches(self, inode: int) -> bool:
        """Whether a look at a node says anything. Each request for attributes asks this, so it waits for nothing."""
        return inode in self._canaries

    def looked_at(self, inode: int, process: int) -> None:
        """A process has asked for a node's attributes."""
        with self._lock:
            listing = self._canaries.pop(inode, None)
            if listing is None:
                return
            self._folders.note(listing.folder)
            if process == listing.process != UNKNOWN_PROCESS:
                self._processes.note(process)

    def is_in(self, folder: int, process: int) -> bool:
        """Whether this process, or anybody in this folder, looks at what is listed."""
        with self._lock:
            return self._processes.has(process) or self._folders.has(folder)


def _make_room(table: dict[int, float] | dict[int, _Listing]) -> None:
    """Let go of what came first where a table is full."""
    if len(table) >= MOST_REMEMBERED:
        del table[next(iter(table))]
