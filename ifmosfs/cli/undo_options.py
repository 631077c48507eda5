"""What the commands that move files back share: the options by which files are chosen, and one way to ask, run and report."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from ifmosfs.cli.common import as_bytes, choose_plan, confirm, counted, either, print_json, shown
from ifmosfs.core.errors import UsageProblem

if TYPE_CHECKING:
    from ifmosfs.app.choosing import Request
    from ifmosfs.app.context import App
    from ifmosfs.app.undoing import Chosen, PreparedRollback, Rehearsal
    from ifmosfs.core.reports import Problem, RunReport
    from ifmosfs.core.selection import Added

F = TypeVar("F", bound=Callable[..., Any])

N_SHOWN = 5
OCCUPIED = ("keep-both", "leave")
EXAMPLE_MOMENT = "2026-01-31T10:00"


class Wish(NamedTuple):
    """What was given on the command line."""

    category: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    timestamp: str | None = None
    snapshot: str | None = None
    run: str | None = None
    redo: bool = False
    occupied: str = OCCUPIED[0]


def selection_options(command: F) -> F:
    """The options that choose; they arrive as the keywords of `Wish`."""
    for option in reversed(
        (
            click.option(
                "--category", multiple=True, metavar="CATEGORY", help="Only files of this category; repeatable."
            ),
            click.option("--ids", multiple=True, metavar="ID,…", help="Only these, by their ids in `rollback files`."),
            click.option(
                "--paths",
                multiple=True,
                metavar="PATH",
                help="Only files or folders of this name, old or new, or pattern.",
            ),
            click.option(
                "--timestamp",
                metavar="MOMENT",
                help=f"What was committed after {EXAMPLE_MOMENT} (local time), over all plans, the newest first.",
            ),
            click.option(
                "--snapshot",
                metavar="VERSION",
                help="What was committed after this snapshot or version (ifmosfs versions list) and moved its files.",
            ),
            click.option("--run", metavar="RUN", help="What this run did, be it a commit or a rollback."),
            click.option(
                "--redo", is_flag=True, help="Undo the plan's rollback: what it has moved back goes forth again."
            ),
            click.option(
                "--occupied",
                type=click.Choice(OCCUPIED),
                default=OCCUPIED[0],
                show_default=True,
                help="Where the old place is taken: come back beside it, or stay.",
            ),
        )
    ):
        command = option(command)
    return command


def request_of(app: App, plan: str | None, plan_option: str | None, wish: Wish) -> Request:
    """The request that the arguments make. Raises: UsageProblem, NotFound, Ambiguous."""
    from ifmosfs.app.choosing import Request
    from ifmosfs.app.undoing import UNDOABLE
    from ifmosfs.core.selection import Selection

    selection = Selection(
        categories=wish.category,
        ids=tuple(one.strip() for text in wish.ids for one in text.split(",") if one.strip()),
        paths=tuple(_path(text) for text in wish.paths),
    )
    since_ns = None if wish.timestamp is None else moment_ns(wish.timestamp)
    named = either(plan, plan_option, "plan") is not None
    is_wide = not selection.is_everything or any(one is not None for one in (wish.run, wish.timestamp, wish.snapshot))
    info = None
    if named or not (is_wide or wish.redo):
        info = choose_plan(app, plan, plan_option, None if named else UNDOABLE)
    keep_both = wish.occupied == OCCUPIED[0]
    return Request(info, wish.run, wish.redo, since_ns, wish.snapshot, selection, keep_both, _words(wish))


def moment_ns(text: str) -> int:
    """The moment that a person has typed, in local time unless it says another. Raises: UsageProblem."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return round(moment.astimezone().timestamp() * 1_000_000) * 1_000
    except (ValueError, OverflowError, OSError) as error:
        hint = f"such as {EXAMPLE_MOMENT}, or 2026-01-31"
        raise UsageProblem(f"{text!r} is no moment in time", hint=hint) from error


def _path(text: str) -> bytes:
    """A name without a slash as it is; any other as an absolute path."""
    return os.path.normpath(os.path.join(os.getcwdb(), as_bytes(text))) if "/" in text else as_bytes(text)


