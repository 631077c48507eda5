"""A document as a person sees it: blocks one below the other, with no word on the format they will have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 0 is the title."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True, slots=True)
class Fields:
    """Names with values, as on forms."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, the first one with the names of the columns."""

    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list."""

    items: tuple[str, ...]
    numbered: bool = False


Block = Heading | Paragraph | Fields | Table | Bullets


@dataclass(frozen=True, slots=True)
class Document:
    """All blocks, with what programs store about a document."""

    blocks: tuple[Block, ...]
    language: str
    title: str
    author: str
    company: str
    subject: str = ""
    header: str = ""
    footer: str = ""
