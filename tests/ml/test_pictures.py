"""Pictures drawn here, and what the rules say of them: windows, photographs, marks, icons, charts, pages, and drawings in SVG."""

from __future__ import annotations

import io
import os
import random
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from ifmosfs.ml.drawings import Drawing, drawing_findings, read_drawing
from ifmosfs.ml.extract.limits import MOST_OF_A_SIDE
from ifmosfs.ml.extract.table import extract_here, extract_in_worker
from ifmosfs.ml.extract.texture import note_texture
from ifmosfs.ml.extract.values import Extract, Notes
from ifmosfs.ml.extracted import extracted_picture, look_at_picture
from ifmosfs.ml.images import is_icon_size
from ifmosfs.ml.sample import Sample
from tests.stopwatch import ends_within

PANEL, PAPER, INK, LINE = (239, 240, 241), (255, 255, 255), (35, 38, 41), (188, 190, 191)


def textured(image: Image.Image) -> dict[str, float]:
    """What is measured of a picture as it is."""
    notes = Notes()
    note_texture(image, notes)
    return dict(notes.extract("picture").numbers)


def extracted(folder: Path, image: Image.Image, kind: str = "PNG", **options: object) -> Extract:
    """What an extractor finds in the picture as a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    path = folder / "picture"
    path.write_bytes(file.getvalue())
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return extract_in_worker(Sample(descriptor, path.stat().st_size, 1 << 25), kind.lower())
    finally:
        os.close(descriptor)


def said_of(folder: Path, image: Image.Image, kind: str = "PNG", **options: object) -> list[str]:
    """What the rules see in the picture, in words."""
    extract = extracted(folder, image, kind, **options)
    picture = extracted_picture(extract, 2030)
    assert picture is not None
    return [finding.what for finding in look_at_picture(extract, picture, kind.lower())]


def write(draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, size: int = 13, fill: object = INK) -> None:
    draw.text(place, text, fill=fill, font=ImageFont.load_default(size))


def dialog(size: tuple[int, int] = (400, 260)) -> Image.Image:
    """A window with a title, two fields with labels, and two buttons."""
    width, height = size
    image = Image.new("RGB", size, PANEL)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width - 1, height - 1), outline=LINE)
    draw.rectangle((0, 0, width, 28), fill=(71, 80, 87))
    write(draw, (150, 6), "Create a new archive", fill=PAPER)
    for row, label in enumerate(("Folder:", "File name:", "Kind of archive:")):
        y = 50 + 40 * row
        write(draw, (20, y + 6), label)
        draw.rectangle((130, y, width - 20, y + 26), fill=PAPER, outline=LINE)
        write(draw, (138, y + 6), "holidays in the mountains")
    for x, word in ((width - 190, "OK"), (width - 100, "Cancel")):
        draw.rectangle((x, height - 44, x + 80, height - 16), fill=(252, 252, 252), outline=LINE)
        write(draw, (x + 24, height - 38), word)
    return image


def photograph(size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Soft light with the noise of a sensor."""
    width, height = size
    light = Image.frombytes("RGB", (8, 6), random.Random(2).randbytes(144)).resize(size, Image.Resampling.BICUBIC)
    noise = Image.frombytes("RGB", size, random.Random(3).randbytes(3 * width * height))
    return Image.blend(light, noise.filter(ImageFilter.GaussianBlur(0.5)), 0.05)


def chart() -> Image.Image:
    image = Image.new("RGB", (480, 360), PAPER)
    draw = ImageDraw.Draw(image)
    draw.line((60, 30, 60, 320, 460, 320), fill=(0, 0, 0))
    for at in range(8):
        draw.rectangle((75 + 46 * at, 310 - 31 * (at * 3 % 8), 110 + 46 * at, 319), fill=(31, 119, 180))
    write(draw, (180, 10), "Things per year")
    return image


