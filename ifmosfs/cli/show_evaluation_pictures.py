"""Pictures of evaluations as SVG. Their colours are names that the page gives a value, for light and for dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor
from typing import Final

from ifmosfs.cli.common import counted
from ifmosfs.cli.markup import Element, element
from ifmosfs.core.names import display
from ifmosfs.ml.evaluating import N_BINS, NONE, Evaluation

CELL: Final = 18
LABELS: Final = 180  # pixels for the names of categories, beside and above the cells
COUNTS: Final = 44
WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 16, 44
GOAL: Final = 0.97
SOME: Final = 0.05  # of all files; the precision of fewer jumps about
DASHES: Final = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 4")


def named(category: str, none: str) -> str:
    """A category for people; `none` where it stands for no category or no label."""
    return none if category == NONE else display(category.encode())


def confusion_picture(one: Evaluation) -> Element:
    """A row for each category, a column for each label, darker the larger the share of the row; right ones in another colour."""
    rows = _in_order(one.confusion)
    columns = _in_order({*one.confusion, *(label for row in one.confusion.values() for label in row)})
    width, height = LABELS + CELL * len(columns) + COUNTS, LABELS + CELL * len(rows)
    parts = [element("rect", x=LABELS, y=LABELS, width=CELL * len(columns), height=CELL * len(rows), class_="field")]
    parts += [_column_name(label, at) for at, label in enumerate(columns)]
    for at, category in enumerate(rows):
        parts += _row(category, at, one.confusion[category], columns)
    words = f"Confusion matrix of {one.name}: categories down, labels across"
    return _picture(width, height, words, *parts)


def _in_order(names: Mapping[str, object] | set[str]) -> list[str]:
    return sorted(names, key=lambda name: (name == NONE, name))


def _column_name(label: str, at: int) -> Element:
    x, y = LABELS + CELL * at + CELL * 0.7, LABELS - 6
    return element("text", named(label, "(left alone)"), x=x, y=y, transform=f"rotate(-90 {x:g} {y:g})", class_="name")


def _row(category: str, at: int, counts: Mapping[str, int], columns: Sequence[str]) -> list[Element]:
    n_files, y = sum(counts.values()), LABELS + CELL * at
    middle = y + CELL * 0.7
    name = element("text", named(category, "(no category)"), x=LABELS - 6, y=middle, text_anchor="end", class_="name")
    total = element("text", f"{n_files:,}", x=LABELS + CELL * len(columns) + 6, y=middle, class_="name")
    line = element("path", d=f"M{LABELS} {y}h{CELL * len(columns)}", class_="grid")
    cells = [
        _cell(category, label, counts[label], n_files, LABELS + CELL * column, y)
        for column, label in enumerate(columns)
        if counts.get(label)
    ]
    return [line, name, *cells, total]


def _cell(category: str, label: str, n: int, n_files: int, x: float, y: float) -> Element:
    share = n / n_files
    given = "left alone" if label == NONE else f"labelled {named(label, '')}"
    title = f"{named(category, 'no category')}: {n:,} of {n_files:,} {given} ({share:.0%})"
    kind = "right" if label == category else "wrong"
    return element(
        "g",
        element("title", title),
        element("rect", x=x, y=y, width=CELL, height=CELL, fill_opacity=0.15 + 0.85 * share),
        element("text", f"{n}", x=x + CELL / 2, y=y + CELL * 0.7, text_anchor="middle"),
        class_=f"cell {kind} strong" if share > 0.5 else f"cell {kind}",
    )


def calibration_picture(one: Evaluation) -> Element:
    """For each tenth of confidence what was right of it, with the number of files, and what the confidence had promised."""
    plane = _Plane(0.0)
    most = max((each.n for each in one.bins), default=0)
    parts = [*plane.axes("confidence", "right (leniently)"), plane.line([(0, 0), (1, 1)], class_="ideal")]
    for number, each in enumerate(one.bins):
        if not each.n:
            continue
        x0, x1 = plane.x(number / N_BINS) + 2, plane.x((number + 1) / N_BINS) - 2
        y = plane.y(each.precision)
        title = f"{counted(each.n, 'file')} of confidence {each.confidence:.3f} on average: {each.precision:.1%} right"
        promised = plane.y(each.confidence)
        parts.append(
            element(
                "g",
                element("title", title),
                element(
                    "rect", x=x0, y=y, width=x1 - x0, height=plane.y(0) - y, fill_opacity=0.25 + 0.45 * each.n / most
                ),
                element("path", d=f"M{x0:g} {promised:g}H{x1:g}", class_="promised"),
                element("text", f"{each.n:,}", x=(x0 + x1) / 2, y=plane.y(0) - 5, text_anchor="middle"),
                class_="bin",
            )
        )
    return _picture(WIDTH, HEIGHT, f"Calibration of {one.name}", *parts)


def risk_coverage_picture(evaluations: Sequence[Evaluation]) -> Element:
    """How much is right of what is decided, the surest first, for all methods; a dot where the threshold is."""
    plane = _Plane(_floor(evaluations))
    frame = element("rect", x=LEFT, y=TOP, width=plane.width, height=plane.height)
    parts = [
        element("clipPath", frame, id="plane"),
        *plane.axes("decided, of all files", "right, of those (leniently)"),
    ]
    goal = plane.y(GOAL)
    parts.append(plane.line([(0, GOAL), (1, GOAL)], class_="goal"))
    parts.append(element("text", f"{GOAL:.0%}", x=LEFT + plane.width - 4, y=goal - 4, text_anchor="end", class_="name"))
    for number, one in enumerate(evaluations):
        parts += _curve(plane, number, one)
    legend = [_legend(plane, number, one) for number, one in enumerate(evaluations)]
    height = HEIGHT + 18 * len(legend) + 8
    return _picture(WIDTH, height, "Precision over coverage", *parts, *legend)


def _floor(evaluations: Sequence[Evaluation]) -> float:
    """Where the picture begins: below all curves that are not hopeless, so that the part that matters is large."""
    curves = [[point.precision for point in one.risk_coverage if point.coverage >= SOME] for one in evaluations]
    lowest = [min(curve) for curve in curves if curve and max(curve) >= 0.5]
    return min(0.9, floor(min(lowest) * 10) / 10) if lowest else 0.0


def _curve(plane: _Plane, number: int, one: Evaluation) -> list[Element]:
    colour = f"m{number % len(DASHES)}"
    points = [(point.coverage, point.precision) for point in one.risk_coverage]
    if not points:
        return []
    drawn = [plane.line(points, class_=f"curve {colour}", stroke_dasharray=DASHES[number % len(DASHES)])]
    decided = one.decided
    if len(points) == 1 and points[0][1] >= plane.lowest:  # a line of one point cannot be seen
        drawn.append(_dot(plane, *points[0], colour, f"{one.name}: {points[0][1]:.1%} of {points[0][0]:.1%}", 3))
    if decided.n_decided and decided.precision >= plane.lowest:
        words = f"{one.name} from {decided.limits} on: {decided.precision:.1%} of {decided.coverage:.1%}"
        drawn.append(_dot(plane, decided.coverage, decided.precision, colour, words, 5))
    return drawn


def _dot(plane: _Plane, coverage: float, precision: float, colour: str, words: str, radius: float) -> Element:
    x, y = plane.x(coverage), plane.y(precision)
    return element("circle", element("title", words), cx=x, cy=y, r=radius, class_=f"dot {colour}")


def _legend(plane: _Plane, number: int, one: Evaluation) -> Element:
    y = HEIGHT + 18 * number + 8
    colour = f"m{number % len(DASHES)}"
    return element(
        "g",
        element(
            "path",
            d=f"M{LEFT} {y}h36",
            class_=f"curve {colour}",
            stroke_dasharray=DASHES[number % len(DASHES)],
        ),
        element("text", f"{one.name}{_beside(plane, one)}", x=LEFT + 44, y=y + 4, class_="name"),
    )


def _beside(plane: _Plane, one: Evaluation) -> str:
    """What is said of a curve that is not in the picture."""
    if not one.risk_coverage:
        return ": labels nothing"
    best = max(point.precision for point in one.risk_coverage)
    return f": below the picture, {best:.1%} at best" if best < plane.lowest else ""


class _Plane:
    """The square from (0, lowest) to (1, 1) on the picture."""

    def __init__(self, lowest: float) -> None:
        self.lowest = lowest
        self.width, self.height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(self, value: float) -> float:
        return round(LEFT + value * self.width, 2)

    def y(self, value: float) -> float:
        return round(TOP + (1 - value) / (1 - self.lowest) * self.height, 2)

    def line(self, points: Sequence[tuple[float, float]], class_: str, stroke_dasharray: str = "") -> Element:
        way = " ".join(f"{self.x(x):g},{self.y(y):g}" for x, y in points)
        drawn = element("polyline", points=way, class_=class_)
        if stroke_dasharray:
            drawn.set("stroke-dasharray", stroke_dasharray)
        if self.lowest:
            drawn.set("clip-path", "url(#plane)")
        return drawn

    def axes(self, across: str, up: str) -> list[Element]:
        """The frame, with ten steps across and up, and what they are."""
        parts = [element("rect", x=LEFT, y=TOP, width=self.width, height=self.height, class_="field")]
        for tenth in range(11):
            x, value = self.x(tenth / 10), self.lowest + tenth / 10 * (1 - self.lowest)
            y = self.y(value)
            parts.append(element("path", d=f"M{x:g} {TOP}v{self.height}M{LEFT} {y:g}h{self.width}", class_="grid"))
            below = TOP + self.height + 14
            parts.append(element("text", f"{tenth / 10:g}", x=x, y=below, text_anchor="middle", class_="name"))
            parts.append(element("text", f"{value:.3g}", x=LEFT - 6, y=y + 4, text_anchor="end", class_="name"))
        middle = TOP + self.height / 2
        parts.append(
            element("text", across, x=LEFT + self.width / 2, y=HEIGHT - 10, text_anchor="middle", class_="axis")
        )
        turned = f"rotate(-90 12 {middle:g})"
        parts.append(element("text", up, x=12, y=middle, text_anchor="middle", transform=turned, class_="axis"))
        return parts


def _picture(width: float, height: float, words: str, *parts: Element) -> Element:
    return element(
        "svg",
        element("title", words),
        *parts,
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
        role="img",
    )
