"""What the pixels of a picture speak for: a few scores of numbers that the extractor has measured, and findings in words of them.

Every constant says something physical: a sensor never gives the same value twice, a toolkit draws lines with a ruler and grounds in
grey, a mark stands on a plain or transparent ground. They are round, and were set by hand, with the development half of
`benchmarks/real_corpus` in view; nothing is fitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ifmosfs.ml.evidence import Finding
from ifmosfs.ml.images import is_screen_size

_MEASURED: Final = frozenset({"width", "height", "text_share", "edge_share"})  # the last of what is noted of pixels

_ICON_PIXELS: Final = 64  # no window and no photo worth keeping is as small
_SMALLEST_WINDOW: Final = 160  # pixels of the longer side: below, it is a button, a tile or an icon
_LINES_HALF: Final = 1.5  # widths of straight edges in 100 rows: a frame, a bar and a button in a dialog of 200 rows
_TEXT_HALF: Final = 0.06  # of the area: a line of text for every fifteen of its height
_PANEL_HALF: Final = 0.15
_MARGIN: Final = 0.01  # charts and diagrams keep clear of the border; windows, menus and bars end with a frame
_LETTER_ROWS: Final = 14  # pixels: the height of letters with their tails
_MARK_SIDE: Final = 800  # pixels: what is larger, without being transparent, is rather a page or a poster
_SCREEN_SIDE: Final = 1000  # 640×480 and 800×600 are sizes of plots, too
_SURE_WINDOW, _LIKELY_WINDOW = 0.55, 0.43
_COLOURLESS: Final = 0.01  # formulas and lettering are black on white; a brand has a colour, mostly
_PAPER_SHAPES: Final = ((210, 297), (8.5, 11), (8.5, 14))
_PAPER_SIDE: Final = 800  # pixels of the longer side: a page at 70 dots per inch, below which no letter can be read


def is_measured(numbers: Mapping[str, float]) -> bool:
    """Whether a piece of the picture was looked at as it is, and a thumbnail of it, too."""
    return numbers.keys() >= _MEASURED


def look_findings(numbers: Mapping[str, float], format_name: str) -> list[Finding]:
    """What a picture without a camera's or a program's own mark looks like; `numbers` are such as `is_measured`."""
    return list(_findings(numbers, format_name))


def _findings(numbers: Mapping[str, float], format_name: str) -> Iterator[Finding]:
    width, height = int(numbers["width"]), int(numbers["height"])
    size = f"{width}×{height} pixels"
    if max(width, height) <= _ICON_PIXELS:
        yield Finding(f"as small as an icon, {size}", {"media_graphic": 0.68, "design_logo": 0.12})
    elif is_paper(numbers):
        yield Finding("a page of paper with writing", {"@document": 0.4, "media_graphic": 0.1})
    elif is_natural(numbers):
        yield from _natural(numbers)
    elif is_screen(numbers):
        yield Finding(f"drawn by a program, and as large as a screen, {size}", {"media_screenshot": 0.8})
    elif is_mark(numbers):
        yield _mark(numbers, width, height)
    else:
        yield _drawn(numbers, format_name)


def window_score(numbers: Mapping[str, float]) -> float:
    """From 0 to 1: how much of what windows are made of there is: straight edges, grounds in the greys of panels, lines of text."""
    lines = numbers["lines_across"] + numbers["lines_down"]
    is_set_in_a_page = numbers["margin"] > _MARGIN and not numbers.get("clear_border")
    return (
        0.35 * _saturated(lines, _LINES_HALF)
        + 0.2 * _saturated(numbers["text_share"], _TEXT_HALF)
        + 0.25 * _saturated(numbers["panel_ground"], _PANEL_HALF)
        + 0.2 * numbers["grey_ground"]
        - (0.3 if is_set_in_a_page else 0)
    )


def _saturated(value: float, half: float) -> float:
    """From 0 to 1, and a half at `half`: twice as much text does not make twice a window."""
    return value / (value + half)


def is_natural(numbers: Mapping[str, float]) -> bool:
    """Whether hardly any neighbours are alike and no colour comes often, as light on a sensor, or a rendering, makes it."""
    if numbers.get("clear_border", 0) > 0.05:  # a thing cut out: only the most natural of surfaces
        return numbers["flat_blocks"] < 0.03 and numbers["ground_share"] < 0.1
    equal = min(numbers["equal_across"], numbers["equal_down"])  # a soft gradient may go in one direction only
    return numbers["flat_blocks"] < 0.25 and numbers["ground_share"] < 0.25 and equal < 0.6


def _natural(numbers: Mapping[str, float]) -> Iterator[Finding]:
    is_noiseless = numbers["noise"] < 0.45 and numbers["equal_across"] > 0.4
    if is_noiseless and numbers.get("saturation", 0) > 0.6:
        yield Finding("vivid colours without any noise, as renderings have them", {"media_graphic": 0.55})
    elif is_noiseless:
        yield Finding("soft gradients without noise", {"media_graphic": 0.35, "media_photo": 0.25})
    else:
        yield Finding("noise as a camera makes it", {"media_photo": 0.66, "media_graphic": 0.08})


def is_mark(numbers: Mapping[str, float]) -> bool:
    """Whether something stands alone on a transparent ground, or on a plain one that is not vivid, without the lines of a window."""
    lines = numbers["lines_across"] + numbers["lines_down"]
    if numbers.get("clear_border", 0) > 0.6:
        is_mostly_clear = numbers.get("alpha_share", 0) > 0.5  # a window with its shadow is not
        return is_mostly_clear or lines < (2.5 if numbers["width"] == numbers["height"] else 1.3)
    is_plain = numbers["border_share"] > 0.7 and numbers["main_colour"] > 0.35 and numbers["vivid_ground"] < 0.3
    is_small = max(numbers["width"], numbers["height"]) <= _MARK_SIDE and not is_text(numbers)
    return is_plain and is_small and lines < 0.3 and window_score(numbers) < _LIKELY_WINDOW


def _mark(numbers: Mapping[str, float], width: int, height: int) -> Finding:
    if abs(height / width - 2 / 3**0.5) < 0.01 and numbers.get("clear_border", 0) > 0.6:
        return Finding("a hexagon with clear corners, as badges of programs are", {"design_logo": 0.7})
    if width >= 1.5 * height and height <= 400:
        if numbers["saturation"] < _COLOURLESS:
            return Finding("black words or signs on a plain ground", {"media_graphic": 0.42, "design_logo": 0.28})
        return Finding(
            "a word or a mark on a plain ground, wider than high", {"design_logo": 0.5, "media_graphic": 0.25}
        )
    if min(width, height) >= 90:
        return Finding("a single mark on a plain ground", {"media_graphic": 0.4, "design_logo": 0.3})
    return Finding("something small on a plain ground", {"media_graphic": 0.6, "design_logo": 0.12})


def is_screen(numbers: Mapping[str, float]) -> bool:
    """Whether it has the size of a screen and something of what screens show."""
    width, height = int(numbers["width"]), int(numbers["height"])
    return is_screen_size(width, height) and max(width, height) >= _SCREEN_SIDE and window_score(numbers) > 0.25


def _drawn(numbers: Mapping[str, float], format_name: str) -> Finding:
    is_large = max(numbers["width"], numbers["height"]) > _SMALLEST_WINDOW
    score = window_score(numbers) if is_large else 0.0
    if score >= _SURE_WINDOW:
        return Finding("windows, bars and text drawn by a program", {"media_screenshot": 0.76, "media_graphic": 0.1})
    if score >= _LIKELY_WINDOW:
        return Finding("lines, grey grounds and text as in windows", {"media_screenshot": 0.52, "media_graphic": 0.25})
    if is_text(numbers):
        return Finding("many lines of text on a plain ground", {"media_screenshot": 0.5, "media_graphic": 0.2})
    if format_name == "jpeg" and numbers["ground_share"] < 0.35:
        return Finding("few areas of one colour", {"media_photo": 0.3, "media_graphic": 0.3})
    return Finding(
        "drawn, in areas of one colour", {"media_graphic": 0.6, "media_screenshot": 0.1, "design_logo": 0.08}
    )


def is_text(numbers: Mapping[str, float]) -> bool:
    """Whether there is a page's or a terminal's worth of text, and hardly any colour."""
    n_full_lines = numbers["text_share"] * numbers["height"] / _LETTER_ROWS
    return n_full_lines > 4 and numbers["grey_ground"] > 0.6


def is_paper(numbers: Mapping[str, float]) -> bool:
    """Whether it has the shape of a page, is light and without colours, and bears lines of text."""
    short, long = sorted((numbers["width"], numbers["height"]))
    return (
        long >= _PAPER_SIDE
        and any(abs(short / long - one / other) < 0.012 for one, other in _PAPER_SHAPES)
        and numbers["saturation"] < 0.08
        and numbers["dark_share"] < 0.15
        and numbers["text_share"] > 0.08
        and numbers["lines_across"] + numbers["lines_down"] < 0.5
    )
