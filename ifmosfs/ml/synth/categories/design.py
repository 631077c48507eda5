"""design_document: working files of design programs."""

from __future__ import annotations

import struct
import zlib

from ifmosfs.ml.synth.formats import binary
from ifmosfs.ml.synth.formats.ole import write_compound
from ifmosfs.ml.synth.formats.zipped import write_gzip, write_zip
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import Draft, document

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
