"""design_logo: marks as pictures, as SVG, and for print."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PIL import Image, ImageDraw, ImageFilter

from ifmosfs.ml.synth.categories.drawings import illustrator_file, svg_shapes, write_svg
from ifmosfs.ml.synth.categories.graphics import paint_shape
from ifmosfs.ml.synth.formats import raster
from ifmosfs.ml.synth.formats.raster import colour, write_text
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import DocumentType, Draft, document, register_types

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
        paint_shape(pen, draw, int(side * 0.8), (*pen.pick(tones), 255))
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
