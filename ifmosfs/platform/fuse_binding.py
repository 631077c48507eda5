"""The libfuse callbacks: C structures to `PathOperations` and back, on mfusepy. No decision about the tree is made here.

mfusepy binds a callback of libfuse to its own method of the same name if the *operations* object has an attribute of that name.
Its methods decode paths, drop rename's flags and know neither readdirplus nor descriptors for reads; so every callback bound
here is overridden, and the operations object only names them. Not bound on purpose: `access` (default_permissions does it in the
kernel), `flush` (its ENOSYS makes the kernel stop asking), `lock`, `flock` and `poll` (the kernel does them locally).

Importing this module loads libfuse: `OSError` if `load_binding` of `fuse.py` has not found one.
Fields of libfuse's structures that moved between its releases (3.11, 3.14.1, 3.17) lie behind all those used here.
"""

from __future__ import annotations

import ctypes
import errno
import logging
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

import mfusepy

from ifmosfs.platform.fuse_errors import ERRNO
from ifmosfs.platform.fuse_memory import ThreadRecord, content_vector, copy_out, descriptor_vector, fill_stat
from ifmosfs.platform.fuse_paths import PathOperations, Timespec
from ifmosfs.view.protocol import Listing
from ifmosfs.view.values import Caller, FsError

LOG: Final = logging.getLogger("ifmosfs")

_CALLBACKS: Final = (
    *(
        "init",
        "getattr",
        "readlink",
        "opendir",
        "readdir",
        "releasedir",
        "open",
        "read",
        "read_buf",
        "release",
        "fsync",
        "fsyncdir",
    ),
    *("mkdir", "rmdir", "unlink", "rename", "chmod", "utimens", "statfs"),
    *("getxattr", "listxattr", "setxattr", "removexattr"),
    *("create", "write", "truncate"),  # refused but for scratch files
    *("mknod", "link", "symlink", "chown", "ioctl"),  # refused
)

_FUSE_3: Final = mfusepy.fuse_version_major >= 3

# enum fuse_readdir_flags, enum fuse_fill_dir_flags
_READDIR_PLUS: Final = 1
_FILL_DIR_PLUS: Final = 2

# FUSE_CAP_* of <fuse_common.h>
_CAP_SPLICE_WRITE: Final = 1 << 7
_CAP_SPLICE_MOVE: Final = 1 << 8
_CAP_READDIRPLUS: Final = 1 << 13
_CAP_READDIRPLUS_AUTO: Final = 1 << 14
_CAP_PARALLEL_DIROPS: Final = 1 << 18
_WANTED: Final = _CAP_SPLICE_WRITE | _CAP_SPLICE_MOVE | _CAP_READDIRPLUS | _CAP_PARALLEL_DIROPS

_MAX_READAHEAD_BYTES: Final = 1 << 20
_CACHE_S: Final = 1.0
_NO_ID: Final = (1 << 32) - 1  # (uid_t)-1
_DOTS: Final = (b".", b"..")
_PART: Final = (
    24  # entries looked at in one go: about what the kernel asks for (4 KiB), so that few are looked at in vain
)
_THREAD: Final = ThreadRecord()


def _handle(file_info: Any) -> int | None:
    return file_info.contents.fh if file_info else None


def caller() -> Caller:
    """Who asks, in a thread that runs a callback."""
    return Caller(*mfusepy.fuse_get_context())


def _fill_names(buffer: Any, fill: Any, listing: Listing, start: int) -> bool:
    """Names, inodes and kinds of a part of a listing; whether there is room for more."""
    record = mfusepy.c_stat()
    reference = ctypes.byref(record)
    for position, (name, inode, kind_bits) in enumerate(listing.names(start, start + _PART), start + len(_DOTS) + 1):
        record.st_ino, record.st_mode = inode, kind_bits
        if fill(buffer, name, reference, position, 0):
            return False
    return True


def _fill_entries(buffer: Any, fill: Any, listing: Listing, start: int) -> bool:
    """The same with all attributes. Those that have gone are left out, so positions are the names'."""
    record = mfusepy.c_stat()
    reference = ctypes.byref(record)
    attrs = {entry.name: entry.attr for entry in listing.entries(start, start + _PART)}
    for position, dirent in enumerate(listing.names(start, start + _PART), start + len(_DOTS) + 1):
        attr = attrs.get(dirent.name)
        if attr is not None:
            fill_stat(record, attr)
            if fill(buffer, dirent.name, reference, position, _FILL_DIR_PLUS):
                return False
    return True


