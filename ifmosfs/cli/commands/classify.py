"""`ifmosfs classify`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import counted, either, json_option, opened_app, print_json, session_option, shown


@click.command()
@session_option
@click.option("--all", "show_all", is_flag=True, help="A line for every file: category, confidence, reason.")
@json_option
def classify(session: str | None, session_option: str | None, show_all: bool, as_json: bool) -> None:
    """Say of each file what it is.

    Every file gets a category, a confidence and a reason, or none where nothing certain can be said. What was classified
    before and has not changed is not looked at again.
    """
    from ifmosfs.app.classifying import classify as classify_session
    from ifmosfs.app.refiling import refile

    with opened_app() as app:
        info = app.catalogue.find_session(either(session, session_option, "session"))
        report = classify_session(app, info.session_id)
        n_refiled = refile(app, info.session_id, report.fresh)
        rows = list(app.catalogue.classified(info.session_id)) if show_all or as_json else []
    decided, total = report.counts.n_labelled, report.counts.n_files
    if as_json:
        files = [
            {
                "root": file.root,
                "path": file.path,
                "label": proposal.label if proposal else None,
                "confidence": proposal.score if proposal else 0.0,
                "reason": proposal.reason if proposal else "not classified",
                "runner_up": proposal.runner_up if proposal else None,
            }
            for file, proposal in rows
        ]
        print_json(
            {
                "session": info.session_id,
                "classifier": report.classifier,
                "new": report.n_new,
                "refiled": n_refiled,
                "files": files,
            }
        )
        return
    for file, proposal in rows:
        if proposal is not None:
            label = proposal.label or "-"
            click.echo(f"{label:24} {proposal.score:.2f}  {shown(file.place.absolute)}  ({proposal.reason})")
    click.echo(
        f"Classified {counted(report.n_new, 'file')} now; {decided:,} of {total:,} have a category ({report.classifier})"
    )
    if n_refiled:
        click.echo(
            f"{counted(n_refiled, 'file')} of the mounted plan re-filed; what you have moved yourself stays there"
        )
    click.echo(f"Session {info.session_id}. Next: ifmosfs stage create --session {info.session_id}")
