"""media_photo, media_screenshot, media_graphic, design_logo (pictures): what cameras, screens and designers make."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from functools import partial

from PIL import Image, ImageDraw, ImageFilter

from ifmosfs.ml.synth.formats import raster
from ifmosfs.ml.synth.formats.raster import Colour, Draw, colour, near, write_text
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import DocumentType, Draft, document, register_types

PHOTO_NAMES = "IMG_«n:0001-9999»|DSC_«n:0001-9999»|DSCF«n:1000-9999»|«city» «year»|«first» birthday|holiday «n:1-300»|beach|wedding-«n:1-400»|PXL_«ts:%Y%m%d_%H%M%S»«n:100-999»|«ts:%Y%m%d_%H%M%S»|Urlaub «city» («n:1-90»)|100_«n:1000-9999»|P«n:1000000-9999999»|DJI_«n:0001-0999»|GOPR«n:1000-9999»|«pet»|garden|IMG-«ts:%Y%m%d»-WA«n:0001-0090»"
PHOTO_FOLDERS = "DCIM/100CANON|Pictures/«city» «year»|Photos/«year»/«n:01-12»|Camera Roll|Bilder/Urlaub «year»|WhatsApp Images|Fotos/«first»|DCIM/Camera"


def _photo(scene: str, pen: Pen) -> Draft:
    size = pen.pick(raster.PHOTO_SIZES)
    image = raster.photograph(pen, raster.SCENES[scene], size)
    kind = pen.weighted({"jpg": 80, "webp": 4, "png": 4, "tif": 2, "jpeg": 8, "avif": 0})
    if kind == "png":
        return Draft(raster.to_png(pen, image.resize((size[0] // 3, size[1] // 3))), kind, PHOTO_NAMES, PHOTO_FOLDERS)
    if kind == "webp":
        return Draft(raster.save(image, "WEBP", quality=60, method=0), kind, PHOTO_NAMES, PHOTO_FOLDERS)
    camera = raster.choose_camera(pen)
    exif = raster.camera_data(pen, camera, size) if pen.chance(0.72) else None
    if kind == "tif":
        small = image.resize((size[0] // 4, size[1] // 4))
        return Draft(
            raster.save(small, "TIFF", compression="tiff_lzw", **({"exif": exif} if exif else {})),
            kind,
            PHOTO_NAMES,
            PHOTO_FOLDERS,
        )
    return Draft(raster.to_jpeg(pen, image, exif), kind, PHOTO_NAMES, PHOTO_FOLDERS)


register_types(
    DocumentType("media_photo", name, partial(_photo, name), ("en", "de", "fr", "es"), 2) for name in raster.SCENES
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


# ---- screens

DESKTOPS = (
    (1920, 1080),
    (1366, 768),
    (1440, 900),
    (2560, 1440),
    (1280, 800),
    (1280, 1024),
    (1024, 768),
    (1600, 900),
    (1680, 1050),
)
PHONES = (
    (1080, 1920),
    (1080, 2340),
    (750, 1334),
    (828, 1792),
    (1170, 2532),
    (1125, 2436),
    (720, 1280),
    (640, 1136),
    (1080, 2400),
)
SHOT_NAMES = "Screenshot «ts:%Y-%m-%d %H-%M-%S»|Screenshot_«ts:%Y%m%d-%H%M%S»|Screen Shot «ts:%Y-%m-%d» at «n:1-12».«n:10-59».«n:10-59» «A|P»M|Bildschirmfoto «ts:%Y-%m-%d um %H.%M.%S»|Screenshot («n:1-300»)|Screenshot_«ts:%Y%m%d_%H%M%S»_«Noun»|Capture|Capture d’écran «ts:%Y-%m-%d» à «n:10-23».«n:10-59»|Captura de pantalla «isodate»|IMG_«n:1000-9999»|screenshot«n:1-40»|Bildschirmfoto_«isodate»_«n:10-23»-«n:10-59»|Schermata «isodate»|screencapture-«domain»-«isodate»|error message|snip|Unbenannt"
SHOT_FOLDERS = "Screenshots|Pictures/Screenshots|Bildschirmfotos|DCIM/Screenshots|Desktop"


def _text_lines(pen: Pen, draw: Draw, place: tuple[int, int], n: int, size: int, fill: Colour, width: int) -> None:
    x, y = place
    for _ in range(n):
        text = pen.slot("tech_sentence", "") if pen.chance(0.5) else pen.slot("sentence", "")
        write_text(draw, (x, y), text[: max(4, width * 2 // size)], size, fill)
        y += int(size * 1.6)


def _browser(pen: Pen, draw: Draw, size: tuple[int, int]) -> None:
    width, height = size
    draw.rectangle((0, 0, width, 80), fill=near(pen, (222, 225, 230), 10))
    draw.rounded_rectangle((90, 44, width - 200, 72), 14, fill=(255, 255, 255))
    write_text(draw, (110, 49), pen.slot("url", ""), 15, (70, 70, 70))
    accent = colour(pen, 20, 220)
    draw.rectangle((0, 80, width, 150), fill=accent)
    write_text(draw, (40, 98), pen.say("«Adj» «Noun»"), 30, (255, 255, 255))
    for column in range(pen.whole(1, 3)):
        x = 40 + column * width // 3
        draw.rectangle((x, 190, x + width // 4, 190 + height // 6), fill=near(pen, accent, 60))
        _text_lines(pen, draw, (x, 210 + height // 6), pen.whole(4, 14), 16, (40, 40, 40), width // 3 - 60)


def _terminal(pen: Pen, draw: Draw, size: tuple[int, int]) -> None:
    ground, ink = pen.pick(
        (
            ((12, 12, 12), (204, 204, 204)),
            ((48, 10, 36), (255, 255, 255)),
            ((0, 43, 54), (131, 148, 150)),
            ((255, 255, 255), (20, 20, 20)),
        )
    )
    draw.rectangle((0, 0, *size), fill=ground)
    y = 10
    while y < size[1] - 30 and pen.chance(0.985):
        prompt = pen.chance(0.3)
        text = (
            pen.say("«user»@«host»:~$ «shell_tool» --«noun» «unixpath»")
            if prompt
            else pen.say("«?    »«word» «noun» «n:0-9999» «unixpath»")
        )
        write_text(draw, (12, y), text, 15, near(pen, (120, 200, 120), 30) if prompt else ink)
        y += 20


def _editor(pen: Pen, draw: Draw, size: tuple[int, int]) -> None:
    dark = pen.chance(0.7)
    draw.rectangle((0, 0, *size), fill=(30, 30, 30) if dark else (255, 255, 255))
    draw.rectangle((0, 0, 230, size[1]), fill=(37, 37, 38) if dark else (243, 243, 243))
    palette = (
        ((86, 156, 214), (206, 145, 120), (106, 153, 85), (220, 220, 170), (212, 212, 212))
        if dark
        else ((0, 0, 200), (163, 21, 21), (0, 128, 0), (50, 50, 50), (30, 30, 30))
    )
    for row in range(size[1] // 22 - 3):
        y = 46 + row * 22
        if row < 24:
            write_text(draw, (24, y), pen.slot("snake", "") + ".py", 14, palette[4])
        if pen.chance(0.85):
            x = 290 + 32 * pen.whole(0, 4)
            for _ in range(pen.whole(1, 6)):
                word = pen.slot(pen.pick(("snake", "camel", "noun")), "")
                write_text(draw, (x, y), word, 15, pen.pick(palette))
                x += len(word) * 9 + 10
        write_text(draw, (245, y), str(row + 1), 14, (130, 130, 130))


def _window(pen: Pen, draw: Draw, size: tuple[int, int]) -> None:
    top, bottom = colour(pen, 10, 160), colour(pen, 10, 200)
    for at in range(16):
        share = at / 15
        fill = tuple(int(a + (b - a) * share) for a, b in zip(top, bottom, strict=True))
        draw.rectangle((0, size[1] * at // 16, size[0], size[1] * (at + 1) // 16), fill=fill)
    for _ in range(pen.whole(0, 10)):
        x, y = 20, 20 + 90 * pen.whole(0, max(1, size[1] // 100))
        draw.rectangle((x, y, x + 48, y + 48), fill=colour(pen, 60, 255))
        write_text(draw, (x - 6, y + 54), pen.slot("noun", ""), 13, (255, 255, 255))
    for _ in range(pen.whole(1, 3)):
        x, y, width, height = (
            pen.whole(60, size[0] // 3),
            pen.whole(40, size[1] // 3),
            pen.whole(size[0] // 3, size[0] // 2),
            pen.whole(size[1] // 4, size[1] // 2),
        )
        draw.rectangle((x, y, x + width, y + height), fill=(245, 245, 245), outline=(120, 120, 120))
        draw.rectangle(
            (x, y, x + width, y + 30), fill=near(pen, (0, 90, 158), 40) if pen.chance(0.5) else (255, 255, 255)
        )
        write_text(draw, (x + 10, y + 6), pen.say("«Adj» «Noun»"), 15, (90, 90, 90))
        _text_lines(pen, draw, (x + 20, y + 50), pen.whole(1, 8), 15, (30, 30, 30), width - 60)
        draw.rectangle(
            (x + width - 110, y + height - 45, x + width - 20, y + height - 15),
            fill=(225, 225, 225),
            outline=(150, 150, 150),
        )
        write_text(draw, (x + width - 80, y + height - 40), "OK", 15, (0, 0, 0))
    draw.rectangle((0, size[1] - 44, size[0], size[1]), fill=near(pen, (30, 30, 40), 20))
    for at in range(pen.whole(3, 12)):
        draw.rectangle((60 + at * 54, size[1] - 36, 92 + at * 54, size[1] - 8), fill=colour(pen, 60, 255))


def _sheet(pen: Pen, draw: Draw, size: tuple[int, int]) -> None:
    draw.rectangle((0, 0, *size), fill=(255, 255, 255))
    draw.rectangle((0, 0, size[0], 130), fill=near(pen, (33, 115, 70), 20) if pen.chance(0.5) else (240, 240, 240))
    for x in range(40, size[0], 110):
        draw.line((x, 130, x, size[1]), fill=(210, 210, 210))
    for y in range(130, size[1], 24):
        draw.line((0, y, size[0], y), fill=(210, 210, 210))
        if pen.chance(0.8):
            for x in range(46, min(size[0], 46 + 110 * pen.whole(2, 8)), 110):
                write_text(
                    draw,
                    (x, y + 4),
                    str(pen.whole(1, 9999)) if pen.chance(0.6) else pen.slot("noun", ""),
                    14,
                    (20, 20, 20),
                )


def _chat(pen: Pen, draw: Draw, size: tuple[int, int]) -> None:
    width, height = size
    _status_bar(pen, draw, size)
    draw.rectangle((0, 60, width, 190), fill=near(pen, pen.pick(((7, 94, 84), (245, 245, 245), (0, 136, 204))), 10))
    write_text(draw, (120, 105), pen.slot("first", ""), 40, (120, 200, 255))
    y = 230
    while y < height - 260:
        mine = pen.chance(0.5)
        text = pen.slot("sentence", "")[: pen.whole(8, 34)]
        long = min(width - 200, len(text) * 20 + 60)
        x = width - long - 30 if mine else 30
        draw.rounded_rectangle((x, y, x + long, y + 86), 24, fill=(220, 248, 198) if mine else (255, 255, 255))
        write_text(draw, (x + 28, y + 22), text, 34, (20, 20, 20))
        y += pen.whole(100, 150)
    draw.rounded_rectangle((30, height - 150, width - 160, height - 50), 50, fill=(255, 255, 255))


def _status_bar(pen: Pen, draw: Draw, size: tuple[int, int]) -> None:
    draw.rectangle(
        (0, 0, *size), fill=near(pen, pen.pick(((236, 229, 221), (255, 255, 255), (18, 18, 18), (242, 242, 247))), 6)
    )
    write_text(draw, (50, 14), f"{pen.whole(0, 23)}:{pen.whole(10, 59)}", 32, (110, 110, 110))
    draw.rectangle((size[0] - 90, 20, size[0] - 40, 42), outline=(110, 110, 110), width=3)


def _phone_settings(pen: Pen, draw: Draw, size: tuple[int, int]) -> None:
    _status_bar(pen, draw, size)
    write_text(draw, (50, 120), pen.say("«Noun»s"), 64, (130, 130, 140))
    y = 260
    while y < size[1] - 160:
        draw.rounded_rectangle((40, y, 110, y + 70), 16, fill=colour(pen, 60, 250))
        write_text(draw, (140, y + 14), pen.say("«Adj» «noun»"), 38, (130, 130, 130))
        if pen.chance(0.5):
            draw.rounded_rectangle(
                (size[0] - 150, y + 8, size[0] - 50, y + 62), 27, fill=pen.pick(((52, 199, 89), (200, 200, 200)))
            )
        draw.line((140, y + 95, size[0], y + 95), fill=(200, 200, 200))
        y += 120


def _phone_shop(pen: Pen, draw: Draw, size: tuple[int, int]) -> None:
    """A receipt, a ticket or a bank's app on a telephone: a screenshot all the same."""
    _status_bar(pen, draw, size)
    draw.rectangle((0, 60, size[0], 260), fill=colour(pen, 0, 190))
    write_text(draw, (60, 130), pen.slot("shop", ""), 60, (255, 255, 255))
    y = 330
    for _ in range(pen.whole(4, 16)):
        write_text(draw, (60, y), pen.slot("product", "")[:26], 36, (110, 110, 110))
        write_text(draw, (size[0] - 260, y), pen.slot("num", "1-90"), 36, (110, 110, 110))
        y += 80
    write_text(draw, (60, y + 30), "Total", 50, (90, 90, 90))
    write_text(draw, (size[0] - 300, y + 30), pen.slot("num", "10-300"), 50, (90, 90, 90))


