"""What SQLite and the operating system say, in this program's errors: the only place where they are translated.

A damaged file is never deleted, moved or "repaired" here. Anything not named below is a bug and shows its traceback.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ifmosfs.core.errors import DatabaseDamaged, DatabaseNewer, DiskFailed, DiskFull, IfmosfsError, Locked
from ifmosfs.core.names import display

FULL_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})
_REFUSED: Final = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})
_REFUSED_ERRNOS: Final = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG}
)
_GONE: Final = ("no such column", "no such table")  # what damage to the schema makes of good statements
_ROOM_BYTES: Final = 1 << 20  # xfs refuses a new file before the last block is taken
_MAKE_ROOM: Final = "make room, then run the same command again"
_LOOK_AT_LOG: Final = "look at the system's log for disk errors before anything else is written there"
_OTHER_FOLDER: Final = "set IFMOSFS_HOME to a folder that you can write to"


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what goes wrong with the database at `path` into an `IfmosfsError`.

    Raises: DiskFull, DiskFailed, DatabaseDamaged, Locked; IfmosfsError where the system does not let the file be written.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _meaning(error, path) or error from error
    except UnicodeDecodeError as error:  # SQLite named, in its message, what it found in a damaged schema
        raise damaged(path, "its schema holds names that are no text") from error
    except OSError as error:
        raise os_trouble(error, os.fsencode(path)) from error
    except Exception as error:
        original = getattr(error, "orig", None)  # SQLAlchemy's wrapper, which is not imported for the journal's sake
        meaning = _meaning(original, path) if isinstance(original, sqlite3.Error) else None
        if meaning is None:
            raise
        raise meaning from error


def _meaning(error: sqlite3.Error, path: Path) -> IfmosfsError | None:
    """The error for a primary SQLite result code, `None` for those that only a bug can cause."""
    name = os.fsencode(path)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the upper bits are details of the code in the lower eight
    if code in _DAMAGED or _tells_of_damage(code, str(error)):
        return damaged(path, str(error))
    if code == sqlite3.SQLITE_IOERR:
        return DiskFailed(f"the disk failed under the database ({error})", path=name, hint=_LOOK_AT_LOG)
    if code in _BUSY:
        hint = "wait until it has finished: ifmosfs status"
        return Locked("the database is in use by another process", path=name, hint=hint)
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_CANTOPEN and _is_full(path.parent)):
        return DiskFull("no space is left for the database", path=name, hint=_MAKE_ROOM)
    if code in _REFUSED:
        return IfmosfsError(f"the database cannot be opened or written ({error})", path=name, hint=_OTHER_FOLDER)
    return None


def _is_full(folder: Path) -> bool:
    """Whether a disk has no room for a new file: of a journal for which there is none SQLite says only that it could not be opened."""
    try:
        space = os.statvfs(folder)
    except OSError:
        return False
    return space.f_bavail * space.f_frsize < _ROOM_BYTES and os.access(folder, os.W_OK)


def _tells_of_damage(code: int, said: str) -> bool:
    """Whether the driver met text that is not UTF-8, or a good statement met a schema that is not ours any more."""
    return (not code and "decode" in said) or (code == sqlite3.SQLITE_ERROR and said.startswith(_GONE))


def damaged(path: Path, reason: str) -> DatabaseDamaged:
    """The error for a database whose content cannot be what this program wrote; the hint says what to do with the file."""
    hint = (
        "nothing was changed; ifmosfs recover --from-journal keeps the file aside and makes a new one from the journals "
        f"beside the data. Where nothing was ever committed: move {display(os.fsencode(path))} away and scan again"
    )
    return DatabaseDamaged(f"the database cannot be read ({reason})", path=os.fsencode(path), hint=hint)


def newer(path: Path, found: str) -> DatabaseNewer:
    """The error for a database that a later version of this program wrote."""
    what = f"the database was written by a newer version (schema {found})"
    return DatabaseNewer(what, path=os.fsencode(path), hint="update ifmosfs; the database was not changed")


def os_trouble(error: OSError, path: bytes) -> IfmosfsError:
    """The error for what the system said about the program's own file or folder at `path`."""
    said = error.strerror or str(error)
    if error.errno in FULL_ERRNOS:
        return DiskFull("no space is left", path=path, hint=_MAKE_ROOM)
    if error.errno in _REFUSED_ERRNOS:
        return IfmosfsError(f"cannot be used ({said})", path=path, hint=_OTHER_FOLDER)
    return DiskFailed(f"the disk refused ({said})", path=path, hint=_LOOK_AT_LOG)


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Around turning rows into values: a row that no version of this program writes is damage, not a bug.

    Raises: DatabaseDamaged.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:  # an unknown enum value, a missing number, JSON that is none
        raise damaged(path, f"a row makes no sense: {error!r}") from error
