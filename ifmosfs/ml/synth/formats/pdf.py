"""PDF as its many producers write it: text in standard fonts, pictures, old and new cross-reference tables."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import timedelta

from ifmosfs.ml.synth.blocks import Document
from ifmosfs.ml.synth.layout import Box, Item, Picture, Style, Text
from ifmosfs.ml.synth.pen import Pen

PRODUCERS = (
    (
        "Microsoft® Word «2010|2013|2016|2019|for Microsoft 365»",
        "Microsoft® Word «2010|2013|2016|2019|for Microsoft 365»",
    ),
    ("Writer", "LibreOffice «n:4-7».«n:0-6»"),
    ("Writer", "OpenOffice.org «2.4|3.1|3.3»"),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/«n:80-126».0.0.0", "Skia/PDF m«n:80-126»"),
    ("TeX", "pdfTeX-1.40.«n:10-25»"),
    ("LaTeX with hyperref", "xdvipdfmx (20«n:10-24»0315)"),
    ("", "GPL Ghostscript «9.27|9.50|10.0.0»"),
    ("PScript5.dll Version 5.2.2", "Acrobat Distiller «6.0|7.0|8.1.0|9.0.0|11.0» (Windows)"),
    ("Adobe InDesign CS«n:3-6»", "Adobe PDF Library «9.9|10.0.1|15.0»"),
    ("", "iText® 5.5.«n:1-13» ©2000-2018 iText Group NV (AGPL-version)"),
    ("JasperReports Library version 6.«n:1-20».0", "iText 2.1.7 by 1T3XT"),
    ("«Word|Pages|Safari|Preview»", "Mac OS X 10.«n:6-15».«n:1-6» Quartz PDFContext"),
    ("", "macOS Version 1«n:1-4».«n:0-6» (Build 2«n:0-3»A«n:100-600») Quartz PDFContext"),
    ("wkhtmltopdf 0.12.«n:4-6»", "Qt 4.8.7"),
    ("", "FPDF 1.8«n:1-5»"),
    ("TCPDF", "TCPDF 6.«n:2-6».«n:0-13» (http://www.tcpdf.org)"),
    ("Crystal Reports", "Powered By Crystal"),
    ("", "SAP NetWeaver 7«n:0-5»0"),
    ("", "dompdf 2.0.«n:0-4» + CPDF"),
    ("ReportLab PDF Library - www.reportlab.com", "ReportLab PDF Library - www.reportlab.com"),
    ("Prince 1«n:1-5» (www.princexml.com)", "Prince 1«n:1-5» (www.princexml.com)"),
    ("", "WeasyPrint «n:50-62».0"),
    ("PDFCreator Version 1.7.3", "GPL Ghostscript 9.10"),
    ("", "Telerik Reporting"),
    ("Aspose Pty Ltd.", "Aspose.Words for .NET"),
    ("", ""),
)
SCANNERS = (
    ("Canon iR-ADV C«n:2000-7000»  PDF", "Adobe PSL 1.3e for Canon"),
    ("EPSON Scan", "EPSON Scan"),
    ("HP Scan", "HP Scan Extended Application"),
    ("KMBT_C«n:220-558»", "KONICA MINOLTA bizhub C«n:220-558»"),
    ("", "CamScanner"),
    ("Brother «MFC|DCP»-«n:1000-9999»", "Brother iPrint&Scan"),
    ("ScanSnap Manager", "PFU ScanSnap Organizer"),
    ("", "RICOH MP C«n:2003-6004»"),
    ("Adobe Scan for Android", "Adobe Scan"),
    ("", "img2pdf 0.4.«n:0-4»"),
    ("Xerox WorkCentre «n:5000-7999»", "Xerox WorkCentre"),
    ("Genius Scan", "Quartz PDFContext"),
)
FONTS = (
    ("Helvetica", "Helvetica-Bold"),
    ("Times-Roman", "Times-Bold"),
    ("Courier", "Courier-Bold"),
    ("Helvetica", "Helvetica-Bold"),
    ("Times-Roman", "Helvetica-Bold"),
)
CJK = {"zh": ("STSong-Light", "UniGB-UCS2-H", "GB1"), "ja": ("HeiseiKakuGo-W5", "UniJIS-UCS2-H", "Japan1")}


@dataclass(slots=True)
class Pdf:
    """A file in the making. Objects are numbered from 1 in the order of adding."""

    objects: list[bytes]

    def add(self, body: bytes | str) -> int:
        """Add an object; returns its number."""
        self.objects.append(body.encode("latin-1", "replace") if isinstance(body, str) else body)
        return len(self.objects)

    def stream(self, data: bytes, extra: str = "", *, flate: bool) -> int:
        """Add a stream."""
        if flate:
            data, extra = zlib.compress(data), extra + "/Filter/FlateDecode"
        return self.add(f"<<{extra}/Length {len(data)}>>\nstream\n".encode("latin-1") + data + b"\nendstream")


def write_pdf(pages: list[list[Item]], style: Style, document: Document, pen: Pen, *, scanned: bool = False) -> bytes:
    """The pages as a PDF."""
    pdf = Pdf([b"", b""])
    flate = pen.chance(0.75)
    fonts = _add_fonts(pdf, document.language, pen)
    kids = [_add_page(pdf, items, style, fonts, document.language, flate=flate) for items in pages]
    pdf.objects[0] = _catalog(pen, document)
    pdf.objects[1] = f"<</Type/Pages/Kids[{' '.join(f'{kid} 0 R' for kid in kids)}]/Count {len(kids)}>>".encode()
    info = pdf.add(_info(pen, document, SCANNERS if scanned else PRODUCERS))
    return _assemble(pdf, info, pen)


def _catalog(pen: Pen, document: Document) -> bytes:
    extra = pen.pick(("", "", f"/Lang({document.language})", "/PageMode/UseOutlines", "/MarkInfo<</Marked true>>"))
    return f"<</Type/Catalog/Pages 2 0 R{extra}>>".encode()


def _add_fonts(pdf: Pdf, language: str, pen: Pen) -> str:
    if language in CJK:
        name, cmap, ordering = CJK[language]
        descendant = pdf.add(
            f"<</Type/Font/Subtype/CIDFontType0/BaseFont/{name}"
            f"/CIDSystemInfo<</Registry(Adobe)/Ordering({ordering})/Supplement 2>>/DW 1000>>"
        )
        number = pdf.add(
            f"<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/{cmap}/DescendantFonts[{descendant} 0 R]>>"
        )
        return f"/F1 {number} 0 R/F2 {number} 0 R"
    encoding = "/Encoding/WinAnsiEncoding"
    if language == "ru":
        encoding = (
            f"/Encoding {pdf.add(_cyrillic_differences())} 0 R/ToUnicode {pdf.stream(_cyrillic_map(), flate=False)} 0 R"
        )
    plain, bold = (pdf.add(f"<</Type/Font/Subtype/Type1/BaseFont/{name}{encoding}>>") for name in pen.pick(FONTS))
    return f"/F1 {plain} 0 R/F2 {bold} 0 R"


def _cyrillic_differences() -> str:
    names = " ".join(f"/uni{ord(bytes([code]).decode('cp1251')):04X}" for code in range(0xC0, 0x100))
    return f"<</Type/Encoding/BaseEncoding/WinAnsiEncoding/Differences[192 {names}]>>"


def _cyrillic_map() -> bytes:
    return (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Cyr def /CMapType 2 def\n"
        b"1 begincodespacerange <00> <FF> endcodespacerange\n"
        b"2 beginbfrange <20> <7E> <0020> <C0> <FF> <0410> endbfrange\nendcmap end end"
    )


def _text_bytes(text: str, language: str) -> bytes:
    if language in CJK:
        return b"<" + text.encode("utf-16-be", "replace").hex().encode() + b">"
    raw = text.encode("cp1251" if language == "ru" else "cp1252", "replace")
    return b"(" + raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)") + b")"


def _add_page(pdf: Pdf, items: list[Item], style: Style, fonts: str, language: str, *, flate: bool) -> int:
    width, height = style.page
    content: list[bytes] = []
    pictures: list[str] = []
    for item in items:
        match item:
            case Text():
                content.append(_draw_text(item, height, language))
            case Box():
                content.append(_draw_box(item, height))
            case Picture():
                pictures.append(f"/Im{len(pictures)} {_add_picture(pdf, item)} 0 R")
                place = f"{item.width:.1f} 0 0 {item.height:.1f} {item.x:.1f} {height - item.y - item.height:.1f}"
                content.append(f"q {place} cm /Im{len(pictures) - 1} Do Q".encode())
    stream = pdf.stream(b"\n".join(content), flate=flate)
    resources = f"<</Font<<{fonts}>>" + (f"/XObject<<{''.join(pictures)}>>" if pictures else "") + ">>"
    box = f"[0 0 {width:g} {height:g}]"
    return pdf.add(f"<</Type/Page/Parent 2 0 R/MediaBox{box}/Resources{resources}/Contents {stream} 0 R>>")


def _draw_text(item: Text, height: float, language: str) -> bytes:
    red, green, blue = (part / 255 for part in item.colour)
    font = "F2" if item.bold else "F1"
    start = f"BT {red:.2g} {green:.2g} {blue:.2g} rg /{font} {item.size:.4g} Tf {item.x:.1f} {height - item.y:.1f} Td "
    return start.encode() + _text_bytes(item.text, language) + b" Tj ET"


def _draw_box(item: Box, height: float) -> bytes:
    red, green, blue = (part / 255 for part in item.colour)
    rectangle = f"{item.x:.1f} {height - item.y - item.height:.1f} {item.width:.1f} {item.height:.1f} re"
    if item.filled:
        return f"{red:.2g} {green:.2g} {blue:.2g} rg {rectangle} f".encode()
    return f"{red:.2g} {green:.2g} {blue:.2g} RG 0.5 w {rectangle} S".encode()


def _add_picture(pdf: Pdf, item: Picture) -> int:
    space = "DeviceGray" if item.grey else "DeviceRGB"
    width, height = item.pixels
    return pdf.stream(
        item.jpeg,
        f"/Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/{space}/BitsPerComponent 8/Filter/DCTDecode",
        flate=False,
    )


def _string(text: str) -> bytes:
    raw = text.encode() if text.isascii() else b"\xfe\xff" + text.encode("utf-16-be")
    return b"(" + raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)").replace(b"\r", b"\\r") + b")"


def _info(pen: Pen, document: Document, producers: tuple[tuple[str, str], ...]) -> bytes:
    creator, producer = (pen.say(name) for name in pen.pick(producers))
    made = pen.now + timedelta(minutes=pen.whole(0, 500))
    zone = pen.pick(("Z", "+01'00'", "+02'00'", "-05'00'", ""))
    fields = {
        "Title": document.title
        if pen.chance(0.5)
        else pen.pick(("", "Microsoft Word - " + document.title + ".doc", "untitled")),
        "Author": document.author if pen.chance(0.5) else pen.slot("user", ""),
        "Subject": document.subject if pen.chance(0.15) else "",
        "Creator": creator,
        "Producer": producer,
        "CreationDate": f"D:{made:%Y%m%d%H%M%S}{zone}",
        "ModDate": f"D:{made:%Y%m%d%H%M%S}{zone}" if pen.chance(0.6) else "",
    }
    return b"<<" + b"".join(f"/{key}".encode() + _string(value) for key, value in fields.items() if value) + b">>"


def _assemble(pdf: Pdf, info: int, pen: Pen) -> bytes:
    version = pen.pick(("1.3", "1.4", "1.4", "1.4", "1.5", "1.5", "1.6", "1.7", "1.7"))
    out = bytearray(
        f"%PDF-{version}\n".encode()
        + pen.pick((b"%\xe2\xe3\xcf\xd3\n", b"%\xb5\xb5\xb5\xb5\n", b"", b"%\xc4\xe5\xf2\xe5\n"))
    )
    places = []
    for number, body in enumerate(pdf.objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    identity = pen.noise(16).hex().upper()
    common = f"/Root 1 0 R/Info {info} 0 R/ID[<{identity}><{identity}>]"
    start = len(out)
    if version >= "1.5" and pen.chance(0.5):
        out += _reference_stream([*places, start], common)
    else:
        out += f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n".encode()
        out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
        out += f"trailer\n<</Size {len(places) + 1}{common}>>\n".encode()
    return bytes(out) + f"startxref\n{start}\n%%EOF\n".encode()


def _reference_stream(places: list[int], common: str) -> bytes:
    number = len(places)
    rows = b"\x00\x00\x00\x00\x00" + b"".join(b"\x01" + place.to_bytes(4, "big") for place in places)
    data = zlib.compress(rows)
    head = f"{number} 0 obj\n<</Type/XRef/Size {number + 1}/W[1 4 0]/Filter/FlateDecode{common}/Length {len(data)}>>\nstream\n"
    return head.encode() + data + b"\nendstream\nendobj\n"
