"""Pictures by Pillow: painted scenes with camera data, screens, paper, diagrams. Nothing here needs a font of the system."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from ifmosfs.ml.synth.layout import Box, Item, Style, Text
from ifmosfs.ml.synth.pen import Pen, ascii_of

Colour = tuple[int, int, int]
Draw = ImageDraw.ImageDraw
WHITE: Final = (255, 255, 255)


@lru_cache(maxsize=64)
def font(size: int) -> Any:
    """The font that Pillow brings along."""
    return ImageFont.load_default(size)


def write_text(draw: Draw, place: tuple[float, float], text: str, size: int, fill: Any) -> None:
    """A line of text; letters that the font lacks are written without their marks."""
    draw.text(place, text if text.isascii() else ascii_of(text) or "- - -", fill=fill, font=font(size))


def colour(pen: Pen, low: int = 0, high: int = 255) -> Colour:
    """A colour of this range of brightness."""
    return (pen.whole(low, high), pen.whole(low, high), pen.whole(low, high))


def scaled(base: Colour, factor: float) -> Colour:
    """A lighter or darker colour."""
    red, green, blue = (min(255, int(part * factor)) for part in base)
    return (red, green, blue)


def near(pen: Pen, base: Colour, spread: int = 25) -> Colour:
    """A colour close to another one."""
    red, green, blue = (max(0, min(255, part + pen.whole(-spread, spread))) for part in base)
    return (red, green, blue)


# ---- coding


def save(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of the picture in a format of Pillow."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def to_jpeg(pen: Pen, image: Image.Image, exif: Image.Exif | None = None) -> bytes:
    """A JPEG of some quality."""
    if image.mode not in {"L", "RGB"}:
        image = image.convert("RGB")
    options: dict[str, Any] = {
        "quality": pen.pick((55, 65, 72, 75, 80, 85) if image.width * image.height > 200_000 else (65, 75, 85, 92)),
        "progressive": pen.chance(0.25),
    }
    if exif is not None:
        options["exif"] = exif
    if pen.chance(0.5):
        options["dpi"] = (pen.pick((72, 96, 150, 200, 300)),) * 2
    return save(image, "JPEG", **options)


DESIGN_PROGRAMS: Final = (
    "Adobe ImageReady|www.inkscape.org|Matplotlib version3.«n:1-8».«n:0-3»|GIMP 2.10|Paint.NET v3.5|paint.net 4.2"
)
SCREEN_PROGRAMS: Final = "gnome-screenshot|Greenshot|Shutter|Spectacle|Adobe ImageReady|GIMP 2.10"


def to_png(pen: Pen, image: Image.Image, programs: str = DESIGN_PROGRAMS) -> bytes:
    """A PNG; some say which of the programs made them."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    if pen.chance(0.2):
        info.add_text("Software", pen.one_of(programs))
    return save(image, "PNG", compress_level=pen.pick((3, 6, 6)), pnginfo=info)


# ---- camera data


@dataclass(frozen=True, slots=True)
class Camera:
    """What a camera writes of itself, and the size of its pictures."""

    maker: str
    model: str
    software: str
    pixels: tuple[int, int]


