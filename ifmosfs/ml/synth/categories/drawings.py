"""design_vector: drawings."""

from __future__ import annotations

import struct

from ifmosfs.ml.synth.blocks import Document
from ifmosfs.ml.synth.formats import binary, odf
from ifmosfs.ml.synth.formats.ole import write_compound
from ifmosfs.ml.synth.formats.pdf import write_pdf
from ifmosfs.ml.synth.formats.zipped import write_gzip, write_zip
from ifmosfs.ml.synth.layout import Box, Item, Text, choose_style
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import Draft, document

VECTOR_NAMES = "drawing|illustration «noun»|«animal»|map|infographic|diagram_«noun»|pattern|flowchart|«noun»|Zeichnung|sketch«n:1-30»|floral|border|arrow set|network diagram|org chart|character|clipart-«animal»"
VECTOR_FOLDERS = "vectors|illustrations|drawings|svg|clipart|figures"


def _path(pen: Pen, size: float) -> str:
    parts = [f"M{pen.rng.uniform(0, size):.2f},{pen.rng.uniform(0, size):.2f}"]
    for _ in range(pen.size(2, 24)):
        numbers = [f"{pen.rng.uniform(-size / 4, size / 4):.2f}" for _ in range(6)]
        parts.append(
            pen.pick(
                (
                    f"c{','.join(numbers[:2])} {','.join(numbers[2:4])} {','.join(numbers[4:])}",
                    f"l{numbers[0]} {numbers[1]}",
                    f"q{numbers[0]} {numbers[1]} {numbers[2]} {numbers[3]}",
                    f"h{numbers[0]}",
                    f"v{numbers[1]}",
                )
            )
        )
    return "".join(parts) + pen.pick(("z", "z", ""))


def svg_shapes(pen: Pen, n: int, size: float, tones: list[str]) -> str:
    rows = []
    for _ in range(n):
        x, y, width = pen.rng.uniform(0, size), pen.rng.uniform(0, size), pen.rng.uniform(size / 50, size / 3)
        paint = (
            f'fill="{pen.pick(tones)}"'
            if pen.chance(0.7)
            else f'style="fill:none;stroke:{pen.pick(tones)};stroke-width:{pen.whole(1, 6)}"'
        )
        rows.append(
            pen.pick(
                (
                    f'<path {paint} d="{_path(pen, size)}"/>',
                    f'<path {paint} d="{_path(pen, size)}"/>',
                    f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{width:.1f}" {paint}/>',
                    f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{width:.1f}" {paint}/>',
                    f'<polygon points="{x:.0f},{y:.0f} {x + width:.0f},{y:.0f} {x:.0f},{y + width:.0f}" {paint}/>',
                    f'<g id="{pen.slot("noun", "")}"><ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{width:.1f}" ry="{width / 2:.1f}" {paint}/></g>',
                )
            )
        )
    return "\n".join(rows)


SVG_HEADS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<!-- Created with Inkscape (http://www.inkscape.org/) -->\n<svg xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" xmlns="http://www.w3.org/2000/svg" {size} inkscape:version="1.{n}">\n<sodipodi:namedview pagecolor="#ffffff" inkscape:zoom="1.4"/>',
    '<?xml version="1.0" encoding="utf-8"?>\n<!-- Generator: Adobe Illustrator 2{n}.0.1, SVG Export Plug-In . SVG Version: 6.00 Build 0)  -->\n<svg version="1.1" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" x="0px" y="0px" {size} xml:space="preserve">',
    '<svg xmlns="http://www.w3.org/2000/svg" {size}>',
    '<svg {size} fill="none" xmlns="http://www.w3.org/2000/svg">',
    '<?xml version="1.0" encoding="UTF-8"?>\n<svg {size} version="1.1" xmlns="http://www.w3.org/2000/svg">\n<!-- Generator: Sketch 5{n} (86127) -->\n<g id="Page-1" stroke="none" stroke-width="1" fill="none" fill-rule="evenodd">',
)


