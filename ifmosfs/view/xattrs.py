"""The extended attributes of the view's files: read, they are the plan's word; written, a category files the file anew.

Only files of the plan have any. Nothing but the category can be written, and nothing removed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ifmosfs.core.names import ancestors, components, join, repair, split
from ifmosfs.core.plan import Action, Edit, EditKind
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.tree import FileNode
from ifmosfs.view.attributes import CATEGORY, RELOAD, attributes_of
from ifmosfs.view.catching_up import CatchingUp
from ifmosfs.view.changes import Changed
from ifmosfs.view.guarded_tree import GuardedTree
from ifmosfs.view.inodes import is_file
from ifmosfs.view.looking import Looking
from ifmosfs.view.originals import Originals
from ifmosfs.view.recording import Recorder
from ifmosfs.view.telling import Telling
from ifmosfs.view.values import ROOT_INODE, Caller

Refile = Callable[[Action, str], bytes | None]
"""The folder for a category, `None` where the layout has none."""


class ExtendedAttributes:
    """Reads and writes the attributes of one view."""

    def __init__(
        self,
        guarded: GuardedTree,
        looking: Looking,
        originals: Originals,
        recorder: Recorder,
        telling: Telling,
        catching_up: CatchingUp,
        refile: Refile,
    ) -> None:
        self._guarded = guarded
        self._looking = looking
        self._originals = originals
        self._recorder = recorder
        self._telling = telling
        self._catching_up = catching_up
        self._refile = refile

    def names(self, inode: int) -> Sequence[bytes]:
        """See `View.listxattr`."""
        return list(self._attributes(inode))

    def value(self, inode: int, name: bytes) -> bytes:
        """See `View.getxattr`."""
        if name == RELOAD and inode == ROOT_INODE:
            self._catching_up.reload()
            return b""
        try:
            return self._attributes(inode)[name]
        except KeyError:
            raise FsError(FsErrorKind.NO_ATTRIBUTE, name) from None

    def write(self, inode: int, name: bytes, value: bytes, flags: int, caller: Caller | None = None) -> None:
        """See `View.setxattr`."""
        del flags
        if name != CATEGORY or not is_file(inode):
            raise FsError(FsErrorKind.NOT_SUPPORTED, name)
        self._file_under(self._guarded.file(inode), value.decode("utf-8", "replace").strip(), caller)

    def remove(self, inode: int, name: bytes, caller: Caller | None = None) -> None:
        """See `View.removexattr`."""
        del caller
        self.value(inode, name)
        raise FsError(FsErrorKind.NOT_SUPPORTED, name)

    def _attributes(self, inode: int) -> dict[bytes, bytes]:
        if not is_file(inode):
            self._looking.getattr(inode)
            return {}
        node = self._guarded.file(inode)
        status = self._originals.status(node.leaf, partial(self._guarded.commits_to, node))
        with self._guarded.lock:
            if status == "staying" and self._guarded.tree.is_vaulted(node):
                status = "vault"
            replaces = self._guarded.tree.replaced_by(node)
        return attributes_of(node.action, node.category, status, replaces)

    def _file_under(self, node: FileNode, category: str, caller: Caller | None) -> None:
        folder = self._refile(node.action, category)
        if folder is None:
            raise FsError(FsErrorKind.INVALID, category.encode())
        with self._guarded.lock:
            path = self._guarded.tree.path_of(node)
            names = [*components(folder), split(node.leaf.source)[1]]
            target = join(*(repair(each, self._guarded.rules).name for each in names))
            if self._guarded.tree.find(split(target)[0]) is node.parent:
                target = path  # it is there, perhaps under a number, or a name that a person gave it
        if target == path and category == (node.category or node.action.category):
            return
        if target != path and self._looking.is_taken(target):
            raise FsError(FsErrorKind.EXISTS, target)
        missing = [folder for folder in ancestors(target) if not self._looking.is_taken(folder)]
        for folder in missing:
            self._recorder.record(Edit(0, EditKind.MKDIR, folder, None, 0), caller)
        self._recorder.record(
            Edit(0, EditKind.MOVE, path, target, 0, category=category), caller, must_be_free=target != path
        )
        with self._guarded.lock:
            changed = dict.fromkeys((path, *missing, target))
            for each in changed:
                self._telling.name_changed(each)
            if path != target:
                tree = self._guarded.tree
                self._telling.names_changed([Changed(each, each in missing, tree.find(each)) for each in changed])
