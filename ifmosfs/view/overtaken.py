"""Operations of the kernel name folders by their inodes, edits by their paths: what lies between, another one may change.

An operation looks at tree and disk without the lock, says what it has *seen*, and makes its edit only where that is still so.
Otherwise it was *overtaken* and looks again: the folder that it holds may be called otherwise by now, its file may be another.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple, TypeVar

from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.tree import FolderNode, Node, PlanTree
from ifmosfs.view.guarded_tree import GuardedTree

T = TypeVar("T")
Where = Callable[[int], tuple[FolderNode | None, bytes]]
"""The node and the path of a folder by its inode, under the lock (`Looking.where`)."""

N_WITHOUT_LOCK: Final = 3
N_WITH_LOCK: Final = 50


class Overtaken(Exception):
    """The tree has changed since an operation looked at it."""


class Seen(NamedTuple):
    """What an operation has seen: the paths of folders by their inodes, and the nodes at paths."""

    folders: tuple[tuple[int, bytes], ...] = ()
    nodes: tuple[tuple[bytes, Node | None], ...] = ()

    def require(self, tree: PlanTree, where: Where) -> None:
        """Raise `Overtaken` if any of it is otherwise now; under the lock. NOT_FOUND for a folder that was taken out."""
        if any(where(inode)[1] != path for inode, path in self.folders):
            raise Overtaken
        if any(tree.find(path) is not node for path, node in self.nodes):
            raise Overtaken


def undisturbed(guarded: GuardedTree, attempt: Callable[[], T]) -> T:
    """What an attempt at an operation returns that nobody overtook; at last under the lock, so that it waits for nobody but other
    mounts of the plan. BUSY where those do not let it."""
    for _ in range(N_WITHOUT_LOCK):
        with suppress(Overtaken):
            return attempt()
    for _ in range(N_WITH_LOCK):
        with guarded.lock, suppress(Overtaken):
            return attempt()
    raise FsError(FsErrorKind.BUSY)