CAMERAS = (
    (
        "Canon",
        "Canon EOS «n:10-90»D|Canon PowerShot A«n:40-95»0|Canon DIGITAL IXUS «n:30-99»|Canon EOS R«n:5-10»",
        "Firmware Version 1.0.«n:0-9»|",
        (5184, 3456),
    ),
    (
        "NIKON CORPORATION",
        "NIKON D«n:3-7»«n:1-6»00|NIKON Z 6_2",
        "Ver.1.0«n:0-9»|Adobe Photoshop Lightroom 6.1 (Windows)",
        (6000, 4000),
    ),
    ("NIKON", "COOLPIX «letter»«n:10-99»00|E«n:2-9»«n:1-9»00", "COOLPIX L V1.0|E950v981p-1001", (2592, 1944)),
    ("SONY", "DSC-«letter»«n:10-90»|ILCE-«n:5-7»«n:0-9»00|DSC-RX100", "ILCE-6000 v3.20|", (6000, 4000)),
    ("Apple", "iPhone «n:4-15»|iPhone SE|iPhone 1«n:1-5» Pro|iPad Air", "«n:9-17».«n:0-6»", (4032, 3024)),
    (
        "samsung",
        "SM-G9«n:10-98»F|GT-I9«n:100-505»|SM-A«n:50-72»5F",
        "G991BXXU«n:1-9»CVF«n:1-9»|I9300XXEMG4",
        (4032, 2268),
    ),
    ("FUJIFILM", "X-T«n:1-5»|FinePix S«n:1-9»000|X100V", "Digital Camera X-T3 Ver4.00|", (6240, 4160)),
    ("OLYMPUS IMAGING CORP.", "E-M10|u«n:300-999»|C«n:2-9»000Z", "Version 1.1|v873u-77", (4608, 3456)),
    ("Panasonic", "DMC-FZ«n:5-100»0|DMC-TZ«n:1-10»1|DC-G9", "Ver.1.0  |", (4000, 3000)),
    ("Google", "Pixel «n:2-8»|Pixel 6a", "HDR+ 1.0.«n:100000000-500000000»zd", (4032, 3024)),
    ("HUAWEI", "ELE-L29|VOG-L29|P20", "ELE-L29 10.1.0.«n:100-200»|", (3648, 2736)),
    ("Xiaomi", "Redmi Note «n:7-12»|Mi 9T", "", (4000, 3000)),
    ("EASTMAN KODAK COMPANY", "KODAK DX«n:3-7»«n:0-9»30 ZOOM DIGITAL CAMERA|DC210 Zoom", "", (2304, 1728)),
    ("CASIO COMPUTER CO.,LTD.", "EX-Z«n:40-90»0", "1.02", (3072, 2304)),
    ("DJI", "FC«n:220-8282»|Mavic Air 2", "v01.00.«n:1000-9000»", (5472, 3648)),
    ("GoPro", "HERO«n:3-12» Black", "HD5.02.02.00.00", (4000, 3000)),
)


def choose_camera(pen: Pen) -> Camera:
    """One of the cameras."""
    maker, models, software, pixels = pen.pick(CAMERAS)
    return Camera(maker, pen.one_of(models), pen.one_of(software), pixels)


