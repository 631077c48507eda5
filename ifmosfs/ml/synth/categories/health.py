"""personal_health: pictures of a body."""

from __future__ import annotations

import struct

from PIL import Image, ImageDraw, ImageFilter

from ifmosfs.ml.synth.formats import raster
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import Draft, document


@document("personal_health", weight=2)
def dicom_image(pen: Pen) -> Draft:
    """A medical picture as DICOM, in little endian with explicit types."""
    size = pen.pick((32, 48, 64))
    fields = [
        (0x0008, 0x0060, b"CS", pen.pick((b"MR", b"CT", b"CR", b"US"))),
        (0x0008, 0x0070, b"LO", pen.pick((b"SIEMENS", b"GE MEDICAL SYSTEMS", b"Philips"))),
        (0x0008, 0x1030, b"LO", pen.pick((b"LWS", b"Chest PA", b"Knee left", b"Abdomen"))),
        (0x0010, 0x0010, b"PN", pen.say("«SURNAME»^«first»").encode("latin-1", "replace")),
        (0x0010, 0x0030, b"DA", str(pen.whole(1930, 2010)).encode() + b"0101"),
        (0x0028, 0x0002, b"US", struct.pack("<H", 1)),
        (0x0028, 0x0004, b"CS", b"MONOCHROME2"),
        (0x0028, 0x0010, b"US", struct.pack("<H", size)),
        (0x0028, 0x0011, b"US", struct.pack("<H", size)),
        (0x0028, 0x0100, b"US", struct.pack("<H", 8)),
        (0x0028, 0x0101, b"US", struct.pack("<H", 8)),
        (0x0028, 0x0102, b"US", struct.pack("<H", 7)),
        (0x0028, 0x0103, b"US", struct.pack("<H", 0)),
        (0x7FE0, 0x0010, b"OB", _body_scan(pen, size).tobytes()),
    ]
    syntax = _dicom_field(0x0002, 0x0010, b"UI", b"1.2.840.10008.1.2.1")
    meta = _dicom_field(0x0002, 0x0000, b"UL", struct.pack("<I", len(syntax))) + syntax
    return Draft(
        bytes(128) + b"DICM" + meta + b"".join(_dicom_field(*field) for field in fields),
        pen.pick(("dcm", "dcm", "", "ima")),
        "IM«n:0001-0400»|«A:2»«n:0001-0200»|I«n:1000000-9999999»|1.2.840.«n:10000-99999».«n:1-999»|MRI_«n:1-200»",
        "DICOM|MRT CD/DICOM/«A:8»|CT «isodate»",
    )


def _dicom_field(group: int, element: int, kind: bytes, value: bytes) -> bytes:
    value += (b"\x00" if kind in {b"UI", b"OB"} else b" ") * (len(value) % 2)
    if kind == b"OB":
        return struct.pack("<HH", group, element) + kind + bytes(2) + struct.pack("<I", len(value)) + value
    return struct.pack("<HH", group, element) + kind + struct.pack("<H", len(value)) + value


def _body_scan(pen: Pen, size: int) -> Image.Image:
    image = Image.new("L", (size, size), 5)
    draw = ImageDraw.Draw(image)
    draw.ellipse((size * 0.1, size * 0.05, size * 0.9, size * 0.95), fill=pen.whole(60, 120))
    for _ in range(pen.whole(3, 9)):
        x, y, width = (
            pen.rng.uniform(0.2, 0.7) * size,
            pen.rng.uniform(0.2, 0.7) * size,
            pen.rng.uniform(0.05, 0.25) * size,
        )
        draw.ellipse((x, y, x + width, y + width * 1.4), fill=pen.whole(30, 230))
    return raster.grain(pen, image.filter(ImageFilter.GaussianBlur(size / 60)), 0.06)


@document("personal_health")
def xray_picture(pen: Pen) -> Draft:
    """An X-ray or an ultrasound as an ordinary picture, in grey."""
    image = _body_scan(pen, pen.pick((320, 400, 512)))
    raster.write_text(ImageDraw.Draw(image), (8, 8), pen.say("«SURNAME» «n:1940-2005»  «L|R»"), 14, 220)
    return Draft(
        raster.to_jpeg(pen, image),
        "jpg",
        "xray «first»|Röntgen|MRT Knie «n:1-9»|ultrasound|dental x-ray|CT_«n:1-40»",
        "Health|Gesundheit|Zahnarzt",
    )
