"""An evaluation as one HTML file: all figures and pictures, nothing loaded, no script, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ifmosfs.cli.common import counted
from ifmosfs.cli.markup import Element, element, page, table
from ifmosfs.cli.show_evaluation import learned_words, split_lines, warning_lines
from ifmosfs.cli.show_evaluation_pictures import (
    GOAL,
    calibration_picture,
    confusion_picture,
    named,
    risk_coverage_picture,
)
from ifmosfs.core.names import display

if TYPE_CHECKING:
    from ifmosfs.app.evaluating import EvaluationReport
    from ifmosfs.ml.evaluating import Evaluation

MOST_MISTAKES: Final = 100
STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --faint: #6a737d; --line: #d8dee4; --field: #f6f8fa;
  --right: #1a7f37; --wrong: #cf222e; --strong: #fff; --bar: #0969da;
  --m0: #0969da; --m1: #bc4c00; --m2: #6e7781; --m3: #1a7f37; --m4: #8250df; --m5: #bf3989; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --faint: #8b949e; --line: #30363d;
  --field: #161b22; --right: #3fb950; --wrong: #f85149; --strong: #0d1117; --bar: #58a6ff;
  --m0: #58a6ff; --m1: #f0883e; --m2: #8b949e; --m3: #3fb950; --m4: #bc8cff; --m5: #f778ba; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1080px;
  margin: 2rem auto; padding: 0 1rem; }
h2 { border-top: 1px solid var(--line); padding-top: 1rem; margin-top: 2.5rem; }
table { border-collapse: collapse; font-size: 14px; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--faint); font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
td { overflow-wrap: anywhere; } td.number { white-space: nowrap; }
.wide { overflow-x: auto; } .warning { color: var(--wrong); } .hint { color: var(--faint); }
svg { max-width: 100%; height: auto; font-family: system-ui, sans-serif; }
svg text { fill: var(--ink); font-size: 11px; } svg .axis { fill: var(--faint); font-size: 12px; }
.field { fill: var(--field); } .grid { stroke: var(--line); stroke-width: .5; fill: none; }
.cell.right rect { fill: var(--right); } .cell.wrong rect { fill: var(--wrong); } .cell text { font-size: 9px; }
.cell.strong text { fill: var(--strong); } .cell:hover rect { stroke: var(--ink); }
.bin rect { fill: var(--bar); } .promised { stroke: var(--ink); stroke-width: 2; }
.ideal { stroke: var(--faint); stroke-dasharray: 3 3; fill: none; }
.goal { stroke: var(--right); stroke-dasharray: 6 4; fill: none; } .curve { fill: none; stroke-width: 2; }
.m0 { stroke: var(--m0); } .m1 { stroke: var(--m1); } .m2 { stroke: var(--m2); } .m3 { stroke: var(--m3); }
.m4 { stroke: var(--m4); } .m5 { stroke: var(--m5); } .dot { fill: var(--paper); stroke-width: 2; }
@media print { h2 { break-before: page; } }
"""


def evaluation_page(report: EvaluationReport, data: str) -> str:
    """The page; `data` is what the set was called by."""
    first = report.evaluations[0]
    title = "How well files are labelled"
    of_none = f"{first.n_none:,} of them of no category"
    said = [f"{display(data.encode('utf-8', 'surrogateescape'))}: {counted(first.n_files, 'file')}, {of_none}."]
    if report.split:
        said += map(_sentence, split_lines(report.split))
    warnings = [element("p", _sentence(line), class_="warning") for line in warning_lines(report)]
    parts = [element("h1", title), *(element("p", line) for line in said), *warnings, *_together(report)]
    for one in report.evaluations:
        parts += _method(one, learned_words(report, one.name))
    return page(title, STYLE, *parts)


def _together(report: EvaluationReport) -> Iterator[Element]:
    yield element("h2", "All methods on the same files")
    yield _summary(report)
    words = (
        "Accuracies and F1 are over the files that have a category, and a file that is left alone counts as wrong; "
        "lenient: a label that can be defended counts as right. Decided, and right of those (leniently), are over all files, from the "
        "threshold on."
    )
    yield element("p", words, class_="hint")
    yield element("h3", "Precision over coverage")
    hint = "The surest files first; a circle is where the threshold cuts the curve."
    yield element("p", hint, class_="hint")
    yield risk_coverage_picture(report.evaluations)
    yield element("h3", "Reached with the best threshold there is")
    yield _reached(report)
    yield element("h3", "F1 by category")
    yield _f1(report)


