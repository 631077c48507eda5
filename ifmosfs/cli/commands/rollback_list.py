"""`ifmosfs rollback list` and `ifmosfs rollback files`."""

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
    shown,
    warn_of_lost_journals,
)
from ifmosfs.cli.show_runs import date_of, journal_run_fields
from ifmosfs.core.errors import PlanOutdated, RecoveryNeeded

if TYPE_CHECKING:
    from ifmosfs.app.undo_lists import MovedFile, UndoneSoFar


@click.command("list")
@json_option
def list_rollbacks(as_json: bool) -> int:
    """What can be undone: each plan that has moved files, its runs, and how many of its files have not been moved back.

    Exit status: 0; 8 where plans are lacking, because their journal is lost.
    """
    from ifmosfs.app.recovering import lost_plans
    from ifmosfs.app.undo_lists import undone_so_far

    with opened_app() as app:
        recover_first(app, reads_past=True)
        plans = app.catalogue.plans()
        found: list[UndoneSoFar] = []
        if app.has_journal:
            with app.writing() as journal:
                found, lost = undone_so_far(app, journal, plans), lost_plans(app, journal)
        else:
            lost = lost_plans(app, None)
        warn_of_lost_journals(app, lost)
    status = RecoveryNeeded.exit_status if lost else 0
    if as_json:
        lost_journals = [info.plan_id for info in lost]
        print_json({"plans": [_plan_fields(each) for each in found], "lost_journals": lost_journals})
        return status
    for each in found:
        _show_plan(each)
    if not found and not lost:
        click.echo("Nothing has been moved, so nothing is to be undone.")
    return status


def _show_plan(each: UndoneSoFar) -> None:
    info = each.info
    counts = [(each.n_held, "not moved back"), (each.n_back, "moved back")]
    told = ", ".join(f"{number:,} {what}" for number, what in counts if number) or "nothing moved"
    state = info.state.value.replace("_", " ")
    click.echo(f"Plan {info.plan_id}  {state}  {told}  {shown(info.target)}")
    width = max(len(command) for command in (*each.commands.values(), "rollback"))
    for run in each.runs:
        command = f"{each.commands[run.run_id]:{width}}"
        click.echo(f"  {date_of(run.started_ns)}  {command}  {run.run_id}  {run.state.value.replace('_', ' ')}")
    if each.n_held:
        click.echo(f"  undo it: ifmosfs rollback {info.plan_id}   its files: ifmosfs rollback files {info.plan_id}")
    if each.n_back:
        click.echo(f"  undo its rollback: ifmosfs rollback execute {info.plan_id} --redo")


def _plan_fields(each: UndoneSoFar) -> dict[str, object]:
    return {
        "plan": each.info.plan_id,
        "state": each.info.state.value,
        "target": each.info.target,
        "not_moved_back": each.n_held,
        "moved_back": each.n_back,
        "runs": [journal_run_fields(run, each.commands[run.run_id]) for run in each.runs],
    }


@click.command()
@plan_argument
@json_option
def files(plan: str | None, plan_option: str | None, as_json: bool) -> int:
    """The files that a plan has moved: id, what is there now, old and new name.

    A file is `there`, `edited` since, `saved anew` by a program, `a folder now`, `gone`, `restorable` (gone, but a snapshot holds its
    content), `emptied` (removed by `vault empty`), `away` with its disk, or `back` where it was.

    Exit status: 0; 5 where the disk of some is not there.
    """
    from ifmosfs.app.undo_lists import moved_files
    from ifmosfs.app.undoing import UNDOABLE
    from ifmosfs.core.rollback import other_disk

    with opened_app() as app:
        recover_first(app, reads_past=True)
        info = choose_plan(app, plan, plan_option, None if plan or plan_option else UNDOABLE)
        with app.writing() as journal:
            found = moved_files(app, journal, info)
        app.idle()
    if as_json:
        print_json(
            {"plan": info.plan_id, "files": [_file_fields(each) for each in found.files], "away": list(found.away)}
        )
        return PlanOutdated.exit_status if found.away else 0
    click.echo(f"Plan {info.plan_id}: {counted(len(found.files), 'file')} moved")
    for each in found.files:
        moved = each.moved
        n_inside = f"  ({counted(len(moved.actions), 'file')} in it)" if moved.is_folder else ""
        taken = "  (its old place is taken)" if each.old_is_taken else ""
        click.echo(
            f"  {moved.entry_id}  {each.found.value:10}  {shown(moved.old.absolute)} -> {shown(moved.now.absolute)}"
            f"{n_inside}{taken}"
        )
    if found.away:
        raise other_disk(found.away[0])
    return 0


def _file_fields(each: MovedFile) -> dict[str, object]:
    moved = each.moved
    categories = sorted({action.category for action in moved.actions if action.category})
    return {
        "id": moved.entry_id,
        "old": moved.old.absolute,
        "new": moved.new.absolute,
        "place": moved.now.absolute,
        "found": each.found.value,
        "old_is_taken": each.old_is_taken,
        "is_folder": moved.is_folder,
        "files": len(moved.actions) if moved.is_folder else 1,
        "categories": categories,
    }
