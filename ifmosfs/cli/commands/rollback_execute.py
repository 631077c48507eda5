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
    from ifmosfs.app.context import App
    from ifmosfs.app.undoing import PreparedRollback
    from ifmosfs.core.manifest import PlanInfo
    from ifmosfs.core.reports import RunReport

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
        finished = _finished_by_recovery(app)
        if not (plan or plan_option) and finished:
            return _show_finished(finished[-1], as_json=as_json)
        info = choose_plan(app, plan, plan_option, None if plan or plan_option else UNDOABLE)
        if info in finished:
            return _show_finished(info, as_json=as_json)
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
    if not dry_run:
        _say_what_next(info, report)
    return run_status(report)


def _announce(prepared: PreparedRollback) -> None:
    from ifmosfs.cli.show_runs import show_problems
    from ifmosfs.core.execute import n_files_of

    order, info = prepared.planned.order, prepared.info
    click.echo(f"Plan {info.plan_id}: {counted(n_files_of(order), 'file')} back from {shown(info.target)}")
    if prepared.planned.modified:
        click.echo(
            f"  {counted(len(prepared.planned.modified), 'file')} changed since the commit go back as they are now:"
        )
        show_problems(prepared.planned.modified)
    for root in prepared.planned.remade_roots:
        click.echo(f"  {shown(root)} is not there any more, and is made again")
    n_kept = prepared.planned.n_kept
    if n_kept:
        click.echo(f"  {counted(n_kept, 'more file')} cannot go back now and will stay")


def _finished_by_recovery(app: App) -> list[PlanInfo]:
    """Recover first; the plans whose interrupted rollback turned out to have done everything."""
    from ifmosfs.app.undoing import UNDOABLE
    from ifmosfs.core.plan import PlanState

    before = {info.plan_id for info in app.catalogue.plans() if info.state in UNDOABLE}
    recover_first(app)
    return [info for info in app.catalogue.plans() if info.plan_id in before and info.state is PlanState.ROLLED_BACK]


def _show_finished(info: PlanInfo, *, as_json: bool) -> int:
    """What the command was to do has been done by an interrupted one, whose end only had to be recorded."""
    from ifmosfs.cli.show_runs import run_fields
    from ifmosfs.core.journal import RunKind, RunState
    from ifmosfs.core.reports import RunReport

    if as_json:
        nothing = RunReport("", RunKind.ROLLBACK, RunState.COMPLETE, 0, 0, 0, 0, 0, 0, (), ())
        print_json({"plan": info.plan_id, "dry_run": False, **run_fields(nothing), "run": None})
    else:
        click.echo(f"The interrupted rollback of plan {info.plan_id} had moved everything back already.")
        click.echo(f"The plan can be taken up again: ifmosfs stage reopen {info.plan_id}")
    return 0


def _say_what_next(info: PlanInfo, report: RunReport) -> None:
    if report.n_conflicts or report.n_failed or report.n_skipped:
        click.echo(f"What has stayed can still be moved back: ifmosfs rollback {info.plan_id}")
    else:
        click.echo(f"The plan can be taken up again: ifmosfs stage reopen {info.plan_id}")
