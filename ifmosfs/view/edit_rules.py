"""What may be edited in the view, and under which names: the refusals that the tree alone does not know.

The tree refuses what is wrong in itself (`core.edit_checks`), and is asked again when the edit is recorded. Here is refused what
would touch the target's own files and folders or the control folder, and names that the target cannot hold. Only looks; the disk is
looked at without the lock.
"""

from __future__ import annotations

import stat
from typing import Final

from ifmosfs.core.contest import CONTESTS, can_lose, wins
from ifmosfs.core.files import Fingerprint, Kind, Place
from ifmosfs.core.names import CONTROL_NAME, join, repair
from ifmosfs.core.placing import NAME_MAX_BYTES
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.tree import FileNode, FolderNode, Node
from ifmosfs.view.control import Control
from ifmosfs.view.guarded_tree import GuardedTree
from ifmosfs.view.inodes import CONTROL_BASE, is_control, is_file
from ifmosfs.view.looking import Looking
from ifmosfs.view.target import Target
from ifmosfs.view.values import ROOT_INODE, RenameMode

# Desktops make their trash folders at the top of a volume; refused, they offer to delete instead, which here means "leave it".
TRASH_NAMES = (b".Trash", b".Trashes", b"$RECYCLE.BIN")
# PATH_MAX of <linux/limits.h>, without its NUL: what is deeper can be neither listed nor committed.
PATH_BYTES_MAX: Final = 4095
_ENTER_AND_CHANGE: Final = stat.S_IWUSR | stat.S_IXUSR


