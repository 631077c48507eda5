"""`ifmosfs model`: a group of its own."""

from __future__ import annotations

import click

from ifmosfs.cli.groups import Lazy, LazyGroup

MODEL = (
    Lazy("list", "model_list:list_", "Commands", "Show the models there are, and which is in use."),
    Lazy("use", "model_use:use", "Commands", "Put a model into use."),
    Lazy("train", "model_train:train", "Commands", "Train a model on labelled files."),
    Lazy("update", "model_update:update", "Commands", "Refit the model by what you have taught."),
    Lazy("export", "model_export:export", "Commands", "Write a model into a file."),
    Lazy("import", "model_import:import_", "Commands", "Keep a model from a file."),
    Lazy("delete", "model_delete:delete", "Commands", "Delete a model."),
    Lazy("synth", "model_synth:synth", "Commands", "Make a labelled corpus of files in real formats."),
    Lazy("evaluate", "model_evaluate:evaluate", "Commands", "Say how well labelled files are labelled."),
    Lazy("merge", "model_merge:merge", "Commands", "Make one labelled set of several."),
)


@click.command(cls=LazyGroup, lazy=MODEL)
def model() -> None:
    """Choose, train and compare what files are labelled by; make and merge labelled files."""
