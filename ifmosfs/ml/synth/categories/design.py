"""design_cad, design_document, design_vector, design_logo: what drawing and construction programs store."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import partial

from ifmosfs.ml.synth.blocks import Document
from ifmosfs.ml.synth.categories.pictures import LOGO_FOLDERS, LOGO_NAMES
from ifmosfs.ml.synth.formats import binary, odf
from ifmosfs.ml.synth.formats.ole import write_compound
from ifmosfs.ml.synth.formats.pdf import write_pdf
from ifmosfs.ml.synth.formats.zipped import write_gzip, write_zip
from ifmosfs.ml.synth.layout import Box, Item, Text, choose_style
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import DocumentType, Draft, document, register_types

CAD_NAMES = "«product_code»|bracket|housing_v«n:1-9»|«noun»|assembly|Gehäuse|Grundriss|floor plan|part«n:1-200»|«noun»_rev«letter»|base plate|jig|kitchen"
CAD_FOLDERS = "CAD|Konstruktion/«noun»|parts|SolidWorks|3D print|models"


@document("design_cad", weight=2)
def dwg_drawing(pen: Pen) -> Draft:
    """AutoCAD: the head tells the version; what follows is packed."""
    version = pen.pick(("AC1015", "AC1018", "AC1021", "AC1024", "AC1027", "AC1032"))
    names = b"\x00".join(pen.pick(("0", "DIMENSIONS", "WALLS", "HATCH", "Layer1", "TEXT")).encode() for _ in range(9))
    return Draft(
        version.encode()
        + bytes(7)
        + struct.pack("<I", pen.whole(100, 9000))
        + names
        + binary.code(pen, pen.size(2000, 30_000)),
        pen.pick(("dwg", "dwg", "dwt")),
        CAD_NAMES,
        CAD_FOLDERS,
    )


@document("design_cad", weight=2, by_format=True)
def compound_part(pen: Pen) -> Draft:
    """Parts of SolidWorks, Inventor, Solid Edge: compound files."""
    kind = pen.pick(("SLDPRT", "SLDASM", "SLDDRW", "ipt", "iam", "par", "sldprt"))
    inner = (
        {
            "Contents/Config-0": pen.noise(2000),
            "PreviewPNG": b"\x89PNG" + pen.noise(900),
            "SwDocContentMgr": binary.strings(pen),
        }
        if kind.lower().startswith("sld")
        else {
            "RSeDb": pen.noise(2000),
            "UFRxDoc": "Inventor".encode("utf-16-le") + pen.noise(900),
            "PmDCSegment": binary.strings(pen),
        }
    )
    return Draft(
        write_compound({name.rpartition("/")[2]: body for name, body in inner.items()}), kind, CAD_NAMES, CAD_FOLDERS
    )


@document("design_cad", weight=3, by_format=True)
def mesh_binary(pen: Pen) -> Draft:
    """Meshes for printers and viewers."""
    kind = pen.pick(("stl", "stl", "3mf", "3ds", "ply", "glb", "fbx"))
    n = pen.size(10, 400)
    if kind == "stl":
        head = pen.pick(
            (b"STLB ATF 12.0.0.0 COLOR=", b"Exported from Fusion 360", b"solid binary", b"MeshLab", b"")
        ).ljust(80, b"\x00")
        return Draft(
            head
            + struct.pack("<I", n)
            + b"".join(struct.pack("<12fH", *(pen.rng.uniform(-80, 80) for _ in range(12)), 0) for _ in range(n)),
            kind,
            CAD_NAMES,
            CAD_FOLDERS,
        )
    if kind == "3mf":
        vertices = "".join(
            f'<vertex x="{pen.rng.uniform(0, 90):.3f}" y="{pen.rng.uniform(0, 90):.3f}" z="{pen.rng.uniform(0, 90):.3f}"/>'
            for _ in range(n)
        )
        return Draft(
            write_zip(
                {
                    "[Content_Types].xml": "<Types/>",
                    "_rels/.rels": "<Relationships/>",
                    "3D/3dmodel.model": f'<?xml version="1.0"?><model unit="millimeter" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02"><resources><object id="1"><mesh><vertices>{vertices}</vertices></mesh></object></resources></model>',
                }
            ),
            kind,
            CAD_NAMES,
            CAD_FOLDERS,
        )
    if kind == "ply":
        points = b"".join(struct.pack("<3f", *(pen.rng.uniform(-9, 9) for _ in range(3))) for _ in range(n))
        return Draft(
            f"ply\nformat binary_little_endian 1.0\ncomment VCGLIB generated\nelement vertex {n}\nproperty float x\nproperty float y\nproperty float z\nend_header\n".encode()
            + points,
            kind,
            CAD_NAMES,
            CAD_FOLDERS,
        )
    if kind == "glb":
        body = pen.say(
            '{"asset":{"generator":"Khronos glTF Blender I/O v1.«n:1-8».1","version":"2.0"},"nodes":[{"name":"«Noun»"}]}'
        ).encode()
        body += b" " * (-len(body) % 4)
        return Draft(
            b"glTF" + struct.pack("<III4s", 2, 20 + len(body), len(body), b"JSON") + body, kind, CAD_NAMES, CAD_FOLDERS
        )
    heads = {
        "3ds": b"MM" + struct.pack("<I", 3000) + b"\x02\x00\x0a\x00\x00\x00\x03\x00\x00\x00==",
        "fbx": b"Kaydara FBX Binary  \x00\x1a\x00" + struct.pack("<I", 7400),
    }
    return Draft(heads[kind] + binary.strings(pen) + pen.noise(12 * n), kind, CAD_NAMES, CAD_FOLDERS)


@document("design_cad", weight=2, by_format=True)
def packed_project(pen: Pen) -> Draft:
    """FreeCAD, Fusion, SketchUp, CATIA, Rhino."""
    kind = pen.pick(("FCStd", "f3d", "skp", "CATPart", "3dm", "x_t", "prt", "sat", "rvt"))
    body = pen.noise(pen.size(900, 12_000))
    if kind == "FCStd":
        xml = pen.say(
            '<?xml version=\'1.0\' encoding=\'utf-8\'?>\n<Document SchemaVersion="4" ProgramVersion="0.«n:18-21»R«n:10000-33000»"><Objects Count="2"><Object type="«PartDesign::Body|Sketcher::SketchObject|Part::Box»" name="«Noun»"/></Objects></Document>'
        )
        return Draft(
            write_zip(
                {
                    "Document.xml": xml,
                    "GuiDocument.xml": "<Document/>",
                    "PartShape.brp": pen.say(
                        "\nCASCADE Topology V1, (c) Matra-Datavision\n«*3-60/\n/«f:0-9/3» «f:0-9/3»»"
                    ),
                }
            ),
            kind,
            CAD_NAMES,
            CAD_FOLDERS,
        )
    if kind == "f3d":
        return Draft(
            write_zip({"Manifest.dat": pen.noise(300), "FusionAssetName[Active]/Breps.BlobParts/BREP.smt": body}),
            kind,
            CAD_NAMES,
            CAD_FOLDERS,
        )
    if kind == "rvt":
        return Draft(
            write_compound(
                {
                    "BasicFileInfo": "Revit Build: Autodesk Revit 2020".encode("utf-16-le"),
                    "PartAtom": b"<entry/>",
                    "Formats": body,
                }
            ),
            kind,
            CAD_NAMES,
            CAD_FOLDERS,
        )
    heads = {
        "skp": b"\xff\xfe\xff\x0e"
        + "SketchUp Model".encode("utf-16-le")
        + b"\xff\xfe\xff\x0b"
        + "{20.0.0}".encode("utf-16-le"),
        "CATPart": b"V5_CFV2\x00",
        "3dm": b"3D Geometry File Format " + b"       5" + b"\x01\x00\x00\x00",
        "x_t": b"**ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz**************************\n**PARASOLID**\n",
        "prt": b"#UGC:2 PART 1191 570 4 1 1 15 2500 2005290\n",
        "sat": b"700 0 1 0\n13 Autodesk AutoCAD 19 ASM 221.0.0.1871 NT 0\nbody $-1 $1 $-1 $-1 #\n",
    }
    return Draft(heads[kind] + body, kind, CAD_NAMES, CAD_FOLDERS)


# ---- working files of design programs

DESIGN_NAMES = "flyer|poster_«noun»|mockup|homepage_v«n:1-9»|business card|brochure «year»|banner_final|retouch_«n:1-90»|UI kit|wireframe|portrait edit|cover|label design|album cover|app design|magazine «month»|menu card|concept art"
DESIGN_FOLDERS = "Design|design/source|PSD|mockups|artwork|print/«noun»|working files"


@document("design_document", weight=4)
def photoshop(pen: Pen) -> Draft:
    """Photoshop."""
    layers = [
        pen.pick(("Background", "Layer 1", "Text", "Shadow copy", "Hintergrund", "Ebene 1", "header", "logo"))
        + pen.pick(("", " copy", f" {pen.whole(1, 20)}"))
        for _ in range(pen.whole(1, 12))
    ]
    return Draft(
        binary.write_psd(pen, pen.pick((640, 800, 1024, 1280)), pen.pick((400, 600, 768, 900)), layers),
        "psd",
        DESIGN_NAMES,
        DESIGN_FOLDERS,
    )


@document("design_document", weight=2)
def gimp(pen: Pen) -> Draft:
    """GIMP."""
    width, height = pen.pick(((640, 480), (1920, 1080), (512, 512)))
    head = (
        b"gimp xcf " + pen.pick((b"file", b"v001", b"v003", b"v011")) + b"\x00" + struct.pack(">III", width, height, 0)
    )
    names = b"".join(
        struct.pack(">I", len(name) + 1) + name + b"\x00"
        for name in (pen.slot("noun", "").encode() for _ in range(pen.whole(1, 9)))
    )
    return Draft(
        head
        + struct.pack(">IIBIIII", 17, 1, 1, 19, 8, 0x42900000, 0x42900000)
        + names
        + zlib.compress(pen.noise(pen.size(500, 9000))),
        "xcf",
        DESIGN_NAMES,
        DESIGN_FOLDERS,
    )


@document("design_document", weight=3, by_format=True)
def packed_design(pen: Pen) -> Draft:
    """Formats that are packed folders: Sketch, Krita, OpenRaster, XD, IDML, Procreate, Pixelmator."""
    kind = pen.pick(("sketch", "kra", "ora", "xd", "idml", "procreate", "pxm", "pxd", "lunacy", "fig"))
    picture = b"\x89PNG\r\n\x1a\n" + pen.noise(pen.size(300, 6000))
    inside: dict[str, dict[str, bytes | str]] = {
        "sketch": {
            "document.json": pen.say('{"_class":"document","do_objectID":"«uuid»","pages":[]}'),
            "meta.json": '{"app":"com.bohemiancoding.sketch3","version":134}',
            f"pages/{pen.slot('uuid', '')}.json": pen.say(
                '{"_class":"page","name":"Page 1","layers":[«*1-20/,/{"_class":"artboard","name":"«Noun»","frame":{"width":«n:100-1440»,"height":«n:100-900»}}»]}'
            ),
            "previews/preview.png": picture,
        },
        "kra": {
            "mimetype": "application/x-krita",
            "maindoc.xml": pen.say(
                '<?xml version="1.0"?><DOC xmlns="http://www.calligra.org/DTD/krita" kritaVersion="«4|5».«n:0-2».«n:0-9»"><IMAGE name="«noun»" width="«n:500-4000»" height="«n:500-4000»"><layers>«*1-9//<layer name="Layer «n:1-9»" opacity="255"/>»</layers></IMAGE></DOC>'
            ),
            "mergedimage.png": picture,
            "preview.png": picture[:200],
        },
        "ora": {
            "mimetype": "image/openraster",
            "stack.xml": pen.say(
                '<image w="«n:100-4000»" h="«n:100-4000»"><stack><layer name="«noun»" src="data/layer0.png"/></stack></image>'
            ),
            "data/layer0.png": picture,
            "mergedimage.png": picture,
        },
        "xd": {
            "mimetype": "application/vnd.adobe.sparkler.project+dcxucf",
            "manifest": pen.say('{"id":"«uuid»","name":"«noun»","type":"application/vnd.adobe.sparkler.project+dcx"}'),
            "artwork/artboard/graphics/graphicContent.agc": '{"version":"1.5.0"}',
        },
        "idml": {
            "mimetype": "application/vnd.adobe.indesign-idml-package",
            "designmap.xml": pen.say(
                '<?aid style="50" type="document"?><Document xmlns:idPkg="http://ns.adobe.com/AdobeInDesign/idml/1.0/packaging" DOMVersion="1«n:4-8».0"/>'
            ),
            "Stories/Story_u1.xml": pen.say("<Story>«sentences:3-9»</Story>"),
            "Spreads/Spread_u2.xml": "<Spread/>",
        },
        "procreate": {
            "Document.archive": b"bplist00" + pen.noise(500),
            "QuickLook/Thumbnail.png": picture,
            pen.slot("uuid", "") + "/0~0.chunk": pen.noise(900),
        },
        "fig": {
            "canvas.fig": b"fig-kiwi" + struct.pack("<I", 15) + pen.noise(900),
            "thumbnail.png": picture,
            "meta.json": pen.say('{"file_name":"«noun»"}'),
        },
    }
    files = inside.get(
        kind,
        {"metadata.info": b"bplist00" + pen.noise(300), "QuickLook/Icon.png": picture, "data/layer0": pen.noise(900)},
    )
    return Draft(write_zip(files, stored=frozenset({"mimetype"})), kind, DESIGN_NAMES, DESIGN_FOLDERS)


@document("design_document", weight=4, by_format=True)
def headed_design(pen: Pen) -> Draft:
    """Formats known by their heads: InDesign, Blender, Affinity, Paint.NET, After Effects, Publisher, Quark, Cinema 4D, Aseprite."""
    kind = pen.pick(
        (
            "indd",
            "blend",
            "afdesign",
            "afphoto",
            "pdn",
            "aep",
            "pub",
            "qxp",
            "c4d",
            "aseprite",
            "clip",
            "sai",
            "max",
            "ma",
            "hip",
            "prproj",
            "indt",
            "blend1",
        )
    )
    body = binary.strings(pen, pen.whole(5, 40)) + zlib.compress(pen.noise(pen.size(500, 12_000)))
    if kind in {"pub", "max"}:
        return Draft(
            write_compound(
                {"Contents": b"CHNKINK " + body, "Quill": body[:900]}
                if kind == "pub"
                else {
                    "Scene": body,
                    "ClassDirectory3": body[:500],
                    "DllDirectory": "StandardMaterial".encode("utf-16-le"),
                }
            ),
            kind,
            DESIGN_NAMES,
            DESIGN_FOLDERS,
        )
    if kind == "ma":
        return Draft(
            pen.say(
                '//Maya ASCII 20«n:12-23» scene\n//Name: «noun».ma\nrequires maya "20«n:12-23»";\ncurrentUnit -l centimeter -a degree -t film;\n«*3-40/\n/createNode «transform|mesh|camera|lambert» -n "«noun»«n:1-99»";\n\tsetAttr ".t" -type "double3" «fs:0-9/3» «fs:0-9/3» 0 ;»\n'
            ),
            kind,
            DESIGN_NAMES,
            DESIGN_FOLDERS,
        )
    if kind == "prproj":
        return Draft(
            write_gzip(
                pen.say(
                    '<?xml version="1.0" encoding="UTF-8" ?>\n<PremiereData Version="3"><Project ObjectRef="1"/></PremiereData>'
                ).encode()
            ),
            kind,
            DESIGN_NAMES,
            DESIGN_FOLDERS,
        )
    heads = {
        "indd": bytes.fromhex("0606edf5d81d46e5bd31efe7fe74b71d") + b"DOCUMENT\x01",
        "blend": b"BLENDER"
        + pen.pick((b"-v", b"_v"))
        + pen.pick((b"279", b"283", b"293", b"306"))
        + b"REND"
        + bytes(20)
        + b"SN\x00\x00Scene\x00DNA1SDNANAME",
        "afdesign": b"\x00\xffKA" + struct.pack("<I", 0x0B) + b"#Inf" + b"Prsn",
        "pdn": b"PDN3" + struct.pack("<I", 900)[:3] + b'<pdnImage width="800" height="600" layers="2"/>',
        "aep": b"RIFX" + struct.pack(">I", len(body)) + b"Egg!",
        "qxp": bytes(2) + b"IIXPR3\x00\x00",
        "c4d": b"QC4DC4D6",
        "aseprite": struct.pack("<IHHHHH", 128 + len(body), 0xA5E0, 4, 64, 64, 32),
        "clip": b"CSFCHUNK" + struct.pack(">Q", len(body)) + b"CHNKHead",
        "sai": b"SAI-CANVAS-\x00",
        "hip": b"HoudiniNC " + b"070707",
    }
    heads["afphoto"], heads["indt"], heads["blend1"] = heads["afdesign"], heads["indd"], heads["blend"]
    return Draft(heads[kind] + body, kind, DESIGN_NAMES, DESIGN_FOLDERS)


@document("design_document", weight=2, by_format=True)
def scribus_and_text(pen: Pen) -> Draft:
    """Formats of design programs that are XML or JSON: Scribus, Pencil, Excalidraw, Penpot, styles and brushes."""
    kind = pen.pick(("sla", "excalidraw", "ep", "svg.mock", "gpl", "balsamiq", "ase", "abr"))
    if kind == "sla":
        return Draft(
            pen.say(
                '<?xml version="1.0" encoding="UTF-8"?>\n<SCRIBUSUTF8NEW Version="1.«4|5».«n:0-8»">\n<DOCUMENT ANZPAGES="«n:1-40»" PAGEWIDTH="595.28" PAGEHEIGHT="841.89" AUTHOR="«person»" TITLE="«noun»">\n«*3-40/\n/<PAGEOBJECT PTYPE="«2|4|6»" XPOS="«f:0-500/2»" YPOS="«f:0-800/2»" WIDTH="«f:10-400/2»" HEIGHT="«f:10-400/2»"><ITEXT CH="«word»"/></PAGEOBJECT>»\n</DOCUMENT>\n</SCRIBUSUTF8NEW>\n'
            ),
            kind,
            DESIGN_NAMES,
            DESIGN_FOLDERS,
            strict=True,
        )
    if kind == "excalidraw":
        return Draft(
            pen.say(
                '{"type": "excalidraw", "version": 2, "source": "https://example.org", "elements": [«*2-30/, /{"id": "«b64:20»", "type": "«rectangle|arrow|text|ellipse»", "x": «n:0-900», "y": «n:0-900», "strokeColor": "#«hex:6»"}»]}\n'
            ),
            kind,
            DESIGN_NAMES,
            DESIGN_FOLDERS,
            strict=True,
        )
    if kind == "gpl":
        return Draft(
            pen.say("GIMP Palette\nName: «Noun»\nColumns: 3\n#\n«*5-60/\n/«n:0-255» «n:0-255» «n:0-255»\t«Colour»»\n"),
            kind,
            "palette|«colour»s|«noun»",
            "palettes|GIMP",
        )
    if kind in {"ase", "abr"}:
        head = b"ASEF" + struct.pack(">HHI", 1, 0, 9) if kind == "ase" else struct.pack(">HH", 6, 2) + b"8BIMsamp"
        return Draft(
            head + pen.slot("noun", "").encode("utf-16-be") + pen.noise(pen.size(200, 5000)),
            kind,
            "brushes|swatches|«noun» brush",
            DESIGN_FOLDERS,
        )
    return Draft(
        pen.say(
            '<?xml version="1.0"?>\n<mockup version="1.0" skin="sketch" measuredW="«n:100-900»" measuredH="«n:100-900»"><controls>«*2-30//<control controlID="«n:1-99»" controlTypeID="com.balsamiq.mockups::«Button|TextInput|Label|Title»" x="«n:0-900»" y="«n:0-900»"/>»</controls></mockup>\n'
        ),
        pen.pick(("bmml", "epgz", "xml")),
        "wireframe|mockup|«noun»_screen",
        DESIGN_FOLDERS,
        strict=True,
    )


# ---- drawings

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


def _shapes(pen: Pen, n: int, size: float, tones: list[str]) -> str:
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
        gradient + _shapes(pen, pen.size(12, 160), size, tones),
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
            return _illustrator(pen, title, author)


def _illustrator(pen: Pen, title: str, author: str) -> bytes:
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


@document("design_logo", languages=("en",), weight=5)
def svg_logo(pen: Pen) -> Draft:
    """A logo as SVG: few shapes, few colours, mostly a name."""
    height = pen.pick((24, 64, 100, 120, 200, 512))
    width = height * pen.pick((1, 1, 2, 3, 4))
    tones = ["#" + pen.slot("hex", pen.pick(("3", "6"))) for _ in range(pen.whole(1, 3))]
    name = pen.say("«Noun»«?ly|hub|soft»")
    body = _shapes(pen, pen.whole(1, 6), float(height), tones)
    if width > height or pen.chance(0.4):
        body += (
            f'\n<text x="{height * 1.1:.0f}" y="{height * 0.65:.0f}" font-family="{pen.pick(("Helvetica", "Montserrat", "sans-serif"))}" font-weight="700" font-size="{height // 2}" fill="{tones[0]}">{name}</text>'
            if pen.chance(0.5)
            else "\n" + _shapes(pen, pen.whole(3, 9), float(height), tones[:1])
        )
    return Draft(
        write_svg(pen, body, width, height, title=name + " logo" if pen.chance(0.4) else ""),
        "svg",
        LOGO_NAMES,
        LOGO_FOLDERS,
        strict=True,
    )


@document("design_logo", weight=2)
def logo_for_print(pen: Pen) -> Draft:
    """A logo as EPS, AI or PDF."""
    kind = pen.pick(("eps", "ai", "pdf"))
    if kind != "eps":
        return Draft(_illustrator(pen, pen.say("«Noun» logo"), pen.slot("person", "")), kind, LOGO_NAMES, LOGO_FOLDERS)
    name = pen.slot("noun", "").capitalize()
    return Draft(
        pen.say(
            f"%!PS-Adobe-3.1 EPSF-3.0\n%%Title: {name}_logo.eps\n%%Creator: Adobe Illustrator(R) 1«n:0-7»\n%%BoundingBox: 0 0 «n:60-400» «n:40-200»\n%%EndComments\n«*2-8/\n/«f:0-1/2» «f:0-1/2» «f:0-1/2» «f:0-1/2» setcmykcolor «n:0-90» «n:0-90» «n:9-90» 0 360 arc fill»\n/Helvetica-Bold findfont 40 scalefont setfont 100 40 moveto ({name}) show\n%%EOF\n"
        ),
        kind,
        LOGO_NAMES,
        LOGO_FOLDERS,
    )


def _crest(pen: Pen) -> Draft:
    """A flag, a crest, a seal: emblems as SVG."""
    width, height = pen.pick(((300, 200), (400, 400), (512, 640)))
    tones = ["#" + pen.slot("hex", "6") for _ in range(3)]
    rows = (
        [f'<rect width="{width}" height="{height}" fill="{tones[0]}"/>']
        if pen.chance(0.6)
        else [
            f'<path d="M10,10h{width - 20}v{height * 0.6:.0f}q0,{height * 0.3:.0f} -{width / 2 - 10:.0f},{height * 0.35:.0f}q-{width / 2 - 10:.0f},-10 -{width / 2 - 10:.0f},-{height * 0.35:.0f}z" fill="{tones[0]}"/>'
        ]
    )
    rows += [
        f'<rect y="{height * at // 3}" width="{width}" height="{height // 6}" fill="{pen.pick(tones)}"/>'
        for at in range(pen.whole(1, 3))
    ]
    rows.append(f'<circle cx="{width // 2}" cy="{height // 2}" r="{height // 5}" fill="{tones[2]}"/>')
    return Draft(
        write_svg(pen, "\n".join(rows), width, height),
        "svg",
        "crest|flag_«a:2»|emblem|coat of arms «city»|seal|badge|Wappen «city»|club logo",
        LOGO_FOLDERS,
        strict=True,
    )


MORE_LOGOS: dict[str, Callable[[Pen], Draft]] = {"crest": _crest}
register_types(DocumentType("design_logo", name, partial(make), ("en", "de"), 2) for name, make in MORE_LOGOS.items())