class EditRules:
    """Finds what an edit is about, or refuses."""

    def __init__(self, guarded: GuardedTree, looking: Looking, target: Target, owner: tuple[int, int]) -> None:
        self._guarded = guarded
        self._looking = looking
        self._target = target
        self._owner = owner

    # What is edited

    def editable(self, parent: int, name: bytes) -> tuple[bytes, Node]:
        """Path and node of something planned. READ_ONLY for what the target already has and for the control folder."""
        if parent == CONTROL_BASE or (parent == ROOT_INODE and name == CONTROL_NAME):
            self._looking.lookup(parent, name)
            raise FsError(FsErrorKind.READ_ONLY, name)
        with self._guarded.lock:
            folder, above = self._looking.where(parent)
            node = None if folder is None else self._guarded.tree.child(folder, name)
        path = join(above, name)
        if node is None:
            self._looking.lookup(parent, name)
            raise FsError(FsErrorKind.READ_ONLY, path)
        if isinstance(node, FolderNode) and self._is_targets_own(node, path):
            raise FsError(FsErrorKind.READ_ONLY, path)
        return path, node

    def planned_folder_path(self, inode: int) -> bytes:
        """The path of a folder that is the plan's. NOT_PERMITTED for files, READ_ONLY for a folder of the target."""
        if is_file(inode) or is_control(inode) or self._looking.getattr(inode).kind is not Kind.FOLDER:
            raise FsError(FsErrorKind.NOT_PERMITTED)
        with self._guarded.lock:
            node, path = self._looking.where(inode)
        if node is None or self._is_targets_own(node, path):
            raise FsError(FsErrorKind.READ_ONLY, path)
        return path

    def require_usable(self, mode: int, path: bytes) -> None:
        """Refuse with NOT_PERMITTED a mode with which a planned folder could not be filled by commit, nor emptied by rollback: to all
        but root it would be closed."""
        if self._owner[0] != 0 and mode & _ENTER_AND_CHANGE != _ENTER_AND_CHANGE:
            raise FsError(FsErrorKind.NOT_PERMITTED, path)

    def _is_targets_own(self, node: FolderNode, path: bytes) -> bool:
        """Whether a folder is not the plan's to change. One that the target had when the plan was made, and has no more, is made by
        commit as any other, so it is the plan's; what cannot be looked at is not taken for gone."""
        if not self._guarded.is_live(path):
            return False
        if node.planned:
            return self._target.folder_at(Place(self._guarded.plan.target, path)) is not None
        if node is self._guarded.tree.root or self._guarded.in_project(path) is not None:
            return True
        found = self._target.attr_or_none(path)
        return found is not None and found.kind is Kind.FOLDER

    # Names

    def path_for(self, parent: int, name: bytes) -> bytes:
        """The path a new or moved entry would have; refuses names that the view or the target cannot hold."""
        if len(name) > self._guarded.rules.name_max_bytes:
            raise FsError(FsErrorKind.NAME_TOO_LONG, name)
        if name.startswith(b".Trash-") or name in TRASH_NAMES or parent == CONTROL_BASE:
            raise FsError(FsErrorKind.NO_ACCESS, name)
        if parent == ROOT_INODE and name == CONTROL_NAME:
            raise FsError(FsErrorKind.EXISTS, name)
        if name in {b"", b".", b".."} or repair(name, self._guarded.rules).reason is not None:
            raise FsError(FsErrorKind.INVALID, name)
        path = join(self._looking.folder_path(parent), name)
        if self._room_below(path) < 0:
            raise FsError(FsErrorKind.NAME_TOO_LONG, name)
        return path

    def require_reach(self, node: Node, path: bytes) -> None:
        """NAME_TOO_LONG if something in a folder would have a longer path than there can be, were the folder at this one."""
        if isinstance(node, FolderNode) and self._guarded.is_live(path):
            with self._guarded.lock:
                if _needs_more_than(self._room_below(path), node):
                    raise FsError(FsErrorKind.NAME_TOO_LONG, path)

    def _room_below(self, path: bytes) -> int:
        """How many bytes a path of the target may go on with."""
        return PATH_BYTES_MAX - (len(join(self._guarded.plan.target, path)) if self._guarded.is_live(path) else 0)

    def new_path(self, parent: int, name: bytes) -> bytes:
        """The path for a new entry. EXISTS, and as `path_for`."""
        path = self.path_for(parent, name)
        if self._looking.is_taken(path):
            raise FsError(FsErrorKind.EXISTS, path)
        return path

    def require_names(self, folder: FolderNode) -> None:
        """INVALID if something in a folder has a name that the target cannot hold: what stays may have any name, but dragged
        into the layout it is to be made."""
        with self._guarded.lock:
            pending = [folder]
            while pending:
                for node in pending.pop().children.values():
                    if repair(node.name, self._guarded.rules).reason is not None:
                        raise FsError(FsErrorKind.INVALID, node.name)
                    if isinstance(node, FolderNode):
                        pending.append(node)

    # What a rename goes over

    def refuse_over_control(self, node: Node, parent: int, name: bytes, mode: RenameMode) -> None:
        """The control folder and its files stay what they are: nothing takes their place."""
        is_folder = parent == ROOT_INODE and name == CONTROL_NAME
        if not is_folder and (parent != CONTROL_BASE or name not in Control.NAMES):
            return
        if mode is RenameMode.EXCHANGE:
            raise FsError(FsErrorKind.READ_ONLY, name)
        if mode is RenameMode.REPLACE and is_folder and isinstance(node, FolderNode):
            raise FsError(FsErrorKind.NOT_EMPTY, name)

    def require_empty(self, folder: FolderNode, path: bytes) -> None:
        """NOT_EMPTY if something is in a folder of the tree, or in that of the target that it stands for."""
        with self._guarded.lock:
            is_held = bool(folder.loaded) or folder.n_unloaded > 0
        if is_held or (self._is_targets_own(folder, path) and self._target.holds_anything(path)):
            raise FsError(FsErrorKind.NOT_EMPTY, path)

    def displaced(self, node: Node, standing: Node | None, target: bytes, mode: RenameMode) -> Fingerprint | None:
        """The file of the target whose name a rename takes. `None`: the name is free there. EXISTS: it is not to be had."""
        if standing is not None:
            with self._guarded.lock:
                over = isinstance(node, FileNode) and isinstance(standing, FileNode)
                return self._guarded.tree.replaced_by(standing) if over and isinstance(standing, FileNode) else None
        has = self._target.attr_or_none(target) if self._guarded.is_live(target) else None
        if has is None:
            return None
        if mode is RenameMode.EXCHANGE:
            raise FsError(FsErrorKind.READ_ONLY, target)
        if mode is RenameMode.NO_REPLACE or (isinstance(node, FolderNode) and has.kind is not Kind.FOLDER):
            raise FsError(FsErrorKind.EXISTS, target)
        if isinstance(node, FolderNode):
            is_held = self._target.holds_anything(target)
            raise FsError(FsErrorKind.NOT_EMPTY if is_held else FsErrorKind.READ_ONLY, target)
        strategy = self._guarded.plan.policy.strategy_for(node.action.category)
        expected = node.leaf.expected
        is_contest = strategy in CONTESTS and can_lose(has, expected, node.leaf.entry_kind)
        if not is_contest or not wins(strategy, expected, has.fingerprint):
            raise FsError(FsErrorKind.EXISTS, target)
        return has.fingerprint


def _needs_more_than(room: int, folder: FolderNode) -> bool:
    """Whether a path from a folder to anything in it is longer; loads only files that may be too deep."""
    pending = [(folder, room)]
    while pending:
        each, left = pending.pop()
        if left < 0:
            return True
        pending.extend((inside, left - len(b"/" + inside.name)) for inside in each.folders)
        if left < len(b"/") + NAME_MAX_BYTES and any(len(b"/" + node.name) > left for node in each.children.values()):
            return True
    return False
