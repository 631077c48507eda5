"""What the content of a file says: its format first, and then, within the format, what it is about."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import date
from typing import Final

from ifmosfs.ml.by_name import word_findings
from ifmosfs.ml.decoding import decode
from ifmosfs.ml.documents import Document, read_office, read_pdf, without_rtf_controls, without_tags
from ifmosfs.ml.evidence import Finding
from ifmosfs.ml.images import PILLOW_FORMATS, picture_findings, read_picture
from ifmosfs.ml.meaning import MEANING_CHARACTERS, find_meaning
from ifmosfs.ml.rules import UNKNOWN_GROUP, Rules
from ifmosfs.ml.sample import Sample
from ifmosfs.ml.signatures import recognise
from ifmosfs.ml.text_shapes import recognise_text
from ifmosfs.ml.zip_members import list_members, recognise_zip

GZIP_TEXT_BYTES: Final = 8192
_OFFICE: Final = frozenset({"docx", "odt", "pptx", "odp", "xlsx", "ods"})
_WRITTEN_FOR_PEOPLE: Final = frozenset({"document", "web", UNKNOWN_GROUP})  # not the comments of programs
_TITLE = re.compile(r"<title>([^<]{1,300})</title", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Content:
    """The findings from the content, and the date that the document itself gives."""

    findings: tuple[Finding, ...]
    dated: date | None = None


def look_inside(rules: Rules, sample: Sample, group: str, latest_year: int) -> Content:
    """What a non-empty file's content says; `group` is that of its extension.

    Reads through the sample only, and so within its bound.
    """
    format_name = recognise(sample)
    if format_name is None:
        return _text_content(rules, decode(sample.head), sample, group)
    if format_name == "gzip":
        return _compressed(rules, sample, group)
    if format_name in PILLOW_FORMATS:
        return _picture(rules, sample, format_name, latest_year)
    if format_name == "pdf":
        return _document(rules, format_name, read_pdf(sample, latest_year))
    if format_name == "zip":
        return _zip(rules, sample, latest_year)
    if format_name == "sqlite" and b"moz_bookmarks" in sample.head:
        format_name = "sqlite:bookmarks"
    return Content(_format(rules, format_name))


def _format(rules: Rules, name: str) -> tuple[Finding, ...]:
    return (rules.formats[name].finding,)


def _picture(rules: Rules, sample: Sample, format_name: str, latest_year: int) -> Content:
    picture = read_picture(sample, format_name, latest_year)
    if picture is None:
        return Content(_format(rules, format_name))
    return Content((*_format(rules, format_name), *picture_findings(picture, format_name)), picture.taken)


def _zip(rules: Rules, sample: Sample, latest_year: int) -> Content:
    members = list_members(sample)
    format_name = recognise_zip(sample, members)
    if format_name in _OFFICE:
        return _document(rules, format_name, read_office(sample, members, latest_year))
    return Content(_format(rules, format_name))


def _document(rules: Rules, format_name: str, document: Document) -> Content:
    findings = (*_format(rules, format_name), *document.findings)
    if rules.formats[format_name].prose:
        findings += _about(rules, document.title, document.text)
    return Content(findings, document.dated)


def _about(rules: Rules, title: str, text: str) -> tuple[Finding, ...]:
    """What title and words speak for."""
    titled = word_findings(rules, title, "document") if title else []
    meaning = find_meaning(rules, text)
    return (*titled, *([meaning] if meaning else []))


def _compressed(rules: Rules, sample: Sample, group: str) -> Content:
    """Of a gzip file, what its unpacked beginning says: an archive if it is one, a text if it is one."""
    try:
        inner = zlib.decompressobj(zlib.MAX_WBITS + 16).decompress(sample.head, GZIP_TEXT_BYTES)
    except zlib.error:
        return Content(_format(rules, "gzip"))
    text = decode(inner)
    if inner[257:262] == b"ustar":
        return Content(_format(rules, "tar"))
    if text:
        return _text_content(rules, text, None, group)
    return Content(_format(rules, "gzip"))


def _text_content(rules: Rules, text: str | None, sample: Sample | None, group: str) -> Content:
    """What a text says; `sample` gives more of it where its words matter."""
    if text is None:
        return Content(_format(rules, "binary"))
    name = recognise_text(text)
    known = rules.formats[name]
    if not known.prose or group not in _WRITTEN_FOR_PEOPLE:
        return Content((known.finding,))
    longer = decode(sample.beginning(MEANING_CHARACTERS)) if sample else text
    title = _TITLE.search(text) if name == "html" else None
    return Content((known.finding, *_about(rules, title[1] if title else "", _plain(longer or text, name))))


def _plain(text: str, format_name: str) -> str:
    if format_name == "html":
        return without_tags(text)
    return without_rtf_controls(text) if format_name == "rtf" else text
