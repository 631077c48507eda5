"""The times of the users' folders that this program's own folder is made in and removed from.

`TARGET/.ifmosfs` coming or going shall not show in the time of the target: the mounted view did not show it, and a rollback gives
back the time that was there before. To set the time back is a second step, so what it was is noted in the journal's database
first. Where a kill, an error or a power cut came between, whoever opens the journal next takes that step.
"""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Final

from ifmosfs.core.errors import DiskFull

logger = logging.getLogger(__name__)

TABLE: Final = (
    "CREATE TABLE folder_times (folder BLOB PRIMARY KEY, mtime_ns INTEGER NOT NULL, noted_ns INTEGER NOT NULL)"
)
_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NOT_OURS_TO_SET: Final = frozenset({errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP})
_COARSEST_NS: Final = 2 * 10**9  # of the times that a disk keeps: FAT's
_SOON_NS: Final = 10 * 10**9  # between the note and the change, on a slow disk


class FolderTimes:
    """What the journal's database has noted of folders whose times are to be given back."""

    def __init__(self, writing: Callable[[], AbstractContextManager[sqlite3.Connection]]) -> None:
        """`writing` opens a transaction of the database."""
        self._writing = writing

    @contextmanager
    def keeping(self, folder: bytes, descriptor: int) -> Iterator[None]:
        """Around a change in an open folder, which is durable afterwards, and the folder's times as they were. Raises as `noting`."""
        with self.noting(folder, descriptor):
            yield
        with self._writing() as connection:
            self.forget(connection, folder)

    @contextmanager
    def noting(self, folder: bytes, descriptor: int) -> Iterator[None]:
        """The same, and the folder stays noted until it is forgotten.

        Raises OSError if they cannot be set back, which `settle` tries once more. Where the system lets this user set none (in
        somebody else's folder, on some drives), the folder keeps its new ones.
        Raises: DiskFull, DiskFailed, before the change.
        """
        before = os.fstat(descriptor)
        self._note(folder, before.st_mtime_ns)
        try:
            yield
        except OSError:
            with self._writing() as connection:
                self.forget(connection, folder)
            raise
        try:
            os.utime(descriptor, ns=(before.st_atime_ns, before.st_mtime_ns))
        except OSError as error:
            if error.errno not in _NOT_OURS_TO_SET:
                raise
        os.fsync(descriptor)

    @staticmethod
    def forget(connection: sqlite3.Connection, folder: bytes) -> None:
        """Forget, within a transaction, that the folder is noted."""
        connection.execute("DELETE FROM folder_times WHERE folder = ?", (folder,))

    def settle(self) -> Iterator[bytes]:
        """Each folder that is still noted, when its time is given back; it is forgotten when the next one is asked for.

        A folder that is not there, on a disk that is not mounted perhaps, stays noted. Raises: DiskFailed.
        """
        with self._writing() as connection:
            noted = connection.execute("SELECT folder, mtime_ns, noted_ns FROM folder_times").fetchall()
        for folder, mtime_ns, noted_ns in noted:
            try:
                _give_back(folder, mtime_ns, noted_ns)
            except FileNotFoundError:
                continue
            except OSError as error:
                logger.warning("the time of %r cannot be given back: %s", folder, error)
            yield folder
            with suppress(DiskFull), self._writing() as connection:  # to give it back once more does no harm
                self.forget(connection, folder)

    def _note(self, folder: bytes, mtime_ns: int) -> None:
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO folder_times (folder, mtime_ns, noted_ns) VALUES (?, ?, ?)",
                (folder, mtime_ns, time.time_ns()),
            )


def _give_back(folder: bytes, mtime_ns: int, noted_ns: int) -> None:
    """Set a folder's time of change, if the one it has is of the change before which it was noted, and of no later one."""
    descriptor = os.open(folder, _FOLDER_FLAGS)
    try:
        now = os.fstat(descriptor)
        if noted_ns - _COARSEST_NS <= now.st_mtime_ns <= noted_ns + _SOON_NS:
            os.utime(descriptor, ns=(now.st_atime_ns, mtime_ns))
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
