"""What a picture is (photo, screenshot, graphic, logo), by its size and its metadata. Pixels are never decoded."""

from __future__ import annotations

import logging
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import IO, TYPE_CHECKING, Final, NamedTuple, cast

from ifmosfs.ml.dates import date_in_metadata
from ifmosfs.ml.evidence import Finding
from ifmosfs.ml.sample import Sample, SampleFile

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

PILLOW_FORMATS: Final = {
    "jpeg": ("JPEG", "MPO"),
    "png": ("PNG",),
    "gif": ("GIF",),
    "webp": ("WEBP",),
    "tiff": ("TIFF",),
    "bmp": ("BMP",),
    "ico": ("ICO",),
}
WITH_EXIF: Final = frozenset({"jpeg", "tiff", "webp"})  # a PNG would be read to its end for it


class ExifTags(NamedTuple):
    """The tags of EXIF that are asked for."""

    ifd: int = 0x8769
    make: int = 0x010F
    model: int = 0x0110
    software: int = 0x0131
    taken: int = 0x9003
    exposure: int = 0x829A
    date_time: int = 0x0132


EXIF: Final = ExifTags()

_SCREENS: Final = frozenset(
    {
        (640, 480), (800, 600), (1024, 768), (1152, 864), (1280, 720), (1280, 800), (1280, 960), (1280, 1024), (1360, 768),
        (1366, 768), (1440, 900), (1536, 864), (1600, 900), (1600, 1200), (1680, 1050), (1920, 1080), (1920, 1200), (2048, 1152),
        (2160, 1440), (2256, 1504), (2560, 1080), (2560, 1440), (2560, 1600), (2736, 1824), (2880, 1800), (3000, 2000),
        (3024, 1964), (3072, 1920), (3200, 1800), (3440, 1440), (3456, 2234), (3840, 1080), (3840, 2160), (3840, 2400),
        (5120, 2880), (1136, 640), (1334, 750), (1792, 828), (2208, 1242), (2436, 1125), (2532, 1170), (2556, 1179), (2340, 1080),
        (2688, 1242), (2778, 1284), (2796, 1290), (2400, 1080), (3200, 1440), (3120, 1440), (2732, 2048), (2388, 1668), (2224, 1668),
    }
)  # fmt: skip
_ICON_SIDES: Final = frozenset({16, 18, 20, 22, 24, 28, 32, 36, 40, 48, 64, 72, 96, 128, 144, 192, 256, 512, 1024})
_SCREENSHOT_PROGRAMS: Final = ("screenshot", "spectacle", "flameshot", "shutter", "ksnip", "greenshot", "snip", "scrot")
_MEGAPIXELS: Final = 1_000_000
_ICON_PIXELS: Final = 512
_LOCK = threading.Lock()  # `warnings.catch_warnings` is not thread-safe


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture's header says; `width` and `height` in pixels, texts empty where there are none."""

    width: int
    height: int
    has_palette: bool = False
    has_alpha: bool = False
    is_animated: bool = False
    camera: str = ""
    software: str = ""
    has_exposure: bool = False
    taken: date | None = None


def read_picture(sample: Sample, format_name: str, latest_year: int) -> Picture | None:
    """The header of a picture in one of `PILLOW_FORMATS`; `None` where it is damaged or of an absurd size."""
    from PIL import Image, UnidentifiedImageError

    logging.getLogger("PIL").setLevel(logging.CRITICAL)  # it logs damage as an error of the program; it is the file's
    # What Pillow's decoders are documented to raise, or let through, on broken files.
    broken = (
        UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, TypeError, SyntaxError, LookupError,
        EOFError, ArithmeticError, AttributeError, struct.error, zlib.error,
    )  # fmt: skip
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about damage; here that is simply a weaker finding
        try:
            with Image.open(cast("IO[bytes]", SampleFile(sample)), formats=PILLOW_FORMATS[format_name]) as image:
                return _picture(image, format_name, latest_year)
        except broken:
            return None


def _picture(image: ImageFile, format_name: str, latest_year: int) -> Picture:
    from PIL import Image

    width, height = image.size
    exif = image.getexif() if format_name in WITH_EXIF else Image.Exif()
    details = exif.get_ifd(EXIF.ifd)
    taken = str(details.get(EXIF.taken) or exif.get(EXIF.date_time) or "").encode("ascii", "replace")
    return Picture(
        width,
        height,
        has_palette=image.mode == "P",
        has_alpha=image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info,
        is_animated=format_name == "gif",
        camera=_text(f"{exif.get(EXIF.make, '')} {exif.get(EXIF.model, '')}"),
        software=_text(str(exif.get(EXIF.software) or image.info.get("Software") or "")),
        has_exposure=EXIF.exposure in details,
        taken=date_in_metadata(taken, latest_year),
    )


def _text(value: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in value).split())[:60]


def is_signed(picture: Picture) -> bool:
    """Whether a camera or a program for screenshots says that the picture is its own."""
    return bool(picture.camera) or picture.has_exposure or _is_by_screenshot_program(picture)


def _is_by_screenshot_program(picture: Picture) -> bool:
    return any(name in picture.software.lower() for name in _SCREENSHOT_PROGRAMS)


def picture_findings(picture: Picture, format_name: str) -> list[Finding]:
    """What the header speaks for."""
    return list(_findings(picture, format_name))


def _findings(picture: Picture, format_name: str) -> Iterator[Finding]:
    size = f"{picture.width}×{picture.height} pixels"
    n_pixels = picture.width * picture.height
    if picture.camera or picture.has_exposure:
        yield Finding(f"taken with {picture.camera or 'a camera'}", {"media_photo": 0.92})
        return
    if _is_by_screenshot_program(picture):
        yield Finding(f"made with {picture.software}", {"media_screenshot": 0.9})
        return
    if format_name == "jpeg":
        yield Finding(f"a JPEG of {size}", _jpeg_weights(n_pixels))
        return
    if (
        is_screen_size(picture.width, picture.height)
        and not picture.has_palette
        and format_name in {"png", "bmp", "webp"}
    ):
        yield Finding(f"as large as a screen, {size}", {"media_screenshot": 0.62, "media_graphic": 0.15})
    elif max(picture.width, picture.height) <= _ICON_PIXELS:
        yield Finding(f"small, {size}", {"media_graphic": 0.6, "design_logo": 0.12})
    elif picture.has_palette or picture.is_animated or picture.has_alpha:
        yield Finding(f"few colours or transparent parts, {size}", {"media_graphic": 0.62, "media_screenshot": 0.12})
    elif format_name == "tiff":
        yield Finding(f"a TIFF of {size}", {"media_photo": 0.25, "media_graphic": 0.25})
    else:
        yield Finding(f"{size}", {"media_graphic": 0.4, "media_screenshot": 0.25, "media_photo": 0.1})


def _jpeg_weights(n_pixels: int) -> dict[str, float]:
    if n_pixels >= 3 * _MEGAPIXELS:
        return {"media_photo": 0.55, "media_graphic": 0.12}
    if n_pixels >= _MEGAPIXELS:
        return {"media_photo": 0.4, "media_graphic": 0.25}
    return {"media_graphic": 0.45, "media_photo": 0.3}


def is_screen_size(width: int, height: int) -> bool:
    """Whether there are screens of this size, upright or not."""
    return (width, height) in _SCREENS or (height, width) in _SCREENS


def is_icon_size(width: int, height: int) -> bool:
    """Whether it is a square of a size that icon themes and programs have."""
    return width == height and width in _ICON_SIDES
