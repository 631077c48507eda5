"""What an extractor found in a file: one value for all formats, flat and bounded, so that features are easily made of it.

`FIELDS` and `NUMBERS` are all names that there are: an extractor that used another one would raise KeyError. A name means the same
in every format, and what a file does not have is absent, never empty or zero by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ifmosfs.ml.extract.limits import FIELD_CHARACTERS, MOST_NAMES, NAME_CHARACTERS, TEXT_CHARACTERS

VERSION: Final = 2  # raise it when an extractor finds something else: what was cached before counts no more

FIELDS: Final[Mapping[str, str]] = {
    "title": "the title that the file itself gives",
    "subject": "subject of a document or message",
    "keywords": "keywords of a document",
    "author": "author, artist or sender",
    "created": "date of creation as the file writes it, unparsed",
    "producer": "program or library that wrote the file: PDF producer, generator of a page, PRODID of a calendar",
    "creator": "program that the document was made with, where the format tells it apart from the producer",
    "company": "company of a document's author",
    "language": "language code of a document; programming language of a source",
    "maker": "maker of the camera or scanner",
    "model": "model of the camera or scanner",
    "software": "software that wrote a picture",
    "album": "album of a recording",
    "genre": "genre of a recording",
    "root": "root element of XML, without its prefix",
    "namespace": "namespace of the root element",
    "doctype": "document type of XML or HTML",
    "delimiter": "what stands between the columns of a table: comma, semicolon, tab or bar",
    "machine": "processor that a program is for",
    "binary_type": "kind of a program: executable, library, object, core",
    "subsystem": "what a Windows program runs in: native, GUI, console, EFI",
    "family": "family of a font",
    "style": "style of a font",
    "foundry": "maker of a font",
    "packed_name": "name that a compressor has kept",
    "shebang": "program that a script is for",
}

NUMBERS: Final[Mapping[str, str]] = {
    "n_pages": "pages of a document",
    "page_width_pt": "width of the first page in points",
    "page_height_pt": "height of the first page in points",
    "n_page_images": "pictures on the first pages, at most 64 each",
    "has_text": "1 where the first pages of a PDF have a text layer, else 0",
    "is_encrypted": "1 where a password is wanted",
    "n_sheets": "sheets of a workbook",
    "n_slides": "slides of a presentation",
    "n_members": "members of an archive, as its directory says",
    "width": "width of a picture in pixels, of a drawing in its own units",
    "height": "height of a picture in pixels, of a drawing in its own units",
    "n_shapes": "shapes of a drawing in the text that was read",
    "n_paints": "colours of a drawing in the text that was read",
    "is_work_file": "1 for a drawing with marks of the program that it is edited in",
    "is_animated": "1 for a picture that may move (GIF)",
    "has_palette": "1 for a picture with a palette",
    "has_alpha": "1 for a picture with transparency",
    "has_exposure": "1 where EXIF has an exposure time",
    "has_position": "1 where EXIF has a position on Earth",
    "is_screen_sized": "1 where width and height are those of a known screen",
    "is_icon_sized": "1 where the picture is a square of a size that icons have",
    "distinct_colours": "share of the 4,096 pixels of the thumbnail that are the first of their colour, 5 bits per channel",
    "flat_share": "share of neighbours in the thumbnail that are all but equal",
    "edge_share": "share of neighbours in the thumbnail that differ strongly",
    "white_share": "share of nearly white pixels of the thumbnail",
    "dark_share": "share of nearly black pixels of the thumbnail",
    "alpha_share": "share of pixels of the thumbnail that are not opaque",
    "saturation": "mean saturation of the thumbnail, 0 to 1",
    "border_share": "share of the outermost pixels that have the commonest colour of them",
    "margin": "narrowest margin of one colour around a picture, as a share of the way across or down; 0 without one on all sides",
    "clear_border": "share of the outermost pixels that are transparent",
    "exact_colours": "share of pixels picked from a piece of a picture that are the first of their colour, exactly",
    "main_colour": "share of them that have the commonest colour",
    "ground_share": "share of them whose colour a fiftieth or more of them have",
    "grey_ground": "share of them whose colour is as frequent, and grey or nearly",
    "panel_ground": "share of them whose colour is as frequent, and a grey between black and white, as panels of windows have it",
    "vivid_ground": "share of them whose colour is as frequent, and vivid",
    "equal_across": "share of neighbours in a row that are exactly equal, in a piece of the picture as it is",
    "equal_down": "the same in a column",
    "flat_blocks": "share of blocks of 8×8 pixels there without any step in a row",
    "noise": "mean step between neighbours, in grey levels, in the quietest quarter of the other blocks",
    "lines_across": "length of long straight edges from left to right there, in widths for 100 rows",
    "lines_down": "length of long straight edges from top to bottom there, in heights for 100 columns",
    "text_share": "share of the area there that looks like lines of text",
    "duration_s": "length of a recording in seconds",
    "bitrate_kbps": "bit rate of a recording",
    "sample_rate_hz": "sampling rate of a recording",
    "n_channels": "channels of a recording",
    "n_tables": "tables of a database",
    "n_columns": "columns of a table",
    "n_lines": "lines in the text that was read",
    "n_entries": "contacts, events, bookmarks, or entries of a log, in the text that was read",
    "n_links": "links in the text that was read",
    "n_attachments": "attachments of a message that were seen",
    "n_recipients": "recipients of a message",
    "n_glyphs": "glyphs of a font",
    "n_sections": "sections of a program or of a settings file",
    "bits": "word size of a program, 32 or 64",
    "is_managed": "1 for a .NET program",
}


class Unreadable(Exception):
    """The extractor cannot go on; the words say why, for a person. What was noted until then is kept."""


@dataclass(frozen=True, slots=True)
class Extract:
    """What was found in one file.

    `kind` is the extractor that looked: pdf, office, picture, audio, archive, database, font, mail, ole, program, text; empty where
    there is none for the format. `text` is readable text from the beginning, at most 12,000 characters. `fields` are short texts by
    the names in `FIELDS`, `numbers` by those in `NUMBERS`. `members` are names of what is inside (archive members, sheets, tables,
    attachments), `keys` names that give structure (headings, columns, keys, sections, element names), each list at most 64 names in
    the order of the file. `trouble` is the reason why it is "unreadable by the extractor", wholly or from some point on, else `None`.
    """

    kind: str = ""
    text: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    trouble: str | None = None


NOTHING: Final = Extract()


class Notes:
    """An extract in the making; every addition is bounded and made printable here, and nowhere else."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self.characters_left = TEXT_CHARACTERS
        self._fields: dict[str, str] = {}
        self._numbers: dict[str, float] = {}
        self._members: dict[str, None] = {}
        self._keys: dict[str, None] = {}

    def text(self, piece: str) -> None:
        """Add text, as far as there is room; spaces and line ends are made single ones."""
        if self.characters_left <= 0:
            return
        plain = _plain(piece[: 8 * TEXT_CHARACTERS])[: self.characters_left]
        if plain:
            self._text.append(plain)
            self.characters_left -= len(plain) + 1

    def field(self, name: str, value: object) -> None:
        """Set a field, unless the value is empty or the field is set already."""
        FIELDS[name]
        plain = _plain(str(value)[: 4 * FIELD_CHARACTERS])[:FIELD_CHARACTERS] if value else ""
        if plain:
            self._fields.setdefault(name, plain)

    def number(self, name: str, value: float) -> None:
        """Set a number; what is none (NaN, beyond all measure) is left out."""
        NUMBERS[name]
        if abs(value) < 1e15:
            self._numbers[name] = round(float(value), 4)

    def member(self, name: str) -> None:
        """Add the name of something inside."""
        _add(self._members, name)

    def key(self, name: str) -> None:
        """Add a name that gives structure."""
        _add(self._keys, name)

    @property
    def n_members(self) -> int:
        """How many members there are so far."""
        return len(self._members)

    def extract(self, kind: str, trouble: str | None = None) -> Extract:
        """The value."""
        text = "\n".join(self._text)[:TEXT_CHARACTERS]
        return Extract(kind, text, self._fields, self._numbers, tuple(self._members), tuple(self._keys), trouble)


def _add(names: dict[str, None], name: str) -> None:
    plain = _plain(name[: 4 * NAME_CHARACTERS])[:NAME_CHARACTERS]
    if plain and len(names) < MOST_NAMES:
        names[plain] = None


def _plain(text: str) -> str:
    """On one line, without what cannot be shown or stored."""
    joined = " ".join(text.split())
    if joined.isprintable():
        return joined
    return "".join(char if char.isprintable() else " " for char in joined).strip()
