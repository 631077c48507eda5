"""How text becomes bytes: line ends, marks and code pages as they are met in files of many systems."""

from __future__ import annotations

from ifmosfs.ml.synth.pen import Pen

WINDOWS = frozenset({"bat", "cmd", "ps1", "ini", "inf", "reg", "vbs", "csv", "url", "asc", "log", "sln", "txt"})


def encode_text(pen: Pen, text: str, extension: str, *, strict: bool) -> bytes:
    """The bytes of a text. With `strict` it is plain UTF-8, at most with other line ends."""
    if pen.chance(0.3 if extension in WINDOWS else 0.06):
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    if strict:
        return text.encode()
    if pen.chance(0.1):
        text = text.rstrip("\r\n")
    chance = pen.rng.random()
    if chance < 0.03:
        return b"\xef\xbb\xbf" + text.encode()
    if chance < 0.035:
        return text.encode("utf-16")
    if chance < 0.09 and not text.isascii() and pen.language not in {"zh", "ja", "ru"}:
        return text.encode("cp1252", "replace")
    return text.encode()
