"""`ifmosfs commit`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from ifmosfs.cli.common import (
    as_bytes,
    confirm,
    counted,
    dry_run_option,
    either,
    json_option,
    opened_app,
    print_json,
    quoted,
    recover_first,
    shown,
    sized,
    yes_option,
)
from ifmosfs.core.errors import Guarded, NotFound
from ifmosfs.core.plan import PlanState

if TYPE_CHECKING:
    from ifmosfs.app.committing import PreparedCommit
    from ifmosfs.app.context import App
    from ifmosfs.core.manifest import PlanInfo
    from ifmosfs.core.reports import Problem, RunReport

N_SHOWN = 5


@click.command()
@click.argument("where", required=False, metavar="[MOUNTPOINT|PLAN]")
@click.option("--plan", "plan_option", metavar="PLAN", help="The plan; its id may be shortened.")
@click.option(
    "--snapshot/--no-snapshot",
    default=True,
    show_default=True,
    help="Keep a manifest of what was where before, and make a version of what is there after.",
)
@click.option("--allow-empty-root", is_flag=True, help="Go on although a scanned folder is empty now.")
@click.option("--allow-many", is_flag=True, help="Go on although far more files move than in any commit before.")
@dry_run_option
@yes_option
@json_option
def commit(
    where: str | None,
    plan_option: str | None,
    snapshot: bool,
    allow_empty_root: bool,
    allow_many: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Really move the files, journaled.

    Nothing is ever overwritten. A file that is no longer what the plan saw, or whose name has been taken since, stays where
    it is and is listed; the others are moved. Killed at any moment, the next command brings everything into order.

    Exit status: 0 all was moved, and no conflict is open; 3 done in part; 4 all in conflict; 5 the plan is outdated, or held
    up by the guard. With --dry-run it is the same; a commit that the guard would hold up is shown all the same.
    """
    from ifmosfs.app.committing import prepare_commit, refuse_hopeless, rehearse_commit, run_commit
    from ifmosfs.app.guarding import guard, not_allowed, refuse_guarded
    from ifmosfs.app.mounting import unmount_views_of
    from ifmosfs.app.staging import remove_preview
    from ifmosfs.cli.show_lessons import learn_if_possible
    from ifmosfs.cli.show_plan import show_kept_in_preview
    from ifmosfs.cli.show_runs import run_status
    from ifmosfs.cli.stopping import stop_on_signals

    with opened_app() as app:
        recover_first(app)
        either(where, plan_option, "plan")
        info = _plan(app, where, plan_option)
        if not dry_run:
            learn_if_possible(app, info.plan_id, follows=False)  # what was said by dragging, while the files are there
        with app.writing() as journal:
            prepared = prepare_commit(app, journal, info)
            held_up = guard(app, prepared)
            forbidding = not_allowed(held_up, allow_empty_root=allow_empty_root, allow_many=allow_many)
            if not dry_run:
                refuse_guarded(forbidding)
            _warn_of_guard(held_up)
            refuse_hopeless(prepared)
            app.idle()
            if not as_json:
                _announce(prepared)
            if dry_run:
                report = rehearse_commit(app, prepared)
            else:
                confirm("Move them?", yes=yes)
                with stop_on_signals() as stop:
                    report = run_commit(app, journal, prepared, snapshot=snapshot, stop=stop)
                if app.catalogue.find_plan(info.plan_id).state is PlanState.COMMITTED:
                    _say_what_stays_mounted(unmount_views_of(info.plan_id))
                    show_kept_in_preview(remove_preview(app, info.plan_id))
    if as_json:
        _print(prepared, report, forbidding, dry_run=dry_run)
    else:
        _show(prepared, report, dry_run=dry_run)
    return Guarded.exit_status if forbidding else run_status(report)


