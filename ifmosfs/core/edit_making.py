"""Making edits in a tree: what each kind of edit does to the nodes.

An edit was checked (`edit_checks`) before it comes here, so nothing is refused half-way. Invariants: no file ever leaves the tree,
what loses its place is put among what stays; and the same edits in the same order give the same tree, numbers of folders
included, whatever was loaded when.
"""

from __future__ import annotations

from ifmosfs.core.edit_checks import action_of, place_in, target_of
from ifmosfs.core.files import Place
from ifmosfs.core.names import components, is_within, join
from ifmosfs.core.node_tree import NodeTree, lies_in
from ifmosfs.core.nodes import FileNode, FolderNode, Node, leaf_of
from ifmosfs.core.placing import Placing
from ifmosfs.core.plan import ActionKind, Edit, EditKind, EditOrigin, Unit, UnitKind


class EditMaker:
    """Makes edits in one tree."""

    def __init__(self, nodes: NodeTree) -> None:
        self._nodes = nodes
        self._placing = Placing(nodes)

    def make(self, edit: Edit) -> None:
        """Do what an edit says that was checked."""
        self._placing.begin(edit)
        match edit.kind:
            case EditKind.MOVE | EditKind.REPLACE:
                self._move_file_or_folder(edit)
            case EditKind.VAULT:
                self._put_away(self._nodes.vault, self._nodes.node_at(edit.path), edit.at_ns)
            case EditKind.SWAP:
                self._swap(edit.path, target_of(edit), edit.at_ns)
            case EditKind.EXCLUDE if edit.origin is EditOrigin.WATCH:
                self._leave_aside(self._nodes.file(edit.action_id or 0), edit.at_ns)
            case EditKind.EXCLUDE:
                self._put_away(self._nodes.excluded, self._nodes.node_at(edit.path), edit.at_ns)
            case EditKind.MKDIR:
                self._make_folder(edit)
            case EditKind.RMDIR:
                self._remove_folder(edit)
            case EditKind.TOUCH:
                self._touch(self._nodes.folder_at(edit.path), edit)
            case _:
                self._take_in(edit)

    def _take_in(self, edit: Edit) -> None:
        """What the disk has told."""
        match edit.kind:
            case EditKind.ADD:
                self._add_file(edit)
            case EditKind.REFRESH | EditKind.JOIN:
                self._refresh_file(edit)
            case EditKind.FOLLOW:
                self._follow_project(edit)
            case EditKind.GATHER:
                self._gather(edit)

    def add_among_excluded(self, edit: Edit) -> None:
        """Show the file of an ADD that cannot be made among what a person has left out."""
        self._placing.begin(edit)
        action_id = edit.action_id or 0
        if action_id in self._nodes.made_files:
            return
        action = action_of(self._nodes.source, edit)
        parent, name = self._placing.free_spot(self._aside(self._nodes.excluded, action.first_place))
        node = FileNode(name, parent, leaf_of(action, self._nodes.number_of_added(action), name))
        self._nodes.note_file(node)
        self._placing.attach(node, parent, name, edit.at_ns)

    # By kind

    def _make_folder(self, edit: Edit) -> None:
        """A new folder; one that the program makes again by itself is the one that it has taken out, with the mode that it had."""
        parent, name = self._placing.ensure_parent(edit.path)
        before = self._nodes.left_by_itself.pop(edit.path, None) if edit.origin is EditOrigin.WATCH else None
        if before is None:
            self._placing.add_folder(parent, name, planned=True, at_ns=edit.at_ns, mode=edit.mode)
            parent.note_change(edit.at_ns)
        else:
            self._placing.attach(before, parent, name, edit.at_ns)

    def _remove_folder(self, edit: Edit) -> None:
        folder = self._nodes.folder_at(edit.path)
        self._placing.detach(folder, edit.at_ns)
        if edit.origin is EditOrigin.WATCH:
            self._nodes.left_by_itself[edit.path] = folder

    def _move_file_or_folder(self, edit: Edit) -> None:
        before = self._nodes.node_at(edit.path)
        # What a person has put elsewhere stays theirs when it only takes the new name of its original there.
        by_itself = (
            edit.origin is EditOrigin.WATCH and isinstance(before, FileNode) and self._nodes.is_where_put(before)
        )
        node = self._move(edit.path, target_of(edit), edit.at_ns)
        if not isinstance(node, FileNode):
            return
        node.category = edit.category or node.category
        if by_itself:
            node.put_at = self._nodes.path_of(node)
        if edit.kind is EditKind.REPLACE:
            assert edit.replaces is not None
            node.displaces = self._nodes.path_of(node), edit.replaces
            node.parent.is_touched = True

    def _add_file(self, edit: Edit) -> None:
        action = action_of(self._nodes.source, edit)
        path = self._nodes.path_of_added(action, edit.path)
        self._make_way(path, self._nodes.project_folders.get(action.unit), edit.at_ns)
        parent, name = self._placing.ensure_parent(path)
        node = FileNode(name, parent, leaf_of(action, self._nodes.number_of_added(action), name))
        self._nodes.note_file(node)
        self._placing.attach(node, parent, name, edit.at_ns)
        if action.replaces is not None and action.kind is ActionKind.MOVE and action.target == edit.path:
            node.displaces = edit.path, action.replaces

    def _refresh_file(self, edit: Edit) -> None:
        self._nodes.refresh(action_of(self._nodes.source, edit))
        if edit.kind is EditKind.JOIN:
            self._join(edit)
        else:
            self._keep_inside(edit)

    def _follow_project(self, edit: Edit) -> None:
        """The folder of a project is elsewhere on the disk. If it is among what stays now and was not when that was told, since a
        person has taken back what put it into the layout, it takes its new name there; otherwise an edit of its own moves it."""
        number = self._nodes.project_of(action_of(self._nodes.source, edit))
        place = place_in(self._nodes.plan, target_of(edit))
        assert number is not None
        before, self._nodes.project_places[number] = self._nodes.project_places[number], place
        project, wanted = self._nodes.project_folders.get(number), self._nodes.staying_path(place)
        path = None if project is None else self._nodes.path_of(project)
        if project is None or path == edit.path or path != self._nodes.staying_path(before):
            return
        if any(lies_in(self._nodes.nearest(wanted), each) for each in self._nodes.project_folders.values()):
            return  # a project in a project goes nowhere by itself
        parent, name = self._placing.free_spot(wanted)
        self._placing.detach(project, edit.at_ns)
        self._placing.attach(project, parent, name, edit.at_ns)

    def _gather(self, edit: Edit) -> None:
        """A folder on the disk has become a project: from now on it is one folder among what stays. Its files follow, each by its own
        edit, wherever they are."""
        place = place_in(self._nodes.plan, target_of(edit))
        folder = self._folder_to_gather_in(place, edit.at_ns)
        self._nodes.note_project(Unit(edit.action_id or 0, UnitKind.PROJECT, place.root, place.path), folder)

    def _folder_to_gather_in(self, place: Place, at_ns: int) -> FolderNode:
        """What stands in for the folder already, since projects in it are shown there; or a new one."""
        wanted = self._nodes.staying_path(place)
        standing = self._nodes.find(wanted)
        around = [
            folder
            for number, folder in self._nodes.project_folders.items()
            if not _lies_below(self._nodes.project_places[number], place)
        ]
        if any(lies_in(self._nodes.nearest(wanted), each) for each in around):  # dragged to where this one belongs
            wanted = join(*components(wanted)[:2], components(wanted)[-1])
        elif isinstance(standing, FolderNode):
            return standing
        parent, name = self._placing.free_spot(wanted)
        folder = self._placing.add_folder(parent, name, planned=True, at_ns=at_ns)
        parent.note_change(at_ns)
        return folder

    def _join(self, edit: Edit) -> None:
        """A file of the plan is in the project that its folder has become, wherever it was in the tree."""
        place, action_id = place_in(self._nodes.plan, target_of(edit)), edit.action_id or 0
        number = self._nodes.project_around(place)
        project = None if number is None else self._nodes.project_folders.get(number)
        if number is None or project is None or not self._nodes.has_file(action_id):
            return
        node = self._nodes.file(action_id)
        inside = place.path[len(self._nodes.project_places[number].path) :].lstrip(b"/")
        wanted = join(self._nodes.path_of(project), inside)
        node.displaces = None
        if self._nodes.find(wanted) is node:
            return
        left = node.parent
        parent, name = self._placing.free_spot(wanted)
        self._placing.detach(node, edit.at_ns)
        self._placing.attach(node, parent, name, edit.at_ns)
        shell = next((each for each in self._nodes.taken_in if lies_in(left, each)), None)
        # What is left of a project that was elsewhere is no folder of anything.
        if shell is not None and shell.parent is not None:
            self._remove_emptied(left, shell.parent, edit.at_ns)

    def _keep_inside(self, edit: Edit) -> None:
        """What is in a project is shown where the disk has it in there: a file that was renamed in it takes its new name, wherever the
        project is in the tree; what has that name, and is to have another one itself, waits under the old one; what cannot be there
        together with it is put aside."""
        action_id = edit.action_id or 0
        project = self._nodes.project_folders.get(action_of(self._nodes.source, edit).unit)
        if project is None or not self._nodes.has_file(action_id):
            return
        node = self._nodes.file(action_id)
        wanted = self._wanted_inside(node, project)
        if wanted is None or wanted == self._nodes.path_of(node):
            return
        self._make_way(wanted, project, edit.at_ns)
        standing = self._nodes.nearest(wanted)
        if isinstance(standing, FolderNode):
            if self._nodes.find(wanted) is None:
                self._rename_inside(node, wanted, project, edit.at_ns)
        elif standing is node:
            self._rename_inside(node, wanted, project, edit.at_ns)
        elif self._nodes.find(wanted) is standing and self._wanted_inside(standing, project) != wanted:
            if action_id not in self._nodes.put_aside:
                self._swap(self._nodes.path_of(node), wanted, edit.at_ns)
            else:
                self._put_aside(standing, edit.at_ns)
                self._rename_inside(node, wanted, project, edit.at_ns)

    def _wanted_inside(self, node: FileNode, project: FolderNode) -> bytes | None:
        """The path in the tree at which a file of a project is to be, `None` where it is not in the project."""
        is_its_own = lies_in(node, project) or node.leaf.action_id in self._nodes.put_aside
        inside = self._nodes.path_in_project(node.leaf) if is_its_own else None
        return None if inside is None else join(self._nodes.path_of(project), inside)

    def _rename_inside(self, node: FileNode, wanted: bytes, project: FolderNode, at_ns: int) -> None:
        left = node.parent
        parent, name = self._placing.ensure_parent(wanted)
        self._placing.detach(node, at_ns)
        self._placing.attach(node, parent, name, at_ns)
        was_aside = node.leaf.action_id in self._nodes.put_aside
        self._nodes.put_aside.discard(node.leaf.action_id)
        self._remove_emptied(left, project, at_ns, only_own=was_aside)

    def _remove_emptied(self, left: FolderNode, project: FolderNode, at_ns: int, *, only_own: bool = False) -> None:
        """Take out what has nothing in it any more. A folder of the project that the disk has still is shown all the same."""
        while left is not project and not (left.loaded or left.n_unloaded):
            if only_own and left.number not in self._nodes.own_folders:
                return
            above = left.parent
            assert above is not None
            spot = self._nodes.spot_in_project(above, left.name)
            self._placing.detach(left, at_ns)
            if spot is not None:
                self._nodes.left_inside[spot] = left
            left = above

    def _leave_aside(self, node: FileNode, at_ns: int) -> None:
        """Something that no action stands for has the name of a file of a project, or of a folder that it was in."""
        left = node.parent
        self._put_aside(node, at_ns)
        self._remove_emptied(left, self._nodes.project_folders[node.leaf.unit], at_ns)

    def _make_way(self, path: bytes, project: FolderNode | None, at_ns: int) -> None:
        """Put aside what a project had where the disk has a file of it now, or a folder on the way to that."""
        standing = self._nodes.nearest(path)
        if not self._nodes.gives_way(standing, path, project):
            return
        if isinstance(standing, FileNode):
            self._put_aside(standing, at_ns)
            return
        pending = [standing]
        while pending:
            for node in list(pending.pop().children.values()):
                if isinstance(node, FolderNode):
                    pending.append(node)
                else:
                    self._put_aside(node, at_ns)
        self._placing.detach(standing, at_ns)

    def _put_aside(self, node: FileNode, at_ns: int) -> None:
        self._put_away(self._nodes.excluded, node, at_ns)
        self._nodes.put_aside.add(node.leaf.action_id)

    def _move(self, path: bytes, target: bytes, at_ns: int) -> Node:
        node = self._nodes.node_at(path)
        standing = self._nodes.find(target)
        if standing is not None and standing is not node:
            if isinstance(standing, FileNode):
                self._put_away(self._nodes.excluded, standing, at_ns)
            else:
                self._placing.detach(standing, at_ns)
        parent, name = self._placing.ensure_parent(target)
        self._placing.detach(node, at_ns)
        self._placing.attach(node, parent, name, at_ns)
        if isinstance(node, FileNode):
            node.displaces = None
        return node

    def _swap(self, path: bytes, target: bytes, at_ns: int) -> None:
        node, other = self._nodes.node_at(path), self._nodes.node_at(target)
        if node is other:
            return
        (parent, name), (other_parent, other_name) = self._placing.spot(node), self._placing.spot(other)
        self._placing.detach(node, at_ns)
        self._placing.detach(other, at_ns)
        self._placing.attach(node, other_parent, other_name, at_ns)
        self._placing.attach(other, parent, name, at_ns)
        if isinstance(node, FileNode) and isinstance(other, FileNode):  # who has the name displaces what had it
            node.displaces, other.displaces = other.displaces, node.displaces

    def _put_away(self, part: FolderNode, node: Node, at_ns: int) -> None:
        """Out of the layout, into one of the review's folders."""
        assert isinstance(node, FileNode)
        parent, name = self._placing.free_spot(self._aside(part, self._nodes.first_place(node.leaf)))
        self._placing.detach(node, at_ns)
        self._placing.attach(node, parent, name, at_ns)
        node.displaces = None

    def _aside(self, part: FolderNode, first: Place) -> bytes:
        """Where in the review a file is put that was planned there: later edits name it by that, so it must not depend on what its
        original has been renamed to since."""
        return join(self._nodes.review.name, part.name, self._nodes.labels[first.root], first.path)

    def _touch(self, folder: FolderNode, edit: Edit) -> None:
        if edit.mode is not None:
            folder.mode = edit.mode
        if edit.mtime_ns is not None:
            folder.mtime_ns = edit.mtime_ns
        folder.note_change(edit.at_ns, of_entries=False)


def _lies_below(place: Place, folder: Place) -> bool:
    return place.root == folder.root and is_within(place.path, folder.path)