def _game(pen: Pen, draw: Draw, size: tuple[int, int]) -> None:
    tile = pen.pick((32, 48, 64))
    palette = [colour(pen, 20, 200) for _ in range(pen.whole(3, 6))]
    for x in range(0, size[0], tile):
        for y in range(0, size[1], tile):
            draw.rectangle((x, y, x + tile, y + tile), fill=pen.pick(palette))
    draw.rectangle((20, 20, 320, 50), fill=(40, 0, 0))
    draw.rectangle((20, 20, 20 + pen.whole(40, 300), 50), fill=(200, 30, 30))
    write_text(draw, (30, 60), f"SCORE {pen.whole(0, 99999)}  LEVEL {pen.whole(1, 40)}", 26, (255, 255, 255))


Screen = Callable[[Pen, Draw, tuple[int, int]], None]
ON_DESKTOP: dict[str, Screen] = {
    "browser": _browser,
    "terminal": _terminal,
    "editor": _editor,
    "desktop": _window,
    "spreadsheet": _sheet,
    "game": _game,
}
ON_PHONE: dict[str, Screen] = {"chat": _chat, "settings": _phone_settings, "shopping": _phone_shop}


def _screenshot(screen: Screen, sizes: tuple[tuple[int, int], ...], pen: Pen) -> Draft:
    size = pen.pick(sizes)
    image = Image.new("RGB", size, (255, 255, 255))
    screen(pen, ImageDraw.Draw(image), size)
    if pen.chance(0.12):
        image = image.crop((0, 0, pen.whole(size[0] // 3, size[0]), pen.whole(size[1] // 3, size[1])))
    if pen.chance(0.12):
        return Draft(raster.to_jpeg(pen, image), "jpg", SHOT_NAMES, SHOT_FOLDERS)
    if pen.chance(0.4):
        image = image.convert("RGBA") if pen.chance(0.3) else image.quantize(64, method=Image.Quantize.FASTOCTREE)
    return Draft(raster.save(image, "PNG", compress_level=6), "png", SHOT_NAMES, SHOT_FOLDERS)


register_types(
    DocumentType("media_screenshot", name, partial(_screenshot, screen, DESKTOPS), ("en", "de", "fr", "es"))
    for name, screen in ON_DESKTOP.items()
)
register_types(
    DocumentType("media_screenshot", f"phone_{name}", partial(_screenshot, screen, PHONES), ("en", "de", "fr", "es"))
    for name, screen in ON_PHONE.items()
)


# ---- graphics

GRAPHIC_NAMES = "icon_«noun»|«noun»-«n:16-64»|banner|bg|button_«verb»|chart|diagram|«noun»|sprite|arrow_«left|right|up|down»|header|favicon|flow_«noun»|figure«n:1-9»|fig«n:1-20»|plot_«noun»|background|pattern|spinner|loading|qr|map|infographic|emoji_«noun»|thumb_«noun»|ui_«noun»"
GRAPHIC_FOLDERS = (
    "images|img|icons|assets/icons|static/images|res/drawable|figures|share/icons/hicolor/«n:16-64»x«n:16-64»"
)


def _icon(pen: Pen) -> Image.Image:
    size = pen.pick((16, 24, 32, 48, 64, 96, 128, 256))
    image = Image.new("RGBA", (size * 2, size * 2), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    for _ in range(pen.whole(1, 5)):
        _shape(pen, draw, size * 2, (*colour(pen), 255))
    return image.resize((size, size), Image.Resampling.LANCZOS)


def _shape(pen: Pen, draw: Draw, size: int, fill: tuple[int, ...]) -> None:
    x, y = pen.rng.uniform(0, size * 0.5), pen.rng.uniform(0, size * 0.5)
    x2, y2 = x + pen.rng.uniform(size * 0.2, size * 0.5), y + pen.rng.uniform(size * 0.2, size * 0.5)
    match pen.whole(0, 4):
        case 0:
            draw.ellipse((x, y, x2, y2), fill=fill)
        case 1:
            draw.rounded_rectangle((x, y, x2, y2), size * 0.06, fill=fill)
        case 2:
            n, turn = pen.whole(3, 8), pen.rng.uniform(0, 6)
            middle, radius = size / 2, pen.rng.uniform(size * 0.2, size * 0.48)
            draw.polygon(
                [
                    (
                        middle + radius * math.cos(turn + 6.2832 * at / n),
                        middle + radius * math.sin(turn + 6.2832 * at / n),
                    )
                    for at in range(n)
                ],
                fill=fill,
            )
        case 3:
            draw.arc((x, y, x2, y2), pen.whole(0, 180), pen.whole(181, 360), fill=fill, width=max(2, size // 12))
        case _:
            draw.line((x, y, x2, y2), fill=fill, width=max(2, size // 10))


def _chart(pen: Pen) -> Image.Image:
    size = pen.pick(((640, 480), (800, 500), (432, 288), (1000, 600)))
    image = Image.new("RGB", size, (255, 255, 255))
    draw = ImageDraw.Draw(image)
    left, bottom = 60, size[1] - 50
    write_text(draw, (size[0] // 3, 12), pen.say("«Adj» «noun» by «noun»"), 18, (20, 20, 20))
    tones = [colour(pen, 20, 220) for _ in range(5)]
    kind = pen.whole(0, 3)
    if kind == 0:
        for at in range(pen.whole(3, 12)):
            draw.rectangle(
                (left + 10 + at * 44, pen.whole(60, bottom - 5), left + 40 + at * 44, bottom), fill=pen.pick(tones)
            )
    elif kind == 1:
        for tone in tones[: pen.whole(1, 4)]:
            y = float(pen.whole(80, bottom))
            draw.line(
                [
                    (left + at * 12, y := max(50.0, min(float(bottom), y + pen.rng.gauss(0, 14))))
                    for at in range((size[0] - 80) // 12)
                ],
                fill=tone,
                width=2,
            )
    elif kind == 2:
        start = 0.0
        for tone in tones:
            end = start + pen.rng.uniform(20, 120)
            draw.pieslice(
                (size[0] // 4, 60, size[0] // 4 + size[1] - 120, size[1] - 60), start, min(end, 360), fill=tone
            )
            start = end
    else:
        for _ in range(pen.whole(20, 200)):
            x, y = pen.rng.gauss(size[0] / 2, 110), pen.rng.gauss(size[1] / 2, 70)
            draw.ellipse((x, y, x + 6, y + 6), fill=pen.pick(tones[:2]))
    if kind != 2:
        draw.line((left, 50, left, bottom, size[0] - 20, bottom), fill=(0, 0, 0), width=1)
        for at in range(6):
            write_text(draw, (18, bottom - at * (bottom - 60) // 5 - 8), str(at * pen.pick((10, 20))), 12, (20, 20, 20))
    return image


def _diagram(pen: Pen) -> Image.Image:
    size = pen.pick(((900, 600), (640, 400), (1200, 700)))
    image = Image.new("RGB", size, (255, 255, 255))
    draw = ImageDraw.Draw(image)
    tone, last = colour(pen, 170, 250), None
    for _ in range(pen.whole(3, 12)):
        x, y = pen.whole(10, size[0] - 170), pen.whole(10, size[1] - 80)
        if last:
            draw.line((*last, x + 70, y + 25), fill=(60, 60, 60), width=2)
        draw.rounded_rectangle((x, y, x + 140, y + 50), pen.pick((0, 8, 25)), fill=tone, outline=(60, 60, 60))
        write_text(draw, (x + 14, y + 15), pen.slot("noun", ""), 16, (20, 20, 20))
        last = (x + 70, y + 25)
    return image


def _banner(pen: Pen) -> Image.Image:
    size = pen.pick(((728, 90), (300, 250), (1200, 300), (468, 60), (1200, 630), (160, 600)))
    image = raster.gradient(size, colour(pen), colour(pen)) if pen.chance(0.6) else Image.new("RGB", size, colour(pen))
    draw = ImageDraw.Draw(image)
    for _ in range(pen.whole(0, 6)):
        _shape(pen, draw, min(size), colour(pen))
    write_text(
        draw,
        (size[0] * 0.08, size[1] * 0.3),
        pen.say("«Verb» «adj» «noun»s now!"),
        max(11, min(size) // 5),
        (255, 255, 255),
    )
    return image


def _pattern(pen: Pen) -> Image.Image:
    size, step = pen.pick((64, 128, 256, 512)), pen.pick((4, 8, 16, 32))
    image = Image.new("RGB", (size, size), colour(pen))
    draw = ImageDraw.Draw(image)
    tone = colour(pen)
    for x in range(0, size, step):
        for y in range(0, size, step):
            if (x // step + y // step) % pen.pick((2, 2, 3)) == 0:
                draw.rectangle((x, y, x + step - 1, y + step - 1), fill=tone)
    return image


def _code_square(pen: Pen) -> Image.Image:
    n = pen.pick((21, 25, 29, 33))
    image = Image.frombytes("L", (n, n), bytes(pen.rng.choices((0, 255), k=n * n)))
    draw = ImageDraw.Draw(image)
    for x, y in ((0, 0), (n - 7, 0), (0, n - 7)):
        draw.rectangle((x, y, x + 6, y + 6), fill=255, outline=0)
        draw.rectangle((x + 2, y + 2, x + 4, y + 4), fill=0)
    return image.resize((n * 8, n * 8), Image.Resampling.NEAREST)


def _cartoon(pen: Pen) -> Image.Image:
    size = pen.pick(((600, 600), (800, 450), (500, 700)))
    image = Image.new("RGB", size, colour(pen, 140, 250))
    draw = ImageDraw.Draw(image)
    for _ in range(pen.whole(5, 25)):
        x, y, width = pen.whole(0, size[0]), pen.whole(0, size[1]), pen.whole(20, 260)
        draw.ellipse(
            (x - width, y - width, x + width, y + width * 0.6), fill=colour(pen, 60, 250), outline=(20, 20, 20), width=3
        )
    return image


def _map_tile(pen: Pen) -> Image.Image:
    image = Image.new("RGB", (256, 256), (242, 239, 233))
    draw = ImageDraw.Draw(image)
    for _ in range(pen.whole(2, 8)):
        x, y = pen.whole(0, 256), pen.whole(0, 256)
        draw.polygon(
            [(x + pen.whole(-60, 60), y + pen.whole(-60, 60)) for _ in range(5)],
            fill=pen.pick(((170, 211, 223), (200, 250, 204), (217, 208, 201))),
        )
    for _ in range(pen.whole(3, 12)):
        draw.line(
            [(pen.whole(-20, 276), pen.whole(-20, 276)) for _ in range(3)],
            fill=pen.pick(((255, 255, 255), (247, 250, 191), (232, 146, 162))),
            width=pen.whole(2, 8),
        )
    return image


GRAPHICS: dict[str, Callable[[Pen], Image.Image]] = {
    "icon": _icon,
    "chart": _chart,
    "diagram": _diagram,
    "banner": _banner,
    "pattern": _pattern,
    "qr_code": _code_square,
    "cartoon": _cartoon,
    "map_tile": _map_tile,
}


def _graphic(paint: Callable[[Pen], Image.Image], pen: Pen) -> Draft:
    image = paint(pen)
    kind = pen.weighted({"png": 55, "gif": 15, "jpg": 8, "webp": 6, "bmp": 2, "ico": 6, "ppm": 1, "tga": 2, "tiff": 1})
    if kind == "png":
        raw = raster.to_png(pen, image)
    elif kind == "ico":
        raw = raster.save(image.convert("RGBA").resize((48, 48)), "ICO", sizes=[(16, 16), (32, 32), (48, 48)])
    elif kind == "gif":
        raw = raster.save(image.convert("RGB").quantize(32, method=Image.Quantize.FASTOCTREE), "GIF")
    else:
        small = image.convert("RGB") if kind in {"jpg", "webp"} else image.convert("RGB").resize((90, 60))
        raw = raster.save(small, {"jpg": "JPEG", "tiff": "TIFF"}.get(kind, kind.upper()))
    return Draft(raw, kind, GRAPHIC_NAMES, GRAPHIC_FOLDERS)


register_types(DocumentType("media_graphic", name, partial(_graphic, paint)) for name, paint in GRAPHICS.items())


@document("media_graphic", weight=2)
def animation(pen: Pen) -> Draft:
    """A GIF of several pictures."""
    size = pen.pick(((64, 64), (120, 90), (200, 150)))
    ground, tone = colour(pen), colour(pen)
    frames = []
    for at in range(pen.whole(3, 12)):
        image = Image.new("P", size, 0)
        image.putpalette([*ground, *tone, *colour(pen)])
        x = size[0] * at // 12
        ImageDraw.Draw(image).ellipse((x, 10, x + 30, 40), fill=1)
        frames.append(image)
    return Draft(
        raster.save(
            frames[0], "GIF", save_all=True, append_images=frames[1:], duration=pen.pick((40, 80, 100)), loop=0
        ),
        "gif",
        "spinner|loader|«noun»_anim|funny «animal»|reaction|giphy|tenor|ajax-loader",
        "images|gifs|memes",
    )


# ---- logos as pictures

LOGO_NAMES = "logo|logo_«noun»|«company» logo|logo-white|logo_final|brand|emblem|crest|«Noun»_Logo_RGB|logo-«n:100-512»x«n:100-512»|apple-touch-icon|logo_transparent|Logo_«surname»|favicon|brandmark|wordmark|club badge"
LOGO_FOLDERS = "logos|brand|Corporate Design|assets/logo|press kit/logo"


def paint_logo(pen: Pen, *, clear: bool) -> Image.Image:
    """A mark of few shapes and colours, mostly with a name beside or below it."""
    size = pen.pick(((512, 512), (400, 120), (800, 300), (300, 300), (1024, 400), (180, 180), (256, 256)))
    image = Image.new(
        "RGBA", size, (0, 0, 0, 0) if clear else (*pen.pick(((255, 255, 255), (255, 255, 255), colour(pen))), 255)
    )
    draw = ImageDraw.Draw(image)
    tones = [colour(pen, 0, 230) for _ in range(pen.whole(1, 3))]
    side = min(size)
    for _ in range(pen.whole(1, 4)):
        _shape(pen, draw, int(side * 0.8), (*pen.pick(tones), 255))
    if size[0] > size[1] * 1.5:
        write_text(draw, (side, side * 0.3), pen.say("«Noun»«?ly»"), side // 3, (*tones[0], 255))
    elif pen.chance(0.6):
        write_text(draw, (side * 0.12, side * 0.74), pen.say("«NOUN»"), side // 6, (*tones[0], 255))
    return image


@document("design_logo", weight=3)
def logo_picture(pen: Pen) -> Draft:
    """A logo as PNG or another picture, often without a ground."""
    clear = pen.chance(0.65)
    image = paint_logo(pen, clear=clear)
    kind = "png" if clear else pen.pick(("png", "jpg", "gif", "webp", "jpeg"))
    if kind == "png":
        return Draft(raster.to_png(pen, image), kind, LOGO_NAMES, LOGO_FOLDERS)
    return Draft(
        raster.save(image.convert("RGB"), {"jpg": "JPEG", "jpeg": "JPEG"}.get(kind, kind.upper())),
        kind,
        LOGO_NAMES,
        LOGO_FOLDERS,
    )


@document("design_logo")
def logo_mark_small(pen: Pen) -> Draft:
    """A site's or program's own mark: small, square."""
    image = paint_logo(pen, clear=pen.chance(0.8)).resize((pen.pick((64, 128, 180, 192)),) * 2)
    if pen.chance(0.3):
        return Draft(
            raster.save(image, "ICO", sizes=[(32, 32), (64, 64)]),
            "ico",
            "logo|brand|favicon-logo|«noun»-logo",
            LOGO_FOLDERS,
        )
    return Draft(
        raster.to_png(pen, image.filter(ImageFilter.SMOOTH)),
        "png",
        "logo-«n:16-512»|logo192|logo512|brand-icon|logo_square|«noun»_logo",
        LOGO_FOLDERS,
    )
