"""`ifmosfs classify`."""

from __future__ import annotations

import csv
import io
import os
from typing import BinaryIO

import click

from ifmosfs.cli.common import counted, either, json_option, opened_app, print_json, session_option, shown
from ifmosfs.core.errors import UsageProblem


@click.command()
@session_option
@click.option("--all", "show_all", is_flag=True, help="A line for every file: category, confidence, reason.")
@click.option(
    "--paths-from",
    type=click.File("rb"),
    metavar="FILE",
    help="Label these files instead, a path on each line (or parted by NUL); - is stdin.",
)
@json_option
def classify(
    session: str | None, session_option: str | None, show_all: bool, paths_from: BinaryIO | None, as_json: bool
) -> None:
    """Say of each file what it is.

    Every file gets a category, a confidence and a reason, or none where nothing certain can be said. What was classified
    before and has not changed is not looked at again.

    With --paths-from, files are labelled without a scan, as path, label and confidence: a CSV, or with --json one object.
    """
    if paths_from is not None:
        if session or session_option or show_all:
            raise UsageProblem("--paths-from labels files and not a session", hint="leave the session and --all out")
        _label(paths_from.read(), as_json)
        return
    from ifmosfs.app.classifying import classify as classify_session
    from ifmosfs.app.learning import learn_from_all
    from ifmosfs.app.refiling import refile

    with opened_app() as app:
        info = app.catalogue.find_session(either(session, session_option, "session"))
        learn_from_all(app)
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
    have = "has" if decided == 1 else "have"
    click.echo(
        f"Classified {counted(report.n_new, 'file')} now; {decided:,} of {total:,} {have} a category ({report.classifier})"
    )
    if n_refiled:
        click.echo(
            f"{counted(n_refiled, 'file')} of the mounted plan re-filed; what you have moved yourself stays there"
        )
    click.echo(f"Session {info.session_id}. Next: ifmosfs stage create --session {info.session_id}")


def _label(listed: bytes, as_json: bool) -> None:
    from ifmosfs.app.evaluating import NOT_THERE, label_files

    paths = [path for path in listed.split(b"\0" if b"\0" in listed else b"\n") if path]
    with opened_app() as app:
        rows = list(label_files(app, paths))
        app.idle()
        absent = [path for path, proposal in rows if proposal is NOT_THERE]
        if absent:
            first = f"the first of them {shown(absent[0])}"
            app.notices.append(f"{len(absent):,} of {len(rows):,} paths lead to nothing that is there, {first}.")
    if as_json:
        files = [
            {"path": path, "label": proposal.label, "confidence": proposal.score, "reason": proposal.reason}
            for path, proposal in rows
        ]
        print_json({"files": files})
        return
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(("path", "label", "confidence"))
    out.writerows((os.fsdecode(path), proposal.label or "", proposal.score) for path, proposal in rows)
    click.echo(os.fsencode(text.getvalue()), nl=False)  # for programs: the very paths that were given
