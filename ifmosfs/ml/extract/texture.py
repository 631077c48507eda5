"""What the pixels of a picture tell as they are: equal neighbours, straight lines, lines of text, noise, the ground at the border.

Making a picture smaller destroys just that, so a piece of it is measured as it is. All is done by Pillow's own loops over one
piece of bounded size; nothing here goes through pixels one by one.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final, cast

from ifmosfs.ml.extract.limits import CROP_SIDE, MOST_OF_A_SIDE
from ifmosfs.ml.extract.values import Notes

if TYPE_CHECKING:
    from PIL.Image import Image

BLOCK: Final = 8  # pixels: that of JPEG, too
LINE: Final = (
    24  # pixels: an edge that goes straight on for so long is drawn with a ruler; twice as long ones are always seen
)
STRIP: Final = 32  # pixels: four or five letters of a running text
_NOISE_STEPS: Final = 16  # means of blocks are kept in sixteenths of a grey level
_SAMPLE_SIDE: Final = 96
_MARGIN_SIDE: Final = 128
_FREQUENT: Final = 50  # a colour that a fiftieth of the pixels have is one of the grounds
_GREY: Final = (
    24  # of 255 between the strongest and the weakest of red, green, blue: what toolkits still draw grounds with
)
_VIVID: Final = 96
_BLACK, _WHITE = 16, 251  # between them the grey is neither ink nor paper: a toolkit's panel
_EDGE: Final = 10
_INK: Final = 32
_CLEAR: Final = 16
_LIGHT: Final = 220
_TEXT_LINE = re.compile(rb"(?<=qq)[bs]{5,40}(?=qq)")  # quiet rows, busy ones as high as letters, quiet rows
_BUSY_ROWS: Final = 3


def note_texture(image: Image, notes: Notes) -> None:
    """Measure a piece of a decoded picture, at most `CROP_SIDE` across and down."""
    mode = "RGBA" if _is_transparent(image) else "RGB"
    _note_border(image, mode, notes)
    piece = _piece(image).convert(mode)
    plain = _on_plain(piece) if mode == "RGBA" else piece
    _note_colours(plain, notes)
    if min(plain.size) > BLOCK:
        _note_steps(plain, notes)


def _is_transparent(image: Image) -> bool:
    return image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info


def _piece(image: Image) -> Image:
    """From where reading begins: as much room on the left and above as a third of that on the right and below."""
    width, height = min(image.width, CROP_SIDE), min(image.height, CROP_SIDE)
    left, top = (image.width - width) // 4, (image.height - height) // 4
    return image.crop((left, top, left + width, top + height))


def _on_plain(image: Image) -> Image:
    """On a ground that it can be seen on: white, or black where what is not transparent is nearly white itself."""
    from PIL import Image as Images

    seen = image.convert("L").histogram(mask=image.getchannel("A"))
    ground = 0 if sum(seen[_LIGHT:]) > 0.9 * sum(seen) else 255
    plain = Images.new("RGBA", image.size, (ground, ground, ground, 255))
    plain.alpha_composite(image)
    return plain.convert("RGB")


def _note_border(image: Image, mode: str, notes: Notes) -> None:
    """The outermost pixels: how many of them have one colour or are transparent, and how far that colour goes in on all sides."""
    width, height = image.size
    sides = (0, 0, width, 1), (0, height - 1, width, height), (0, 0, 1, height), (width - 1, 0, width, height)
    strips = [_sampled(image.crop(side)).convert(mode) for side in sides]
    n_pixels = sum(strip.width * strip.height for strip in strips)
    counts: Counter[tuple[int, ...]] = Counter()
    for strip in strips:
        for n, colour in strip.getcolors(MOST_OF_A_SIDE) or ():
            counts[cast("tuple[int, ...]", colour)] += n
    commonest = max(
        counts, key=counts.__getitem__
    )  # `most_common` would import a module, which a worker cannot any more
    n_alike = counts[commonest]
    notes.number("border_share", n_alike / n_pixels)
    notes.number("margin", _margin(image, mode, commonest) if n_alike == n_pixels else 0)
    if mode == "RGBA":
        notes.number(
            "clear_border", sum(sum(strip.getchannel("A").histogram()[:_CLEAR]) for strip in strips) / n_pixels
        )


def _sampled(strip: Image) -> Image:
    """The strip, or single pixels of it where it is longer than any screen: a picture may be millions of pixels wide and one high."""
    from PIL import Image as Images

    size = min(strip.width, MOST_OF_A_SIDE), min(strip.height, MOST_OF_A_SIDE)
    return strip if size == strip.size else strip.resize(size, Images.Resampling.NEAREST)


def _margin(image: Image, mode: str, colour: tuple[int, ...]) -> float:
    """The narrowest of the four margins of that colour, as a share of the way across or down; seen in single pixels."""
    from PIL import Image as Images
    from PIL import ImageChops

    size = min(image.width, _MARGIN_SIDE), min(image.height, _MARGIN_SIDE)
    sample = image.resize(size, Images.Resampling.NEAREST).convert(mode)
    other = ImageChops.difference(sample, Images.new(mode, size, colour))
    content = other.getbbox(alpha_only=False)
    if content is None:
        return 0.5
    left, top, right, bottom = content
    return min(left / size[0], 1 - right / size[0], top / size[1], 1 - bottom / size[1])


def _note_colours(piece: Image, notes: Notes) -> None:
    """The frequent colours in a sample of single pixels: how many there are, and whether they are grey."""
    from PIL import Image as Images

    size = min(piece.width, _SAMPLE_SIDE), min(piece.height, _SAMPLE_SIDE)
    sample = piece.resize(size, Images.Resampling.NEAREST)
    n_pixels = size[0] * size[1]
    colours = cast("list[tuple[int, tuple[int, int, int]]]", sample.getcolors(n_pixels) or [])
    frequent = [(n, max(colour) - min(colour), max(colour)) for n, colour in colours if n * _FREQUENT >= n_pixels]
    notes.number("exact_colours", len(colours) / n_pixels)
    notes.number("main_colour", max((n for n, _ in colours), default=0) / n_pixels)
    grey = [(n, light) for n, spread, light in frequent if spread <= _GREY]
    notes.number("ground_share", sum(n for n, _, _ in frequent) / n_pixels)
    notes.number("grey_ground", sum(n for n, _ in grey) / n_pixels)
    notes.number("panel_ground", sum(n for n, light in grey if _BLACK < light < _WHITE) / n_pixels)
    notes.number("vivid_ground", sum(n for n, spread, _ in frequent if spread >= _VIVID) / n_pixels)


def _note_steps(piece: Image, notes: Notes) -> None:
    """What the differences between neighbours tell."""
    width, height = piece.size
    across = _strongest(piece.crop((0, 0, width - 1, height)), piece.crop((1, 0, width, height)))
    down = _strongest(piece.crop((0, 0, width, height - 1)), piece.crop((0, 1, width, height)))
    notes.number("equal_across", across.histogram()[0] / (across.width * across.height))
    notes.number("equal_down", down.histogram()[0] / (down.width * down.height))
    _note_noise(across, notes)
    notes.number("lines_across", _long_lines(down, across) / width / height * 100)
    turned = [_turned(steps) for steps in (across, down)]
    notes.number("lines_down", _long_lines(*turned) / width / height * 100)
    notes.number("text_share", _text_rows(across) * STRIP / (width * height))


def _strongest(one: Image, other: Image) -> Image:
    """The largest difference of the three channels, pixel by pixel."""
    from PIL import ImageChops

    red, green, blue = ImageChops.difference(one, other).split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _turned(image: Image) -> Image:
    from PIL import Image as Images

    return image.transpose(Images.Transpose.TRANSPOSE)


def _note_noise(across: Image, notes: Notes) -> None:
    """Blocks of one colour, and the mean step in the quietest quarter of the others."""
    fine = across.point([min(255, value * _NOISE_STEPS) for value in range(256)]).reduce(BLOCK)
    histogram = fine.histogram()
    uneven = sum(histogram[1:])
    notes.number("flat_blocks", histogram[0] / (fine.width * fine.height))
    seen = 0
    for value, n in enumerate(histogram[1:], 1):
        seen += n
        if seen * 4 >= uneven:
            notes.number("noise", value / _NOISE_STEPS if uneven else 0)
            break


def _long_lines(down: Image, across: Image) -> int:
    """Pixels in edges along the rows that go straight on, with nothing changing along them, for `LINE` pixels."""
    from PIL import ImageChops

    width, height = across.width, down.height
    edge = down.crop((0, 0, width, height)).point([0] * _EDGE + [255] * (256 - _EDGE))
    same = across.point([255] + [0] * 255)
    above, below = same.crop((0, 0, width, height)), same.crop((0, 1, width, height + 1))
    straight = ImageChops.darker(edge, ImageChops.darker(above, below))
    n_whole = width // LINE
    if not n_whole:
        return 0
    return straight.crop((0, 0, n_whole * LINE, height)).reduce((LINE, 1)).histogram()[255] * LINE


def _text_rows(across: Image) -> int:
    """Rows of strips that lie in what looks like a line of text."""
    n_strips = across.width // STRIP
    if not n_strips:
        return 0
    ink = across.crop((0, 0, n_strips * STRIP, across.height)).point([0] * _INK + [255] * (256 - _INK))
    per_step = 255 // STRIP
    letters = [b"q"[0]] * 2 + [b"s"[0]] * (3 * per_step - 2) + [b"b"[0]] * (256 - 3 * per_step)
    rows = _turned(ink.reduce((STRIP, 1)).point(letters)).tobytes()
    height = across.height
    found = 0
    for strip in range(n_strips):
        for line in _TEXT_LINE.findall(rows[strip * height : (strip + 1) * height]):
            if line.count(b"b") >= _BUSY_ROWS:
                found += len(line)
    return found
