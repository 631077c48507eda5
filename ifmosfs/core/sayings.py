"""What a person has said about files by moving them in the view. Pure.

A file that comes into the folder of another category is of that category. One that goes out of the layout into the review, or is
deleted there, is not what it was filed as. Everything else says nothing: a new name, a folder that stands for no category or for
several, a place in the vault, a project. Nor do those say anything who take very many files away at once, or a folder as a whole: they
leave them where they are, whatever they may be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ifmosfs.core.filed import CategoriesAt
from ifmosfs.core.lessons import LessonKind, LessonOrigin
from ifmosfs.core.names import split
from ifmosfs.core.nodes import FileNode, FolderNode, Node
from ifmosfs.core.plan import NO_CATEGORY, Action, Edit, EditKind, EditOrigin
from ifmosfs.core.tree import PlanTree

MOST_FILED: Final = 500  # files of one folder that is dragged as a whole
MOST_DENIED: Final = 50  # files that are taken away in one step
_BRINGING: Final = frozenset({EditKind.MOVE, EditKind.REPLACE, EditKind.SWAP, EditKind.EXCLUDE})


@dataclass(frozen=True, slots=True)
class Saying:
    """That the file of an action is, or is not, of a category (`None`: of any), by one edit."""

    edit: int
    action: Action
    kind: LessonKind
    category: str | None
    origin: LessonOrigin


def sayings(tree: PlanTree, edits: Iterable[Edit], categories_at: CategoriesAt) -> list[Saying]:
    """What the edits in force say, in their order. `tree` is that of the plan before any of them, and has them all afterwards."""
    listener = _Listener(tree, categories_at)
    found: list[tuple[int, Saying]] = []
    for edit in edits:
        found += [(edit.step, one) for one in listener.made(edit)]
    denied = Counter(step for step, one in found if one.kind is LessonKind.NOT)
    return [one for step, one in found if one.kind is LessonKind.IS or denied[step] <= MOST_DENIED]


@dataclass(frozen=True, slots=True)
class _Before:
    node: FileNode
    folder: bytes
    in_review: bool


class _Listener:
    """Makes edits in a tree, and says what each of them means."""

    def __init__(self, tree: PlanTree, categories_at: CategoriesAt) -> None:
        self._tree = tree
        self._categories_at = categories_at
        self._said: dict[int, str] = {}

    def made(self, edit: Edit) -> Iterator[Saying]:
        """Make the edit; what it says."""
        moved = self._moved(edit) if edit.origin is EditOrigin.VIEW and edit.kind in _BRINGING else []
        before = [_Before(node, split(self._tree.path_of(node))[0], self._tree.in_review(node)) for node in moved]
        self._tree.replay([edit])
        for one in before:
            saying = self._saying(edit, one)
            if saying is not None:
                yield saying

    def _moved(self, edit: Edit) -> list[FileNode]:
        """The files that an edit is about, as long as it says something about each of them."""
        paths = [edit.path, edit.target] if edit.kind is EditKind.SWAP else [edit.path]
        nodes = [self._tree.find(path) for path in paths if path is not None]
        files = [file for node in nodes if node is not None for file in self._files(node)]
        return [file for file in files if file.leaf.unit not in self._tree.projects]

    def _files(self, node: Node) -> list[FileNode]:
        if isinstance(node, FileNode):
            return [node]
        found: list[FileNode] = []
        pending = [node]
        while pending and len(found) <= MOST_FILED:
            for child in pending.pop().children.values():
                if isinstance(child, FolderNode):
                    pending.append(child)
                else:
                    found.append(child)
        return found if len(found) <= MOST_FILED else []

    def _saying(self, edit: Edit, before: _Before) -> Saying | None:
        node, number = before.node, before.node.leaf.action_id
        if edit.category == NO_CATEGORY:
            self._said.pop(number, None)
            return Saying(edit.seq, node.action, LessonKind.IS, None, LessonOrigin.XATTR)
        if edit.category is not None:
            return self._is(edit, node, edit.category, LessonOrigin.XATTR)
        if self._tree.in_review(node):
            label = self._said.get(number) or node.category or node.action.category
            by_itself = isinstance(self._tree.find(edit.target), FileNode) if edit.target is not None else True
            if before.in_review or self._tree.is_vaulted(node) or label is None or not by_itself:
                return None
            self._said.pop(number, None)
            return Saying(edit.seq, node.action, LessonKind.NOT, label, LessonOrigin.DRAG)
        now = self._categories_at(split(self._tree.path_of(node))[0])
        was = frozenset() if before.in_review else self._categories_at(before.folder)
        if not now or now == was:
            return None
        category = self._one_of(now, node)
        return None if category is None else self._is(edit, node, category, LessonOrigin.DRAG)

    def _one_of(self, categories: frozenset[str], node: FileNode) -> str | None:
        """The category that is meant where several share a folder: the one that the program has thought of."""
        if len(categories) == 1:
            return next(iter(categories))
        thought = node.action.category
        return thought if thought in categories else None

    def _is(self, edit: Edit, node: FileNode, category: str, origin: LessonOrigin) -> Saying:
        self._said[node.leaf.action_id] = category
        return Saying(edit.seq, node.action, LessonKind.IS, category, origin)
