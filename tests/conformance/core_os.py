"""The `Os` of a view in this process: a walk along paths over `ViewOperations`, without any driver.

What the kernel decides by itself, before or instead of asking a filesystem, is modelled here call by call, in the order of
Linux' `fs/namei.c`, `fs/open.c` and `fs/xattr.c`; what the FUSE driver refuses without asking the view (there is nothing in
`ViewOperations` to ask) is in `_NEVER`. A tree has no world outside: an absolute symlink leads nowhere.
"""

from __future__ import annotations

import errno
import itertools
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, ParamSpec, TypeVar

from ifmosfs.core.files import Attr, Kind
from ifmosfs.platform.fuse_errors import ERRNO
from ifmosfs.view.protocol import ViewOperations
from ifmosfs.view.values import ROOT_INODE, Entry, FsError, RenameMode
from tests.conformance.os_protocol import RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT, Status

P = ParamSpec("P")
T = TypeVar("T")

PATH_MAX = 4096
MAX_LINKS = 40
_MODES = {0: RenameMode.REPLACE, RENAME_NOREPLACE: RenameMode.NO_REPLACE, RENAME_EXCHANGE: RenameMode.EXCHANGE}
_NEVER = {
    "create": errno.EROFS,
    "mknod": errno.EROFS,
    "mknod special": errno.EPERM,
    "truncate": errno.EROFS,
    "link": errno.EPERM,
    "symlink": errno.EPERM,
    "chown": errno.EPERM,
}
_LABELS = (b"security.", b"system.")


class _Spot(NamedTuple):
    """Where a path leads: the folders on the way, root first, the last name, and what is there."""

    folders: tuple[int, ...]
    name: bytes
    attr: Attr | None

    @property
    def parent(self) -> int:
        return self.folders[-1]

    @property
    def is_root(self) -> bool:
        return not self.name


class _Opened(NamedTuple):
    inode: int
    handle: int | None
    """`None` for a folder."""


def _refuse(number: int, path: bytes) -> OSError:
    return OSError(number, os.strerror(number), path)


