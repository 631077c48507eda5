"""The nodes of the organised tree: folders, which are always there, and files, which are made when their folder is looked into.

A plan of a million files is mounted in seconds because of that: a folder knows how many files the plan alone puts there and asks
its `TreeSource` for them when it must. What no edit has touched can be forgotten again, and is asked for again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from ifmosfs.core.files import Fingerprint, Kind, Place
from ifmosfs.core.plan import Action, Plan

KINDS: Final = tuple(Kind)  # a leaf names its kind by the position here; stored, so only ever added to


class Leaf(NamedTuple):
    """What the tree must know of a file to show it: the part of its action that leads to the original.

    `number` is that of its node: names of one inode share that of the first, and a file that has taken the place of one has its own.
    `replaces` is a fingerprint as its five numbers.
    `has_category`, `has_note`: whether the action has one; which, the action must be asked.
    """

    action_id: int
    number: int
    name: bytes
    kind: int
    mode: int
    root: bytes
    source: bytes
    inode: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    birth_ns: int | None
    unit: int
    replaces: tuple[int, int, int, int, int | None] | None
    has_category: bool
    has_note: bool

    @property
    def entry_kind(self) -> Kind:
        """What the original is."""
        return KINDS[self.kind]

    @property
    def expected(self) -> Fingerprint:
        """The fingerprint the original was planned with."""
        return Fingerprint(self.inode, self.size_bytes, self.mtime_ns, self.ctime_ns, self.birth_ns)

    @property
    def source_place(self) -> Place:
        """Where the original is."""
        return Place(self.root, self.source)


def leaf_of(action: Action, number: int, name: bytes) -> Leaf:
    """The leaf of an action whose node has this number, and this name before any edit."""
    expected, replaces = action.expected, action.replaces
    return Leaf(
        action.action_id,
        number,
        name,
        KINDS.index(action.entry_kind),
        action.mode,
        action.root,
        action.source,
        expected.inode,
        expected.size_bytes,
        expected.mtime_ns,
        expected.ctime_ns,
        expected.birth_ns,
        action.unit,
        None
        if replaces is None
        else (replaces.inode, replaces.size_bytes, replaces.mtime_ns, replaces.ctime_ns, replaces.birth_ns),
        action.category is not None,
        action.note is not None,
    )


class BaseFolder(NamedTuple):
    """A folder that the plan alone has. Its own number is its position in the list of all; `parent` is another's, and lower.

    `n_files` are in it itself. `unit`: the number of the project that it is, 0 for none.
    """

    parent: int
    name: bytes
    planned: bool
    n_files: int
    unit: int = 0


class TreeSource(Protocol):
    """Where a tree gets what the plan alone says. `plan` need not hold its actions."""

    plan: Plan

    def folders(self) -> Sequence[BaseFolder]:
        """All folders, parents first: the root, the review folder, its folders by reason (in the order of `KeepReason`) and the
        one for the vault, then all others."""
        ...

    def files(self, folder: int) -> Iterable[Leaf]:
        """The files of the folder with this number, in plan order."""
        ...

    def folder_of(self, action_id: int) -> int:
        """The number of the folder that the plan puts a file into. KeyError for no action of the plan, and for one that an edit
        has added."""
        ...

    def action(self, action_id: int) -> Action:
        """The whole action. KeyError for none."""
        ...

    def actions(self) -> Iterator[Action]:
        """All actions in plan order, those that edits have added last."""
        ...

    def linked(self, unit: int) -> Sequence[int]:
        """The ids of the actions whose files are names of one inode and the unit with this number, in plan order; none where files
        belong together for another reason."""
        ...

    def renew(self, action_ids: Collection[int]) -> None:
        """Edits say that these actions are new, or others now: what was remembered of them is not true any more."""
        ...


class FileNode:
    """A planned (or staying) file at its place in the tree.

    `displaces`: the path at which it takes the name of a file of the target, and that file. Elsewhere it displaces nothing.
    `category` is what a person has said it is, `None` while the action's holds. `put_at` is where the program itself has put it since
    the plan was made, `None` while that is where the plan has.
    """

    __slots__ = ("category", "displaces", "leaf", "name", "parent", "put_at")

    def __init__(self, name: bytes, parent: FolderNode, leaf: Leaf) -> None:
        self.name = name
        self.parent = parent
        self.leaf = leaf
        self.displaces: tuple[bytes, Fingerprint] | None = None
        self.category: str | None = None
        self.put_at: bytes | None = None

    @property
    def action(self) -> Action:
        """The whole action, which may have to be read first."""
        return self.parent.source.action(self.leaf.action_id)

    @property
    def number(self) -> int:
        """What tells the file from all others of the tree, for its whole life; names of one inode share it."""
        return self.leaf.number


class FolderNode:
    """A folder of the tree.

    `number` tells it from all others: those of the plan alone count from 0 (the root), those that edits make have the number of
    the edit in theirs, so that the same edits give the same numbers whatever was undone before.
    `planned` says that commit makes the folder; otherwise it is one that was in the target when it entered the tree.
    `unit` is the number of the project that this folder is, 0 for none; commit does not make it but moves it, whole.
    `n_unloaded` files of the plan are not among the entries yet; `is_touched` says that an edit has changed which files there are.
    """

    __slots__ = (
        "_entries",
        "_loader",
        "ctime_ns",
        "is_touched",
        "mode",
        "mtime_ns",
        "n_unloaded",
        "name",
        "number",
        "parent",
        "planned",
        "source",
        "unit",
    )

    def __init__(
        self,
        number: int,
        name: bytes,
        parent: FolderNode | None,
        loader: Loader,
        *,
        planned: bool,
        mode: int,
        mtime_ns: int,
        n_unloaded: int = 0,
        unit: int = 0,
    ) -> None:
        self.number = number
        self.name = name
        self.parent = parent
        self.planned = planned
        self.mode = mode
        self.mtime_ns = self.ctime_ns = mtime_ns
        self.unit = unit
        self.n_unloaded = n_unloaded
        self.is_touched = False
        self.source = loader.source
        self._loader = loader
        self._entries: dict[bytes, Node] = {}

    @property
    def children(self) -> dict[bytes, Node]:
        """All that is in it, by the target's idea of equal names."""
        if self.n_unloaded:
            self._loader.load(self)
        return self._entries

    @property
    def folders(self) -> list[FolderNode]:
        """The folders in it; files are not loaded for them."""
        return [node for node in self._entries.values() if isinstance(node, FolderNode)]

    @property
    def loaded(self) -> dict[bytes, Node]:
        """As `children`, without what is not loaded yet: for who loads, forgets, or knows that it is not among those."""
        return self._entries

    def note_change(self, at_ns: int, *, of_entries: bool = True) -> None:
        """Something about it has changed; not `of_entries`: its name, its place, its mode or its times."""
        if of_entries:
            self.mtime_ns = at_ns
        self.ctime_ns = max(self.ctime_ns, at_ns)

    def keep_only_folders(self) -> None:
        """Take the files out, which are to be loaded again."""
        self._entries = {key: node for key, node in self._entries.items() if isinstance(node, FolderNode)}

    @property
    def n_files(self) -> int:
        """How many files are in it itself."""
        return self.n_unloaded + sum(isinstance(node, FileNode) for node in self._entries.values())

    def gains_entries(self) -> bool:
        """Whether commit will add a name to this folder."""
        return self.n_unloaded > 0 or any(
            isinstance(child, FileNode) or child.planned for child in self._entries.values()
        )


class Loader(Protocol):
    """Who fills folders: the tree."""

    source: TreeSource

    def load(self, folder: FolderNode) -> None:
        """Put the files of the plan that are not loaded yet among the folder's entries."""
        ...


Node = FileNode | FolderNode
