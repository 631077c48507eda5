"""The extended attributes of the view's files: read, they are the plan's word; written, a category files the file anew.

Only files of the plan have any. Nothing but the category can be written, and nothing removed. Programs ask for names that nobody has
given a file, for every file they list: names are told without reading an action, and one that is not ours without loading a node.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from ifmosfs.core.filed import CategoriesAt, filed_as
from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.names import (
    NameRules,
    ancestors,
    components,
    is_within,
    join,
    repair,
    split,
    with_suffix_before_extension,
)
from ifmosfs.core.node_tree import lies_in
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
from ifmosfs.view.recording import Drafted, Recorder
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
        undisturbed(self._guarded, lambda: self._file(self._names(self._guarded.file(inode)), category, caller))

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
            return b"\n".join(each.leaf.source_place.absolute for each in self._names(node))
        if name == STATUS:
            return self._status(node).encode()
        if name == REPLACES and replaces is not None:
            return b"%d bytes" % replaces.size_bytes
        return judgement(node, name, said)

    def _names(self, node: FileNode) -> list[FileNode]:
        """All names of a file: who asks for an inode cannot say which he means."""
        return self._guarded.consult(lambda tree: tree.names_of(node))

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
        commits_to = partial(self._guarded.commits_to, node)
        status = self._originals.status(node.leaf, commits_to)
        if status == "planned" and self._is_name_taken(node, commits_to):
            return "taken"
        with self._guarded.lock:
            return "vault" if status == "staying" and self._guarded.tree.is_vaulted(node) else status

    def _is_name_taken(self, node: FileNode, commits_to: Callable[[], Place | None]) -> bool:
        """Whether the target has something else by now where the file is to go, for which commit leaves it where it is. Where roots
        and target lie in each other, what is there may itself be about to leave, which is not told."""
        plan = self._guarded.plan
        if any(is_within(plan.target, root.path) or is_within(root.path, plan.target) for root in plan.roots):
            return False
        goes, replaced = commits_to(), self._replaced_by(node)
        try:
            if goes is None or self._originals.place(node.leaf, commits_to) == goes:  # commit has brought it there
                return False
            standing = self._looking.standing(goes.path)
        except FsError:
            return False  # the original, or what is there, cannot be looked at just now
        if standing is None or standing.fingerprint.same_file(node.leaf.expected):
            return False
        return replaced is None or not standing.fingerprint.same_file(replaced)

    # Writing

    def _file(self, nodes: Sequence[FileNode], category: str, caller: Caller | None) -> None:
        if category == NO_CATEGORY:
            self._leave_out(nodes, caller)
        else:
            self._file_under(nodes, category, caller)

    def _file_under(self, nodes: Sequence[FileNode], category: str, caller: Caller | None) -> None:
        """File all names of one inode under a category: it is what the content is, and nobody can tell which name was meant."""
        folder = self._refile(nodes[0].action, category)
        if folder is None:
            raise FsError(FsErrorKind.INVALID, category.encode())
        filings = [each for each in self._filings(nodes, folder) if not self._is_done(each, category)]
        for each in filings:
            if each.is_moved and self._looking.is_taken(each.target):
                raise FsError(FsErrorKind.EXISTS, each.target)
        targets = [each.target for each in filings]
        above = dict.fromkeys(folder for target in targets for folder in ancestors(target))
        missing = [folder for folder in above if not self._looking.is_taken(folder)]
        seen = Seen(nodes=tuple((each.path, each.node) for each in filings))
        drafts = [Drafted(Edit(0, EditKind.MKDIR, folder, None, 0), seen) for folder in missing]
        for each in filings:
            edit = Edit(0, EditKind.MOVE, each.path, each.target, 0, category=category)
            drafts.append(Drafted(edit, each.seen, must_be_free=each.is_moved))
        self._recorder.record_together(drafts, caller)
        self._tell_filed(filings, missing)

    def _filings(self, nodes: Sequence[FileNode], folder: bytes) -> list[_Filing]:
        """Where the names go: under those of their originals, numbered where two of them are equal."""
        rules = self._guarded.rules
        where = join(*(repair(each, rules).name for each in components(folder)))
        with self._guarded.lock:
            tree = self._guarded.tree
            standing = tree.find(where)
            # What is there stays so, perhaps under a number, or a name that a person gave it.
            taken = {rules.key(node.name) for node in nodes if node.parent is standing}
            filings: list[_Filing] = []
            for node in nodes:
                path = target = tree.path_of(node)
                if node.parent is not standing:
                    target = join(where, _free_name(repair(split(node.leaf.source)[1], rules).name, taken, rules))
                filings.append(_Filing(node, path, target))
        return filings

    def _is_done(self, filing: _Filing, category: str) -> bool:
        return not filing.is_moved and category == (self._said(filing.node) or filing.node.action.category)

    def _tell_filed(self, filings: Sequence[_Filing], missing: Sequence[bytes]) -> None:
        with self._guarded.lock:
            for path in dict.fromkeys([*missing, *(path for each in filings for path in each.paths)]):
                self._telling.name_changed(path)
            moved = (path for each in filings if each.is_moved for path in each.paths)
            tree = self._guarded.tree
            changed = dict.fromkeys([*missing, *moved])
            self._telling.names_changed([Changed(each, each in missing, tree.find(each)) for each in changed])

    def _leave_out(self, nodes: Sequence[FileNode], caller: Caller | None) -> None:
        """As by a deletion, but not by the kernel's call for one."""
        with self._guarded.lock:
            tree = self._guarded.tree
            planned = [node for node in nodes if not lies_in(node, tree.excluded)] or [nodes[0]]
            paths = [tree.path_of(node) for node in planned]
        drafts = [
            Drafted(Edit(0, EditKind.EXCLUDE, path, None, 0, category=NO_CATEGORY), Seen(nodes=((path, node),)))
            for node, path in zip(planned, paths, strict=True)
        ]
        self._recorder.record_together(drafts, caller)
        with self._guarded.lock:
            for node, path in zip(planned, paths, strict=True):
                self._telling.name_changed(path)
                self._telling.name_changed(self._guarded.tree.path_of(node))
            self._telling.names_changed([Changed(path, False, None) for path in paths])


class _Filing(NamedTuple):
    """A name of a file that is filed: where it is, and where it goes."""

    node: FileNode
    path: bytes
    target: bytes

    @property
    def is_moved(self) -> bool:
        """Whether it is elsewhere."""
        return self.path != self.target

    @property
    def seen(self) -> Seen:
        """That it is there still."""
        return Seen(nodes=((self.path, self.node),))

    @property
    def paths(self) -> tuple[bytes, bytes]:
        """Both paths."""
        return self.path, self.target


def _free_name(wanted: bytes, taken: set[bytes], rules: NameRules) -> bytes:
    """The name, or it with a number where it is taken; it is taken then."""
    name, number = wanted, 2
    while rules.key(name) in taken:
        name = with_suffix_before_extension(wanted, b" (%d)" % number, rules.name_max_bytes)
        number += 1
    taken.add(rules.key(name))
    return name
