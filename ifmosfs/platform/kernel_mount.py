"""Getting a mount from the kernel and giving it back, without libfuse: by mount(2) where one may, else through fusermount3."""

from __future__ import annotations

import array
import contextlib
import ctypes
import errno
import os
import re
import shutil
import socket
import stat
import subprocess
import tempfile
from typing import Any, Final, Protocol

from ifmosfs.core.errors import BackendMissing, IfmosfsError
from ifmosfs.platform.fuse_probe import DEVICE, mounting_troubles
from ifmosfs.platform.fuse_problems import mount_problem
from ifmosfs.platform.fuse_unmount import unmount
from ifmosfs.platform.mounts import Mount, mounts

_TYPE: Final = b"fuse.ifmosfs"
_SUBTYPE: Final = "ifmosfs"
_HELPER_SECONDS: Final = 30

# <sys/mount.h>
_MS_NOSUID: Final = 2
_MS_NODEV: Final = 4
_MNT_DETACH: Final = 2
_UMOUNT_NOFOLLOW: Final = 8


class _MountCall(Protocol):
    def __call__(self, source: bytes, target: bytes, fstype: bytes, flags: int, data: bytes, /) -> int: ...


class _UnmountCall(Protocol):
    def __call__(self, target: bytes, flags: int, /) -> int: ...


def _function(name: str, *argument_types: Any) -> Any:
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    function.argtypes = argument_types
    return function


_mount: Final[_MountCall] = _function(
    "mount", ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p
)
_unmount: Final[_UnmountCall] = _function("umount2", ctypes.c_char_p, ctypes.c_int)


def mount(mount_point: bytes, name: str, *, allow_other: bool) -> int:
    """Mount; returns the descriptor on which the kernel asks. Raises `BackendMissing`, or `MountProblem` with the reason."""
    troubles = mounting_troubles()
    if troubles:
        raise BackendMissing(troubles[0].what, hint=troubles[0].remedy)
    if os.geteuid() != 0:
        return _mount_by_helper(mount_point, name, allow_other)
    try:
        return _mount_directly(mount_point, name, allow_other)
    except OSError as error:
        if error.errno == errno.EPERM and _helper() is not None:  # a container may still allow its helper to
            return _mount_by_helper(mount_point, name, allow_other)
        raise mount_problem(mount_point, f"fuse: mount failed: {error.strerror}") from error


def _mount_directly(mount_point: bytes, name: str, allow_other: bool) -> int:
    kind = stat.S_IFMT(os.stat(mount_point).st_mode)
    device = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
    data = f"fd={device},rootmode={kind:o},user_id={os.geteuid()},group_id={os.getegid()},default_permissions"
    data += ",allow_other" if allow_other else ""
    source = f"ifmosfs:{name}".encode()
    if _mount(source, os.path.abspath(mount_point), _TYPE, _MS_NOSUID | _MS_NODEV, data.encode()):
        number = ctypes.get_errno()
        os.close(device)
        raise OSError(number, os.strerror(number))
    return device


def _mount_by_helper(mount_point: bytes, name: str, allow_other: bool) -> int:
    """fusermount3 opens the device, mounts, and sends the descriptor through a socket."""
    helper = _helper()
    if helper is None:
        raise BackendMissing("there is no fusermount3", hint="sudo apt install fuse3")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with ours, theirs, tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            [helper, "-o", _helper_options(name, allow_other), "--", os.path.abspath(mount_point)],
            stdin=subprocess.DEVNULL,
            stderr=printed,
            env={**os.environ, "LC_ALL": "C", "_FUSE_COMMFD": str(theirs.fileno())},
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()
        device = _received_descriptor(ours)
        process.wait(_HELPER_SECONDS)
        if device is None:
            printed.seek(0)
            raise mount_problem(mount_point, printed.read().decode("utf-8", "replace"))
        return device


def _helper() -> str | None:
    return shutil.which("fusermount3") or shutil.which("fusermount")


def _helper_options(name: str, allow_other: bool) -> str:
    source = re.sub(r"([\\,])", r"\\\1", f"ifmosfs:{name}")
    options = [f"fsname={source}", f"subtype={_SUBTYPE}", "default_permissions", "nosuid", "nodev"]
    return ",".join([*options, "allow_other"] if allow_other else options)


def _received_descriptor(channel: socket.socket) -> int | None:
    """The descriptor that came over the socket, `None` if it was closed without one."""
    channel.settimeout(_HELPER_SECONDS)
    try:
        _, ancillary, _, _ = channel.recvmsg(1, socket.CMSG_SPACE(array.array("i").itemsize), socket.MSG_CMSG_CLOEXEC)
    except OSError:
        return None
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            return array.array("i", content[:4])[0]
    return None


def own_mount(mount_point: bytes) -> Mount | None:
    """Our line of the mount table, found without a look at the mount itself."""
    parent, name = os.path.split(os.path.abspath(mount_point))
    point = os.path.join(os.path.realpath(parent), name)
    return next((mount for mount in reversed(mounts()) if mount.point == point and mount.is_view), None)


def detach(own: Mount) -> None:
    """Take the mount away lazily, whatever uses it; nothing happens if it has gone already."""
    if own not in mounts():
        return
    if os.geteuid() == 0 and _unmount(own.point, _MNT_DETACH | _UMOUNT_NOFOLLOW) == 0:
        return
    with contextlib.suppress(IfmosfsError):  # the connection dies with this process, whatever the helper says
        unmount(own.point, lazy=True)


def raise_read_ahead(own: Mount, kibibytes: int) -> None:
    """Let the kernel read further ahead than the 128 KiB that it gives every FUSE mount. Only root may; others do without."""
    with contextlib.suppress(OSError), open(f"/sys/class/bdi/{own.device}/read_ahead_kb", "w") as setting:
        setting.write(str(kibibytes))
