"""Whether bytes are text, and which."""

from __future__ import annotations

import codecs
from typing import Final

_CONTROLS: Final = bytes(code for code in range(32) if code not in b"\t\n\r\f\x1b\x08")
MOST_HIGH_SHARE: Final = 0.3  # of bytes above 127 in an 8-bit encoding; more is no text in a Latin alphabet
CUT_BYTES: Final = 4  # a sample may end within a character


def decode(data: bytes) -> str | None:
    """The text of the beginning of a file (UTF-8, UTF-16 with its mark, else Windows' 8-bit code), `None` if it is not text."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", "replace")
        return text if text.count("\ufffd") * 20 < len(text) else None
    if b"\0" in data or (data and len(data.translate(None, _CONTROLS)) < len(data) * 0.98):
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(data) - CUT_BYTES:
            return data[: error.start].decode("utf-8")
    n_high = len(data) - len(data.translate(None, bytes(range(128, 256))))
    return data.decode("cp1252", "replace") if n_high <= len(data) * MOST_HIGH_SHARE else None
