"""What people and programs call files, and where they leave them.

Four names in ten mean nothing, a few mean something else than the content; half of the folders tell nothing.
"""

from __future__ import annotations

import re
from typing import Final

from ifmosfs.ml.synth.pen import Pen, ascii_of
from ifmosfs.ml.synth.registry import Draft

PICTURES: Final = frozenset(
    {"jpg", "jpeg", "png", "gif", "tif", "tiff", "webp", "bmp", "heic", "avif", "cr2", "nef", "dng"}
)
WILD: Final = re.compile(r'[/\\:*?"<>|\x00-\x1f]+')
LONGEST: Final = 120
COPIES: Final = {
    "en": "Copy of {}|{} (1)|{} (2)|{} - Copy|{} copy",
    "de": "Kopie von {}|{} - Kopie|{} (1)|{} Kopie",
    "fr": "Copie de {}|{} - Copie|{} (1)",
    "es": "Copia de {}|{} - copia|{} (1)",
    "it": "Copia di {}|{} - Copia|{} (1)",
    "nl": "Kopie van {}|{} - kopie|{} (1)",
    "pt": "Cópia de {}|{} - Cópia|{} (1)",
    "zh": "{} - 副本|{} (1)",
    "ja": "{} - コピー|{} (1)",
    "ru": "{} - копия|Копия {}|{} (1)",
}


def choose_path(pen: Pen, draft: Draft, *, wilder: bool = False) -> str:
    """A relative path for the draft; `wilder` for augmented files."""
    stem = _stem(pen, draft, wilder=wilder)
    extension = _extension(pen, draft)
    name = f"{stem}.{extension}" if extension and stem else stem or f".{extension}"
    folder = _folder(pen, draft)
    return f"{folder}/{name}" if folder else name


def _stem(pen: Pen, draft: Draft, *, wilder: bool) -> str:
    told = pen.one_of(draft.stem) if draft.stem else ""
    if draft.fixed and pen.chance(0.6 if wilder else 0.88):
        return clean(told)
    chance = pen.rng.random()
    if not told or chance < 0.4:
        return _meaningless(pen, draft.extension)
    if chance < 0.46:
        return clean(pen.slot("misleading", "") + pen.pick(("", str(pen.whole(1, 99)), "_" + pen.slot("year", ""))))
    return clean(_decorated(pen, _styled(pen, told)))


def _meaningless(pen: Pen, extension: str) -> str:
    of_pictures = extension.lower() in PICTURES and pen.chance(0.75)
    return clean(pen.slot("meaningless_picture" if of_pictures else "meaningless", ""))


def _styled(pen: Pen, told: str) -> str:
    between = pen.pick((" ", " ", "_", "-", "_", "", "."))
    if pen.chance(0.4):
        told = ascii_of(told) or told
    if between != " " and pen.chance(0.6):
        told = told.replace(" ", between)
    change = pen.rng.random()
    if change < 0.15:
        return told.lower()
    return told.upper() if change < 0.19 else told


def _decorated(pen: Pen, stem: str) -> str:
    chance = pen.rng.random()
    if chance < 0.05:
        return pen.pick(COPIES[pen.language].split("|")).format(stem)
    if chance < 0.13:
        return (
            stem + pen.pick(("_", " ", "-")) + pen.one_of("«isodate»|«year»|«ts:%Y%m%d»|«Month» «year»|«ts:%d.%m.%y»")
        )
    if chance < 0.19:
        return pen.one_of("«isodate» |«year»-«n:01-12» |«ts:%Y%m%d»_|«n:01-30» - |«n:01-30»_") + stem
    if chance < 0.25:
        return stem + pen.one_of(
            "_v«n:2-5»|_final| final|-«n:1-9»|_neu|_new|_signed|_«surname»| («first»)|_rev«letter»"
        )
    return stem


def _extension(pen: Pen, draft: Draft) -> str:
    extension = draft.extension
    if not extension or draft.fixed:
        return extension
    chance = pen.rng.random()
    if chance < 0.03:
        return ""
    return extension.upper() if chance < 0.09 else extension


def _folder(pen: Pen, draft: Draft) -> str:
    chance = pen.rng.random()
    if draft.folder and chance < 0.5:
        told = pen.one_of(draft.folder)
        before = pen.slot("place_folder", "") if pen.chance(0.5) else ""
        return "/".join(filter(None, (clean_path(before), clean_path(told))))
    if chance < 0.58:
        return ""
    if chance < 0.62:
        return clean_path(pen.slot("misleading_folder", ""))
    return "/".join(clean_path(pen.slot("place_folder", "")) for _ in range(pen.pick((1, 1, 1, 2, 2, 3))))


def clean_path(path: str) -> str:
    """The path with parts that every system takes."""
    return "/".join(clean(part) for part in path.split("/") if part)


def clean(name: str) -> str:
    """The name without what some system refuses, and not too long."""
    cut = WILD.sub("_", name).strip()[:LONGEST].rstrip(". ")
    return cut.encode()[:LONGEST].decode("utf-8", "ignore").strip() or "_"
