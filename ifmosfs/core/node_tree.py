"""The folders and files of a plan's tree in memory: found by path and by number, loaded when they are looked into, and forgotten.

Knows nothing of edits: `placing` puts nodes elsewhere, on behalf of `edit_making`. Touches no disk; what the plan alone says
comes from a `TreeSource`.

Invariants, checked by `check_invariants`: every child's `parent` is the folder that holds it, under the key of its name; every
action of the plan has exactly one file node, made or still to be loaded; the review folder is a child of the root. In the review
names are exact, elsewhere equal names are those that the target holds for equal. The folders of the plan alone are all here, by
number, also those that were taken out of the tree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Container, Mapping
from contextlib import suppress

from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.names import components, is_within, join
from ifmosfs.core.nodes import FileNode, FolderNode, Leaf, Node, TreeSource, leaf_of
from ifmosfs.core.plan import Action, ActionKind, KeepReason, Plan, Unit
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.tree_source import REVIEW, ROOT, projects_of, review_path, root_labels

EDITED = 1 << 32  # numbers of folders that edits make: above those of the plan, by edit, then by order within it
PER_EDIT = 1 << 12
IN_PROJECT = 1 << 39  # numbers of folders that edits make in projects: above all others, by their paths in there
ALONE = 1 << 40  # added to the number of a file that has taken the place of one of several names of an inode


class NodeTree:
    """The nodes of one plan. Not thread-safe: the view holds its lock around every call."""

    def __init__(self, plan: Plan, source: TreeSource, gathered: Container[int] = ()) -> None:
        """`source` tells where the plan alone puts its files. `gathered`: the numbers of the units that edits make projects."""
        self.source = source
        self.plan = plan
        self.labels = root_labels(plan)
        self.projects = {number: each for number, each in projects_of(plan).items() if number not in gathered}
        self.project_folders: dict[int, FolderNode] = {}  # by the number of the project, in plan order
        self.project_places = {number: Place(each.root, each.folder or b"") for number, each in self.projects.items()}
        self.put_aside: set[int] = set()  # the actions of files of projects whose names something else has there now
        self.taken_in: list[FolderNode] = []  # that were projects until they became part of another one
        self._rules = plan.policy.names
        self.rules_are_exact = not (self._rules.ignores_case or self._rules.ignores_form)
        self._base_folders = source.folders()
        self._base: list[FolderNode] = []
        self._made_folders: dict[int, FolderNode] = {}
        self.own_folders: set[int] = (
            set()
        )  # the numbers of those that no person has made, but the program for its own moves
        self._files: dict[int, FileNode] = {}  # of the folders that are loaded, and those that edits have placed
        self._refreshed: dict[int, Leaf] = {}
        self.left_inside: dict[
            tuple[int, bytes], FolderNode
        ] = {}  # of projects, where the disk has no such folder any more
        self.left_by_itself: dict[bytes, FolderNode] = {}  # that the program made, and took out when they were empty
        self._inside: dict[int, tuple[int, bytes]] = {}  # project and path, by the number that comes of them
        self._made_by: dict[int, int] = {}  # the edits that have made folders, by the numbers of these
        self._numbers: dict[
            int, int
        ] = {}  # of names of one inode that the plan alone does not number, or not so any more
        self._first_places: dict[int, Place] = {}  # of the files that were renamed since they were planned
        self._last_places: dict[int, Place] = {}  # of the projects whose folders were renamed or moved, by number
        self._loaded: dict[FolderNode, None] = {}  # in the order of loading
        self._build()
        self.root, self.review = self._base[0], self._base[1]
        self.excluded, self.vault = self.review_folder(KeepReason.EXCLUDED), self._base[2 + len(KeepReason)]

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

    def nearest(self, path: bytes) -> Node:
        """The node at a path, or the last one on the way to it; paths may be spelled otherwise than their nodes."""
        node: Node = self.root
        for name in components(path):
            child = self.child(node, name) if isinstance(node, FolderNode) else None
            if child is None:
                break
            node = child
        return node

    def node_at(self, path: bytes) -> Node:
        """The node at a path. NOT_FOUND."""
        node = self.find(path)
        if node is None:
            raise FsError(FsErrorKind.NOT_FOUND, path)
        return node

    def folder_at(self, path: bytes) -> FolderNode:
        """The folder at a path. NOT_FOUND, NOT_A_FOLDER."""
        node = self.node_at(path)
        if not isinstance(node, FolderNode):
            raise FsError(FsErrorKind.NOT_A_FOLDER, path)
        return node

    def file(self, action_id: int) -> FileNode:
        """The node of an action. KeyError for none."""
        node = self._files.get(action_id)
        if node is None:
            self.load(self._base[self.source.folder_of(action_id)])
            node = self._files[action_id]
        return node

    def numbered(self, number: int) -> FileNode:
        """The file with this number of its node, of several names of an inode the first. KeyError for none."""
        node = self.file(number & ~ALONE)
        if node.leaf.number == number:
            return node
        mates = (self.file(action_id) for action_id in self.source.linked(node.leaf.unit) if self.has_file(action_id))
        for each in mates:
            if each.leaf.number == number:
                return each
        raise KeyError(number)

    def has_file(self, action_id: int) -> bool:
        """Whether the plan has such an action; the numbers of a plan that was restored have gaps. Loads nothing."""
        try:
            return action_id in self._files or self.source.folder_of(action_id) >= 0
        except KeyError:
            return False

    def names_of(self, node: FileNode) -> list[FileNode]:
        """The files that are names of the same inode, wherever they are in the tree, in plan order: mostly the node alone."""
        unit = node.leaf.unit
        if not unit or unit in self.projects:
            return [node]
        mates = [self.file(action_id) for action_id in self.source.linked(unit) if self.has_file(action_id)]
        # One that has appeared since the plan was made has a number of its own; one that was replaced since, another inode.
        leaf = node.leaf
        return [each for each in mates if each.leaf.number == leaf.number or each.leaf.inode == leaf.inode] or [node]

    @property
    def made_files(self) -> Mapping[int, FileNode]:
        """The files that have a node by now, by the ids of their actions: others are where the plan alone puts them."""
        return self._files

    def folder(self, number: int) -> FolderNode:
        """The folder with that number, in the tree or taken out of it. KeyError for none."""
        return self._base[number] if number < len(self._base) else self._made_folders[number]

    def review_folder(self, reason: KeepReason) -> FolderNode:
        """The review's folder for what stays for a reason."""
        return self._base[2 + list(KeepReason).index(reason)]

    def has(self, folder: FolderNode) -> bool:
        """Whether a folder is one of this tree, and not of another tree of the same plan; it may have been taken out."""
        number = folder.number
        known = self._base[number] if number < len(self._base) else self._made_folders.get(number)
        return known is folder

    def is_made_after(self, folder: FolderNode, last_edit: int) -> bool:
        """Whether a folder was made by an edit with a higher number than this."""
        return self._made_by.get(folder.number, 0) > last_edit

    def holds(self, node: Node) -> bool:
        """Whether a node is in the tree, and not taken out of it."""
        step: Node | None = node
        while step is not None and step is not self.root:
            parent = step.parent
            if parent is None or parent.loaded.get(self.key(parent, step.name)) is not step:
                return False
            step = parent
        return step is self.root

    def path_of(self, node: Node) -> bytes:
        """The path of a node from the root of the tree."""
        names: list[bytes] = []
        step: Node | None = node
        while step is not None and step is not self.root:
            names.append(step.name)
            step = step.parent
        return b"/".join(reversed(names))

    def base_path(self, number: int) -> bytes:
        """The path of a folder of the plan before any edit."""
        names: list[bytes] = []
        while number:
            each = self._base_folders[number]
            names.append(each.name)
            number = each.parent
        return b"/".join(reversed(names))

    def in_review(self, node: Node) -> bool:
        """Whether a node is the review folder or lies in it."""
        return lies_in(node, self.review)

    def is_vaulted(self, node: Node) -> bool:
        """Whether a node is the review's vault folder or lies in it."""
        return lies_in(node, self.vault)

    def is_fixed(self, node: Node) -> bool:
        """Whether a node is the root, the review folder or one of its folders by reason, which stay where they are."""
        return node is self.root or node is self.review or node.parent is self.review

    def replaced_by(self, node: FileNode) -> Fingerprint | None:
        """The file of the target whose name a planned file takes; `None` where it takes a free one."""
        if node.displaces is None or node.displaces[0] != self.path_of(node):
            return None
        return node.displaces[1]

    def key(self, folder: FolderNode, name: bytes) -> bytes:
        """In the review folder names are exact: what stays lies on the filesystem of its source."""
        return name if self._is_exact(folder) else self._rules.key(name)

    def keys_of(self, folder: FolderNode) -> Callable[[bytes], bytes]:
        """The function that `key` is for the names in one folder."""
        return bytes if self._is_exact(folder) else self._rules.key

    def _is_exact(self, folder: FolderNode) -> bool:
        return self.rules_are_exact or (folder is not self.root and self.in_review(folder))

    # Loading

    def load(self, folder: FolderNode) -> None:
        """Make the nodes of the plan's files in a folder. See `nodes.Loader`."""
        if not folder.n_unloaded:
            return
        folder.n_unloaded = 0
        entries, files, refreshed = folder.loaded, self._files, self._refreshed
        key = None if self._is_exact(folder) else self._rules.key
        for leaf in self.source.files(folder.number):
            name, action_id = leaf.name, leaf.action_id
            node = FileNode(name, folder, self._renewed(leaf) if action_id in refreshed else leaf)
            if leaf.replaces is not None:
                node.displaces = join(self.base_path(folder.number), name), Fingerprint(*leaf.replaces)
            entries[name if key is None else key(name)] = node
            files[action_id] = node
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

    def refresh(self, action: Action) -> None:
        """The action as it is now; its node keeps name, place and number."""
        self._refreshed[action.action_id] = leaf_of(action, action.action_id, b"")
        node = self._files.get(action.action_id)
        if node is not None:
            node.leaf = self._renewed(node.leaf)

    def path_in_project(self, leaf: Leaf) -> bytes | None:
        """The path of a file below the folder of its project as that is on the disk; `None` where it is not in there."""
        if leaf.unit not in self.project_places:
            return None
        # What a file is called now may have been told before its project was renamed: edits that are replayed meet its last name.
        for place in (self._last_places.get(leaf.unit), self.project_places[leaf.unit]):
            if place is not None and leaf.root == place.root and is_within(leaf.source, place.path):
                return leaf.source[len(place.path) :].lstrip(b"/")
        return None

    def gives_way(self, standing: Node, path: bytes, project: FolderNode | None) -> bool:
        """Whether what the tree has in a project, the last node on the way to a path, is not there any more once the disk has a file
        of the project at that path: a file where a folder is needed, or a folder that has the file's name."""
        if project is None or standing is project or not lies_in(standing, project):
            return False
        at = self.path_of(standing)
        return is_within(path, at) and (path == at) is isinstance(standing, FolderNode)

    def path_of_added(self, action: Action, path: bytes) -> bytes:
        """Where a new file is put whose ADD names a path: a project's in there, wherever a person has put the project since."""
        first = action.first_place
        number = action.unit
        if number and number not in self.projects:  # of a project that takes in the one that it was of when it appeared
            number = self.project_around(first) or 0
        project = self.project_folders.get(number)
        if project is None:
            return path
        place = self.project_places[project.unit]
        if first.root != place.root or not is_within(first.path, place.path):
            return path
        return join(self.path_of(project), first.path[len(place.path) :].lstrip(b"/"))

    def project_around(self, place: Place) -> int | None:
        """The number of the project that a place on the disk lies in, `None` for none."""
        for number, folder in self.project_places.items():
            if folder.root == place.root and is_within(place.path, folder.path):
                return number
        return None

    def project_of(self, action: Action) -> int | None:
        """The number of the project that a file is of now: another than the action says where that one takes it in by later edits.
        `None` for none."""
        if action.unit in self.projects:
            return action.unit
        step = self.file(action.action_id).parent if self.has_file(action.action_id) else None
        while step is not None and not step.unit:
            step = step.parent
        return None if step is None else step.unit

    def note_project(self, unit: Unit, folder: FolderNode) -> None:
        """A folder has become a project, and those that lie in it on the disk are part of it."""
        place = Place(unit.root, unit.folder or b"")
        inside = [
            number
            for number, each in self.project_places.items()
            if each.root == place.root and is_within(each.path, place.path)
        ]
        for number in inside:
            del self.project_places[number]
            inner = self.project_folders.pop(number, None)
            if inner is not None:
                inner.unit = 0
                self.taken_in.append(inner)
        folder.unit, folder.planned = unit.number, True
        self.projects[unit.number], self.project_places[unit.number] = unit, place
        self.project_folders[unit.number] = folder

    def staying_path(self, project: Place) -> bytes:
        """Where a project that stays is shown when its folder is there."""
        return join(self.review.name, KeepReason.PROJECT.value.encode(), self.labels[project.root], project.path)

    def note_first_places(self, action_ids: Collection[int]) -> None:
        """Edits say that these actions are new, or others now: some may have been renamed."""
        for action_id in action_ids:
            with suppress(KeyError):
                planned_at = self.source.action(action_id).planned_at
                if planned_at is not None:
                    self._first_places[action_id] = planned_at

    def note_last_place(self, project: int, place: Place) -> None:
        """An edit that is to be made says that the folder of a project is there from then on."""
        self._last_places[project] = place

    def first_place(self, leaf: Leaf) -> Place:
        """Where a file was when it was planned: the same whenever the edits are replayed, whatever it is called by then."""
        return self._first_places.get(leaf.action_id) or leaf.source_place

    def review_path(self, action: Action) -> bytes:
        """Where in the review folder a file that does not move is shown before any edit."""
        return review_path(action, self.plan, self.labels, self.projects)

    def is_where_put(self, node: FileNode) -> bool:
        """Whether a file is where the plan, or the program by itself, has put it: no person has put it elsewhere."""
        if node.put_at is not None:
            return self.path_of(node) == node.put_at
        action = node.action
        return self.path_of(node) == (action.target if action.kind is ActionKind.MOVE else self.review_path(action))

    def _renewed(self, leaf: Leaf) -> Leaf:
        new = self._refreshed[leaf.action_id]
        if new.inode != leaf.inode and leaf.unit and self.source.linked(leaf.unit):
            # or who asks for the other names would be shown this one's bytes
            self._numbers[leaf.action_id] = ALONE | leaf.action_id
        return new._replace(name=leaf.name, number=self._numbers.get(leaf.action_id, leaf.number))

    def number_of_added(self, action: Action) -> int:
        """The number of the node of an action that an edit adds: that of the first name of its inode that is in the tree before it, if
        it is of one unit with that; else its own."""
        if not action.unit or action.unit in self.projects:
            return action.action_id
        mates = [each for each in self.source.linked(action.unit) if each != action.action_id and self.has_file(each)]
        leaves = (self.file(each).leaf for each in mates)
        same = (leaf.number for leaf in leaves if leaf.expected.same_inode(action.expected))
        number = self._numbers[action.action_id] = next(same, action.action_id)
        return number

    def keep_numbers(self, before: NodeTree) -> None:
        """Let files have the numbers that another tree of the same plan has shown them under. Of files that edits have added, and of
        names that other files have taken, the plan does not say any more which inode they were of when they were numbered."""
        for action_id in sorted({*before._numbers, *self._numbers}):
            if not self.has_file(action_id):
                continue
            if before.has_file(action_id):
                self._numbers[action_id] = before.file(action_id).leaf.number
            else:
                self.number_of_added(self.source.action(action_id))
            node = self._files.get(action_id)
            if node is not None:
                node.leaf = node.leaf._replace(number=self._numbers[action_id])

    def note_file(self, node: FileNode) -> None:
        """A file has a node that no loading has made."""
        self._files[node.leaf.action_id] = node

    def spot_in_project(self, parent: FolderNode, name: bytes) -> tuple[int, bytes] | None:
        """The project that a folder of that name would lie in, and its path in there; `None` where it is in none."""
        if not self.project_folders:
            return None
        names, step = [name], parent
        while not step.unit:
            names.append(step.name)
            if step.parent is None:
                return None
            step = step.parent
        return step.unit, join(*reversed(names))

    def number_in_project(self, spot: tuple[int, bytes]) -> int:
        """The number of a folder that is made in a project. It comes of its path: which edit makes it may depend on what files have
        been renamed since, to their last names at once when the edits are replayed."""
        digest = hashlib.blake2b(b"%d/%s" % spot, digest_size=8).digest()
        number = IN_PROJECT + int.from_bytes(digest, "big") % IN_PROJECT
        while self._inside.setdefault(number, spot) != spot:
            number = IN_PROJECT + (number + 1) % IN_PROJECT
        return number

    def note_folder(self, folder: FolderNode, seq: int, *, by_itself: bool) -> None:
        """An edit has made a folder that the plan alone does not have, and `by_itself` one of the program."""
        self._made_folders[folder.number] = folder
        self._made_by[folder.number] = seq
        if by_itself:
            self.own_folders.add(folder.number)

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
                self.project_folders[each.unit] = node

    def _base_key(self, parent: FolderNode, name: bytes) -> bytes:
        """As `key`, while the tree is being made."""
        if self.rules_are_exact:
            return name
        step: FolderNode | None = parent
        while step is not None and step.number != REVIEW:
            step = step.parent
        return self._rules.key(name) if step is None or parent.number == ROOT else name

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


def lies_in(node: Node | None, folder: Node) -> bool:
    """Whether a node is a folder or lies in it."""
    step = node
    while step is not None:
        if step is folder:
            return True
        step = step.parent
    return False
