"""Which files some program is writing to right now, as far as this user can see.

On Linux two sources are asked: the descriptors of every process (``/proc/PID/fd``, their access mode from ``fdinfo``), and
the mappings through which memory is written back to a file (``rw-s`` in ``maps``), for a program may close the descriptor and
go on writing through the mapping. Processes of other users are seen by the superuser only; elsewhere than on Linux nothing is.
What is not seen here is caught later: a file that changes is no longer the planned one, and a copy asks the kernel by a lease.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FileId = tuple[int, int]
"""Device and inode, as `os.stat` gives them."""

PROC: Final = Path("/proc")
WRITING: Final = os.O_WRONLY | os.O_RDWR
_NO_LEASES: Final = frozenset({errno.EINVAL, errno.EACCES, errno.EPERM, errno.EOPNOTSUPP, errno.ENOLCK, errno.ENOSYS})


def open_for_writing(proc: Path = PROC) -> frozenset[FileId]:
    """(device, inode) of every regular file that a process other than this one may write to at this moment.

    Only what this user may see: other users' processes are left out unless this is the superuser. Empty where there is no
    `/proc` of Linux. Processes and descriptors that go away meanwhile are passed over.
    """
    own = str(os.getpid())
    found: set[FileId] = set()
    for process in _names(os.fspath(proc)):
        if process.isdigit() and process != own:
            folder = f"{proc}/{process}"
            found.update(_by_descriptor(folder))
            found.update(_by_mapping(folder))
    return frozenset(found)


def has_writer(descriptor: int) -> bool:
    """Whether any program, of whichever user, has the regular file open for writing, asked of the kernel.

    `descriptor` is open for reading only. False where the kernel does not say: another user's file, a filesystem without
    leases (FUSE, NFS). The lease is given back at once; a writer that comes in between only waits that moment.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)  # the default signal of a broken lease would end us
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        if error.errno == errno.EAGAIN:
            return True
        if error.errno in _NO_LEASES:
            return False
        raise
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:  # the process has gone, or is another user's
        return []


def _by_descriptor(process: str) -> Iterator[FileId]:
    for number in _names(f"{process}/fd"):
        try:
            found = os.stat(f"{process}/fd/{number}")
            if stat.S_ISREG(found.st_mode) and _is_writing(f"{process}/fdinfo/{number}"):
                yield found.st_dev, found.st_ino
        except OSError:  # closed since, or another user's
            continue


def _is_writing(information: str) -> bool:
    """Whether the descriptor's flags, in octal on the line ``flags:``, let it write."""
    for line in _content(information).splitlines():
        if line.startswith(b"flags:"):
            return bool(int(line.split()[1], 8) & WRITING)
    return False


def _by_mapping(process: str) -> Iterator[FileId]:
    """Files mapped shared and writable; only such lines cost a look at the file."""
    for line in _content(f"{process}/maps").splitlines():
        fields = line.split(None, 5)
        if len(fields) == 6 and fields[1][1:2] == b"w" and fields[1][3:4] == b"s" and fields[5].startswith(b"/"):
            try:
                found = os.stat(f"{process}/map_files/{_plain_range(fields[0])}")
            except OSError:  # gone, or not to be followed by this user: what the line itself says
                yield from _by_line(fields)
            else:
                if stat.S_ISREG(found.st_mode):
                    yield found.st_dev, found.st_ino


def _plain_range(addresses: bytes) -> str:
    """The range as `map_files` writes it, without leading zeros."""
    start, _, end = addresses.decode("ascii").partition("-")
    return f"{int(start, 16):x}-{int(end, 16):x}"


def _by_line(fields: list[bytes]) -> Iterator[FileId]:
    """The file of a mapping by its name, for the device of the line is not the one that `stat` gives on every filesystem."""
    try:
        found = os.stat(fields[5].replace(rb"\012", b"\n"))
    except OSError:
        return
    if found.st_ino == int(fields[4]) and stat.S_ISREG(found.st_mode):
        yield found.st_dev, found.st_ino


def _content(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.readall()
    except OSError:
        return b""
