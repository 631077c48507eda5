"""`ifmosfs model use`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import json_option, opened_app, print_json, tell_of_the_environment


@click.command("use")
@click.argument("name", metavar="ID|shipped|rules")
@json_option
def use(name: str, as_json: bool) -> None:
    """Put a model into use: by its id, which may be shortened; `shipped`; or `rules` for none.

    Files that were classified with another one are classified again by the next `ifmosfs classify`.
    """
    with opened_app() as app:
        chosen = app.models.use(name)
        tell_of_the_environment(app)
    if as_json:
        print_json({"model": chosen})
        return
    click.echo(f"In use from now on: {chosen}. Next: ifmosfs classify")
