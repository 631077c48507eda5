"""A view over a scene from literals: an inbox, a target, a plan with the fingerprints that the disk has, and a log in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ifmosfs.core.edit_log import effective, last_number, numbered, open_steps
from ifmosfs.core.errors import IfmosfsError
from ifmosfs.core.files import Kind
from ifmosfs.core.names import NameRules, split
from ifmosfs.core.plan import Action, Edit, Plan
from ifmosfs.core.ports import Disk
from ifmosfs.core.tree import PlanTree
from ifmosfs.view.operations import View
from ifmosfs.view.protocol import ChangedNames
from ifmosfs.view.values import ROOT_INODE, Entry, RenameMode
from tests.core.plans import Row, plan_of

OWNER = (1234, 5678)
NOW_NS = 5_000

FILE, LINK = Kind.FILE, Kind.SYMLINK
TREE: Final = {
    b"Docs": {b"Sub": {b"x": FILE}, b"a.pdf": FILE, b"theirs.pdf": FILE},
    b"New": {b"Empty": {}, b"b.pdf": FILE, b"odd\xff\nname": FILE},
    b"To review": {b"links": {b"link": LINK}, b"unsure": {b"who": FILE}},
    b"soft": LINK,
    b"top": FILE,
}


@dataclass
class MemoryLog:
    """An edit log that remembers, or refuses with a given error; `tree` lets a test see what was shown at the time."""

    edits: list[Edit] = field(default_factory=list)
    refusal: IfmosfsError | None = None
    shown: list[object] = field(default_factory=list)
    look: object = None
    has_begun: bool = False  # the commit of the plan

    def append(self, draft: Edit, after: int) -> Edit | None:
        """See `view.edits.EditLog`."""
        if after != len(self.edits):
            return None
        if callable(self.look):
            self.shown.append(self.look())
        if self.refusal is not None:
            raise self.refusal
        edit = next(numbered([draft], self.edits[-1] if self.edits else None, open_steps(self.edits)))
        self.edits.append(edit)
        return edit

    def since(self, after: int) -> Sequence[Edit]:
        """See `view.edits.EditLog`."""
        return self.edits[after:]


@dataclass
class Told:
    """What the view told of changes that did not come through its own operations."""

    names: list[tuple[int, bytes]] = field(default_factory=list)
    nodes: list[tuple[int, bool]] = field(default_factory=list)
    n_all: int = 0
    watchers: list[ChangedNames] = field(default_factory=list)

    def entry_changed(self, parent: int, name: bytes) -> None:
        """See `view.protocol.Invalidations`."""
        self.names.append((parent, name))

    def node_changed(self, inode: int, *, content: bool) -> None:
        """See `view.protocol.Invalidations`."""
        self.nodes.append((inode, content))

    def all_changed(self) -> None:
        """See `view.protocol.Invalidations`."""
        self.n_all += 1

    def names_changed(self, names: ChangedNames) -> None:
        """See `view.protocol.Invalidations`."""
        self.watchers.append(names)


@dataclass
class Scene:
    """A view with all that it stands on."""

    plan: Plan
    disk: Disk
    log: MemoryLog
    view: View

    def again(self) -> View:
        """A view of the same plan and edits, as after a remount."""
        return view_of(self.plan, self.disk, MemoryLog(), self.log.edits)

    def inode(self, path: bytes) -> int:
        """The view's number for a path."""
        return self.view.resolve(path)

    def content(self, path: bytes) -> bytes:
        """Everything that the view reads from a file."""
        opened = self.view.open(self.inode(path), 0)
        try:
            return self.view.read(opened.handle, 1 << 20, 0)
        finally:
            self.view.release(opened.handle)

    def tree(self, path: bytes = b"") -> dict[bytes, object]:
        """A folder of the view as a literal with the kinds of its entries, without the control folder and empty folders by
        reason."""
        found: dict[bytes, object] = {}
        for entry in listed(self.view, self.inode(path)):
            here = path + b"/" + entry.name if path else entry.name
            if entry.name == b".ifmosfs":
                continue
            below = self.tree(here) if entry.attr.kind is Kind.FOLDER else entry.attr.kind
            if below or path != self.plan.policy.review_name:
                found[entry.name] = below
        return found


def listed(view: View, inode: int) -> Sequence[Entry]:
    """All entries of a folder with their attributes."""
    listing = view.opendir(inode)
    return listing.entries(0, len(listing))


def refile(action: Action, category: str) -> bytes | None:
    """A layout with two categories, one of them with a name that a DOS filesystem refuses."""
    return {"paper": b"Docs", "colon": b"A: B/C"}.get(category)


def view_of(plan: Plan, disk: Disk, log: MemoryLog, edits: Iterable[Edit] = (), owner: tuple[int, int] = OWNER) -> View:
    """A view; its clock stands still."""

    def replant() -> PlanTree:
        return PlanTree(plan, effective(log.edits), last_number(log.edits))

    return View(
        PlanTree(plan, edits),
        disk,
        log,
        now_ns=lambda: NOW_NS,
        refile=refile,
        owner=owner,
        replant=replant,
        has_begun=lambda: log.has_begun,
    )


def make_scene(
    disk: Disk,
    root: bytes,
    target: bytes,
    rows: Sequence[Row],
    *,
    folders: Sequence[bytes] = (),
    names: NameRules | None = None,
) -> Scene:
    """The scene for a plan over files that are on the disk."""
    plan = plan_of(*rows, folders=folders, names=names, roots=[root], target=target)
    attrs = [disk.lstat(action.source_place) for action in plan.actions]
    actions = tuple(
        replace(action, expected=attr.fingerprint, mode=attr.mode, entry_kind=attr.kind)
        for action, attr in zip(plan.actions, attrs, strict=True)
    )
    plan = replace(plan, actions=actions)
    log = MemoryLog()
    return Scene(plan, disk, log, view_of(plan, disk, log))


def at(scene: Scene, path: bytes) -> tuple[int, bytes]:
    parent, name = split(path)
    return scene.inode(parent), name


def rename(scene: Scene, path: bytes, target: bytes, mode: RenameMode = RenameMode.REPLACE) -> None:
    scene.view.rename(*at(scene, path), *at(scene, target), mode)


def numbers(view: View, inode: int = ROOT_INODE, path: bytes = b"") -> dict[bytes, int]:
    found = {path: view.getattr(inode).inode}
    for entry in listed(view, inode):
        here = path + b"/" + entry.name
        found[here] = entry.attr.inode
        if entry.attr.kind is Kind.FOLDER:
            found.update(numbers(view, entry.attr.inode, here))
    return found
