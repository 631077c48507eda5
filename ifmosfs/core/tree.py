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

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.names import components, join, split, with_suffix_before_extension
from ifmosfs.core.plan import Action, ActionKind, Edit, EditKind, KeepReason, Plan, Unit, UnitKind
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.together import still_together
from ifmosfs.core.values import quick

NAME_MAX_BYTES = 255
VAULT_NAME = b"vault"  # a folder of the review that no reason to stay has


class FileNode:
    """A planned (or staying) file at its place in the tree.

    `displaces`: the path at which it takes the name of a file of the target, and that file. Elsewhere it displaces nothing.
    """

    __slots__ = ("action", "displaces", "name", "parent")

    def __init__(self, name: bytes, parent: FolderNode, action: Action) -> None:
        self.name = name
        self.parent = parent
        self.action = action
        self.displaces: tuple[bytes, Fingerprint] | None = None


class FolderNode:
    """A folder of the tree.

    `number` counts from 0 (the root) in the order of making; replaying the same plan and edits gives the same numbers.
    `planned` says that commit makes the folder; otherwise it is one that was in the target when it entered the tree.
    `unit` is the number of the project that this folder is, 0 for none; commit does not make it but moves it, whole.
    """

    __slots__ = ("children", "mode", "mtime_ns", "name", "number", "parent", "planned", "unit")

    def __init__(
        self, number: int, name: bytes, parent: FolderNode | None, *, planned: bool, mode: int, mtime_ns: int
    ) -> None:
        self.number = number
        self.name = name
        self.parent = parent
        self.planned = planned
        self.mode = mode
        self.mtime_ns = mtime_ns
        self.unit = 0
        self.children: dict[bytes, Node] = {}

    def gains_entries(self) -> bool:
        """Whether commit will add a name to this folder."""
        return any(isinstance(child, FileNode) or child.planned for child in self.children.values())


Node = FileNode | FolderNode


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


