"""Evaluations in words and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ifmosfs.cli.common import counted, shown
from ifmosfs.core.names import display

if TYPE_CHECKING:
    from ifmosfs.app.evaluating import EvaluationReport, Part, SplitReport
    from ifmosfs.ml.evaluating import Evaluation, Judgement

MOST_MISSING = 5
MOST_MISTAKES = 5


def evaluation_fields(report: EvaluationReport) -> dict[str, Any]:
    """Everything there is, for programs; shares as they are."""
    return {
        "synthetic": report.is_synthetic,
        "split": _split_fields(report.split) if report.split else None,
        "models": [
            {**method_fields(each), "learned_from": report.learned.get(each.name)} for each in report.evaluations
        ],
        "missing": list(report.missing),
        "repeated": report.n_repeated,
        "unknown_categories": dict(report.unknown),
    }


def _split_fields(split: SplitReport) -> dict[str, Any]:
    return {
        "by": split.order.by,
        "share": split.order.share,
        "seed": split.order.seed,
        "groups_may_be_in_both": split.is_flattering,
        "train": _part_fields(split.train),
        "test": _part_fields(split.test),
        "only_in_train": list(split.only_train),
        "only_in_test": list(split.only_test),
    }


def _part_fields(part: Part) -> dict[str, int]:
    return {"files": part.n_files, "groups": part.n_groups, "categories": len(part.categories)}


def method_fields(one: Evaluation) -> dict[str, Any]:
    """All figures of one method."""
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
            "threshold_for": dict(one.decided.own),
            "files": one.decided.n_decided,
            "right": one.decided.n_right,
            "coverage": one.decided.coverage,
            "precision": one.decided.precision,
            "of_no_category_left_alone": one.decided.rejected,
        },
        "coverage_at_precision": {str(precision): coverage for precision, coverage in one.at_precision.items()},
        "risk_coverage": [
            {"threshold": point.threshold, "coverage": point.coverage, "precision": point.precision}
            for point in one.risk_coverage
        ],
        "calibration": _calibration_fields(one),
        "expected_calibration_error": one.calibration_error,
        "mistakes": [_mistake_fields(each) for each in one.mistakes],
        "latency": {
            each.stage: {
                "files": each.n_files,
                "median_ms": each.median_ms,
                "p95_ms": each.p95_ms,
                "largest_ms": each.largest_ms,
                "slowest": each.slowest,
            }
            for each in one.latency
        },
        "median_ms": one.median_ms,
        "files_per_second": one.files_per_second,
    }


def _calibration_fields(one: Evaluation) -> list[dict[str, Any]]:
    n_bins = len(one.bins)
    return [
        {
            "from": number / n_bins,
            "to": (number + 1) / n_bins,
            "files": each.n,
            "confidence": each.confidence,
            "precision": each.precision,
        }
        for number, each in enumerate(one.bins)
    ]


def _mistake_fields(each: Judgement) -> dict[str, Any]:
    return {
        "path": each.path,
        "category": each.category,
        "also_ok": sorted(each.also_ok),
        "label": each.label,
        "confidence": each.confidence,
    }


def evaluation_text(report: EvaluationReport) -> str:
    """The figures that matter, for people."""
    lines = list(split_lines(report.split)) if report.split else []
    for one in report.evaluations:
        lines += _method_lines(one, learned_words(report, one.name))
    if len(report.evaluations) > 1:
        lines += _side_by_side(report.evaluations)
    lines += _class_lines(report.evaluations)
    lines += warning_lines(report)
    return "\n".join(lines)


def split_lines(split: SplitReport) -> Iterator[str]:
    """How the files were parted, and what is to be known of it."""
    order, train, test = split.order, split.train, split.test
    by = display(order.by.encode("utf-8", "replace"))
    yield (
        f"parted by {by} (seed {order.seed}): {counted(train.n_files, 'file')} of {counted(train.n_groups, 'group')} "
        f"to learn from, {test.n_files:,} of {test.n_groups:,} to test on"
    )
    if split.is_flattering:
        yield "  files of one source may be in both parts, which flatters whatever learns: do not publish this figure alone"
    else:
        yield "  no group is in both parts"
    for where, categories in (("nothing to test", split.only_train), ("nothing to learn from", split.only_test)):
        if categories:
            yield f"  categories with {where}: {', '.join(display(each.encode()) for each in categories)}"


def learned_words(report: EvaluationReport, name: str) -> str:
    """From what a method has learned here; empty for one that does not."""
    n_files = report.learned.get(name)
    if n_files is None:
        return ""
    which = "the other part" if report.split else "the very files it is tested on"
    return f"learned from {counted(n_files, 'file')}, {which}"


def warning_lines(report: EvaluationReport) -> Iterator[str]:
    """What is odd about the set."""
    if report.is_synthetic:
        yield "the files were made by the program itself, which flatters whatever learned from such: real ones are for --data"
    if report.unknown:
        some = ", ".join(f"{display(name.encode())} ({n:,})" for name, n in report.unknown.items())
        yield f"categories that there are not, whose files count as wrong: {some}"
    if report.missing:
        some = ", ".join(shown(path) for path in report.missing[:MOST_MISSING])
        yield f"{counted(len(report.missing), 'file')} of the set not there: {some}"
    if report.n_repeated:
        yield f"left out: {counted(report.n_repeated, 'row')} that name a file once more"


def _method_lines(one: Evaluation, learned: str) -> Iterator[str]:
    yield f"{one.name}: {counted(one.n_files, 'file')}, {one.n_none:,} of them of no category"
    if learned:
        yield f"  {learned}"
    yield (
        f"  accuracy {one.strict:.3f} strict, {one.lenient:.3f} lenient; macro F1 {one.macro_f1:.3f}; "
        f"calibration error {one.calibration_error:.3f}"
    )
    decided = one.decided
    rejected = "" if decided.rejected is None else f"; of no category, {decided.rejected:.1%} left alone"
    yield f"  from {decided.limits} on: {decided.coverage:.1%} decided, {decided.precision:.1%} of them right{rejected}"
    best = ", ".join(f"{precision:.0%} of {coverage:.1%}" for precision, coverage in one.at_precision.items())
    yield f"  right, the surest first: {best}"
    if one.files_per_second is not None:
        each = "" if one.median_ms is None else f", {one.median_ms:.2f} ms a file (median)"
        yield f"  {one.files_per_second:,.0f} files/s{each}"
    if len(one.latency) > 2:  # more than one stage, and the whole
        for stage in one.latency:
            yield (
                f"    {stage.stage:<8} {stage.median_ms:8.2f} ms median {stage.p95_ms:8.2f} ms 95th "
                f"{stage.largest_ms:9.2f} ms largest ({shown(stage.slowest)})"
            )
    for mistake in filter(one.decided.takes, one.mistakes[:MOST_MISTAKES]):
        what = display(mistake.category.encode())
        yield f"  sure and wrong: {shown(mistake.path)}: {mistake.label} {mistake.confidence:.2f}, is {what}"


def _side_by_side(evaluations: tuple[Evaluation, ...]) -> Iterator[str]:
    width = max(len("method"), *(len(one.name) for one in evaluations))
    yield f"{'method':<{width}}  strict  lenient  macro F1  decided  right   of none left alone"
    for one in evaluations:
        decided = one.decided
        rejected = "–" if decided.rejected is None else f"{decided.rejected:.1%}"
        yield (
            f"{one.name:<{width}}   {one.strict:.3f}    {one.lenient:.3f}     {one.macro_f1:.3f}   {decided.coverage:6.1%}"
            f"  {decided.precision:6.1%}  {rejected:>6}"
        )


def _class_lines(evaluations: tuple[Evaluation, ...]) -> Iterator[str]:
    yield f"F1 by category: {' · '.join(each.name for each in evaluations)}"
    for name, score in evaluations[0].classes.items():
        figures = "  ".join(f"{each.classes[name].f1:.2f}" for each in evaluations)
        yield f"  {display(name.encode()):<26} {figures}  ({counted(score.n_files, 'file')})"
