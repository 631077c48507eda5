"""`ifmosfs model export`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import as_bytes, json_option, opened_app, print_json, quoted


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
    to = quoted(as_bytes(path))
    click.echo(f"Written {stored.model_id} to {to}. There: ifmosfs model import {to}")