class PlanTree:
    """The tree of one plan. Not thread-safe: the view holds its lock around every call."""

    def __init__(self, plan: Plan, edits: Iterable[Edit] = (), last_edit: int = 0) -> None:
        """`edits`: those in force. `last_edit`: the number of the last row of the edit log they were taken from, which may be
        one that took others back."""
        self.plan = plan
        self._rules = plan.policy.names
        self._n_folders = 0
        self._labels = root_labels(plan)
        self.root = self._new_folder(b"", None, planned=False, mode=plan.policy.folder_mode, at_ns=plan.created_ns)
        self.review = self._add_folder(self.root, plan.policy.review_name, planned=True, at_ns=plan.created_ns)
        reasons = {
            reason: self._add_folder(self.review, reason.value.encode(), planned=True, at_ns=plan.created_ns)
            for reason in KeepReason
        }
        self._excluded = reasons[KeepReason.EXCLUDED]
        self._vault = self._add_folder(self.review, VAULT_NAME, planned=True, at_ns=plan.created_ns)
        self._projects = {unit.number: unit for unit in plan.units if unit.kind is UnitKind.PROJECT}
        self._project_folders: dict[int, FolderNode] = {}
        self._files: dict[int, FileNode] = {}
        self.last_edit = 0  # the number of the last row of the edit log that is taken in
        self._build()
        for edit in edits:
            self.apply(edit)
        self.last_edit = max(self.last_edit, last_edit)

    # Looking

    def child(self, folder: FolderNode, name: bytes) -> Node | None:
        """The child of that name, by the target's idea of equal names; `None` if the tree has none."""
        return folder.children.get(self._key(folder, name))

    def find(self, path: bytes) -> Node | None:
        """The node at a path, `None` if the tree has none there."""
        node: Node | None = self.root
        for name in components(path):
            node = self.child(node, name) if isinstance(node, FolderNode) else None
            if node is None:
                return None
        return node

    def file(self, action_id: int) -> FileNode:
        """The node of an action."""
        return self._files[action_id]

    def has_file(self, action_id: int) -> bool:
        """Whether the plan has such an action; the numbers of a plan that was restored have gaps."""
        return action_id in self._files

    def path_of(self, node: Node) -> bytes:
        """The path of a node from the root of the tree."""
        names: list[bytes] = []
        step: Node | None = node
        while step is not None and step is not self.root:
            names.append(step.name)
            step = step.parent
        return b"/".join(reversed(names))

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
        for node in self._nodes():
            if self._part_of(node) is None:
                path, action = self.path_of(node), node.action
                replaces = node.displaces[1] if node.displaces is not None and node.displaces[0] == path else None
                yield PlannedMove(action, path, replaces, together.get(action.action_id, 0))

    def vaulted(self) -> Iterator[Action]:
        """What commit puts into the vault because it lost a conflict, in plan order."""
        return (node.action for node in self._nodes() if self._part_of(node) is self._vault)

    def kept(self) -> Iterator[tuple[Action, KeepReason]]:
        """What stays, with the reason, in plan order. What a person excluded has the reason EXCLUDED."""
        for node in self._nodes():
            part = self._part_of(node)
            if part is self._excluded:
                yield node.action, KeepReason.EXCLUDED
            elif part is not None and part is not self._vault:
                yield node.action, self._reason(node.action)

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

    @property
    def has_projects(self) -> bool:
        """Whether any folder of the tree is a project."""
        return bool(self._project_folders)

    def folders(self) -> Iterator[PlannedFolder]:
        """The folders of the layout, parents before children, without the root and without what `carried` brings along."""
        yield from self._folders_below(self.root, b"")

    def _nodes(self) -> Iterator[FileNode]:
        return (self._files[action.action_id] for action in self.plan.actions)

    def _placed_members(self) -> Iterator[tuple[Action, bytes]]:
        for node in self._nodes():
            if node.action.unit and self._part_of(node) is None:
                yield node.action, self.path_of(node)

    def _part_of(self, node: FileNode) -> FolderNode | None:
        """The folder of the review that a file lies in, `None` if it is in the layout."""
        folder, above = node.parent, node.parent.parent
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
            case EditKind.UNDO | EditKind.REDO:  # whoever meets one makes the tree anew from the edits in force
                raise FsError(FsErrorKind.INVALID, edit.path)

    def apply(self, edit: Edit) -> None:
        """Make the edit. Raises `FsError` and changes nothing if it cannot be made."""
        self.check(edit)
        match edit.kind:
            case EditKind.MOVE:
                self._move(edit.path, _target_of(edit), edit.at_ns)
            case EditKind.REPLACE:
                node = self._move(edit.path, _target_of(edit), edit.at_ns)
                assert isinstance(node, FileNode)
                assert edit.replaces is not None
                node.displaces = self.path_of(node), edit.replaces
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
        self.last_edit = edit.seq

    def check_invariants(self) -> None:
        """Raise AssertionError where the invariants of the module's docstring do not hold."""
        seen: set[int] = set()
        pending: list[FolderNode] = [self.root]
        while pending:
            folder = pending.pop()
            for key, node in folder.children.items():
                assert node.parent is folder, (folder.name, node.name)
                assert key == self._key(folder, node.name), (key, node.name)
                if isinstance(node, FolderNode):
                    pending.append(node)
                else:
                    assert node.action.action_id not in seen, node.name
                    seen.add(node.action.action_id)
        assert seen == {action.action_id for action in self.plan.actions}
        assert self.review.parent is self.root

    # Building

    def _build(self) -> None:
        for path in self.plan.folders:
            parent, name = self._ensure_parent(path)
            if self.child(parent, name) is None:
                self._add_folder(parent, name, planned=True, at_ns=self.plan.created_ns)
        cache: dict[bytes, FolderNode] = {}
        for action in self.plan.actions:
            if action.kind is ActionKind.MOVE and action.target is not None:
                folder, name = split(action.target)
            else:
                folder, name = split(self.review_path(action))
            parent_node = cache.get(folder)
            if parent_node is None:
                parent_node = cache[folder] = self._ensure_folder(folder)
            self._add_file(parent_node, name, action)
        self._mark_projects()

    def review_path(self, action: Action) -> bytes:
        """Where in the review folder a file that does not move is shown: by reason, then as it lies in its inbox."""
        part = VAULT_NAME if action.kind is ActionKind.VAULT else self._reason(action).value.encode()
        return join(self.review.name, part, self._labels[action.root], action.source)

    def _reason(self, action: Action) -> KeepReason:
        """Why a file stays; all of a project is in one place, whatever else could be said of a file in it."""
        if action.unit in self._projects:
            return KeepReason.PROJECT
        return action.keep_reason or KeepReason.EXCLUDED

    def _mark_projects(self) -> None:
        if not self._projects:
            return
        for node in self._nodes():
            unit = self._projects.get(node.action.unit)
            if unit is not None and unit.number not in self._project_folders:
                folder = self._folder_that_holds(node, unit)
                if folder is not None:
                    folder.unit = unit.number
                    folder.planned = True
                    self._project_folders[unit.number] = folder

    def _folder_that_holds(self, node: FileNode, unit: Unit) -> FolderNode | None:
        """The folder of the tree that is the project, found from one of its files; `None` where that lies elsewhere."""
        inside = components(node.action.source)[len(components(unit.folder or b"")) :]
        step: Node = node
        for name in reversed(inside):
            if step.name != name or step.parent is None:
                return None
            step = step.parent
        return step if isinstance(step, FolderNode) and step is not self.root else None

    def _add_file(self, parent: FolderNode, name: bytes, action: Action) -> None:
        node = FileNode(name, parent, action)
        if action.replaces is not None and action.kind is ActionKind.MOVE:
            node.displaces = join(self.path_of(parent), name), action.replaces
        parent.children[self._key(parent, name)] = node
        self._files[action.action_id] = node

    def _new_folder(
        self, name: bytes, parent: FolderNode | None, *, planned: bool, at_ns: int, mode: int
    ) -> FolderNode:
        node = FolderNode(self._n_folders, name, parent, planned=planned, mode=mode, mtime_ns=at_ns)
        self._n_folders += 1
        return node

    def _add_folder(
        self, parent: FolderNode, name: bytes, *, planned: bool, at_ns: int, mode: int | None = None
    ) -> FolderNode:
        wanted = self.plan.policy.folder_mode if mode is None else mode
        node = self._new_folder(name, parent, planned=planned, at_ns=at_ns, mode=wanted)
        parent.children[self._key(parent, name)] = node
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

    def _key(self, folder: FolderNode, name: bytes) -> bytes:
        """In the review folder names are exact: what stays lies on the filesystem of its source."""
        if not (self._rules.ignores_case or self._rules.ignores_form):
            return name
        return name if folder is not self.root and self.in_review(folder) else self._rules.key(name)

    def _folders_below(self, folder: FolderNode, path: bytes) -> Iterator[PlannedFolder]:
        for node in folder.children.values():
            if isinstance(node, FolderNode) and node is not self.review and not node.unit:
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
            if standing.children:
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
        if folder.children:
            raise FsError(FsErrorKind.NOT_EMPTY, path)
        self._refuse_in_project(folder, path, itself=True)

    # Changes

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
        wanted = join(top, self._labels[node.action.root], node.action.source)
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
        del parent.children[self._key(parent, name)]
        parent.mtime_ns = at_ns

    def _attach(self, node: Node, parent: FolderNode, name: bytes, at_ns: int) -> None:
        node.parent, node.name = parent, name
        if isinstance(node, FolderNode):
            self._rekey(node)
        parent.children[self._key(parent, name)] = node
        parent.mtime_ns = at_ns

    def _rekey(self, folder: FolderNode) -> None:
        """Between layout and review the idea of equal names changes; a folder of twins keeps all of them."""
        if not (self._rules.ignores_case or self._rules.ignores_form):
            return
        nodes = list(folder.children.values())
        folder.children.clear()
        for node in nodes:
            name, n = node.name, 2
            while self._key(folder, name) in folder.children:
                name, n = with_suffix_before_extension(node.name, b" (%d)" % n, NAME_MAX_BYTES), n + 1
            node.name = name
            folder.children[self._key(folder, name)] = node
            if isinstance(node, FolderNode):
                self._rekey(node)

    def _touch(self, folder: FolderNode, edit: Edit) -> None:
        if edit.mode is not None:
            folder.mode = edit.mode
        if edit.mtime_ns is not None:
            folder.mtime_ns = edit.mtime_ns


def root_labels(plan: Plan) -> dict[bytes, bytes]:
    """What tells the roots apart in the review folder: nothing for one root, else their last names, numbered where equal."""
    if len(plan.roots) == 1:
        return {plan.roots[0].path: b""}
    labels: dict[bytes, bytes] = {}
    for root in plan.roots:
        name = split(root.path)[1] or b"root"
        label, n = name, 2
        while label in labels.values():
            label, n = name + b" (%d)" % n, n + 1
        labels[root.path] = label
    return labels


def _target_of(edit: Edit) -> bytes:
    if edit.target is None:
        raise FsError(FsErrorKind.INVALID, edit.path)
    return edit.target
