"""From the view's refusals to Linux' numbers. The table is total; a test walks the enum."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Final

from ifmosfs.view.values import FsErrorKind

ERRNO: Final[Mapping[FsErrorKind, int]] = {
    FsErrorKind.NOT_FOUND: errno.ENOENT,
    FsErrorKind.EXISTS: errno.EEXIST,
    FsErrorKind.NOT_A_FOLDER: errno.ENOTDIR,
    FsErrorKind.IS_A_FOLDER: errno.EISDIR,
    FsErrorKind.NOT_EMPTY: errno.ENOTEMPTY,
    FsErrorKind.READ_ONLY: errno.EROFS,
    FsErrorKind.NOT_PERMITTED: errno.EPERM,
    FsErrorKind.NO_ACCESS: errno.EACCES,
    FsErrorKind.NAME_TOO_LONG: errno.ENAMETOOLONG,
    FsErrorKind.INVALID: errno.EINVAL,
    FsErrorKind.BUSY: errno.EBUSY,
    FsErrorKind.STALE: errno.ESTALE,
    FsErrorKind.NOT_HELD: errno.ENOLINK,
    FsErrorKind.LOOP: errno.ELOOP,
    FsErrorKind.CROSS_DEVICE: errno.EXDEV,
    FsErrorKind.NO_ATTRIBUTE: errno.ENODATA,
    FsErrorKind.NOT_SUPPORTED: errno.EOPNOTSUPP,
    FsErrorKind.NO_SPACE: errno.ENOSPC,
    FsErrorKind.NO_DESCRIPTOR: errno.ENFILE,  # EMFILE would say that the program that asks has too many files open itself
    FsErrorKind.IO: errno.EIO,
}
