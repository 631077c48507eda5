"""media_screenshot: what screens show."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PIL import Image, ImageDraw

from ifmosfs.ml.synth.formats import raster
from ifmosfs.ml.synth.formats.raster import Colour, Draw, colour, near, write_text
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import DocumentType, Draft, register_types

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
    while y < size[1] - 30 and (y < 100 or pen.chance(0.985)):
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
