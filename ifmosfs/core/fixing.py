"""What `stage fix` makes of findings: edits of the plan, the same that a person would make in the view. Pure.

A fix never decides between two files: what is gone, changed or may not be read stays where it is, a name that is taken or not
legal gives way to a free one. So fixing twice does nothing the second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ifmosfs.core.names import NameRules, join, repair, split, windows_name, with_suffix_before_extension
from ifmosfs.core.plan import Action, Edit, EditKind, EditOrigin, KeepReason
from ifmosfs.core.refusals import FsError
from ifmosfs.core.tree import FolderNode, Node, PlanTree
from ifmosfs.core.validation import Finding, FixKind

MOST_NUMBERS = 10_000


@dataclass(frozen=True, slots=True)
class Change:
    """One edit with the finding it is for; `source` is the file's (or the layout folder's) absolute path before."""

    finding: Finding
    edit: Edit
    source: bytes


@dataclass(frozen=True, slots=True)
class FixPlan:
    """The edits, in their order, and the findings that could not be mended after all."""

    changes: tuple[Change, ...]
    failed: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class NameChoice:
    """What a new name must be: legal by the rules (and on Windows), and free: `is_taken` says what the disk holds, by the
    path in the layout."""

    rules: NameRules
    windows: bool
    is_taken: Callable[[bytes], bool]

    def legal(self, name: bytes) -> bytes:
        """The nearest legal name."""
        repaired = repair(name, self.rules).name
        return repair(windows_name(repaired), self.rules).name if self.windows else repaired


def fix_findings(tree: PlanTree, findings: Sequence[Finding], choice: NameChoice, at_ns: int) -> FixPlan:
    """Apply the fixes of the findings to the tree and return them as edits. Each edit's `seq` is 0: storing gives it one."""
    return _Fixing(tree, choice, at_ns).fix(findings)


class _Fixing:
    def __init__(self, tree: PlanTree, choice: NameChoice, at_ns: int) -> None:
        self._tree = tree
        self._choice = choice
        self._at_ns = at_ns
        self._units: dict[int, list[Action]] = {}
        self._done: set[Node] = set()  # a file with two troubles is mended once, and looked at again
        self._changes: list[Change] = []
        self._failed: list[Finding] = []
        for action in tree.plan.actions:
            if action.unit:
                self._units.setdefault(action.unit, []).append(action)

    def fix(self, findings: Sequence[Finding]) -> FixPlan:
        """Nodes are found first: a folder's new name changes the paths of all below it."""
        nodes = [(finding, self._node(finding)) for finding in findings if finding.is_fixable]
        for finding, node in nodes:
            if node is None:
                self._failed.append(finding)
            elif node not in self._done:
                self._mend(finding, node)
        return FixPlan(tuple(self._changes), tuple(self._failed))

    def _node(self, finding: Finding) -> Node | None:
        if finding.fix.path is not None:
            return self._tree.find(finding.fix.path)
        return self._tree.file(finding.problem.action_id) if finding.problem.action_id else None

    def _mend(self, finding: Finding, node: Node) -> None:
        try:
            if finding.fix.kind is FixKind.RENAME:
                self._rename(finding, node)
            elif not isinstance(node, FolderNode):
                self._put_away(finding, node.action)
            elif node.unit:
                self._put_back(finding, node)
        except FsError:
            self._failed.append(finding)

    def _put_away(self, finding: Finding, action: Action) -> None:
        """A file of a unit goes with all that belongs with it."""
        kind = EditKind.VAULT if finding.fix.kind is FixKind.VAULT else EditKind.EXCLUDE
        for each in self._units.get(action.unit, [action]):
            node = self._tree.file(each.action_id)
            if not self._tree.in_review(node):
                self._apply(finding, node, self._draft(kind, self._tree.path_of(node)))

    def _put_back(self, finding: Finding, project: FolderNode) -> None:
        """A project goes among those that stay, where it would be shown had nobody moved it, or else at the top of them."""
        tree, place = self._tree, self._tree.project_places[project.unit]
        top = join(tree.review.name, KeepReason.PROJECT.value.encode())
        wanted = join(top, tree.labels[place.root], place.path)
        folder, name = split(wanted)
        if not isinstance(tree.find(folder), FolderNode):
            folder = top
        if tree.find(join(folder, name)) is not None:
            free = self._free_name(folder, name, name)
            name = name if free is None else free
        self._apply(finding, project, self._draft(EditKind.MOVE, tree.path_of(project), join(folder, name)))

    def _rename(self, finding: Finding, node: Node) -> None:
        path = self._tree.path_of(node)
        folder, own = split(path)
        free = self._free_name(folder, self._choice.legal(finding.fix.name), own)
        if free is None:
            self._failed.append(finding)
        else:
            self._apply(finding, node, self._draft(EditKind.MOVE, path, join(folder, free)))

    def _free_name(self, folder: bytes, wanted: bytes, own: bytes) -> bytes | None:
        """The wanted name, else the first numbered one that nothing has, in the tree and on the disk."""
        for number in range(1, MOST_NUMBERS):
            suffix = b"" if number == 1 else b" (%d)" % number
            name = with_suffix_before_extension(wanted, suffix, self._choice.rules.name_max_bytes) if suffix else wanted
            path = join(folder, name)
            if name != own and self._tree.find(path) is None and not self._choice.is_taken(path):
                return name
        return None

    def _draft(self, kind: EditKind, path: bytes, target: bytes | None = None) -> Edit:
        return Edit(0, kind, path, target, self._at_ns, origin=EditOrigin.FIX)

    def _apply(self, finding: Finding, node: Node, edit: Edit) -> None:
        source = join(self._tree.plan.target, self._tree.path_of(node))
        if not isinstance(node, FolderNode):
            source = node.action.source_place.absolute
        elif node.unit:
            source = self._tree.project_places[node.unit].absolute
        self._tree.apply(edit)
        self._done.add(node)
        self._changes.append(Change(finding, edit, source))


def edits_of(changes: Iterable[Change]) -> list[Edit]:
    """The edits of changes, in their order."""
    return [change.edit for change in changes]
