"""`ifmosfs verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import choose_plan, counted, json_option, opened_app, plan_argument, print_json, recover_first

if TYPE_CHECKING:
    from ifmosfs.app.undoing import NotMoved
    from ifmosfs.core.manifest import PlanInfo
    from ifmosfs.core.reports import VerifyReport


@click.command()
@plan_argument
@json_option
def verify(plan: str | None, plan_option: str | None, as_json: bool) -> int:
    """Prove that the disk is what the plan says.

    Every file that was moved is looked up at its new place and compared with what arrived there: the same inode, size and
    time; copies from another filesystem are read in full.

    Exit status: 0 it is; 1 something is missing or was changed since; 3 what is there is in order, and some files of the plan were
    never moved, or a rollback has moved them back.
    """
    from ifmosfs.app.undoing import UNDOABLE, NotMoved, not_moved, verify_plan
    from ifmosfs.cli.show_runs import problem_fields, show_problems
    from ifmosfs.core.plan import PlanState

    with opened_app() as app:
        recover_first(app, reads_past=True)
        info = choose_plan(app, plan, plan_option, None if plan or plan_option else UNDOABLE)
        with app.writing() as journal:
            report = verify_plan(app, journal, info)
            left = NotMoved(0, 0) if info.state is PlanState.ROLLED_BACK else not_moved(app, journal, info)
    n_left = left.n_files
    is_in_part = n_left > 0 or (report.n_taken_back > 0 and info.state is not PlanState.ROLLED_BACK)
    if as_json:
        print_json(
            {
                "plan": info.plan_id,
                "holds": report.holds,
                "checked": report.n_checked,
                "moved_back": report.n_taken_back,
                "not_moved": n_left,
                "outdated": left.n_outdated,
                "missing": problem_fields(report.missing),
                "changed": problem_fields(report.changed),
                "extra": problem_fields(report.extra),
            }
        )
        return _status(report.holds, is_in_part)
    click.echo(f"Plan {info.plan_id}: {counted(report.n_checked, 'entry')} looked at")
    show_problems(report.problems)
    for line in _words(info, report, n_left):
        click.echo(line)
    for line in _left_words(info, left):
        click.echo(line)
    return _status(report.holds, is_in_part)


def _left_words(info: PlanInfo, left: NotMoved) -> list[str]:
    n_waiting, lines = left.n_files - left.n_outdated, []
    if n_waiting:
        lines.append(
            f"{counted(n_waiting, 'file')} of the plan never moved: ifmosfs commit {info.plan_id} tries again."
        )
    if left.n_outdated:
        what = f"{counted(left.n_outdated, 'file')} of the plan never moved"
        lines.append(f"{what}, gone or changed since the scan: scan again, then look at the new plan.")
    return lines


def _status(holds: bool, is_in_part: bool) -> int:
    if not holds:
        return 1
    return 3 if is_in_part else 0


def _words(info: PlanInfo, report: VerifyReport, n_left: int) -> list[str]:
    from ifmosfs.core.plan import PlanState

    n_back, lines = counted(report.n_taken_back, "file"), []
    is_over = info.state is PlanState.ROLLED_BACK
    if report.n_taken_back and not is_over:
        left = f"{counted(report.n_held, 'file')} left" if report.n_held else "none is left"
        lines = [f"A rollback of this plan has moved {n_back} back; {left} where the plan put it."]
    if not report.holds:
        lines.append(f"{len(report.missing):,} missing, {len(report.changed):,} changed since")
    elif is_over:
        lines.append(f"The plan has been rolled back: {n_back} moved back, unchanged since.")
    elif not report.n_taken_back:
        what = "Everything" if n_left <= 0 else "What was moved"
        lines.append(f"{what} is where the plan put it, unchanged.")
    if report.n_taken_back and not is_over:
        lines.append(f"{'Move the rest back' if report.n_held else 'Finish it'}: ifmosfs rollback {info.plan_id}")
    return lines
