"""`ifmosfs model evaluate`."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import as_bytes, json_text, opened_app, quoted
from ifmosfs.cli.show_evaluation import evaluation_fields, evaluation_text
from ifmosfs.core.errors import UsageProblem

if TYPE_CHECKING:
    from ifmosfs.app.evaluating import EvaluationReport, SplitOrder


class Share(click.FloatRange):
    """A number from 0 to 1, which `nan` is not, though it is not outside either."""

    name = "share"

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """See `click.ParamType`."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is no number", param, ctx)
        return number


@click.command("evaluate")
@click.option(
    "--data",
    metavar="CSV|DIR",
    help="What files are: a CSV with path, category and perhaps also_ok. Default: a few synthetic files, made for this.",
)
@click.option("--root", metavar="DIR", help="The folder that the paths start from; default: that of the CSV.")
@click.option(
    "--models",
    metavar="A,B,…",
    help="What to compare, on the same files: together, model-alone, rules, extensions, most-frequent (the default is all of these), "
    "ids of models.",
)
@click.option(
    "--threshold",
    type=Share(0, 1),
    help="From which confidence on a file is moved, instead of what settings and methods say.",
)
@click.option(
    "--split",
    type=Share(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    help="Test on this share of the files, and learn from the others.",
)
@click.option(
    "--by",
    metavar="folder|COLUMN|file",
    help="Whose files are never parted: those of a folder (the default), or with the same word in a column of the set. "
    "file: each for itself, which flatters.",
)
@click.option("--seed", type=click.IntRange(0), help="Chance of the split; default: 0.")
@click.option(
    "--report", type=click.Choice(["text", "json", "html"]), default="text", show_default=True, help="How to tell."
)
@click.option("--output", "-o", metavar="FILE", help="Write the report to a new file.")
def evaluate(
    data: str | None,
    root: str | None,
    models: str | None,
    threshold: float | None,
    split: float | None,
    by: str | None,
    seed: int | None,
    report: str,
    output: str | None,
) -> None:
    """Say how well files are labelled whose categories are known.

    `__none__` as a category means that a file belongs to none. Of files that are left alone (below the threshold, or without a label)
    nothing is moved: look at how many of those that would be moved are right, and at how many that is.

    With --split, whatever learns does so from files of other groups than those that are tested.

    The html report is one page with pictures, without scripts, that loads nothing.
    """
    from ifmosfs.app.evaluating import evaluate_methods, evaluate_on_synthetic
    from ifmosfs.app.methods import default_methods

    if data is None and root is not None:
        raise UsageProblem("--root is about the files of a set", hint="name the set: --data CSV")
    order = _order(split, by, seed)
    path = None if output is None else os.path.abspath(as_bytes(output))
    if path is not None:
        from ifmosfs.platform.report_file import check_new

        check_new(path)
    with opened_app() as app:
        names = default_methods(app) if models is None else [name.strip() for name in models.split(",") if name.strip()]
        if data is None:
            found = evaluate_on_synthetic(app, names, threshold, order)
        else:
            found = evaluate_methods(app, data, root, names, threshold, order)
        app.idle()
    text = _text(found, report, "synthetic files" if data is None else data)
    if path is None:
        click.echo(text)
        return
    from ifmosfs.platform.report_file import write_new

    write_new(path, text.encode() + b"\n")
    click.echo(f"written: {quoted(path)}")


def _order(split: float | None, by: str | None, seed: int | None) -> SplitOrder | None:
    from ifmosfs.app.evaluating import BY_FOLDER, SplitOrder

    if split is None:
        if by is not None or seed is not None:
            raise UsageProblem("--by and --seed are about a split", hint="add --split SHARE, 0.3 for instance")
        return None
    return SplitOrder(split, BY_FOLDER if by is None else by, seed or 0)


def _text(found: EvaluationReport, report: str, data: str) -> str:
    if report == "json":
        return json_text(evaluation_fields(found))
    if report == "html":
        from ifmosfs.cli.show_evaluation_html import evaluation_page

        return evaluation_page(found, data).rstrip("\n")
    return evaluation_text(found)
