r"""Names and relative paths are bytes, as the kernel has them; text is only ever made for showing.

A *path* in this program is `bytes`, relative to a root, its components joined by ``/``, without a leading or trailing one;
``b""`` is the root itself. Nothing here touches a disk.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from dataclasses import dataclass
from typing import Final

SEPARATOR = b"/"
UTF8_MAX_BYTES = 4  # of one character

# The view's control folder, and the journal's folder beside the data: never the user's.
CONTROL_NAME = b".ifmosfs"
THIRD_PREFIX: Final = b".ifmosfs-c-"  # of names under which a file waits until the one that it takes is free
_UNFINISHED_PREFIX: Final = b".ifmosfs-"
_UNFINISHED: Final = re.compile(rb"\.ifmosfs-[tqc]-[0-9a-f]{10}-\d+")


def join(*parts: bytes) -> bytes:
    """The path made of the non-empty parts."""
    return SEPARATOR.join(part for part in parts if part)


def split(path: bytes) -> tuple[bytes, bytes]:
    """(parent, name) of a path; the parent of a top-level name is ``b""``."""
    parent, _, name = path.rpartition(SEPARATOR)
    return parent, name


def components(path: bytes) -> list[bytes]:
    """The names along a path; none for the root."""
    return path.split(SEPARATOR) if path else []


def ancestors(path: bytes) -> list[bytes]:
    """The folders above a path, topmost first, without the root and without the path itself."""
    names = components(path)
    return [SEPARATOR.join(names[:depth]) for depth in range(1, len(names))]


def is_within(path: bytes, folder: bytes) -> bool:
    """Whether a path is the folder itself or lies below it; both relative, or both absolute."""
    if not folder or folder == SEPARATOR:
        return True
    return path == folder or path.startswith(folder + SEPARATOR)


def unfinished_name(what: str, run_id: str, number: int) -> bytes:
    """The name under which something is while an operation of a run is not finished: `t` a copy, `q` a source that is to be
    removed."""
    return f".ifmosfs-{what}-{run_id}-{number}".encode()


def is_unfinished(name: bytes) -> bool:
    """Whether a run gives such names, also to what waits; they last no longer than it does, or the recovery after it."""
    return name.startswith(_UNFINISHED_PREFIX) and _UNFINISHED.fullmatch(name) is not None


def display(path: bytes) -> str:
    r"""The path for human eyes: UTF-8 where it is, ``\xNN`` for other bytes and for control characters."""
    text = path.decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8"))


def shell_word(path: bytes) -> str:
    """The path as one word that a shell takes back, whatever bytes it has."""
    text = path.decode("utf-8", "backslashreplace")
    if text.isprintable() and text.encode() == path:
        return shlex.quote(text)
    return "$'" + "".join(_ansi_c(byte) for byte in path) + "'"


def _ansi_c(byte: int) -> str:
    plain = 0x20 <= byte < 0x7F and byte not in b"'\\"
    return chr(byte) if plain else f"\\x{byte:02x}"


def to_text(path: bytes) -> str:
    """The path as a lossless `str` (undecodable bytes as lone surrogates, PEP 383), for JSON and for argument lists."""
    return path.decode("utf-8", "surrogateescape")


def from_text(text: str) -> bytes:
    """The inverse of `to_text`."""
    return text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class NameRules:
    """What a target filesystem takes for a name and which names it holds for equal.

    `name_max_bytes` bounds one component (NAME_MAX). `utf8_only` and `dos` describe filesystems of the FAT
    and NTFS family: bytes that are not UTF-8, the listed characters, and names that end in a dot or a space are refused.
    """

    name_max_bytes: int = 255
    ignores_case: bool = False
    ignores_form: bool = False
    utf8_only: bool = False
    dos: bool = False

    def key(self, name: bytes) -> bytes:
        """Equal for two names exactly when the filesystem holds them for the same."""
        if not (self.ignores_case or self.ignores_form):
            return name
        text = to_text(name)
        if self.ignores_form:
            text = unicodedata.normalize("NFC", text)
        if self.ignores_case:
            text = unicodedata.normalize("NFC", text.casefold()) if self.ignores_form else text.casefold()
        return from_text(text)


def twin_key(name: bytes) -> bytes:
    """Equal for names that differ at most in case or Unicode form, on any filesystem."""
    return NameRules(ignores_case=True, ignores_form=True).key(name)


DOS_FORBIDDEN = frozenset('<>:"/\\|?*')
# Windows takes the superscript digits of Latin-1 for digits here.
DOS_RESERVED = frozenset(
    [
        "con",
        "prn",
        "aux",
        "nul",
        "conin$",
        "conout$",
        *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789¹²³"),
    ]
)
WINDOWS_PATH_UNITS = 259  # MAX_PATH without its closing zero, in UTF-16 units, with drive and all
WINDOWS_FOLDER_UNITS = 247  # of a folder: there must be room for a name of the old kind in it


@dataclass(frozen=True, slots=True)
class RepairedName:
    """A name that the target filesystem takes, and why it is not the original one (`None`: it is)."""

    name: bytes
    reason: str | None


def repair(name: bytes, rules: NameRules) -> RepairedName:
    """The nearest name that the rules allow, with the reason when it had to change."""
    reasons = []
    repaired = name
    if (rules.utf8_only or rules.dos) and not _is_utf8(repaired):
        repaired = display(repaired).replace("\\", "~").encode()
        reasons.append("not UTF-8")
    if rules.dos:
        legal = _dos_name(repaired.decode("utf-8")).encode()
        if legal != repaired:
            repaired = legal
            reasons.append("characters that the target's filesystem refuses")
    if len(repaired) > rules.name_max_bytes:
        repaired = with_suffix_before_extension(repaired, b"", rules.name_max_bytes)
        if rules.dos:
            repaired = repaired.rstrip(b" .")  # the cut may have laid such an end bare
        reasons.append(f"longer than {rules.name_max_bytes} bytes")
    return RepairedName(repaired, "; ".join(reasons) or None)


def windows_trouble(name: bytes) -> str | None:
    """Why Windows does not take a name, in words; `None` where it does."""
    if not _is_utf8(name):
        return "it is not Unicode"
    text = name.decode("utf-8")
    if any(char in DOS_FORBIDDEN or ord(char) < 32 for char in text):
        return 'it holds one of the characters < > : " / \\ | ? * or a control character'
    if text != text.rstrip(" ."):
        return "it ends with a dot or a space"
    return "it is the name of a device" if _is_reserved(text) else None


def windows_name(name: bytes) -> bytes:
    """The nearest name that Windows takes."""
    return repair(name, NameRules(utf8_only=True, dos=True)).name


def utf16_units(path: bytes) -> int:
    """The length of a path as Windows counts it; a byte that is not UTF-8 counts as one."""
    return len(to_text(path).encode("utf-16-le", "surrogatepass")) // 2


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _dos_name(text: str) -> str:
    legal = "".join("_" if char in DOS_FORBIDDEN or ord(char) < 32 else char for char in text)
    legal = legal.rstrip(" .") or "_"
    return f"_{legal}" if _is_reserved(legal) else legal


def _is_reserved(text: str) -> bool:
    """Whether it is the name of a device, with or without extensions."""
    return text.partition(".")[0].rstrip(" ").lower() in DOS_RESERVED


def with_suffix_before_extension(name: bytes, suffix: bytes, name_max_bytes: int) -> bytes:
    """`report (2).pdf` from `report.pdf` and `` (2)``, the stem shortened at a character border until it fits."""
    stem, extension = split_extension(name)
    short = shorten(stem, name_max_bytes - len(suffix) - len(extension))
    if not short:  # an "extension" that fills the name is no extension
        short, extension = shorten(name, name_max_bytes - len(suffix)), b""
    return short + suffix + extension


def split_extension(name: bytes) -> tuple[bytes, bytes]:
    """(stem, extension with its dot); `.tar.gz` and its kin count as one; a leading dot starts no extension."""
    stem, dot, extension = name.rpartition(b".")
    if not stem.strip(b".") or not dot:
        return name, b""
    inner_stem, inner_dot, inner = stem.rpartition(b".")
    if inner_dot and inner.lower() == b"tar" and inner_stem:
        return inner_stem, b"." + inner + b"." + extension
    return stem, b"." + extension


def shorten(stem: bytes, room: int) -> bytes:
    """The stem's beginning that fits, cut at a character's border; nothing where not even its first character does."""
    if len(stem) <= room:
        return stem
    for end in range(room, max(room - UTF8_MAX_BYTES, 0), -1):
        if not _splits_character(stem, end):
            return stem[:end]
    return stem[:room] if room >= UTF8_MAX_BYTES else b""  # so many continuation bytes are no UTF-8


def _splits_character(stem: bytes, position: int) -> bool:
    return stem[position] & 0xC0 == 0x80
