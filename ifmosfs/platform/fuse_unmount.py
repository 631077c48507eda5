"""Taking a mount away, from outside the process that serves it."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Final

from ifmosfs.core.errors import BackendMissing, MountProblem
from ifmosfs.platform.mounts import mounts

_TIMEOUT_S: Final = 30


def unmount(mount_point: bytes, *, lazy: bool = False) -> None:
    """Unmount; `lazy` detaches at once even if files are open or the daemon is dead, and the rest follows at the last close.

    Raises `MountProblem` if the mount is busy, or if no view is mounted there; `BackendMissing` without a helper.
    """
    point = _resolved(mount_point)
    _refuse_others(point)
    command = _command(lazy)
    try:
        result = subprocess.run(
            [*command, b"--", point],
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
            env={**os.environ, "LC_ALL": "C"},
        )
    except subprocess.TimeoutExpired:
        raise MountProblem("unmounting takes too long", path=mount_point, hint="try --lazy") from None
    if result.returncode != 0:
        raise _problem(point, result.stderr.decode("utf-8", "replace").strip())


def _resolved(mount_point: bytes) -> bytes:
    """The absolute path without symlinks, found without a look at the mount itself: its daemon may be dead or hang."""
    parent, name = os.path.split(os.path.abspath(mount_point))
    return os.path.join(os.path.realpath(parent), name)


def _refuse_others(point: bytes) -> None:
    """Root's fusermount3 would unmount anything."""
    mounted = [mount for mount in mounts() if mount.point == point]
    if not mounted:
        raise _nothing_mounted(point)
    if not mounted[-1].is_view:
        hint = "ifmosfs status lists the mounts"
        raise MountProblem("what is mounted here is not a view of ifmosfs", path=point, hint=hint)


def _nothing_mounted(point: bytes) -> MountProblem:
    return MountProblem("nothing is mounted here", path=point, hint="ifmosfs status lists the mounts")


def _command(lazy: bool) -> list[str]:
    for helper in ("fusermount3", "fusermount"):
        if shutil.which(helper):
            return [helper, "-u", "-z"] if lazy else [helper, "-u"]
    if os.geteuid() == 0 and shutil.which("umount"):
        return ["umount", "-l"] if lazy else ["umount"]
    raise BackendMissing("there is no fusermount3 to unmount with", hint="sudo apt install fuse3")


def _problem(mount_point: bytes, reason: str) -> MountProblem:
    lower = reason.lower()
    if "busy" in lower:
        hint = "close the programs that use it (fuser -vm names them), or unmount with --lazy"
        return MountProblem("the mounted folder is in use", path=mount_point, hint=hint)
    if (
        "not found in" in lower or "not mounted" in lower or "invalid argument" in lower
    ):  # gone meanwhile; the last is root's
        return _nothing_mounted(mount_point)
    return MountProblem(f"unmounting failed ({reason})", path=mount_point, hint="ifmosfs doctor")
