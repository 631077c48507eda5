"""Office Open XML: documents, workbooks and slides, with the parts that the different programs leave in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape as _escape

from ifmosfs.ml.synth.blocks import Block, Bullets, Document, Fields, Heading, Paragraph, Table
from ifmosfs.ml.synth.formats.zipped import write_zip
from ifmosfs.ml.synth.pen import Pen

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument"
APPLICATIONS = (
    "Microsoft Office Word|Microsoft Macintosh Word|LibreOffice/7.«n:0-6».«n:0-7».2$Linux_X86_64|WPS Office|Aspose.Words|Pages|",
    "Microsoft Excel|Microsoft Macintosh Excel|LibreOffice/«n:5-7».«n:0-6»$Windows_X86_64|WPS Office|Numbers|SheetJS|",
    "Microsoft Office PowerPoint|Microsoft Macintosh PowerPoint|LibreOffice/7.3$Linux_X86_64|WPS Office|Keynote|",
)


def xml(text: str) -> str:
    """Text for XML, quotes included."""
    return _escape(text, {'"': "&quot;"})


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook. Numbers stay numbers; texts that begin with `=` are formulas."""

    name: str
    rows: tuple[tuple[str | float, ...], ...]


@dataclass(frozen=True, slots=True)
class Slide:
    """One slide."""

    title: str
    items: tuple[str, ...]
    notes: str = ""


def _relations(rows: Sequence[tuple[str, str]], base: str = OFFICE) -> str:
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{kind if ":" in kind else base + "/" + kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(rows, 1)
    )
    return f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>'


def _types(overrides: Sequence[tuple[str, str]]) -> str:
    defaults = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="jpeg" ContentType="image/jpeg"/>'
    rows = "".join(f'<Override PartName="/{part}" ContentType="{kind}"/>' for part, kind in overrides)
    return f'{HEAD}<Types xmlns="{PACKAGE}/content-types">{defaults}{rows}</Types>'


