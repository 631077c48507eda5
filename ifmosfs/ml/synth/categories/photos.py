"""media_photo: what cameras make."""

from __future__ import annotations

import struct
from functools import partial

from PIL import Image

from ifmosfs.ml.synth.formats import raster
from ifmosfs.ml.synth.formats.scenery import ALL_SCENES
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import DocumentType, Draft, document, register_types

PHOTO_NAMES = "IMG_«n:0001-9999»|DSC_«n:0001-9999»|DSCF«n:1000-9999»|«city» «year»|«first» birthday|holiday «n:1-300»|beach|wedding-«n:1-400»|PXL_«ts:%Y%m%d_%H%M%S»«n:100-999»|«ts:%Y%m%d_%H%M%S»|Urlaub «city» («n:1-90»)|100_«n:1000-9999»|P«n:1000000-9999999»|DJI_«n:0001-0999»|GOPR«n:1000-9999»|«pet»|garden|portrait|«first»_«surname»|face|«animal»|«city»|untitled|photo«n:1-40»|output|box«n:1-9»|IMG-«ts:%Y%m%d»-WA«n:0001-0090»"
PHOTO_FOLDERS = "DCIM/100CANON|Pictures/«city» «year»|Photos/«year»/«n:01-12»|Camera Roll|Bilder/Urlaub «year»|WhatsApp Images|Fotos/«first»|DCIM/Camera|images|img|backgrounds/nature|family tree"


def _photo(scene: str, pen: Pen) -> Draft:
    size = pen.pick(raster.PHOTO_SIZES)
    image = raster.photograph(pen, ALL_SCENES[scene], size)
    kind = pen.weighted({"jpg": 78, "webp": 4, "png": 7, "tif": 2, "jpeg": 8, "gif": 1})
    camera = raster.choose_camera(pen)
    exif = raster.camera_data(pen, camera, size) if pen.chance(0.6) else None
    return Draft(_coded(pen, image, kind, exif), kind, PHOTO_NAMES, PHOTO_FOLDERS)


def _coded(pen: Pen, image: Image.Image, kind: str, exif: Image.Exif | None) -> bytes:
    """The photograph in its format; where nothing of it is lost in coding, a piece, for that costs bytes."""
    if kind in {"jpg", "jpeg"}:
        return raster.to_jpeg(pen, image, exif)
    if kind == "webp":
        return raster.save(image, "WEBP", quality=60, method=0)
    piece = image.crop((0, 0, min(image.width, 256), min(image.height, pen.pick((192, 256)))))
    if kind == "png":
        return raster.to_png(pen, piece, "Adobe ImageReady|GIMP 2.10|Paint.NET v3.5")
    if kind == "gif":
        return raster.save(piece.convert("RGB").quantize(255, method=Image.Quantize.FASTOCTREE), "GIF")
    return raster.save(piece, "TIFF", compression="tiff_lzw", **({"exif": exif} if exif else {}))


register_types(
    DocumentType("media_photo", name, partial(_photo, name), ("en", "de", "fr", "es"), 2) for name in ALL_SCENES
)


@document("media_photo")
def raw_photo(pen: Pen) -> Draft:
    """An undeveloped picture: a TIFF of the camera, its preview, and the sensor's data."""
    camera = raster.choose_camera(pen)
    kind = {"Canon": "cr2", "NIKON CORPORATION": "nef", "SONY": "arw", "FUJIFILM": "raf", "Panasonic": "rw2"}.get(
        camera.maker, "dng"
    )
    preview = raster.photograph(pen, raster.SCENES[pen.pick(list(raster.SCENES))], (320, 240)).convert("RGB")
    jpeg = raster.save(preview, "JPEG", quality=60)
    sensor = pen.noise(pen.size(3000, 20_000))
    if kind == "raf":
        return Draft(
            b"FUJIFILMCCD-RAW 0201FF383501" + camera.model.encode().ljust(32, b"\x00") + bytes(80) + jpeg + sensor,
            kind,
            PHOTO_NAMES,
            PHOTO_FOLDERS,
        )
    return Draft(_raw_tiff(camera, kind, jpeg, sensor, pen), kind, PHOTO_NAMES, PHOTO_FOLDERS)


def _raw_tiff(camera: raster.Camera, kind: str, jpeg: bytes, sensor: bytes, pen: Pen) -> bytes:
    start = 16 if kind == "cr2" else 8
    texts = {
        0x010F: camera.maker.encode() + b"\x00",
        0x0110: camera.model.encode() + b"\x00",
        0x0132: pen.moment("%Y:%m:%d %H:%M:%S").encode() + b"\x00",
    }
    numbers = {0x0100: camera.pixels[0], 0x0101: camera.pixels[1], 0x0103: 6, 0x0112: 1}
    if kind == "dng":
        numbers[0xC612] = 0x00000401
    n = len(texts) + len(numbers) + 2
    at = start + 2 + 12 * n + 4
    rows, bodies = {}, b""
    for tag, text in texts.items():
        rows[tag] = struct.pack("<HHII", tag, 2, len(text), at + len(bodies))
        bodies += text
    for tag, value in numbers.items():
        rows[tag] = struct.pack("<HHII", tag, 4, 1, value)
    rows[0x0111] = struct.pack("<HHII", 0x0111, 4, 1, at + len(bodies))
    rows[0x0117] = struct.pack("<HHII", 0x0117, 4, 1, len(jpeg))
    head = (
        (b"IIU\x00" if kind == "rw2" else b"II*\x00")
        + struct.pack("<I", start)
        + (b"CR\x02\x00" + bytes(4) if kind == "cr2" else b"")
    )
    directory = struct.pack("<H", n) + b"".join(rows[tag] for tag in sorted(rows)) + bytes(4)
    return head + directory + bodies + jpeg + sensor
