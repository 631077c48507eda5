"""Which processes keep a mount busy. Only names are read, never the mount, whose own process may be dead or hang; who waits for a file
to be opened is asked of it with patience for a moment."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ifmosfs.core.names import is_within
from ifmosfs.platform.host import process_of
from ifmosfs.platform.mounts import Mount, attribute
from ifmosfs.view.attributes import WAITING

PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has something of a mount open, or stands in it; `path` is one such thing, `None` where it waits for one to be
    opened."""

    pid: int
    program: str
    path: bytes | None


def holders_of(mount_point: bytes, proc: Path = PROC) -> list[Holder]:
    """The processes that use a mount, as far as this user may see them; none where there is no `/proc` of Linux."""
    found = []
    for name in sorted(_names(os.fsencode(proc)), key=lambda name: (len(name), name)):
        if name.isdigit():
            folder = os.path.join(os.fsencode(proc), name)
            path = _used(folder, mount_point)
            if path is not None:
                found.append(Holder(int(name), _program(folder), path))
    return found


def waiting_in(view: Mount, besides: Collection[Holder] = (), proc: Path = PROC) -> list[Holder]:
    """The processes that wait for a file of a view to be opened, besides those that are known; none where it does not answer."""
    try:
        threads = attribute(view, WAITING).split()
    except OSError:
        return []
    known = {one.pid for one in besides}
    found = sorted({process_of(int(thread)) for thread in threads} - known)
    folders = {pid: os.path.join(os.fsencode(proc), b"%d" % pid) for pid in found}
    return [Holder(pid, _program(folder), None) for pid, folder in folders.items() if os.path.exists(folder)]


def _used(process: bytes, mount_point: bytes) -> bytes | None:
    links = [b"cwd", b"root", b"exe", *(b"fd/" + name for name in _names(process + b"/fd"))]
    for link in links:
        try:
            target = os.readlink(process + b"/" + link)
        except OSError:  # gone, or another user's
            continue
        if is_within(target, mount_point):
            return target
    return next((path for path in _mapped(process) if is_within(path, mount_point)), None)


def _mapped(process: bytes) -> list[bytes]:
    try:
        with open(process + b"/maps", "rb") as maps:
            rows = (line.rstrip(b"\n").split(None, 5) for line in maps)
            return [row[5] for row in rows if len(row) == 6 and row[5].startswith(b"/")]
    except OSError:
        return []


def _names(folder: bytes) -> list[bytes]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _program(process: bytes) -> str:
    try:
        with open(process + b"/comm", "rb") as file:
            return file.read().strip().decode("utf-8", "backslashreplace")
    except OSError:
        return "?"
