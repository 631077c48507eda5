"""media_graphic: charts, diagrams and other figures with axes, boxes and arrows."""

from __future__ import annotations

from functools import partial

from PIL import Image, ImageDraw

from ifmosfs.ml.synth.categories.graphics import graphic
from ifmosfs.ml.synth.formats.raster import colour, write_text
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import DocumentType, register_types


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


def _panel_plot(pen: Pen) -> Image.Image:
    """A plot on a grey panel with white lines, a legend beside it."""
    width, height = pen.pick(((480, 480), (672, 480), (800, 560), (504, 504)))
    image = Image.new("RGB", (width, height), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    left, top, right, bottom = 52, 16, width - pen.pick((16, 90)), height - 44
    draw.rectangle((left, top, right, bottom), fill=(235, 235, 235))
    step = pen.whole(40, 90)
    for x in range(left + step // 2, right, step):
        draw.line((x, top, x, bottom), fill=(255, 255, 255), width=pen.pick((1, 2)))
        write_text(draw, (x - 8, bottom + 5), str(x), 11, (77, 77, 77))
    for y in range(top + step // 2, bottom, step):
        draw.line((left, y, right, y), fill=(255, 255, 255))
        write_text(draw, (18, y - 6), str(height - y), 11, (77, 77, 77))
    tones = [colour(pen, 30, 230) for _ in range(pen.whole(1, 4))]
    for at, tone in enumerate(tones):
        for _ in range(pen.whole(10, 80)):
            x, y = pen.whole(left + 4, right - 4), pen.whole(top + 4, bottom - 4)
            draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=tone)
        if right < width - 50:
            draw.rectangle((right + 16, 120 + at * 20, right + 26, 130 + at * 20), fill=tone)
            write_text(draw, (right + 32, 118 + at * 20), pen.slot("noun", "")[:7], 11, (20, 20, 20))
    write_text(draw, ((left + right) // 2 - 20, height - 18), pen.slot("noun", ""), 13, (0, 0, 0))
    return image


def _heat_map(pen: Pen) -> Image.Image:
    """Values as colours of fields, with a scale."""
    n_across, n_down, side = pen.whole(4, 24), pen.whole(4, 16), pen.pick((10, 16, 24))
    image = Image.new("RGB", (n_across * side + 110, n_down * side + 70), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    cold, warm = colour(pen), colour(pen)

    def tone(share: float) -> tuple[int, ...]:
        return tuple(int(one + (other - one) * share) for one, other in zip(cold, warm, strict=True))

    for x in range(n_across):
        for y in range(n_down):
            corner = (40 + x * side, 30 + y * side)
            draw.rectangle((*corner, corner[0] + side - 1, corner[1] + side - 1), fill=tone(pen.rng.random()))
    for at in range(n_down * side):
        draw.line((n_across * side + 60, 30 + at, n_across * side + 74, 30 + at), fill=tone(at / (n_down * side)))
    write_text(draw, (40, 8), pen.say("«Adj» «noun»"), 14, (20, 20, 20))
    return image


def _classes(pen: Pen) -> Image.Image:
    """Boxes in three parts with lines between them, as programs draw classes or tables."""
    width, height = pen.pick(((640, 480), (420, 300), (900, 520)))
    image = Image.new("RGB", (width, height), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    fill = pen.pick(((255, 255, 206), (255, 255, 255), colour(pen, 200, 255)))
    last = None
    for at in range(pen.whole(2, 7)):
        x, y = 14 + at % 3 * width // 3, 14 + at // 3 * height // 3
        rows = pen.whole(1, 5)
        corner = (x, y, x + width // 4, y + 24 + rows * 15)
        if last:
            draw.line((*last, x, y + 12), fill=(60, 60, 60))
        draw.rectangle(corner, fill=fill, outline=(130, 40, 60))
        draw.line((x, y + 20, corner[2], y + 20), fill=(130, 40, 60))
        write_text(draw, (x + 8, y + 4), pen.slot("pascal", "")[:16], 12, (0, 0, 0))
        for row in range(rows):
            write_text(draw, (x + 6, y + 22 + row * 15), pen.say("+ «snake»: int")[:20], 11, (40, 40, 40))
        last = (corner[2], y + 12)
    return image


FIGURES = {
    "chart": _chart,
    "diagram": _diagram,
    "panel_plot": _panel_plot,
    "heat_map": _heat_map,
    "class_diagram": _classes,
}
register_types(DocumentType("media_graphic", name, partial(graphic, paint)) for name, paint in FIGURES.items())
