"""Which edits of a tree are refused, and why.

Only looks: nothing here changes a node, though a folder may be loaded for it. What is not refused can be made, wholly. That also
holds for edits that come from elsewhere (the command line, a stored log), so what the view refuses for the sake of the target
alone is not looked for here.

Refused everywhere: to move the root, the review folder and its folders by reason; to put anything of one's own beside those; to
change what is in a project; to put a folder into itself or into the vault's folder.
"""

from __future__ import annotations

from ifmosfs.core.files import Place
from ifmosfs.core.names import components, is_within, split
from ifmosfs.core.node_tree import NodeTree, lies_in
from ifmosfs.core.nodes import FileNode, FolderNode, Node, TreeSource
from ifmosfs.core.placing import NAME_MAX_BYTES
from ifmosfs.core.plan import Action, Edit, EditKind, EditOrigin, Plan
from ifmosfs.core.refusals import FsError, FsErrorKind


class EditChecks:
    """Looks at edits before they are made in one tree."""

    def __init__(self, nodes: NodeTree) -> None:
        self._nodes = nodes

    def check(self, edit: Edit) -> None:
        """Raise `FsError` if the edit cannot be applied; changes nothing."""
        match edit.kind:
            case EditKind.MOVE:
                self._check_move(edit.path, target_of(edit))
            case EditKind.REPLACE:
                self._check_replace(edit)
            case EditKind.VAULT:
                self._check_vault(edit.path)
            case EditKind.SWAP:
                self._check_swap(edit.path, target_of(edit))
            case EditKind.EXCLUDE:
                self._check_exclude(edit)
            case EditKind.MKDIR:
                self._check_free(edit.path)
            case EditKind.RMDIR:
                self._check_rmdir(edit.path)
            case EditKind.TOUCH:
                self._refuse_in_project(self._nodes.folder_at(edit.path), edit.path, itself=True)
            case EditKind.ADD:
                self._check_add(edit)
            case EditKind.REFRESH | EditKind.FOLLOW | EditKind.GATHER | EditKind.JOIN:
                self._check_told(edit)
            case EditKind.UNDO | EditKind.REDO:  # whoever meets one makes the tree anew from the edits in force
                raise FsError(FsErrorKind.INVALID, edit.path)

    def check_meant(self, edit: Edit) -> None:
        """Refuse a move of one file, or of the project that it is of, that has another one at its path now."""
        if edit.action_id is None or edit.kind not in {EditKind.MOVE, EditKind.VAULT}:
            return
        node = self._nodes.node_at(edit.path)
        if isinstance(node, FolderNode):
            number = action_of(self._nodes.source, edit).unit
            is_meant = node.unit != 0 and (number == node.unit or self._is_taken_in_later(edit.action_id, number, node))
        else:
            is_meant = node.leaf.action_id == edit.action_id
        if not is_meant:
            raise FsError(FsErrorKind.STALE, edit.path)

    def _is_taken_in_later(self, action_id: int, number: int, project: FolderNode) -> bool:
        """Whether a file is of a project that will be part of the one with this number, by later edits."""
        return (
            number not in self._nodes.projects
            and self._nodes.has_file(action_id)
            and lies_in(self._nodes.file(action_id), project)
        )

    # By kind

    def _check_name(self, path: bytes) -> None:
        for name in components(path):
            if len(name) > NAME_MAX_BYTES:
                raise FsError(FsErrorKind.NAME_TOO_LONG, path)
        if not path or any(name in {b"", b".", b".."} for name in components(path)):
            raise FsError(FsErrorKind.INVALID, path)

    def _check_parent(self, path: bytes) -> None:
        parent = split(path)[0]
        nearest = self._nodes.nearest(parent)
        if isinstance(nearest, FileNode):
            raise FsError(FsErrorKind.NOT_A_FOLDER, path)
        self._refuse_in_project(nearest, path, itself=True)
        # What is missing on the way is the target's own, but the review folder is not in the target.
        if self._nodes.in_review(nearest) and self._nodes.find(parent) is None:
            raise FsError(FsErrorKind.NOT_FOUND, path)

    def _check_free(self, path: bytes) -> None:
        self._check_name(path)
        self._check_parent(path)
        if self._nodes.find(path) is not None:
            raise FsError(FsErrorKind.EXISTS, path)
        if self._nodes.find(split(path)[0]) is self._nodes.review:
            raise FsError(FsErrorKind.NOT_PERMITTED, path)  # the folders by reason are the program's

    def _check_move(self, path: bytes, target: bytes) -> None:
        self._check_name(target)
        self._check_parent(target)
        node = self._nodes.node_at(path)
        if self._nodes.is_fixed(node):
            raise FsError(FsErrorKind.BUSY, path)
        if self._nodes.find(split(target)[0]) is self._nodes.review:
            raise FsError(FsErrorKind.NOT_PERMITTED, target)
        if lies_in(self._nodes.nearest(split(target)[0]), node):
            raise FsError(FsErrorKind.INVALID, target)
        self._check_movable(node, path, target)
        standing = self._nodes.find(target)
        if standing is not None and standing is not node:
            self._check_displace(node, standing, target)

    def _check_movable(self, node: Node, path: bytes, target: bytes) -> None:
        folder = self._nodes.nearest(split(target)[0])
        self._refuse_in_project(node, path, itself=False)
        if isinstance(node, FolderNode):
            if node.unit and not self._nodes.projects[node.unit].folder:
                raise FsError(FsErrorKind.NOT_PERMITTED, path)  # a whole scanned folder stays where it is
            if self._nodes.is_vaulted(folder):
                raise FsError(FsErrorKind.NOT_PERMITTED, target)  # only files are put away

    def _check_replace(self, edit: Edit) -> None:
        target = target_of(edit)
        self._check_move(edit.path, target)
        if isinstance(self._nodes.node_at(edit.path), FolderNode):
            raise FsError(FsErrorKind.IS_A_FOLDER, edit.path)
        if edit.replaces is None or self._nodes.in_review(self._nodes.nearest(split(target)[0])):
            raise FsError(FsErrorKind.INVALID, target)

    def _check_vault(self, path: bytes) -> None:
        node = self._nodes.node_at(path)
        if isinstance(node, FolderNode):
            raise FsError(FsErrorKind.IS_A_FOLDER, path)
        if self._nodes.is_vaulted(node):
            raise FsError(FsErrorKind.NOT_PERMITTED, path)  # it is there already
        self._refuse_in_project(node, path, itself=False)

    def _check_displace(self, node: Node, standing: Node, target: bytes) -> None:
        if isinstance(standing, FolderNode):
            if isinstance(node, FileNode):
                raise FsError(FsErrorKind.IS_A_FOLDER, target)
            if standing.loaded or standing.n_unloaded:
                raise FsError(FsErrorKind.NOT_EMPTY, target)
            if self._nodes.is_fixed(standing):
                raise FsError(FsErrorKind.BUSY, target)
        elif isinstance(node, FolderNode):
            raise FsError(FsErrorKind.NOT_A_FOLDER, target)
        elif self._nodes.in_review(standing):
            raise FsError(FsErrorKind.EXISTS, target)  # nothing may vanish from the list of what stays

    def _check_swap(self, path: bytes, target: bytes) -> None:
        node, other = self._nodes.node_at(path), self._nodes.node_at(target)
        if self._nodes.is_fixed(node) or self._nodes.is_fixed(other):
            raise FsError(FsErrorKind.BUSY, path)
        if node is not other and (lies_in(node, other) or lies_in(other, node)):
            raise FsError(FsErrorKind.INVALID, path)
        for each, where, other_one in ((node, path, other), (other, target, node)):
            self._refuse_in_project(each, where, itself=False)
            if isinstance(each, FolderNode) and self._nodes.is_vaulted(other_one):
                raise FsError(FsErrorKind.NOT_PERMITTED, where)

    def _check_exclude(self, edit: Edit) -> None:
        if edit.origin is EditOrigin.WATCH:
            self._check_left_aside(edit)
            return
        path, node = edit.path, self._nodes.node_at(edit.path)
        if isinstance(node, FolderNode):
            raise FsError(FsErrorKind.IS_A_FOLDER, path)
        if lies_in(node, self._nodes.excluded):
            raise FsError(FsErrorKind.NOT_PERMITTED, path)  # it stays where it is already
        self._refuse_in_project(node, path, itself=False)

    def _check_left_aside(self, edit: Edit) -> None:
        action = action_of(self._nodes.source, edit)
        project = self._nodes.project_folders.get(action.unit)
        if project is None or not self._nodes.has_file(action.action_id):
            raise FsError(FsErrorKind.INVALID, edit.path)
        if not lies_in(self._nodes.file(action.action_id), project):
            raise FsError(FsErrorKind.NOT_PERMITTED, edit.path)

    def _check_rmdir(self, path: bytes) -> None:
        folder = self._nodes.folder_at(path)
        if self._nodes.is_fixed(folder):
            raise FsError(FsErrorKind.BUSY, path)
        if folder.loaded or folder.n_unloaded:
            raise FsError(FsErrorKind.NOT_EMPTY, path)
        self._refuse_in_project(folder, path, itself=True)

    def _check_add(self, edit: Edit) -> None:
        action = action_of(self._nodes.source, edit)
        path = self._nodes.path_of_added(action, edit.path)
        self._check_name(path)
        if action.action_id in self._nodes.made_files:
            raise FsError(FsErrorKind.INVALID, path)
        if self._nodes.gives_way(self._nodes.nearest(path), path, self._nodes.project_folders.get(action.unit)):
            return
        if self._nodes.find(path) is not None:
            raise FsError(FsErrorKind.EXISTS, path)
        if isinstance(self._nodes.nearest(split(path)[0]), FileNode):
            raise FsError(FsErrorKind.NOT_A_FOLDER, path)

    def _check_told(self, edit: Edit) -> None:
        if edit.kind is EditKind.GATHER:
            self._check_gathered(edit)
            return
        action = action_of(self._nodes.source, edit)
        if edit.kind is EditKind.FOLLOW:
            place_in(self._nodes.plan, target_of(edit))
            if self._nodes.project_of(action) is None:
                raise FsError(FsErrorKind.INVALID, edit.path)
        elif edit.kind is EditKind.JOIN:
            place_in(self._nodes.plan, target_of(edit))

    def _check_gathered(self, edit: Edit) -> None:
        place = place_in(self._nodes.plan, target_of(edit))
        if not edit.action_id or edit.action_id in self._nodes.project_folders or not place.path:
            raise FsError(FsErrorKind.INVALID, edit.path)

    def _refuse_in_project(self, node: Node, path: bytes, *, itself: bool) -> None:
        """NOT_PERMITTED for what is in a project, or would be if it were there, and with `itself` for the project's own folder."""
        if isinstance(node, FileNode) and node.leaf.action_id in self._nodes.put_aside:
            raise FsError(FsErrorKind.NOT_PERMITTED, path)
        step = node if itself and isinstance(node, FolderNode) else node.parent
        while step is not None:
            if step.unit:
                raise FsError(FsErrorKind.NOT_PERMITTED, path)
            step = step.parent


def target_of(edit: Edit) -> bytes:
    """Where an edit puts something. INVALID if it does not say."""
    if edit.target is None:
        raise FsError(FsErrorKind.INVALID, edit.path)
    return edit.target


def place_in(plan: Plan, absolute: bytes) -> Place:
    """The place of an absolute path in the innermost root of a plan that it lies in. INVALID where it is in none."""
    roots = [root.path for root in plan.roots if is_within(absolute, root.path)]
    if not roots:
        raise FsError(FsErrorKind.INVALID, absolute)
    root = max(roots, key=len)
    return Place(root, absolute[len(root) :].lstrip(b"/"))


def action_of(source: TreeSource, edit: Edit) -> Action:
    """The action that an edit is about. INVALID if there is none."""
    try:
        return source.action(edit.action_id or 0)
    except KeyError:
        raise FsError(FsErrorKind.INVALID, edit.path) from None
