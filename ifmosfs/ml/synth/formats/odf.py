"""OpenDocument: texts, sheets, slides and drawings."""

from __future__ import annotations

from collections.abc import Sequence

from ifmosfs.ml.synth.blocks import Block, Bullets, Document, Fields, Heading, Paragraph, Table
from ifmosfs.ml.synth.formats.ooxml import Sheet, Slide, xml
from ifmosfs.ml.synth.formats.zipped import write_zip
from ifmosfs.ml.synth.pen import Pen

SPACES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"'
)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
GENERATORS = "LibreOffice/«n:4-7».«n:0-6».«n:0-7».2$Linux_X86_64 LibreOffice_project/|OpenOffice.org/3.3$Win32|LibreOffice/6.1$Windows_X86_64|Calligra/3.2|MicrosoftOffice/15.0 MicrosoftWord|AbiWord/3.0.4|Google Docs"


def write_odt(document: Document, pen: Pen) -> bytes:
    """A text document."""
    body = "".join(_block(block) for block in document.blocks)
    return _packed(pen, "text", f"<office:text>{body}</office:text>", document.title, document.author)


def write_ods(sheets: Sequence[Sheet], pen: Pen, title: str, author: str) -> bytes:
    """A workbook."""
    tables = "".join(
        f'<table:table table:name="{xml(sheet.name)}">{"".join(_row(row) for row in sheet.rows)}</table:table>'
        for sheet in sheets
    )
    return _packed(pen, "spreadsheet", f"<office:spreadsheet>{tables}</office:spreadsheet>", title, author)


def write_odp(slides: Sequence[Slide], pen: Pen, title: str, author: str) -> bytes:
    """Slides."""
    pages = "".join(
        f'<draw:page draw:name="page{n}">{_frame(2, slide.title)}{"".join(_frame(5 + at, item) for at, item in enumerate(slide.items))}</draw:page>'
        for n, slide in enumerate(slides, 1)
    )
    return _packed(pen, "presentation", f"<office:presentation>{pages}</office:presentation>", title, author)


def write_odg(shapes: Sequence[str], pen: Pen, title: str, author: str) -> bytes:
    """A drawing of ready shapes."""
    page = f'<draw:page draw:name="page1">{"".join(shapes)}</draw:page>'
    return _packed(pen, "graphics", f"<office:drawing>{page}</office:drawing>", title, author)


def _packed(pen: Pen, kind: str, body: str, title: str, author: str) -> bytes:
    mime = f"application/vnd.oasis.opendocument.{kind}"
    members = {
        "mimetype": mime,
        "content.xml": f'{HEAD}<office:document-content {SPACES} office:version="1.{pen.whole(1, 3)}"><office:body>{body}</office:body></office:document-content>',
        "meta.xml": _meta(pen, title, author),
        "styles.xml": f'{HEAD}<office:document-styles {SPACES} office:version="1.2"><office:styles/></office:document-styles>',
    }
    if pen.chance(0.7):
        members["settings.xml"] = f'{HEAD}<office:document-settings {SPACES} office:version="1.2"/>'
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="text/xml"/>'
        for name in members
        if name != "mimetype"
    )
    members["META-INF/manifest.xml"] = (
        f'{HEAD}<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{mime}"/>{entries}</manifest:manifest>'
    )
    return write_zip(members, stored=frozenset({"mimetype"}))


def _meta(pen: Pen, title: str, author: str) -> str:
    shown = f"<dc:title>{xml(title)}</dc:title>" if pen.chance(0.4) else ""
    return (
        f'{HEAD}<office:document-meta {SPACES} office:version="1.2"><office:meta><meta:generator>{xml(pen.one_of(GENERATORS))}</meta:generator>'
        f"{shown}<dc:creator>{xml(author)}</dc:creator><dc:date>{pen.moment('%Y-%m-%dT%H:%M:%S')}</dc:date></office:meta></office:document-meta>"
    )


def _frame(top: int, text: str) -> str:
    return f'<draw:frame svg:x="2cm" svg:y="{top}cm" svg:width="22cm" svg:height="2cm"><draw:text-box><text:p>{xml(text)}</text:p></draw:text-box></draw:frame>'


def _row(row: Sequence[str | float]) -> str:
    return f"<table:table-row>{''.join(_cell(value) for value in row)}</table:table-row>"


def _cell(value: str | float) -> str:
    if not isinstance(value, str):
        return f'<table:table-cell office:value-type="float" office:value="{value:.10g}"><text:p>{value:.10g}</text:p></table:table-cell>'
    if value.startswith("="):
        return f'<table:table-cell table:formula="of:{xml(value)}" office:value-type="float" office:value="0"><text:p>0</text:p></table:table-cell>'
    return f'<table:table-cell office:value-type="string"><text:p>{xml(value)}</text:p></table:table-cell>'


def _block(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f'<text:h text:outline-level="{max(level, 1)}">{xml(text)}</text:h>'
        case Paragraph(text):
            return f"<text:p>{xml(text)}</text:p>"
        case Bullets(items, _):
            rows = "".join(f"<text:list-item><text:p>{xml(item)}</text:p></text:list-item>" for item in items)
            return f"<text:list>{rows}</text:list>"
        case Fields(rows):
            return "".join(f"<text:p>{xml(name)}:<text:tab/>{xml(value)}</text:p>" for name, value in rows)
        case Table(rows):
            return f'<table:table table:name="Table">{"".join(_row(row) for row in rows)}</table:table>'