def _packed(
    pen: Pen, main: str, main_type: str, parts: dict[str, str], types: list[tuple[str, str]], who: tuple[str, str, str]
) -> bytes:
    """The package: the parts, and the properties that most programs add."""
    title, author, application = who
    members = {}
    relations = [("officeDocument", main)]
    types = [(main, main_type), *types]
    if application:
        members["docProps/app.xml"] = _app(pen, application)
        members["docProps/core.xml"] = _core(pen, title, author)
        relations += [
            (f"{PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
            ("extended-properties", "docProps/app.xml"),
        ]
        types += [
            ("docProps/core.xml", "application/vnd.openxmlformats-package.core-properties+xml"),
            ("docProps/app.xml", f"{TYPE}.extended-properties+xml"),
        ]
    first = {"[Content_Types].xml": _types(types), "_rels/.rels": _relations(relations)}
    order = {**first, **parts, **members} if pen.chance(0.6) else {**members, **parts, **first}
    return write_zip(order)


def _app(pen: Pen, application: str) -> str:
    return (
        f'{HEAD}<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">'
        f"<Template>Normal.dotm</Template><TotalTime>{pen.whole(0, 900)}</TotalTime><Application>{xml(application)}</Application>"
        f"<Company>{xml(pen.slot('company', ''))}</Company><AppVersion>1{pen.whole(2, 6)}.0000</AppVersion></Properties>"
    )


def _core(pen: Pen, title: str, author: str) -> str:
    made = pen.moment("%Y-%m-%dT%H:%M:00Z")
    shown = f"<dc:title>{xml(title)}</dc:title>" if pen.chance(0.4) else ""
    return (
        f'{HEAD}<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{shown}<dc:creator>{xml(author)}</dc:creator><cp:lastModifiedBy>{xml(pen.slot('person', ''))}</cp:lastModifiedBy>"
        f"<cp:revision>{pen.whole(1, 40)}</cp:revision>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{made}</dcterms:created>'
        f'<dcterms:modified xsi:type="dcterms:W3CDTF">{made}</dcterms:modified></cp:coreProperties>'
    )


# ---- documents

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'


def write_docx(document: Document, pen: Pen) -> bytes:
    """The document as Word and others store it."""
    application = pen.say(pen.one_of(APPLICATIONS[0]))
    types, parts, relations = [], {}, []
    body = "".join(_word_block(block, pen) for block in document.blocks)
    if pen.chance(0.8):
        parts["word/styles.xml"] = _word_styles(pen)
        relations.append(("styles", "styles.xml"))
        types.append(("word/styles.xml", f"{TYPE}.wordprocessingml.styles+xml"))
    if pen.chance(0.6):
        parts["word/settings.xml"] = (
            f'{HEAD}<w:settings {W}><w:zoom w:percent="{pen.whole(80, 150)}"/><w:defaultTabStop w:val="708"/></w:settings>'
        )
        relations.append(("settings", "settings.xml"))
        types.append(("word/settings.xml", f"{TYPE}.wordprocessingml.settings+xml"))
    section = '<w:pgSz w:w="11906" w:h="16838"/>'
    for kind, text in (("footer", document.footer), ("header", document.header)):
        if text and pen.chance(0.5):
            parts[f"word/{kind}1.xml"] = (
                f"{HEAD}<w:{kind[:1]}{'tr' if kind == 'footer' else 'dr'} {W}>{_run_paragraph(text)}</w:{kind[:1]}{'tr' if kind == 'footer' else 'dr'}>"
            )
            relations.append((kind, f"{kind}1.xml"))
            types.append((f"word/{kind}1.xml", f"{TYPE}.wordprocessingml.{kind}+xml"))
            section = f'<w:{kind}Reference w:type="default" r:id="rId{len(relations)}"/>' + section
    parts = {
        "word/document.xml": f"{HEAD}<w:document {W}><w:body>{body}<w:sectPr>{section}</w:sectPr></w:body></w:document>",
        **parts,
    }
    parts["word/_rels/document.xml.rels"] = _relations(relations)
    return _packed(
        pen,
        "word/document.xml",
        f"{TYPE}.wordprocessingml.document.main+xml",
        parts,
        types,
        (document.title, document.author, application),
    )


def _run_paragraph(text: str, style: str = "", bold: bool = False) -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    run = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f'<w:p>{properties}<w:r>{run}<w:t xml:space="preserve">{xml(text)}</w:t></w:r></w:p>'


def _word_block(block: Block, pen: Pen) -> str:
    match block:
        case Heading(text, level):
            return _run_paragraph(text, "Title" if level == 0 else f"Heading{level}", bold=pen.chance(0.3))
        case Paragraph(text):
            return _run_paragraph(text)
        case Bullets(items, numbered):
            return "".join(
                _run_paragraph(f"{n}. {item}" if numbered else item, "ListParagraph") for n, item in enumerate(items, 1)
            )
        case Fields(rows):
            if len(rows) % 2:
                return "".join(_run_paragraph(f"{name}:\t{value}") for name, value in rows)
            return _word_table(rows)
        case Table(rows):
            return _word_table(rows)


def _word_table(rows: Sequence[Sequence[str]]) -> str:
    grid = "".join("<w:gridCol/>" for _ in rows[0])
    cells = ("".join(f"<w:tc><w:tcPr/>{_run_paragraph(cell)}</w:tc>" for cell in row) for row in rows)
    return (
        f"<w:tbl><w:tblPr/><w:tblGrid>{grid}</w:tblGrid>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl><w:p/>"
    )


def _word_styles(pen: Pen) -> str:
    font = pen.pick(
        ("Calibri", "Times New Roman", "Arial", "Liberation Serif", "Cambria", "Garamond", "Aptos", "Verdana")
    )
    names = ("Normal", "Heading1", "Heading2", "Title", "ListParagraph")
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{name}"><w:name w:val="{name.lower()}"/></w:style>' for name in names
    )
    defaults = f'<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="{font}" w:hAnsi="{font}"/><w:sz w:val="{pen.whole(9, 13) * 2}"/></w:rPr></w:rPrDefault></w:docDefaults>'
    return f"{HEAD}<w:styles {W}>{defaults}{styles}</w:styles>"


# ---- workbooks

