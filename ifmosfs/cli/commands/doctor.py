"""`ifmosfs doctor`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import json_option, opened_app, print_json

MARKS = {"ok": "✓ ok     ", "warning": "! warning", "problem": "× problem"}
COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}


@click.command()
@json_option
def doctor(as_json: bool) -> int:
    """What is here, what is missing, and the remedy.

    Exit status: 0; 6 when something that is needed for mounting or moving is missing.
    """
    from ifmosfs.app.checkup import Level, check_up

    with opened_app() as app:
        findings = check_up(app)
    if as_json:
        rows = [
            {"level": one.level.value, "what": one.what, "found": one.found, "remedy": one.remedy} for one in findings
        ]
        print_json({"findings": rows})
    else:
        for one in findings:
            mark = click.style(MARKS[one.level.value], fg=COLOURS[one.level.value])
            click.echo(f"{mark}  {one.what}: {one.found}")
            if one.remedy:
                click.echo(f"             remedy: {one.remedy}")
    return 6 if any(one.level is Level.PROBLEM for one in findings) else 0
