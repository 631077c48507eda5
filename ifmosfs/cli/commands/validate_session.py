"""`ifmosfs validate session`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import counted, either, json_option, opened_app, print_json, session_option
from ifmosfs.cli.show_validation import finding_fields, level_option, report_option, save_report, show_findings


@click.command()
@session_option
@level_option
@report_option
@json_option
def session(session: str | None, session_option: str | None, level: str, report_file: str | None, as_json: bool) -> int:
    """Are the scanned files still what was scanned? Only looks; `scan` brings the session up to date.

    Files that are new, and files not yet classified, count at the strict level only.

    Exit status: 0 yes; 4 no.
    """
    from ifmosfs.app.inspecting import inspect_session
    from ifmosfs.core.validation import Level

    with opened_app() as app:
        info = app.catalogue.find_session(either(session, session_option, "session"))
        report = inspect_session(app, info, Level(level))
    ready = not report.findings
    fields: dict[str, object] = {"session": report.session_id, "level": level, "ready": ready}
    fields |= {"unchanged": report.n_unchanged, "changed": report.n_changed, "vanished": report.n_vanished}
    fields |= {"new": report.n_new, "not_classified": report.n_unclassified}
    save_report(report_file, fields, report.findings)
    if as_json:
        print_json({**fields, "problems": finding_fields(report.findings)})
        return 0 if ready else 4
    click.echo(
        f"Session {report.session_id}: {counted(report.n_unchanged, 'file')} unchanged, {report.n_changed:,} changed, "
        f"{report.n_vanished:,} vanished, {report.n_new:,} new"
    )
    show_findings(report.findings)
    if ready:
        click.echo(f"Nothing stands against it. Plan: ifmosfs stage create {report.session_id}")
    return 0 if ready else 4
