"""media_screenshot: windows, dialogs, menus, bars and pieces of them, as people put them into handbooks, tickets and messages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PIL import Image, ImageDraw

from ifmosfs.ml.synth.formats import raster
from ifmosfs.ml.synth.formats.raster import SCENES, near, photograph, scaled
from ifmosfs.ml.synth.formats.toolkit import Canvas, choose_look, with_shadow
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import DocumentType, Draft, register_types

NAMES = "main-window|«noun»-dialog|«noun»_«noun»|menu-«noun»|preferences|fig«n:1-40»|Screenshot_«n:1-90»|step«n:1-12»|toolbar|«verb»-«noun»|settings-«noun»|error|Capture|Unbenannt|image«n:1-30»|first-start«n:1-9»|«noun»_view|wizard«n:1-6»|«Noun»Dialog|Clipboard«n:01-20»|ss|snap«n:1-40»|«noun»-«n:1-4»|new-«noun»|about|Fenster «n:1-9»"
FOLDERS = "figures|docs/images|help/C/figures|images|Screenshots|Desktop|_static/img|doc/HTML/en/«noun»|media|img|Pictures|tickets/«n:100-9000»|attachments"

Paint = Callable[[Pen], Image.Image]


def _dialog(pen: Pen) -> Image.Image:
    look = choose_look(pen)
    canvas = Canvas(pen, (pen.whole(220, 640), pen.whole(120, 560)), look)
    width, height = canvas.size
    y = canvas.title_bar() if pen.chance(0.85) else 0
    if pen.chance(0.35):
        y = canvas.tabs(y + 6)
    foot = height - look.row - 12
    canvas.form((14, y + 12, width - 14, foot - 8))
    for at in range(pen.whole(1, 3)):
        canvas.button(width - 96 * (at + 1), foot, 86, accented=at == 0 and pen.chance(0.3))
    return canvas.framed()


def _message(pen: Pen) -> Image.Image:
    canvas = Canvas(pen, (pen.whole(260, 520), pen.whole(110, 190)), choose_look(pen))
    width, height = canvas.size
    y = canvas.title_bar()
    canvas.icon(16, y + 14, 32)
    for row in range(pen.whole(1, 3)):
        canvas.write(
            64,
            y + 14 + row * canvas.look.letters * 1.5,
            pen.slot("tech_sentence", "")[: (width - 80) * 2 // canvas.look.letters],
        )
    canvas.button(width - 100, height - canvas.look.row - 10, 88, accented=pen.chance(0.3))
    if pen.chance(0.6):
        canvas.button(width - 196, height - canvas.look.row - 10, 88)
    return canvas.framed()


def _file_manager(pen: Pen) -> Image.Image:
    canvas = Canvas(pen, (pen.whole(420, 1000), pen.whole(300, 700)), choose_look(pen))
    width, _ = canvas.size
    y = canvas.title_bar()
    y = canvas.menu_bar(y) if pen.chance(0.6) else y
    y = canvas.tool_bar(y)
    foot = canvas.status_bar()
    left = pen.whole(110, 190) if pen.chance(0.7) else 0
    if left:
        canvas.sidebar(left, y, foot)
    area = (left + 1, y, width - 13, foot - 1)
    (canvas.table if pen.chance(0.5) else canvas.icons)(area)
    canvas.scroll_bar(width - 13, y, foot)
    return canvas.framed()


def _settings(pen: Pen) -> Image.Image:
    canvas = Canvas(pen, (pen.whole(420, 900), pen.whole(320, 640)), choose_look(pen))
    y = canvas.title_bar()
    left = pen.whole(110, 220)
    canvas.sidebar(left, y, canvas.size[1])
    canvas.write(left + 20, y + 10, canvas.words(), letters=canvas.look.letters + 5)
    canvas.form((left + 20, y + 44, canvas.size[0] - 20, canvas.size[1] - 20))
    return canvas.framed()


def _program(pen: Pen) -> Image.Image:
    """A program with a menu, tools and a document, a picture or a table in the middle."""
    canvas = Canvas(pen, (pen.whole(400, 1100), pen.whole(280, 760)), choose_look(pen))
    width, _ = canvas.size
    y = canvas.tool_bar(canvas.menu_bar(canvas.title_bar()), with_words=pen.chance(0.25))
    foot = canvas.status_bar()
    left = 0
    if pen.chance(0.5):
        left = pen.whole(90, 240)
        canvas.table((0, y, left, foot - 2))
    area = (left + 4, y + 2, width - 16, foot - 3)
    match pen.whole(0, 3):
        case 0:
            canvas.table(area, lined=True)
        case 1:
            size = (max(40, area[2] - area[0]), max(40, area[3] - area[1]))
            canvas.image.paste(photograph(pen, SCENES[pen.pick(list(SCENES))], size).convert("RGB"), area[:2])
        case _:
            canvas.text(area)
    canvas.scroll_bar(width - 13, y, foot)
    return canvas.framed()


def _menu(pen: Pen) -> Image.Image:
    """A menu that dropped down, as wide as its longest line."""
    look = choose_look(pen)
    n_rows, row = pen.whole(3, 16), look.letters + pen.pick((6, 8, 12))
    canvas = Canvas(pen, (pen.whole(130, 330), n_rows * row + 8), look, look.paper if pen.chance(0.5) else None)
    chosen = pen.whole(0, 2 * n_rows)
    for at in range(n_rows):
        y = 4 + at * row
        if pen.chance(0.15) and at:
            canvas.draw.line((6, y + row // 2, canvas.size[0] - 6, y + row // 2), fill=look.line)
            continue
        if at == chosen:
            canvas.draw.rectangle((2, y, canvas.size[0] - 3, y + row), fill=look.accent)
        if pen.chance(0.6):
            canvas.icon(6, y, min(row - 2, 18))
        canvas.write(
            30,
            y + 3,
            canvas.words("«Verb» «noun»|«Verb»…|«Noun»").replace("…", "..."),
            raster.WHITE if at == chosen else None,
        )
        if pen.chance(0.4):
            canvas.write(canvas.size[0] - 62, y + 3, pen.one_of("Ctrl+«A:1»|F«n:1-12»|Alt+«A:1»|>"))
    return canvas.framed()


def _bar(pen: Pen) -> Image.Image:
    """A tool bar, a status bar or a line of a form, cut out."""
    canvas = Canvas(pen, (pen.whole(120, 760), pen.whole(24, 60)), choose_look(pen))
    width, height = canvas.size
    match pen.whole(0, 3):
        case 0:
            canvas.tool_bar(0)
        case 1:
            canvas.menu_bar(2)
        case 2:
            canvas.write(8, height // 4, canvas.words() + ":")
            canvas.field(width // 3, 3, width // 3)
            canvas.button(width * 2 // 3 + 10, 3, max(30, width // 4))
        case _:
            x = 8
            for _ in range(6):
                x += canvas.write(x, height // 4, pen.one_of("«n:1-100»%|Line «n:1-900»|UTF-8|«Noun»|INS")) + 22
                canvas.draw.line((x - 10, 3, x - 10, height - 3), fill=canvas.look.line)
    return canvas.image


def _web(pen: Pen) -> Image.Image:
    """A page of the web, mostly without its browser."""
    look = choose_look(pen)
    canvas = Canvas(pen, (pen.whole(500, 1100), pen.whole(300, 900)), look, look.paper)
    width, height = canvas.size
    y = 0
    if pen.chance(0.4):
        y = canvas.title_bar()
        canvas.field(80, y + 3, width - 160, pen.slot("url", ""))
        y += look.row + 8
    canvas.draw.rectangle((0, y, width, y + 54), fill=look.accent if pen.chance(0.6) else look.ground)
    canvas.write(24, y + 14, pen.say("«Noun»«?ly»"), scaled(look.accent, 0.2), 24)
    x = width // 3
    for _ in range(pen.whole(2, 6)):
        x += canvas.write(x, y + 20, canvas.words("«Noun»")) + 26
    y += 66
    if pen.chance(0.5):
        canvas.table((20, y, width - 20, min(height - 20, y + pen.whole(80, 400))), lined=pen.chance(0.5))
        y += pen.whole(100, 400)
    for column in range(pen.whole(1, 3)):
        left = 10 + column * width // 3
        if y < height - 60:
            canvas.text((left, y, min(width - 10, left + width // (1 if column == 0 else 3)), height - 10))
    return canvas.image


def _console(pen: Pen) -> Image.Image:
    """A terminal's window, small enough for a handbook."""
    look = choose_look(pen)
    ground = pen.pick(((12, 12, 12), (48, 10, 36), (0, 43, 54), (35, 38, 41), (255, 255, 255), (40, 42, 54)))
    canvas = Canvas(pen, (pen.whole(320, 820), pen.whole(100, 520)), look, ground)
    y = canvas.title_bar() + 5 if pen.chance(0.6) else 5
    ink = (230, 230, 230) if sum(ground) < 300 else (30, 30, 30)
    while y < canvas.size[1] - look.letters * 2 and (y < 60 or pen.chance(0.97)):
        is_prompt = pen.chance(0.25)
        text = pen.say("«user»@«host»:~$ «shell_tool» «noun»" if is_prompt else "«word» «noun» «n:0-9999» «unixpath»")
        canvas.write(6, y, text, near(pen, (90, 190, 110), 30) if is_prompt else ink)
        y += int(look.letters * 1.4)
    return canvas.image


