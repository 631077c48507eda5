"""`ifmosfs model import`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import json_option, opened_app, print_json


@click.command("import")
@click.argument("path", metavar="FILE.ifmodel|DIR")
@json_option
def import_(path: str, as_json: bool) -> None:
    """Keep a model that `model export` or `model train --output` wrote. It is checked, and not in use yet.

    Nothing in such a file can run: it holds numbers alone. A pickle is refused.
    """
    with opened_app() as app:
        stored = app.models.import_(path)
    if as_json:
        print_json({"model": stored.model_id})
        return
    click.echo(f"Imported {stored.model_id}. Next: ifmosfs model use {stored.model_id}")