S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def write_xlsx(sheets: Sequence[Sheet], pen: Pen, title: str, author: str) -> bytes:
    """The sheets as Excel and others store them: texts shared or in place."""
    application = pen.say(pen.one_of(APPLICATIONS[1]))
    shared: dict[str, int] | None = {} if pen.chance(0.7) else None
    parts, types, relations, listed = {}, [], [], []
    for n, sheet in enumerate(sheets, 1):
        parts[f"xl/worksheets/sheet{n}.xml"] = _sheet(sheet, shared, pen)
        types.append((f"xl/worksheets/sheet{n}.xml", f"{TYPE}.spreadsheetml.worksheet+xml"))
        relations.append(("worksheet", f"worksheets/sheet{n}.xml"))
        listed.append(f'<sheet name="{xml(sheet.name[:31])}" sheetId="{n}" r:id="rId{n}"/>')
    parts["xl/styles.xml"] = (
        f'{HEAD}<styleSheet xmlns="{S}"><fonts count="1"><font><sz val="11"/><name val="{pen.pick(("Calibri", "Arial", "Liberation Sans"))}"/></font></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="1"><xf/></cellXfs></styleSheet>'
    )
    types.append(("xl/styles.xml", f"{TYPE}.spreadsheetml.styles+xml"))
    relations.append(("styles", "styles.xml"))
    if shared:
        texts = "".join(f'<si><t xml:space="preserve">{xml(text)}</t></si>' for text in shared)
        parts["xl/sharedStrings.xml"] = (
            f'{HEAD}<sst xmlns="{S}" count="{len(shared)}" uniqueCount="{len(shared)}">{texts}</sst>'
        )
        types.append(("xl/sharedStrings.xml", f"{TYPE}.spreadsheetml.sharedStrings+xml"))
        relations.append(("sharedStrings", "sharedStrings.xml"))
    parts["xl/workbook.xml"] = (
        f'{HEAD}<workbook xmlns="{S}" xmlns:r="{OFFICE}"><sheets>{"".join(listed)}</sheets></workbook>'
    )
    parts["xl/_rels/workbook.xml.rels"] = _relations(relations)
    return _packed(
        pen, "xl/workbook.xml", f"{TYPE}.spreadsheetml.sheet.main+xml", parts, types, (title, author, application)
    )


