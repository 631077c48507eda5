"""Every kind of node that a path may lead to, each with one of its kind in the playground; and every operation, as a call on one.

The names are those of the tables in `test_errno_table`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from typing import Final

from tests.conformance.os_protocol import RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT, Os
from tests.conformance.playground import CONTROL, LONG, NFC, NFD, NOT_UTF_8, REVIEW, TWO_LINES

KINDS: Final[Mapping[str, bytes]] = {
    "root": b"",
    # what the target has already
    "existing-folder": b"Docs/Bare",
    "existing-full": b"Docs/Sub",
    "existing-file": b"Docs/theirs.pdf",
    "existing-link": b"soft",
    "link-to-folder": b"way",
    "link-to-itself": b"loop",
    "both": b"Docs",  # an existing folder with planned files
    # what is planned
    "planned-folder": b"New/Empty",
    "planned-full": b"New/Full",
    "planned-file": b"New/b.csv",
    "file-in-existing": b"Docs/run.sh",
    "planned-link": b"New/link",
    "name-of-255": b"New/" + LONG,
    "name-not-utf-8": b"New/" + NOT_UTF_8,
    "name-of-two-lines": b"New/" + TWO_LINES,
    "case-twin": b"New/Case.csv",
    "other-case-twin": b"New/case.csv",
    "nfc-twin": b"New/" + NFC,
    "nfd-twin": b"New/" + NFD,
    # projects, which are moved whole
    "project": b"Work/prog",
    "folder-in-project": b"Work/prog/src",
    "file-in-project": b"Work/prog/main.py",
    # what stays
    "review": REVIEW,
    "reason": REVIEW + b"/unsure",
    "empty-reason": REVIEW + b"/excluded",
    "review-folder": REVIEW + b"/unsure/deep",
    "review-file": REVIEW + b"/unsure/who.xyz",
    "review-link": REVIEW + b"/links/other",
    "review-project": REVIEW + b"/projects/far",
    "file-in-review-project": REVIEW + b"/projects/far/main.py",
    # what is generated
    "control": CONTROL,
    "control-file": CONTROL + b"/plan.jsonl",
    # nothing
    "missing": b"New/missing",
    "missing-at-top": b"missing",
    "missing-in-existing": b"Docs/missing",
    "missing-in-project": b"Work/prog/missing",
    "missing-reason": REVIEW + b"/missing",
    "missing-in-reason": REVIEW + b"/unsure/missing",
    "missing-in-control": CONTROL + b"/missing",
    "missing-folder": b"New/missing/name",
    "missing-link-way": b"way/missing",
    "name-of-256": b"New/" + b"x" * 256,
    "through-a-file": b"New/b.csv/desktop.ini",
    "through-theirs": b"Docs/theirs.pdf/desktop.ini",
    "through-a-loop": b"loop/name",
    "trash": b".Trash-1000",
    "trash-below": b"New/.Trash-1000",
}

Call = Callable[[Os, bytes], object]

LEFT_OUT: Final = REVIEW + b"/excluded"

# Where the two-sided operations come from, or go to.
FILE, FOLDER, FULL, FREE = b"New/c.csv", b"New/Full/Inner", b"New/Full", b"New/fresh"


def _opened(flags: int) -> Call:
    def call(system: Os, path: bytes) -> None:
        system.close(system.open(path, flags))

    return call


def _synced(system: Os, path: bytes) -> None:
    descriptor = system.open(path)
    try:
        system.fsync(descriptor)
    finally:
        system.close(descriptor)


def _read(system: Os, path: bytes) -> None:
    descriptor = system.open(path)
    try:
        system.pread(descriptor, 10, 0)
    finally:
        system.close(descriptor)


def _renamed_to(target: bytes, flags: int = 0) -> Call:
    return lambda system, path: system.rename(path, target, flags)


def _renamed_from(source: bytes, flags: int = 0) -> Call:
    return lambda system, path: system.rename(source, path, flags)


CALLS: Final[Mapping[str, Call]] = {
    "lstat": lambda system, path: system.lstat(path),
    "stat": lambda system, path: system.stat(path),
    "listdir": lambda system, path: system.listdir(path),
    "readlink": lambda system, path: system.readlink(path),
    "read": _read,
    "nofollow": _opened(os.O_RDONLY | os.O_NOFOLLOW),
    "as-folder": _opened(os.O_RDONLY | os.O_DIRECTORY),
    "fsync": _synced,
    "statvfs": lambda system, path: system.statvfs(path),
    "open-w": _opened(os.O_WRONLY),
    "open-rw": _opened(os.O_RDWR),
    "append": _opened(os.O_WRONLY | os.O_APPEND),
    "trunc": _opened(os.O_RDONLY | os.O_TRUNC),
    "creat": _opened(os.O_WRONLY | os.O_CREAT),
    "excl": _opened(os.O_WRONLY | os.O_CREAT | os.O_EXCL),
    "truncate": lambda system, path: system.truncate(path, 0),
    "mkdir": lambda system, path: system.mkdir(path),
    "rmdir": lambda system, path: system.rmdir(path),
    "unlink": lambda system, path: system.unlink(path),
    "mknod": lambda system, path: system.mknod(path, stat.S_IFREG | 0o644),
    "mkfifo": lambda system, path: system.mknod(path, stat.S_IFIFO | 0o644),
    "symlink": lambda system, path: system.symlink(b"b.csv", path),
    "link-from": lambda system, path: system.link(path, FREE),
    "link-to": lambda system, path: system.link(FILE, path),
    "chmod": lambda system, path: system.chmod(path, 0o750),
    "chown": lambda system, path: system.chown(path, os.getuid() + 1, os.getgid()),
    "utime": lambda system, path: system.utime(path, 1_000_000_007, 1_000_000_009),
    "move": _renamed_to(FREE),
    "move-noreplace": _renamed_to(FREE, RENAME_NOREPLACE),
    "move-whiteout": _renamed_to(FREE, RENAME_WHITEOUT),
    "move-8": _renamed_to(FREE, 8),
    "into-itself": lambda system, path: system.rename(path, path + b"/inside" if path else b"inside"),
    "onto-itself": lambda system, path: system.rename(path, path),
    "exchange-missing": _renamed_to(FREE, RENAME_EXCHANGE),
    "exchange-file": _renamed_from(FILE, RENAME_EXCHANGE),
    "exchange-folder": _renamed_from(FOLDER, RENAME_EXCHANGE),
    "file-over": _renamed_from(FILE),
    "folder-over": _renamed_from(FOLDER),
    "full-over": _renamed_from(FULL),
    "file-noreplace": _renamed_from(FILE, RENAME_NOREPLACE),
    "folder-noreplace": _renamed_from(FOLDER, RENAME_NOREPLACE),
    "get-source": lambda system, path: system.getxattr(path, b"user.ifmosfs.source"),
    "get-label": lambda system, path: system.getxattr(path, b"security.capability"),
    "get-other": lambda system, path: system.getxattr(path, b"user.other"),
    "listxattr": lambda system, path: system.listxattr(path),
    "set-category": lambda system, path: system.setxattr(path, b"user.ifmosfs.category", b"technical_script"),
    "set-unknown": lambda system, path: system.setxattr(path, b"user.ifmosfs.category", b"no such category"),
    "set-other": lambda system, path: system.setxattr(path, b"user.other", b"x"),
    "create-category": lambda system, path: system.setxattr(
        path, b"user.ifmosfs.category", b"technical_script", os.XATTR_CREATE
    ),
    "replace-category": lambda system, path: system.setxattr(
        path, b"user.ifmosfs.category", b"technical_script", os.XATTR_REPLACE
    ),
    "create-tags": lambda system, path: system.setxattr(path, b"user.xdg.tags", b"x", os.XATTR_CREATE),
    "replace-other": lambda system, path: system.setxattr(path, b"user.other", b"x", os.XATTR_REPLACE),
    "remove-source": lambda system, path: system.removexattr(path, b"user.ifmosfs.source"),
    "remove-other": lambda system, path: system.removexattr(path, b"user.other"),
}


def left_out(system: Os) -> set[bytes]:
    """The files below the review's folder for what a person has left out."""
    found: set[bytes] = set()
    pending = [LEFT_OUT]
    while pending:
        folder = pending.pop()
        for name in system.listdir(folder):
            below = folder + b"/" + name
            if system.lstat(below).is_folder:
                pending.append(below)
            else:
                found.add(below)
    return found


