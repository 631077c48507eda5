"""`ifmosfs model evaluate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ifmosfs.cli.common import counted, opened_app, print_json, shown

if TYPE_CHECKING:
    from ifmosfs.ml.evaluating import Evaluation

MOST_MISSING = 5


@click.command("evaluate")
@click.option(
    "--data", required=True, metavar="CSV|DIR", help="What files are: a CSV with path, category and perhaps also_ok."
)
@click.option("--root", metavar="DIR", help="The folder that the paths start from; default: that of the CSV.")
@click.option(
    "--models",
    default="rules,extensions,most-frequent",
    show_default=True,
    metavar="A,B,…",
    help="What to compare, on the same files.",
)
@click.option("--threshold", type=click.FloatRange(0, 1), help="From which confidence on a file is moved.")
@click.option("--report", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell.")
def evaluate(data: str, root: str | None, models: str, threshold: float | None, report: str) -> None:
    """Say how well files are labelled whose categories are known.

    `__none__` as a category means that a file belongs to none. Of files that are left alone (below the threshold, or without a label)
    nothing is moved: look at how many of those that would be moved are right, and at how many that is.
    """
    from ifmosfs.app.evaluating import evaluate_methods

    with opened_app() as app:
        names = [name.strip() for name in models.split(",") if name.strip()]
        found = evaluate_methods(app, data, root, names, threshold)
        app.idle()
    if report == "json":
        print_json({"models": [as_json(each) for each in found.evaluations], "missing": list(found.missing)})
        return
    for each in found.evaluations:
        _show(each)
    _show_classes(found.evaluations)
    if found.missing:
        some = ", ".join(shown(path) for path in found.missing[:MOST_MISSING])
        click.echo(f"{counted(len(found.missing), 'file')} of the set not there: {some}")


def as_json(one: Evaluation) -> dict[str, Any]:
    """All figures of an evaluation, shares as they are."""
    return {
        "model": one.name,
        "files": one.n_files,
        "of_no_category": one.n_none,
        "strict_accuracy": one.strict,
        "lenient_accuracy": one.lenient,
        "macro_f1": one.macro_f1,
        "classes": {
            name: {
                "files": score.n_files,
                "labelled": score.n_labelled,
                "right": score.n_right,
                "precision": score.precision,
                "recall": score.recall,
                "f1": score.f1,
            }
            for name, score in one.classes.items()
        },
        "confusion": {category: dict(row) for category, row in one.confusion.items()},
        "decided": {
            "threshold": one.decided.threshold,
            "coverage": one.decided.coverage,
            "precision": one.decided.precision,
            "of_no_category_left_alone": one.decided.rejected,
        },
        "coverage_at_precision": {str(precision): coverage for precision, coverage in one.at_precision.items()},
        "risk_coverage": [{"coverage": coverage, "precision": precision} for coverage, precision in one.risk_coverage],
        "calibration": [
            {"files": each.n, "confidence": each.confidence, "precision": each.precision} for each in one.bins
        ],
        "expected_calibration_error": one.calibration_error,
        "median_ms": one.median_ms,
        "files_per_second": one.files_per_second,
    }


def _show(one: Evaluation) -> None:
    decided = one.decided
    click.echo(f"{one.name}: {counted(one.n_files, 'file')}, {one.n_none:,} of them of no category")
    click.echo(
        f"  accuracy {one.strict:.3f} strict, {one.lenient:.3f} lenient; macro F1 {one.macro_f1:.3f}; "
        f"calibration error {one.calibration_error:.3f}"
    )
    click.echo(
        f"  from {decided.threshold:g} on: {decided.coverage:.1%} decided, {decided.precision:.1%} of them right"
        + ("" if decided.rejected is None else f"; of no category, {decided.rejected:.1%} left alone")
    )
    best = ", ".join(f"{precision:.0%} of {coverage:.1%}" for precision, coverage in one.at_precision.items())
    click.echo(f"  right, the surest first: {best}")
    if one.files_per_second is not None:
        each = "" if one.median_ms is None else f", {one.median_ms:.2f} ms a file (median)"
        click.echo(f"  {one.files_per_second:,.0f} files/s{each}")


def _show_classes(evaluations: tuple[Evaluation, ...]) -> None:
    click.echo(f"F1 by category: {' · '.join(each.name for each in evaluations)}")
    for name, score in evaluations[0].classes.items():
        figures = "  ".join(f"{each.classes[name].f1:.2f}" for each in evaluations)
        click.echo(f"  {name:<26} {figures}  ({counted(score.n_files, 'file')})")
