"""The extended attributes of the view's files: read, they are the plan's word; written, a category files the file anew.

Only files of the plan have any. Nothing but the category can be written, and nothing removed. Programs ask for names that nobody has
given a file, for every file they list: names are told without reading an action, and one that is not ours without loading a node.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from ifmosfs.core.filed import CategoriesAt, filed_as
from ifmosfs.core.files import Fingerprint
from ifmosfs.core.names import ancestors, components, join, repair, split
from ifmosfs.core.plan import NO_CATEGORY, Action, Edit, EditKind
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.tree import FileNode
from ifmosfs.view.attributes import CATEGORY, JUDGED, NAMES, RELOAD, REPLACES, SOURCE, STATUS, judgement, names_of
from ifmosfs.view.catching_up import CatchingUp
from ifmosfs.view.changes import Changed
from ifmosfs.view.guarded_tree import GuardedTree
from ifmosfs.view.inodes import is_file
from ifmosfs.view.looking import Looking
from ifmosfs.view.originals import Originals
from ifmosfs.view.overtaken import Seen, undisturbed
from ifmosfs.view.recording import Recorder
from ifmosfs.view.telling import Telling
from ifmosfs.view.values import ROOT_INODE, Caller

CREATE: Final = 1  # XATTR_CREATE and XATTR_REPLACE of Linux' setxattr(2)
REPLACE: Final = 2

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
        categories_at: CategoriesAt,
    ) -> None:
        self._guarded = guarded
        self._looking = looking
        self._originals = originals
        self._recorder = recorder
        self._telling = telling
        self._catching_up = catching_up
        self._refile = refile
        self._categories_at = categories_at

    def names(self, inode: int) -> Sequence[bytes]:
        """See `View.listxattr`."""
        if not is_file(inode):
            self._looking.getattr(inode)
            return []
        node = self._guarded.file(inode)
        said = node.category if node.leaf.has_category else self._said(node)  # not asked where it changes nothing
        return names_of(node, self._replaced_by(node), said)

    def value(self, inode: int, name: bytes) -> bytes:
        """See `View.getxattr`."""
        if name == RELOAD and inode == ROOT_INODE:
            self._catching_up.reload()
            return b""
        if not is_file(inode):
            self._looking.getattr(inode)
        elif name in NAMES:
            return self._value(self._guarded.file(inode), name)
        else:
            self._guarded.require_file(inode)
        raise FsError(FsErrorKind.NO_ATTRIBUTE, name)

    def write(self, inode: int, name: bytes, value: bytes, flags: int, caller: Caller | None = None) -> None:
        """See `View.setxattr`."""
        self._refuse_by(flags, inode, name)
        if name != CATEGORY or not is_file(inode):
            raise FsError(FsErrorKind.NOT_SUPPORTED, name)
        category = value.decode("utf-8", "replace").strip()
        undisturbed(self._guarded, lambda: self._file_under(self._guarded.file(inode), category, caller))

    def remove(self, inode: int, name: bytes, caller: Caller | None = None) -> None:
        """See `View.removexattr`."""
        del caller
        self.value(inode, name)
        raise FsError(FsErrorKind.NOT_SUPPORTED, name)

    def _refuse_by(self, flags: int, inode: int, name: bytes) -> None:
        """What the flags of a writing say against it."""
        if flags & ~(CREATE | REPLACE):
            raise FsError(FsErrorKind.INVALID, name)
        is_there = bool(flags) and name in self.names(inode)
        if flags & CREATE and is_there:
            raise FsError(FsErrorKind.EXISTS, name)
        if flags & REPLACE and not is_there:
            raise FsError(FsErrorKind.NO_ATTRIBUTE, name)

    def _value(self, node: FileNode, name: bytes) -> bytes:
        replaces = self._replaced_by(node)
        said = self._said(node) if name in JUDGED else node.category  # of no other name an action need be read
        if name not in names_of(node, replaces, said):
            raise FsError(FsErrorKind.NO_ATTRIBUTE, name)
        if name == SOURCE:
            return node.leaf.source_place.absolute
        if name == STATUS:
            return self._status(node).encode()
        if name == REPLACES and replaces is not None:
            return b"%d bytes" % replaces.size_bytes
        return judgement(node, name, said)

    def _said(self, node: FileNode) -> str | None:
        """The category that a person has given a file, in words or by the folder it was put into."""
        if node.category is not None:
            return node.category
        with self._guarded.lock:
            if self._guarded.tree.in_review(node):
                return None
            path = self._guarded.tree.path_of(node)
        category = filed_as(node.action, path, self._categories_at)
        return None if category == node.action.category else category

    def _replaced_by(self, node: FileNode) -> Fingerprint | None:
        with self._guarded.lock:
            return self._guarded.tree.replaced_by(node)

    def _status(self, node: FileNode) -> str:
        status = self._originals.status(node.leaf, partial(self._guarded.commits_to, node))
        with self._guarded.lock:
            return "vault" if status == "staying" and self._guarded.tree.is_vaulted(node) else status

    def _file_under(self, node: FileNode, category: str, caller: Caller | None) -> None:
        if category == NO_CATEGORY:
            self._leave_out(node, caller)
            return
        folder = self._refile(node.action, category)
        if folder is None:
            raise FsError(FsErrorKind.INVALID, category.encode())
        with self._guarded.lock:
            path = self._guarded.tree.path_of(node)
            names = [*components(folder), split(node.leaf.source)[1]]
            target = join(*(repair(each, self._guarded.rules).name for each in names))
            if self._guarded.tree.find(split(target)[0]) is node.parent:
                target = path  # it is there, perhaps under a number, or a name that a person gave it
        if target == path and category == (self._said(node) or node.action.category):
            return
        if target != path and self._looking.is_taken(target):
            raise FsError(FsErrorKind.EXISTS, target)
        seen = Seen(nodes=((path, node),))
        missing = [folder for folder in ancestors(target) if not self._looking.is_taken(folder)]
        for folder in missing:
            self._recorder.record(Edit(0, EditKind.MKDIR, folder, None, 0), caller, seen)
        draft = Edit(0, EditKind.MOVE, path, target, 0, category=category)
        self._recorder.record(draft, caller, seen, must_be_free=target != path)
        with self._guarded.lock:
            changed = dict.fromkeys((path, *missing, target))
            for each in changed:
                self._telling.name_changed(each)
            if path != target:
                tree = self._guarded.tree
                self._telling.names_changed([Changed(each, each in missing, tree.find(each)) for each in changed])

    def _leave_out(self, node: FileNode, caller: Caller | None) -> None:
        """As by a deletion, but not by the kernel's call for one."""
        with self._guarded.lock:
            path = self._guarded.tree.path_of(node)
        draft = Edit(0, EditKind.EXCLUDE, path, None, 0, category=NO_CATEGORY)
        self._recorder.record(draft, caller, Seen(nodes=((path, node),)))
        with self._guarded.lock:
            self._telling.name_changed(path)
            self._telling.name_changed(self._guarded.tree.path_of(node))
            self._telling.names_changed([Changed(path, False, None)])
