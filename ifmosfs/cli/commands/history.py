"""`ifmosfs history`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import (
    as_bytes,
    counted,
    json_option,
    opened_app,
    print_json,
    recover_first,
    shown,
    warn_of_lost_journals,
)
from ifmosfs.cli.show_runs import date_of, journal_run_fields
from ifmosfs.core.errors import RecoveryNeeded
from ifmosfs.core.journal import RunKind
from ifmosfs.core.names import display

if TYPE_CHECKING:
    from ifmosfs.app.context import App
    from ifmosfs.app.histories import Event, FileHistory, LoggedRun
    from ifmosfs.core.manifest import PlanInfo

EMPTY = "vault empty"
VAULT = ("vault restore", EMPTY)


@click.command()
@click.argument("file", required=False, metavar="[FILE]")
@json_option
def history(file: str | None, as_json: bool) -> int:
    """What was done, run by run; or with FILE its whole way, found by its old, its present or any name between.

    A file's way tells when it was scanned, what it was held for, where it was planned to go and who changed that, when it was moved
    and moved back, and between the moves whether somebody changed it. Several files may have had one name: each is told.

    Nothing of it can be changed: the logs that it is read from only grow.

    Exit status: 0; 8 where runs are lacking, because the journal of a committed plan is lost.
    """
    from ifmosfs.app.histories import file_history, logged_runs
    from ifmosfs.app.recovering import lost_plans

    path = None if file is None else os.path.abspath(as_bytes(file))
    with opened_app() as app:
        recover_first(app, reads_past=True)
        if path is None:
            runs: list[LoggedRun] = []
            if app.has_journal:
                with app.writing() as journal:
                    runs, lost = logged_runs(app, journal), lost_plans(app, journal)
            else:
                lost = lost_plans(app, None)
            warn_of_lost_journals(app, lost)
            _show_runs(runs, lost, as_json=as_json)
            return RecoveryNeeded.exit_status if lost else 0
        told = _told(app, path) if app.has_journal else file_history(app, None, path)
    if as_json:
        print_json({"files": [_file_fields(each) for each in told]})
        return 0
    for each in told:
        _show_file(each)
    return 0


def _told(app: App, path: bytes) -> list[FileHistory]:
    from ifmosfs.app.histories import file_history

    with app.writing() as journal:
        return file_history(app, journal, path)


def _show_runs(runs: list[LoggedRun], lost: list[PlanInfo], *, as_json: bool) -> None:
    if as_json:
        rows = [
            {
                **journal_run_fields(each.run, each.command),
                "moved": each.n_moved,
                "direction": _direction(each),
                "removed": each.n_removed,
                "selection": None if each.rollback is None else each.rollback.selection,
                "conflicts": None if each.rollback is None else each.rollback.n_conflicts,
                "failed": None if each.rollback is None else each.rollback.n_failed,
            }
            for each in runs
        ]
        print_json({"runs": rows, "lost_journals": [info.plan_id for info in lost]})
        return
    width = max((len(each.command) for each in runs), default=0)
    for each in runs:
        run, entry = each.run, each.rollback
        is_plain = entry is None or entry.selection == "plan" or each.command in VAULT
        chosen = "" if entry is None or is_plain else f"  ({display(entry.selection.encode())})"
        state = "" if run.state.value == "complete" else f"  {run.state.value.replace('_', ' ')}"
        click.echo(
            f"{date_of(run.started_ns)}  {each.command:{width}}  {run.run_id}  plan {run.plan_id}  {_did(each)}{state}{chosen}"
        )
    if not runs and not lost:
        click.echo("Nothing has been moved yet.")


def _direction(each: LoggedRun) -> str | None:
    """Which way a run has moved files; `None` for one that moves none."""
    if each.command == EMPTY:
        return None
    return "forth" if each.is_forth else "back"


def _did(each: LoggedRun) -> str:
    """What a run has done, in words."""
    way = "" if each.run.kind is RunKind.COMMIT else f" {_direction(each)}"
    moved = f"{counted(each.n_moved, 'file')} moved{way}"
    if each.command not in VAULT:
        return moved
    parts = [moved] if each.n_moved else []
    parts += [f"{counted(each.n_removed, 'file')} removed for good"] if each.n_removed else []
    parts += [f"{counted(each.n_folders_removed, 'empty folder')} removed"] if each.n_folders_removed else []
    return ", ".join(parts) or "nothing done"


def _show_file(each: FileHistory) -> None:
    note = "" if each.found == "there" else f"  ({each.found})"
    click.echo(f"{shown(each.present)}{note}")
    for event in each.events:
        click.echo(f"  {date_of(event.at_ns)}  {event.what:11}  {_words(event)}")


def _words(event: Event) -> str:
    """What happened, and from where to where."""
    parts = [event.words] if event.words != event.what else []
    if (
        event.what in {"moved", "moved back", "moved forth", "put away"}
        and event.old is not None
        and event.new is not None
    ):
        parts.append(f"{shown(event.old)} -> {shown(event.new)}")
    elif event.what in {"staged", "edited"} and event.new is not None:
        parts.append(shown(event.new))
    elif event.what in {"scanned", "changed"} and event.old is not None:
        parts.append(shown(event.old))
    run = "" if event.run_id is None else f"run {event.run_id}, "
    plan = "" if event.plan_id is None else f"  [{run}plan {event.plan_id}]"
    return f"{': '.join(parts)}{plan}"


def _file_fields(each: FileHistory) -> dict[str, object]:
    return {
        "names": list(each.names),
        "present": each.present,
        "found": each.found,
        "events": [
            {
                "at_ns": event.at_ns,
                "what": event.what,
                "words": event.words,
                "plan": event.plan_id,
                "run": event.run_id,
                "old": event.old,
                "new": event.new,
            }
            for event in each.events
        ],
    }
