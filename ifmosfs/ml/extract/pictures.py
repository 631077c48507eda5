"""Pictures by Pillow: size, EXIF, what a thumbnail of 64×64 pixels tells of how the picture was made, and a piece as it is."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, Final, cast

from ifmosfs.ml.extract.limits import DRAFT_PIXELS, FULL_PIXELS, WHOLE_PIXELS
from ifmosfs.ml.extract.texture import note_texture
from ifmosfs.ml.extract.values import Notes, Unreadable
from ifmosfs.ml.images import EXIF, PILLOW_FORMATS, WITH_EXIF, is_icon_size, is_screen_size
from ifmosfs.ml.sample import Sample, SampleFile

if TYPE_CHECKING:
    from PIL.Image import Exif, Image
    from PIL.ImageFile import ImageFile

SIDE: Final = 64
_DRAFT_SIDE: Final = (
    300  # pixels of the shorter side of a large JPEG, or up to twice as many: at a half, a quarter or an eighth
)
_GPS_IFD: Final = 0x8825
_THUMBNAIL_START, _THUMBNAIL_BYTES = 0x0201, 0x0202
_EXIF_HEADER: Final = b"Exif\0\0"
_MOST_EMBEDDED: Final = 1024  # pixels across or down
_FLAT: Final = 4  # of 255: neighbours that differ by less are all but equal
_EDGE: Final = 40
_WHITE: Final = 245
_DARK: Final = 20
_COLOUR_BITS: Final = 0xF8


def read_picture(sample: Sample, notes: Notes, format_name: str) -> None:
    """Note what a picture in one of `PILLOW_FORMATS` says."""
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = DRAFT_PIXELS  # beyond twice of it, Pillow refuses; between, it only warns
    try:
        with Image.open(cast("IO[bytes]", SampleFile(sample)), formats=PILLOW_FORMATS[format_name]) as image:
            _note_header(image, notes, format_name)
            _note_thumbnail(image, notes)
    except UnidentifiedImageError as error:
        raise Unreadable("not a picture of the format that it begins like") from error
    except Image.DecompressionBombError as error:
        raise Unreadable("a picture of an absurd size") from error


def _note_header(image: ImageFile, notes: Notes, format_name: str) -> None:
    width, height = image.size
    notes.number("width", width)
    notes.number("height", height)
    notes.number("has_palette", image.mode == "P")
    notes.number("has_alpha", image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info)
    notes.number("is_animated", format_name == "gif")
    notes.number("is_screen_sized", is_screen_size(width, height))
    notes.number("is_icon_sized", is_icon_size(width, height))
    if format_name in WITH_EXIF:
        _note_exif(image.getexif(), notes)
    notes.field("software", image.info.get("Software"))
    notes.field("title", image.info.get("Title"))


def _note_exif(exif: Exif, notes: Notes) -> None:
    details = exif.get_ifd(EXIF.ifd)
    notes.field("maker", exif.get(EXIF.make))
    notes.field("model", exif.get(EXIF.model))
    notes.field("software", exif.get(EXIF.software))
    notes.field("created", details.get(EXIF.taken) or exif.get(EXIF.date_time))
    notes.number("has_exposure", EXIF.exposure in details)
    notes.number("has_position", bool(exif.get_ifd(_GPS_IFD)))


def _note_thumbnail(image: ImageFile, notes: Notes) -> None:
    """By the camera's thumbnail; where there is none, the picture is decoded, and so its texture can be seen, too."""
    small = _embedded(image)
    if small is None:
        small = _decoded(image)
        note_texture(small, notes)
    with_alpha = small.mode in {"RGBA", "LA", "PA"} or "transparency" in small.info
    mode = "RGBA" if with_alpha else "RGB"
    pixels = small if small.mode == mode else small.convert(mode)  # which would copy megabytes for nothing
    thumbnail = pixels.resize((SIDE, SIDE), reducing_gap=1.5)
    if with_alpha:
        opaque = sum(thumbnail.getchannel("A").histogram()[255:])
        notes.number("alpha_share", 1 - opaque / SIDE**2)
    _note_pixels(thumbnail.convert("RGB"), notes)


