"""Names that say "another version of the same file": pure functions of names, and the notes that a plan makes of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from ifmosfs.core.names import split_extension

# One mark at the end of a stem. A bare `(2)` is the weakest: cameras and browsers number what has nothing in common.
_NUMBER: Final = re.compile(rb"^(.+?) ?\(\d{1,3}\)$", re.DOTALL)
_WORDED: Final = re.compile(
    rb"^(.+?)(?:"
    rb" - (?:copy|kopie|copie|copia)| (?:copy|kopie)(?: \d{1,3})?"
    rb"| ?\([^()]*(?:conflicted copy|konflikt)[^()]*\)|\.sync-conflict-\d{8}-\d{6}(?:-\w+)?"
    rb"|[ _.-](?:v|ver|version|rev)[ ._-]?\d{1,3}(?:\.\d{1,3})?|[ _-](?:final|draft|old|new|backup)"
    rb")$",
    re.IGNORECASE | re.DOTALL,
)
_PREFIXED: Final = re.compile(
    rb"^(?:copy(?: \(\d{1,3}\))? of|kopie von|copie de|copia de) (.+)$", re.IGNORECASE | re.DOTALL
)
_AFTER: Final = re.compile(rb"^(.+?)(?:\.(?:bak|orig|old)|~)$", re.IGNORECASE | re.DOTALL)

# Nearly every name has no mark at all, and one look tells.
_ANY: Final = re.compile(
    rb"\(\d{1,3}\)|(?:copy|kopie|copie|copia|konflikt)|\.sync-conflict-|[ _.-](?:v|ver|version|rev)[ ._-]?\d"
    rb"|[ _-](?:final|draft|old|new|backup)|\.(?:bak|orig|old)$|~$",
    re.IGNORECASE,
)


class Version(NamedTuple):
    """The name without its marks of a copy, and whether a mark was more than a number in brackets."""

    name: bytes
    worded: bool


def version_of(name: bytes) -> Version | None:
    """What a name is a version of, going by the name alone; `None` for a name without any mark of a copy."""
    if not _ANY.search(name):
        return None
    bare, worded = _without(_AFTER, name)
    stem, extension = split_extension(bare)
    stem, prefixed = _without(_PREFIXED, stem)
    worded = worded or prefixed
    while True:
        shorter, has_words = _without(_WORDED, stem)
        shorter, _ = _without(_NUMBER, shorter)
        if shorter == stem:
            break
        stem, worded = shorter, worded or has_words
    plain = stem + extension
    return None if plain == name else Version(plain, worded)


def _without(pattern: re.Pattern[bytes], text: bytes) -> tuple[bytes, bool]:
    match = pattern.match(text)
    return (match[1], True) if match else (text, False)


Named = tuple[int, bytes, bytes]  # (number, folder, name)


def find_versions(files: Iterable[Named]) -> dict[int, int]:
    """For each file that is a version of another one going to the same folder: that other one.

    The other one is the file with the plain name, or else the first version. Names that differ in numbers alone
    (`IMG (1).jpg`, `IMG (2).jpg`) and have no plain one among them say nothing.
    """
    rows = list(files)
    marked: dict[tuple[bytes, bytes], list[tuple[int, bool]]] = {}
    for number, folder, name in rows:
        version = version_of(name)
        if version is not None:
            marked.setdefault((folder, version.name), []).append((number, version.worded))
    if not marked:
        return {}
    plain: dict[tuple[bytes, bytes], int] = {}
    for number, folder, name in rows:
        if (folder, name) in marked:
            plain.setdefault((folder, name), number)
    found: dict[int, int] = {}
    for key, versions in marked.items():
        first = plain.get(key)
        if first is None and not any(worded for _, worded in versions):
            continue
        base = versions[0][0] if first is None else first
        found.update((number, base) for number, _ in versions if number != base)
    return found
