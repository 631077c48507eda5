"""Documents that are ZIP files of XML parts: OOXML, OpenDocument, EPUB.

The parts are read by regular expressions and not by an XML parser: there is no entity to expand, nothing outside to fetch, and a part
that is cut off at its bound is as good as a whole one.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Final

from ifmosfs.ml.documents import without_tags
from ifmosfs.ml.extract.limits import MOST_PARTS, PART_BYTES
from ifmosfs.ml.extract.values import Notes, Unreadable
from ifmosfs.ml.sample import Sample
from ifmosfs.ml.zip_members import Member, list_members, read_member

_PROPERTIES: Final = {
    "dc:title": "title", "dc:subject": "subject", "dc:creator": "author", "cp:keywords": "keywords", "meta:keyword": "keywords",
    "dcterms:created": "created", "meta:creation-date": "created", "dc:language": "language", "Application": "creator",
    "Company": "company", "meta:generator": "producer", "dc:publisher": "company", "dc:date": "created",
}  # fmt: skip
_COUNTS: Final = {"Pages": "n_pages", "Slides": "n_slides"}
_ELEMENT: Final = re.compile(r"<([\w:-]{1,40})(?:\s[^<>]{0,400})?>([^<>]{1,800})</")
_ODF_PAGES: Final = re.compile(r'meta:page-count="(\d{1,7})"')
_SHEET: Final = re.compile(r'<(?:\w{1,10}:)?sheet\s[^<>]{0,200}?name="([^"<>]{1,200})"')
_ODF_SHEET: Final = re.compile(r'<table:table\s[^<>]{0,300}?table:name="([^"<>]{1,200})"')
_ODF_PAGE: Final = re.compile(r"<draw:page\s")
_PARAGRAPH_END: Final = re.compile(r"</(?:w:p|a:p|text:p|text:h|si|p|h\d|div)>")
_W_HEADING: Final = re.compile(
    r'<w:pStyle w:val="(?:Heading|Title|berschrift|Titre)[^"]{0,20}"/>(.{1,3000}?)</w:p>', re.DOTALL
)
_ODF_HEADING: Final = re.compile(r"<text:h\b[^<>]{0,300}>(.{1,1000}?)</text:h>", re.DOTALL)
_SLIDE: Final = re.compile(r"ppt/slides/slide(\d{1,5})\.xml")
_ROOT_FILE: Final = re.compile(r'full-path="([^"<>]{1,300})"')
_CHUNK: Final = 64 * 1024  # of markup at a time: mostly its text is enough
_PAGE_OF_BOOK: Final = re.compile(r"\.x?html?$")


def read_office(sample: Sample, notes: Notes) -> None:
    """Note what a document says."""
    members = list_members(sample)
    if not members:
        raise Unreadable("the directory of the ZIP file cannot be read")
    parts = _Parts(sample, {member.name: member for member in members})
    for name in ("docProps/core.xml", "docProps/app.xml", "meta.xml"):
        _note_properties(parts.text(name), notes)
    if "word/document.xml" in parts.members:
        _note_body(parts.text("word/document.xml"), _W_HEADING, notes)
    elif "xl/workbook.xml" in parts.members:
        _note_workbook(parts, notes)
    elif "META-INF/container.xml" in parts.members:
        _note_book(parts, notes)
    elif "content.xml" in parts.members:
        _note_open_document(parts.text("content.xml"), notes)
    else:
        _note_slides(parts, notes)


class _Parts:
    """The parts of a document; no more than `MOST_PARTS` of them are unpacked, each up to `PART_BYTES`."""

    def __init__(self, sample: Sample, members: Mapping[str, Member]) -> None:
        self._sample = sample
        self.members = members
        self._n_left = MOST_PARTS

    def text(self, name: str) -> str:
        member = self.members.get(name)
        if member is None or self._n_left <= 0:
            return ""
        self._n_left -= 1
        return read_member(self._sample, member, PART_BYTES).decode("utf-8", "replace")


def _note_properties(part: str, notes: Notes) -> None:
    for match in _ELEMENT.finditer(part):
        name, value = match[1], html.unescape(match[2])
        if name in _PROPERTIES:
            notes.field(_PROPERTIES[name], value)
        elif name in _COUNTS and value.isascii() and value.isdigit():
            notes.number(_COUNTS[name], int(value[:9]))
    pages = _ODF_PAGES.search(part)
    if pages:
        notes.number("n_pages", int(pages[1]))


def _note_body(part: str, heading: re.Pattern[str], notes: Notes) -> None:
    for match in heading.finditer(part):
        notes.key(_joined(match[1]))
    _note_text(part, notes)


def _note_text(part: str, notes: Notes) -> None:
    """Paragraph by paragraph, so that the runs of a word stay together."""
    start = 0
    while start < len(part):
        boundary = _PARAGRAPH_END.search(part, start + _CHUNK)
        end = boundary.end() if boundary else len(part)
        chunk = part[start:end].replace("\n", " ")
        start = end
        for paragraph in _joined(_PARAGRAPH_END.sub("\n", chunk)).split("\n"):
            if notes.characters_left <= 0:
                return
            notes.text(paragraph)


def _joined(paragraph: str) -> str:
    """The text of a paragraph; runs are cut within words, but tabs and cells are not."""
    spaced = re.sub(r"<(?:w:tab|w:br|a:br|text:tab|text:s|/w:tc|/table:table-cell)\b", r" \g<0>", paragraph)
    return html.unescape(re.sub(r"<[^<>]*(?:>|\Z)", "", spaced))


def _note_workbook(parts: _Parts, notes: Notes) -> None:
    sheets = _SHEET.findall(parts.text("xl/workbook.xml"))
    notes.number("n_sheets", len(sheets))
    for name in sheets:
        notes.member(html.unescape(name))
    _note_text(parts.text("xl/sharedStrings.xml"), notes)
    if not parts.members.keys() & {"xl/sharedStrings.xml"}:
        _note_text(parts.text("xl/worksheets/sheet1.xml"), notes)


def _note_open_document(part: str, notes: Notes) -> None:
    sheets = _ODF_SHEET.findall(part)
    if "<office:spreadsheet" in part:
        notes.number("n_sheets", len(sheets))
        for name in sheets:
            notes.member(html.unescape(name))
    n_slides = len(_ODF_PAGE.findall(part))
    if n_slides:
        notes.number("n_slides", n_slides)
    body = part.find("<office:body")
    _note_body(part[body:] if body >= 0 else part, _ODF_HEADING, notes)


def _note_slides(parts: _Parts, notes: Notes) -> None:
    numbers = sorted(int(match[1]) for name in parts.members if (match := _SLIDE.fullmatch(name)))
    if not numbers:
        raise Unreadable("a document without a part that is known")
    notes.number("n_slides", len(numbers))
    for number in numbers[:5]:
        _note_text(parts.text(f"ppt/slides/slide{number}.xml"), notes)


def _note_book(parts: _Parts, notes: Notes) -> None:
    root = _ROOT_FILE.search(parts.text("META-INF/container.xml"))
    _note_properties(parts.text(root[1]) if root else "", notes)
    for name in parts.members:
        if _PAGE_OF_BOOK.search(name) and notes.characters_left > 0:
            notes.text(without_tags(parts.text(name)))
