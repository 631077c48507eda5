"""Real files that thumbnails can be made of: photographs of places that are not there, screenshots, letters as PDF.

The same arguments always give the same bytes, and a literal tree may hold them.
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from PIL import Image, ImageDraw, ImageFilter, ImageOps

EXIF_OF_PICTURE: Final = 0x8769
TAKEN_AT: Final = 0x9003
CAMERA_MAKER: Final = 0x010F
CAMERA_MODEL: Final = 0x0110

Colour = tuple[int, int, int]


class Light(NamedTuple):
    """The colours of a time of day: the sky above and at the horizon, the sun, the nearest ground."""

    above: Colour
    horizon: Colour
    sun: Colour
    ground: Colour


NOON: Final = Light((64, 132, 205), (208, 229, 240), (255, 252, 235), (38, 92, 60))
EVENING: Final = Light((52, 56, 112), (250, 164, 98), (255, 236, 170), (36, 26, 52))
MORNING: Final = Light((142, 176, 208), (252, 222, 204), (255, 246, 222), (58, 84, 96))
NIGHT: Final = Light((8, 14, 40), (52, 76, 122), (238, 240, 226), (8, 14, 26))
AUTUMN: Final = Light((118, 168, 206), (242, 232, 206), (255, 250, 226), (122, 66, 24))
SPRING: Final = Light((96, 164, 196), (236, 240, 206), (255, 254, 230), (96, 128, 40))
DUSK: Final = Light((88, 70, 134), (246, 178, 182), (255, 232, 214), (58, 36, 78))
WINTER: Final = Light((112, 150, 192), (226, 234, 244), (255, 255, 246), (70, 98, 138))


def photograph(
    number: int, light: Light, taken_at: str, *, lake: bool = False, size: tuple[int, int] = (1200, 900)
) -> bytes:
    """A JPEG of hills, the number decides which; `taken_at` is the camera's time, as EXIF writes it (2024:06:15 18:30:00)."""
    picture = _hills(random.Random(number), light, size)
    if lake:
        picture = _beside_a_lake(picture)
    exif = Image.Exif()
    exif[CAMERA_MAKER] = "Example"
    exif[CAMERA_MODEL] = "Camera 1"
    exif.get_ifd(EXIF_OF_PICTURE)[TAKEN_AT] = taken_at
    return _saved(picture, "JPEG", exif=exif, quality=82)


def screenshot(number: int, size: tuple[int, int] = (1280, 800)) -> bytes:
    """A PNG of a screen with two windows on it."""
    random_ = random.Random(number)
    picture = _sky(Light((30, 40, 80), (90, 60, 120), (0, 0, 0), (0, 0, 0)), size)
    draw = ImageDraw.Draw(picture)
    for left, top, right, bottom in ((80, 90, 820, 620), (560, 260, 1220, 740)):
        draw.rectangle((left, top, right, bottom), fill=(246, 246, 248))
        draw.rectangle((left, top, right, top + 34), fill=(222, 222, 228))
        for y in range(top + 70, bottom - 30, 30):
            draw.rectangle((left + 40, y, left + random_.randint(200, right - left - 60), y + 9), fill=(120, 124, 138))
    return _saved(picture, "PNG")


def letter(lines: Sequence[str]) -> bytes:
    """A PDF of one page with these lines of text (ASCII), the first of them large."""
    shown = " ".join(f"({_escaped(line)}) Tj 0 -22 Td" for line in lines[1:])
    page = f"BT /F1 26 Tf 72 740 Td ({_escaped(lines[0])}) Tj /F1 13 Tf 0 -48 Td {shown} ET".encode()
    return _pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
    )


# ---- pictures


def _hills(random_: random.Random, light: Light, size: tuple[int, int]) -> Image.Image:
    picture = _sky(light, size)
    _add_sun(picture, random_, light)
    n_ranges = 5
    for number in range(n_ranges):
        nearness = (number + 1) / n_ranges
        top = size[1] * (0.42 + 0.46 * nearness**1.3)
        height = size[1] * (0.17 - 0.09 * nearness)
        colour = _mixed(light.horizon, light.ground, 0.22 + 0.78 * nearness)
        _add_range(picture, _ridge(random_, size[0], top, height), colour)
    return picture


def _sky(light: Light, size: tuple[int, int]) -> Image.Image:
    """The horizon's colour is reached half-way down, where the hills begin."""
    gradient = Image.new("L", size, 255)
    gradient.paste(Image.linear_gradient("L").resize((size[0], size[1] // 2)))
    return ImageOps.colorize(gradient, light.above, light.horizon)


def _add_sun(picture: Image.Image, random_: random.Random, light: Light) -> None:
    width, height = picture.size
    x, y = width * random_.uniform(0.2, 0.8), height * random_.uniform(0.16, 0.36)
    for radius, blur, strength in ((0.16, 70, 150), (0.05, 3, 255)):
        glow = Image.new("L", picture.size)
        reach = radius * height
        ImageDraw.Draw(glow).ellipse((x - reach, y - reach, x + reach, y + reach), fill=strength)
        picture.paste(light.sun, mask=glow.filter(ImageFilter.GaussianBlur(blur)))


def _ridge(random_: random.Random, width: int, top: float, height: float) -> Callable[[int], float]:
    """The line of a range of hills: waves, each half as high and twice as dense as the one before."""
    waves = [(random_.uniform(0, math.tau), random_.uniform(0.7, 1.3)) for _ in range(7)]

    def at(x: int) -> float:
        return top - height * sum(
            (1 - abs(math.sin(phase + x / width * math.pi * density * 1.6 * 2**octave))) / 2**octave
            for octave, (phase, density) in enumerate(waves)
        )

    return at


def _add_range(picture: Image.Image, ridge: Callable[[int], float], colour: Colour) -> None:
    width, height = picture.size
    line = [(x, ridge(x)) for x in range(0, width + 4, 4)]
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).polygon([(0, height), *line, (width, height)], fill=255)
    shaded = ImageOps.colorize(Image.linear_gradient("L").resize(picture.size), colour, _mixed(colour, (0, 0, 0), 0.35))
    picture.paste(shaded, mask=mask)


def _beside_a_lake(picture: Image.Image) -> Image.Image:
    """The lower third is water, which shows the rest upside down."""
    width, height = picture.size
    shore = height * 2 // 3
    land = picture.resize((width, shore))
    water = ImageOps.flip(land).resize((width, height - shore)).filter(ImageFilter.BoxBlur(5))
    picture.paste(land, (0, 0))
    picture.paste(Image.blend(water, Image.new("RGB", water.size, (20, 50, 80)), 0.3), (0, shore))
    return picture


def _mixed(first: Colour, second: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _saved(picture: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


# ---- PDF


def _escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _pdf(*objects: bytes) -> bytes:
    """A PDF of these objects; the first of them is the catalogue."""
    out = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    n_entries = len(objects) + 1
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (n_entries, table)
        + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (n_entries, len(out))
    )