class Binding(mfusepy.FUSE):  # type: ignore[misc]  # mfusepy has no types
    """A mount. Constructing it mounts and serves; the constructor returns when the mount has gone.

    `on_ready` is called from the init callback; what it raises ends the mount and is appended to `failures`.
    """

    def __init__(
        self,
        paths: PathOperations,
        mount_point: str,
        on_ready: Callable[[], None],
        failures: list[BaseException],
        **options: Any,
    ) -> None:
        self._paths = paths
        self._on_ready = on_ready
        self._failures = failures
        # libfuse 2 only: no path needed for open files that have been unlinked; UTIME_NOW and UTIME_OMIT are understood.
        flags = {"flag_nullpath_ok": 1, "flag_utime_omit_ok": 1}
        slots = SimpleNamespace(use_ns=True, **dict.fromkeys(_CALLBACKS, True), **flags)
        super().__init__(slots, mount_point, encoding="utf-8", errors="surrogateescape", **options)

    def _wrapper(self, callback: Callable[..., int | None], *arguments: Any) -> int:
        """Call a callback and translate what it raises: the one place where a bug becomes an errno."""
        try:
            _THREAD.keep()
            return callback(*arguments) or 0
        except FsError as error:
            return -ERRNO[error.kind]
        except BaseException:  # ctypes would print it and report success to the kernel
            LOG.exception("bug in the mounted view: %s%r", callback.__name__, arguments[:1])
            return -errno.EIO

    def init_fuse_3(self, connection: Any, config: Any) -> None:
        """Negotiate with the kernel; the mount answers from here on."""
        settings = config.contents
        settings.use_ino = 1
        settings.nullpath_ok = 1
        settings.entry_timeout = settings.attr_timeout = _CACHE_S
        settings.negative_timeout = 0.0
        self._negotiate(connection.contents)

    def init_fuse_2(self, connection: Any) -> None:
        """As `init_fuse_3`; the settings are mount options there."""
        self._negotiate(connection.contents)

    def _negotiate(self, connection: Any) -> None:
        connection.max_readahead = max(connection.max_readahead, _MAX_READAHEAD_BYTES)
        # Attributes come with every listing anyway, so the kernel may always ask for them (no READDIRPLUS_AUTO).
        connection.want = (connection.want | (connection.capable & _WANTED)) & ~_CAP_READDIRPLUS_AUTO
        try:
            self._on_ready()
        except BaseException as error:  # noqa: BLE001  # carried over to the caller of serve()
            self._failures.append(error)
            mfusepy.fuse_exit()

    def getattr_fuse_3(self, path: bytes | None, target: Any, file_info: Any) -> None:
        """Attributes of a path or of an open file."""
        ctypes.memset(target, 0, ctypes.sizeof(mfusepy.c_stat))
        fill_stat(target.contents, self._paths.attr(path, _handle(file_info)))

    def getattr_fuse_2(self, path: bytes | None, target: Any) -> None:
        """Attributes of a path."""
        self.getattr_fuse_3(path, target, None)

    def fgetattr(self, path: bytes | None, target: Any, file_info: Any) -> None:
        """Attributes of an open file; libfuse 2 has a callback of its own for that."""
        self.getattr_fuse_3(path, target, file_info)

    def readlink(self, path: bytes, target: Any, size_bytes: int) -> None:
        """The text of a symlink, with its final NUL."""
        text = self._paths.link_text(path)[: size_bytes - 1] + b"\0"
        ctypes.memmove(target, text, len(text))

    def opendir(self, path: bytes, file_info: Any) -> None:
        """Begin a listing."""
        file_info.contents.fh = self._paths.open_folder(path)

    def releasedir(self, path: bytes | None, file_info: Any) -> None:
        """End a listing."""
        self._paths.close_folder(file_info.contents.fh)

    def readdir_fuse_3(
        self, path: bytes | None, buffer: Any, fill: Any, offset: int, file_info: Any, flags: int
    ) -> None:
        """One bufferful of a listing, from `offset` on.

        Offsets are given although libfuse could keep the whole listing: it then forgets the attributes (3.14, lib/fuse.c).
        """
        listing = self._paths.listing(file_info.contents.fh, anew=offset == 0)
        for position in range(offset, len(_DOTS)):
            if fill(buffer, _DOTS[position], None, position + 1, 0):
                return
        fill_part = _fill_entries if flags & _READDIR_PLUS else _fill_names
        start = max(offset - len(_DOTS), 0)
        while start < len(listing) and fill_part(buffer, fill, listing, start):
            start += _PART

    def readdir_fuse_2(self, path: bytes | None, buffer: Any, fill: Any, offset: int, file_info: Any) -> None:
        """As `readdir_fuse_3`; only type and inode reach the kernel."""
        self.readdir_fuse_3(path, buffer, lambda *arguments: fill(*arguments[:4]), offset, file_info, 0)

    def open(self, path: bytes, file_info: Any) -> None:
        """Open for reading; tell the kernel whether the pages it has are still good."""
        opened = self._paths.open(path, file_info.contents.flags)
        file_info.contents.fh = opened.handle
        file_info.contents.keep_cache = opened.keep_cache
        file_info.contents.direct_io = (
            opened.descriptor is None
        )  # its size may be another than that of what is generated now

    def read_buf(self, path: bytes | None, target: Any, size_bytes: int, offset: int, file_info: Any) -> None:
        """Hand libfuse the descriptor to read from (no byte passes through Python), or the bytes if they are generated."""
        handle = file_info.contents.fh
        descriptor = self._paths.descriptor(handle)
        if descriptor is None:
            vector = content_vector(self._paths.read(handle, size_bytes, offset))
        else:
            vector = descriptor_vector(descriptor, size_bytes, offset)
        ctypes.memmove(target, vector, len(vector))

    def read(self, path: bytes | None, target: Any, size_bytes: int, offset: int, file_info: Any) -> int:
        """Copy bytes: only for a libfuse before 2.9, which has no read_buf."""
        descriptor = self._paths.descriptor(file_info.contents.fh)
        try:
            if descriptor is None:
                content = self._paths.read(file_info.contents.fh, size_bytes, offset)
            else:
                content = os.pread(descriptor, size_bytes, offset)
        except OSError as error:
            return -(error.errno or errno.EIO)
        ctypes.memmove(target, content, len(content))
        return len(content)

    def release(self, path: bytes | None, file_info: Any) -> None:
        """End an open."""
        self._paths.release(file_info.contents.fh)

    def fsync(self, path: bytes | None, data_only: int, file_info: Any) -> None:
        """Nothing is ever written to a disk."""

    def fsyncdir(self, path: bytes | None, data_only: int, file_info: Any) -> None:
        """Make the edits durable."""
        self._paths.sync_folder(file_info.contents.fh)

    def mkdir(self, path: bytes, mode: int) -> None:
        """Make a folder."""
        self._paths.mkdir(path, mode)

    def rmdir(self, path: bytes) -> None:
        """Remove a folder."""
        self._paths.rmdir(path)

    def unlink(self, path: bytes) -> None:
        """Take a file out of the layout."""
        self._paths.unlink(path)

    def rename_fuse_3(self, source: bytes, target: bytes, flags: int) -> None:
        """Move an entry, with the flags of renameat2(2)."""
        self._paths.rename(source, target, flags)

    def rename_fuse_2(self, source: bytes, target: bytes) -> None:
        """Move an entry; the kernel refuses flags itself, because libfuse 2 does not know them."""
        self._paths.rename(source, target, 0)

    def chmod_fuse_3(self, path: bytes | None, mode: int, file_info: Any) -> None:
        """Set permissions."""
        self._paths.chmod(path, _handle(file_info), mode)

    def chmod_fuse_2(self, path: bytes, mode: int) -> None:
        """Set permissions."""
        self._paths.chmod(path, None, mode)

    def utimens_fuse_3(self, path: bytes | None, times: Any, file_info: Any) -> None:
        """Set times."""
        both = times.contents
        atime = Timespec(both.actime.tv_sec, both.actime.tv_nsec)
        mtime = Timespec(both.modtime.tv_sec, both.modtime.tv_nsec)
        self._paths.set_times(path, _handle(file_info), atime, mtime)

    def utimens_fuse_2(self, path: bytes, times: Any) -> None:
        """Set times."""
        self.utimens_fuse_3(path, times, None)

    def statfs(self, path: bytes, target: Any) -> None:
        """Space where the files would go."""
        space, record = self._paths.space(), target.contents
        record.f_bsize = record.f_frsize = space.block_bytes
        record.f_blocks, record.f_bfree, record.f_bavail = space.n_blocks, space.n_blocks_free, space.n_blocks_available
        record.f_files, record.f_ffree, record.f_favail = space.n_inodes, space.n_inodes_free, space.n_inodes_free
        record.f_namemax = space.name_max_bytes

    def getxattr(self, path: bytes, name: bytes, target: Any, size_bytes: int, *_: Any) -> int:
        """The value of an extended attribute, or its size if no room is given.

        `ls -l` asks for two labels of every file. No view has any, so they are not worth a walk along the path; and after
        "not supported", unlike "there is none", `ls` asks no more of the same filesystem.
        """
        if name.startswith((b"security.", b"system.")):
            return -errno.EOPNOTSUPP
        return copy_out(self._paths.xattr(path, name), target, size_bytes)

    def listxattr(self, path: bytes, target: Any, size_bytes: int) -> int:
        """The names of the extended attributes, each with its final NUL."""
        return copy_out(b"".join(name + b"\0" for name in self._paths.xattr_names(path)), target, size_bytes)

    def setxattr(self, path: bytes, name: bytes, value: Any, size_bytes: int, flags: int, *_: Any) -> None:
        """Set an extended attribute."""
        self._paths.set_xattr(path, name, ctypes.string_at(value, size_bytes), flags)

    def removexattr(self, path: bytes, name: bytes) -> None:
        """Remove an extended attribute."""
        self._paths.remove_xattr(path, name)

    def create(self, path: bytes, mode: int, file_info: Any) -> None:
        """Make a file and open it."""
        opened = self._paths.create(path, file_info.contents.flags, mode)
        file_info.contents.fh = opened.handle
        file_info.contents.direct_io = True

    def mknod(self, path: bytes, mode: int, device: int) -> int:
        """No file is ever made in this way, and no device, pipe or socket can be."""
        kind = mode & 0o170000
        return -errno.EROFS if kind in {0, 0o100000} else -errno.EPERM

    def write(self, path: bytes | None, data: Any, size_bytes: int, offset: int, file_info: Any) -> int:
        """Write into an open file."""
        return self._paths.write(file_info.contents.fh, ctypes.string_at(data, size_bytes), offset)

    def truncate_fuse_3(self, path: bytes | None, size_bytes: int, file_info: Any) -> None:
        """Set the length of a file."""
        self._paths.truncate(path, _handle(file_info), size_bytes)

    def truncate_fuse_2(self, path: bytes, size_bytes: int) -> None:
        """Set the length of a file."""
        self._paths.truncate(path, None, size_bytes)

    def ftruncate(self, path: bytes | None, size_bytes: int, file_info: Any) -> None:
        """Set the length of an open file."""
        self._paths.truncate(path, _handle(file_info), size_bytes)

    def link(self, source: bytes, target: bytes) -> int:
        """A file is in one place of the layout only."""
        return -errno.EPERM

    def symlink(self, text: bytes, path: bytes) -> int:
        """The layout holds what the scan found."""
        return -errno.EPERM

    def chown_fuse_3(self, path: bytes | None, uid: int, gid: int, file_info: Any) -> None:
        """Owners stay as they are; -1 stands for the present one."""
        self._paths.check_owner(
            path, _handle(file_info), *(None if number == _NO_ID else number for number in (uid, gid))
        )

    def chown_fuse_2(self, path: bytes, uid: int, gid: int) -> None:
        """Owners stay as they are."""
        self.chown_fuse_3(path, uid, gid, None)

    def ioctl(self, *_: Any) -> int:
        """No such controls here."""
        return -errno.ENOTTY


def mount_options(name: str, *, allow_other: bool) -> dict[str, str | bool | float]:
    """The mount options, as mfusepy's keywords; `name` tells this mount from others in the mount table."""
    source = f"ifmosfs:{name}".replace("\\", "\\\\").replace(",", "\\,")
    options: dict[str, str | bool | float] = {"foreground": True, "fsname": source, "subtype": "ifmosfs"}
    options |= {"default_permissions": True, "nosuid": True, "nodev": True}
    if allow_other:
        options["allow_other"] = True
    if not _FUSE_3:
        options |= {"use_ino": True, "entry_timeout": _CACHE_S, "attr_timeout": _CACHE_S, "negative_timeout": 0.0}
    return options
