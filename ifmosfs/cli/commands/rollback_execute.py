"""`ifmosfs rollback execute`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import (
    choose_plan,
    confirm,
    counted,
    dry_run_option,
    json_option,
    opened_app,
    plan_argument,
    print_json,
    recover_first,
    shown,
    yes_option,
)

if TYPE_CHECKING:
    from ifmosfs.app.undoing import PreparedRollback

N_SHOWN = 5


@click.command()
@plan_argument
@dry_run_option
@yes_option
@json_option
def execute(plan: str | None, plan_option: str | None, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Move a plan's files back to where they were.

    Files are known by their identity, not by their name. What was edited since goes back as it is now; a place that is
    occupied again is a conflict, and the file stays where it is. Nothing is ever overwritten.

    Exit status: 0 all is back; 3 done in part; 4 all in conflict.
    """
    from ifmosfs.app.undoing import UNDOABLE, prepare_rollback, rehearse_rollback, run_rollback
    from ifmosfs.cli.show_runs import run_fields, run_status, run_words, show_moves, show_problems
    from ifmosfs.cli.stopping import stop_on_signals

    with opened_app() as app:
        recover_first(app)
        info = choose_plan(app, plan, plan_option, None if plan or plan_option else UNDOABLE)
        with app.writing() as journal:
            prepared = prepare_rollback(app, journal, info)
            app.idle()
            if not as_json:
                _announce(prepared)
            if dry_run:
                report = rehearse_rollback(app, journal, prepared)
            else:
                confirm("Move them back?", yes=yes)
                with stop_on_signals() as stop:
                    report = run_rollback(app, journal, prepared, stop)
    if as_json:
        print_json({"plan": info.plan_id, "dry_run": dry_run, **run_fields(report)})
        return run_status(report)
    show_moves(report, N_SHOWN)
    click.echo(f"{'Would be: ' if dry_run else ''}{run_words(report)}")
    show_problems(report.problems)
    if not dry_run and report.n_done:
        click.echo(f"The plan can be taken up again: ifmosfs stage reopen {info.plan_id}")
    return run_status(report)


def _announce(prepared: PreparedRollback) -> None:
    from ifmosfs.cli.show_runs import show_problems

    order, info = prepared.planned.order, prepared.info
    click.echo(f"Plan {info.plan_id}: {counted(len(order.steps), 'file')} back from {shown(info.target)}")
    if prepared.planned.modified:
        click.echo(
            f"  {counted(len(prepared.planned.modified), 'file')} changed since the commit go back as they are now:"
        )
        show_problems(prepared.planned.modified)