def camera_data(pen: Pen, camera: Camera, size: tuple[int, int]) -> Image.Exif:
    """EXIF as this camera would leave it."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = camera.maker, camera.model
    exif[0x0112] = pen.pick((1, 1, 1, 1, 6, 8))
    if camera.software:
        exif[0x0131] = camera.software
    moment = pen.moment("%Y:%m:%d %H:%M:%S")
    exif[0x0132] = moment
    own = exif.get_ifd(0x8769)
    own[0x9003] = own[0x9004] = moment
    own[0x829A] = 1 / pen.pick((15, 30, 60, 125, 250, 500, 1000))
    own[0x829D] = pen.pick((1.8, 2.0, 2.8, 3.5, 4.0, 5.6, 8.0, 11.0))
    own[0x8827] = pen.pick((50, 80, 100, 200, 400, 800, 1600))
    own[0x920A] = pen.pick((4.2, 5.7, 18.0, 24.0, 35.0, 50.0, 85.0, 200.0))
    own[0x9209] = pen.pick((0, 16, 24, 9))
    own[0xA002], own[0xA003] = camera.pixels if pen.chance(0.6) else size
    if pen.chance(0.3):
        _place(pen, exif)
    return exif


def _place(pen: Pen, exif: Image.Exif) -> None:
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "N", (float(pen.whole(36, 60)), float(pen.whole(0, 59)), pen.whole(0, 5999) / 100)
    place[3], place[4] = (
        pen.pick(("E", "W")),
        (float(pen.whole(0, 25)), float(pen.whole(0, 59)), pen.whole(0, 5999) / 100),
    )


# ---- scenes

PHOTO_SIZES = (
    *(
        (640, 480),
        (480, 640),
        (720, 480),
        (480, 720),
        (600, 400),
        (400, 600),
        (640, 426),
        (540, 720),
        (720, 540),
        (640, 360),
    ),
    *((800, 600), (600, 800), (1024, 768)),
    *((320, 240), (256, 192), (200, 300), (300, 400), (400, 210), (160, 120), (120, 150), (80, 60), (450, 450)),
)  # cameras' own sizes would cost megabytes for each picture; what they were stands in the camera data


def clouds(pen: Pen, size: tuple[int, int], grain: int, base: Colour, spread: int) -> Image.Image:
    """Soft patches around a colour: brightness changes much, the colour itself little, as in nature."""
    light = _patches(pen, "L", size, grain)
    tint = _patches(pen, "RGB", size, max(grain * 4, 40))
    share = spread / 255
    lit = Image.blend(Image.new("RGB", size, base), Image.merge("RGB", (light, light, light)), share)
    return Image.blend(lit, tint, share * 0.25)


def _patches(pen: Pen, mode: str, size: tuple[int, int], grain: int) -> Image.Image:
    small = (max(2, size[0] // grain), max(2, size[1] // grain))
    noise = Image.frombytes(mode, small, pen.noise(small[0] * small[1] * len(mode)))
    return noise.resize(size, Image.Resampling.BICUBIC if grain < 40 else Image.Resampling.BILINEAR)


def gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    """From one colour above to another below."""
    mask = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), mask)


def grain(pen: Pen, image: Image.Image, strength: float) -> Image.Image:
    """What a sensor adds."""
    tile = Image.frombytes("L", (256, 256), pen.noise(65536))
    noise = Image.new("L", image.size)
    for x in range(0, image.size[0], 256):
        for y in range(0, image.size[1], 256):
            noise.paste(tile, (x, y))
    soft = noise.filter(ImageFilter.GaussianBlur(0.6)).convert(image.mode)
    return (
        ImageChops.add(image, soft, scale=1.0 / (1.0), offset=0)
        if strength >= 1
        else Image.blend(image, soft, strength)
    )


def ridge(pen: Pen, size: tuple[int, int], height: float, rough: float) -> list[tuple[float, float]]:
    """A jagged line across the picture, closed below, as hills and roofs make it."""
    points: list[tuple[float, float]] = [(0, size[1])]
    y, x = height * size[1], 0.0
    while x < size[0] + 40:
        points.append((x, y))
        x += pen.rng.uniform(8, 60)
        y += pen.rng.gauss(0, rough) + (height * size[1] - y) * 0.1
    return [*points, (x, size[1])]


def landscape(pen: Pen, size: tuple[int, int]) -> Image.Image:
    """Sky, hills, ground."""
    sky = pen.pick(((90, 140, 210), (150, 180, 220), (220, 150, 110), (180, 185, 190), (60, 90, 160)))
    image = Image.blend(
        gradient(size, sky, near(pen, (225, 225, 220), 20)),
        clouds(pen, size, pen.whole(60, 160), (230, 230, 235), 90),
        0.35,
    )
    ground = pen.pick(((70, 95, 50), (110, 100, 70), (200, 205, 210), (150, 130, 95), (60, 80, 90)))
    for depth in range(pen.whole(1, 4)):
        height = 0.4 + 0.13 * depth
        texture = clouds(
            pen,
            size,
            pen.whole(3, 9),
            near(pen, scaled(ground, 1.2 - 0.2 * depth), 15),
            pen.whole(40, 110),
        )
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).polygon(ridge(pen, size, height, pen.rng.uniform(3, 30)), fill=255)
        image.paste(texture, (0, 0), mask.filter(ImageFilter.GaussianBlur(1)))
    return image


def blossoms(pen: Pen, size: tuple[int, int]) -> Image.Image:
    """Something small and sharp before a soft background."""
    image = clouds(
        pen,
        size,
        pen.whole(70, 200),
        pen.pick(((70, 110, 60), (60, 60, 55), (140, 120, 90), (90, 100, 120))),
        pen.whole(60, 130),
    )
    draw = ImageDraw.Draw(image)
    for _ in range(pen.whole(5, 40)):
        radius, left, top = pen.whole(8, 60), pen.whole(0, size[0]), pen.whole(0, size[1])
        draw.ellipse((left, top, left + radius, top + radius), fill=near(pen, (200, 190, 150), 55))
    image = image.filter(ImageFilter.GaussianBlur(pen.rng.uniform(4, 14)))
    draw = ImageDraw.Draw(image)
    x, y, petal, n = (
        size[0] * pen.rng.uniform(0.3, 0.7),
        size[1] * pen.rng.uniform(0.3, 0.7),
        min(size) * pen.rng.uniform(0.08, 0.3),
        pen.whole(5, 40),
    )
    tone = colour(pen, 90, 250)
    for _ in range(n):
        dx, dy = pen.rng.gauss(0, petal * 0.6), pen.rng.gauss(0, petal * 0.6)
        draw.ellipse(
            (x + dx - petal / 2, y + dy - petal / 3, x + dx + petal / 2, y + dy + petal / 3), fill=near(pen, tone, 30)
        )
    return image


def people(pen: Pen, size: tuple[int, int]) -> Image.Image:
    """Heads and shoulders in a room."""
    wall = near(pen, pen.pick(((180, 165, 140), (120, 125, 130), (205, 200, 190), (90, 75, 60))), 20)
    image = Image.blend(
        gradient(size, wall, near(pen, wall, 50)), clouds(pen, size, pen.whole(40, 150), wall, 100), 0.5
    )
    draw = ImageDraw.Draw(image)
    for _ in range(pen.whole(0, 5)):
        left, top = pen.whole(0, size[0]), pen.whole(0, size[1] // 2)
        draw.rectangle((left, top, left + pen.whole(40, 250), top + pen.whole(40, 250)), fill=near(pen, wall, 60))
    image = image.filter(ImageFilter.GaussianBlur(pen.rng.uniform(1, 6)))
    draw = ImageDraw.Draw(image)
    n = pen.whole(1, 4)
    for at in range(n):
        skin = pen.pick(((225, 180, 150), (190, 140, 105), (120, 80, 55), (240, 205, 180)))
        x, y, head = (
            size[0] * (at + pen.rng.uniform(0.3, 0.7)) / n,
            size[1] * pen.rng.uniform(0.25, 0.5),
            min(size) * pen.rng.uniform(0.08, 0.2),
        )
        draw.ellipse((x - head * 2.1, y + head * 1.1, x + head * 2.1, y + head * 6), fill=colour(pen, 20, 200))
        draw.ellipse((x - head, y - head * 1.35, x + head, y + head * 0.6), fill=near(pen, (60, 40, 25), 30))
        draw.ellipse((x - head * 0.85, y - head, x + head * 0.85, y + head * 1.25), fill=near(pen, skin, 12))
    shade = clouds(pen, size, pen.whole(15, 60), (128, 128, 128), 60)
    return Image.blend(image.filter(ImageFilter.GaussianBlur(1.5)), ImageChops.multiply(image, shade), 0.25)


def streets(pen: Pen, size: tuple[int, int]) -> Image.Image:
    """Houses with windows, by day or by night."""
    night = pen.chance(0.4)
    image = gradient(
        size, (15, 18, 40) if night else near(pen, (150, 180, 215)), (70, 50, 50) if night else (225, 225, 225)
    )
    draw = ImageDraw.Draw(image)
    x = -20
    while x < size[0]:
        width, top = pen.whole(40, 160), int(size[1] * pen.rng.uniform(0.05, 0.6))
        wall = near(pen, (35, 35, 45) if night else (150, 130, 115), 35)
        draw.rectangle((x, top, x + width, size[1]), fill=wall)
        step = pen.whole(14, 30)
        for wx in range(x + 6, x + width - 8, step):
            for wy in range(top + 8, size[1] - 30, int(step * 1.4)):
                lit = night and pen.chance(0.4)
                draw.rectangle(
                    (wx, wy, wx + step // 2, wy + step * 0.8), fill=(250, 220, 140) if lit else near(pen, wall, 30)
                )
        x += width + pen.whole(0, 8)
    floor = clouds(pen, size, 5, (50, 50, 55) if night else (120, 120, 120), 60)
    image.paste(floor.crop((0, 0, size[0], size[1] // 6)), (0, size[1] - size[1] // 6))
    return Image.blend(image, clouds(pen, size, pen.whole(4, 30), (110, 110, 110), 100), 0.15).filter(
        ImageFilter.GaussianBlur(pen.rng.uniform(0.4, 1.6))
    )


def plates(pen: Pen, size: tuple[int, int]) -> Image.Image:
    """Food, or things, on a table."""
    table = near(pen, pen.pick(((150, 110, 70), (225, 220, 210), (60, 55, 50), (120, 130, 140))), 20)
    image = clouds(pen, size, pen.pick((3, 8, 40)), table, pen.whole(30, 90))
    draw = ImageDraw.Draw(image)
    for _ in range(pen.whole(1, 5)):
        x, y, radius = pen.whole(0, size[0]), pen.whole(0, size[1]), int(min(size) * pen.rng.uniform(0.12, 0.4))
        draw.ellipse(
            (x - radius + 6, y - radius + 10, x + radius + 6, y + radius + 10), fill=tuple(part // 2 for part in table)
        )
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=near(pen, (235, 232, 225), 15))
        tone = colour(pen, 40, 220)
        for _ in range(pen.whole(8, 60)):
            px, py, piece = (
                x + pen.rng.gauss(0, radius * 0.35),
                y + pen.rng.gauss(0, radius * 0.35),
                radius * pen.rng.uniform(0.05, 0.25),
            )
            draw.ellipse((px, py, px + piece, py + piece * pen.rng.uniform(0.5, 1.2)), fill=near(pen, tone, 45))
    return image.filter(ImageFilter.GaussianBlur(pen.rng.uniform(0.5, 2.5)))


def foliage(pen: Pen, size: tuple[int, int]) -> Image.Image:
    """Leaves, gravel, water, fur: one texture all over."""
    base = pen.pick(((60, 85, 40), (120, 115, 105), (40, 80, 110), (140, 105, 70), (90, 60, 40)))
    image = clouds(pen, size, 90, base, 90)
    for step in (30, 9, 3):
        image = Image.blend(image, clouds(pen, size, step, base, 150), 0.4)
    return image


def underexposed(pen: Pen, size: tuple[int, int]) -> Image.Image:
    """A stage, a fire, lights in the dark."""
    image = clouds(pen, size, 120, (18, 14, 20), 40)
    draw = ImageDraw.Draw(image)
    for _ in range(pen.whole(5, 60)):
        x, y, radius = pen.whole(0, size[0]), pen.whole(0, size[1]), pen.size(2, 40)
        draw.ellipse(
            (x, y, x + radius, y + radius),
            fill=near(pen, pen.pick(((250, 210, 120), (200, 60, 60), (120, 150, 250), (255, 250, 240))), 20),
        )
    return image.filter(ImageFilter.GaussianBlur(pen.rng.uniform(2, 9)))


Scene = Callable[[Pen, tuple[int, int]], Image.Image]
SCENES: Final[dict[str, Scene]] = {
    "landscape": landscape,
    "blossoms": blossoms,
    "people": people,
    "streets": streets,
    "plates": plates,
    "foliage": foliage,
    "night": underexposed,
}


def photograph(pen: Pen, scene: Scene, size: tuple[int, int]) -> Image.Image:
    """A scene as a camera sees it: with noise in each colour, sharpened or not, with another tone, rarely in grey."""
    image = grain(pen, scene(pen, size), pen.rng.uniform(0.02, 0.1))
    if pen.chance(0.5):
        image = Image.blend(image, _coloured_noise(pen, size), pen.rng.uniform(0.01, 0.05))
    if pen.chance(0.6):
        image = ImageEnhance.Color(image).enhance(pen.rng.uniform(1.2, 3))
    if pen.chance(0.25):
        image = image.filter(ImageFilter.SHARPEN)
    if pen.chance(0.06):
        return image.convert("L")
    return image


def _coloured_noise(pen: Pen, size: tuple[int, int]) -> Image.Image:
    """What the single dots of a sensor add, each in its own colour."""
    tile = Image.frombytes("RGB", (128, 128), pen.noise(3 * 128 * 128))
    noise = Image.new("RGB", size)
    for x in range(0, size[0], 128):
        for y in range(0, size[1], 128):
            noise.paste(tile, (x, y))
    return noise


# ---- paper

SCAN_DPI = 100


def paper(pen: Pen, items: list[Item], style: Style, *, photo: bool = False) -> Image.Image:
    """A page as a scanner, or with `photo` a telephone, takes it."""
    scale = pen.pick((80, 100, 100, 120)) / 72
    size = (int(style.page[0] * scale), int(style.page[1] * scale))
    ground = pen.whole(232, 255)
    page = Image.new("L", size, ground)
    draw = ImageDraw.Draw(page)
    ink = pen.whole(0, 90)
    for item in items:
        match item:
            case Text(x, y, points, text):
                write_text(draw, (x * scale, (y - points) * scale), text, max(7, int(points * scale)), ink)
            case Box(x, y, width, height):
                corner = ((x + width) * scale, max((y + height) * scale, y * scale + 1))
                draw.rectangle(
                    (x * scale, y * scale, *corner), outline=ink + 60, fill=205 if item.filled and height > 5 else None
                )
    _stamp(pen, draw, size)
    page = page.rotate(pen.rng.gauss(0, 0.5), fillcolor=ground, resample=Image.Resampling.BILINEAR)
    if photo:
        return _taken(pen, page)
    tinted = grain(pen, page, pen.rng.uniform(0, 0.03))
    return tinted.point(lambda value: 255 if value > 170 else 0).convert("1") if pen.chance(0.12) else tinted


def _stamp(pen: Pen, draw: Draw, size: tuple[int, int]) -> None:
    """A signature, a stamp, the holes of a folder."""
    if pen.chance(0.5):
        x, y = size[0] * pen.rng.uniform(0.1, 0.6), size[1] * pen.rng.uniform(0.7, 0.92)
        points = [(x + 9 * at, y + pen.rng.gauss(0, 12)) for at in range(pen.whole(5, 16))]
        draw.line(points, fill=pen.whole(20, 90), width=2, joint="curve")
    if pen.chance(0.2):
        x, y = pen.whole(60, size[0] - 160), pen.whole(size[1] // 2, size[1] - 160)
        draw.ellipse((x, y, x + 110, y + 110), outline=120, width=3)
    if pen.chance(0.2):
        for y in (size[1] * 0.38, size[1] * 0.62):
            draw.ellipse((12, y, 30, y + 18), fill=60)


def _taken(pen: Pen, page: Image.Image) -> Image.Image:
    """The page on a table, seen from above."""
    size = (page.size[0] + 160, page.size[1] + 160)
    table = clouds(pen, size, pen.pick((6, 50)), pen.pick(((120, 90, 60), (70, 70, 75), (190, 185, 175))), 80)
    warm = Image.merge(
        "RGB", (page, page.point(lambda value: int(value * 0.97)), page.point(lambda value: int(value * 0.9)))
    )
    turned = warm.rotate(pen.rng.gauss(0, 2), expand=True, resample=Image.Resampling.BILINEAR)
    mask = Image.new("L", page.size, 255).rotate(pen.rng.gauss(0, 0.01), expand=True).resize(turned.size)
    table.paste(turned, (pen.whole(20, 120), pen.whole(20, 120)), mask)
    shade = gradient(size, (255, 255, 255), (pen.whole(150, 230),) * 3)
    lit = ImageChops.multiply(table, shade)
    factor = pen.rng.uniform(0.5, 0.9)
    return lit.resize((int(size[0] * factor), int(size[1] * factor)))
