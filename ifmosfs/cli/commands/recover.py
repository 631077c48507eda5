"""`ifmosfs recover`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import as_bytes, counted, dry_run_option, json_option, opened_app, print_json, shown
from ifmosfs.cli.show_runs import recovery_fields, show_recovery
from ifmosfs.core.errors import UsageProblem
from ifmosfs.core.plan import PlanState

if TYPE_CHECKING:
    from ifmosfs.app.rebuilding import JournalFound, RebuildReport
    from ifmosfs.core.reports import RecoveryReport

N_DAMAGES = 5


@click.command()
@click.argument("places", nargs=-1, metavar="[TARGET|FILE]...")
@click.option(
    "--from-journal", is_flag=True, help="Make a lost or damaged database again from the journals beside the data."
)
@click.option(
    "--moved",
    nargs=2,
    multiple=True,
    metavar="OLD NEW",
    help="With --from-journal: the folder OLD, such as a removable disk, is now found at NEW. May be repeated.",
)
@dry_run_option
@json_option
def recover(
    places: tuple[str, ...], from_journal: bool, moved: tuple[tuple[str, str], ...], dry_run: bool, as_json: bool
) -> int:
    """Finish or undo what an interrupted run began.

    It looks at the disk, file by file, and decides from what is there. Every command that needs it does this by itself.

    With --from-journal, databases that are lost or damaged are made again from TARGET/.ifmosfs/journal-*.jsonl of the
    targets that are named, or else of all that are known. A damaged file is kept beside the new one.

    Exit status: 0; 3 when something must be looked at.
    """
    if from_journal:
        return _rebuild(places, moved, dry_run=dry_run, as_json=as_json)
    if places or moved:
        raise UsageProblem("targets and --moved belong to --from-journal", hint="ifmosfs recover --from-journal TARGET")
    return _recover(dry_run=dry_run, as_json=as_json)


def _recover(*, dry_run: bool, as_json: bool) -> int:
    from ifmosfs.app.recovering import recover_runs, refuse_lost, rehearse_recovery

    with opened_app() as app:
        if dry_run:
            reports = rehearse_recovery(app)
        else:
            with app.writing() as journal:
                reports = recover_runs(app, journal)
                refuse_lost(app, journal)
    if as_json:
        print_json({"dry_run": dry_run, "recovered": [recovery_fields(report) for report in reports]})
    else:
        _show_recovered(reports, dry_run=dry_run)
    return _status(reports)


def _status(reports: Sequence[RecoveryReport]) -> int:
    return 3 if any(report.problems for report in reports) else 0


def _show_recovered(reports: Sequence[RecoveryReport], *, dry_run: bool) -> None:
    for report in reports:
        show_recovery(report, dry_run=dry_run)
    if not reports:
        click.echo("Nothing to recover: every run has finished.")


def _rebuild(places: Sequence[str], moved: Sequence[tuple[str, str]], *, dry_run: bool, as_json: bool) -> int:
    from ifmosfs.app.rebuilding import rebuild
    from ifmosfs.app.rehearsed_rebuild import rehearse_rebuild

    moves = tuple((_folder(old), _folder(new)) for old, new in moved)
    with opened_app() as app:
        report = (rehearse_rebuild if dry_run else rebuild)(app, [as_bytes(place) for place in places], moves)
    if as_json:
        print_json({"dry_run": dry_run, **_rebuild_fields(report)})
    else:
        _show_rebuilt(report, dry_run=dry_run)
    return 0 if report.is_whole else 3


def _folder(value: str) -> bytes:
    path = as_bytes(value)
    if not path.startswith(b"/"):
        raise UsageProblem(
            "--moved takes two whole paths", hint="ifmosfs recover --from-journal --moved /media/OLD /media/NEW"
        )
    return path.rstrip(b"/") or b"/"


def _rebuild_fields(report: RebuildReport) -> dict[str, object]:
    return {
        "kept_aside": list(report.kept_aside),
        "journals": [
            {
                "path": found.path,
                "what": found.what,
                "run": found.run and found.run.run_id,
                "plan": found.run and found.run.plan_id,
                "target": found.run and found.run.target,
                "operations": found.n_operations,
                "open": found.n_open,
                "damaged_lines": [{"line": each.line_number, "reason": each.reason} for each in found.damages],
            }
            for found in report.journals
        ],
        "missing": [{"run": run_id, "target": target} for run_id, target in report.missing],
        "plans": list(report.plans),
        "recovered": [recovery_fields(each) for each in report.recovered],
    }


def _show_rebuilt(report: RebuildReport, *, dry_run: bool) -> None:
    would_be = "Would be: " if dry_run else ""
    for path in report.kept_aside:
        click.echo(f"{would_be}Damaged, and kept: {shown(path)}")
    for found in report.journals:
        click.echo(f"{would_be}{shown(found.path)}: {_words(found)}")
        for damage in found.damages[:N_DAMAGES]:
            click.echo(f"  line {damage.line_number}: {damage.reason}")
        if len(found.damages) > N_DAMAGES:
            click.echo(f"  … {len(found.damages) - N_DAMAGES:,} more (--json lists all)")
    for run_id, target in report.missing:
        click.echo(
            f"No journal was found of run {run_id} into {shown(target)}: name its target if it lies elsewhere now"
        )
    for recovered in report.recovered:
        show_recovery(recovered, dry_run=dry_run)
    for plan, state in report.plans.items():
        if state is PlanState.ROLLED_BACK:
            next_step = f", as rolled back. Take it up again: ifmosfs stage reopen {plan}"
        else:
            next_step = f". Undo: ifmosfs rollback {plan} · Prove: ifmosfs verify {plan}"
        click.echo(f"{would_be}Plan {plan} is known again{next_step}")


def _words(found: JournalFound) -> str:
    if found.run is None:
        return "cannot be used"
    run = f"{found.run.kind.value} {found.run.run_id} of plan {found.run.plan_id}"
    if found.what == "moved":
        old = shown(found.run.target)
        return f"{run} was made in {old}, and is not taken over. If this is the same folder: add --moved OLD NEW"
    if found.what == "known":
        return f"{run} is known already"
    waiting = f", {found.n_open:,} of them to be decided from the disk" if found.n_open else ""
    return f"{run}: {counted(found.n_operations, 'operation')} restored{waiting}"
