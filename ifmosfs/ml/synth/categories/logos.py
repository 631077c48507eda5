"""design_logo: marks and words as pictures, as SVG, and for print."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from xml.sax.saxutils import escape, quoteattr

from PIL import Image, ImageDraw, ImageFilter

from ifmosfs.ml.synth.categories.drawings import illustrator_file, svg_shapes, write_svg
from ifmosfs.ml.synth.categories.graphics import opaque, paint_shape
from ifmosfs.ml.synth.formats import raster
from ifmosfs.ml.synth.formats.raster import Colour, colour, write_text
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import DocumentType, Draft, document, register_types

LOGO_NAMES = "logo|logo_«noun»|«company» logo|logo-white|logo_final|brand|emblem|crest|«Noun»_Logo_RGB|logo-«n:100-512»x«n:100-512»|apple-touch-icon|logo_transparent|Logo_«surname»|favicon|brandmark|wordmark|club badge"
LOGO_FOLDERS = "logos|brand|Corporate Design|assets/logo|press kit/logo"


Paint = Callable[[Pen], Image.Image]


def _ground(pen: Pen, size: tuple[int, int]) -> Image.Image:
    """What a mark stands on: mostly nothing, or white."""
    ground = (255, 255, 255, 0) if pen.chance(0.62) else (*pen.pick((raster.WHITE, raster.WHITE, colour(pen))), 255)
    return Image.new("RGBA", size, ground)


def _symbol(pen: Pen, side: int, tones: list[Colour]) -> Image.Image:
    """A few shapes that belong together: rings, petals, bars, a letter in a body, overlapping discs."""
    image = Image.new("RGBA", (side * 2, side * 2), (0, 0, 0, 0))
    draw, whole = ImageDraw.Draw(image), side * 2
    first, last = (*tones[0], 255), (*tones[-1], 255)
    match pen.whole(0, 5):
        case 0:
            draw.ellipse((whole * 0.06, whole * 0.06, whole * 0.94, whole * 0.94), fill=first)
            draw.ellipse((whole * 0.3, whole * 0.3, whole * 0.8, whole * 0.8), fill=last)
        case 1:
            n = pen.whole(3, 9)
            for at in range(n):
                angle = 6.2832 * at / n
                x, y, radius = (
                    whole * (0.5 + 0.28 * math.cos(angle)),
                    whole * (0.5 + 0.28 * math.sin(angle)),
                    whole * 0.17,
                )
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*pen.pick(tones), 255))
        case 2:
            for at in range(pen.whole(2, 5)):
                left = whole * (0.08 + 0.18 * at)
                draw.rectangle((left, whole * pen.rng.uniform(0.1, 0.6), left + whole * 0.12, whole * 0.92), fill=first)
        case 3:
            draw.rounded_rectangle((whole * 0.05, whole * 0.05, whole * 0.95, whole * 0.95), whole * 0.2, fill=first)
            write_text(
                draw, (whole * 0.28, whole * 0.1), pen.slot("noun", "")[0].upper(), int(whole * 0.65), raster.WHITE
            )
        case 4:
            draw.polygon(
                [(whole * 0.5, whole * 0.05), (whole * 0.95, whole * 0.9), (whole * 0.05, whole * 0.9)], fill=first
            )
            draw.polygon(
                [(whole * 0.5, whole * 0.4), (whole * 0.72, whole * 0.8), (whole * 0.28, whole * 0.8)], fill=last
            )
        case _:
            for _ in range(pen.whole(2, 4)):
                paint_shape(pen, draw, whole, (*pen.pick(tones), 255))
    if pen.chance(0.55):
        lit = raster.gradient(image.size, tones[0], tones[-1]).convert("RGBA")
        lit.putalpha(image.getchannel("A"))
        image = lit
    return image.resize((side, side), Image.Resampling.LANCZOS)


def _tones(pen: Pen) -> list[Colour]:
    return [colour(pen, 0, 230) for _ in range(pen.whole(1, 3))]


def paint_mark(pen: Pen) -> Image.Image:
    """A symbol alone."""
    side = pen.pick((48, 64, 90, 100, 100, 128, 150, 155, 180, 192, 240, 256, 300, 512))
    image = _ground(pen, (side, side))
    inner = int(side * pen.pick((0.8, 0.95, 1, 1)))
    symbol = _symbol(pen, inner, _tones(pen))
    if pen.chance(0.3):
        image = _shaded(image, symbol, side - inner)
    image.alpha_composite(symbol, ((side - inner) // 2, (side - inner) // 2))
    return image


def _shaded(image: Image.Image, symbol: Image.Image, room: int) -> Image.Image:
    """With the shadow of a mark on its ground."""
    shade = Image.new("L", image.size)
    shade.paste(symbol.getchannel("A").point(lambda value: value // 2), (room // 2 + 2, room // 2 + 3))
    dark = Image.new("RGBA", image.size, (0, 0, 0, 0))
    dark.putalpha(shade.filter(ImageFilter.BoxBlur(max(1, image.width // 40))))
    return Image.alpha_composite(image, dark)


def paint_word(pen: Pen) -> Image.Image:
    """A name in large letters, with a symbol before it or without, a line below it or not."""
    letters = pen.pick((14, 18, 24, 24, 32, 32, 48, 64, 100))
    name, tones = pen.one_of("«Noun»«?ly»|«noun»«noun»|«NOUN»|«Adj»«Noun»|«Noun» «Noun»"), _tones(pen)
    has_symbol, has_line = pen.chance(0.6), pen.chance(0.25)
    left = int(letters * 1.5) if has_symbol else int(letters * 0.2)
    size = (left + int(raster.font(letters).getlength(name)) + letters // 3, int(letters * (2.0 if has_line else 1.45)))
    image = _ground(pen, size)
    draw = ImageDraw.Draw(image)
    is_white = image.getpixel((0, 0)) == (255, 255, 255, 0) and pen.chance(0.15)
    ink = raster.WHITE if is_white else pen.pick((tones[0], tones[-1], (30, 30, 30)))
    if has_symbol:
        image.alpha_composite(_symbol(pen, int(letters * 1.2), tones), (letters // 8, letters // 8))
    if pen.chance(0.25):
        write_text(draw, (left + 2, 2), name, letters, raster.scaled(tones[-1], 0.6))
    if pen.chance(0.3):  # two colours in one word
        at = max(1, len(name) // 2)
        write_text(draw, (left, 0), name[:at], letters, ink)
        write_text(draw, (left + raster.font(letters).getlength(name[:at]), 0), name[at:], letters, tones[-1])
    else:
        write_text(draw, (left, 0), name, letters, ink)
    if has_line:
        write_text(draw, (left, letters * 1.4), pen.say("«adj» «noun»s for you"), max(7, letters // 4), ink)
    return image


def paint_badge(pen: Pen) -> Image.Image:
    """A hexagon or a disc with a picture and a name in it, its corners clear."""
    tones = _tones(pen)
    is_disc = pen.chance(0.3)
    size = (240, 240) if is_disc else pen.pick(((240, 277), (240, 278), (181, 209), (480, 554)))
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    radius, middle = size[1] / 2 - 1, (size[0] / 2, size[1] / 2)
    if is_disc:
        draw.ellipse(
            (0, 0, size[0] - 1, size[1] - 1), fill=(*tones[0], 255), outline=(*tones[-1], 255), width=size[0] // 20
        )
    else:
        draw.regular_polygon((middle, radius), 6, rotation=30, fill=(*tones[-1], 255))
        draw.regular_polygon((middle, radius * 0.93), 6, rotation=30, fill=(*tones[0], 255))
    image.alpha_composite(_symbol(pen, size[0] // 2, [colour(pen) for _ in range(2)]), (size[0] // 4, size[1] // 6))
    write_text(draw, (size[0] * 0.24, size[1] * 0.66), pen.slot("noun", "")[:9], size[0] // 8, raster.WHITE)
    return image


def paint_mascot(pen: Pen) -> Image.Image:
    """An animal of ovals with eyes, and perhaps a name below."""
    side = pen.pick((128, 155, 200, 320))
    image = _ground(pen, (side, side))
    draw = ImageDraw.Draw(image)
    tones = _tones(pen)
    body, light = (*tones[0], 255), (245, 240, 225, 255)
    draw.ellipse((side * 0.18, side * 0.3, side * 0.82, side * 0.96), fill=body)
    draw.ellipse((side * 0.3, side * 0.45, side * 0.7, side * 0.93), fill=light)
    draw.ellipse((side * 0.25, side * 0.04, side * 0.75, side * 0.48), fill=body)
    for x in (0.36, 0.54):
        draw.ellipse((side * x, side * 0.14, side * (x + 0.1), side * 0.27), fill=(255, 255, 255, 255))
        draw.ellipse((side * (x + 0.03), side * 0.18, side * (x + 0.08), side * 0.25), fill=(0, 0, 0, 255))
    draw.polygon(
        [(side * 0.42, side * 0.3), (side * 0.58, side * 0.3), (side * 0.5, side * 0.38)], fill=(240, 170, 40, 255)
    )
    return image.resize((side, side), Image.Resampling.BILINEAR)


PAINTED: dict[str, tuple[Paint, int]] = {
    "logo_picture": (paint_mark, 2),
    "word_mark": (paint_word, 4),
    "badge_of_a_program": (paint_badge, 2),
    "mascot": (paint_mascot, 1),
}


def _picture(paint: Paint, pen: Pen) -> Draft:
    """A logo as PNG or another picture, often without a ground."""
    image = paint(pen)
    is_clear = sum(image.getchannel("A").histogram()[:255]) > 0
    kind = pen.weighted(
        {"png": 80, "webp": 4, "gif": 5} if is_clear else {"png": 50, "jpg": 20, "gif": 8, "webp": 4, "jpeg": 5}
    )
    if kind == "png":
        return Draft(raster.to_png(pen, image if is_clear else image.convert("RGB")), kind, LOGO_NAMES, LOGO_FOLDERS)
    if kind == "gif":
        return Draft(raster.save(opaque(image).quantize(32), "GIF"), kind, LOGO_NAMES, LOGO_FOLDERS)
    if kind == "webp":
        return Draft(raster.save(image, "WEBP"), kind, LOGO_NAMES, LOGO_FOLDERS)
    return Draft(raster.to_jpeg(pen, opaque(image)), kind, LOGO_NAMES, LOGO_FOLDERS)


register_types(
    DocumentType("design_logo", name, partial(_picture, paint), ("en",), weight)
    for name, (paint, weight) in PAINTED.items()
)


@document("design_logo")
def logo_mark_small(pen: Pen) -> Draft:
    """A site's or program's own mark: small, square."""
    image = pen.pick((paint_mark, paint_mascot))(pen).resize(
        (pen.pick((16, 24, 32, 48, 64, 96)),) * 2, Image.Resampling.LANCZOS
    )
    if pen.chance(0.3):
        sizes = [(32, 32), (64, 64)]
        return Draft(
            raster.save(image.resize((64, 64)), "ICO", sizes=sizes),
            "ico",
            "logo|brand|favicon-logo|«noun»-logo",
            LOGO_FOLDERS,
        )
    names = "logo-«n:16-512»|logo192|logo512|brand-icon|logo_square|«noun»_logo|«noun»_«n:16-64»x«n:16-64»|«project»"
    return Draft(raster.to_png(pen, image), "png", names, LOGO_FOLDERS)


@document("design_logo", weight=4)
def svg_mark(pen: Pen) -> Draft:
    """A brand's mark as collections of them have it: square, a few shapes, a name, no trace of a program."""
    side = pen.pick((24, 32, 64, 100, 128, 256, 512, 512))
    tones = ["#" + pen.slot("hex", pen.pick(("3", "6"))) for _ in range(pen.whole(1, 3))]
    name = pen.one_of("«Noun»«?ly»|«Noun» «Noun»|«company»|«Adj»«Noun»")
    label, title = (
        ("", f"<title>{escape(name)}</title>") if pen.chance(0.55) else (f" aria-label={quoteattr(name)}", "")
    )
    ground = pen.pick(("", "", f'<rect width="{side}" height="{side}" rx="15%" fill="{tones[0]}"/>'))
    inner = svg_shapes(pen, pen.whole(1, 5), float(side), ["#fff", *tones] if ground else tones)
    text = f'<svg xmlns="http://www.w3.org/2000/svg"{label} role="img" viewBox="0 0 {side} {side}">{title}{ground}{inner}</svg>'
    names = "«noun»|«company»|«project»|«noun»-logo|logo|«noun»_icon|mark"
    return Draft(text.replace("\n", "") + pen.pick(("", "\n")), "svg", names, LOGO_FOLDERS, strict=True)


