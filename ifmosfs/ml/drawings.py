"""What an SVG speaks for: a brand's mark, an icon of a program, or a drawing, by how much there is in it and who wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ifmosfs.ml.evidence import Finding

CHARACTERS: Final = (
    16 * 1024
)  # of the text that are looked at: a mark is shorter, and a drawing has shown itself by then

_SHAPE = re.compile(r"<(?:\w{1,12}:)?(?:path|rect|circle|ellipse|polygon|polyline|line|use)\b")
_WRITING = re.compile(r"<(?:\w{1,12}:)?(?:text|flowRoot)\b")
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,6}\b")
_ROOT = re.compile(r"<(?:\w{1,12}:)?svg\b[^<>]{0,2000}")
_TITLE = re.compile(r"<title\b[^<>]{0,80}>([^<]{1,120})<")
_LABEL = re.compile(r"\baria-label\s?=\s?[\"']([^\"'<>]{1,120})[\"']")
_BOX = re.compile(
    r"\bviewBox\s?=\s?[\"']\s?[-\d.]{1,12}[ ,]{1,3}[-\d.]{1,12}[ ,]{1,3}([\d.]{1,12})[ ,]{1,3}([\d.]{1,12})"
)
_SIZE: Final = {name: re.compile(rf"\s{name}\s?=\s?[\"']([\d.]{{1,12}})") for name in ("width", "height")}
_EDITORS: Final = (
    "inkscape:",
    "sodipodi:",
)  # their own names stay in a work file; what Illustrator or Sketch leave is in exports, too

_MOST_IN_A_MARK: Final = 12  # shapes: a mark must be recognised when it is as small as a nail
_MOST_COLOURS: Final = 6
_MARK_CHARACTERS: Final = 8_000
_LEAST_IN_A_DRAWING: Final = 40
_ICON_SIDE: Final = 32  # units across: grids on which icons of user interfaces are drawn


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the beginning of an SVG holds; width and height in its own units, 0 where it does not say."""

    width: float
    height: float
    n_shapes: int
    n_colours: int
    n_writings: int
    is_by_editor: bool
    title: str
    n_characters: int


def read_drawing(text: str) -> Drawing:
    """Look at the first `CHARACTERS` of an SVG."""
    head = text[:CHARACTERS]
    found = _ROOT.search(head)
    root = found[0] if found else ""
    width, height = _size(root)
    title = _LABEL.search(root) or _TITLE.search(head)
    return Drawing(
        width,
        height,
        len(_SHAPE.findall(head)),
        len({colour.lower() for colour in _COLOUR.findall(head)}),
        len(_WRITING.findall(head)),
        any(name in head for name in _EDITORS),
        title[1].strip() if title else "",
        len(head),
    )


def _size(root: str) -> tuple[float, float]:
    box = _BOX.search(root)
    if box:
        return _number(box[1]), _number(box[2])
    width, height = (_SIZE[name].search(root) for name in ("width", "height"))
    return (_number(width[1]) if width else 0.0, _number(height[1]) if height else 0.0)


def _number(digits: str) -> float:
    try:
        return float(digits)
    except ValueError:  # more than one point
        return 0.0


def drawing_findings(drawing: Drawing) -> list[Finding]:
    """What such a drawing is."""
    return list(_findings(drawing))


def _findings(drawing: Drawing) -> Iterator[Finding]:
    if drawing.is_by_editor or drawing.n_shapes >= _LEAST_IN_A_DRAWING or drawing.n_characters >= CHARACTERS:
        yield Finding("as drawing programs store their work, or of many shapes", {"design_vector": 0.65})
    elif _is_mark(drawing):
        yield _mark(drawing)


def _is_mark(drawing: Drawing) -> bool:
    return (
        drawing.n_shapes + drawing.n_writings in range(1, _MOST_IN_A_MARK + 1)
        and drawing.n_colours <= _MOST_COLOURS
        and drawing.n_characters <= _MARK_CHARACTERS
        and drawing.width > 0 < drawing.height
    )


def _mark(drawing: Drawing) -> Finding:
    if drawing.title and drawing.n_writings < 3:
        return Finding("a few shapes with a name, as brands give out their marks", {"design_logo": 0.7})
    if drawing.width == drawing.height <= _ICON_SIDE:
        return Finding(
            "a few shapes on a small square, as icons are drawn", {"media_graphic": 0.4, "design_vector": 0.2}
        )
    if drawing.n_writings in {1, 2} and drawing.width >= 2 * drawing.height:
        return Finding("a word and a few shapes in a band", {"design_logo": 0.5})
    return Finding("a few shapes and colours", {"design_vector": 0.3, "design_logo": 0.22})
