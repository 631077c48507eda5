"""Blocks on pages: where each line of text stands, for PDF and for pictures of paper alike. Measures are points from the top left."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field

from ifmosfs.ml.synth.blocks import Block, Bullets, Document, Fields, Heading, Paragraph, Table
from ifmosfs.ml.synth.pen import Pen

A4, LETTER, A5 = (595.0, 842.0), (612.0, 792.0), (420.0, 595.0)
WIDE = frozenset({"zh", "ja"})
Colour = tuple[int, int, int]
BLACK: Colour = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; y is its base line."""

    x: float
    y: float
    size: float
    text: str
    bold: bool = False
    colour: Colour = BLACK


@dataclass(frozen=True, slots=True)
class Box:
    """A filled or framed rectangle; a flat one is a rule."""

    x: float
    y: float
    width: float
    height: float
    colour: Colour
    filled: bool = True


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG."""

    x: float
    y: float
    width: float
    height: float
    jpeg: bytes
    pixels: tuple[int, int]
    grey: bool


Item = Text | Box | Picture


@dataclass(slots=True)
class Style:
    """The looks of one document."""

    page: tuple[float, float]
    margin: float
    size: float
    leading: float
    indent: float
    accent: Colour
    centred: bool
    bold_heads: bool
    grid: int
    letterhead: int
    columns: int
    stretched: float


@dataclass(slots=True)
class Pages:
    """What has been laid out so far."""

    style: Style
    done: list[list[Item]] = field(default_factory=lambda: [[]])
    y: float = 0.0
    column: int = 0

    @property
    def width(self) -> float:
        """The room in a line."""
        style = self.style
        return (style.page[0] - 2 * style.margin - 18 * (style.columns - 1)) / style.columns

    @property
    def left(self) -> float:
        """Where lines begin."""
        return self.style.margin + self.column * (self.width + 18)

    def room(self, height: float) -> None:
        """Go on in the next column, or on the next page, where the height is not there any more."""
        if self.y + height <= self.style.page[1] - self.style.margin:
            return
        self.y = self.style.margin
        self.column += 1
        if self.column >= self.style.columns:
            self.column = 0
            self.done.append([])

    def put(self, *items: Item) -> None:
        """On the present page."""
        self.done[-1].extend(items)


def choose_style(pen: Pen) -> Style:
    """Looks at random."""
    size = pen.pick((8.5, 9.0, 10.0, 10.0, 11.0, 11.0, 12.0, 12.5))
    return Style(
        page=pen.pick((A4, A4, A4, LETTER, LETTER if pen.language == "en" else A4, A5)),
        margin=pen.rng.uniform(36, 90),
        size=size,
        leading=size * pen.rng.uniform(1.15, 1.6),
        indent=pen.pick((0.0, 0.0, 0.0, 14.0)),
        accent=pen.pick((BLACK, BLACK, BLACK, (30, 60, 120), (140, 20, 30), (20, 100, 60), (90, 90, 90))),
        centred=pen.chance(0.3),
        bold_heads=pen.chance(0.8),
        grid=pen.whole(0, 3),
        letterhead=pen.whole(0, 4),
        columns=2 if pen.chance(0.07) else 1,
        stretched=pen.rng.uniform(0.8, 1.5),
    )


def lay_out(document: Document, pen: Pen, style: Style | None = None, most: int = 12) -> tuple[Style, list[list[Item]]]:
    """The pages of a document, at most so many."""
    style = style or choose_style(pen)
    pages = Pages(style, y=style.margin)
    _letterhead(document, pages)
    for block in document.blocks:
        if len(pages.done) > most:
            break
        _put_block(block, document, pages)
    for number, items in enumerate(pages.done[:most], 1):
        _foot(document, style, items, number, len(pages.done))
    return style, pages.done[:most]


def _letterhead(document: Document, pages: Pages) -> None:
    style = pages.style
    if style.letterhead in {1, 2} and document.header:
        x = (
            style.margin
            if style.letterhead == 1
            else style.page[0] - style.margin - len(document.header) * style.size * 0.5
        )
        pages.put(Text(max(20.0, x), style.margin, style.size + 2, document.header, bold=True, colour=style.accent))
        pages.put(Box(style.margin, style.margin + 8, style.page[0] - 2 * style.margin, 0.8, style.accent))
        pages.y += 30
    elif style.letterhead == 3:
        pages.put(Box(0, 0, style.page[0], 42, style.accent if style.accent != BLACK else (210, 215, 225)))
        pages.y = max(pages.y, 62)


def _foot(document: Document, style: Style, items: list[Item], number: int, n_pages: int) -> None:
    y = style.page[1] - style.margin / 2
    if document.footer and style.letterhead != 4:
        items.append(Text(style.margin, y, style.size * 0.75, document.footer, colour=(90, 90, 90)))
    if n_pages > 1 or style.letterhead == 2:
        text = f"{number} / {n_pages}" if style.grid % 2 else str(number)
        items.append(Text(style.page[0] - style.margin - 20, y, style.size * 0.8, text))


def _put_block(block: Block, document: Document, pages: Pages) -> None:
    style = pages.style
    match block:
        case Heading(text, level):
            _heading(text, level, document, pages)
        case Paragraph(text):
            _lines(text, document, pages, 0.0)
            pages.y += style.leading * 0.5
        case Bullets(items, numbered):
            for n, item in enumerate(items, 1):
                _lines(f"{n}. {item}" if numbered else f"{'-•–'[style.grid % 3]} {item}", document, pages, 12.0)
            pages.y += style.leading * 0.4
        case Fields(rows):
            _fields(rows, pages)
        case Table(rows):
            _table(rows, pages)


def wrap(text: str, width: float, size: float, language: str) -> list[str]:
    """The text in lines of at most about this width."""
    if language in WIDE:
        n = max(8, int(width / size))
        return [text[at : at + n] for at in range(0, len(text), n)] or [""]
    return textwrap.wrap(text, max(12, int(width / (size * 0.5)))) or [""]


def _heading(text: str, level: int, document: Document, pages: Pages) -> None:
    style = pages.style
    size = style.size * (1.9, 1.3, 1.1, 1.0)[min(level, 3)] * (style.stretched if level == 0 else 1)
    pages.room(size * 3)
    pages.y += size * 0.6
    for line in wrap(text, pages.width, size, document.language):
        pages.y += size * 1.15
        x = pages.left
        if style.centred and level == 0:
            x = max(x, (style.page[0] - len(line) * size * 0.5) / 2)
        pages.put(Text(x, pages.y, size, line, bold=style.bold_heads, colour=style.accent))
    pages.y += size * 0.6


def _lines(text: str, document: Document, pages: Pages, indent: float) -> None:
    style = pages.style
    for number, line in enumerate(wrap(text, pages.width - indent, style.size, document.language)):
        pages.room(style.leading)
        pages.y += style.leading
        first = style.indent if number == 0 else 0.0
        pages.put(Text(pages.left + indent + first, pages.y, style.size, line))


def _fields(rows: tuple[tuple[str, str], ...], pages: Pages) -> None:
    style = pages.style
    gap = max((len(name) for name, _ in rows), default=0) * style.size * 0.5 + 14
    for name, value in rows:
        pages.room(style.leading)
        pages.y += style.leading
        if style.grid == 3:
            pages.put(Text(pages.left, pages.y, style.size, f"{name}: {value}"))
            continue
        pages.put(Text(pages.left, pages.y, style.size, name, bold=style.grid == 2))
        pages.put(Text(pages.left + min(gap, pages.width * 0.5), pages.y, style.size, value))
    pages.y += style.leading * 0.6


def _table(rows: tuple[tuple[str, ...], ...], pages: Pages) -> None:
    style = pages.style
    n_columns = max(len(row) for row in rows)
    widths = [max(len(row[at]) if at < len(row) else 0 for row in rows) + 2 for at in range(n_columns)]
    scale = pages.width / sum(widths)
    size = min(style.size, scale * 1.9)
    for number, row in enumerate(rows):
        pages.room(style.leading * 1.1)
        pages.y += style.leading * 1.1
        pages.put(*_row(row, widths, scale, size, number, pages))
    pages.y += style.leading * 0.8


def _row(
    row: tuple[str, ...], widths: list[int], scale: float, size: float, number: int, pages: Pages
) -> Iterator[Item]:
    style, x = pages.style, pages.left
    if style.grid == 1 and number == 0:
        yield Box(x, pages.y - style.leading * 0.8, pages.width, style.leading * 1.1, (225, 228, 235))
    if style.grid in {1, 2} or number == 0:
        yield Box(x, pages.y + style.leading * 0.3, pages.width, 0.5, (120, 120, 120))
    for cell, width in zip(row, widths, strict=False):
        if style.grid == 2:
            yield Box(
                x, pages.y - style.leading * 0.8, width * scale, style.leading * 1.1, (140, 140, 140), filled=False
            )
        yield Text(x + 2, pages.y, size, cell, bold=number == 0)
        x += width * scale
