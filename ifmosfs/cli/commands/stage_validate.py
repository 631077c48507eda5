"""`ifmosfs stage validate`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import choose_plan, counted, json_option, opened_app, plan_argument, print_json, recover_first
from ifmosfs.cli.show_validation import (
    finding_fields,
    level_option,
    report_option,
    save_report,
    show_findings,
    show_warnings,
    windows_option,
)


@click.command()
@plan_argument
@level_option
@windows_option
@report_option
@json_option
def validate(
    plan: str | None, plan_option: str | None, level: str, windows: bool, report_file: str | None, as_json: bool
) -> int:
    """Check a plan against the disk as it is now: every problem at once, each with its remedy.

    Nothing is changed; what `stage fix` would do about a problem stands beside it. A plan that nothing stands against is
    marked as validated. A relative link that would lead elsewhere from its new place is a problem, for commit leaves it where it
    is; in a folder that moves as a whole it goes along, and is told as a warning, which only --level strict counts.

    Exit status: 0 nothing stands against it; 4 something does.
    """
    from ifmosfs.app.mounting import OPEN_STATES
    from ifmosfs.app.validating import validate_plan
    from ifmosfs.core.validation import Level

    with opened_app() as app:
        recover_first(app)
        info = choose_plan(app, plan, plan_option, OPEN_STATES)
        found = validate_plan(app, info, Level(level), windows=windows)
    report = found.report
    fields = {"plan": info.plan_id, "level": level, "ready": report.ready, "files": report.n_files}
    fields |= {"copies": report.n_copies, "copy_bytes": report.n_bytes}
    save_report(report_file, fields, report.findings, report.warnings)
    if as_json:
        warnings = finding_fields(report.warnings)
        print_json({**fields, "problems": finding_fields(report.findings), "warnings": warnings})
        return 0 if report.ready else 4
    click.echo(f"Plan {info.plan_id}: {counted(report.n_files, 'file')} checked")
    show_findings(report.findings)
    show_warnings(report.warnings)
    if report.ready:
        click.echo(f"Nothing stands against it. Apply: ifmosfs commit {info.plan_id}")
        return 0
    click.echo(f"{counted(len(report.findings), 'problem')}; {_consequence(found)}.")
    if report.fixable:
        click.echo(f"ifmosfs stage fix {info.plan_id} would mend {len(report.fixable):,} of them.")
    return 4


def _consequence(found: object) -> str:
    """What a commit would do now."""
    from ifmosfs.app.committing import hopeless
    from ifmosfs.app.validating import Validation
    from ifmosfs.core.guard import OVERRIDES

    assert isinstance(found, Validation)
    if hopeless(found.prepared) is not None:
        return "commit would not begin"
    if found.held_up:
        options = " and ".join(dict.fromkeys(OVERRIDES[each.code] for each in found.held_up))
        return f"commit would not begin without {options}"
    n_staying = found.report.n_staying
    if not n_staying:
        return "commit would begin all the same"
    if n_staying == len(found.report.findings):
        return "commit would leave those files where they are"
    return f"commit would leave the files of {n_staying:,} of them where they are"
