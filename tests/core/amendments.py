"""What tests of amendments share."""

from __future__ import annotations

from dataclasses import replace

from ifmosfs.core.amending import Gathered, Renewed, Settled, amendment
from ifmosfs.core.files import Place
from ifmosfs.core.plan import Action, Amendment, Edit, KeepReason, Plan, Unit, UnitKind
from ifmosfs.core.project_changes import in_project, joining_project, project_member
from ifmosfs.core.tree import PlanTree
from tests.core.plans import fingerprint, plan_of, scanned

NOW_NS = 9_000
ROWS = ((b"a.txt", b"Docs/a.txt"), (b"sub/b.txt", b"Docs/b.txt"), (b"sub/who", KeepReason.UNSURE))


def action_at(plan: Plan, source: bytes) -> Action:
    return next(action for action in plan.actions if action.source == source)


def new(source: bytes, fate: bytes | KeepReason, number: int = 50) -> Action:
    """The action of a file that has appeared; its number counts for nothing."""
    (action,) = plan_of((source, fate)).actions
    return replace(action, action_id=0, expected=fingerprint(number))


def amended(plan: Plan, change: Amendment) -> Plan:
    """The plan as it is loaded after the change was stored."""
    changed = {action.action_id: action for action in change.changed}
    kept = tuple(changed.get(action.action_id, action) for action in plan.actions)
    return replace(plan, actions=(*kept, *change.added))


def settled(*added: Action, folders: tuple[bytes, ...] = ()) -> Settled:
    return Settled(added, (), (), folders)


NOTHING = Settled((), (), (), ())


def follow(plan: Plan, tree: PlanTree, what: Settled, renewals: Renewed) -> tuple[Plan, Amendment]:
    change = amendment(tree, what, renewals, len(plan.actions) + 1, NOW_NS)
    return amended(plan, change), change


def tree_after(plan: Plan, *edits: Edit) -> PlanTree:
    tree = PlanTree(plan, edits)
    tree.check_invariants()
    return tree


def watched(drafts: tuple[Edit, ...]) -> list[Edit]:
    return [replace(each, seq=number) for number, each in enumerate(drafts, 10)]


def became_project(plan: Plan, tree: PlanTree, path: bytes, number: int) -> tuple[Plan, Amendment]:
    """A `.git/HEAD` has appeared in a folder of the inbox, which is a project thereby, unless it is in one."""
    if in_project(tree, Place(b"/in", path)) is not None:
        return plan, Amendment()
    unit = Unit(number, UnitKind.PROJECT, b"/in", path)
    joined = [joining_project(one, unit) for one in plan.actions if one.source.startswith(path + b"/")]
    member = project_member(tree, unit, scanned(path + b"/.git/HEAD", 100 + number))
    now, change = follow(plan, tree, Settled([member], (), (), (), [unit], [Gathered(unit, joined)]), Renewed((), {}))
    return replace(now, units=(*plan.units, *change.units)), change