@document("design_logo", languages=("en",), weight=5)
def svg_logo(pen: Pen) -> Draft:
    """A logo as SVG: few shapes, few colours, mostly a name."""
    height = pen.pick((24, 64, 100, 120, 200, 512))
    width = height * pen.pick((1, 1, 2, 3, 4))
    tones = ["#" + pen.slot("hex", pen.pick(("3", "6"))) for _ in range(pen.whole(1, 3))]
    name = pen.say("«Noun»«?ly|hub|soft»")
    body = svg_shapes(pen, pen.whole(1, 6), float(height), tones)
    if width > height or pen.chance(0.4):
        body += (
            f'\n<text x="{height * 1.1:.0f}" y="{height * 0.65:.0f}" font-family="{pen.pick(("Helvetica", "Montserrat", "sans-serif"))}" font-weight="700" font-size="{height // 2}" fill="{tones[0]}">{name}</text>'
            if pen.chance(0.5)
            else "\n" + svg_shapes(pen, pen.whole(3, 9), float(height), tones[:1])
        )
    return Draft(
        write_svg(pen, body, width, height, title=name + " logo" if pen.chance(0.4) else ""),
        "svg",
        LOGO_NAMES,
        LOGO_FOLDERS,
        strict=True,
    )


@document("design_logo", weight=2)
def logo_for_print(pen: Pen) -> Draft:
    """A logo as EPS, AI or PDF."""
    kind = pen.pick(("eps", "ai", "pdf"))
    if kind != "eps":
        return Draft(
            illustrator_file(pen, pen.say("«Noun» logo"), pen.slot("person", "")), kind, LOGO_NAMES, LOGO_FOLDERS
        )
    name = pen.slot("noun", "").capitalize()
    return Draft(
        pen.say(
            f"%!PS-Adobe-3.1 EPSF-3.0\n%%Title: {name}_logo.eps\n%%Creator: Adobe Illustrator(R) 1«n:0-7»\n%%BoundingBox: 0 0 «n:60-400» «n:40-200»\n%%EndComments\n«*2-8/\n/«f:0-1/2» «f:0-1/2» «f:0-1/2» «f:0-1/2» setcmykcolor «n:0-90» «n:0-90» «n:9-90» 0 360 arc fill»\n/Helvetica-Bold findfont 40 scalefont setfont 100 40 moveto ({name}) show\n%%EOF\n"
        ),
        kind,
        LOGO_NAMES,
        LOGO_FOLDERS,
    )


