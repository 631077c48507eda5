"""What the content of a file says: its format first, and then, within the format, what it is about."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import date
from typing import Final

from ifmosfs.ml.by_name import word_findings
from ifmosfs.ml.decoding import decode
from ifmosfs.ml.documents import (
    Document,
    read_office,
    read_pdf,
    without_rtf_controls,
    without_tags,
    without_tex_controls,
)
from ifmosfs.ml.drawings import CHARACTERS, drawing_findings, read_drawing
from ifmosfs.ml.evidence import Finding
from ifmosfs.ml.extract.values import NOTHING, Extract
from ifmosfs.ml.extracted import extracted_document, extracted_format, extracted_picture, look_at_picture
from ifmosfs.ml.images import PILLOW_FORMATS, read_picture
from ifmosfs.ml.magic import find_magic
from ifmosfs.ml.meaning import MEANING_CHARACTERS, find_meaning
from ifmosfs.ml.rules import UNKNOWN_GROUP, Rules
from ifmosfs.ml.sample import Sample
from ifmosfs.ml.signatures import recognise
from ifmosfs.ml.text_shapes import recognise_text, without_opening_comment
from ifmosfs.ml.zip_members import Member, list_members, recognise_zip

GZIP_TEXT_BYTES: Final = 8192
_OFFICE: Final = frozenset({"docx", "odt", "pptx", "odp", "xlsx", "ods"})
_COMPRESSED: Final = frozenset({"gzip", "bzip2", "xz"})
_WRITTEN_FOR_PEOPLE: Final = frozenset({"document", "web", UNKNOWN_GROUP})  # not the comments of programs
_TEX_TITLE = re.compile(r"\\title\{([^{}\n]{1,200})|\\begin_layout Title\n([^\n]{1,200})")
_TITLE = re.compile(r"<title>([^<]{1,300})</title", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Content:
    """The findings from the content, and the date that the document itself gives."""

    findings: tuple[Finding, ...]
    dated: date | None = None


@dataclass(frozen=True, slots=True)
class Recognised:
    """The format of a content, as `rules.toml` names it; the text of its beginning if it is one, the members of a ZIP file."""

    format_name: str
    text: str | None = None
    members: tuple[Member, ...] = ()


def recognise_content(sample: Sample) -> Recognised:
    """Which format a non-empty file has, by its first bytes, the names in a ZIP file, or the shape of its text."""
    format_name = recognise(sample)
    if format_name is None:
        text = decode(sample.head)
        return Recognised("binary" if text is None else recognise_text(text), text)
    if format_name == "zip":
        members = list_members(sample)
        return Recognised(recognise_zip(sample, members), None, members)
    if format_name == "sqlite" and b"moz_bookmarks" in sample.head:
        format_name = "sqlite:bookmarks"
    return Recognised(format_name)


def look_inside(
    rules: Rules,
    sample: Sample,
    group: str,
    latest_year: int,
    recognised: Recognised | None = None,
    extract: Extract = NOTHING,
) -> Content:
    """What a non-empty file's content says; `group` is that of its extension, `extract` what an extractor has found in it, if any has.

    Reads through the sample only, and so within its bound. Where there is an extract, nothing is parsed here by any library.
    """
    found = recognised or recognise_content(sample)
    format_name = extracted_format(found.format_name, extract)
    if found.text is not None:
        return _text_content(rules, format_name, found.text, sample, group)
    if format_name in _COMPRESSED:
        return _compressed(rules, format_name, sample, group, extract)
    if format_name in PILLOW_FORMATS:
        return _picture(rules, sample, format_name, latest_year, extract)
    if extract.kind in {"pdf", "office", "ole"} and extract.trouble is None:
        return _extracted(rules, format_name, extract, latest_year)
    document = _by_sample(format_name, sample, found.members, latest_year)
    return Content(_format(rules, format_name)) if document is None else _document(rules, format_name, document)


def _by_sample(format_name: str, sample: Sample, members: tuple[Member, ...], latest_year: int) -> Document | None:
    """What lies open in a document, without an extractor; `None` where it is no document."""
    if format_name == "pdf":
        return read_pdf(sample, latest_year)
    return read_office(sample, members, latest_year) if format_name in _OFFICE else None


def _format(rules: Rules, name: str) -> tuple[Finding, ...]:
    return (rules.formats[name].finding,)


def _picture(rules: Rules, sample: Sample, format_name: str, latest_year: int, extract: Extract) -> Content:
    is_extracted = bool(extract.kind)
    picture = (
        extracted_picture(extract, latest_year) if is_extracted else read_picture(sample, format_name, latest_year)
    )
    if picture is None:
        return Content(_format(rules, format_name))
    findings = look_at_picture(extract, picture, format_name)
    return Content((*_format(rules, format_name), *findings), picture.taken)


def _extracted(rules: Rules, format_name: str, extract: Extract, latest_year: int) -> Content:
    where = " on its first pages" if extract.kind == "pdf" else ""
    return _document(rules, format_name, extracted_document(extract, latest_year), where)


def _document(rules: Rules, format_name: str, document: Document, where: str = "") -> Content:
    findings = (*_format(rules, format_name), *document.findings)
    if rules.formats[format_name].prose:
        findings += _about(rules, document.title, document.text, where)
    return Content(findings, document.dated)


def _about(rules: Rules, title: str, text: str, where: str = "") -> tuple[Finding, ...]:
    """What title and words speak for."""
    titled = word_findings(rules, title, "document") if title else []
    meaning = find_meaning(rules, text, where, title)
    return (*titled, *([meaning] if meaning else []))


def _compressed(rules: Rules, format_name: str, sample: Sample, group: str, extract: Extract) -> Content:
    """What is inside: a text by its shape, another format by its signature; of a gzip file without an extract, an archive, too."""
    packed = Content(_format(rules, format_name))
    if extract.text:
        return _compressed_text(rules, extract.text, group, packed)
    if format_name != "gzip":
        return packed
    try:
        inner = zlib.decompressobj(zlib.MAX_WBITS + 16).decompress(sample.head, GZIP_TEXT_BYTES)
    except zlib.error:
        return packed
    if inner[257:262] == b"ustar":
        return Content(_format(rules, "tar"))
    inner_name = find_magic(inner)
    if inner_name is not None:
        return Content(_format(rules, inner_name))
    text = decode(inner)
    return _compressed_text(rules, text, group, packed) if text else packed


def _compressed_text(rules: Rules, text: str, group: str, packed: Content) -> Content:
    """What a text says that came out of a compressed file; where it has no shape, that it was compressed says more."""
    name = recognise_text(text)
    content = _text_content(rules, name, text, None, group)
    return packed if name == "text" and len(content.findings) == 1 else content


def _text_content(rules: Rules, name: str, text: str, sample: Sample | None, group: str) -> Content:
    """What a text says; `sample` gives more of it where its words matter."""
    known = rules.formats[name]
    if name == "xml:svg":
        return Content(
            (known.finding, *_drawing(rules, (decode(sample.beginning(CHARACTERS)) if sample else "") or text))
        )
    if not known.prose or group not in _WRITTEN_FOR_PEOPLE:
        return Content((known.finding,))
    longer = decode(sample.beginning(MEANING_CHARACTERS)) if sample else text
    title = (
        _TITLE.search(text) if name.startswith("html") else _TEX_TITLE.search(text) if name in {"tex", "lyx"} else None
    )
    return Content(
        (
            known.finding,
            *_about(rules, next(filter(None, title.groups()), "") if title else "", _plain(longer or text, name)),
        )
    )


def _drawing(rules: Rules, text: str) -> tuple[Finding, ...]:
    drawing = read_drawing(text)
    return (*drawing_findings(drawing), *(word_findings(rules, drawing.title, "vector") if drawing.title else ()))


def _plain(text: str, format_name: str) -> str:
    if format_name.startswith(("html", "xml:")):
        return without_tags(text)
    if format_name == "text":
        return without_opening_comment(text)
    if format_name in {"tex", "lyx"}:
        return without_tex_controls(text)
    return without_rtf_controls(text) if format_name == "rtf" else text