def _plan(app: App, where: str | None, plan_option: str | None) -> PlanInfo:
    """By mount point, by the beginning of an id, or the only plan that can be committed."""
    from ifmosfs.app.mounting import plan_of, view_at

    if where is not None and plan_option is None:
        try:
            return app.catalogue.find_plan(plan_of(view_at(as_bytes(where))))
        except NotFound:
            if os.sep in where:
                raise
    named = where if plan_option is None else plan_option
    states = (PlanState.STAGED, PlanState.VALIDATED, PlanState.COMMITTING)
    return app.catalogue.find_plan(named, None if named else states)


def _say_what_stays_mounted(points: list[bytes]) -> None:
    for point in points:
        click.echo(f"The view at {shown(point)} could not be taken away: ifmosfs unmount {quoted(point)}", err=True)


def _warn_of_guard(held_up: Sequence[Problem]) -> None:
    from ifmosfs.cli.show_runs import warn_of

    for problem in held_up:
        warn_of(problem)


def _announce(prepared: PreparedCommit) -> None:
    from ifmosfs.cli.show_runs import show_problems
    from ifmosfs.core.execute import n_files_of

    order, checked = prepared.order, prepared.checked
    click.echo(f"Plan {prepared.info.plan_id}: {counted(n_files_of(order), 'file')} to {shown(prepared.info.target)}")
    if prepared.n_before:
        when = "before the interruption" if prepared.info.state is PlanState.COMMITTING else "by an earlier commit"
        click.echo(f"  {prepared.n_before:,} were moved {when}")
    if checked.n_copies:
        click.echo(
            f"  {checked.n_copies:,} of them from another filesystem ({sized(checked.n_bytes)} to copy and verify)"
        )
    if checked.problems:
        click.echo(f"  {counted(len(checked.problems), 'problem')} found before starting:")
        show_problems(checked.problems)


class _Sums(NamedTuple):
    """The files of a plan, and what has become of them in this run and in those before it."""

    n_files: int
    n_moved: int
    n_lost: int

    @property
    def n_staying(self) -> int:
        return self.n_files - self.n_moved - self.n_lost


def _sums(prepared: PreparedCommit, report: RunReport) -> _Sums:
    n_moved, n_lost = prepared.n_before + report.n_done, prepared.n_vaulted_before + report.n_lost
    return _Sums(len(prepared.tree.plan.actions), n_moved, n_lost)


def _print(prepared: PreparedCommit, report: RunReport, forbidding: Sequence[Problem], *, dry_run: bool) -> None:
    from ifmosfs.cli.show_runs import run_fields

    sums = _sums(prepared, report)
    print_json(
        {
            "plan": prepared.info.plan_id,
            "dry_run": dry_run,
            "files": sums.n_files,
            "moved_before": prepared.n_before,
            "staying": sums.n_staying,
            **run_fields(report, dry_run=dry_run, forbidding=forbidding),
        }
    )


def _show(prepared: PreparedCommit, report: RunReport, *, dry_run: bool) -> None:
    from ifmosfs.cli.show_runs import run_words, show_moves, show_problems

    n_files, n_moved, n_lost = sums = _sums(prepared, report)
    show_moves(report, N_SHOWN)
    click.echo(f"{'Would be: ' if dry_run else ''}{run_words(report)}")
    show_problems(report.problems)
    if n_files > n_moved:
        vault = f"{n_lost:,} in the vault + " if n_lost else ""
        click.echo(f"{counted(n_files, 'file')} of the plan = {n_moved:,} moved + {vault}{sums.n_staying:,} not moved")
    if not dry_run:
        _say_what_next(prepared.info, report)


def _say_what_next(info: PlanInfo, report: RunReport) -> None:
    if report.n_skipped:
        click.echo(f"Stopped before the end. Go on: ifmosfs commit {info.plan_id}")
    elif report.n_hindered:  # said with the id, for a plan that is committed in part is found by that alone
        click.echo(f"Files that stayed can be moved later. Go on: ifmosfs commit {info.plan_id}")
    if report.n_done or report.n_vaulted:
        click.echo(f"Undo: ifmosfs rollback {info.plan_id} · Prove: ifmosfs verify {info.plan_id}")
