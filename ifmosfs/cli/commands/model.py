"""`ifmosfs model`: a group of its own."""

from __future__ import annotations

import click

from ifmosfs.cli.groups import Lazy, LazyGroup

MODEL = (
    Lazy("synth", "model_synth:synth", "Commands", "Make a labelled corpus of files in real formats."),
    Lazy("evaluate", "model_evaluate:evaluate", "Commands", "Say how well labelled files are labelled."),
    Lazy("merge", "model_merge:merge", "Commands", "Make one labelled set of several."),
)


@click.command(cls=LazyGroup, lazy=MODEL)
def model() -> None:
    """Make and merge labelled files, and see how well they are labelled."""
