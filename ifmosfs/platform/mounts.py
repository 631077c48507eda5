"""The mount table, and which of its mounts are this program's views. Nothing here mounts or unmounts."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import Final, NamedTuple

from ifmosfs.core.errors import IfmosfsError
from ifmosfs.core.names import is_within

TABLE: Final = "/proc/self/mountinfo"
VIEW_TYPE: Final = "fuse.ifmosfs"
VIEW_SOURCE: Final = b"ifmosfs:"
DEAD: Final = frozenset({errno.ENOTCONN, errno.ECONNABORTED})

_ESCAPE: Final = re.compile(rb"\\([0-7]{3})")
# In its own process, because a call to a dead mount may hang, and a hanging thread could not be given up. The kernel remembers
# attributes for a while, but not what statvfs and getxattr ask.
_PROBE: Final = "import os, sys\ntry: {}\nexcept OSError as error: sys.exit(error.errno)"
_IS_THERE: Final = _PROBE.format("os.statvfs(sys.argv[1])")
_ATTRIBUTE: Final = _PROBE.format("sys.stdout.buffer.write(os.getxattr(sys.argv[1], sys.argv[2]))")
_TIMEOUT_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of the mount table. `device` is "major:minor"; `options` are the mount's own, then the filesystem's."""

    mount_id: int
    parent_id: int
    device: str
    point: bytes
    fstype: str
    source: bytes
    options: tuple[str, ...]

    @property
    def is_view(self) -> bool:
        """Whether it is a mounted view of this program, by its type or its source."""
        return self.fstype == VIEW_TYPE or self.source.startswith(VIEW_SOURCE)


def mounts() -> tuple[Mount, ...]:
    """All mounts that this process can see, in the order in which they were made. None where there is no such table.

    Raises: IfmosfsError where there is one that cannot be read: nobody then knows what lies in a view.
    """
    try:
        with open(TABLE, "rb") as table:
            lines = table.read().splitlines()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise IfmosfsError(
            f"what is mounted here cannot be seen ({error.strerror})",
            path=TABLE.encode(),
            hint="/proc must be readable for this user",
        ) from error
    return tuple(parse_mount(line) for line in lines)


def parse_mount(line: bytes) -> Mount:
    """A line of mountinfo, see proc(5): id, parent, device, root, point, options, tags…, -, type, source, options."""
    before, _, after = line.partition(b" - ")
    mount_id, parent_id, device, _root, point, options = before.split(b" ")[:6]
    fstype, source, *own_options = after.split(b" ")
    return Mount(
        int(mount_id),
        int(parent_id),
        device.decode(),
        _unescape(point),
        _unescape(fstype).decode(),
        _unescape(source),
        tuple(b",".join([options, *own_options]).decode("utf-8", "surrogateescape").split(",")),
    )


def _unescape(field: bytes) -> bytes:
    return _ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), field)


def mount_of(path: bytes, table: tuple[Mount, ...] | None = None) -> Mount | None:
    """The mount that an absolute, resolved path lies on (of several on one point the last); `None` without a table."""
    best: Mount | None = None
    for mount in mounts() if table is None else table:
        if is_within(path, mount.point) and (best is None or len(mount.point) >= len(best.point)):
            best = mount
    return best


def mount_by_id(mount_id: int) -> Mount | None:
    """The mount with this number, as `/proc/self/fdinfo` names it for a descriptor."""
    return next((mount for mount in mounts() if mount.mount_id == mount_id), None)


def views() -> tuple[Mount, ...]:
    """The mounted views of this program, alive or stale."""
    return tuple(mount for mount in mounts() if mount.is_view)


def is_stale(mount: Mount, timeout_seconds: float = _TIMEOUT_S) -> bool:
    """Whether the process behind the mount is gone (ENOTCONN). A mount that only does not answer in time is not stale."""
    answer = _asked(_IS_THERE, timeout_seconds, mount.point)
    return answer is not None and answer.status in DEAD


def attribute(mount: Mount, name: bytes, timeout_seconds: float = _TIMEOUT_S) -> bytes:
    """An extended attribute of a mount's root. Raises OSError: ETIMEDOUT where it does not answer in time."""
    answer = _asked(_ATTRIBUTE, timeout_seconds, mount.point, name)
    number = errno.ETIMEDOUT if answer is None else answer.status
    if answer is None or number:
        raise OSError(number, os.strerror(number), mount.point)
    return answer.content


class _Answer(NamedTuple):
    status: int
    content: bytes


def _asked(probe: str, timeout_seconds: float, *arguments: bytes) -> _Answer | None:
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", probe, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdout is not None
    try:
        content, _ = child.communicate(timeout=timeout_seconds)
        return _Answer(child.returncode, content)
    except subprocess.TimeoutExpired:
        child.kill()
        return None
    finally:
        child.stdout.close()
        let_go(child)


def let_go(child: subprocess.Popen[bytes]) -> None:
    """Reap the child, without waiting for one that the kernel will not let die."""
    try:
        child.wait(0.2)
    except subprocess.TimeoutExpired:
        child.returncode = child.returncode or -9  # `Popen` need not warn of it; its end is no concern of ours
