"""The generated files of the control folder `.ifmosfs/`: what the plan is, in forms for people and for programs. Read-only."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import chain

from ifmosfs.core.names import display, to_text
from ifmosfs.core.plan import Action, KeepReason, Plan
from ifmosfs.core.tree import PlannedMove, PlanTree

CONFLICTS = frozenset({KeepReason.CONFLICT, KeepReason.DUPLICATE})  # what `stage resolve` asks about

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


def control_files(tree: PlanTree) -> dict[bytes, bytes]:
    """Name to content of every control file, for the tree as it is now."""
    plan = tree.plan
    readme = README.format(review=display(plan.policy.review_name), plan=plan.plan_id, target=display(plan.target))
    moves = list(tree.moves())
    kept = list(tree.kept())
    vaulted = list(tree.vaulted())
    conflicts = [(action, reason) for action, reason in kept if reason in CONFLICTS]
    return {
        b"README.txt": readme.encode(),
        b"status.json": _status(plan, len(moves), len(vaulted), Counter(reason.value for _, reason in kept)),
        b"plan.jsonl": _lines(chain(map(_planned, moves), map(_vaulted, vaulted))),
        b"conflicts.jsonl": _lines(_staying(action, reason) for action, reason in conflicts),
    }


def _status(plan: Plan, n_moves: int, n_vaulted: int, n_kept: Counter[str]) -> bytes:
    status = {
        "plan": plan.plan_id,
        "session": plan.session_id,
        "target": to_text(plan.target),
        "roots": [to_text(root.path) for root in plan.roots],
        "created_ns": plan.created_ns,
        "files": len(plan.actions),
        "planned": n_moves,
        "vault": n_vaulted,
        "staying": dict(sorted(n_kept.items())),
    }
    return json.dumps(status, indent=2).encode() + b"\n"


def _planned(move: PlannedMove) -> dict[str, object]:
    """The row of a file that moves; `replaces` tells of the file of the target that goes to the vault for it."""
    replaces = move.replaces
    return {
        "do": "move",
        **_decided(move.action),
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
