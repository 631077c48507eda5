"""`ifmosfs stage validate`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import choose_plan, counted, json_option, opened_app, plan_argument, print_json, recover_first


@click.command()
@plan_argument
@json_option
def validate(plan: str | None, plan_option: str | None, as_json: bool) -> int:
    """Check a plan against the disk as it is now: every problem at once, each with its remedy.

    Exit status: 0 nothing stands against it; 4 something does.
    """
    from ifmosfs.app.committing import hopeless, prepare_commit
    from ifmosfs.app.mounting import OPEN_STATES
    from ifmosfs.cli.show_runs import problem_fields, show_problems
    from ifmosfs.core.plan import PlanEvent

    with opened_app() as app:
        recover_first(app)
        info = choose_plan(app, plan, plan_option, OPEN_STATES)
        with app.writing() as journal:
            prepared = prepare_commit(app, journal, info)
        checked = prepared.checked
        if checked.ready and info.state in OPEN_STATES:
            app.catalogue.advance(info.plan_id, PlanEvent.VALIDATE)
    if as_json:
        fields = {"plan": info.plan_id, "ready": checked.ready, "problems": problem_fields(checked.problems)}
        print_json({**fields, "files": checked.n_steps, "copies": checked.n_copies, "copy_bytes": checked.n_bytes})
        return 0 if checked.ready else 4
    click.echo(f"Plan {info.plan_id}: {counted(checked.n_steps, 'file')} checked")
    show_problems(checked.problems)
    if checked.ready:
        click.echo(f"Nothing stands against it. Apply: ifmosfs commit {info.plan_id}")
    else:
        would = "not begin" if hopeless(prepared) is not None else "leave those files where they are"
        click.echo(f"{counted(len(checked.problems), 'problem')}; commit would {would}.")
    return 0 if checked.ready else 4
