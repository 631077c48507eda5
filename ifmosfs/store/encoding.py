"""How values become columns: text that is valid UTF-8, and a fingerprint that few rows have in one column."""

from __future__ import annotations

import json

from ifmosfs.core.files import Fingerprint


def packed(print_: Fingerprint | None) -> bytes | None:
    """A fingerprint that few rows have, in one column: JSON of its five numbers, whole."""
    if print_ is None:
        return None
    numbers = [print_.inode, print_.size_bytes, print_.mtime_ns, print_.ctime_ns, print_.birth_ns]
    return json.dumps(numbers, separators=(",", ":")).encode("ascii")


def unpacked(stored: bytes | None) -> Fingerprint | None:
    """The inverse of `packed`. Raises ValueError or TypeError for what that cannot have made."""
    return None if stored is None else Fingerprint(*json.loads(stored))


def legible(text: str) -> str:
    r"""The text, with lone surrogates (which no database takes) shown as ``\udcNN``."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def legible_or_none(text: str | None) -> str | None:
    """As `legible`; `None` stays `None`."""
    return None if text is None else legible(text)
