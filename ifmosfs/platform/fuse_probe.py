"""What this system has for mounting, and what it lacks, each with its remedy. Loads no binding and mounts nothing."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import stat
import sys
from ctypes.util import find_library
from dataclasses import dataclass
from typing import Final

DEVICE: Final = b"/dev/fuse"
_INSTALL: Final = "sudo apt install fuse3"

# find_library needs ldconfig or a compiler, which small images lack; the loader itself needs neither.
_LIBRARY_NAMES: Final = ("libfuse3.so.4", "libfuse3.so.3", "libfuse.so.2")


@dataclass(frozen=True, slots=True)
class FuseTrouble:
    """Something that keeps this user from mounting, and the command or the setting that helps."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class FuseFacts:
    """What `probe` found. `libfuse` (its name or path) and `version` are `None` without a libfuse, `helper` without a fusermount.

    `device_usable`: this user may open the device. The helper is needed by everyone but root. The library is needed only by
    the driver that uses it, so on Linux its absence (`libfuse_troubles`) is none of the `troubles`.
    """

    libfuse: str | None
    version: str | None
    device_present: bool
    device_usable: bool
    helper: str | None
    helper_setuid: bool
    troubles: tuple[FuseTrouble, ...]
    libfuse_troubles: tuple[FuseTrouble, ...]

    @property
    def usable(self) -> bool:
        """Whether a mount can be tried."""
        return not self.troubles


def probe() -> FuseFacts:
    """Look for the library, the device and the helper."""
    library, version = _library()
    device_error = _device_error()
    helper = shutil.which("fusermount3") or shutil.which("fusermount")
    setuid = helper is not None and _is_setuid_root(helper)
    libfuse_troubles = tuple(_libfuse_troubles(library, version))
    troubles = (
        *(() if sys.platform.startswith("linux") else libfuse_troubles),
        *_device_troubles(device_error),
        *_helper_troubles(helper, setuid),
    )
    present, usable = device_error != errno.ENOENT, device_error == 0
    return FuseFacts(library, version, present, usable, helper, setuid, troubles, libfuse_troubles)


def mounting_troubles() -> tuple[FuseTrouble, ...]:
    """The same troubles without a look for the library, which takes a while."""
    helper = shutil.which("fusermount3") or shutil.which("fusermount")
    setuid = helper is not None and _is_setuid_root(helper)
    return (*_device_troubles(_device_error()), *_helper_troubles(helper, setuid))


def _library() -> tuple[str | None, str | None]:
    """(name to load, version) of the best libfuse: 3 before 2, because only 3 can rename without losing flags."""
    candidates = (os.environ.get("FUSE_LIBRARY_PATH"), find_library("fuse3"), *_LIBRARY_NAMES, find_library("fuse"))
    for name in candidates:
        if name:
            try:
                return name, _version(ctypes.CDLL(name))
            except (OSError, AttributeError):  # not there, or not a libfuse
                continue
    return None, None


def _version(library: ctypes.CDLL) -> str:
    if hasattr(library, "fuse_pkgversion"):
        library.fuse_pkgversion.restype = ctypes.c_char_p
        return bytes(library.fuse_pkgversion()).decode("ascii", "replace")
    number = int(library.fuse_version())
    major, minor = divmod(number, 10 if number < 100 else 100)
    return f"{major}.{minor}"


def _device_error() -> int:
    """0 if this user may open the device, else why not (ENOENT: there is none)."""
    try:
        os.close(os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def _is_setuid_root(path: str) -> bool:
    status = os.stat(path)
    return status.st_uid == 0 and bool(status.st_mode & stat.S_ISUID)


def _libfuse_troubles(library: str | None, version: str | None) -> list[FuseTrouble]:
    if library is None or version is None:
        return [FuseTrouble("no FUSE library is installed", _INSTALL)]
    if version in {"2.0", "2.1", "2.2", "2.3", "2.4", "2.5"}:
        return [FuseTrouble(f"the FUSE library is too old: {version}", _INSTALL)]
    return []


def _device_troubles(error: int) -> list[FuseTrouble]:
    if error == 0:
        return []
    if error in {errno.ENOENT, errno.ENODEV, errno.ENXIO}:
        return [FuseTrouble("there is no /dev/fuse", "sudo modprobe fuse (in a container: --device /dev/fuse)")]
    if error in {errno.EACCES, errno.EPERM} and os.geteuid() != 0:
        return [FuseTrouble("you may not open /dev/fuse", "sudo chmod 666 /dev/fuse")]
    remedy = "in a container: --device /dev/fuse --cap-add SYS_ADMIN"
    return [FuseTrouble(f"/dev/fuse cannot be opened: {os.strerror(error)}", remedy)]


def _helper_troubles(helper: str | None, setuid: bool) -> list[FuseTrouble]:
    if os.geteuid() == 0:
        return []
    if helper is None:
        return [FuseTrouble("there is no fusermount3", _INSTALL)]
    return [] if setuid else [FuseTrouble(f"{helper} is not setuid root", f"sudo chmod u+s {helper}")]
