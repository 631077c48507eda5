"""Tokens of features as words for a person: what a model goes by, told as one would point it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ifmosfs.ml.evidence import Verdict
from ifmosfs.ml.extract.values import FIELDS, NUMBERS

SHORTEST_TOLD: Final = 4


def words_for(token: str, verdict: Verdict) -> str | None:
    """What a token means, `None` for those that tell a person nothing (the shape of a name, a size)."""
    kind, separator, value = token.partition(":")
    if not separator:
        name, _, value = token.partition("=")
        return f"its {_SHORT.get(name, name)}: {value}" if name in FIELDS and value else None
    if kind in {"v", "b"}:
        return verdict.reason if verdict.ranking else None
    told = _TOLD.get(kind)
    if told is not None:
        return told(value)
    return f'the word "{value}" in its {_SHORT.get(kind, kind)}' if kind in FIELDS else None


def _named(what: str) -> Callable[[str], str | None]:
    return lambda value: f'{what} "{value}"' if value else None


def _word(where: str) -> Callable[[str], str | None]:
    return lambda value: f'the word "{value}" in its {where}' if any(char.isalpha() for char in value) else None


def _text_word(value: str) -> str | None:
    """Short words are mostly those of a language, and say nothing to a person although they tell the model which one it is."""
    return _word("text")(value) if len(value) >= SHORTEST_TOLD else None


def _words(where: str) -> Callable[[str], str | None]:
    return lambda value: f'the words "{value}" in its {where}' if any(char.isalpha() for char in value) else None


def _measured(value: str) -> str | None:
    """What a number is, without its unit and its limits: the model knows it only roughly."""
    name = value.partition(":")[0]
    if name.startswith("has_"):
        return f"whether it has {name.removeprefix('has_').replace('_', ' ')}"
    return f"its {_SHORT.get(name, name.removeprefix('n_').replace('_', ' '))}" if name in NUMBERS else None


_SHORT: Final[Mapping[str, str]] = {
    "binary_type": "kind of program",
    "packed_name": "name before packing",
    "flat_share": "areas of one colour",
    "edge_share": "sharp edges",
    "white_share": "white areas",
    "dark_share": "dark areas",
    "alpha_share": "transparency",
    "distinct_colours": "colours",
    "width": "width in pixels",
    "height": "height in pixels",
    "duration_s": "length in time",
    "n_pages": "number of pages",
    "n_lines": "number of lines",
    "n_members": "number of members",
}

_TOLD: Final[Mapping[str, Callable[[str], str | None]]] = {
    "r": lambda value: value or None,
    "e": lambda _: "what its name and text are about",
    "n": _word("name"),
    "n2": _words("name"),
    "x": lambda value: f"the extension .{value}" if value else "a name without extension",
    "z": lambda value: f"the extension {value}",
    "d": _named("a folder called"),
    "t": _text_word,
    "m": _named("a member called"),
    "md": _named("members in a folder called"),
    "mx": lambda value: f"members that end in .{value}" if value else None,
    "y": _named("the heading or key"),
    "yw": _word("headings or keys"),
    "q": _measured,
}
