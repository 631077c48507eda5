"""`ifmosfs model export`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import json_option, opened_app, print_json


@click.command("export")
@click.argument("name", metavar="ID|shipped")
@click.argument("path", metavar="FILE.ifmodel")
@json_option
def export(name: str, path: str, as_json: bool) -> None:
    """Write a model into a file, for another machine. It holds weights of words and no content of any file."""
    with opened_app() as app:
        stored = app.models.export(name, path)
    if as_json:
        print_json({"model": stored.model_id, "file": path})
        return
    click.echo(f"Written {stored.model_id} to {path}. There: ifmosfs model import {path}")
