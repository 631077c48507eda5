"""Typefaces by fontTools: outlines of simple strokes, with the tables and names that fonts of many makers have."""

from __future__ import annotations

import io
from typing import Any

from ifmosfs.ml.synth.pen import Pen

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,-!?&"


def write_font(pen: Pen, kind: str) -> bytes:
    """A font: `ttf`, `otf` or `woff`."""
    from fontTools.fontBuilder import FontBuilder

    units = pen.pick((1000, 1024, 2048))
    builder = FontBuilder(units, isTTF=kind != "otf")
    chars = LETTERS[: pen.whole(3, len(LETTERS))] if pen.chance(0.8) else ""
    codes = [ord(char) for char in chars] or [0xE000 + at for at in range(pen.whole(4, 60))]
    names = [f"g{code:04X}" for code in codes]
    order = [".notdef", "space", *names]
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap({32: "space", **dict(zip(codes, names, strict=True))})
    width = pen.whole(units // 3, units)
    shapes = {name: _strokes(pen, units, width) for name in names}
    family = pen.slot("font_name", "")
    style = pen.pick(("Regular", "Regular", "Bold", "Italic", "Light", "Medium"))
    if kind == "otf":
        charstrings = {name: _charstring(shapes.get(name, []), width) for name in order}
        builder.setupCFF(f"{family.replace(' ', '')}-{style}", {"FullName": f"{family} {style}"}, charstrings, {})
    else:
        builder.setupGlyf({name: _glyph(shapes.get(name, [])) for name in order})
    builder.setupHorizontalMetrics(dict.fromkeys(order, (width, 0)))
    builder.setupHorizontalHeader(ascent=int(units * 0.8), descent=-int(units * 0.2))
    builder.setupNameTable(_names(pen, family, style))
    builder.setupOS2(
        sTypoAscender=int(units * 0.8),
        usWinAscent=units,
        usWinDescent=units // 4,
        achVendID=pen.slot("a", "4").upper(),
        usWeightClass=pen.whole(1, 9) * 100,
    )
    builder.setupPost()
    stamp = 3_400_000_000 + pen.whole(0, 300_000_000)
    builder.updateHead(created=stamp, modified=stamp)
    builder.font.recalcTimestamp = False
    if kind == "woff":
        builder.font.flavor = "woff"
    out = io.BytesIO()
    builder.save(out)
    return out.getvalue()


Strokes = list[tuple[int, int, int, int]]


def _strokes(pen: Pen, units: int, width: int) -> Strokes:
    thick = units // pen.whole(8, 16)
    return [
        (x, y, x + pen.pick((thick, width // 2)), y + pen.pick((thick, units // 2)))
        for x, y in ((pen.whole(20, width // 2), pen.whole(-100, units // 2)) for _ in range(pen.whole(1, 4)))
    ]


def _draw(draw: Any, strokes: Strokes) -> None:
    for left, bottom, right, top in strokes:
        draw.moveTo((left, bottom))
        draw.lineTo((left, top))
        draw.lineTo((right, top))
        draw.lineTo((right, bottom))
        draw.closePath()


def _glyph(strokes: Strokes) -> Any:
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    draw = TTGlyphPen(None)
    _draw(draw, strokes)
    return draw.glyph()


def _charstring(strokes: Strokes, width: int) -> Any:
    from fontTools.pens.t2CharStringPen import T2CharStringPen

    draw = T2CharStringPen(width, None)
    _draw(draw, strokes)
    return draw.getCharString()


def _names(pen: Pen, family: str, style: str) -> dict[str, str]:
    maker = pen.slot("person", "")
    names = {
        "familyName": family,
        "styleName": style,
        "uniqueFontIdentifier": f"{pen.slot('version', '')};{family}",
        "fullName": f"{family} {style}",
        "version": f"Version {pen.whole(1, 4)}.{pen.whole(0, 999):03d}",
        "psName": f"{family.replace(' ', '')}-{style}",
    }
    extra = {
        "copyright": f"Copyright (c) {pen.slot('year', '')} {maker}",
        "licenseDescription": "This Font Software is licensed under the SIL Open Font License, Version 1.1.",
        "manufacturer": pen.slot("company", ""),
        "vendorURL": pen.slot("url", ""),
    }
    return {**names, **{key: value for key, value in extra.items() if pen.chance(0.6)}}


def write_eot(pen: Pen) -> bytes:
    """An embedded font of old browsers: its head before a TrueType font."""
    import struct

    font = write_font(pen, "ttf")
    family = pen.slot("font_name", "").encode("utf-16-le")
    names = struct.pack("<H", 0) + struct.pack("<H", len(family)) + family + bytes(12)
    size = 82 + len(names) + len(font)
    head = struct.pack("<IIIIIIH", size, len(font), 0x00020001, 0, 0, 400, 0)[:24] + bytes(10) + b"\x4c\x50"
    return (head + bytes(46)) + names + font


def write_bdf(pen: Pen) -> str:
    """A bitmap font."""
    size = pen.pick((8, 10, 12, 14, 16, 24))
    rows = [
        f"STARTFONT 2.1\nCOMMENT {pen.slot('comment', '')}\nFONT -misc-{pen.slot('noun', '')}-medium-r-normal--{size}-{size}0-75-75-c-60-iso10646-1\nSIZE {size} 75 75\nFONTBOUNDINGBOX {size} {size} 0 -2\nCHARS 94"
    ]
    for code in range(33, pen.whole(40, 126)):
        bits = "\n".join(pen.slot("hex", "2").upper() for _ in range(size))
        rows.append(
            f"STARTCHAR U+{code:04X}\nENCODING {code}\nSWIDTH 500 0\nDWIDTH {size // 2} 0\nBBX 8 {size} 0 -2\nBITMAP\n{bits}\nENDCHAR"
        )
    return "\n".join([*rows, "ENDFONT\n"])


def write_afm(pen: Pen) -> str:
    """The measures of a PostScript font."""
    name = pen.slot("font_name", "").replace(" ", "")
    rows = [
        f"StartFontMetrics 2.0\nFontName {name}\nFamilyName {name}\nWeight Medium\nItalicAngle 0\nIsFixedPitch false\nVersion 001.00{pen.whole(1, 9)}\nStartCharMetrics 90"
    ]
    rows += [
        f"C {code} ; WX {pen.whole(200, 1000)} ; N {chr(code)} ; B {pen.whole(0, 80)} 0 {pen.whole(200, 900)} {pen.whole(300, 800)} ;"
        for code in range(65, pen.whole(70, 123))
    ]
    return "\n".join([*rows, "EndCharMetrics", "EndFontMetrics\n"])


def write_type1(pen: Pen, *, binary: bool) -> bytes:
    """The clear part of a Type 1 font, and a private part that is encrypted in real ones."""
    import struct

    name = pen.slot("font_name", "").replace(" ", "")
    clear = f"%!PS-AdobeFont-1.0: {name} 001.00{pen.whole(1, 9)}\n%%CreationDate: {pen.moment('%Y')}\n11 dict begin\n/FontInfo 9 dict dup begin\n/version (001.001) readonly def\n/FullName ({name}) readonly def\n/ItalicAngle 0 def\nend readonly def\n/FontName /{name} def\n/Encoding StandardEncoding def\n/PaintType 0 def\n/FontType 1 def\n/FontMatrix [0.001 0 0 0.001 0 0] readonly def\ncurrentdict end\ncurrentfile eexec\n".encode()
    private = pen.noise(pen.size(600, 9000))
    tail = (b"0" * 64 + b"\n") * 8 + b"cleartomark\n"
    if not binary:
        lines = private.hex()
        return clear + "\n".join(lines[at : at + 64] for at in range(0, len(lines), 64)).encode() + b"\n" + tail
    return (
        b"".join(
            b"\x80" + bytes([kind]) + struct.pack("<I", len(part)) + part
            for kind, part in ((1, clear), (2, private), (1, tail))
        )
        + b"\x80\x03"
    )
