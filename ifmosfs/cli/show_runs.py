"""Runs in words: what commit, rollback, recovery and verification did and found."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import counted, shown
from ifmosfs.core.reports import StopCause

if TYPE_CHECKING:
    from ifmosfs.core.journal import Run
    from ifmosfs.core.reports import Problem, RecoveryReport, RunReport

N_NAMED = 10
HELD_UP = "held_up"  # the state of a rehearsed run that would not begin


def show_problems(problems: Sequence[Problem], *, err: bool = False, n_named: int = N_NAMED) -> None:
    """One line per problem, with its code, and the remedy of each code once."""
    for problem in problems[:n_named]:
        click.echo(f"  {problem.code}: {shown(problem.path)}: {problem.words}", err=err)
    if len(problems) > n_named:
        click.echo(f"  … {len(problems) - n_named:,} more (--json lists all)", err=err)
    for remedy in dict.fromkeys(problem.remedy for problem in problems if problem.remedy):
        click.echo(f"  hint: {remedy}", err=err)


def warn_of(problem: Problem | None) -> None:
    """One line on stderr about something that does not stand in the way yet."""
    if problem is not None:
        remedy = f" ({problem.remedy})" if problem.remedy else ""
        click.echo(f"warning: {problem.words}: {shown(problem.path)}{remedy}", err=True)


def problem_fields(problems: Iterable[Problem]) -> list[dict[str, object]]:
    """The same for programs."""
    return [
        {"code": problem.code, "path": problem.path, "words": problem.words, "remedy": problem.remedy}
        for problem in problems
    ]


def show_moves(report: RunReport, n_named: int) -> None:
    """The first files that were, or in a rehearsal would be, moved."""
    from ifmosfs.core.held import is_copy_place

    for moved in report.moved[:n_named]:
        source, target = ("(a held content)" if is_copy_place(place) else shown(place.absolute) for place in moved)
        click.echo(f"  {source} -> {target}")
    if report.n_moved > n_named:
        click.echo(f"  … {report.n_moved - n_named:,} more")


def run_words(report: RunReport) -> str:
    """The counts of a run in one line."""
    is_full = report.stop_cause is StopCause.DISK_FULL
    parts = [f"{report.n_done:,} moved"]
    for n_files, words in (
        (report.n_conflicts, "in conflict (not touched)"),
        (report.n_failed, "refused by the system"),
        (report.n_skipped, "not reached (the disk is full)" if is_full else "not reached"),
    ):
        if n_files:
            parts.append(f"{n_files:,} {words}")
    if report.n_vaulted:
        parts.append(f"{report.n_vaulted:,} put into the vault")
    if report.n_folders_made:
        parts.append(f"{counted(report.n_folders_made, 'folder')} made")
    if report.n_folders_removed:
        parts.append(f"{counted(report.n_folders_removed, 'empty folder')} removed")
    return ", ".join(parts)


def run_fields(report: RunReport, *, dry_run: bool = False, forbidding: Sequence[Problem] = ()) -> dict[str, object]:
    """A run for programs. A dry run is in no journal, and so has no id; with problems that are `forbidding` it would not begin."""
    return {
        "run": None if dry_run else report.run_id,
        "state": HELD_UP if forbidding else report.state.value,
        "moved": report.n_done,
        "vaulted": report.n_vaulted,
        "conflicts": report.n_conflicts,
        "failed": report.n_failed,
        "skipped": report.n_skipped,
        "folders_made": report.n_folders_made,
        "folders_removed": report.n_folders_removed,
        "problems": problem_fields((*forbidding, *report.problems)),
    }


def date_of(at_ns: int) -> str:
    """A moment for people, to the second, in local time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at_ns // 1_000_000_000))


def journal_run_fields(run: Run, command: str) -> dict[str, object]:
    """A run, as the journal holds it, for programs, with the command that it was of."""
    return {
        "run": run.run_id,
        "kind": run.kind.value,
        "command": command,
        "plan": run.plan_id,
        "state": run.state.value,
        "started_ns": run.started_ns,
        "finished_ns": run.finished_ns,
    }


def show_recovery(report: RecoveryReport, *, dry_run: bool = False, err: bool = False) -> None:
    """What recovery found and did, or would do."""
    would_be = "Would be: " if dry_run else ""
    places = "at their target" if report.is_forth else "back where they were"
    done = f"{report.n_done:,} files are {places}, {report.n_skipped:,} still wait"
    click.echo(f"{would_be}An interrupted run ({report.run_id}) was brought into order: {done}.", err=err)
    for line in report.lines[:N_NAMED]:
        place = line.source or line.target
        path = shown(place.absolute) if place is not None else ""
        click.echo(f"  {would_be}{path}: found {line.found}; {line.did}", err=err)
    if len(report.lines) > N_NAMED:
        click.echo(f"  … {len(report.lines) - N_NAMED:,} more (--json lists all)", err=err)
    show_problems(report.problems, err=err)


def recovery_fields(report: RecoveryReport) -> dict[str, object]:
    """A recovery for programs, with a line for every operation that was decided."""
    return {
        "run": report.run_id,
        "kind": report.kind.value,
        "done": report.n_done,
        "waiting": report.n_skipped,
        "conflicts": report.n_conflicts,
        "failed": report.n_failed,
        "lines": [
            {
                "kind": line.kind.value,
                "source": None if line.source is None else line.source.absolute,
                "target": None if line.target is None else line.target.absolute,
                "found": line.found,
                "did": line.did,
                "state": line.state.value,
            }
            for line in report.lines
        ],
        "problems": problem_fields(report.problems),
    }


def run_status(report: RunReport) -> int:
    """The exit status of a run that came to an end: all, in part, nothing for conflicts, interrupted, full."""
    if report.stop_cause is StopCause.INTERRUPTED:
        return 130
    if report.stop_cause is StopCause.DISK_FULL:
        return 1
    if not (report.n_conflicts or report.n_failed or report.n_skipped):
        return 0  # also where a folder's time was refused, as in a folder of somebody else: it is told, and every file is there
    return 3 if report.n_done or report.n_vaulted else 4
