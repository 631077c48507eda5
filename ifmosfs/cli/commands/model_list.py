"""`ifmosfs model list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from ifmosfs.cli.common import counted, json_option, legible, opened_app, print_json, tell_of_the_environment

if TYPE_CHECKING:
    from ifmosfs.app.models import ListedModel


@click.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Show the models there are, and which is in use.

    `shipped` is the one that comes with the program, `rules` stands for no model at all.
    """
    with opened_app() as app:
        listed = list(app.models.listed())
        tell_of_the_environment(app)
    if as_json:
        print_json({"models": [_fields(each) for each in listed]})
        return
    for each in listed:
        click.echo(f"{'*' if each.is_current else ' '} {each.name:14} {legible(_about(each))}")
    click.echo("The one with * is in use. Another: ifmosfs model use NAME")


def _about(each: ListedModel) -> str:
    if each.trouble is not None:
        return f"cannot be used: {each.trouble}"
    if each.stored is None:
        return "the rules alone"
    meta = each.stored.meta
    if meta.parent is not None:
        return f"{meta.created[:10]}  {meta.parent} after {counted(meta.n_lessons, 'lesson')} of yours"
    figures, kind = meta.figures, "" if meta.kind == "linear" else f"{meta.kind}, "
    return (
        f"{meta.created[:10]}  {kind}{meta.data.get('set', '')}, {int(figures.get('n_files', 0)):,} files; held back: "
        f"{figures.get('accuracy', 0):.1%} right, {figures.get('coverage', 0):.0%} decided from {meta.threshold:.2f} on"
    )


def _fields(each: ListedModel) -> dict[str, object]:
    stored = each.stored
    return {
        "name": each.name,
        "id": stored.model_id if stored else None,
        "in_use": each.is_current,
        "trouble": each.trouble,
        "meta": msgspec.to_builtins(stored.meta) if stored else None,
    }
