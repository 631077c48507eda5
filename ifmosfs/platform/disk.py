"""The real disk behind `core.ports.Disk`, for Linux, and with plain POSIX calls as far as they go for other systems.

Each method resolves its places to open folders (`resolving`), makes its one system call there, and names the absolute path in
any error. Only `unlink_checked` removes a file that is a user's; `moving` and `copying` remove names they have made themselves.
An object may be used from several threads at once for reading; changes and the sync that follows them come from one thread.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast

from ifmosfs.core.files import Attr, Fingerprint, Place
from ifmosfs.core.journal import FolderMeta
from ifmosfs.core.names import NameRules
from ifmosfs.core.ports import UNKNOWN_ATTR, Copied, Space
from ifmosfs.platform import copying, filesystems, linux, metadata, moving, syncing
from ifmosfs.platform.resolving import Folders, open_exactly, open_nearest, open_root

OVERLAYFS_MAGIC: Final = 0x794C7630

Answer = TypeVar("Answer")
Method = TypeVar("Method", bound=Callable[..., Any])


def _naming(method: Method) -> Method:
    """Make the absolute path of the method's first place the file name of every `OSError`, and end the operation."""

    @wraps(method)
    def named(self: PosixDisk, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except OSError as error:
            error.filename = next(iter((*args, *kwargs.values()))).absolute
            raise
        finally:
            self._end_operation()

    return cast("Method", named)


class PosixDisk:
    """The disk. Holds descriptors, so close it after use (or use it in a `with`)."""

    def __init__(self) -> None:
        self._filesystems = syncing.Filesystems()
        self._threads = threading.local()
        self._births_kept: dict[int, bool] = {}  # by device
        self._straight: set[bytes] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close this thread's folders and all filesystems; other threads' folders go with their threads."""
        self._folders().end_batch()
        self._filesystems.close()

    def keep_straight(self, roots: Iterable[bytes]) -> None:
        """From now on refuse (ELOOP) to find anything in these roots, whose paths are resolved, by way of a symlink: one that has come
        since, in place of a root or of a folder above it, leads to a folder that was not meant. For who reads what others may
        put links into at any time, before the first look there."""
        self._straight.update(roots)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Keep this thread's folders open, for `resolving.MAX_AGE_NS` at most, while many places are looked at."""
        with self._folders().looking():
            yield

    # Looking

    def lstat(self, place: Place) -> Attr:
        """See `DiskReader.lstat`."""
        folders = self._folders()
        try:
            return linux.attr_at(*folders.parent(place))
        except OSError as error:
            error.filename = place.absolute
            raise
        finally:
            folders.end()

    def glance(self, place: Place, shown_inode: int) -> tuple[int, Attr]:
        """See `DiskReader.glance`."""
        found = os.lstat(b"%b/%b" % place)
        return found.st_ino, linux.attr_of_stat(found, shown_inode)

    def trace(self, place: Place) -> tuple[int, int, int, int]:
        """See `DiskReader.trace`."""
        found = os.lstat(b"%b/%b" % place)
        return found.st_mode, found.st_dev, found.st_ino, found.st_ctime_ns

    def arrival(self, place: Place, expected: Fingerprint) -> Fingerprint:
        """See `DiskReader.arrival`."""
        folders = self._folders()
        try:
            folder, name = folders.parent(place)
            found = os.stat(name, dir_fd=folder, follow_symlinks=False) if name else os.fstat(folder)
            if linux.is_still(found, expected) and self._keeps_births(found.st_dev, folder):
                return linux.arrived_as(expected, found)
            return linux.attr_at(folder, name).fingerprint
        except OSError as error:
            error.filename = place.absolute
            raise
        finally:
            folders.end()

    def _keeps_births(self, device: int, folder: int) -> bool:
        """Whether a rename leaves a file its birth time: an overlay moves a copy of what lies in its lower layer."""
        known = self._births_kept.get(device)
        if known is None:
            known = self._births_kept[device] = linux.filesystem_magic(folder) != OVERLAYFS_MAGIC
        return known

    @_naming
    def list_folder(self, place: Place) -> Sequence[tuple[bytes, Attr]]:
        """See `DiskReader.list_folder`."""
        descriptor = _open_folder(self._folders().folder(place))
        entries = []
        try:
            for name in map(os.fsencode, os.listdir(descriptor)):
                try:
                    entries.append((name, linux.attr_at(descriptor, name)))
                except FileNotFoundError:
                    continue
                except OSError:  # a dead mount, or a folder one may list but not enter
                    entries.append((name, UNKNOWN_ATTR))
        finally:
            os.close(descriptor)
        return entries

    def open_seen(self, place: Place) -> int:
        """See `DiskReader.open_seen`. The caller closes the descriptor."""
        root = open_root(place.root, self._straight)
        try:
            return linux.open_beneath(root, place.path, copying.READ_FLAGS | linux.O_NOATIME)
        finally:
            os.close(root)

    @_naming
    def open_read(self, place: Place) -> int:
        """See `DiskReader.open_read`. The caller closes the descriptor."""
        return copying.open_regular(self._folders().parent(place))

    @_naming
    def read_link(self, place: Place) -> bytes:
        """See `DiskReader.read_link`."""
        folder, name = self._folders().parent(place)
        return os.readlink(name or b".", dir_fd=folder)

    @_naming
    def space(self, place: Place) -> Space:
        """See `DiskReader.space`."""
        return _asked(place, filesystems.space, self._straight)

    @_naming
    def filesystem(self, place: Place) -> str:
        """See `DiskReader.filesystem`; of a place that does not exist yet, of its nearest existing parent."""
        return _asked(place, filesystems.identity, self._straight)

    @_naming
    def name_rules(self, place: Place) -> NameRules:
        """See `DiskReader.name_rules`; of a place that does not exist yet, of its nearest existing parent."""
        return _asked(place, filesystems.name_rules, self._straight)

    @_naming
    def keeps_numbers(self, place: Place) -> bool:
        """See `DiskReader.keeps_numbers`."""
        return _asked(place, filesystems.keeps_numbers, self._straight)

    @_naming
    def unkept_attributes(self, source: Place, folder: Place) -> Sequence[str]:
        """See `DiskReader.unkept_attributes`."""
        above, name = self._folders().parent(source)
        held = os.open(name, linux.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
        try:
            names = metadata.names_of(held)
        finally:
            os.close(held)
        if not names:
            return ()

        def unkept(there: int) -> list[str]:
            return [each for each in names if not metadata.can_hold(there, each)]

        return _asked(folder, unkept, self._straight)

    @_naming
    def digest(self, place: Place) -> bytes:
        """See `DiskReader.digest`."""
        descriptor = copying.open_regular(self._folders().parent(place))
        try:
            return copying.digest_of(descriptor)
        finally:
            os.close(descriptor)

    @_naming
    def folder_meta(self, place: Place) -> FolderMeta:
        """See `DiskReader.folder_meta`."""
        folder = self._folders().folder(place)
        found = linux.attr_at(folder, b"")
        xattrs = tuple(sorted(metadata.xattrs_of(folder).items()))
        return FolderMeta(stat.S_IMODE(found.mode), found.uid, found.gid, found.atime_ns, found.mtime_ns, xattrs)

    # Changing

    @_naming
    def make_folder(self, place: Place, mode: int) -> None:
        """See `Disk.make_folder`; durable only after the next sync."""
        folders = self._folders()
        folders.forget_if_open(place)  # it could be a folder of this name that has been removed since
        folder, name = folders.change(place)
        os.mkdir(name, mode & 0o777, dir_fd=folder)
        try:
            made = folders.change_folder(place)
            if mode & ~0o777 and not filesystems.holds_owners(made):
                mode &= 0o777  # FAT and its kin, which keep no mode, refuse these bits
            # The umask, or an inherited setgid, may be in the way. Where none is, nothing is set anew: the setgid bit of a group that
            # this user is not in would be lost by that.
            if stat.S_IMODE(linux.attr_at(made, b"").mode) != mode:
                metadata.give_mode(made, mode)
        except OSError:
            os.rmdir(name, dir_fd=folder)
            raise

    @_naming
    def remove_folder(self, place: Place) -> None:
        """See `Disk.remove_folder`."""
        folders = self._folders()
        folder, name = folders.change(place)
        os.rmdir(name, dir_fd=folder)
        folders.forget_if_open(place)

    @_naming
    def restore_folder(self, place: Place, meta: FolderMeta) -> None:
        """See `Disk.restore_folder`. Can be repeated: a failure may leave the part that was already given."""
        folder = self._folders().change_folder(place)
        metadata.give_owner(folder, linux.attr_at(folder, b""), meta.uid, meta.gid)
        metadata.give_mode(folder, meta.mode)
        metadata.give_xattrs(folder, dict(meta.xattrs))

    @_naming
    def set_times(self, place: Place, atime_ns: int | None, mtime_ns: int) -> None:
        """See `Disk.set_times`."""
        folder = self._folders().change_folder(place)
        kept = linux.attr_at(folder, b"").atime_ns if atime_ns is None else atime_ns
        metadata.give_times(folder, kept, mtime_ns)

    def rename_noreplace(self, source: Place, target: Place) -> None:
        """See `Disk.rename_noreplace`."""
        folders = self._folders()
        try:
            source_folder, source_name = folders.change(source)
            target_folder, target_name = folders.change(target)
            try:
                linux.rename_noreplace(source_folder, source_name, target_folder, target_name)
            except OSError as error:
                if error.errno not in moving.FLAG_UNKNOWN:
                    raise
                moving.move_without_flag((source_folder, source_name), (target_folder, target_name))
        except OSError as error:
            error.filename, error.filename2 = source.absolute, target.absolute
            raise
        folders.forget_if_open(source)

    def copy(self, source: Place, temporary: Place, expected: Fingerprint) -> Copied:
        """See `Disk.copy`; `temporary` is removed again on any error."""
        folders = self._folders()
        try:
            return copying.copy_entry(folders.parent(source), folders.change(temporary), expected)
        except OSError as error:
            error.filename, error.filename2 = source.absolute, temporary.absolute
            raise

    @_naming
    def unlink_checked(self, place: Place, expected: Fingerprint) -> None:
        """See `Disk.unlink_checked`. EISDIR for a folder."""
        folder, name = self._folders().change(place)
        held = os.open(name, linux.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            # While the descriptor is open its inode number cannot be given to another file.
            meant = linux.attr_at(held, b"")
            if stat.S_ISDIR(meant.mode):
                raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
            named = linux.attr_at(folder, name)
            if not meant.fingerprint.same_file(expected) or named.fingerprint != meant.fingerprint:
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
            os.unlink(name, dir_fd=folder)
        finally:
            os.close(held)

    def sync(self, folders: Iterable[Place]) -> None:
        """See `Disk.sync`. After one failure every later call fails too."""
        mine = self._folders()
        keys = mine.changed | {(place.root, place.path) for place in folders}
        opened: dict[tuple[bytes, bytes], int] = {}
        try:
            if len(keys) > syncing.FEW_FOLDERS:
                self._hold_all(keys - mine.changed)  # those that this object changed are held since then
                self._filesystems.sync((), everything=True)
            else:
                all_there = _open_all(keys, opened)
                self._filesystems.sync(opened.values(), everything=not all_there)
        except OSError as error:
            error.filename = Place(*min(keys)).absolute if keys else None  # one of them stands for all
            raise
        finally:
            for descriptor in opened.values():
                os.close(descriptor)
            mine.end_batch()

    def _hold_all(self, keys: Iterable[tuple[bytes, bytes]]) -> None:
        """Hold each filesystem that a folder is on, with one folder open at a time: there may be thousands."""
        for root, path in keys:
            descriptor = open_nearest(Place(root, path))
            try:
                self._filesystems.hold(descriptor)
            finally:
                os.close(descriptor)

    def _folders(self) -> Folders:
        """The folders of this thread, ready for a new operation."""
        try:
            folders: Folders = self._threads.folders
        except AttributeError:
            folders = self._threads.folders = Folders(self._filesystems.hold, self._straight)
        folders.begin()
        return folders

    def _end_operation(self) -> None:
        folders: Folders | None = getattr(self._threads, "folders", None)
        if folders is not None:
            folders.end()


def _open_folder(folder: int) -> int:
    """A readable descriptor of a folder that is open with O_PATH."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        return os.open(b".", flags | linux.O_NOATIME, dir_fd=folder)
    except PermissionError as error:
        if error.errno != errno.EPERM:
            raise
    return os.open(b".", flags, dir_fd=folder)  # only the owner may ask for O_NOATIME


def _asked(place: Place, question: Callable[[int], Answer], straight: Container[bytes]) -> Answer:
    """The answer about the place, or about the nearest folder above it that exists."""
    descriptor = open_nearest(place, straight)
    try:
        return question(descriptor)
    finally:
        os.close(descriptor)


def _open_all(keys: Iterable[tuple[bytes, bytes]], opened: dict[tuple[bytes, bytes], int]) -> bool:
    """Open the folders that are to be synced into `opened`; False if one is gone, or was moved or replaced meanwhile."""
    all_there = True
    for root, path in keys:
        place = Place(root, path)
        try:
            opened[root, path] = open_exactly(place)
        except OSError:
            all_there = False
            opened[root, path] = open_nearest(Place(root, b""))
    return all_there
