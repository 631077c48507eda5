"""Before anything is touched: everything that stands against a work order, collected and shown together.

Only looks. What is found here can change until the executor comes to the file, so the executor checks everything again; this
is for the person who decides whether to start.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ifmosfs.core.effects import Response, disk_failed, lstat_or_none, parent, response_to
from ifmosfs.core.execute import Step, WorkOrder
from ifmosfs.core.files import Attr, Kind, Place, Root
from ifmosfs.core.names import NameRules, is_within, split
from ifmosfs.core.plan import Plan
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.reports import PreflightReport, Problem, problem

SUPERUSER = 0
STICKY = 0o1000


class Credentials(NamedTuple):
    """Who is going to do it: effective user id, and all group ids."""

    uid: int
    gids: frozenset[int]


class Setting(NamedTuple):
    """The places an order was planned for, with the filesystems they were on."""

    target: bytes
    target_filesystem: str
    roots: tuple[Root, ...]


def setting_of(plan: Plan) -> Setting:
    """The setting of a plan's commit."""
    return Setting(plan.target, plan.target_filesystem, plan.roots)


def preflight(order: WorkOrder, setting: Setting, disk: DiskReader, who: Credentials) -> PreflightReport:
    """All problems of an order: places first, then file by file, then permissions and space.

    Raises: DiskFailed on an I/O error.
    """
    check = _Preflight(order, setting, disk, who)
    check.places()
    check.sources()
    check.targets()
    check.permissions()
    check.space()
    return check.report()