def cell_name(row: int, column: int) -> str:
    """`A1` for 0, 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def _sheet(sheet: Sheet, shared: dict[str, int] | None, pen: Pen) -> str:
    rows = []
    for at, row in enumerate(sheet.rows):
        cells = "".join(_cell(value, cell_name(at, column), shared) for column, value in enumerate(row) if value != "")
        rows.append(f'<row r="{at + 1}">{cells}</row>')
    frozen = '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" state="frozen"/></sheetView></sheetViews>'
    view = frozen if pen.chance(0.3) else ""
    return f'{HEAD}<worksheet xmlns="{S}">{view}<sheetData>{"".join(rows)}</sheetData></worksheet>'


def _cell(value: str | float, name: str, shared: dict[str, int] | None) -> str:
    if not isinstance(value, str):
        return f'<c r="{name}"><v>{value:.10g}</v></c>'
    if value.startswith("="):
        return f'<c r="{name}"><f>{xml(value[1:])}</f><v>0</v></c>'
    if shared is None:
        return f'<c r="{name}" t="inlineStr"><is><t>{xml(value)}</t></is></c>'
    return f'<c r="{name}" t="s"><v>{shared.setdefault(value, len(shared))}</v></c>'


# ---- slides

P = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
TREE = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'


def write_pptx(slides: Sequence[Slide], pen: Pen, title: str, author: str) -> bytes:
    """The slides with a master, a layout and a theme."""
    application = pen.say(pen.one_of(APPLICATIONS[2]))
    kind = f"{TYPE}.presentationml"
    parts: dict[str, str] = {}
    types = [
        ("ppt/slideMasters/slideMaster1.xml", f"{kind}.slideMaster+xml"),
        ("ppt/slideLayouts/slideLayout1.xml", f"{kind}.slideLayout+xml"),
        ("ppt/theme/theme1.xml", f"{TYPE}.theme+xml"),
    ]
    relations = [("slideMaster", "slideMasters/slideMaster1.xml")]
    listed = []
    for n, slide in enumerate(slides, 1):
        parts[f"ppt/slides/slide{n}.xml"] = _slide(slide)
        parts[f"ppt/slides/_rels/slide{n}.xml.rels"] = _relations([("slideLayout", "../slideLayouts/slideLayout1.xml")])
        types.append((f"ppt/slides/slide{n}.xml", f"{kind}.slide+xml"))
        relations.append(("slide", f"slides/slide{n}.xml"))
        listed.append(f'<p:sldId id="{255 + n}" r:id="rId{n + 1}"/>')
    size = pen.pick(('cx="12192000" cy="6858000"', 'cx="9144000" cy="6858000"', 'cx="9144000" cy="5143500"'))
    main = f'{HEAD}<p:presentation {P}><p:sldMasterIdLst><p:sldMasterId id="2147483648" r:id="rId1"/></p:sldMasterIdLst><p:sldIdLst>{"".join(listed)}</p:sldIdLst><p:sldSz {size}/><p:notesSz cx="6858000" cy="9144000"/></p:presentation>'
    parts = {
        "ppt/presentation.xml": main,
        "ppt/_rels/presentation.xml.rels": _relations(relations),
        **parts,
        **_master(pen),
    }
    return _packed(
        pen, "ppt/presentation.xml", f"{kind}.presentation.main+xml", parts, types, (title, author, application)
    )


def _slide(slide: Slide) -> str:
    shapes = _shape(2, "Title 1", (slide.title,)) + (
        _shape(3, "Content Placeholder 2", slide.items) if slide.items else ""
    )
    return f"{HEAD}<p:sld {P}><p:cSld><p:spTree>{TREE}{shapes}</p:spTree></p:cSld></p:sld>"


def _shape(number: int, name: str, texts: Sequence[str]) -> str:
    kind = '<p:ph type="title"/>' if number == 2 else '<p:ph idx="1"/>'
    lines = "".join(f"<a:p><a:r><a:t>{xml(text)}</a:t></a:r></a:p>" for text in texts)
    return f'<p:sp><p:nvSpPr><p:cNvPr id="{number}" name="{name}"/><p:cNvSpPr/><p:nvPr>{kind}</p:nvPr></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/>{lines}</p:txBody></p:sp>'


def _master(pen: Pen) -> dict[str, str]:
    tree = f"<p:cSld><p:spTree>{TREE}</p:spTree></p:cSld>"
    colours = "".join(
        f'<a:{name}><a:srgbClr val="{pen.slot("hex", "6").upper()}"/></a:{name}>'
        for name in (
            "dk1",
            "lt1",
            "dk2",
            "lt2",
            "accent1",
            "accent2",
            "accent3",
            "accent4",
            "accent5",
            "accent6",
            "hlink",
            "folHlink",
        )
    )
    font = pen.pick(("Calibri", "Arial", "Aptos", "Helvetica Neue", "Liberation Sans", "Century Gothic"))
    theme = pen.pick(("Office Theme", "Office", "Ion", "Facet", "Simple Light", "Default Design", "Retrospect"))
    links = "".join(
        f'{name}="{value}" '
        for name, value in zip(
            [
                "bg1",
                "tx1",
                "bg2",
                "tx2",
                "accent1",
                "accent2",
                "accent3",
                "accent4",
                "accent5",
                "accent6",
                "hlink",
                "folHlink",
            ],
            [
                "lt1",
                "dk1",
                "lt2",
                "dk2",
                "accent1",
                "accent2",
                "accent3",
                "accent4",
                "accent5",
                "accent6",
                "hlink",
                "folHlink",
            ],
            strict=True,
        )
    )
    return {
        "ppt/slideMasters/slideMaster1.xml": f'{HEAD}<p:sldMaster {P}>{tree}<p:clrMap {links}/><p:sldLayoutIdLst><p:sldLayoutId id="2147483649" r:id="rId1"/></p:sldLayoutIdLst></p:sldMaster>',
        "ppt/slideMasters/_rels/slideMaster1.xml.rels": _relations(
            [("slideLayout", "../slideLayouts/slideLayout1.xml"), ("theme", "../theme/theme1.xml")]
        ),
        "ppt/slideLayouts/slideLayout1.xml": f"{HEAD}<p:sldLayout {P}>{tree}</p:sldLayout>",
        "ppt/slideLayouts/_rels/slideLayout1.xml.rels": _relations(
            [("slideMaster", "../slideMasters/slideMaster1.xml")]
        ),
        "ppt/theme/theme1.xml": f'{HEAD}<a:theme xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" name="{theme}"><a:themeElements><a:clrScheme name="Office">{colours}</a:clrScheme><a:fontScheme name="Office"><a:majorFont><a:latin typeface="{font}"/></a:majorFont><a:minorFont><a:latin typeface="{font}"/></a:minorFont></a:fontScheme></a:themeElements></a:theme>',
    }