def hexagon() -> Image.Image:
    image = Image.new("RGBA", (240, 277), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.regular_polygon((120, 138, 119), 6, rotation=30, fill=(26, 110, 160, 255), outline=(10, 40, 70, 255))
    draw.ellipse((80, 60, 160, 140), fill=(250, 220, 90, 255))
    return image


def word_mark() -> Image.Image:
    image = Image.new("RGBA", (280, 60), (255, 255, 255, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((6, 8, 48, 50), fill=(200, 30, 60, 255))
    write(draw, (60, 10), "Quillery", 36, (200, 30, 60, 255))
    return image


def page() -> Image.Image:
    """An upright page of grey lettering, nine lines and a gap again and again."""
    image = Image.new("L", (840, 1188), 250)
    draw = ImageDraw.Draw(image)
    for row in range(42):
        if row % 10:
            write(
                draw, (80, 60 + 26 * row), "the quick brown fox jumps over the lazy dog and away it goes again", 20, 40
            )
    return image.convert("RGB")


def test_a_dialog_is_seen_by_its_lines_its_greys_and_its_text(tmp_path: Path) -> None:
    assert said_of(tmp_path, dialog()) == ["windows, bars and text drawn by a program"]
    assert said_of(tmp_path, dialog(), "JPEG", quality=90) == ["windows, bars and text drawn by a program"]
    assert said_of(tmp_path, dialog().quantize(32)) == ["windows, bars and text drawn by a program"]


def test_a_piece_of_a_window_is_enough(tmp_path: Path) -> None:
    assert said_of(tmp_path, dialog().crop((0, 30, 300, 130))) == ["windows, bars and text drawn by a program"]


def test_a_window_as_large_as_a_screen_says_so(tmp_path: Path) -> None:
    screen = Image.new("RGB", (1366, 768), (60, 90, 120))
    for x, y in ((300, 150), (480, 300)):
        screen.paste(dialog((640, 420)), (x, y))
    assert said_of(tmp_path, screen) == ["drawn by a program, and as large as a screen, 1366×768 pixels"]


def test_noise_tells_a_photograph_in_any_format(tmp_path: Path) -> None:
    assert said_of(tmp_path, photograph()) == ["noise as a camera makes it"]
    assert said_of(tmp_path, photograph(), "JPEG", quality=85) == ["noise as a camera makes it"]


def test_a_rendered_gradient_has_no_noise(tmp_path: Path) -> None:
    mask = Image.linear_gradient("L").resize((600, 400))
    rendered = Image.composite(
        Image.new("RGB", (600, 400), (240, 20, 90)), Image.new("RGB", (600, 400), (10, 60, 250)), mask
    )
    assert said_of(tmp_path, rendered.rotate(9, Image.Resampling.BICUBIC).crop((80, 80, 520, 320))) == [
        "vivid colours without any noise, as renderings have them"
    ]


def test_a_chart_keeps_clear_of_the_border_and_is_no_window(tmp_path: Path) -> None:
    assert said_of(tmp_path, chart()) == ["drawn, in areas of one colour"]


def test_marks_stand_alone(tmp_path: Path) -> None:
    assert said_of(tmp_path, word_mark()) == ["a word or a mark on a plain ground, wider than high"]
    assert said_of(tmp_path, hexagon()) == ["a hexagon with clear corners, as badges of programs are"]
    assert said_of(tmp_path, hexagon().resize((160, 160))) == ["a single mark on a plain ground"]


def test_a_white_word_on_a_transparent_ground_is_seen(tmp_path: Path) -> None:
    image = Image.new("RGBA", (280, 60), (255, 255, 255, 0))
    write(ImageDraw.Draw(image), (20, 10), "Quillery", 36, PAPER)
    assert said_of(tmp_path, image) == ["black words or signs on a plain ground"]
    assert extracted(tmp_path, image).numbers["equal_across"] < 1


def test_an_icon_is_small(tmp_path: Path) -> None:
    assert said_of(tmp_path, hexagon().resize((48, 48))) == ["as small as an icon, 48×48 pixels"]
    assert [is_icon_size(*size) for size in ((48, 48), (512, 512), (48, 32), (47, 47))] == [True, True, False, False]


def test_nothing_as_small_as_a_button_is_a_window(tmp_path: Path) -> None:
    assert said_of(tmp_path, dialog().crop((0, 30, 150, 130))) == ["drawn, in areas of one colour"]


def test_a_page_of_paper_is_no_window(tmp_path: Path) -> None:
    assert said_of(tmp_path, page()) == ["a page of paper with writing"]


def test_what_a_camera_says_outranks_the_look(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Canon"
    assert said_of(tmp_path, dialog(), "JPEG", exif=exif) == ["taken with Canon"]


def test_two_plain_halves_are_measured_exactly() -> None:
    image = Image.new("RGB", (100, 50), (255, 0, 0))
    image.paste((128, 128, 128), (50, 0, 100, 50))
    assert textured(image) == {
        "border_share": 0.5,
        "margin": 0,
        "exact_colours": 0.0004,
        "main_colour": 0.5,
        "ground_share": 1,
        "grey_ground": 0.5,
        "panel_ground": 0.5,
        "vivid_ground": 0.5,
        "equal_across": 0.9899,
        "equal_down": 1,
        "flat_blocks": 0.9231,
        "noise": 2,
        "lines_across": 0,
        "lines_down": 0.96,
        "text_share": 0,
    }


def test_a_frame_in_a_clear_margin_is_measured_exactly() -> None:
    image = Image.new("RGBA", (80, 80), (0, 0, 0, 0))
    image.paste((0, 0, 255, 255), (20, 20, 60, 60))
    found = textured(image)
    assert {name: found[name] for name in ("border_share", "clear_border", "margin")} == {
        "border_share": 1,
        "clear_border": 1,
        "margin": 0.25,
    }


def test_only_a_piece_of_a_large_picture_is_measured_as_it_is() -> None:
    plain = Image.new("RGB", (712, 712), PANEL)
    plain.paste(photograph((712, 140)), (0, 572))
    assert {name: textured(plain)[name] for name in ("equal_across", "flat_blocks", "lines_across")} == {
        "equal_across": 1,
        "flat_blocks": 1,
        "lines_across": 0,
    }


def test_of_a_side_longer_than_any_screen_single_pixels_are_counted() -> None:
    image = Image.new("RGB", (2 * MOST_OF_A_SIDE, 1), PANEL)
    for x in range(0, image.width, 2):
        image.putpixel((x, 0), PAPER)
    assert textured(image)["border_share"] > 0.99


@pytest.mark.parametrize("size", [(3_000_000, 1), (1, 3_000_000), (2_000, 1_500)])
def test_a_picture_of_any_shape_is_measured_in_bounded_time(size: tuple[int, int]) -> None:
    image = Image.frombytes("RGB", size, random.Random(1).randbytes(3_000_000) * 3)
    assert textured(image)["border_share"] < 0.01
    assert ends_within(0.5, lambda: textured(image))


def test_a_large_jpeg_is_decoded_at_a_fraction_of_its_size(tmp_path: Path) -> None:
    lines = Image.new("L", (2_400, 1_600), 255)
    for y in range(0, 1_600, 2):
        lines.paste(0, (0, y, 2_400, y + 1))
    small, large = lines.crop((0, 0, 800, 600)), lines
    found = [extracted(tmp_path, image, "JPEG", quality=95).numbers["equal_down"] for image in (small, large)]
    assert (found[0] < 0.1, found[1] > 0.9) == (True, True)  # what alternates is averaged to one grey


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (9, 9), (33, 25), (700, 30)])
def test_every_mode_and_shape_can_be_measured(mode: str, size: tuple[int, int]) -> None:
    found = textured(Image.new("RGB", size, PAPER).convert(mode))
    assert (found["border_share"], found["main_colour"]) == (1, 1)
    assert ("text_share" in found) == (min(size) > 8)


def svg(body: str, root: str = 'viewBox="0 0 512 512"') -> str:
    return f'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" {root}>{body}</svg>\n'


def test_an_svg_is_counted() -> None:
    text = svg('<title>Quillery</title><path fill="#F00" d="m0 0"/><g><circle r="2" fill="#00ff00"/></g><text>Q</text>')
    assert read_drawing(text) == Drawing(512, 512, 2, 2, 1, False, "Quillery", len(text))
    named = svg('<rect width="9"/>', "width='12.5cm' height='30' aria-label='Quill'")
    assert read_drawing(named) == Drawing(12.5, 30, 1, 0, 0, False, "Quill", len(named))


def test_what_is_counted_of_an_svg_is_in_its_extract(tmp_path: Path) -> None:
    text = svg('<title>Quillery</title><path fill="#F00" d="m0 0"/>').encode()
    (tmp_path / "x.svg").write_bytes(text)
    descriptor = os.open(tmp_path / "x.svg", os.O_RDONLY)
    try:
        found = extract_here(Sample(descriptor, len(text)), "xml:svg", is_text=True)
    finally:
        os.close(descriptor)
    assert (found.fields["title"], found.numbers) == (
        "Quillery",
        {"n_lines": 3, "width": 512, "height": 512, "n_shapes": 1, "n_paints": 1, "is_work_file": 0},
    )


PATH = '<path d="m1 1h2v3z" fill="#123456"/>'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (svg(f"<title>Quillery</title>{PATH}"), ["a few shapes with a name, as brands give out their marks"]),
        (svg(PATH * 3, 'viewBox="0 0 24 24"'), ["a few shapes on a small square, as icons are drawn"]),
        (svg(f"<text>quill</text>{PATH}", 'viewBox="0 0 90 24"'), ["a word and a few shapes in a band"]),
        (svg(PATH * 9, 'width="300" height="280"'), ["a few shapes and colours"]),
        (svg(PATH * 40), ["as drawing programs store their work, or of many shapes"]),
        (svg('<g inkscape:groupmode="layer"/>' + PATH), ["as drawing programs store their work, or of many shapes"]),
        (svg(PATH * 20), []),
        (svg(""), []),
    ],
    ids=["named mark", "icon", "word mark", "few shapes", "many shapes", "work file", "some shapes", "nothing"],
)
def test_an_svg_is_judged_by_how_much_there_is_in_it(text: str, said: list[str]) -> None:
    assert [finding.what for finding in drawing_findings(read_drawing(text))] == said


@pytest.mark.parametrize(
    "unit",
    ["<svg ", "<svg", "<title>", "<title ", "viewBox='0 0 ", "<a:path", "#fff", "aria-label='a", "<", " width='1"],
)
def test_a_repeated_piece_of_svg_is_read_in_bounded_time(unit: str) -> None:
    text = (unit * 16_384)[:16_384]
    assert ends_within(0.5, lambda: (read_drawing(text), read_drawing("<svg " + text)))