def _summary(report: EvaluationReport) -> Element:
    head = ["method", "strict", "lenient", "macro F1", "calibration error", "decided", "right", "of none left alone"]
    head += ["median ms", "files/s", "learned from"]
    rows = []
    for one in report.evaluations:
        decided = one.decided
        shares = [f"{value:.3f}" for value in (one.strict, one.lenient, one.macro_f1, one.calibration_error)]
        rejected = "–" if decided.rejected is None else f"{decided.rejected:.1%}"
        speed = ["–" if value is None else f"{value:,.2f}" for value in (one.median_ms,)]
        speed += ["–" if one.files_per_second is None else f"{one.files_per_second:,.0f}"]
        n_learned = report.learned.get(one.name)
        learned = "–" if n_learned is None else f"{n_learned:,}"
        rows.append(
            [one.name, *shares, f"{decided.coverage:.1%}", f"{decided.precision:.1%}", rejected, *speed, learned]
        )
    return table(head, rows)


def _reached(report: EvaluationReport) -> Element:
    precisions = list(report.evaluations[0].at_precision)
    rows = [
        [one.name, *(f"{one.at_precision[precision]:.1%}" for precision in precisions)] for one in report.evaluations
    ]
    return table(["decided, if so much of it is right", *(f"{precision:.0%}" for precision in precisions)], rows)


def _f1(report: EvaluationReport) -> Element:
    rows = [
        [
            named(category, "none"),
            f"{score.n_files:,}",
            *(f"{one.classes[category].f1:.2f}" for one in report.evaluations),
        ]
        for category, score in report.evaluations[0].classes.items()
    ]
    return table(["category", "files", *(one.name for one in report.evaluations)], rows)


def _method(one: Evaluation, learned: str) -> Iterator[Element]:
    yield element("h2", one.name)
    if learned:
        yield element("p", _sentence(learned))
    yield element("h3", "What the threshold decides")
    yield element("p", _decided(one))
    yield element("h3", "Confusion")
    yield confusion_picture(one)
    yield element("h3", "Calibration")
    hint = (
        f"Bars: what was right; lines: what the confidence promised; numbers: files. Error {one.calibration_error:.3f}."
    )
    yield element("p", hint, class_="hint")
    yield calibration_picture(one)
    yield element("h3", "Categories")
    yield _classes(one)
    yield element("h3", "What a file takes")
    yield _latency(one)
    yield element("h3", "The surest mistakes")
    yield from _mistakes(one)


def _sentence(words: str) -> str:
    words = words.strip()
    return f"{words[0].upper()}{words[1:]}."


def _decided(one: Evaluation) -> str:
    decided = one.decided
    if not decided.n_decided:
        return f"From {decided.limits} on, nothing is decided."
    words = f"From {decided.limits} on, {decided.n_decided:,} of {counted(one.n_files, 'file')} are decided"
    rejected = "" if decided.rejected is None else f" Of no category, {decided.rejected:.1%} are left alone."
    reached = "reaches" if decided.precision >= GOAL else "does not reach"
    return (
        f"{words} ({decided.coverage:.1%}), and {decided.n_right:,} of those are right ({decided.precision:.1%}), "
        f"which {reached} {GOAL:.0%}.{rejected}"
    )


def _classes(one: Evaluation) -> Element:
    rows = [
        [
            named(category, "none"),
            *(f"{n:,}" for n in (score.n_files, score.n_labelled, score.n_right)),
            *(f"{share:.3f}" for share in (score.precision, score.recall, score.f1)),
        ]
        for category, score in one.classes.items()
    ]
    return table(["category", "files", "labelled so", "right", "precision", "recall", "F1"], rows)


def _latency(one: Evaluation) -> Element:
    if not one.latency:
        return element("p", "Not measured.")
    rows = [
        [
            each.stage,
            display(each.slowest),
            f"{each.n_files:,}",
            *(f"{value:.3f}" for value in (each.median_ms, each.p95_ms, each.largest_ms)),
        ]
        for each in one.latency
    ]
    return table(["stage", "slowest file", "files", "median ms", "95th percentile ms", "largest ms"], rows, of_words=2)


def _mistakes(one: Evaluation) -> Iterator[Element]:
    n_mistakes = len(one.mistakes)
    if not n_mistakes:
        yield element("p", "No label is wrong.")
        return
    some = "" if n_mistakes <= MOST_MISTAKES else f"; the first {MOST_MISTAKES}, the JSON report has all"
    yield element(
        "p", f"{counted(n_mistakes, 'label')} that cannot be defended, the surest first{some}.", class_="hint"
    )
    rows = [
        [display(each.path), str(each.label), named(each.category, "no category"), f"{each.confidence:.3f}"]
        for each in one.mistakes[:MOST_MISTAKES]
    ]
    yield table(["file", "label", "is", "confidence"], rows, of_words=3)
