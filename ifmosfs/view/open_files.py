"""The open files of a view: descriptors of originals, read-only, and generated content.

Invariants: no descriptor is ever opened for writing; every handle is in `_handles` from `open` to its one `release`, which closes the
descriptor. `_handles` is guarded by the lock of the tree. What is open stays readable whatever becomes of its name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial

from ifmosfs.core.files import Kind, Place
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.tree import FileNode
from ifmosfs.view.control_folder import ControlFolder
from ifmosfs.view.guarded_tree import GuardedTree
from ifmosfs.view.inodes import is_control, is_existing
from ifmosfs.view.originals import OpenOriginal, Originals
from ifmosfs.view.target import Target
from ifmosfs.view.telling import Telling
from ifmosfs.view.values import Caller, Opened
from ifmosfs.view.waiting import Waiting

WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_TRUNC | os.O_APPEND | os.O_CREAT

MayReach = Callable[[Place, Caller], bool]


class OpenFiles:
    """Opens, reads and closes."""

    def __init__(
        self,
        guarded: GuardedTree,
        disk: DiskReader,
        originals: Originals,
        target: Target,
        control: ControlFolder,
        telling: Telling,
        *,
        owner: tuple[int, int],
        may_reach: MayReach,
    ) -> None:
        """`may_reach` says whether a caller who is not the owner could open an original."""
        self._guarded = guarded
        self._disk = disk
        self._originals = originals
        self._target = target
        self._control = control
        self._telling = telling
        self._owner = owner
        self._may_reach = may_reach
        self.waiting = Waiting()
        self._handles: dict[int, Opened | bytes] = {}
        self._next_handle = 1

    def open(self, inode: int, flags: int, caller: Caller | None = None) -> Opened:
        """See `View.open`."""
        if flags & WRITE_FLAGS:
            raise FsError(FsErrorKind.READ_ONLY)
        if is_control(inode):
            return self._hold(self._control.content(inode))
        with self.waiting.noted(caller):
            return self._open_existing(inode, caller) if is_existing(inode) else self._open_planned(inode, caller)

    def _open_planned(self, inode: int, caller: Caller | None) -> Opened:
        node = self._guarded.file(inode)
        found = self._opened(self._guarded.consult(lambda tree: tree.names_of(node)), caller)
        if not (found.keep_cache or found.is_as_planned):
            self._telling.attributes_changed(inode)  # its size may be another than was told
        return self._hold(Opened(0, found.descriptor, found.keep_cache))

    def read(self, handle: int, size: int, offset: int) -> bytes:
        """See `View.read`."""
        with self._guarded.lock:
            held = self._handles.get(handle)
        if held is None:
            raise FsError(FsErrorKind.INVALID)
        if isinstance(held, bytes):
            return held[offset : offset + size]
        assert held.descriptor is not None
        return self._target.asked(os.pread, held.descriptor, size, offset)

    def release(self, handle: int) -> None:
        """See `View.release`."""
        with self._guarded.lock:
            held = self._handles.pop(handle, None)
        if isinstance(held, Opened) and held.descriptor is not None:
            os.close(held.descriptor)

    def _hold(self, held: Opened | bytes) -> Opened:
        with self._guarded.lock:
            handle = self._next_handle
            self._next_handle += 1
            opened = Opened(handle, None, keep_cache=False) if isinstance(held, bytes) else held._replace(handle=handle)
            self._handles[handle] = held if isinstance(held, bytes) else opened
        return opened

    def _opened(self, names: Sequence[FileNode], caller: Caller | None) -> OpenOriginal:
        """The original by one of its names: the kernel may mean any, and one may be gone, or another file, without the others."""
        refusals: list[FsError] = []
        for node in names:
            try:
                self._refuse_stranger(node.leaf.source_place, caller)
                return self._originals.open(node.leaf, partial(self._guarded.commits_to, node))
            except FsError as refusal:
                refusals.append(refusal)
        raise refusals[0]

    def _open_existing(self, inode: int, caller: Caller | None) -> Opened:
        path = self._target.live_path(inode)
        place = self._guarded.place(path)
        if self._target.asked(self._disk.lstat, place).kind is Kind.FOLDER:
            raise FsError(FsErrorKind.IS_A_FOLDER, path)
        self._refuse_stranger(place, caller)
        descriptor = self._target.asked(self._disk.open_read, place)
        return self._hold(Opened(0, descriptor, self._originals.is_unchanged(inode, descriptor)))

    def _refuse_stranger(self, place: Place, caller: Caller | None) -> None:
        """Who may see the names need not be allowed to read the originals."""
        if caller is not None and caller.uid not in {0, self._owner[0]} and not self._may_reach(place, caller):
            raise FsError(FsErrorKind.NO_ACCESS, place.path)
