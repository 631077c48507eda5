"""`ifmosfs model`: a group of its own."""

from __future__ import annotations

import click

from ifmosfs.cli.groups import Lazy, LazyGroup

MODEL = (
    Lazy("synth", "model_synth:synth", "Commands", "Make a labelled corpus of files in real formats."),
    Lazy("merge", "model_merge:merge", "Commands", "Make one labelled set of several."),
)


@click.command(cls=LazyGroup, lazy=MODEL)
def model() -> None:
    """Make and merge labelled files that a classifier can learn from."""
