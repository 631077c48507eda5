"""`ifmosfs stage create`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import (
    as_bytes,
    either,
    json_option,
    opened_app,
    print_json,
    recover_first,
    session_option,
)
from ifmosfs.core.plan import ConflictStrategy

STRATEGIES = [strategy.value for strategy in ConflictStrategy]


@click.command()
@session_option
@click.option("--output", "-o", "target", metavar="TARGET", help="Where the files go. Default: ~/Organized.")
@click.option(
    "--conflict",
    type=click.Choice(STRATEGIES),
    default=ConflictStrategy.RENAME.value,
    show_default=True,
    help="When a name is taken: number the newcomer (rename), or leave it where it is (skip; ask: listed until resolved).",
)
@json_option
def create(session: str | None, session_option: str | None, target: str | None, conflict: str, as_json: bool) -> None:
    """Plan a session's files into a target folder.

    The plan sees what already is in the target and what it does itself, so every collision is found now. Files nobody is
    sure about stay where they are.
    """
    from ifmosfs.app.checks import target_problem
    from ifmosfs.app.staging import create_plan
    from ifmosfs.cli.show_plan import report_fields, show_report
    from ifmosfs.cli.show_runs import warn_of

    with opened_app() as app:
        recover_first(app)
        info = app.catalogue.find_session(either(session, session_option, "session"))
        wanted = None if target is None else as_bytes(target)
        report = create_plan(app, info, wanted, ConflictStrategy(conflict))
        app.idle()
        warn_of(target_problem(app, report.target))
    if as_json:
        print_json(report_fields(report))
        return
    show_report(report)
    click.echo(f"Look: ifmosfs mount --plan {report.plan_id} · Apply: ifmosfs commit {report.plan_id}")
