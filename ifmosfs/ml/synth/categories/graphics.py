"""media_graphic: icons, charts, diagrams and other pictures that programs and designers make."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from PIL import Image, ImageDraw, ImageFilter

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


def _shiny_icon(pen: Pen) -> Image.Image:
    """A body with light on it, an outline and a shadow, as icons of desktops had them."""
    size = pen.pick((16, 16, 22, 22, 24, 32, 48, 48, 64, 128, 256))
    image = Image.new("RGBA", (128, 128), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    tone = colour(pen, 40, 220)
    body = Image.new("L", (128, 128))
    shape, corner = ImageDraw.Draw(body), (pen.whole(4, 30), pen.whole(4, 30), pen.whole(96, 122), pen.whole(90, 118))
    (shape.ellipse if pen.chance(0.4) else partial(shape.rounded_rectangle, radius=pen.pick((3, 12, 24))))(
        corner, fill=255
    )
    draw.ellipse((14, 100, 114, 124), fill=(0, 0, 0, 70))
    lit = raster.gradient((128, 128), raster.scaled(tone, 1.5), raster.scaled(tone, 0.7))
    image.paste(lit, (0, 0), body)
    for _ in range(pen.whole(0, 4)):
        paint_shape(pen, draw, 120, (*colour(pen), 255))
    return image.resize((size, size), Image.Resampling.LANCZOS)


def _line_icon(pen: Pen) -> Image.Image:
    """One colour, lines only."""
    size = pen.pick((16, 20, 24, 32, 48, 96))
    image = Image.new("RGBA", (size * 4, size * 4), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    ink = (*pen.pick(((0, 0, 0), (255, 255, 255), (90, 90, 90), colour(pen, 0, 200))), 255)
    for _ in range(pen.whole(1, 4)):
        x, y = pen.rng.uniform(size * 0.3, size * 2), pen.rng.uniform(size * 0.3, size * 2)
        corner, width = (
            (x, y, x + pen.rng.uniform(size, size * 1.8), y + pen.rng.uniform(size, size * 1.8)),
            max(4, size // 3),
        )
        pen.pick((draw.ellipse, draw.rectangle))(corner, outline=ink, width=width)
        draw.line((corner[0], corner[3], corner[2], corner[3]), fill=ink, width=width)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def _icon_sheet(pen: Pen) -> Image.Image:
    """Many icons of one kind in rows: a sprite sheet."""
    side, n_across, n_down = pen.pick((16, 24, 32)), pen.whole(6, 16), pen.whole(3, 12)
    image = Image.new("RGBA", (side * n_across, side * n_down), (0, 0, 0, 0))
    ink = colour(pen)
    for x in range(n_across):
        for y in range(n_down):
            if pen.chance(0.8):
                cell = Image.new("RGBA", (side, side), (0, 0, 0, 0))
                paint_shape(pen, ImageDraw.Draw(cell), side, (*ink, 255))
                image.paste(cell, (x * side, y * side))
    return image


def _flag(pen: Pen) -> Image.Image:
    size = pen.pick(((14, 14), (16, 11), (24, 12), (24, 16), (48, 32), (280, 186), (300, 150), (300, 200), (640, 480)))
    width, height = size
    image = Image.new("RGB", size, colour(pen))
    draw = ImageDraw.Draw(image)
    n = pen.whole(1, 3)
    for at in range(n):
        stripe = (
            (0, height * at // n, width, height * (at + 1) // n)
            if pen.chance(0.6)
            else (width * at // n, 0, width * (at + 1) // n, height)
        )
        draw.rectangle(stripe, fill=colour(pen))
    if pen.chance(0.5):
        paint_shape(pen, draw, min(size), colour(pen))
    if pen.chance(0.3):
        draw.polygon([(0, 0), (width // 2, height // 2), (0, height)], fill=colour(pen))
    return image


def _strip(pen: Pen) -> Image.Image:
    """A gradient, a shadow or a line, to be repeated by a page."""
    size = pen.pick(((1, 100), (1, 400), (500, 1), (8, 60), (30, 200), (256, 24), (40, 100)))
    return raster.gradient(size, colour(pen), colour(pen)) if pen.chance(0.8) else Image.new("RGB", size, colour(pen))


def _button(pen: Pen) -> Image.Image:
    """A button of a page: 88×31 and the like."""
    size = pen.pick(((88, 31), (80, 15), (120, 40), (160, 48), (200, 60)))
    ground = colour(pen)
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), pen.pick((0, 4, 12)), fill=255)
    image.paste(raster.gradient(size, raster.scaled(ground, 1.3), ground), (0, 0), mask)
    write_text(
        ImageDraw.Draw(image), (8, size[1] * 0.25), pen.say("«Verb» «noun»"), max(8, size[1] // 3), (255, 255, 255, 255)
    )
    return image


def _texture(pen: Pen) -> Image.Image:
    """A surface to be laid on things: noise that repeats, or stones, or boards."""
    size = pen.pick((64, 128, 256, 512))
    base = colour(pen, 40, 220)
    image = raster.clouds(pen, (size, size), pen.pick((2, 4, 8)), base, pen.whole(30, 120))
    draw = ImageDraw.Draw(image)
    for y in range(0, size if pen.chance(0.5) else 0, size // 4):
        draw.line((0, y, size, y), fill=raster.scaled(base, 0.5), width=2)
        for x in range((y // (size // 4) % 2) * size // 8, size, size // 4):
            draw.line((x, y, x, y + size // 4), fill=raster.scaled(base, 0.5), width=2)
    return image


def _wallpaper(pen: Pen) -> Image.Image:
    """Vivid bands that flow into each other, as renderings for a screen's background."""
    size = pen.pick(((1920, 1080), (1366, 768), (1024, 768), (1280, 800), (800, 600)))
    small = (size[0] // 2, size[1] // 2)
    image = raster.gradient(small, colour(pen, 0, 255), colour(pen, 0, 255))
    for _ in range(pen.whole(2, 9)):
        mask = Image.new("L", small)
        phase, period, middle = pen.whole(0, 6), pen.whole(60, 400), pen.rng.uniform(0.2, 0.8)
        points = [(x, small[1] * (middle + 0.3 * math.sin(phase + x / period))) for x in range(-40, small[0] + 80, 20)]
        ImageDraw.Draw(mask).line(points, fill=pen.whole(120, 255), width=pen.whole(10, small[1] // 2), joint="curve")
        image.paste(
            raster.gradient(small, colour(pen), colour(pen)), (0, 0), mask.filter(ImageFilter.BoxBlur(pen.whole(0, 40)))
        )
    return image.resize(size, Image.Resampling.BICUBIC)


def _sprite(pen: Pen) -> Image.Image:
    """A figure of a game, in large pixels or as a cut-out surface."""
    n, scale = pen.pick((8, 12, 16, 24)), pen.pick((1, 2, 4, 8))
    palette = [(*colour(pen), 255) for _ in range(pen.whole(2, 6))]
    half = [[pen.pick(palette) if pen.chance(0.6) else (0, 0, 0, 0) for _ in range(n // 2)] for _ in range(n)]
    image = Image.new("RGBA", (n, n))
    image.putdata([tone for row in half for tone in (*row, *reversed(row))])
    return image.resize((n * scale, n * scale), Image.Resampling.NEAREST)


def _ground_piece(pen: Pen) -> Image.Image:
    """A piece of a game's landscape: a surface cut out along a jagged line."""
    size = pen.pick(((64, 64), (128, 32), (128, 111), (256, 96), (200, 150)))
    surface = raster.clouds(pen, size, pen.pick((3, 6, 12)), colour(pen, 40, 220), 110)
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon(raster.ridge(pen, size, pen.rng.uniform(0.1, 0.4), 6), fill=255)
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    image.paste(surface, (0, 0), mask)
    return image


def _clip_art(pen: Pen) -> Image.Image:
    """An outlined figure on white, or on nothing."""
    size = pen.pick(((290, 360), (200, 200), (400, 300), (512, 512)))
    clear = pen.chance(0.5)
    image = Image.new("RGBA", size, (255, 255, 255, 0 if clear else 255))
    draw = ImageDraw.Draw(image)
    tones = [(*colour(pen, 40, 250), 255) for _ in range(3)]
    x, y, side = size[0] / 2, size[1] / 2, min(size) * 0.8
    for _ in range(pen.whole(4, 12)):
        dx, dy, radius = pen.rng.gauss(0, side / 6), pen.rng.gauss(0, side / 6), side * pen.rng.uniform(0.05, 0.25)
        corner = (x + dx - radius, y + dy - radius * 0.8, x + dx + radius, y + dy + radius * 0.8)
        draw.ellipse(corner, fill=pen.pick(tones), outline=(20, 20, 20, 255), width=max(2, int(side // 90)))
    return image


def _lettering(pen: Pen) -> Image.Image:
    """A formula or a word in black, tight around it."""
    clear = pen.chance(0.5)
    letters = pen.pick((14, 18, 24, 36))
    text = pen.one_of(
        "«a:1» = «n:1-9» «a:1» + «n:1-99»|«NOUN»|(«a:1» - «a:1») / «n:2-9»|TEST|«n:0-99» «percent»|f(«a:1») = «a:1»^«n:2-5»"
    )
    size = (int(raster.font(letters).getlength(text)) + 12, letters + 14)
    image = Image.new("RGBA" if clear else "L", size, (0, 0, 0, 0) if clear else 255)
    write_text(ImageDraw.Draw(image), (6, 4), text, letters, (0, 0, 0, 255) if clear else 0)
    return image if clear or pen.chance(0.6) else image.convert("1")


def _depth(pen: Pen) -> Image.Image:
    """What a program has computed: distances, fields, spheres in light; grey or in false colours, without noise."""
    size = pen.pick(((480, 320), (320, 320), (640, 400)))
    image = raster.gradient(size, (0, 0, 0), (pen.whole(60, 255),) * 3).convert("L")
    for _ in range(pen.whole(1, 6)):
        side, x, y = pen.whole(40, 240), pen.whole(-40, size[0]), pen.whole(-40, size[1])
        ball = Image.radial_gradient("L").resize((side, side)).point(lambda value: 255 - value)
        image.paste(ball, (x, y), ball.point(lambda value: 255 if value > 120 else 0))
    if pen.chance(0.5):
        return image.convert("RGB")
    cold, warm = colour(pen, 0, 255), colour(pen, 0, 255)
    return Image.composite(Image.new("RGB", size, warm), Image.new("RGB", size, cold), image)


GRAPHICS: dict[str, Callable[[Pen], Image.Image]] = {
    "icon": _icon,
    "banner": _banner,
    "pattern": _pattern,
    "qr_code": _code_square,
    "cartoon": _cartoon,
    "map_tile": _map_tile,
    "shiny_icon": _shiny_icon,
    "line_icon": _line_icon,
    "icon_sheet": _icon_sheet,
    "flag": _flag,
    "strip": _strip,
    "button": _button,
    "texture": _texture,
    "sprite": _sprite,
    "ground_piece": _ground_piece,
    "clip_art": _clip_art,
    "lettering": _lettering,
    "rendering": _depth,
}


def opaque(image: Image.Image) -> Image.Image:
    """On white, for formats that know no transparency."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, (255, 255, 255))
    ground.paste(image, (0, 0), image)
    return ground


def graphic(paint: Callable[[Pen], Image.Image], pen: Pen) -> Draft:
    """The picture in one of the formats that graphics have."""
    image = paint(pen)
    kind = pen.weighted({"png": 60, "gif": 15, "jpg": 8, "webp": 5, "bmp": 2, "ico": 3, "ppm": 1, "tga": 2, "tiff": 1})
    if kind == "png":
        palette = image.mode == "RGB" and pen.chance(0.3)
        raw = raster.to_png(pen, image.quantize(64, method=Image.Quantize.FASTOCTREE) if palette else image)
    elif kind == "ico":
        raw = raster.save(image.convert("RGBA").resize((48, 48)), "ICO", sizes=[(16, 16), (32, 32), (48, 48)])
    elif kind == "gif":
        raw = raster.save(opaque(image).quantize(32, method=Image.Quantize.FASTOCTREE), "GIF")
    elif kind in {"jpg", "webp"}:
        raw = raster.to_jpeg(pen, opaque(image)) if kind == "jpg" else raster.save(opaque(image), "WEBP")
    else:
        small = opaque(image).resize((90, 60)) if image.width * image.height > 10_000 else opaque(image)
        raw = raster.save(small, {"tiff": "TIFF"}.get(kind, kind.upper()))
    return Draft(raw, kind, GRAPHIC_NAMES, GRAPHIC_FOLDERS)


OFTEN = {"shiny_icon": 4, "icon": 2, "flag": 2, "ground_piece": 2, "clip_art": 2, "line_icon": 2, "sprite": 2}
"""What there is most of: icons, and pieces of games."""

register_types(
    DocumentType("media_graphic", name, partial(graphic, paint), weight=OFTEN.get(name, 1))
    for name, paint in GRAPHICS.items()
)


@document("media_graphic", weight=2)
def wallpaper(pen: Pen) -> Draft:
    """A background for a screen, mostly as JPEG."""
    image = _wallpaper(pen)
    names, folders = (
        "wallpaper|background|default|«noun»|«adj»-«noun»|waves|abstract-«n:1-90»|«colour»",
        "backgrounds|Wallpapers|Pictures|share/backgrounds",
    )
    if pen.chance(0.7):
        return Draft(raster.to_jpeg(pen, image), "jpg", names, folders)
    return Draft(raster.to_png(pen, image.resize((image.width // 4, image.height // 4))), "png", names, folders)


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
