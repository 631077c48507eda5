"""Which names of the tree stand for something else after edits than before: what has come, gone, or changed places.

Only what edits themselves have touched is looked for: of a folder that was moved its own name, not those of all that is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from ifmosfs.core.names import components, join
from ifmosfs.core.plan import Edit
from ifmosfs.core.tree import FileNode, FolderNode, Node, PlanTree


class _Key(NamedTuple):
    """What tells a node from all others, in every tree of the same plan."""

    is_file: bool
    number: int


class Changed(NamedTuple):
    """A changed name. `node` is what it stands for now, if anything; `is_folder` says what that is, or else what was there."""

    path: bytes
    is_folder: bool
    node: Node | None


_Shown = dict[bytes, _Key]


class NameChanges:
    """Made before edits, asked after them. The tree may be the same or, where steps were retraced, another."""

    def __init__(self, tree: PlanTree, edits: Iterable[Edit]) -> None:
        """`edits`: those that are to be made, or taken back."""
        edits = tuple(edits)
        self._tree = tree
        self._last_edit = tree.last_edit
        self._added: Final = {_Key(True, edit.action_id) for edit in edits if edit.action_id is not None}
        named = {path for edit in edits for path in (edit.path, edit.target) if path}
        self._asked: Final = named | _paths(tree, self._added)
        self._before: Final = _shown(tree, self._asked)

    def made(self, tree: PlanTree) -> list[Changed]:
        """The changed names, folders before what is in them."""
        touched = {*self._before.values(), *self._added}
        paths = self._asked | _paths(tree, touched)
        before, after = self._before, _shown(tree, paths)
        if tree is not self._tree:  # which can still be asked
            paths |= _paths(self._tree, after.values())
            before, after = _shown(self._tree, paths), _shown(tree, paths)
        changed = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
        return [
            _changed(tree, path, before.get(path), after.get(path))
            for path in sorted(changed, key=depth)
            if path in before or after[path] in touched or self._is_new(tree, after[path])
        ]

    def _is_new(self, tree: PlanTree, key: _Key) -> bool:
        """Whether something at a path that was not asked for before the edits is of their making."""
        node = _node(tree, key)
        was_asked = tree is not self._tree
        return was_asked or not isinstance(node, FolderNode) or tree.is_made_after(node, self._last_edit)


def _changed(tree: PlanTree, path: bytes, before: _Key | None, after: _Key | None) -> Changed:
    key = after or before
    assert key is not None
    return Changed(path, not key.is_file, None if after is None else _node(tree, after))


def _shown(tree: PlanTree, paths: Iterable[bytes]) -> _Shown:
    """All names that lead to some paths, as far as there are any, without those of folders that the target has anyway."""
    return {name: key for path in paths for name, key in _on_the_way(tree, path)}


def _on_the_way(tree: PlanTree, path: bytes) -> Iterator[tuple[bytes, _Key]]:
    node: Node | None = tree.root
    here = b""
    for name in components(path):
        node = tree.child(node, name) if isinstance(node, FolderNode) else None
        if node is None:
            return
        here = join(here, node.name)
        if isinstance(node, FileNode) or node.planned:
            yield here, _key(node)


def _key(node: Node) -> _Key:
    return _Key(True, node.leaf.action_id) if isinstance(node, FileNode) else _Key(False, node.number)


def _node(tree: PlanTree, key: _Key) -> Node | None:
    """The node, `None` if the tree has it not, or not any more."""
    try:
        node: Node = tree.file(key.number) if key.is_file else tree.folder(key.number)
    except KeyError:
        return None
    return node if tree.holds(node) else None


def _paths(tree: PlanTree, keys: Iterable[_Key]) -> set[bytes]:
    """Where nodes are, as far as they are in the tree."""
    nodes = (_node(tree, key) for key in keys)
    return {tree.path_of(node) for node in nodes if node is not None}


def depth(path: bytes) -> tuple[int, bytes]:
    """Sorts folders before what is in them."""
    return path.count(b"/"), path
