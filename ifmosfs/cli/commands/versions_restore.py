"""`ifmosfs versions restore` and `cherry-pick`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import (
    confirm,
    counted,
    dry_run_option,
    json_option,
    opened_app,
    print_json,
    recover_first,
    shown,
    yes_option,
)

if TYPE_CHECKING:
    from ifmosfs.app.restoring import PreparedRestore

N_SHOWN = 5


@click.command()
@click.option("--version", required=True, metavar="VERSION", help="Number, name of a snapshot, or beginning of its id.")
@dry_run_option
@yes_option
@json_option
def restore(version: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Bring all files of a version back to the names they had in it.

    Files are known by their identity, wherever they are now. Newer bytes win, occupied names are kept by who has them, and the older
    file comes beside. What is gone comes from the content that a snapshot holds, or is told of. Files that came later stay.
    It is a commit of a plan of its own: `ifmosfs rollback` undoes it.

    Exit status: 0 all is there; 3 in part; 4 nothing for conflicts.
    """
    return _restore(version, (), dry_run=dry_run, yes=yes, as_json=as_json)


@click.command("cherry-pick")
@click.argument("more", nargs=-1, metavar="[GLOB]...")
@click.option("--version", required=True, metavar="VERSION", help="Number, name of a snapshot, or beginning of its id.")
@click.option("--paths", "globs", multiple=True, metavar="GLOB", help="Which files; quote it for the shell.")
@dry_run_option
@yes_option
@json_option
def cherry_pick(
    more: tuple[str, ...], version: str, globs: tuple[str, ...], dry_run: bool, yes: bool, as_json: bool
) -> int:
    """Bring some files of a version back to the names they had in it: those that a GLOB fits.

    A GLOB with a slash is matched against whole paths and paths below the version's folder, any other against names.
    """
    from ifmosfs.core.errors import UsageProblem

    if not globs and not more:
        raise UsageProblem("no files were named", hint="--paths 'Financial/*', or versions restore for all")
    return _restore(version, (*globs, *more), dry_run=dry_run, yes=yes, as_json=as_json)


def _restore(version: str, globs: tuple[str, ...], *, dry_run: bool, yes: bool, as_json: bool) -> int:
    from ifmosfs.app.restoring import prepare_restore, rehearse_restore, run_restore, with_gone
    from ifmosfs.cli.show_runs import run_fields, run_status, run_words, show_moves, show_problems
    from ifmosfs.cli.stopping import stop_on_signals

    with opened_app() as app:
        recover_first(app, reads_past=True)
        with app.writing() as journal:
            prepared = prepare_restore(app, journal, version, globs)
            app.idle()
            if not as_json:
                _announce(prepared)
            plan_id = None
            if dry_run or prepared.is_empty:
                report = rehearse_restore(app, prepared)
            else:
                confirm("Bring them back?", yes=yes)
                with stop_on_signals() as stop:
                    plan_id, report = run_restore(app, journal, prepared, stop)
    ran, report = report, with_gone(report, prepared)
    n_contents = sum(each.source is None for each in prepared.found.wanted)
    if as_json:
        found = prepared.found
        fields = {
            "plan": plan_id,
            "dry_run": dry_run,
            "there": found.n_there,
            "from_contents": n_contents,
            "beside": [each.target.absolute for each in found.beside],
            "newer": [{"code": each.code, "path": each.path} for each in found.newer],
        }
        print_json({**fields, **run_fields(report, dry_run=plan_id is None)})
        return run_status(report)
    show_moves(report, N_SHOWN)
    n_gone = report.n_failed - ran.n_failed
    gone = f", {n_gone:,} cannot be brought back" if n_gone else ""
    click.echo(f"{'Would be: ' if dry_run else ''}{run_words(ran)}{gone}")
    show_problems(report.problems)
    if plan_id is not None:
        click.echo(f"Undo it: ifmosfs rollback {plan_id}")
    return run_status(report)


def _announce(prepared: PreparedRestore) -> None:
    from ifmosfs.cli.show_runs import show_problems

    found = prepared.found
    label = prepared.label[0].upper() + prepared.label[1:]
    there = f"{counted(found.n_there, 'other')} there unchanged"
    click.echo(f"{label}: {counted(len(found.wanted), 'file')} to bring back, {there}")
    if found.newer:
        click.echo(f"  {counted(len(found.newer), 'file')} changed since; the newer bytes are kept:")
        show_problems([*found.newer])
    for each in found.beside[:N_SHOWN]:
        click.echo(f"  its name is taken, so it comes beside: {shown(each.target.absolute)}")
