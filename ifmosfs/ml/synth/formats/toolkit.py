"""Windows as toolkits draw them: a look (colours, edges, letters) and the parts of which windows, dialogs and bars are made.

Nothing is copied from a real toolkit but what all of one age have in common: bevelled grey, gradients on grey, flat light, flat dark.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from PIL import Image, ImageDraw, ImageFilter

from ifmosfs.ml.synth.formats.raster import Colour, Draw, colour, font, near, scaled
from ifmosfs.ml.synth.pen import Pen, ascii_of

Size = tuple[int, int]
BLACK: Final = (0, 0, 0)
WHITE: Final = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Look:
    """How a toolkit draws: grounds, inks and the accent; `edge` is flat, bevel or round; `letters` in pixels, `soft` if smoothed."""

    ground: Colour
    paper: Colour
    ink: Colour
    line: Colour
    accent: Colour
    title: Colour
    title_ink: Colour
    edge: str
    letters: int
    soft: bool = True
    shiny: bool = False

    @property
    def row(self) -> int:
        """The height of a line of widgets."""
        return self.letters * 2 + 2


# ground, paper, ink, line, accent, title, ink of the title, edge
_FAMILIES: Final = (
    ((212, 208, 200), WHITE, BLACK, (128, 128, 128), (10, 36, 106), (10, 36, 106), WHITE, "bevel"),
    ((192, 192, 192), WHITE, BLACK, (120, 120, 120), (0, 0, 128), (0, 0, 128), WHITE, "bevel"),
    ((174, 178, 195), (198, 202, 215), BLACK, (90, 94, 110), (180, 90, 60), (174, 178, 195), BLACK, "bevel"),
    ((236, 233, 216), WHITE, BLACK, (172, 168, 153), (49, 106, 197), (0, 84, 227), WHITE, "round"),
    ((239, 235, 231), WHITE, (26, 26, 26), (157, 150, 143), (134, 171, 217), (120, 150, 190), WHITE, "round"),
    ((237, 237, 237), WHITE, (46, 52, 54), (182, 178, 175), (53, 132, 228), (218, 215, 213), (46, 52, 54), "round"),
    ((239, 240, 241), (252, 252, 252), (35, 38, 41), (188, 190, 191), (61, 174, 233), (71, 80, 87), (252, 252, 252), "flat"),
    ((240, 240, 240), WHITE, BLACK, (173, 173, 173), (0, 120, 215), WHITE, BLACK, "flat"),
    ((243, 243, 243), (251, 251, 251), (27, 27, 27), (210, 210, 210), (0, 95, 184), (243, 243, 243), (27, 27, 27), "round"),
    ((246, 246, 246), WHITE, (38, 38, 38), (209, 209, 209), (0, 122, 255), (228, 228, 228), (77, 77, 77), "round"),
    ((250, 250, 250), WHITE, (40, 40, 40), (222, 222, 222), (98, 0, 238), (98, 0, 238), WHITE, "flat"),
    (WHITE, WHITE, (51, 51, 51), (221, 221, 221), (51, 122, 183), (248, 248, 248), (51, 51, 51), "flat"),
    ((53, 53, 53), (42, 42, 42), (238, 238, 236), (27, 27, 27), (21, 83, 158), (39, 39, 39), (238, 238, 236), "round"),
    ((49, 54, 59), (35, 38, 41), (239, 240, 241), (99, 104, 109), (61, 174, 233), (49, 54, 59), (239, 240, 241), "flat"),
    ((32, 32, 32), (43, 43, 43), (255, 255, 255), (66, 66, 66), (96, 205, 255), (32, 32, 32), WHITE, "round"),
    ((60, 63, 65), (43, 43, 43), (187, 187, 187), (81, 81, 81), (75, 110, 175), (60, 63, 65), (187, 187, 187), "flat"),
)  # fmt: skip


def choose_look(pen: Pen) -> Look:
    """A toolkit of some year, with the theme that somebody has chosen."""
    ground, paper, ink, line, accent, title, title_ink, edge = pen.pick(_FAMILIES)
    shade = pen.whole(-6, 6)
    accent = accent if pen.chance(0.6) else colour(pen, 20, 210)
    is_old = edge == "bevel"
    return Look(
        _shaded(ground, shade),
        paper,
        ink,
        _shaded(line, shade),
        accent,
        accent if title == accent else title,
        title_ink,
        edge,
        pen.pick((9, 10, 11, 12, 13, 15)) if is_old else pen.pick((11, 12, 13, 13, 14, 15, 18)),
        soft=not is_old or pen.chance(0.3),
        shiny=edge == "round" and pen.chance(0.6),
    )


def _shaded(base: Colour, shade: int) -> Colour:
    red, green, blue = (max(0, min(255, part + shade)) for part in base)
    return (red, green, blue)


class Canvas:
    """A picture in the making with a look; each part is drawn at a place and says how much room it has taken."""

    def __init__(self, pen: Pen, size: Size, look: Look, ground: Colour | None = None) -> None:
        self.pen, self.look, self.size = pen, look, size
        self.image = Image.new("RGB", size, ground or look.ground)
        self.draw: Draw = ImageDraw.Draw(self.image)
        self.draw.fontmode = "L" if look.soft else "1"

    def write(self, x: float, y: float, text: str, ink: Colour | None = None, letters: int = 0) -> int:
        """A line of text; how long it is."""
        plain = text if text.isascii() else ascii_of(text) or "- - -"
        letter = font(letters or self.look.letters)
        self.draw.text((x, y), plain, fill=ink or self.look.ink, font=letter)
        return int(letter.getlength(plain))

    def words(self, pattern: str = "«Adj» «noun»|«Verb» «noun»|«Noun»|«Verb»|«Noun» «noun»") -> str:
        """A caption."""
        return self.pen.one_of(pattern)

    # ---- parts

    def box(self, x: int, y: int, width: int, height: int, fill: Colour, *, sunken: bool = False) -> None:
        """A rectangle with the edges of the look."""
        look, corner = self.look, (x, y, x + width, y + height)
        if look.edge == "bevel":
            light, dark = (look.line, WHITE) if sunken else (WHITE, look.line)
            self.draw.rectangle(corner, fill=fill)
            self.draw.line((x, y + height, x, y, x + width, y), fill=light)
            self.draw.line((x, y + height, x + width, y + height, x + width, y), fill=dark)
        elif look.edge == "round":
            self.draw.rounded_rectangle(corner, 4, fill=fill, outline=look.line)
        else:
            self.draw.rectangle(corner, fill=fill, outline=look.line)

    def shine(self, x: int, y: int, width: int, height: int, fill: Colour) -> None:
        """A ground that is lighter above than below, where the look has light."""
        if not self.look.shiny:
            self.draw.rectangle((x, y, x + width, y + height), fill=fill)
            return
        for row in range(height + 1):
            self.draw.line((x, y + row, x + width, y + row), fill=scaled(fill, 1.06 - 0.16 * row / max(1, height)))

    def button(self, x: int, y: int, width: int, caption: str = "", *, accented: bool = False) -> None:
        """A button with its caption in the middle."""
        look = self.look
        caption = caption or self.pen.pick(
            ("OK", "Cancel", "Close", "Help", "Apply", "Browse...", "Next >", self.words())
        )
        fill = look.accent if accented else scaled(look.ground, 1.04)
        self.box(x, y, width, look.row, fill)
        if look.shiny:
            self.shine(x + 2, y + 1, width - 4, look.row - 2, fill)
        length = font(look.letters).getlength(caption)
        self.write(x + max(4, (width - length) / 2), y + look.letters * 0.4, caption, WHITE if accented else look.ink)

    def field(self, x: int, y: int, width: int, text: str = "") -> None:
        """A line to write into."""
        self.box(x, y, width, self.look.row, self.look.paper, sunken=True)
        self.write(x + 5, y + self.look.letters * 0.4, (text or self.words())[: max(1, width // self.look.letters)])

    def choice(self, x: int, y: int, width: int) -> None:
        """A field that drops down."""
        self.field(x, y, width)
        side = self.look.letters // 2
        self.draw.polygon(
            [(x + width - 8 - side, y + side), (x + width - 8, y + side), (x + width - 8 - side // 2, y + 2 * side)],
            fill=self.look.ink,
        )

    def mark(self, x: int, y: int, caption: str = "") -> None:
        """A box or a ring to be ticked, and what it is for."""
        look, side = self.look, self.look.letters
        shape = (x, y + 2, x + side, y + 2 + side)
        is_set = self.pen.chance(0.5)
        fill = look.accent if is_set and look.edge != "bevel" else look.paper
        if self.pen.chance(0.3):
            self.draw.ellipse(shape, fill=fill, outline=look.line)
        else:
            self.draw.rectangle(shape, fill=fill, outline=look.line)
        if is_set:
            self.draw.line(
                (x + 3, y + side * 0.6, x + side * 0.45, y + side, x + side - 2, y + 4), fill=look.ink, width=2
            )
        self.write(x + side + 7, y, caption or self.words())

    def slider(self, x: int, y: int, width: int) -> None:
        """A line with a knob."""
        at = x + self.pen.whole(0, width)
        middle = y + self.look.row // 2
        self.draw.rectangle((x, middle - 2, x + width, middle + 1), fill=self.look.line)
        self.draw.rectangle((x, middle - 2, at, middle + 1), fill=self.look.accent)
        self.draw.ellipse((at - 7, middle - 7, at + 7, middle + 7), fill=self.look.paper, outline=self.look.line)

    def progress(self, x: int, y: int, width: int) -> None:
        """A bar that fills."""
        self.box(x, y, width, self.look.letters, self.look.paper, sunken=True)
        self.draw.rectangle(
            (x + 2, y + 2, x + 2 + self.pen.whole(2, max(3, width - 4)), y + self.look.letters - 2),
            fill=self.look.accent,
        )

    def icon(self, x: int, y: int, side: int) -> None:
        """A little picture as bars have them: a few shapes, in grey or in colours."""
        pen = self.pen
        tone = self.look.ink if pen.chance(0.4) else colour(pen, 30, 230)
        inner = (x + side // 5, y + side // 5, x + side * 4 // 5, y + side * 4 // 5)
        if side >= 16 and pen.chance(0.5):
            self._picture(inner, tone)
            return
        match pen.whole(0, 4):
            case 0:
                self.draw.ellipse(inner, outline=tone, width=2)
            case 1:
                self.draw.rectangle(inner, fill=tone)
                self.draw.rectangle((inner[0] + 2, inner[1] + 2, inner[2] - 2, inner[1] + 5), fill=WHITE)
            case 2:
                self.draw.polygon([(x + side // 2, y + 2), (inner[2], inner[3]), (inner[0], inner[3])], fill=tone)
            case 3:
                self.draw.line((*inner[:2], *inner[2:]), fill=tone, width=2)
                self.draw.line((inner[0], inner[3], inner[2], inner[1]), fill=tone, width=2)
            case _:
                self.draw.rounded_rectangle(
                    (x + 2, y + side // 4, x + side - 2, y + side - 3), 2, fill=scaled(tone, 1.2)
                )
                self.draw.rectangle((x + 3, y + side // 6, x + side // 2, y + side // 3), fill=tone)

    def _picture(self, box: tuple[int, int, int, int], tone: Colour) -> None:
        """An icon with light and an outline."""
        left, top, right, bottom = box
        for row in range(top, bottom):
            self.draw.line((left, row, right, row), fill=scaled(tone, 1.5 - 0.8 * (row - top) / (bottom - top)))
        self.draw.rectangle(box, outline=scaled(tone, 0.5))
        spot = self.pen.whole(left, right)
        self.draw.ellipse(
            (spot - 3, bottom - 5, spot + 3, bottom + 1), fill=colour(self.pen), outline=scaled(tone, 0.4)
        )

    # ---- bars, from side to side; each gives the y below it

    def title_bar(self, y: int = 0, text: str = "") -> int:
        """The window's title and its buttons."""
        look, width = self.look, self.size[0]
        height = look.letters + self.pen.pick((10, 14, 22))
        self.shine(0, y, width, height, look.title)
        if look.edge == "bevel" and self.pen.chance(0.4):
            for x in range(0, width, 8):
                self.draw.rectangle((x, y, x + 8, y + height), fill=scaled(look.title, 1 + 1.2 * x / width))
        text = text or self.pen.one_of(
            "«Noun» - «project»|«Verb» «noun»|«Adj» «noun»|«noun».«file_ext» — «project»|Preferences"
        )
        centred = look.edge == "round" and self.pen.chance(0.6)
        x = max(8, (width - font(look.letters).getlength(text)) / 2) if centred else 8
        self.write(x, y + (height - look.letters) // 2 - 1, text, look.title_ink)
        for at in range(3):
            left = width - 20 - at * (look.letters + 9)
            self.draw.rectangle((left, y + height // 3, left + 9, y + height // 3 + 8), outline=look.title_ink)
        return y + height + 1

    def menu_bar(self, y: int) -> int:
        """File, Edit and so on."""
        x = 8
        for word in (
            "File",
            "Edit",
            "View",
            *self.pen.sample(("Go", "Tools", "Settings", "Insert", "Format"), 3),
            "Help",
        ):
            x += self.write(x, y + 3, word) + 14
        return y + self.look.letters + 9

    def tool_bar(self, y: int, *, with_words: bool = False) -> int:
        """Icons in a row, some with a word below."""
        side = self.pen.pick((16, 22, 24, 32))
        height = side + 10 + (self.look.letters + 3 if with_words else 0)
        self.shine(0, y, self.size[0], height, self.look.ground)
        x = 8
        while x < self.size[0] - side * 2:
            self.icon(x, y + 5, side)
            step = side + 10
            if with_words:
                step = max(step, self.write(x, y + side + 7, self.words("«Verb»|«Noun»")) + 10)
            x += step
            if self.pen.chance(0.15):
                self.draw.line((x, y + 4, x, y + height - 4), fill=self.look.line)
                x += 8
            if self.pen.chance(0.06):
                break
        self.draw.line((0, y + height, self.size[0], y + height), fill=self.look.line)
        return y + height + 1

    def tabs(self, y: int) -> int:
        """Tabs, one of them open."""
        x, height = 8, self.look.row
        for at in range(self.pen.whole(2, 5)):
            caption = self.words("«Noun»|«Adj»|General|Advanced")
            width = int(font(self.look.letters).getlength(caption)) + 22
            self.box(x, y, width, height, self.look.paper if at == 0 else self.look.ground)
            self.write(x + 10, y + 4, caption)
            x += width
        self.draw.line((0, y + height, self.size[0], y + height), fill=self.look.line)
        return y + height + 2

    def status_bar(self) -> int:
        """What a window says at its foot; gives the y above it."""
        y = self.size[1] - self.look.letters - 10
        self.draw.line((0, y, self.size[0], y), fill=self.look.line)
        self.write(
            8,
            y + 4,
            self.pen.one_of("Ready|«n:1-90» items, «n:1-900» MB|Line «n:1-900», Column «n:1-80»|«unixpath»|100 %"),
        )
        return y

    # ---- areas

    def form(self, box: tuple[int, int, int, int]) -> None:
        """Labels on the left, widgets on the right, down to the foot."""
        left, top, right, bottom = box
        y, width = top, right - left
        while y + self.look.row <= bottom and width > 60:
            kind = self.pen.whole(0, 8)
            x = left + width // 3
            if kind <= 4:
                self.write(left, y + self.look.letters * 0.4, self.words() + ":")
            match kind:
                case 0 | 1:
                    self.field(x, y, right - x)
                case 2 | 3:
                    self.choice(x, y, right - x)
                case 4:
                    self.slider(x, y, right - x)
                case 5 | 6:
                    self.mark(left, y)
                case 7:
                    self.button(left, y, min(width, self.pen.whole(70, 140)))
                case _:
                    self.progress(left, y + 3, width)
            y += self.look.row + self.pen.pick((4, 6, 8, 12))

    def table(self, box: tuple[int, int, int, int], *, lined: bool = False) -> None:
        """Rows of a list under a header, one of them chosen."""
        left, top, right, bottom = box
        look, pen = self.look, self.pen
        self.draw.rectangle(box, fill=look.paper, outline=look.line)
        step = look.letters + pen.pick((4, 6, 10))
        columns = [
            left,
            *(left + (right - left) * share // 100 for share in sorted(pen.sample((30, 45, 60, 75, 88), 3))),
            right,
        ]
        chosen, has_icons = pen.whole(1, 12), pen.chance(0.6)
        for row in range(max(0, (bottom - top) // step)):
            y = top + row * step
            if row == 0:
                self.draw.rectangle((left, y, right, y + step), fill=look.ground, outline=look.line)
            elif row == chosen:
                self.draw.rectangle((left + 1, y, right - 1, y + step), fill=look.accent)
            elif pen.chance(0.05):
                break
            if has_icons and row:
                self.icon(left + 3, y, step - 1)
            self._cells(y, columns, step + 6 if has_icons else 5, WHITE if row == chosen else look.ink)
            if lined:
                self.draw.line((left, y, right, y), fill=look.line)
        for x in columns if lined else ():
            self.draw.line((x, top, x, bottom), fill=look.line)

    def _cells(self, y: int, columns: list[int], indent: int, ink: Colour) -> None:
        """One row: a name in the first column, numbers and days in the others."""
        for x, end in pairwise(columns):
            is_first = x == columns[0]
            start = x + (indent if is_first else 5)
            n_letters = (end - start - 4) * 2 // self.look.letters
            text = self.pen.one_of(
                "«noun».«file_ext»|«Noun»|«snake»" if is_first else "«n:0-9999»|«isodate»|«Adj»|«n:1-99» kB"
            )
            if n_letters > 3 and self.pen.chance(0.85):
                self.write(start, y + 2, text[:n_letters], ink)

    def icons(self, box: tuple[int, int, int, int]) -> None:
        """A folder's files as icons with names."""
        left, top, right, bottom = box
        self.draw.rectangle(box, fill=self.look.paper)
        side = self.pen.pick((32, 48, 64))
        for x in range(left + 14, right - side - 10, side + 44):
            for y in range(top + 10, bottom - side - 20, side + 34):
                if self.pen.chance(0.9):
                    self.icon(x, y, side)
                    self.write(x - 8, y + side + 3, self.pen.one_of("«noun»|«Noun»|«noun».«file_ext»")[: side // 4])

    def text(self, box: tuple[int, int, int, int], letters: int = 0) -> None:
        """A document: headings and paragraphs."""
        left, top, right, bottom = box
        self.draw.rectangle(box, fill=self.look.paper)
        letters = letters or self.pen.pick((11, 12, 13, 14, 16))
        y = top + 10
        while y < bottom - letters * 2:
            if self.pen.chance(0.12):
                self.write(left + 12, y, self.words()[: (right - left) // letters], self.look.ink, int(letters * 1.5))
                y += int(letters * 2.3)
            wide = max(6, int((right - left - 24) * 1.9 / letters))
            sentences = (
                self.pen.paragraph(self.pen.whole(1, 4))
                if self.pen.language in {"en", "de", "fr", "es"}
                else self.words()
            )
            for at in range(0, len(sentences), wide):
                if y > bottom - letters * 1.5:
                    return
                self.write(left + 12, y, sentences[at : at + wide], self.look.ink, letters)
                y += int(letters * 1.45)
            y += letters // 2

    def scroll_bar(self, x: int, top: int, bottom: int) -> None:
        """At the right of an area."""
        self.draw.rectangle((x, top, x + 12, bottom), fill=scaled(self.look.ground, 0.95))
        knob = self.pen.whole(top, max(top, bottom - 40))
        self.box(x + 1, knob, 10, min(bottom - knob, self.pen.whole(20, 120)), self.look.ground)

    def sidebar(self, width: int, top: int, bottom: int) -> None:
        """A list of places or pages at the left."""
        look = self.look
        self.draw.rectangle((0, top, width, bottom), fill=near(self.pen, look.ground, 4))
        step, chosen = look.letters + self.pen.pick((8, 14, 30)), self.pen.whole(0, 6)
        for row, y in enumerate(range(top + 6, bottom - step, step)):
            if row == chosen:
                self.draw.rectangle((2, y - 2, width - 2, y + step - 4), fill=look.accent)
            self.icon(8, y, min(step - 4, 22))
            self.write(
                36,
                y + 1,
                self.words("«Noun»|«Adj» «noun»")[: max(2, width // look.letters)],
                WHITE if row == chosen else None,
            )
            if self.pen.chance(0.07):
                break
        self.draw.line((width, top, width, bottom), fill=look.line)

    def framed(self) -> Image.Image:
        """The picture, with the frame of a window around it."""
        self.draw.rectangle((0, 0, self.size[0] - 1, self.size[1] - 1), outline=self.look.line)
        return self.image


def with_shadow(pen: Pen, image: Image.Image) -> Image.Image:
    """The window with the shadow that its desktop gives it, on a transparent ground."""
    margin = pen.whole(8, 30)
    size = (image.width + 2 * margin, image.height + 2 * margin)
    shade = Image.new("L", size)
    ImageDraw.Draw(shade).rectangle((margin, margin + 4, size[0] - margin, size[1] - margin), fill=pen.whole(60, 150))
    shade = shade.filter(ImageFilter.BoxBlur(margin / 3))
    out = Image.merge("RGBA", (*Image.new("RGB", size).split(), shade))
    out.paste(image.convert("RGBA"), (margin, margin))
    return out