def write_svg(pen: Pen, body: str, width: int, height: int, *, title: str = "") -> str:
    """A picture in SVG as one of the programs writes it."""
    size = pen.pick(
        (
            f'viewBox="0 0 {width} {height}"',
            f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"',
            f'width="{width}mm" height="{height}mm" viewBox="0 0 {width} {height}"',
        )
    )
    head = pen.pick(SVG_HEADS).replace("{size}", size).replace("{n}", str(pen.whole(0, 9)))
    close = "\n</g>\n</svg>\n" if "Page-1" in head else "\n</svg>\n"
    return head + (f"\n<title>{title}</title>\n" if title else "\n") + body + close


@document("design_vector", weight=5)
def svg_drawing(pen: Pen) -> Draft:
    """An illustration of many shapes."""
    size = pen.pick((200, 400, 800, 1000))
    tones = ["#" + pen.slot("hex", "6") for _ in range(pen.whole(4, 16))]
    gradient = (
        pen.say(
            '<defs><linearGradient id="a"><stop offset="0" stop-color="#«hex:6»"/><stop offset="1" stop-color="#«hex:6»"/></linearGradient></defs>\n'
        )
        if pen.chance(0.5)
        else ""
    )
    text = write_svg(
        pen,
        gradient + svg_shapes(pen, pen.size(12, 160), size, tones),
        size,
        size * pen.pick((1, 1, 2)) // pen.pick((1, 2)),
    )
    if pen.chance(0.08):
        return Draft(write_gzip(text.encode()), "svgz", VECTOR_NAMES, VECTOR_FOLDERS)
    return Draft(text, "svg", VECTOR_NAMES, VECTOR_FOLDERS, strict=True)


@document("design_vector", weight=2)
def svg_diagram(pen: Pen) -> Draft:
    """A chart or graph as SVG, as programs plot them."""
    rows = [
        pen.say(
            f'<g id="node{at + 1}" class="node">\n<title>«noun»</title>\n<ellipse fill="none" stroke="black" cx="«n:20-700»" cy="-«n:20-400»" rx="«n:20-60»" ry="18"/>\n<text text-anchor="middle" x="«n:20-700»" y="-«n:20-400»" font-family="Times,serif" font-size="14.00">«noun»</text>\n</g>'
        )
        for at in range(pen.whole(3, 30))
    ]
    return Draft(
        write_svg(pen, "\n".join(rows), 720, 420),
        "svg",
        "graph|callgraph|inherit__graph|plot_«n:1-30»|figure«n:1-9»|architecture|class_«snake»__coll__graph",
        "figures|docs/images|html",
        strict=True,
    )


@document("design_vector", weight=4)
def postscript(pen: Pen) -> Draft:
    """EPS and PostScript."""
    maker = pen.one_of(
        "Adobe Illustrator(R) 1«n:0-7».0|MATLAB, The Mathworks, Inc. Version 9.«n:0-9»|gnuplot 5.«n:0-4» patchlevel «n:0-9»|cairo 1.16.0|CorelDRAW|Inkscape|fig2dev Version 3.2|GIMP PostScript file plug-in|R Software"
    )
    lines = "\n".join(
        pen.say(
            [
                "«f:0-500/2» «f:0-500/2» moveto «f:0-500/2» «f:0-500/2» lineto stroke",
                "«f:0-1/2» «f:0-1/2» «f:0-1/2» setrgbcolor",
                "«f:0-500/2» «f:0-500/2» «f:0-500/2» «f:0-500/2» «f:0-500/2» «f:0-500/2» curveto",
                "newpath «f:0-500/1» «f:0-500/1» «f:1-80/1» 0 360 arc fill",
                "gsave «f:0-9/2» setlinewidth grestore",
                "/Helvetica findfont 12 scalefont setfont (%s) show",
            ][pen.whole(0, 4)]
        )
        for _ in range(pen.size(10, 400))
    )
    eps = pen.chance(0.75)
    return Draft(
        f"%!PS-Adobe-3.0{' EPSF-3.0' if eps else ''}\n%%Creator: {maker}\n%%Title: {pen.slot('noun', '')}\n%%CreationDate: {pen.moment('%d/%m/%Y')}\n%%BoundingBox: 0 0 {pen.whole(100, 612)} {pen.whole(100, 792)}\n%%EndComments\n{lines}\nshowpage\n%%EOF\n",
        "eps" if eps else "ps",
        VECTOR_NAMES,
        VECTOR_FOLDERS,
        strict=True,
    )


