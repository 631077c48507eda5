"""`ifmosfs rollback execute`, and `preview`, which is the same without doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ifmosfs.cli.common import (
    dry_run_option,
    json_option,
    opened_app,
    plan_argument,
    print_json,
    recover_first,
    yes_option,
)
from ifmosfs.cli.undo_options import Wish, request_of, selection_options, undo

if TYPE_CHECKING:
    from ifmosfs.app.context import App
    from ifmosfs.core.manifest import PlanInfo


@click.command()
@plan_argument
@selection_options
@dry_run_option
@yes_option
@json_option
def execute(plan: str | None, plan_option: str | None, dry_run: bool, yes: bool, as_json: bool, **wish: Any) -> int:
    """Move a plan's files back to where they were.

    Files are known by their identity, not by their name. What was edited since goes back as it is now. Where the old place is
    taken, the file comes back beside it as "name (rolled back DATE TIME).ext". Nothing is ever overwritten.

    \b
    Without options all of the plan goes back. Options choose, and all that are given must fit; without a PLAN they choose from
    all plans. What depends on the chosen files goes with them, and is named.
      --category financial_document   files of a category
      --ids 8b2-14,8b2-15             files by their ids (ifmosfs rollback files)
      --paths '*.pdf' --paths ~/in    by old or new name
      --timestamp 2026-01-31T10:00    what was committed since, over all plans
      --snapshot "before clean-up"    what has moved the files of a snapshot since
      --run 91f                       what one run did; a rollback is undone in the same way
      --redo                          undo the plan's rollback

    Exit status: 0 all is back; 3 done in part; 4 all in conflict.
    """
    return run_command(plan, plan_option, Wish(**wish), dry_run=dry_run, yes=yes, as_json=as_json)


@click.command()
@plan_argument
@selection_options
@json_option
def preview(plan: str | None, plan_option: str | None, as_json: bool, **wish: Any) -> int:
    """Show what `rollback execute` with the same arguments would do, line by line; nothing is changed.

    Exit status: that of the run: 0 all would be back; 3 in part; 4 all in conflict.
    """
    return run_command(plan, plan_option, Wish(**wish), dry_run=True, yes=True, as_json=as_json)


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--plan", "plan_option", metavar="PLAN", help="Only of this plan; its id may be shortened.")
@click.option("--occupied", type=click.Choice(("keep-both", "leave")), default="keep-both", show_default=True)
@dry_run_option
@yes_option
@json_option
def restore(
    files: tuple[str, ...], plan_option: str | None, occupied: str, dry_run: bool, yes: bool, as_json: bool
) -> int:
    """Move single files back to where they were. FILE is an old or new name, a folder, or a pattern.

    The same as `rollback execute --paths FILE`, over all plans.

    Exit status: 0 all are back; 3 done in part; 4 all in conflict.
    """
    wish = Wish(paths=files, occupied=occupied)
    return run_command(None, plan_option, wish, dry_run=dry_run, yes=yes, as_json=as_json)


def run_command(
    plan: str | None, plan_option: str | None, wish: Wish, *, dry_run: bool, yes: bool, as_json: bool
) -> int:
    """Recover, then undo what was wished for."""
    with opened_app() as app:
        finished = _finished_by_recovery(app)
        is_plain = wish == Wish(occupied=wish.occupied)
        if is_plain and finished and not (plan or plan_option):
            return _show_finished(finished[-1], as_json=as_json)
        request = request_of(app, plan, plan_option, wish)
        if is_plain and request.plan in finished:
            assert request.plan is not None
            return _show_finished(request.plan, as_json=as_json)
        return undo(app, request, dry_run=dry_run, yes=yes, as_json=as_json)


def _finished_by_recovery(app: App) -> list[PlanInfo]:
    """Recover first; the plans whose interrupted rollback turned out to have done everything."""
    from ifmosfs.app.undoing import UNDOABLE
    from ifmosfs.core.plan import PlanState

    before = {info.plan_id for info in app.catalogue.plans() if info.state in UNDOABLE}
    recover_first(app, reads_past=True)
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