class CoreOs:
    """One program and one kernel that remembers everything it was told."""

    def __init__(self, view: ViewOperations) -> None:
        self._view: Any = view
        self._opened: dict[int, _Opened] = {}
        self._descriptors = itertools.count(3)

    # The walk

    def _ask(self, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return ask(*args, **kwargs)
        except FsError as error:
            raise _refuse(ERRNO[error.kind], error.path) from None

    def _lookup(self, parent: int, name: bytes) -> Attr | None:
        try:
            return self._ask(self._view.lookup, parent, name).attr  # type: ignore[no-any-return]
        except FileNotFoundError:
            return None

    def _walk(self, path: bytes, *, follow: bool = False) -> _Spot:
        if len(path) >= PATH_MAX:
            raise _refuse(errno.ENAMETOOLONG, path)
        pending = path.split(b"/")[::-1] if path else []
        folders: tuple[int, ...] = (ROOT_INODE,)
        n_links = 0
        while pending:
            name = pending.pop()
            attr = self._lookup(folders[-1], name)
            if attr is None:
                if pending:
                    raise _refuse(errno.ENOENT, path)
                return _Spot(folders, name, None)
            if attr.kind is Kind.SYMLINK and (pending or follow):
                n_links += 1
                if n_links > MAX_LINKS:
                    raise _refuse(errno.ELOOP, path)
                text = self._ask(self._view.readlink, attr.inode)
                if text.startswith(b"/"):
                    raise _refuse(errno.ENOENT, path)
                pending.extend(text.split(b"/")[::-1])
            elif not pending:
                return _Spot(folders, name, attr)
            elif attr.kind is not Kind.FOLDER:
                raise _refuse(errno.ENOTDIR, path)
            else:
                folders = (*folders, attr.inode)
        return _Spot(folders, b"", self._ask(self._view.getattr, ROOT_INODE))

    def _found(self, path: bytes, *, follow: bool = False) -> tuple[_Spot, Attr]:
        spot = self._walk(path, follow=follow)
        if spot.attr is None:
            raise _refuse(errno.ENOENT, path)
        return spot, spot.attr

    def _free(self, path: bytes) -> _Spot:
        """The spot of a name that is to be made."""
        spot = self._walk(path)
        if spot.attr is not None:
            raise _refuse(errno.EEXIST, path)
        return spot

    def _folder_above(self, path: bytes) -> None:
        """ENOENT, ENOTDIR and the like of all but the last name."""
        _, attr = self._found(path.rpartition(b"/")[0], follow=True)
        if attr.kind is not Kind.FOLDER:
            raise _refuse(errno.ENOTDIR, path)

    # Looking

    def lstat(self, path: bytes) -> Status:
        _, attr = self._found(path)
        return _status(self._ask(self._view.getattr, attr.inode))

    def stat(self, path: bytes) -> Status:
        _, attr = self._found(path, follow=True)
        return _status(self._ask(self._view.getattr, attr.inode))

    def listdir(self, path: bytes) -> list[bytes]:
        _, attr = self._found(path, follow=True)
        if attr.kind is not Kind.FOLDER:
            raise _refuse(errno.ENOTDIR, path)
        return sorted(entry.name for entry in self._entries(attr.inode))

    def _entries(self, inode: int) -> Sequence[Entry]:
        listing = self._ask(self._view.opendir, inode)
        return self._ask(listing.entries, 0, len(listing))  # type: ignore[no-any-return]

    def readlink(self, path: bytes) -> bytes:
        _, attr = self._found(path)
        if attr.kind is not Kind.SYMLINK:
            raise _refuse(errno.EINVAL, path)
        return self._ask(self._view.readlink, attr.inode)  # type: ignore[no-any-return]

    def open(self, path: bytes, flags: int = os.O_RDONLY) -> int:
        creating = bool(flags & os.O_CREAT)
        exclusive = creating and bool(flags & os.O_EXCL)
        spot = self._walk(path, follow=not (flags & os.O_NOFOLLOW or exclusive))
        if spot.attr is None:
            raise _refuse(_NEVER["create"] if creating else errno.ENOENT, path)
        if exclusive:
            raise _refuse(errno.EEXIST, path)
        kind = spot.attr.kind
        if kind is Kind.SYMLINK:
            raise _refuse(errno.ELOOP, path)
        if kind is Kind.FOLDER:
            if creating or flags & (os.O_ACCMODE | os.O_TRUNC):
                raise _refuse(errno.EISDIR, path)
            return self._hold(_Opened(spot.attr.inode, None))
        if flags & os.O_DIRECTORY:
            raise _refuse(errno.ENOTDIR, path)
        passed = flags & ~(os.O_CREAT | os.O_EXCL | os.O_NOCTTY)
        opened = self._ask(self._view.open, spot.attr.inode, passed)
        return self._hold(_Opened(spot.attr.inode, opened.handle))

    def _hold(self, opened: _Opened) -> int:
        descriptor = next(self._descriptors)
        self._opened[descriptor] = opened
        return descriptor

    def pread(self, descriptor: int, size: int, offset: int) -> bytes:
        handle = self._opened[descriptor].handle
        if handle is None:
            raise _refuse(errno.EISDIR, b"")
        return self._ask(self._view.read, handle, size, offset)  # type: ignore[no-any-return]

    def fstat(self, descriptor: int) -> Status:
        return _status(self._ask(self._view.getattr, self._opened[descriptor].inode))

    def fsync(self, descriptor: int) -> None:
        opened = self._opened[descriptor]
        if opened.handle is None:
            self._ask(self._view.fsync_folder, opened.inode)

    def close(self, descriptor: int) -> None:
        opened = self._opened.pop(descriptor)
        if opened.handle is not None:
            self._ask(self._view.release, opened.handle)

    # Changing

    def mkdir(self, path: bytes, mode: int = 0o755) -> None:
        spot = self._free(path)
        self._ask(self._view.mkdir, spot.parent, spot.name, mode)

    def rmdir(self, path: bytes) -> None:
        spot, attr = self._found(path)
        if spot.is_root:
            raise _refuse(errno.EBUSY, path)
        if attr.kind is not Kind.FOLDER:
            raise _refuse(errno.ENOTDIR, path)
        self._ask(self._view.rmdir, spot.parent, spot.name)

    def unlink(self, path: bytes) -> None:
        spot, attr = self._found(path)
        if attr.kind is Kind.FOLDER:
            raise _refuse(errno.EISDIR, path)
        self._ask(self._view.unlink, spot.parent, spot.name)

    def rename(self, path: bytes, target: bytes, flags: int = 0) -> None:
        if flags not in _MODES and flags != RENAME_WHITEOUT:
            raise _refuse(errno.EINVAL, path)
        for each in (path, target):
            if each:
                self._folder_above(each)
        if not path and not target:
            return
        if not path or not target:
            raise _refuse(errno.EXDEV, path)  # the name of the root is in another filesystem, the one it is mounted on
        source = self._walk(path)
        if source.attr is None:
            raise _refuse(errno.ENOENT, path)
        to = self._walk(target)
        self._check_target(source, source.attr, to, flags)
        if to.attr is not None and to.attr.inode == source.attr.inode:
            return
        if to.attr is not None and not flags:
            if source.attr.kind is Kind.FOLDER and to.attr.kind is not Kind.FOLDER:
                raise _refuse(errno.ENOTDIR, target)
            if source.attr.kind is not Kind.FOLDER and to.attr.kind is Kind.FOLDER:
                raise _refuse(errno.EISDIR, target)
        if flags not in _MODES:
            raise _refuse(errno.EINVAL, path)  # this one the kernel knows, but no driver may
        self._ask(self._view.rename, source.parent, source.name, to.parent, to.name, _MODES[flags])

    def _check_target(self, source: _Spot, attr: Attr, to: _Spot, flags: int) -> None:
        if flags == RENAME_NOREPLACE and to.attr is not None:
            raise _refuse(errno.EEXIST, to.name)
        if flags == RENAME_EXCHANGE and to.attr is None:
            raise _refuse(errno.ENOENT, to.name)
        if attr.inode in to.folders:
            raise _refuse(errno.EINVAL, to.name)
        if to.attr is not None and to.attr.inode in source.folders:
            raise _refuse(errno.EINVAL if flags == RENAME_EXCHANGE else errno.ENOTEMPTY, to.name)

    def link(self, path: bytes, target: bytes) -> None:
        self._found(path)
        self._free(target)
        raise _refuse(_NEVER["link"], path)

    def symlink(self, text: bytes, path: bytes) -> None:
        self._free(path)
        raise _refuse(_NEVER["symlink"], path)

    def mknod(self, path: bytes, mode: int) -> None:
        self._free(path)
        raise _refuse(_NEVER["mknod" if stat.S_IFMT(mode) in {0, stat.S_IFREG} else "mknod special"], path)

    def chmod(self, path: bytes, mode: int) -> None:
        _, attr = self._found(path, follow=True)
        self._ask(self._view.chmod, attr.inode, mode)

    def chown(self, path: bytes, uid: int, gid: int) -> None:
        self._found(path)
        raise _refuse(_NEVER["chown"], path)

    def utime(self, path: bytes, atime_ns: int, mtime_ns: int) -> None:
        _, attr = self._found(path, follow=True)
        self._ask(self._view.set_times, attr.inode, atime_ns, mtime_ns)

    def truncate(self, path: bytes, size: int) -> None:
        _, attr = self._found(path, follow=True)
        if attr.kind is Kind.FOLDER:
            raise _refuse(errno.EISDIR, path)
        raise _refuse(_NEVER["truncate"], path)

    # Extended attributes

    def getxattr(self, path: bytes, name: bytes) -> bytes:
        _, attr = self._found(path)
        if name.startswith(_LABELS):
            raise _refuse(errno.EOPNOTSUPP, path)
        if attr.kind is Kind.SYMLINK and name.startswith(b"user."):
            raise _refuse(errno.ENODATA, path)
        return self._ask(self._view.getxattr, attr.inode, name)  # type: ignore[no-any-return]

    def listxattr(self, path: bytes) -> list[bytes]:
        _, attr = self._found(path)
        return sorted(self._ask(self._view.listxattr, attr.inode))

    def setxattr(self, path: bytes, name: bytes, value: bytes, flags: int = 0) -> None:
        attr = self._changeable(path, name)
        self._ask(self._view.setxattr, attr.inode, name, value, flags)

    def removexattr(self, path: bytes, name: bytes) -> None:
        attr = self._changeable(path, name)
        self._ask(self._view.removexattr, attr.inode, name)

    def _changeable(self, path: bytes, name: bytes) -> Attr:
        _, attr = self._found(path)
        if attr.kind is Kind.SYMLINK and name.startswith(b"user."):
            raise _refuse(errno.EPERM, path)
        return attr

    def statvfs(self, path: bytes) -> tuple[int, int, int, int, int]:
        self._found(path, follow=True)
        space = self._ask(self._view.statfs)
        return (
            space.block_bytes,
            space.n_blocks,
            space.n_blocks_available,
            space.n_inodes,
            space.name_max_bytes,
        )


def _status(attr: Attr) -> Status:
    return Status(
        attr.mode,
        attr.inode,
        attr.n_links,
        attr.uid,
        attr.gid,
        attr.size_bytes,
        attr.n_blocks,
        attr.atime_ns,
        attr.mtime_ns,
        attr.ctime_ns,
    )


@contextmanager
def opened_view(environment: dict[str, str], plan_id: str) -> Iterator[ViewOperations]:
    """The view of a plan as `ifmosfs mount` makes it, in this process, without a mount: the driver is a stand-in that does
    nothing but hold the view until it is no longer wanted."""
    import queue
    import threading

    from ifmosfs.app.context import App
    from ifmosfs.app.mounting import serve
    from ifmosfs.app.settings import load_settings
    from ifmosfs.platform import fuse

    got: queue.Queue[ViewOperations | BaseException] = queue.Queue()
    enough = threading.Event()

    def hold(view: ViewOperations, mount_point: bytes, **options: Any) -> None:
        got.put(view)
        enough.wait()

    def run() -> None:
        try:
            with App(load_settings(environment)) as app:
                serve(app, plan_id, b"/nowhere", lambda: None)
        except BaseException as error:  # noqa: BLE001  # carried over to who wants the view
            got.put(error)

    real, fuse.serve = fuse.serve, hold  # type: ignore[assignment]
    server = threading.Thread(target=run)
    try:
        server.start()
        view = got.get(timeout=20)
        if isinstance(view, BaseException):
            raise view
        yield view
    finally:
        enough.set()
        server.join()
        fuse.serve = real
