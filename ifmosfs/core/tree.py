"""The organised tree: a plan with a person's edits applied, as folders and files in memory.

The view browses and edits this tree, and the commit reads its moves from it, so the two cannot disagree. Content that already is
in the target is not in here: the view and the planner look at the disk for it. Nothing in this module touches a disk or a clock.

Two parts hang below the root: the *layout*, which commit makes real, and the *review* folder with everything that stays where
it is. A file's fate is decided by the part it is in, so dragging a file between the two is all it takes to plan or to exclude it.
What lies below the review's `vault` is put away into the target's vault by commit.

A project is one folder: it moves as a whole, and nothing in it can be changed on its own.

Invariants, checked by `check_invariants`: every child's `parent` is the folder that holds it, under the key of its name; every
action of the plan has exactly one file node; the review folder is a child of the root.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.names import components, join, split, with_suffix_before_extension
from ifmosfs.core.nodes import FileNode, FolderNode, Leaf, Node, TreeSource, leaf_of
from ifmosfs.core.plan import Action, ActionKind, Edit, EditKind, EditOrigin, KeepReason, Plan, Unit
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.together import still_together
from ifmosfs.core.tree_source import REVIEW, ROOT, PlanSource, keep_reason, projects_of, review_path, root_labels
from ifmosfs.core.values import quick

__all__ = ["CarriedFolder", "FileNode", "FolderNode", "Node", "PlanTree", "PlannedFolder", "PlannedMove", "root_labels"]

NAME_MAX_BYTES = 255
_EDITED = 1 << 32  # numbers of folders that edits make: above those of the plan, by edit, then by order within it
_PER_EDIT = 1 << 12


@quick
@dataclass(frozen=True, slots=True)
class PlannedMove:
    """An action with the place that plan and edits together give it.

    `replaces`: the file that is at the target now and that commit first puts into the vault. `unit`: the number of the `Unit`
    it moves with, 0 where it has none or a person took it away from the others.
    """

    action: Action
    target: bytes
    replaces: Fingerprint | None = None
    unit: int = 0

    @property
    def source(self) -> Place:
        """Where the file is before the commit."""
        return self.action.source_place


@dataclass(frozen=True, slots=True)
class PlannedFolder:
    """A folder of the layout, with the mode it is made with and the time the view shows for it."""

    path: bytes
    mode: int
    mtime_ns: int
    planned: bool
    gains_entries: bool


@dataclass(frozen=True, slots=True)
class CarriedFolder:
    """A project of the layout, which commit moves as one folder; its files are among the moves, too."""

    unit: Unit
    target: bytes

    @property
    def source(self) -> Place:
        """Where the folder is before the commit."""
        return Place(self.unit.root, self.unit.folder or b"")


class _Spot(NamedTuple):
    """Where the file of an action is: its path, the folder of the review that it lies in (`None`: the layout), what it displaces."""

    action: Action
    path: bytes
    part: FolderNode | None
    displaces: tuple[bytes, Fingerprint] | None


class PlanTree:
    """The tree of one plan. Not thread-safe: the view holds its lock around every call."""

    def __init__(
        self, plan: Plan, edits: Iterable[Edit] = (), last_edit: int = 0, source: TreeSource | None = None
    ) -> None:
        """`edits`: those in force. `last_edit`: the number of the last row of the edit log they were taken from, which may be
        one that took others back. `source` tells where the plan alone puts its files; without one they are taken from the plan
        itself."""
        edits = tuple(edits)
        self.plan = plan
        self.source = source or PlanSource(plan, added_by(edits))
        self._rules = plan.policy.names
        self._rules_are_exact = not (self._rules.ignores_case or self._rules.ignores_form)
        self._labels = root_labels(plan)
        self._projects = projects_of(plan)
        self._project_folders: dict[int, FolderNode] = {}
        self._base_folders = self.source.folders()
        self._base: list[FolderNode] = []
        self._made_folders: dict[int, FolderNode] = {}
        self._files: dict[int, FileNode] = {}  # of the folders that are loaded, and those that edits have placed
        self._refreshed: dict[int, Leaf] = {}
        self._loaded: dict[FolderNode, None] = {}  # in the order of loading
        self._made: tuple[int, int] = (0, 0)  # the edit that is being applied, and how many folders it has made
        self.last_edit = 0  # the number of the last row of the edit log that is taken in
        self._build()
        self.root, self.review = self._base[0], self._base[1]
        self._excluded, self._vault = (
            self._base[2 + list(KeepReason).index(KeepReason.EXCLUDED)],
            self._base[2 + len(KeepReason)],
        )
        self.replay(edits)
        self.last_edit = max(self.last_edit, last_edit)

    # Looking

    def child(self, folder: FolderNode, name: bytes) -> Node | None:
        """The child of that name, by the target's idea of equal names; `None` if the tree has none."""
        key = self.key(folder, name)
        found = folder.loaded.get(key)
        return folder.children.get(key) if found is None and folder.n_unloaded else found

    def find(self, path: bytes) -> Node | None:
        """The node at a path, `None` if the tree has none there."""
        node: Node | None = self.root
        for name in components(path):
            node = self.child(node, name) if isinstance(node, FolderNode) else None
            if node is None:
                return None
        return node

    def file(self, action_id: int) -> FileNode:
        """The node of an action. KeyError for none."""
        node = self._files.get(action_id)
        if node is None:
            self.load(self._base[self.source.folder_of(action_id)])
            node = self._files[action_id]
        return node

    def has_file(self, action_id: int) -> bool:
        """Whether the plan has such an action; the numbers of a plan that was restored have gaps."""
        try:
            self.file(action_id)
        except KeyError:
            return False
        return True

    def folder(self, number: int) -> FolderNode:
        """The folder with that number, in the tree or taken out of it. KeyError for none."""
        return self._base[number] if number < len(self._base) else self._made_folders[number]

    def has(self, folder: FolderNode) -> bool:
        """Whether a folder is one of this tree, and not of another tree of the same plan; it may have been taken out."""
        number = folder.number
        known = self._base[number] if number < len(self._base) else self._made_folders.get(number)
        return known is folder

    def is_made_after(self, folder: FolderNode, last_edit: int) -> bool:
        """Whether a folder was made by an edit with a higher number than this."""
        return folder.number >= _EDITED + (last_edit + 1) * _PER_EDIT

    def holds(self, node: Node) -> bool:
        """Whether a node is in the tree, and not taken out of it."""
        step: Node | None = node
        while step is not None and step is not self.root:
            parent = step.parent
            if parent is None or parent.loaded.get(self.key(parent, step.name)) is not step:
                return False
            step = parent
        return step is self.root

    def load(self, folder: FolderNode) -> None:
        """Make the nodes of the plan's files in a folder. See `nodes.Loader`."""
        if not folder.n_unloaded:
            return
        folder.n_unloaded = 0
        entries, files, refreshed = folder.loaded, self._files, self._refreshed
        exact = self._is_exact(folder)
        for leaf in self.source.files(folder.number):
            name = leaf.name
            node = FileNode(name, folder, self._renewed(leaf) if leaf.action_id in refreshed else leaf)
            if leaf.replaces is not None:
                node.displaces = join(self._base_path(folder.number), name), Fingerprint(*leaf.replaces)
            entries[name if exact else self._rules.key(name)] = node
            files[leaf.action_id] = node
        self._loaded[folder] = None

    def forget(self, n_kept: int) -> None:
        """Let go of the files that were loaded first and that no edit has touched, until no more than `n_kept` are loaded.

        Nodes that somebody still holds are no longer those of the tree: only for a moment when nobody does.
        """
        for folder in list(self._loaded):
            if len(self._files) <= n_kept:
                return
            del self._loaded[folder]
            if folder.is_touched:
                continue
            ids = [node.leaf.action_id for node in folder.loaded.values() if isinstance(node, FileNode)]
            folder.keep_only_folders()
            folder.n_unloaded = len(ids)
            for action_id in ids:
                del self._files[action_id]

    def path_of(self, node: Node) -> bytes:
        """The path of a node from the root of the tree."""
        names: list[bytes] = []
        step: Node | None = node
        while step is not None and step is not self.root:
            names.append(step.name)
            step = step.parent
        return b"/".join(reversed(names))

    @property
    def excluded(self) -> FolderNode:
        """The review's folder for what a person has left out."""
        return self._excluded

    def in_review(self, node: Node) -> bool:
        """Whether a node is the review folder or lies in it."""
        return self._lies_in(node, self.review)

    def is_vaulted(self, node: Node) -> bool:
        """Whether a node is the review's vault folder or lies in it."""
        return self._lies_in(node, self._vault)

    def replaced_by(self, node: FileNode) -> Fingerprint | None:
        """The file of the target whose name a planned file takes; `None` where it takes a free one."""
        if node.displaces is None or node.displaces[0] != self.path_of(node):
            return None
        return node.displaces[1]

    def moves(self) -> Iterator[PlannedMove]:
        """What commit moves, in plan order; neither what it puts into the vault nor what it displaces for that."""
        together = still_together(self.plan.units, self._placed_members()) if self.plan.units else {}
        for spot in self._spots():
            if spot.part is None:
                action, displaced = spot.action, spot.displaces
                replaces = displaced[1] if displaced is not None and displaced[0] == spot.path else None
                yield PlannedMove(action, spot.path, replaces, together.get(action.action_id, 0))

    def vaulted(self) -> Iterator[Action]:
        """What commit puts into the vault because it lost a conflict, in plan order."""
        return (spot.action for spot in self._spots() if spot.part is self._vault)

    def kept(self) -> Iterator[tuple[Action, KeepReason]]:
        """What stays, with the reason, in plan order. What a person excluded has the reason EXCLUDED."""
        for spot in self._spots():
            if spot.part is self._excluded:
                yield spot.action, KeepReason.EXCLUDED
            elif spot.part is not None and spot.part is not self._vault:
                yield spot.action, keep_reason(spot.action, self._projects)

    def staying_for(self, reason: KeepReason) -> Iterator[Action]:
        """The files that are in the review's folder for a reason."""
        folder = self._base[2 + list(KeepReason).index(reason)]
        pending = [folder]
        while pending:
            here = pending.pop()
            yield from (node.action for node in here.children.values() if isinstance(node, FileNode))
            pending.extend(here.folders)

    def counts(self) -> dict[bytes | None, int]:
        """How many files are in the layout (`None`) and in each folder of the review, by its name. Loads nothing."""
        found: dict[bytes | None, int] = {}
        pending: list[tuple[FolderNode, bytes | None]] = [(self.root, None)]
        while pending:
            folder, part = pending.pop()
            found[part] = found.get(part, 0) + folder.n_files
            for below in folder.folders:
                if below is not self.review:
                    pending.append((below, below.name if folder is self.review else part))
                else:
                    pending.extend((reason, reason.name) for reason in below.folders)
        return found

    def carried(self) -> Iterator[CarriedFolder]:
        """The projects of the layout, in plan order."""
        for number, folder in self._project_folders.items():
            if not self.in_review(folder):
                yield CarriedFolder(self._projects[number], self.path_of(folder))

    def carried_source(self, folder: FolderNode) -> Place | None:
        """Where a folder that is a project, or lies in one, is before the commit; `None` for every other folder."""
        if not self._project_folders:
            return None
        names: list[bytes] = []
        step: FolderNode | None = folder
        while step is not None and not step.unit:
            names.append(step.name)
            step = step.parent
        if step is None:
            return None
        unit = self._projects[step.unit]
        return Place(unit.root, join(unit.folder or b"", *reversed(names)))

    def inside_project(self, path: bytes) -> Place | None:
        """As `carried_source`, for any path below a project's folder, in the tree or not."""
        if not self._project_folders:
            return None
        folder, names = self.root, components(path)
        for depth, name in enumerate(names):
            node = self.child(folder, name)
            if not isinstance(node, FolderNode):
                source = self.carried_source(folder)
                return None if source is None else Place(source.root, join(source.path, *names[depth:]))
            folder = node
        return self.carried_source(folder)

    def project_path(self, number: int) -> bytes | None:
        """Where the folder of a project is in the tree; `None` where the project has no folder of its own."""
        folder = self._project_folders.get(number)
        return None if folder is None else self.path_of(folder)

    def review_path(self, action: Action) -> bytes:
        """Where in the review folder a file that does not move is shown before any edit."""
        return review_path(action, self.plan, self._labels, self._projects)

    @property
    def has_projects(self) -> bool:
        """Whether any folder of the tree is a project."""
        return bool(self._project_folders)

    def folders(self) -> Iterator[PlannedFolder]:
        """The folders of the layout, parents before children, without the root and without what `carried` brings along."""
        yield from self._folders_below(self.root, b"")

    def _spots(self) -> Iterator[_Spot]:
        """Every action with the place of its file, in plan order. Loads nothing."""
        known: dict[FolderNode, tuple[bytes, FolderNode | None]] = {}
        base, folder_of, files = self._base, self.source.folder_of, self._files
        for action in self.source.actions():
            node = files.get(action.action_id)
            if node is not None:
                folder, name, displaces = node.parent, node.name, node.displaces
            else:
                try:
                    number = folder_of(action.action_id)
                except KeyError:
                    continue  # added by an edit that this tree has not taken in yet
                folder, name, displaces = base[number], _base_name(action), None
            where = known.get(folder)
            if where is None:
                where = known[folder] = self.path_of(folder), self._part_of(folder)
            path = join(where[0], name)
            if node is None and action.replaces is not None and action.kind is ActionKind.MOVE:
                displaces = join(self._base_path(folder.number), name), action.replaces
            yield _Spot(action, path, where[1], displaces)

    def _placed_members(self) -> Iterator[tuple[Action, bytes]]:
        for spot in self._spots():
            if spot.action.unit and spot.part is None:
                yield spot.action, spot.path

    def _part_of(self, folder: FolderNode) -> FolderNode | None:
        """The folder of the review that a folder is or lies in, `None` if it is in the layout."""
        above = folder.parent
        while above is not None and above is not self.review:
            folder, above = above, above.parent
        return None if above is None else folder

    # Editing

    def check(self, edit: Edit) -> None:
        """Raise `FsError` if the edit cannot be applied; changes nothing."""
        match edit.kind:
            case EditKind.MOVE:
                self._check_move(edit.path, _target_of(edit))
            case EditKind.REPLACE:
                self._check_replace(edit)
            case EditKind.VAULT:
                self._check_vault(edit.path)
            case EditKind.SWAP:
                self._check_swap(edit.path, _target_of(edit))
            case EditKind.EXCLUDE:
                self._check_exclude(edit.path)
            case EditKind.MKDIR:
                self._check_free(edit.path)
            case EditKind.RMDIR:
                self._check_rmdir(edit.path)
            case EditKind.TOUCH:
                self._refuse_in_project(self._folder_at(edit.path), edit.path, itself=True)
            case EditKind.ADD:
                self._check_add(edit)
            case EditKind.REFRESH:
                self._action_of(edit)
            case EditKind.UNDO | EditKind.REDO:  # whoever meets one makes the tree anew from the edits in force
                raise FsError(FsErrorKind.INVALID, edit.path)

    def apply(self, edit: Edit) -> None:
        """Make the edit. Raises `FsError` and changes nothing if it cannot be made."""
        self.check(edit)
        if edit.seq != self._made[0]:
            self._made = edit.seq, 0
        self._make(edit)
        self.last_edit = edit.seq

    def replay(self, edits: Iterable[Edit]) -> None:
        """Make edits that were accepted when they were recorded. What the program did by itself (origin WATCH) may not fit any
        more since a person has undone earlier edits: a file that was added is then shown among what stays, all else is left out.
        Raises `FsError` for an edit of a person that cannot be made."""
        edits = tuple(edits)
        new = {edit.action_id or 0 for edit in edits if edit.kind in {EditKind.ADD, EditKind.REFRESH}}
        if new:
            self.source.renew(new)
        for edit in edits:
            self._replay(edit)

    def _replay(self, edit: Edit) -> None:
        try:
            if edit.origin is EditOrigin.WATCH:
                self._check_meant(edit)
            self.apply(edit)
        except FsError:
            if edit.origin is not EditOrigin.WATCH:
                raise
            self._made = edit.seq, 0
            if edit.kind is EditKind.ADD:
                self._add_among_excluded(edit)
            self.last_edit = edit.seq

    def check_invariants(self) -> None:
        """Raise AssertionError where the invariants of the module's docstring do not hold."""
        seen: set[int] = set()
        pending: list[FolderNode] = [self.root]
        while pending:
            folder = pending.pop()
            n_files = folder.n_files
            for key, node in folder.children.items():
                assert node.parent is folder, (folder.name, node.name)
                assert key == self.key(folder, node.name), (key, node.name)
                if isinstance(node, FolderNode):
                    pending.append(node)
                else:
                    assert node.leaf.action_id not in seen, node.name
                    assert self._files[node.leaf.action_id] is node, node.name
                    seen.add(node.leaf.action_id)
            assert folder.n_files == n_files, folder.name
        assert seen == {action.action_id for action in self.source.actions()}
        assert self.review.parent is self.root

    # Building

    def _build(self) -> None:
        mode, at_ns = self.plan.policy.folder_mode, self.plan.created_ns
        for number, each in enumerate(self._base_folders):
            parent = self._base[each.parent] if number else None
            node = FolderNode(
                number,
                each.name,
                parent,
                self,
                planned=each.planned,
                mode=mode,
                mtime_ns=at_ns,
                n_unloaded=each.n_files,
                unit=each.unit,
            )
            self._base.append(node)
            if parent is not None:
                parent.loaded[self._base_key(parent, each.name)] = node
            if each.unit:
                self._project_folders[each.unit] = node

    def _base_path(self, number: int) -> bytes:
        """The path of a folder of the plan before any edit."""
        names: list[bytes] = []
        while number:
            each = self._base_folders[number]
            names.append(each.name)
            number = each.parent
        return b"/".join(reversed(names))

    def _base_key(self, parent: FolderNode, name: bytes) -> bytes:
        """As `_key`, while the tree is being made."""
        if self._rules_are_exact:
            return name
        step: FolderNode | None = parent
        while step is not None and step.number != REVIEW:
            step = step.parent
        return self._rules.key(name) if step is None or parent.number == ROOT else name

    def _add_folder(
        self, parent: FolderNode, name: bytes, *, planned: bool, at_ns: int, mode: int | None = None
    ) -> FolderNode:
        wanted = self.plan.policy.folder_mode if mode is None else mode
        seq, n_made = self._made
        self._made = seq, n_made + 1
        number = _EDITED + seq * _PER_EDIT + n_made
        node = FolderNode(number, name, parent, self, planned=planned, mode=wanted, mtime_ns=at_ns)
        self._made_folders[number] = node
        parent.loaded[self.key(parent, name)] = node
        return node

    def _ensure_folder(self, path: bytes) -> FolderNode:
        """The folder at a path. What is missing on the way is a folder that the target already has."""
        folder = self.root
        for name in components(path):
            node = self.child(folder, name)
            if isinstance(node, FileNode):
                raise FsError(FsErrorKind.NOT_A_FOLDER, path)
            if node is None:
                inside_review = self.in_review(folder)
                node = self._add_folder(folder, name, planned=inside_review, at_ns=self.plan.created_ns)
            folder = node
        return folder

    def _ensure_parent(self, path: bytes) -> tuple[FolderNode, bytes]:
        parent, name = split(path)
        return self._ensure_folder(parent), name

    def key(self, folder: FolderNode, name: bytes) -> bytes:
        """In the review folder names are exact: what stays lies on the filesystem of its source."""
        return name if self._is_exact(folder) else self._rules.key(name)

    def keys_of(self, folder: FolderNode) -> Callable[[bytes], bytes]:
        """The function that `key` is for the names in one folder."""
        return bytes if self._is_exact(folder) else self._rules.key

    def _is_exact(self, folder: FolderNode) -> bool:
        return self._rules_are_exact or (folder is not self.root and self.in_review(folder))

    def _folders_below(self, folder: FolderNode, path: bytes) -> Iterator[PlannedFolder]:
        for node in folder.folders:
            if node is not self.review and not node.unit:
                child_path = join(path, node.name)
                yield PlannedFolder(child_path, node.mode, node.mtime_ns, node.planned, node.gains_entries())
                yield from self._folders_below(node, child_path)

    # Checks

    def _node_at(self, path: bytes) -> Node:
        node = self.find(path)
        if node is None:
            raise FsError(FsErrorKind.NOT_FOUND, path)
        return node

    def _folder_at(self, path: bytes) -> FolderNode:
        node = self._node_at(path)
        if not isinstance(node, FolderNode):
            raise FsError(FsErrorKind.NOT_A_FOLDER, path)
        return node

    def _lies_in(self, node: Node | None, folder: Node) -> bool:
        step = node
        while step is not None:
            if step is folder:
                return True
            step = step.parent
        return False

    def _nearest(self, path: bytes) -> Node:
        """The node at a path, or the last one on the way to it; paths may be spelled otherwise than their nodes."""
        node: Node = self.root
        for name in components(path):
            child = self.child(node, name) if isinstance(node, FolderNode) else None
            if child is None:
                break
            node = child
        return node

    def _is_fixed(self, node: Node) -> bool:
        """The root, the review folder and its folders by reason stay where they are."""
        return node is self.root or node is self.review or node.parent is self.review

    def _refuse_in_project(self, node: Node, path: bytes, *, itself: bool) -> None:
        """NOT_PERMITTED for what is in a project, and with `itself` for the project's own folder."""
        step = node if itself and isinstance(node, FolderNode) else node.parent
        while step is not None:
            if step.unit:
                raise FsError(FsErrorKind.NOT_PERMITTED, path)
            step = step.parent

    def _check_name(self, path: bytes) -> None:
        for name in components(path):
            if len(name) > NAME_MAX_BYTES:
                raise FsError(FsErrorKind.NAME_TOO_LONG, path)
        if not path or any(name in {b"", b".", b".."} for name in components(path)):
            raise FsError(FsErrorKind.INVALID, path)

    def _check_parent(self, path: bytes) -> None:
        parent = split(path)[0]
        nearest = self._nearest(parent)
        if isinstance(nearest, FileNode):
            raise FsError(FsErrorKind.NOT_A_FOLDER, path)
        self._refuse_in_project(nearest, path, itself=True)
        # What is missing on the way is the target's own, but the review folder is not in the target.
        if self.in_review(nearest) and self.find(parent) is None:
            raise FsError(FsErrorKind.NOT_FOUND, path)

    def _check_free(self, path: bytes) -> None:
        self._check_name(path)
        self._check_parent(path)
        if self.find(path) is not None:
            raise FsError(FsErrorKind.EXISTS, path)
        if self.find(split(path)[0]) is self.review:
            raise FsError(FsErrorKind.NOT_PERMITTED, path)  # the folders by reason are the program's

    def _check_move(self, path: bytes, target: bytes) -> None:
        self._check_name(target)
        self._check_parent(target)
        node = self._node_at(path)
        if self._is_fixed(node):
            raise FsError(FsErrorKind.BUSY, path)
        if self.find(split(target)[0]) is self.review:
            raise FsError(FsErrorKind.NOT_PERMITTED, target)
        if self._lies_in(self._nearest(split(target)[0]), node):
            raise FsError(FsErrorKind.INVALID, target)
        self._check_movable(node, path, target)
        standing = self.find(target)
        if standing is not None and standing is not node:
            self._check_displace(node, standing, target)

    def _check_movable(self, node: Node, path: bytes, target: bytes) -> None:
        folder = self._nearest(split(target)[0])
        self._refuse_in_project(node, path, itself=False)
        if isinstance(node, FolderNode):
            if node.unit and not self._projects[node.unit].folder:
                raise FsError(FsErrorKind.NOT_PERMITTED, path)  # a whole scanned folder stays where it is
            if self.is_vaulted(folder):
                raise FsError(FsErrorKind.NOT_PERMITTED, target)  # only files are put away

    def _check_replace(self, edit: Edit) -> None:
        target = _target_of(edit)
        self._check_move(edit.path, target)
        if isinstance(self._node_at(edit.path), FolderNode):
            raise FsError(FsErrorKind.IS_A_FOLDER, edit.path)
        if edit.replaces is None or self.in_review(self._nearest(split(target)[0])):
            raise FsError(FsErrorKind.INVALID, target)

    def _check_vault(self, path: bytes) -> None:
        node = self._node_at(path)
        if isinstance(node, FolderNode):
            raise FsError(FsErrorKind.IS_A_FOLDER, path)
        if self.is_vaulted(node):
            raise FsError(FsErrorKind.NOT_PERMITTED, path)  # it is there already
        self._refuse_in_project(node, path, itself=False)

    def _check_displace(self, node: Node, standing: Node, target: bytes) -> None:
        if isinstance(standing, FolderNode):
            if isinstance(node, FileNode):
                raise FsError(FsErrorKind.IS_A_FOLDER, target)
            if standing.loaded or standing.n_unloaded:
                raise FsError(FsErrorKind.NOT_EMPTY, target)
            if self._is_fixed(standing):
                raise FsError(FsErrorKind.BUSY, target)
        elif isinstance(node, FolderNode):
            raise FsError(FsErrorKind.NOT_A_FOLDER, target)
        elif self.in_review(standing):
            raise FsError(FsErrorKind.EXISTS, target)  # nothing may vanish from the list of what stays

    def _check_swap(self, path: bytes, target: bytes) -> None:
        node, other = self._node_at(path), self._node_at(target)
        if self._is_fixed(node) or self._is_fixed(other):
            raise FsError(FsErrorKind.BUSY, path)
        if node is not other and (self._lies_in(node, other) or self._lies_in(other, node)):
            raise FsError(FsErrorKind.INVALID, path)
        for each, where, other_one in ((node, path, other), (other, target, node)):
            self._refuse_in_project(each, where, itself=False)
            if isinstance(each, FolderNode) and self.is_vaulted(other_one):
                raise FsError(FsErrorKind.NOT_PERMITTED, where)

    def _check_exclude(self, path: bytes) -> None:
        node = self._node_at(path)
        if isinstance(node, FolderNode):
            raise FsError(FsErrorKind.IS_A_FOLDER, path)
        if self._lies_in(node, self._excluded):
            raise FsError(FsErrorKind.NOT_PERMITTED, path)  # it stays where it is already
        self._refuse_in_project(node, path, itself=False)

    def _check_rmdir(self, path: bytes) -> None:
        folder = self._folder_at(path)
        if self._is_fixed(folder):
            raise FsError(FsErrorKind.BUSY, path)
        if folder.loaded or folder.n_unloaded:
            raise FsError(FsErrorKind.NOT_EMPTY, path)
        self._refuse_in_project(folder, path, itself=True)

    def _check_add(self, edit: Edit) -> None:
        self._check_name(edit.path)
        if self.find(edit.path) is not None:
            raise FsError(FsErrorKind.EXISTS, edit.path)
        if self._action_of(edit).action_id in self._files:
            raise FsError(FsErrorKind.INVALID, edit.path)
        if isinstance(self._nearest(split(edit.path)[0]), FileNode):
            raise FsError(FsErrorKind.NOT_A_FOLDER, edit.path)

    def _action_of(self, edit: Edit) -> Action:
        try:
            return self.source.action(edit.action_id or 0)
        except KeyError:
            raise FsError(FsErrorKind.INVALID, edit.path) from None

    def _check_meant(self, edit: Edit) -> None:
        """Refuse a move of one file that has another one at its path now."""
        if edit.action_id is None or edit.kind not in {EditKind.MOVE, EditKind.VAULT}:
            return
        node = self._node_at(edit.path)
        if not isinstance(node, FileNode) or node.leaf.action_id != edit.action_id:
            raise FsError(FsErrorKind.STALE, edit.path)

    # Changes

    def _make(self, edit: Edit) -> None:
        match edit.kind:
            case EditKind.MOVE | EditKind.REPLACE:
                self._place(edit)
            case EditKind.VAULT:
                self._put_away(self._vault, self._node_at(edit.path), edit.at_ns)
            case EditKind.SWAP:
                self._swap(edit.path, _target_of(edit), edit.at_ns)
            case EditKind.EXCLUDE:
                self._put_away(self._excluded, self._node_at(edit.path), edit.at_ns)
            case EditKind.MKDIR:
                parent, name = self._ensure_parent(edit.path)
                self._add_folder(parent, name, planned=True, at_ns=edit.at_ns, mode=edit.mode)
                parent.mtime_ns = edit.at_ns
            case EditKind.RMDIR:
                self._detach(self._node_at(edit.path), edit.at_ns)
            case EditKind.TOUCH:
                self._touch(self._folder_at(edit.path), edit)
            case EditKind.ADD:
                self._add_file(edit)
            case EditKind.REFRESH:
                self._refresh(self._action_of(edit))

    def _place(self, edit: Edit) -> None:
        node = self._move(edit.path, _target_of(edit), edit.at_ns)
        if not isinstance(node, FileNode):
            return
        node.category = edit.category or node.category
        if edit.kind is EditKind.REPLACE:
            assert edit.replaces is not None
            node.displaces = self.path_of(node), edit.replaces
            node.parent.is_touched = True

    def _add_file(self, edit: Edit) -> None:
        action = self._action_of(edit)
        parent, name = self._ensure_parent(edit.path)
        node = FileNode(name, parent, leaf_of(action, action.action_id, name))
        self._files[action.action_id] = node
        self._attach(node, parent, name, edit.at_ns)
        if action.replaces is not None and action.kind is ActionKind.MOVE and action.target == edit.path:
            node.displaces = edit.path, action.replaces

    def _add_among_excluded(self, edit: Edit) -> None:
        action_id = edit.action_id or 0
        if action_id in self._files:
            return
        action = self._action_of(edit)
        top = join(self.review.name, self._excluded.name)
        parent, name = self._free_spot(join(top, self._labels[action.root], action.source))
        node = FileNode(name, parent, leaf_of(action, action_id, name))
        self._files[action_id] = node
        self._attach(node, parent, name, edit.at_ns)

    def _refresh(self, action: Action) -> None:
        """The action as it is now; its node keeps name, place and number."""
        self._refreshed[action.action_id] = leaf_of(action, action.action_id, b"")
        node = self._files.get(action.action_id)
        if node is not None:
            node.leaf = self._renewed(node.leaf)

    def _renewed(self, leaf: Leaf) -> Leaf:
        return self._refreshed[leaf.action_id]._replace(name=leaf.name, number=leaf.number)

    def _move(self, path: bytes, target: bytes, at_ns: int) -> Node:
        node = self._node_at(path)
        standing = self.find(target)
        if standing is not None and standing is not node:
            if isinstance(standing, FileNode):
                self._put_away(self._excluded, standing, at_ns)
            else:
                self._detach(standing, at_ns)
        parent, name = self._ensure_parent(target)
        self._detach(node, at_ns)
        self._attach(node, parent, name, at_ns)
        if isinstance(node, FileNode):
            node.displaces = None
        return node

    def _swap(self, path: bytes, target: bytes, at_ns: int) -> None:
        node, other = self._node_at(path), self._node_at(target)
        if node is other:
            return
        (parent, name), (other_parent, other_name) = self._spot(node), self._spot(other)
        self._detach(node, at_ns)
        self._detach(other, at_ns)
        self._attach(node, other_parent, other_name, at_ns)
        self._attach(other, parent, name, at_ns)
        if isinstance(node, FileNode) and isinstance(other, FileNode):  # who has the name displaces what had it
            node.displaces, other.displaces = other.displaces, node.displaces

    def _put_away(self, part: FolderNode, node: Node, at_ns: int) -> None:
        """Out of the layout, into one of the review's folders."""
        assert isinstance(node, FileNode)
        top = join(self.review.name, part.name)
        wanted = join(top, self._labels[node.leaf.root], node.leaf.source)
        parent, name = self._free_spot(wanted)
        self._detach(node, at_ns)
        self._attach(node, parent, name, at_ns)
        node.displaces = None

    def _free_spot(self, wanted: bytes) -> tuple[FolderNode, bytes]:
        """The wanted place, or a numbered one beside it where a person has put something else there."""
        try:
            parent, name = self._ensure_parent(wanted)
        except FsError:  # a file of that name stands where a folder is needed
            parent, name = self._ensure_parent(join(*components(wanted)[:2], components(wanted)[-1]))
        free, n = name, 2
        while self.child(parent, free) is not None:
            free, n = with_suffix_before_extension(name, b" (%d)" % n, NAME_MAX_BYTES), n + 1
        return parent, free

    def _spot(self, node: Node) -> tuple[FolderNode, bytes]:
        assert node.parent is not None
        return node.parent, node.name

    def _detach(self, node: Node, at_ns: int) -> None:
        parent, name = self._spot(node)
        parent.is_touched = parent.is_touched or isinstance(node, FileNode)
        del parent.children[self.key(parent, name)]
        parent.mtime_ns = at_ns

    def _attach(self, node: Node, parent: FolderNode, name: bytes, at_ns: int) -> None:
        if isinstance(node, FolderNode) and not self._rules_are_exact:
            pending = [node]  # loaded where they are: where they go, twins could be one name
            while pending:
                pending.extend(child for child in pending.pop().children.values() if isinstance(child, FolderNode))
        node.parent, node.name = parent, name
        if isinstance(node, FolderNode):
            self._rekey(node)
        else:
            self.load(parent)
            parent.is_touched = True
        parent.loaded[self.key(parent, name)] = node
        parent.mtime_ns = at_ns

    def _rekey(self, folder: FolderNode) -> None:
        """Between layout and review the idea of equal names changes; a folder of twins keeps all of them."""
        if self._rules_are_exact:
            return
        nodes = sorted(folder.children.values(), key=_age)  # whoever was loaded when, the same twin gets the number
        folder.is_touched = True
        folder.children.clear()
        for node in nodes:
            name, n = node.name, 2
            while self.key(folder, name) in folder.children:
                name, n = with_suffix_before_extension(node.name, b" (%d)" % n, NAME_MAX_BYTES), n + 1
            node.name = name
            folder.children[self.key(folder, name)] = node
            if isinstance(node, FolderNode):
                self._rekey(node)

    def _touch(self, folder: FolderNode, edit: Edit) -> None:
        if edit.mode is not None:
            folder.mode = edit.mode
        if edit.mtime_ns is not None:
            folder.mtime_ns = edit.mtime_ns


def _age(node: Node) -> tuple[bool, int]:
    """An order of nodes that does not depend on when they were loaded."""
    return (True, node.leaf.action_id) if isinstance(node, FileNode) else (False, node.number)


def added_by(edits: Iterable[Edit]) -> frozenset[int]:
    """The ids of the actions that edits have added to the plan."""
    return frozenset(edit.action_id or 0 for edit in edits if edit.kind is EditKind.ADD)


def _base_name(action: Action) -> bytes:
    """The name that the plan alone gives a file."""
    is_placed = action.kind is ActionKind.MOVE and action.target is not None
    return split(action.target if is_placed and action.target is not None else action.first_place.path)[1]


def _target_of(edit: Edit) -> bytes:
    if edit.target is None:
        raise FsError(FsErrorKind.INVALID, edit.path)
    return edit.target
