"""The projects among the folders of a tree: each moves as one folder, and what is in it comes along.

A project's folder keeps its content as it is on the disk, which is more than the plan's files. Where the project is before the
commit is told by its unit and by what has become of that on the disk since (`NodeTree.project_places`), where it goes by its node.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ifmosfs.core.files import Place
from ifmosfs.core.names import components, join
from ifmosfs.core.node_tree import NodeTree
from ifmosfs.core.nodes import FolderNode
from ifmosfs.core.plan import Unit


@dataclass(frozen=True, slots=True)
class CarriedFolder:
    """A project of the layout, which commit moves as one folder; its files are among the moves, too. `unit`: with the folder that it
    has now."""

    unit: Unit
    target: bytes

    @property
    def source(self) -> Place:
        """Where the folder is before the commit."""
        return Place(self.unit.root, self.unit.folder or b"")


class ProjectFolders:
    """Tells of the projects of one tree, as they are when it is asked."""

    def __init__(self, nodes: NodeTree) -> None:
        self._nodes = nodes

    def carried(self) -> Iterator[CarriedFolder]:
        """The projects of the layout, in plan order."""
        for number, folder in self._nodes.project_folders.items():
            if not self._nodes.in_review(folder):
                yield CarriedFolder(self.unit(number), self._nodes.path_of(folder))

    def unit(self, number: int) -> Unit:
        """A project with the folder that it has on the disk now."""
        place = self._nodes.project_places[number]
        return replace(self._nodes.projects[number], root=place.root, folder=place.path)

    def source_of(self, folder: FolderNode) -> Place | None:
        """Where a folder that is a project, or lies in one, is before the commit; `None` for every other folder."""
        if not self._nodes.project_folders:
            return None
        names: list[bytes] = []
        step: FolderNode | None = folder
        while step is not None and not step.unit:
            names.append(step.name)
            step = step.parent
        if step is None:
            return None
        place = self._nodes.project_places[step.unit]
        return Place(place.root, join(place.path, *reversed(names)))

    def inside(self, path: bytes) -> Place | None:
        """As `source_of`, for any path below a project's folder, in the tree or not."""
        if not self._nodes.project_folders:
            return None
        folder, names = self._nodes.root, components(path)
        for depth, name in enumerate(names):
            node = self._nodes.child(folder, name)
            if not isinstance(node, FolderNode):
                source = self.source_of(folder)
                return None if source is None else Place(source.root, join(source.path, *names[depth:]))
            folder = node
        return self.source_of(folder)

    def path(self, number: int) -> bytes | None:
        """Where the folder of a project is in the tree; `None` where the project has no folder of its own."""
        folder = self._nodes.project_folders.get(number)
        return None if folder is None else self._nodes.path_of(folder)
