"""Writing a report to a file that a person named: whole or not at all, and never over something that is not such a report.

Some reports replace their earlier ones (`write_report`), the others are always new files (`write_new`).
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from typing import Final

from ifmosfs.core.errors import IfmosfsError, UsageProblem
from ifmosfs.platform import linux

N_HEAD: Final = 512
NAME_A_NEW_ONE: Final = "name a file that does not exist yet with --output"


def write_report(path: bytes, content: bytes, mark: bytes) -> None:
    """Write a report, durably. `mark` stands within its first 512 bytes, and only a file that has it there is replaced.

    Raises: UsageProblem where something else has the name, IfmosfsError where the system refuses.
    """
    try:
        replaces = _is_earlier_report(path, mark)
        folder = os.open(os.path.dirname(path) or b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _write(folder, os.path.basename(path), content, replaces=replaces)
        finally:
            os.close(folder)
    except FileExistsError as error:
        raise _not_ours(path) from error
    except OSError as error:
        what = f"the report cannot be written ({error.strerror})"
        raise IfmosfsError(what, path=path, hint="name another file with --report") from error


def write_new(path: bytes, content: bytes) -> None:
    """Write a file that was not there, durably.

    Raises: UsageProblem where something has the name, IfmosfsError where the system refuses.
    """
    try:
        folder = os.open(os.path.dirname(path) or b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _write(folder, os.path.basename(path), content, replaces=False)
        finally:
            os.close(folder)
    except FileExistsError as error:
        raise UsageProblem(
            "there is something already, which is not overwritten", path=path, hint=NAME_A_NEW_ONE
        ) from error
    except OSError as error:
        raise IfmosfsError(
            f"the report cannot be written ({error.strerror})", path=path, hint=NAME_A_NEW_ONE
        ) from error


def check_new(path: bytes) -> None:
    """Raise before long work what `write_new` would raise after it, as far as that can be told."""
    if os.path.lexists(path):
        raise UsageProblem("there is something already, which is not overwritten", path=path, hint=NAME_A_NEW_ONE)
    folder = os.path.dirname(path) or b"."
    if not os.path.isdir(folder):
        raise IfmosfsError("the folder of the report is not there", path=folder, hint=NAME_A_NEW_ONE)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise IfmosfsError("nothing may be written into the folder of the report", path=folder, hint=NAME_A_NEW_ONE)


def _is_earlier_report(path: bytes, mark: bytes) -> bool:
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise _not_ours(path)
    except FileNotFoundError:
        return False
    with open(path, "rb") as file:
        if mark not in file.read(N_HEAD):
            raise _not_ours(path)
    return True


def _not_ours(path: bytes) -> UsageProblem:
    what = "something that is not an earlier report has this name, and is not overwritten"
    return UsageProblem(what, path=path, hint="name another file with --report")


def _write(folder: int, name: bytes, content: bytes, *, replaces: bool) -> None:
    draft = b".ifmosfs-report-" + secrets.token_hex(5).encode()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replaces:
            os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
        else:
            _publish(folder, draft, name)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=folder)
        raise
    os.fsync(folder)


def _publish(folder: int, draft: bytes, name: bytes) -> None:
    """Give the draft its name, if that is still free; by a second name where the filesystem has no such rename."""
    try:
        linux.rename_noreplace(folder, draft, folder, name)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}:
            raise
        os.link(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
        os.unlink(draft, dir_fd=folder)
