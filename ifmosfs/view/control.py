"""The generated files of the control folder `.ifmosfs/`: what the plan is, in forms for people and for programs. Read-only."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from ifmosfs.core.names import display, to_text
from ifmosfs.core.plan import Action, KeepReason, Plan
from ifmosfs.core.tree import PlanTree

README = """\
This folder is a plan, shown as files. Until it is committed, nothing in it has moved.

Every file here is the original, read from where it still lies. Drag files and folders about: that changes the plan, never
a file. Deleting a file here means "leave it where it is". What will stay is in "{review}"; drag a file out of there and
it is planned, drag one in and it stays.

Make it real:    ifmosfs commit {plan}
Undo that:       ifmosfs rollback {plan}
Forget it:       ifmosfs unmount MOUNTPOINT

Plan {plan}, made for {target}.
"""


def control_files(tree: PlanTree) -> dict[bytes, bytes]:
    """Name to content of every control file, for the tree as it is now."""
    plan = tree.plan
    readme = README.format(review=display(plan.policy.review_name), plan=plan.plan_id, target=display(plan.target))
    moves = [(move.action, move.target) for move in tree.moves()]
    kept = list(tree.kept())
    conflicts = [(action, reason) for action, reason in kept if reason is KeepReason.CONFLICT]
    return {
        b"README.txt": readme.encode(),
        b"status.json": _status(plan, len(moves), Counter(reason.value for _, reason in kept)),
        b"plan.jsonl": _lines(_planned(action, target) for action, target in moves),
        b"conflicts.jsonl": _lines(_staying(action, reason) for action, reason in conflicts),
    }


def _status(plan: Plan, n_moves: int, n_kept: Counter[str]) -> bytes:
    status = {
        "plan": plan.plan_id,
        "session": plan.session_id,
        "target": to_text(plan.target),
        "roots": [to_text(root.path) for root in plan.roots],
        "created_ns": plan.created_ns,
        "files": len(plan.actions),
        "planned": n_moves,
        "staying": dict(sorted(n_kept.items())),
    }
    return json.dumps(status, indent=2).encode() + b"\n"


def _planned(action: Action, target: bytes) -> dict[str, object]:
    return {
        "source": to_text(action.source_place.absolute),
        "target": to_text(target),
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