def _crest(pen: Pen) -> Draft:
    """A flag, a crest, a seal: emblems as SVG."""
    width, height = pen.pick(((300, 200), (400, 400), (512, 640)))
    tones = ["#" + pen.slot("hex", "6") for _ in range(3)]
    rows = (
        [f'<rect width="{width}" height="{height}" fill="{tones[0]}"/>']
        if pen.chance(0.6)
        else [
            f'<path d="M10,10h{width - 20}v{height * 0.6:.0f}q0,{height * 0.3:.0f} -{width / 2 - 10:.0f},{height * 0.35:.0f}q-{width / 2 - 10:.0f},-10 -{width / 2 - 10:.0f},-{height * 0.35:.0f}z" fill="{tones[0]}"/>'
        ]
    )
    rows += [
        f'<rect y="{height * at // 3}" width="{width}" height="{height // 6}" fill="{pen.pick(tones)}"/>'
        for at in range(pen.whole(1, 3))
    ]
    rows.append(f'<circle cx="{width // 2}" cy="{height // 2}" r="{height // 5}" fill="{tones[2]}"/>')
    return Draft(
        write_svg(pen, "\n".join(rows), width, height),
        "svg",
        "crest|flag_«a:2»|emblem|coat of arms «city»|seal|badge|Wappen «city»|club logo",
        LOGO_FOLDERS,
        strict=True,
    )


MORE_LOGOS: dict[str, Callable[[Pen], Draft]] = {"crest": _crest}
register_types(DocumentType("design_logo", name, partial(make), ("en", "de"), 2) for name, make in MORE_LOGOS.items())