@document("design_vector", weight=3, by_format=True)
def metafile(pen: Pen) -> Draft:
    """WMF and EMF."""
    if pen.chance(0.5):
        records = b"".join(
            struct.pack("<IH", 7, 0x0418) + struct.pack("<hhhh", *(pen.whole(0, 900) for _ in range(4)))
            for _ in range(pen.size(5, 200))
        )
        head = struct.pack("<IHhhhhHI", 0x9AC6CDD7, 0, 0, 0, 1000, 1000, 1440, 0)
        total = 0
        for at in range(0, 20, 2):
            total ^= struct.unpack_from("<H", head, at)[0]
        body = (
            struct.pack("<HHHIHIH", 1, 9, 0x300, (18 + len(records) + 6) // 2, 1, 7, 0)
            + records
            + struct.pack("<IH", 3, 0)
        )
        return Draft(head + struct.pack("<H", total) + body, "wmf", VECTOR_NAMES, VECTOR_FOLDERS)
    records = b"".join(
        struct.pack("<IIiiii", 43, 24, *(pen.whole(0, 900) for _ in range(4))) for _ in range(pen.size(5, 200))
    )
    head = struct.pack(
        "<II8iIIIIHHIIIii",
        1,
        88,
        0,
        0,
        900,
        900,
        0,
        0,
        9000,
        9000,
        0x464D4520,
        0x10000,
        88 + len(records) + 20,
        records.count(b"\x2b\x00\x00\x00") + 2,
        1,
        0,
        0,
        0,
        0,
        1920,
        1080,
    )
    head = head.ljust(88, b"\x00")
    return Draft(head + records + struct.pack("<IIIII", 14, 20, 0, 16, 20), "emf", VECTOR_NAMES, VECTOR_FOLDERS)


@document("design_vector", weight=4, by_format=True)
def drawing_program(pen: Pen) -> Draft:
    """Draw, draw.io, Dia, Xfig, Visio, CorelDRAW, Illustrator."""
    kind = pen.pick(("odg", "drawio", "dia", "fig", "vsdx", "vsd", "cdr", "ai", "ai", "cdr", "graffle", "tikz"))
    return Draft(_drawing(kind, pen), kind, VECTOR_NAMES, VECTOR_FOLDERS)


def _drawing(kind: str, pen: Pen) -> bytes | str:
    title, author = pen.slot("noun", ""), pen.slot("person", "")
    match kind:
        case "odg":
            shapes = [
                pen.say(
                    '<draw:rect svg:x="«n:1-20»cm" svg:y="«n:1-20»cm" svg:width="«n:1-9»cm" svg:height="«n:1-9»cm"><text:p>«noun»</text:p></draw:rect>'
                )
                for _ in range(pen.size(2, 40))
            ]
            return odf.write_odg(shapes, pen, title, author)
        case "drawio":
            return pen.say(
                '<mxfile host="app.diagrams.example" version="1«n:4-9».0.0" type="device">\n<diagram name="Page-1" id="«b64:20»"><mxGraphModel><root><mxCell id="0"/>«*2-40//<mxCell id="«n:2-999»" value="«Noun»" style="rounded=«0|1»;whiteSpace=wrap;html=1;" vertex="1" parent="1"><mxGeometry x="«n:0-900»" y="«n:0-900»" width="120" height="60" as="geometry"/></mxCell>»</root></mxGraphModel></diagram>\n</mxfile>\n'
            )
        case "dia":
            return write_gzip(
                pen.say(
                    '<?xml version="1.0" encoding="UTF-8"?>\n<dia:diagram xmlns:dia="http://www.lysator.liu.se/~alla/dia/"><dia:layer name="Background" visible="true">«*2-40//<dia:object type="«UML - Class|Standard - Box|Flowchart - Diamond»" version="0" id="O«n:0-99»"/>»</dia:layer></dia:diagram>'
                ).encode()
            )
        case "fig":
            return pen.say(
                "#FIG 3.2  Produced by xfig version 3.2.«n:5-8»\nLandscape\nCenter\nMetric\nA4\n100.00\nSingle\n-2\n1200 2\n«*3-90/\n/2 1 0 1 0 7 50 -1 -1 0.000 0 0 -1 0 0 2\n\t «n:0-9000» «n:0-9000» «n:0-9000» «n:0-9000»»\n"
            )
        case "vsdx":
            return write_zip(
                {
                    "[Content_Types].xml": "<Types/>",
                    "visio/document.xml": '<VisioDocument xmlns="http://schemas.microsoft.com/office/visio/2012/main"/>',
                    "visio/pages/page1.xml": pen.say(
                        "<PageContents>«*2-40//<Shape ID='«n:1-99»' Type='Shape'><Text>«Noun»</Text></Shape>»</PageContents>"
                    ),
                }
            )
        case "vsd":
            return write_compound(
                {
                    "VisioDocument": b"Visio (TM) Drawing\r\n\x00\x00\x00\x00\x00\x0b" + pen.noise(2000),
                    "\x05SummaryInformation": binary.strings(pen, 4),
                }
            )
        case "cdr":
            body = b"vrsn\x02\x00\x00\x00\xb0\x04DISPLIST" + pen.noise(pen.size(500, 9000))
            return (
                b"RIFF" + struct.pack("<I", len(body) + 4) + pen.pick((b"CDRC", b"CDR9", b"CDRA")) + body
                if pen.chance(0.6)
                else write_zip(
                    {
                        "mimetype": "application/x-vnd.corel.zcf.draw.document+zip",
                        "content/riffData.cdr": b"RIFF" + body,
                    }
                )
            )
        case "tikz":
            return pen.say(
                "\\begin{tikzpicture}[scale=«f:0-3/1»]\n«*3-60/\n/  \\draw[«->|thick|dashed»] («f:0-9/2»,«f:0-9/2») -- («f:0-9/2»,«f:0-9/2») node[«above|right»] {$«a»_«n:1-9»$};»\n\\end{tikzpicture}\n"
            )
        case "graffle":
            return write_gzip(
                pen.say(
                    '<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0"><dict><key>CanvasColor</key><dict/><key>GraphicsList</key><array/></dict></plist>'
                ).encode()
            )
        case _:
            return illustrator_file(pen, title, author)


def illustrator_file(pen: Pen, title: str, author: str) -> bytes:
    """Illustrator's files are PDFs, with its own data in them."""
    style = choose_style(pen)
    style.page = pen.pick(((500.0, 500.0), (595.0, 842.0), (1024.0, 768.0)))
    items: list[Item] = [
        Box(
            pen.rng.uniform(0, 400),
            pen.rng.uniform(0, 400),
            pen.rng.uniform(5, 200),
            pen.rng.uniform(5, 200),
            (pen.whole(0, 255), pen.whole(0, 255), pen.whole(0, 255)),
        )
        for _ in range(pen.size(2, 60))
    ]
    items += [Text(40, 60, 30, pen.slot("noun", ""))] if pen.chance(0.4) else []
    made = write_pdf([items], style, Document((), "en", title, author, ""), pen)
    note = pen.say("%AI12_CompressedData\n%%Creator: Adobe Illustrator(R) 2«n:0-8».0\n%AIPrivateData1\n").encode()
    return made.replace(b"%%EOF\n", note + b"%%EOF\n")
