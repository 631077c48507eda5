"""The document types: what can be made for each category, and how each is registered.

A document type is a function from a pen to a draft. Those in Python register themselves by `@document`; those that are data
(sketches and prose) are added by `catalogue`. The type is what training and validation are split by, never the single file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from ifmosfs.ml.synth.pen import Pen

NONE: Final = "__none__"
"""The label of files that belong to no category."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A file before it has a place: its content, and what a person who knows it might call it.

    `stem` and `folder` are patterns; empty ones say nothing. `fixed` names are the ones that a program demands
    (`.gitignore`, `package.json`), so people rarely change them. Text content is encoded by `encoding.encode_text`. `also_ok` are
    other categories that can be defended for this one file, besides those of its type (`defensible`).
    """

    content: bytes | str
    extension: str = ""
    stem: str = ""
    folder: str = ""
    fixed: bool = False
    strict: bool = False
    also_ok: tuple[str, ...] = ()


Make = Callable[[Pen], Draft]


@dataclass(frozen=True, slots=True)
class DocumentType:
    """One kind of file of one category. `languages` are those it is made in; `weight` is how many turns it gets in a round.

    With `by_format` the manifest tells a type for each format, because the bytes of one have nothing of another's.
    """

    category: str
    name: str
    make: Make
    languages: tuple[str, ...] = ("en",)
    weight: int = 1
    by_format: bool = False


_REGISTERED: Final[list[DocumentType]] = []


def document(
    category: str, *, languages: Iterable[str] = ("en",), weight: int = 1, by_format: bool = False
) -> Callable[[Make], Make]:
    """Register a function as a document type of a category, by the function's name."""

    def register(make: Make) -> Make:
        _REGISTERED.append(DocumentType(category, make.__name__.strip("_"), make, tuple(languages), weight, by_format))
        return make

    return register


def register_types(kinds: Iterable[DocumentType]) -> None:
    """Register document types that were made in a loop."""
    _REGISTERED.extend(kinds)


@lru_cache(maxsize=1)
def catalogue() -> dict[str, tuple[DocumentType, ...]]:
    """All document types by category, each list sorted by name, so that the order does not hang on imports."""
    from ifmosfs.ml.synth import categories
    from ifmosfs.ml.synth.prose import prose_types
    from ifmosfs.ml.synth.sketches import sketch_types

    for module in sorted(entry.name for entry in iter_modules(categories.__path__)):
        import_module(f"{categories.__name__}.{module}")
    found: dict[str, list[DocumentType]] = {}
    for kind in (*_REGISTERED, *sketch_types(), *prose_types()):
        found.setdefault(kind.category, []).append(kind)
    return {category: tuple(sorted(found[category], key=lambda kind: kind.name)) for category in sorted(found)}