def _words(wish: Wish) -> str:
    parts = [f"--category {each}" for each in wish.category]
    parts += [f"--ids {each}" for each in wish.ids]
    parts += [f"--paths {each}" for each in wish.paths]
    parts += [f"--timestamp {wish.timestamp}"] if wish.timestamp is not None else []
    parts += [f"--snapshot {wish.snapshot}"] if wish.snapshot is not None else []
    parts += [f"--run {wish.run}"] if wish.run is not None else []
    parts += ["--redo"] if wish.redo else []
    return " ".join(parts) or "plan"


def undo(app: App, request: Request, *, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Say what would be done, ask, do it, and report; the status. A dry run says the same and does nothing."""
    from ifmosfs.app.choosing import choose_to_undo
    from ifmosfs.app.undoing import Rehearsal, prepare_rollback, refuse_without_room, run_rollback
    from ifmosfs.cli.stopping import stop_on_signals

    reports: list[tuple[PreparedRollback, RunReport]] = []
    with app.writing() as journal:
        chosen = choose_to_undo(app, journal, request)
        first = prepare_rollback(app, journal, chosen[0])
        rehearsed: list[tuple[PreparedRollback, RunReport]] = []
        if dry_run or len(chosen) > 1:
            rehearsed = _rehearsed(Rehearsal(app, journal), first, chosen)
        app.idle()
        known = [each for each, _ in rehearsed] or [first]
        for prepared in () if dry_run else known:
            refuse_without_room(prepared)
        for prepared in () if as_json else known:
            announce(prepared)
        if dry_run:
            reports = rehearsed
        else:
            confirm("Move them back?", yes=yes)
            with stop_on_signals() as stop:
                for number, each in enumerate(chosen):
                    prepared = first if number == 0 else prepare_rollback(app, journal, each)
                    reports.append((prepared, run_rollback(app, journal, prepared, stop)))
                    if reports[-1][1].stop_cause is not None:
                        break
    if as_json:
        _print(reports, dry_run=dry_run)
    else:
        _show(reports, dry_run=dry_run)
    return _status([report for _, report in reports])


def _rehearsed(
    rehearsal: Rehearsal, first: PreparedRollback, chosen: Sequence[Chosen]
) -> list[tuple[PreparedRollback, RunReport]]:
    found = [(first, rehearsal.run(first))]
    for each in chosen[1:]:
        prepared = rehearsal.prepare(each)
        found.append((prepared, rehearsal.run(prepared)))
    return found


def _status(reports: Sequence[RunReport]) -> int:
    """That of the run, of several: interrupted, full, in part, nothing for conflicts, all."""
    from ifmosfs.cli.show_runs import run_status

    found = {run_status(report) for report in reports}
    for status in (130, 1):
        if status in found:
            return status
    return 3 if len(found) > 1 else found.pop()


def announce(prepared: PreparedRollback) -> None:
    """What a rollback would do, before anybody is asked."""
    from ifmosfs.cli.show_runs import show_problems
    from ifmosfs.core.execute import n_files_of

    order, info = prepared.planned.order, prepared.info
    way = "forth again to" if prepared.chosen.is_forth else "back from"
    click.echo(f"Plan {info.plan_id}: {counted(n_files_of(order), 'file')} {way} {shown(info.target)}")
    _show_added(prepared.chosen.added)
    if prepared.planned.modified:
        click.echo(
            f"  {counted(len(prepared.planned.modified), 'file')} changed since the commit, to go back with what is in there now:"
        )
        show_problems(prepared.planned.modified)
    if prepared.planned.beside:
        click.echo(f"  {counted(len(prepared.planned.beside), 'file')} will come back beside what is at the old place:")
        show_problems(prepared.planned.beside)
    if prepared.planned.from_held:
        click.echo(f"  {counted(len(prepared.planned.from_held), 'file')} will come back from held contents:")
        show_problems(prepared.planned.from_held)
    if prepared.lacking.copies:
        click.echo(f"  There is no room now for the copies of {counted(len(prepared.lacking.copies), 'file')} of these")
    for root in prepared.planned.remade_roots:
        click.echo(f"  {shown(root)} is not there any more, and is made again")
    n_emptied = _n_emptied(prepared.planned.problems)
    if n_emptied:
        click.echo(f"  {counted(n_emptied, 'file')} cannot come back: removed from the vault for good")
    n_kept = prepared.planned.n_kept - n_emptied
    if n_kept:
        click.echo(f"  {counted(n_kept, 'more file')} cannot go back now and will stay")


def _n_emptied(problems: Sequence[Problem]) -> int:
    from ifmosfs.core.rollback import EMPTIED

    return sum(each.code == EMPTIED for each in problems)


def _show_added(added: Sequence[Added]) -> None:
    from ifmosfs.core.selection import WORDS

    if not added:
        return
    click.echo(f"  {counted(len(added), 'more file')} must go with what was named:")
    for each in added[:N_SHOWN]:
        click.echo(f"    {shown(each.place.absolute)}: {WORDS[each.because]} {shown(each.of.absolute)}")
    if len(added) > N_SHOWN:
        click.echo(f"    … {len(added) - N_SHOWN:,} more (--json lists all)")


def _show(reports: Sequence[tuple[PreparedRollback, RunReport]], *, dry_run: bool) -> None:
    from ifmosfs.cli.show_runs import run_words, show_moves, show_problems

    for prepared, report in reports:
        show_moves(report, N_SHOWN)
        click.echo(f"{'Would be: ' if dry_run else ''}{run_words(report)}")
        show_problems((*prepared.lacking.problems, *report.problems) if dry_run else report.problems)
        if not dry_run:
            _say_what_next(prepared, report)


def _say_what_next(prepared: PreparedRollback, report: RunReport) -> None:
    plan_id = prepared.info.plan_id
    if report.problems and {each.code for each in report.problems} == {"gone"}:
        click.echo(
            "What is gone cannot be moved back; ifmosfs versions restore brings back what a version holds of it."
        )
        click.echo(f"Once it is where the plan had put it: ifmosfs rollback {plan_id}")
    elif report.n_conflicts > _n_emptied(report.problems) or report.n_failed or report.n_skipped:
        click.echo(f"What has stayed can still be moved {_how_to_go_on(prepared)}")
    elif prepared.chosen.is_forth:
        click.echo(f"Back again: ifmosfs rollback {plan_id}")
    elif prepared.chosen.only is not None or prepared.chosen.undo is not None:
        click.echo(f"Undo this: ifmosfs rollback execute --run {report.run_id}")
    else:
        click.echo(f"The plan can be taken up again: ifmosfs stage reopen {plan_id}")


def _how_to_go_on(prepared: PreparedRollback) -> str:
    chosen, plan_id = prepared.chosen, prepared.info.plan_id
    if not chosen.is_forth:
        return f"back: ifmosfs rollback {plan_id}"
    runs = sorted(chosen.undo or ())
    what = f"--run {runs[0]}" if len(runs) == 1 else f"{plan_id} --redo"
    return f"forth again: ifmosfs rollback execute {what}"


def _print(reports: Sequence[tuple[PreparedRollback, RunReport]], *, dry_run: bool) -> None:
    """One plan's fields at the top, as ever; where there are several, each of them in `plans`."""
    rows = [_fields(prepared, report, dry_run=dry_run) for prepared, report in reports]
    print_json(rows[0] if len(rows) == 1 else {"dry_run": dry_run, "plans": rows})


def _fields(prepared: PreparedRollback, report: RunReport, *, dry_run: bool) -> dict[str, object]:
    from ifmosfs.cli.show_runs import problem_fields, run_fields

    planned = prepared.planned
    added = [
        {"place": each.place.absolute, "because": each.because, "of": each.of.absolute}
        for each in prepared.chosen.added
    ]
    return {
        "plan": prepared.info.plan_id,
        "dry_run": dry_run,
        **run_fields(report, dry_run=dry_run, forbidding=prepared.lacking.problems if dry_run else ()),
        "added": added,
        "modified": problem_fields(planned.modified),
        "beside": problem_fields(planned.beside),
        "from_contents": problem_fields(planned.from_held),
    }
