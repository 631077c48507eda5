"""Editing the plan by the operations of a filesystem: making folders, moving, and leaving out.

Each operation is one edit, found with `edit_rules` and made by `recording`, and found again where another one came between
(`overtaken`); nothing here touches a disk or changes the tree by itself. What the kernel takes for something else than it was is told
to it.
"""

from __future__ import annotations

import stat
from dataclasses import replace

from ifmosfs.core.inheriting import GROUP_OF_FOLDER
from ifmosfs.core.names import join, split
from ifmosfs.core.plan import Edit, EditKind
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.tree import FolderNode, Node
from ifmosfs.core.wrapping import within_range
from ifmosfs.view.changes import Changed
from ifmosfs.view.edit_rules import EditRules
from ifmosfs.view.guarded_tree import GuardedTree
from ifmosfs.view.looking import Looking
from ifmosfs.view.nudges import NameIn
from ifmosfs.view.overtaken import Seen, undisturbed
from ifmosfs.view.recording import Recorder
from ifmosfs.view.telling import Telling
from ifmosfs.view.values import Caller, Entry, RenameMode


class Editing:
    """Turns operations into edits."""

    def __init__(
        self, guarded: GuardedTree, looking: Looking, rules: EditRules, recorder: Recorder, telling: Telling
    ) -> None:
        self._guarded = guarded
        self._looking = looking
        self._rules = rules
        self._recorder = recorder
        self._telling = telling

    def mkdir(self, parent: int, name: bytes, mode: int, caller: Caller | None = None) -> Entry:
        """See `View.mkdir`."""

        def attempt() -> None:
            path = self._rules.new_path(parent, name)
            self._rules.require_usable(mode, path)
            with self._guarded.lock:
                above = self._guarded.tree.find(split(path)[0])
            # As mkdir(2) does it; what an existing folder hands down is seen to where the mode is shown, and in the commit.
            inherited = above.mode & GROUP_OF_FOLDER if isinstance(above, FolderNode) else 0
            draft = Edit(0, EditKind.MKDIR, path, None, 0, mode=mode & (stat.S_ISVTX | 0o777) | inherited)
            self._recorder.record(draft, caller, _seen_in(parent, path, None))

        undisturbed(self._guarded, attempt)
        return self._looking.lookup(parent, name)

    def rmdir(self, parent: int, name: bytes, caller: Caller | None = None) -> None:
        """See `View.rmdir`."""

        def attempt() -> None:
            path, node = self._rules.editable(parent, name)
            if not isinstance(node, FolderNode):
                raise FsError(FsErrorKind.NOT_A_FOLDER, path)
            self._recorder.record(Edit(0, EditKind.RMDIR, path, None, 0), caller, _seen_in(parent, path, node))

        undisturbed(self._guarded, attempt)

    def unlink(self, parent: int, name: bytes, caller: Caller | None = None) -> None:
        """See `View.unlink`."""

        def attempt() -> None:
            path, node = self._rules.editable(parent, name)
            if isinstance(node, FolderNode):
                raise FsError(FsErrorKind.IS_A_FOLDER, path)
            self._recorder.record(Edit(0, EditKind.EXCLUDE, path, None, 0), caller, _seen_in(parent, path, node))

        undisturbed(self._guarded, attempt)

    def rename(
        self,
        parent: int,
        name: bytes,
        new_parent: int,
        new_name: bytes,
        mode: RenameMode,
        caller: Caller | None = None,
    ) -> None:
        """See `View.rename`."""
        ghosts = self._looking.ghosts
        nudge = ghosts.nudge_of(caller)
        if nudge is not None and ghosts.is_rename(nudge, NameIn(parent, name), NameIn(new_parent, new_name)):
            return
        old, new = NameIn(parent, name), NameIn(new_parent, new_name)
        undisturbed(self._guarded, lambda: self._rename(old, new, mode, caller))

    def _rename(self, old: NameIn, new: NameIn, mode: RenameMode, caller: Caller | None) -> None:
        (parent, name), (new_parent, new_name) = old, new
        path, node = self._rules.editable(parent, name)
        self._rules.refuse_over_control(node, new_parent, new_name, mode)
        target = self._rules.path_for(new_parent, new_name)
        with self._guarded.lock:
            standing = self._guarded.tree.find(target)
        seen = _both(_seen_in(parent, path, node), _seen_in(new_parent, target, standing))
        if standing is None and self._guarded.is_review(new_parent) and not self._guarded.is_review(parent):
            self._leave_out(path, node, target, mode, caller, seen)
            return
        replaces = self._rules.displaced(node, standing, target, mode)
        if isinstance(node, FolderNode) and self._guarded.is_live(target) and not self._guarded.is_live(path):
            self._rules.require_names(node)
        self._rules.require_reach(node, target)
        if mode is RenameMode.EXCHANGE:
            if standing is None:
                raise FsError(FsErrorKind.NOT_FOUND, target)
            self._rules.require_reach(standing, path)
            self._rules.editable(new_parent, new_name)
            self._recorder.record(Edit(0, EditKind.SWAP, path, target, 0), caller, seen)
            return
        if standing is not None and mode is RenameMode.NO_REPLACE:
            raise FsError(FsErrorKind.EXISTS, target)
        if standing is node and path == target:
            return
        if isinstance(standing, FolderNode) and standing is not node:
            if isinstance(node, FolderNode):
                self._rules.require_empty(standing, target)
            self._rules.editable(new_parent, new_name)
        kind = EditKind.MOVE if replaces is None else EditKind.REPLACE
        draft = Edit(0, kind, path, target, 0, replaces=replaces)
        self._recorder.record(draft, caller, seen, must_be_free=mode is RenameMode.NO_REPLACE)

    def _leave_out(
        self, path: bytes, node: Node, target: bytes, mode: RenameMode, caller: Caller | None, seen: Seen
    ) -> None:
        """The kernel takes it for moved to `target`, and is told that there is nothing."""
        above, name = split(target)
        if mode is RenameMode.EXCHANGE:
            raise FsError(FsErrorKind.NOT_FOUND, target)
        if isinstance(node, FolderNode):
            aside = join(above, self._guarded.tree.excluded.name, name)
            self._recorder.record(Edit(0, EditKind.MOVE, path, aside, 0), caller, seen, must_be_free=True)
        else:
            self._recorder.record(Edit(0, EditKind.EXCLUDE, path, None, 0), caller, seen)
        with self._guarded.lock:
            self._telling.name_changed(target)
            self._telling.name_changed(join(above, self._guarded.tree.excluded.name, name))
            gone = Changed(target, isinstance(node, FolderNode), None)
            # Of a file it is told already.
            come = [Changed(self._guarded.tree.path_of(node), True, node)] if gone.is_folder else []
            self._telling.names_changed([gone, *come])

    def chmod(self, inode: int, mode: int, caller: Caller | None = None) -> None:
        """See `View.chmod`."""
        self._touch(inode, Edit(0, EditKind.TOUCH, b"", None, 0, mode=stat.S_IMODE(mode)), caller)

    def set_times(self, inode: int, atime_ns: int | None, mtime_ns: int | None, caller: Caller | None = None) -> None:
        """See `View.set_times`."""
        del atime_ns
        if mtime_ns is None:
            self._rules.planned_folder_path(inode)
        else:
            self._touch(inode, Edit(0, EditKind.TOUCH, b"", None, 0, mtime_ns=within_range(mtime_ns)), caller)

    def _touch(self, inode: int, draft: Edit, caller: Caller | None) -> None:
        """Make an edit of a planned folder, which gets its path here."""

        def attempt() -> None:
            path = self._rules.planned_folder_path(inode)
            if draft.mode is not None:
                self._rules.require_usable(draft.mode, path)
            self._recorder.record(replace(draft, path=path), caller, Seen(folders=((inode, path),)))

        undisturbed(self._guarded, attempt)


def _seen_in(parent: int, path: bytes, node: Node | None) -> Seen:
    """That a folder is where it leads to a path, and what is there."""
    return Seen(folders=((parent, split(path)[0]),), nodes=((path, node),))


def _both(one: Seen, other: Seen) -> Seen:
    return Seen(one.folders + other.folders, one.nodes + other.nodes)