def _embedded(image: ImageFile) -> Image | None:
    """The thumbnail that a camera has put into EXIF, without the bars that make it fit; `None` where there is none of use.

    It costs a fraction of a millisecond, and a photo of 12 megapixels, even at an eighth of its size, twenty. Programs that edit
    pictures put thumbnails in drawings, too: without a camera's name the picture itself is looked at.
    """
    from PIL import ExifTags, Image

    exif = image.info.get("exif", b"") if image.format in {"JPEG", "MPO"} else b""
    if not exif.startswith(_EXIF_HEADER) or not _is_of_a_camera(image.getexif()):
        return None
    tags = image.getexif().get_ifd(ExifTags.IFD.IFD1)
    start, n_bytes = tags.get(_THUMBNAIL_START), tags.get(_THUMBNAIL_BYTES)
    if not isinstance(start, int) or not isinstance(n_bytes, int) or start < 0 or n_bytes <= 0:
        return None
    at = len(_EXIF_HEADER) + start
    try:
        thumbnail = Image.open(io.BytesIO(exif[at : at + n_bytes]), formats=("JPEG",))
        if min(thumbnail.size) < SIDE or max(thumbnail.size) > _MOST_EMBEDDED:
            return None
        thumbnail.load()
    except (OSError, ValueError, SyntaxError):
        return None
    width, height = thumbnail.size
    across, down = min(width, height * image.width // image.height), min(height, width * image.height // image.width)
    left, top = (width - across) // 2, (height - down) // 2
    return thumbnail.crop((left, top, left + max(1, across), top + max(1, down)))


def _is_of_a_camera(exif: Exif) -> bool:
    return bool(exif.get(EXIF.make) or exif.get(EXIF.model)) or EXIF.exposure in exif.get_ifd(EXIF.ifd)


def _decoded(image: ImageFile) -> Image:
    n_pixels = image.width * image.height
    if image.format in {"JPEG", "MPO"}:
        if n_pixels > DRAFT_PIXELS:
            raise Unreadable("a picture too large to be decoded")
        if n_pixels > WHOLE_PIXELS:
            image.draft("RGB", (_DRAFT_SIDE, _DRAFT_SIDE))
    elif n_pixels > FULL_PIXELS:
        raise Unreadable("a picture too large to be decoded")
    return image


def _note_pixels(thumbnail: Image, notes: Notes) -> None:
    n_pixels = SIDE**2
    colours = thumbnail.point([value & _COLOUR_BITS for value in range(256)] * 3).getcolors(n_pixels)
    notes.number("distinct_colours", len(colours or ()) / n_pixels)
    grey = thumbnail.convert("L").histogram()
    notes.number("white_share", sum(grey[_WHITE:]) / n_pixels)
    notes.number("dark_share", sum(grey[:_DARK]) / n_pixels)
    saturation = thumbnail.convert("HSV").getchannel("S").histogram()
    notes.number("saturation", sum(value * n for value, n in enumerate(saturation)) / 255 / n_pixels)
    steps = _differences(thumbnail)
    notes.number("flat_share", sum(steps[:_FLAT]) / sum(steps))
    notes.number("edge_share", sum(steps[_EDGE:]) / sum(steps))


def _differences(thumbnail: Image) -> list[int]:
    """How often neighbours, across and down, differ by how much in brightness."""
    from PIL import ImageChops

    right = ImageChops.difference(thumbnail.crop((0, 0, SIDE - 1, SIDE)), thumbnail.crop((1, 0, SIDE, SIDE))).convert(
        "L"
    )
    down = ImageChops.difference(thumbnail.crop((0, 0, SIDE, SIDE - 1)), thumbnail.crop((0, 1, SIDE, SIDE))).convert(
        "L"
    )
    return [one + other for one, other in zip(right.histogram(), down.histogram(), strict=True)]
