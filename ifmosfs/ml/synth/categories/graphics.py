"""media_graphic: icons, charts, diagrams and other pictures that programs and designers make."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from PIL import Image, ImageDraw

from ifmosfs.ml.synth.formats import raster
from ifmosfs.ml.synth.formats.raster import Draw, colour, write_text
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import DocumentType, Draft, document, register_types

GRAPHIC_NAMES = "icon_«noun»|«noun»-«n:16-64»|banner|bg|button_«verb»|chart|diagram|«noun»|sprite|arrow_«left|right|up|down»|header|favicon|flow_«noun»|figure«n:1-9»|fig«n:1-20»|plot_«noun»|background|pattern|spinner|loading|qr|map|infographic|emoji_«noun»|thumb_«noun»|ui_«noun»"
GRAPHIC_FOLDERS = (
    "images|img|icons|assets/icons|static/images|res/drawable|figures|share/icons/hicolor/«n:16-64»x«n:16-64»"
)


def _icon(pen: Pen) -> Image.Image:
    size = pen.pick((16, 24, 32, 48, 64, 96, 128, 256))
    image = Image.new("RGBA", (size * 2, size * 2), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    for _ in range(pen.whole(1, 5)):
        paint_shape(pen, draw, size * 2, (*colour(pen), 255))
    return image.resize((size, size), Image.Resampling.LANCZOS)


def paint_shape(pen: Pen, draw: Draw, size: int, fill: tuple[int, ...]) -> None:
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
        paint_shape(pen, draw, min(size), colour(pen))
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
