"""`ifmosfs model delete`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import json_option, opened_app, print_json


@click.command("delete")
@click.argument("name", metavar="ID")
@json_option
def delete(name: str, as_json: bool) -> None:
    """Delete a model that is not in use. The one that comes with the program stays."""
    with opened_app() as app:
        gone = app.models.delete(name)
    if as_json:
        print_json({"deleted": gone})
        return
    click.echo(f"Deleted {gone}")
