"""Plans from literals, and the trees they make as literals again.

In a tree literal a folder is a dict and a file is the source path of its action, so that one comparison says where everything is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Union

from ifmosfs.core.files import Fingerprint, Kind, Root, ScannedFile
from ifmosfs.core.names import NameRules
from ifmosfs.core.plan import Action, ActionKind, Edit, EditKind, KeepReason, Plan, Policy
from ifmosfs.core.proposal import Proposal
from ifmosfs.core.tree import FileNode, FolderNode, PlanTree

CREATED_NS = 1_000
Row = tuple[bytes, bytes | KeepReason]
Shape = dict[bytes, Union["Shape", bytes]]


def fingerprint(number: int) -> Fingerprint:
    """A fingerprint that no other number has."""
    return Fingerprint(1000 + number, 10 * number, 500 + number, 600 + number, 400 + number)


def plan_of(
    *rows: Row,
    folders: Sequence[bytes] = (),
    names: NameRules | None = None,
    roots: Sequence[bytes] = (b"/in",),
    target: bytes = b"/out",
) -> Plan:
    """A plan with one action per row: (source, target) moves, (source, reason) stays. A source may begin with its root."""
    actions = [_action(number, row, roots) for number, row in enumerate(rows, 1)]
    policy = Policy(names=names or NameRules())
    known = tuple(Root(root, "uuid:memory-1") for root in roots)
    return Plan("p", "s", target, "uuid:memory-1", known, CREATED_NS, policy, tuple(folders), tuple(actions))


def _action(number: int, row: Row, roots: Sequence[bytes]) -> Action:
    source, fate = row
    root = next((root for root in roots if source.startswith(root + b"/")), roots[0])
    stays = isinstance(fate, KeepReason)
    return Action(
        action_id=number,
        kind=ActionKind.KEEP if stays else ActionKind.MOVE,
        root=root,
        source=source.removeprefix(root + b"/"),
        target=None if isinstance(fate, KeepReason) else fate,
        expected=fingerprint(number),
        mode=0o100644,
        entry_kind=Kind.FILE,
        category=None if stays else "paper",
        score=0.0 if stays else 0.9,
        reason="because",
        keep_reason=fate if isinstance(fate, KeepReason) else None,
    )


def edit(
    kind: EditKind,
    path: bytes,
    target: bytes | None = None,
    *,
    at_ns: int = 2_000,
    mode: int | None = None,
    replaces: Fingerprint | None = None,
) -> Edit:
    """One edit; its number does not matter to the tree."""
    return Edit(1, kind, path, target, at_ns, mode, replaces=replaces)


def shape(folder: FolderNode) -> Shape:
    """The literal of a folder of the tree."""
    return {
        node.name: node.action.source if isinstance(node, FileNode) else shape(node)
        for node in folder.children.values()
    }


def layout(tree: PlanTree) -> Shape:
    """What commit makes real."""
    return {name: node for name, node in shape(tree.root).items() if name != tree.review.name}


def review(tree: PlanTree) -> Shape:
    """What stays; the folders by reason that are empty are left out."""
    return {name: node for name, node in shape(tree.review).items() if node}


def scanned(
    path: bytes, number: int = 1, *, root: bytes = b"/in", kind: Kind = Kind.FILE, readable: bool = True
) -> ScannedFile:
    """A file as the scan found it."""
    mode = 0o120777 if kind is Kind.SYMLINK else 0o100644
    return ScannedFile(number, root, path, kind, mode, fingerprint(number), readable)


def proposed(label: str | None, score: float = 0.9) -> Proposal:
    """A classifier's word."""
    return Proposal(label, score if label else 0.0, "because")


def numbers_of_folders(tree: PlanTree) -> dict[bytes, int]:
    """The numbers of all folders of a tree, by their paths."""
    found: dict[bytes, int] = {}
    pending = [tree.root]
    while pending:
        folder = pending.pop()
        found[tree.path_of(folder)] = folder.number
        pending.extend(each for each in folder.children.values() if isinstance(each, FolderNode))
    return found
