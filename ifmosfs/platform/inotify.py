"""Linux' inotify through ctypes: one descriptor, watches on folders, events as plain values. Knows nothing of what it is for.

`watchdog` was weighed for this: it walks into other mounts (a dead one would hang it), wakes for every read of a watched
file, and keeps each path several times.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

IN_MODIFY: Final = 0x2
IN_ATTRIB: Final = 0x4
IN_CLOSE_WRITE: Final = 0x8
IN_MOVED_FROM: Final = 0x40
IN_MOVED_TO: Final = 0x80
IN_CREATE: Final = 0x100
IN_DELETE: Final = 0x200
IN_DELETE_SELF: Final = 0x400
IN_MOVE_SELF: Final = 0x800
IN_UNMOUNT: Final = 0x2000
IN_Q_OVERFLOW: Final = 0x4000
IN_IGNORED: Final = 0x8000
IN_ONLYDIR: Final = 0x1000000
IN_DONT_FOLLOW: Final = 0x2000000
IN_ISDIR: Final = 0x40000000

CHANGES: Final = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE
_MASK: Final = CHANGES | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW
_HEAD: Final = struct.Struct("iIII")
_BUFFER_BYTES: Final = 1 << 16


class Event(NamedTuple):
    """What happened to a name in a watched folder; an empty name: to the folder itself."""

    watch: int
    mask: int
    name: bytes


def _function(name: str, *argument_types: Any) -> Any:
    function = getattr(ctypes.CDLL(None, use_errno=True), name, None) if sys.platform.startswith("linux") else None
    if function is not None:
        function.argtypes = argument_types
        function.restype = ctypes.c_int
    return function


_init = _function("inotify_init1", ctypes.c_int)
_add = _function("inotify_add_watch", ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32)
_remove = _function("inotify_rm_watch", ctypes.c_int, ctypes.c_int)


class Inotify:
    """An inotify descriptor. Raises OSError (ENOSYS where there is no inotify, EMFILE where there are too many)."""

    def __init__(self) -> None:
        if _init is None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        self.descriptor = _checked(_init(os.O_NONBLOCK | os.O_CLOEXEC))

    def add(self, folder: bytes) -> int:
        """Watch a folder, not what is below it; returns the watch's number. OSError: ENOSPC when there are too many, ENOENT …"""
        return _checked(_add(self.descriptor, folder, _MASK))

    def remove(self, watch: int) -> None:
        """Watch a folder no longer; one that is gone is no error."""
        _remove(self.descriptor, watch)

    def read(self) -> Iterator[Event]:
        """The events that are waiting, none if there are none."""
        try:
            buffer = os.read(self.descriptor, _BUFFER_BYTES)
        except BlockingIOError:
            return
        at = 0
        while at < len(buffer):
            watch, mask, _cookie, length = _HEAD.unpack_from(buffer, at)
            at += _HEAD.size
            yield Event(watch, mask, buffer[at : at + length].rstrip(b"\0"))
            at += length

    def close(self) -> None:
        """End all watches."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
