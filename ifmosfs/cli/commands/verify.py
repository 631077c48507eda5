"""`ifmosfs verify`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import choose_plan, counted, json_option, opened_app, plan_argument, print_json, recover_first


@click.command()
@plan_argument
@json_option
def verify(plan: str | None, plan_option: str | None, as_json: bool) -> int:
    """Prove that the disk is what the plan says.

    Every file that was moved is looked up at its new place and compared with what arrived there.

    Exit status: 0 it is; 1 something is missing or was changed since.
    """
    from ifmosfs.app.undoing import UNDOABLE, verify_plan
    from ifmosfs.cli.show_runs import problem_fields, show_problems

    with opened_app() as app:
        recover_first(app)
        info = choose_plan(app, plan, plan_option, None if plan or plan_option else UNDOABLE)
        with app.writing() as journal:
            report = verify_plan(app, journal, info)
    if as_json:
        print_json(
            {
                "plan": info.plan_id,
                "holds": report.holds,
                "checked": report.n_checked,
                "missing": problem_fields(report.missing),
                "changed": problem_fields(report.changed),
                "extra": problem_fields(report.extra),
            }
        )
        return 0 if report.holds else 1
    click.echo(f"Plan {info.plan_id}: {counted(report.n_checked, 'entry')} looked at")
    show_problems(report.problems)
    if report.holds:
        click.echo("Everything is where the plan put it, unchanged.")
    else:
        click.echo(f"{len(report.missing):,} missing, {len(report.changed):,} changed since the commit")
    return 0 if report.holds else 1
