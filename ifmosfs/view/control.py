"""The generated files of the control folder `.ifmosfs/`: what the plan is, in forms for people and for programs. Read-only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final

from ifmosfs.core.filed import CategoriesAt, filed_as
from ifmosfs.core.names import display, to_text
from ifmosfs.core.plan import Action, KeepReason
from ifmosfs.core.tree import PlannedMove, PlanTree
from ifmosfs.core.tree_source import VAULT_NAME

CONFLICTS: Final = (KeepReason.CONFLICT, KeepReason.DUPLICATE)  # what `stage resolve` asks about

README = """\
This folder is a plan, shown as files. Until it is committed, nothing in it has moved.

Every file here is the original, read from where it still lies. Drag files and folders about: that changes the plan, never
a file. Deleting a file here means "leave it where it is". What will stay is in "{review}"; drag a file out of there and
it is planned, drag one in and it stays. What is in "{review}/vault" lost its name to another file: it goes to the vault of the
target, from where `ifmosfs vault restore` brings it back.

Make it real:    ifmosfs commit {plan}
Undo that:       ifmosfs rollback {plan}
Forget it:       ifmosfs unmount MOUNTPOINT

Plan {plan}, made for {target}.
"""


MANY_FILES: Final = 20_000  # the list of a larger plan takes too long to be made for who only asks for its size
LIST_NAME: Final = b"plan.jsonl"


class Control:
    """The files for one state of a tree, each made when it is first asked for. Not thread-safe: the view holds its lock."""

    NAMES: Final = (b"README.txt", b"status.json", LIST_NAME, b"conflicts.jsonl")

    def __init__(self, tree: PlanTree, categories_at: CategoriesAt) -> None:
        self._tree = tree
        self._categories_at = categories_at
        self._made: dict[bytes, bytes] = {}

    def size_bytes(self, name: bytes) -> int:
        """The size of a file; 0 for the list of a large plan that nobody has opened yet. KeyError for another name."""
        is_large = name == LIST_NAME and name not in self._made and sum(self._tree.counts().values()) > MANY_FILES
        return 0 if is_large else len(self.content(name))

    def content(self, name: bytes) -> bytes:
        """The content of a file. KeyError for another name."""
        if name not in self._made:
            self._made[name] = _MAKERS[name](self._tree, self._categories_at)
        return self._made[name]


def _readme(tree: PlanTree, _categories_at: CategoriesAt) -> bytes:
    plan = tree.plan
    return README.format(
        review=display(plan.policy.review_name), plan=plan.plan_id, target=display(plan.target)
    ).encode()


def _status(tree: PlanTree, _categories_at: CategoriesAt) -> bytes:
    plan, counts = tree.plan, tree.counts()
    n_planned, n_vaulted = counts.pop(None, 0), counts.pop(VAULT_NAME, 0)
    staying = {to_text(name or b""): n_files for name, n_files in counts.items() if n_files}
    status = {
        "plan": plan.plan_id,
        "session": plan.session_id,
        "target": to_text(plan.target),
        "roots": [to_text(root.path) for root in plan.roots],
        "created_ns": plan.created_ns,
        "files": n_planned + n_vaulted + sum(staying.values()),
        "planned": n_planned,
        "vault": n_vaulted,
        "staying": dict(sorted(staying.items())),
    }
    # The encoder's own way to indent leaves functions that refer to each other, garbage that a view rarely collects.
    lines = (f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in status.items())
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _list(tree: PlanTree, categories_at: CategoriesAt) -> bytes:
    planned = (_planned(move, filed_as(move.action, move.target, categories_at)) for move in tree.moves())
    return _lines(chain(planned, map(_vaulted, tree.vaulted())))


def _conflicts(tree: PlanTree, _categories_at: CategoriesAt) -> bytes:
    return _lines(_staying(action, reason) for reason in CONFLICTS for action in tree.staying_for(reason))


_MAKERS: Final[dict[bytes, Callable[[PlanTree, CategoriesAt], bytes]]] = {
    b"README.txt": _readme,
    b"status.json": _status,
    LIST_NAME: _list,
    b"conflicts.jsonl": _conflicts,
}


def _planned(move: PlannedMove, category: str | None) -> dict[str, object]:
    """The row of a file that moves; `replaces` tells of the file of the target that goes to the vault for it."""
    replaces = move.replaces
    return {
        "do": "move",
        **_decided(move.action),
        "category": category,
        "target": to_text(move.target),
        "replaces": None if replaces is None else {"size": replaces.size_bytes, "mtime_ns": replaces.mtime_ns},
        "unit": move.unit or None,
    }


def _vaulted(action: Action) -> dict[str, object]:
    return {"do": "vault", **_decided(action), "target": None, "replaces": None, "unit": action.unit or None}


def _decided(action: Action) -> dict[str, object]:
    return {
        "source": to_text(action.source_place.absolute),
        "category": action.category,
        "confidence": round(action.score, 3),
        "reason": action.reason,
        "note": action.note,
    }


def _staying(action: Action, reason: KeepReason) -> dict[str, object]:
    wanted = None if action.target is None else to_text(action.target)
    return {
        "source": to_text(action.source_place.absolute),
        "wanted": wanted,
        "why": reason.value,
        "reason": action.reason,
    }


def _lines(rows: Iterator[dict[str, object]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)
