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
from ifmosfs.cli.conflict_options import conflict_options, conflict_rules


@click.command()
@session_option
@click.option("--output", "-o", "target", metavar="TARGET", help="Where the files go. Default: ~/Organized.")
@conflict_options
@json_option
def create(
    session: str | None,
    session_option: str | None,
    target: str | None,
    conflict: str | None,
    conflict_for: tuple[str, ...],
    duplicates: str | None,
    as_json: bool,
) -> None:
    """Plan a session's files into a target folder.

    The plan sees what already is in the target and what it does itself, so every collision is found now. Files nobody is
    sure about stay where they are.
    """
    from ifmosfs.app.checks import target_problem
    from ifmosfs.app.learning import learn_from_all
    from ifmosfs.app.staging import create_plan
    from ifmosfs.cli.show_plan import report_fields, show_report
    from ifmosfs.cli.show_runs import warn_of

    rules = conflict_rules(conflict, conflict_for, duplicates)
    with opened_app() as app:
        recover_first(app)
        info = app.catalogue.find_session(either(session, session_option, "session"))
        wanted = None if target is None else as_bytes(target)
        learn_from_all(app)
        report = create_plan(app, info, wanted, rules)
        app.idle()
        warn_of(target_problem(app, report.target))
    if as_json:
        print_json(report_fields(report))
        return
    show_report(report)
    click.echo(f"Look: ifmosfs mount --plan {report.plan_id} · Apply: ifmosfs commit {report.plan_id}")
