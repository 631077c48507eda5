"""`ifmosfs stage list|show|discard|reopen`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import (
    choose_plan,
    counted,
    json_option,
    opened_app,
    plan_argument,
    print_json,
    recover_first,
)
from ifmosfs.core.plan import PlanState

if TYPE_CHECKING:
    from ifmosfs.app.context import App

WAITING = (PlanState.STAGED, PlanState.VALIDATED, PlanState.COMMITTING)
OPEN = (PlanState.DRAFT, PlanState.STAGED, PlanState.VALIDATED)


def states_to_show(app: App) -> tuple[PlanState, ...]:
    """A plan that waits for its commit is meant rather than one that is committed."""
    is_waiting = any(info.state in WAITING for info in app.catalogue.plans())
    return WAITING if is_waiting else (PlanState.COMMITTED,)


@click.command("list")
@json_option
def list_plans(as_json: bool) -> None:
    """All plans, the newest last."""
    from ifmosfs.app.staging import as_edited
    from ifmosfs.cli.show_plan import plan_fields, show_plan_line

    with opened_app() as app:
        plans = [as_edited(app, info) for info in app.catalogue.plans()]
        if not plans:
            recover_first(app)  # which tells of a catalogue that is lost
    if as_json:
        print_json({"plans": [plan_fields(info) for info in plans]})
        return
    for info in plans:
        show_plan_line(info)
    if not plans:
        click.echo("No plans. Make one: ifmosfs mount FOLDER")


@click.command()
@plan_argument
@click.option("--depth", default=3, show_default=True, help="How many levels of folders.")
@click.option("--names", "n_named", default=0, show_default=True, help="How many files to name in each folder.")
@json_option
def show(plan: str | None, plan_option: str | None, depth: int, n_named: int, as_json: bool) -> None:
    """A plan as a tree with counts, and what stays and why."""
    from ifmosfs.app.editing import edit_steps
    from ifmosfs.app.staging import categories_of, folders_made, load_tree, report_on
    from ifmosfs.cli.show_conflicts import show_losers
    from ifmosfs.cli.show_plan import report_fields, show_kept, show_report, show_tree

    with opened_app() as app:
        info = choose_plan(app, plan, plan_option, states_to_show(app))
        tree = load_tree(app, info.plan_id)
        report, made = report_on(app, tree), folders_made(app, tree)
        category_of = categories_of(app, tree)
        n_own = sum(len(step.edits) for step in edit_steps(app, info) if step.in_force)
    if as_json:
        moves = [
            {
                "source": move.source.absolute,
                "target": move.target,
                "category": category_of(move),
                "confidence": move.action.score,
                "reason": move.action.reason,
                "note": move.action.note,
                "replaces": None if move.replaces is None else {"size": move.replaces.size_bytes},
                "unit": move.unit or None,
            }
            for move in tree.moves()
        ]
        kept = [
            {"source": action.source_place.absolute, "why": reason.value, "reason": action.reason}
            for action, reason in tree.kept()
        ]
        vaulted = [action.source_place.absolute for action in tree.vaulted()]
        fields = {**report_fields(report), "state": info.state.value}
        print_json({**fields, "moves": moves, "kept": kept, "vaulted": vaulted})
        return
    show_tree(tree, made, depth, n_named)
    show_kept(tree, n_named or 3)
    show_losers(tree, n_named or 3)
    show_report(report)
    edits = f", {counted(n_own, 'edit')} of yours" if n_own else ""
    click.echo(f"State: {info.state.value}{edits}")


@click.command()
@plan_argument
@json_option
def discard(plan: str | None, plan_option: str | None, as_json: bool) -> None:
    """Forget a plan; nothing on the disk was changed by it. `stage reopen` takes it up again."""
    from ifmosfs.app.mounting import unmount_views_of
    from ifmosfs.app.staging import discard as discard_plan
    from ifmosfs.cli.show_lessons import learn_if_possible
    from ifmosfs.cli.show_plan import show_kept_in_preview

    with opened_app() as app:
        info = choose_plan(app, plan, plan_option, OPEN)
        learn_if_possible(app, info.plan_id, follows=False)
        kept = discard_plan(app, info.plan_id)
        unmount_views_of(info.plan_id)
    if as_json:
        print_json({"plan": info.plan_id, "state": PlanState.DISCARDED.value, "kept": kept})
        return
    show_kept_in_preview(kept)
    click.echo(
        f"Plan {info.plan_id} discarded; no file was moved. Take it up again: ifmosfs stage reopen {info.plan_id}"
    )


@click.command()
@plan_argument
@json_option
def reopen(plan: str | None, plan_option: str | None, as_json: bool) -> None:
    """Take a plan up again, with its edits, that was discarded or rolled back."""
    from ifmosfs.app.staging import reopen as reopen_plan

    with opened_app() as app:
        info = choose_plan(app, plan, plan_option, (PlanState.DISCARDED, PlanState.ROLLED_BACK))
        reopen_plan(app, info)
    if as_json:
        print_json({"plan": info.plan_id, "state": PlanState.STAGED.value})
        return
    click.echo(f"Plan {info.plan_id} is staged again. Look: ifmosfs mount --plan {info.plan_id}")
