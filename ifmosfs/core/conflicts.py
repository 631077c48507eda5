"""The open conflicts of a plan: names that two want, as the tree and the disk are now.

A conflict is answered as a whole: it is one file, the files of one unit, or one project. Nothing here changes anything.
"""

from __future__ import annotations

import errno
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ifmosfs.core.files import Attr, Place
from ifmosfs.core.names import split, split_extension
from ifmosfs.core.plan import Action, KeepReason
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.tree import CarriedFolder, FileNode, FolderNode, Node, PlannedMove, PlanTree

LISTED_FROM: Final = 16  # so many looks cost as much as a listing
ABSENT: Final = frozenset({errno.ENOENT, errno.ENOTDIR})


class ConflictKind(Enum):
    """What stands against a file, in words that a person reads."""

    NAME_TAKEN = "name taken"  # it stays, because planning found its name taken
    DUPLICATE = "same file there"  # it stays, because a file of its name and content is there
    TAKEN_SINCE = "name taken since"  # it is planned, and something has come to its place on the disk


@dataclass(frozen=True, slots=True)
class Contender:
    """A file of a conflict: where it is in the tree now and the target path it wants; a project stands for all its files."""

    action: Action
    path: bytes
    wanted: bytes
    is_project: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """What is answered at once. The first of `contenders` is the lead: the others are named after it."""

    kind: ConflictKind
    contenders: tuple[Contender, ...]

    @property
    def lead(self) -> Contender:
        """The one that speaks for all."""
        return self.contenders[0]

    @property
    def likeness(self) -> tuple[str, str, str]:
        """(kind, extension, category): equal for conflicts that "the same for all like this" means."""
        extension = split_extension(split(self.lead.wanted)[1])[1].lower()
        return self.kind.value, extension.decode("utf-8", "backslashreplace"), self.lead.action.category or ""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a name: a planned file, or what is on the disk with its attributes; `None` for both is a planned folder."""

    node: FileNode | None
    attr: Attr | None


def open_conflicts(tree: PlanTree, disk: DiskReader) -> list[Conflict]:
    """All conflicts nobody has answered yet, in plan order. Raises OSError where the target cannot be looked at."""
    return [*_staying(tree), *_taken_since(tree, disk)]


def attr_at(disk: DiskReader, place: Place) -> Attr | None:
    """What is at a place, `None` for nothing."""
    try:
        return disk.lstat(place)
    except OSError as error:
        if error.errno in ABSENT:
            return None
        raise


def holder_of(tree: PlanTree, disk: DiskReader, path: bytes, members: frozenset[int] = frozenset()) -> Holder | None:
    """Who has a target path, the given actions not counted; `None` where it is free."""
    node: Node | None = tree.find(path)
    if isinstance(node, FolderNode):
        return Holder(None, None)
    if node is not None and node.action.action_id not in members:
        return Holder(node, None)
    attr = attr_at(disk, Place(tree.plan.target, path))
    return None if attr is None else Holder(None, attr)


def _staying(tree: PlanTree) -> Iterator[Conflict]:
    kinds = {KeepReason.CONFLICT: ConflictKind.NAME_TAKEN, KeepReason.DUPLICATE: ConflictKind.DUPLICATE}
    groups: dict[tuple[int, int], list[Contender]] = defaultdict(list)
    kind_of: dict[tuple[int, int], ConflictKind] = {}
    for action, reason in tree.kept():
        kind = kinds.get(reason)
        if kind is None or action.target is None:
            continue
        key = (action.unit, 0) if action.unit else (0, action.action_id)
        groups[key].append(Contender(action, tree.path_of(tree.file(action.action_id)), action.target))
        if kind_of.setdefault(key, kind) is ConflictKind.DUPLICATE:
            kind_of[key] = kind  # a unit of which only a part is there already is a conflict
    for key, contenders in groups.items():
        yield Conflict(kind_of[key], _led(contenders))


def _taken_since(tree: PlanTree, disk: DiskReader) -> Iterator[Conflict]:
    moves = list(tree.moves())
    by_unit: dict[int, list[PlannedMove]] = defaultdict(list)
    for move in moves:
        if move.unit:
            by_unit[move.unit].append(move)
    carried = {each.unit.number: each for each in tree.carried()}
    target = _Target(tree, disk, Counter(split(move.target)[0] for move in moves))
    answered: set[int] = set()
    for move in moves:
        if move.unit in answered or not _is_taken(target, move, carried):
            continue
        answered.add(move.unit or -1)
        if move.unit in carried:
            place = carried[move.unit].target
            yield Conflict(ConflictKind.TAKEN_SINCE, (Contender(move.action, place, place, is_project=True),))
        else:
            of_unit = by_unit[move.unit] if move.unit else [move]
            contenders = [Contender(each.action, each.target, each.target) for each in of_unit]
            yield Conflict(ConflictKind.TAKEN_SINCE, _led(contenders))


class _Target:
    """Looks at the target: a folder that many files go to is listed once instead of asked about each of them."""

    def __init__(self, tree: PlanTree, disk: DiskReader, n_moves: Mapping[bytes, int]) -> None:
        self._root = tree.plan.target
        self._rules = tree.plan.policy.names
        self._disk = disk
        self._n_moves = n_moves
        self._listed: dict[bytes, dict[bytes, Attr]] = {}

    def attr(self, path: bytes) -> Attr | None:
        """What is at a target path, `None` for nothing."""
        folder, name = split(path)
        if self._n_moves.get(folder, 0) < LISTED_FROM:
            return attr_at(self._disk, Place(self._root, path))
        if folder not in self._listed:
            self._listed[folder] = self._list(folder)
        return self._listed[folder].get(self._rules.key(name))

    def _list(self, folder: bytes) -> dict[bytes, Attr]:
        try:
            found = self._disk.list_folder(Place(self._root, folder))
        except OSError as error:
            if error.errno in ABSENT:
                return {}
            raise
        return {self._rules.key(name): attr for name, attr in found}


def _is_taken(target: _Target, move: PlannedMove, carried: Mapping[int, CarriedFolder]) -> bool:
    """Whether something is at the place a move goes to that is not what it replaces."""
    attr = target.attr(carried[move.unit].target if move.unit in carried else move.target)
    if attr is None or move.unit in carried:
        return attr is not None
    if attr.fingerprint.same_file(move.action.expected):
        return False  # an earlier, interrupted commit has brought it there
    return move.replaces is None or not attr.fingerprint.same_file(move.replaces)


def _led(contenders: list[Contender]) -> tuple[Contender, ...]:
    """The lead first: the shortest name, as of `a.raw` beside `a.raw.xmp` and of a page beside its files."""
    lead = min(contenders, key=lambda each: (each.wanted.count(b"/"), len(each.wanted), each.action.action_id))
    return lead, *(each for each in contenders if each is not lead)