def undo(system: Os, name: str, path: bytes, before: set[bytes]) -> None:
    """Take back what an operation did to a node of some kind, as far as it may get in the way of the next kind. `before`: what was
    left out then, for what is dropped on the review folder itself comes to lie there."""
    if path == KINDS["missing-reason"]:
        folder = LEFT_OUT + b"/" + path.rpartition(b"/")[2]
        (aside,) = [folder] if _is_there(system, folder) else left_out(system) - before
        system.rename(aside, _SOURCES[name])
    elif name == "mkdir":
        system.rmdir(path)
    elif name in {"move", "move-noreplace"}:
        system.rename(FREE, path)
    elif name in _SOURCES and "exchange" not in name:
        if not _is_there(system, _SOURCES[name]):
            system.rename(path, _SOURCES[name])
    elif name in _SOURCES:
        system.rename(path, _SOURCES[name], RENAME_EXCHANGE)


_SOURCES: Final = {
    "file-over": FILE,
    "file-noreplace": FILE,
    "exchange-file": FILE,
    "folder-over": FOLDER,
    "folder-noreplace": FOLDER,
    "exchange-folder": FOLDER,
    "full-over": FULL,
}


def _is_there(system: Os, path: bytes) -> bool:
    try:
        system.lstat(path)
    except FileNotFoundError:
        return False
    return True