def _board(pen: Pen) -> Image.Image:
    """A game of fields and pieces."""
    n_across, n_down, side = pen.whole(4, 12), pen.whole(4, 10), pen.pick((20, 28, 36, 48))
    look = choose_look(pen)
    canvas = Canvas(pen, (n_across * side + 1, n_down * side + pen.pick((1, 30))), look)
    ground, other = raster.colour(pen, 40, 220), raster.colour(pen, 40, 230)
    tones = [raster.colour(pen, 20, 250) for _ in range(pen.whole(2, 6))]
    is_chequered, filled = pen.chance(0.4), pen.rng.uniform(0.05, 0.9)
    for column in range(n_across):
        for row in range(n_down):
            x, y = column * side, row * side
            fill = other if is_chequered and (column + row) % 2 else ground
            canvas.draw.rectangle((x, y, x + side, y + side), fill=fill, outline=scaled(ground, 0.7))
            if pen.chance(filled):
                tone = pen.pick(tones)
                canvas.draw.ellipse((x + 3, y + 3, x + side - 3, y + side - 3), fill=tone, outline=scaled(tone, 0.5))
                canvas.draw.ellipse(
                    (x + side // 3, y + side // 4, x + side // 2, y + side // 2), fill=scaled(tone, 1.5)
                )
    if canvas.size[1] > n_down * side + 1:
        canvas.write(6, n_down * side + 8, f"Score: {pen.whole(0, 9999)}   Level {pen.whole(1, 20)}")
    return canvas.image


def _player(pen: Pen) -> Image.Image:
    """A small window with a dark heart: a player, a calculator, an applet."""
    canvas = Canvas(pen, (pen.whole(160, 420), pen.whole(140, 420)), choose_look(pen))
    width, height = canvas.size
    y = canvas.title_bar()
    canvas.box(10, y + 8, width - 20, 40, canvas.look.paper, sunken=True)
    canvas.write(20, y + 14, f"{pen.whole(0, 999999)}", letters=20)
    side = max(26, (width - 30) // pen.pick((3, 4, 5)))
    for x in range(10, width - side, side):
        for top in range(y + 60, height - 34, 34):
            canvas.box(x, top, side - 6, 28, scaled(canvas.look.ground, 1.04))
            canvas.write(x + side // 2 - 8, top + 6, pen.one_of("«n:0-9»|+|=|/|C|M"))
    return canvas.framed()


WINDOWS: dict[str, tuple[Paint, int]] = {
    "dialog": (_dialog, 3),
    "message_box": (_message, 1),
    "file_manager": (_file_manager, 2),
    "settings_window": (_settings, 2),
    "program_window": (_program, 2),
    "menu": (_menu, 2),
    "bar": (_bar, 2),
    "web_page": (_web, 2),
    "console": (_console, 1),
    "board_game": (_board, 1),
    "small_window": (_player, 1),
}


def kept(pen: Pen, image: Image.Image) -> Image.Image:
    """As people keep a shot: cut out of a window, with a shadow, with something pointed at, made smaller, or as it was."""
    image = _cut_out(pen, image) if pen.chance(0.2) else image
    if pen.chance(0.06):
        _point_at(pen, image)
    if pen.chance(0.1):
        factor = pen.rng.uniform(0.3, 0.9)
        size = (max(40, int(image.width * factor)), max(20, int(image.height * factor)))
        return image.resize(size, Image.Resampling.LANCZOS)
    return with_shadow(pen, image) if pen.chance(0.12) else image


def _cut_out(pen: Pen, image: Image.Image) -> Image.Image:
    """A piece of a window, unless there is nothing on it."""
    width, height = (pen.whole(min(100, side), side) for side in image.size)
    left, top = pen.whole(0, image.width - width), pen.whole(0, image.height - height)
    piece = image.crop((left, top, left + width, top + height))
    return image if piece.getcolors(2) else piece


def _point_at(pen: Pen, image: Image.Image) -> None:
    """Numbers in red circles, with lines to what they explain."""
    draw = ImageDraw.Draw(image)
    for at in range(pen.whole(1, 4)):
        x, y = pen.whole(0, image.width), pen.whole(0, image.height)
        draw.line((x, y, x + 60, y + pen.whole(-40, 40)), fill=(230, 20, 20), width=2)
        draw.ellipse((x - 9, y - 9, x + 9, y + 9), fill=(230, 20, 20))
        raster.write_text(draw, (x - 3, y - 7), str(at + 1), 13, (255, 255, 255))


def _shot(paint: Paint, pen: Pen) -> Draft:
    image = kept(pen, paint(pen))
    if image.mode == "RGB" and pen.chance(0.12):
        return Draft(raster.to_jpeg(pen, image), pen.pick(("jpg", "jpg", "jpeg")), NAMES, FOLDERS)
    if image.mode == "RGB" and pen.chance(0.06):
        return Draft(raster.save(image.quantize(64, method=Image.Quantize.FASTOCTREE), "GIF"), "gif", NAMES, FOLDERS)
    if image.mode == "RGB" and pen.chance(0.3):
        image = image.quantize(pen.pick((64, 128, 255)), method=Image.Quantize.FASTOCTREE)
    elif pen.chance(0.15):
        image = image.convert("RGBA")
    return Draft(raster.to_png(pen, image, raster.SCREEN_PROGRAMS), "png", NAMES, FOLDERS)


register_types(
    DocumentType("media_screenshot", name, partial(_shot, paint), ("en", "de", "fr", "es"), weight)
    for name, (paint, weight) in WINDOWS.items()
)
