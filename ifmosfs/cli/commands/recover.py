"""`ifmosfs recover`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import json_option, opened_app, print_json
from ifmosfs.cli.show_runs import problem_fields, show_recovery


@click.command()
@json_option
def recover(as_json: bool) -> int:
    """Finish or undo what an interrupted run began.

    It looks at the disk, file by file, and decides from what is there. Every command that needs it does this by itself.

    Exit status: 0; 3 when something must be looked at.
    """
    from ifmosfs.app.recovering import recover_runs, refuse_lost_journal

    with opened_app() as app, app.writing() as journal:
        reports = recover_runs(app, journal)
        refuse_lost_journal(app, journal)
    if as_json:
        runs = [
            {
                "run": report.run_id,
                "done": report.n_done,
                "waiting": report.n_skipped,
                "conflicts": report.n_conflicts,
                "failed": report.n_failed,
                "problems": problem_fields(report.problems),
            }
            for report in reports
        ]
        print_json({"recovered": runs})
    for report in () if as_json else reports:
        show_recovery(report)
    if not reports and not as_json:
        click.echo("Nothing to recover: every run has finished.")
    return 3 if any(report.problems for report in reports) else 0
