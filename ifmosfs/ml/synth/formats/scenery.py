"""More scenes for photographs: surfaces as nature makes them, skies, old portraits, things on white, water."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from ifmosfs.ml.synth.formats.raster import SCENES, Colour, Scene, clouds, colour, gradient, near, scaled
from ifmosfs.ml.synth.pen import Pen

Size = tuple[int, int]


def surface(pen: Pen, size: Size) -> Image.Image:
    """Bark, stone, snow, fur: patches of all sizes, the smaller the weaker, as in nature (1/f)."""
    base = pen.pick(
        ((140, 115, 90), (120, 125, 130), (225, 228, 235), (90, 75, 50), (70, 90, 60), colour(pen, 60, 200))
    )
    image = clouds(pen, size, 120, base, 110)
    for step, share in ((48, 0.45), (20, 0.4), (9, 0.35), (4, 0.3), (2, 0.25)):
        image = Image.blend(image, clouds(pen, size, step, base, 130), share)
    return image


def sky(pen: Pen, size: Size) -> Image.Image:
    """Hardly anything but a soft gradient, with a roof or a tree's edge below."""
    top = near(pen, pen.pick(((70, 120, 200), (150, 160, 175), (230, 140, 90), (25, 30, 70))), 20)
    image = Image.blend(gradient(size, top, scaled(top, 1.4)), clouds(pen, size, pen.whole(80, 240), top, 60), 0.3)
    draw = ImageDraw.Draw(image)
    for _ in range(pen.whole(1, 4)):
        x, width, height = pen.whole(0, size[0]), pen.whole(20, size[0] // 2 + 20), pen.whole(10, max(11, size[1] // 2))
        tone = near(pen, (70, 60, 55), 40)
        draw.polygon([(x, size[1]), (x + width // 2, size[1] - height), (x + width, size[1])], fill=tone)
    return image.filter(ImageFilter.BoxBlur(pen.rng.uniform(0.5, 1.5)))


def old_portrait(pen: Pen, size: Size) -> Image.Image:
    """A head before a dark ground in grey or brown, with grain, scratches and a vignette."""
    image = clouds(pen, size, 90, (90, 90, 90), 70)
    draw = ImageDraw.Draw(image)
    x, y, head = size[0] / 2, size[1] * 0.4, min(size) * pen.rng.uniform(0.14, 0.24)
    draw.ellipse((x - head * 2.2, y + head * 1.1, x + head * 2.2, y + head * 6), fill=(45, 45, 45))
    draw.ellipse((x - head * 0.9, y - head * 1.2, x + head * 0.9, y + head * 1.25), fill=(190, 190, 190))
    draw.ellipse((x - head, y - head * 1.4, x + head, y - head * 0.5), fill=(60, 60, 60))
    for dx in (-0.4, 0.25):
        draw.ellipse((x + head * dx, y - head * 0.2, x + head * (dx + 0.2), y - head * 0.05), fill=(50, 50, 50))
    image = image.filter(ImageFilter.BoxBlur(max(1.0, head / 12)))
    for _ in range(pen.whole(0, 5)):
        ImageDraw.Draw(image).line(
            [(pen.whole(0, size[0]), pen.whole(0, size[1])) for _ in range(2)], fill=(200, 200, 200)
        )
    image = _vignette(Image.blend(image, clouds(pen, size, 2, (128, 128, 128), 200), 0.22))
    if pen.chance(0.5):
        return ImageOps.colorize(image.convert("L"), (35, 25, 15), (235, 220, 190))
    return image.convert("L").convert("RGB")


def _vignette(image: Image.Image) -> Image.Image:
    """Darker towards the corners."""
    light = ImageOps.invert(Image.radial_gradient("L")).resize(image.size).point(lambda value: min(255, 90 + value))
    return ImageChops.multiply(image, Image.merge("RGB", (light, light, light)))


def on_white(pen: Pen, size: Size) -> Image.Image:
    """A thing, or a passport's face, before a nearly white ground, with a soft shadow."""
    ground: Colour = (pen.whole(238, 252),) * 3
    image = clouds(pen, size, 150, ground, 12)
    shade = Image.new("L", size)
    x, y, radius = size[0] / 2, size[1] * 0.52, min(size) * pen.rng.uniform(0.2, 0.36)
    ImageDraw.Draw(shade).ellipse((x - radius, y + radius * 0.7, x + radius * 1.3, y + radius * 1.15), fill=120)
    image.paste((90, 90, 95), (0, 0), shade.filter(ImageFilter.BoxBlur(radius / 6)))
    thing = surface(pen, size)
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    for _ in range(pen.whole(1, 3)):
        dx, dy, part = pen.rng.gauss(0, radius / 3), pen.rng.gauss(0, radius / 3), radius * pen.rng.uniform(0.5, 1)
        draw.ellipse((x + dx - part, y + dy - part, x + dx + part, y + dy + part * 0.8), fill=255)
    image.paste(
        ImageChops.multiply(thing, gradient(size, (255, 255, 255), (120, 120, 120))),
        (0, 0),
        mask.filter(ImageFilter.BoxBlur(1)),
    )
    return image


def water(pen: Pen, size: Size) -> Image.Image:
    """Waves: patches that are much wider than high."""
    base = near(pen, (60, 95, 120), 30)
    image = gradient(size, scaled(base, 1.5), base)
    for grain in (24, 10, 4):
        flat = clouds(pen, (max(2, size[0] // 4), size[1]), grain, base, 150).resize(size, Image.Resampling.BILINEAR)
        image = Image.blend(image, flat, 0.35)
    return image


ALL_SCENES: dict[str, Scene] = {
    **SCENES,
    "surface": surface,
    "sky": sky,
    "old_portrait": old_portrait,
    "on_white": on_white,
    "water": water,
}
