"""Text and metadata of documents, without a document library: regular expressions over bounded pieces.

Of a PDF only what is not compressed is seen: title, producer and dates near its ends.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from ifmosfs.ml.dates import date_in_metadata
from ifmosfs.ml.evidence import Finding
from ifmosfs.ml.sample import Sample
from ifmosfs.ml.zip_members import Member, read_member

PDF_TAIL_BYTES: Final = 8192
PART_BYTES: Final = 48 * 1024
METADATA_BYTES: Final = 8192

_TAG = re.compile(r"<[^<>]*>")
_RTF_CONTROL = re.compile(r"\\'[0-9a-f]{2}|\\[a-z]+-?\d* ?|[{}]")
_TEX_CONTROL = re.compile(r"\\[a-zA-Z@_]+\*?|(?<!\\)%.*|[{}\[\]$&~]")
_TEX_PREAMBLE = re.compile(r"\\begin\{document\}|\\begin_body")
_PDF_TEXT = re.compile(rb"/(Title|Subject|Producer|Creator|Author|Keywords)\s*\(((?:[^()\\]|\\.){1,300})\)", re.DOTALL)
_PDF_DATE = re.compile(rb"/CreationDate\s*\(\s*(D?:?\d{8})")
_XMP_DATE = re.compile(rb"<xmp:CreateDate>\s*([\d:-]{8,10})")
_XMP_TITLE = re.compile(rb"<dc:title>\s*<rdf:Alt>\s*<rdf:li[^<>]*>([^<>]{1,300})<")
_CREATED = re.compile(rb"<(?:dcterms:created|meta:creation-date)[^<>]*>\s*([\d-]{8,10})")
_TITLE = re.compile(rb"<dc:(?:title|subject)>([^<>]{1,300})<")

# What the program that made a PDF says about it.
_MAKERS: Final[tuple[tuple[str, dict[str, float]], ...]] = (
    ("powerpoint|impress|keynote|beamer", {"business_presentation": 0.7}),
    (r"\b(excel|calc|numbers)\b", {"business_spreadsheet": 0.2, "financial_document": 0.2}),
    ("autocad|solidworks|catia|revit|kicad|eagle|inventor", {"design_cad": 0.75}),
    ("illustrator|inkscape|coreldraw|cairo", {"design_vector": 0.15}),
    ("photoshop|indesign|scribus|quarkxpress", {"design_document": 0.08, "technical_manual": 0.15}),
    (
        r"\b(\w*la|pdf|xe|lua)?tex\b|dvips|dvipdf|pandoc|docbook|\bfop\b|doxygen|sphinx|groff|asciidoc",
        {"technical_documentation": 0.35},
    ),
    ("framemaker|antenna house|madcap|dita|arbortext|oxygen", {"technical_manual": 0.5}),
    (r"crystal reports|jasper|\bsap\b|stripe|lexware|datev", {"financial_document": 0.25}),
    (r"scan|\bepson|\bcanon|hp digital|xerox|ricoh|genius", {"personal_document": 0.15}),
)


@dataclass(frozen=True, slots=True)
class Document:
    """What was found in a document: readable text, its title, findings from its metadata, its own date."""

    text: str = ""
    title: str = ""
    findings: tuple[Finding, ...] = ()
    dated: date | None = None


def read_pdf(sample: Sample, latest_year: int) -> Document:
    """Title, maker and date of a PDF where they lie open near its ends."""
    data = sample.head + sample.ending(PDF_TAIL_BYTES)
    fields = {match[1]: _pdf_string(match[2]) for match in _PDF_TEXT.finditer(data)}
    xmp_title = _XMP_TITLE.search(data)
    title = fields.get(b"Title", "") or (xmp_title[1].decode("utf-8", "replace") if xmp_title else "")
    made = _PDF_DATE.search(data) or _XMP_DATE.search(data)
    maker = f"{fields.get(b'Creator', '')} {fields.get(b'Producer', '')}".strip()
    text = " ".join((title, fields.get(b"Subject", ""), fields.get(b"Keywords", "")))
    return Document(text, title, maker_findings(maker), date_in_metadata(made[1], latest_year) if made else None)


def _pdf_string(raw: bytes) -> str:
    if raw.startswith(b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    return re.sub(rb"\\(.)", rb"\1", raw).decode("cp1252", "replace")


def maker_findings(maker: str) -> tuple[Finding, ...]:
    """What the program that made a document speaks for."""
    lower = maker.lower()
    for pattern, weights in _MAKERS:
        if re.search(pattern, lower):
            return (Finding(f"made with {_one_line(maker)}", weights),)
    return ()


def read_office(sample: Sample, members: tuple[Member, ...], latest_year: int) -> Document:
    """Text, title and creation date of an OOXML or OpenDocument file."""
    by_name = {member.name: member for member in members}
    properties = by_name.get("docProps/core.xml") or by_name.get("meta.xml")
    metadata = read_member(sample, properties, METADATA_BYTES) if properties else b""
    body = by_name.get("word/document.xml") or by_name.get("content.xml")
    text = read_member(sample, body, PART_BYTES).decode("utf-8", "replace") if body else ""
    created, titled = _CREATED.search(metadata), _TITLE.search(metadata)
    return Document(
        text=without_tags(text),
        title=titled[1].decode("utf-8", "replace") if titled else "",
        dated=date_in_metadata(created[1], latest_year) if created else None,
    )


def without_tags(markup: str) -> str:
    """The text between the tags, entities resolved."""
    return html.unescape(_TAG.sub(" ", markup))


def without_rtf_controls(markup: str) -> str:
    """The text between the control words of RTF."""
    return _RTF_CONTROL.sub(" ", markup)


def without_tex_controls(markup: str) -> str:
    """The text between the control words of TeX and LyX, from where the preamble ends."""
    begins = _TEX_PREAMBLE.search(markup)
    return _TEX_CONTROL.sub(" ", markup[begins.end() :] if begins else markup)


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:60]
