"""design_cad: what construction programs store."""

from __future__ import annotations

import struct

from ifmosfs.ml.synth.formats import binary
from ifmosfs.ml.synth.formats.ole import write_compound
from ifmosfs.ml.synth.formats.zipped import write_zip
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import Draft, document

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