class _Preflight:
    """One preflight under way."""

    def __init__(self, order: WorkOrder, setting: Setting, disk: DiskReader, who: Credentials) -> None:
        self._order = order
        self._setting = setting
        self._disk = disk
        self._who = who
        self._problems: list[Problem] = []
        self._folders: dict[bytes, Attr | None] = {}
        self._keys: dict[bytes, dict[bytes, bytes]] = {}
        self._owners: dict[bytes, int] = {}  # source -> uid, for sticky folders
        self._copies: list[Step] = []

    def report(self) -> PreflightReport:
        """What was found."""
        n_bytes = sum(step.expected.size_bytes for step in self._copies)
        return PreflightReport(tuple(self._problems), len(self._order.steps), len(self._copies), n_bytes)

    def _add(self, code: str, place: Place, step: Step | None = None) -> None:
        self._problems.append(problem(code, place.absolute, action_id=step.action_id if step else 0))

    def _look(self, place: Place) -> Attr | None:
        try:
            return lstat_or_none(self._disk, place)
        except OSError as error:
            if response_to(error) is Response.FATAL:
                raise disk_failed(error, place) from error
            return None

    # Places

    def places(self) -> None:
        """Nesting, and whether the same disks are there."""
        target = Place(self._setting.target, b"")
        for root in self._setting.roots:
            if is_within(target.root, root.path) or is_within(root.path, target.root):
                self._add("nested", Place(root.path, b""))
            self._same_filesystem(Place(root.path, b""), root.filesystem)
        self._same_filesystem(target, self._setting.target_filesystem)

    def _same_filesystem(self, place: Place, expected: str) -> None:
        if self._disk.filesystem(place) != expected:
            self._add("filesystem-changed", place)

    # Files

    def sources(self) -> None:
        """Whether each source is what was planned."""
        filesystems: dict[bytes, str] = {}
        target_filesystem = self._disk.filesystem(Place(self._setting.target, b""))
        for step in self._order.steps:
            root = step.source.root
            if root not in filesystems:
                filesystems[root] = self._disk.filesystem(Place(root, b""))
            is_copy = filesystems[root] != target_filesystem
            if is_copy:
                self._copies.append(step)
            self._source(step, is_copy)

    def _source(self, step: Step, is_copy: bool) -> None:
        found = self._look(step.source)
        if found is None:
            self._add("vanished", step.source, step)
        elif found.kind is Kind.FOLDER:
            self._add("became-folder", step.source, step)
        elif not found.fingerprint.same_file(step.expected):
            self._add("changed", step.source, step)
        else:
            self._owners[step.source.absolute] = found.uid
            if is_copy and found.n_links > 1:
                self._add("hard-linked", step.source, step)

    def targets(self) -> None:
        """Whether each name will be free when its turn comes: on the disk, and among the other steps."""
        rules = self._disk.name_rules(Place(self._setting.target, b""))
        freed: set[bytes] = set()
        wanted: set[tuple[bytes, bytes]] = set()
        for step in self._order.steps:
            folder, name = split(step.target.absolute)
            key = folder, rules.key(name)
            if key in wanted:
                self._add("same-target", step.target, step)
            wanted.add(key)
            taken = self._taken(step.target, rules)
            if taken is not None and taken not in freed:
                self._add("name-taken", step.target, step)
            freed.add(step.source.absolute)
        for place, _ in self._order.folders:
            found = self._look(place)
            if found is not None and found.kind is not Kind.FOLDER:
                self._add("folder-name-taken", place)

    def _taken(self, target: Place, rules: NameRules) -> bytes | None:
        """The absolute path of what holds the name, or a twin of it, now."""
        if not (rules.ignores_case or rules.ignores_form):
            return target.absolute if self._look(target) is not None else None
        folder, name = split(target.absolute)
        twin = self._names(parent(target), rules).get(rules.key(name))
        return None if twin is None else folder + b"/" + twin

    def _names(self, folder: Place, rules: NameRules) -> dict[bytes, bytes]:
        """The names in a folder by their key; none if it is not there."""
        if folder.absolute not in self._keys:
            found = self._look(folder)
            there = found is not None and found.kind is Kind.FOLDER
            entries = self._disk.list_folder(folder) if there else ()
            self._keys[folder.absolute] = {rules.key(name): name for name, _ in entries}
        return self._keys[folder.absolute]

    # Permissions

    def permissions(self) -> None:
        """Whether this user may change each folder that files leave or enter."""
        if self._who.uid == SUPERUSER:
            return
        entered = {parent(step.target) for step in self._order.steps} | {parent(p) for p, _ in self._order.folders}
        entered |= {parent(each.place) for each in self._order.restore_folders}
        refused: dict[bytes, Place] = {}
        for folder in [*entered, *{parent(step.source) for step in self._order.steps}]:
            existing = self._nearest(folder)
            if existing is not None and not self._may_change(existing[1]):
                refused[existing[0].absolute] = existing[0]
        for path in sorted(refused):
            self._add("not-writable", refused[path])
        for step in self._order.steps:
            if parent(step.source).absolute not in refused and self._is_sticky_for(step):
                self._add("not-writable", step.source, step)

    def _nearest(self, folder: Place) -> tuple[Place, Attr] | None:
        """The folder, or the nearest one above it that exists, with its attributes; None if even its root is not there."""
        while True:
            if folder.absolute not in self._folders:
                self._folders[folder.absolute] = self._look(folder)
            attr = self._folders[folder.absolute]
            if attr is not None:
                return folder, attr
            if not folder.path:
                return None
            folder = parent(folder)

    def _may_change(self, folder: Attr) -> bool:
        """By mode and owner; access control lists can say otherwise, and then the executor finds out."""
        if folder.kind is not Kind.FOLDER:
            return True  # a file in the way is another problem, told elsewhere
        if folder.uid == self._who.uid:
            return folder.mode & 0o300 == 0o300
        if folder.gid in self._who.gids:
            return folder.mode & 0o030 == 0o030
        return folder.mode & 0o003 == 0o003

    def _is_sticky_for(self, step: Step) -> bool:
        """In a sticky folder only the owner of the file, or of the folder, may move it."""
        folder = self._folders.get(parent(step.source).absolute)
        owner = self._owners.get(step.source.absolute)
        if folder is None or owner is None or not folder.mode & STICKY:
            return False
        return self._who.uid not in {folder.uid, owner}

    # Space

    def space(self) -> None:
        """Room for the files that come from another filesystem; the others need none."""
        if not self._copies:
            return
        target = Place(self._setting.target, b"")
        free = self._disk.space(target)
        blocks = sum(-(-step.expected.size_bytes // free.block_bytes) for step in self._copies)
        if blocks > free.n_blocks_available:
            self._add("no-space", target)
        if free.n_inodes and len(self._copies) + len(self._order.folders) > free.n_inodes_free:
            self._add("no-inodes", target)


def refusals(report: PreflightReport) -> Sequence[Problem]:
    """The problems for which nothing at all should be started; the others concern single files."""
    return [each for each in report.problems if each.code in WHOLE]


WHOLE = frozenset({"nested", "filesystem-changed", "no-space", "no-inodes"})
