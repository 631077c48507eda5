"""The word lists in `data/words`: one file per language, and `common.toml` for what is the same in all of them.

A list is a string of words between blanks, or of entries between bars where they hold blanks or are patterns.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from ifmosfs.ml.synth.grammar import OPEN, alternatives

LANGUAGES: Final = {"en": 46, "de": 14, "fr": 9, "es": 8, "it": 6, "nl": 5, "pt": 5, "zh": 3, "ja": 2, "ru": 2}
"""The languages of the corpus, with their weights."""

COMMON: Final = "common"


@cache
def word_lists(language: str) -> Mapping[str, tuple[str, ...]]:
    """The lists of a language over the common ones, by name. A list that a language lacks is taken from English."""
    own = read_lists(language)
    if language == "en":
        return {**read_lists(COMMON), **own}
    return {**read_lists(COMMON), **read_lists("en"), **own}


@cache
def read_lists(name: str) -> Mapping[str, tuple[str, ...]]:
    """The lists of one file."""
    return {key: entries(text) for key, text in read_data(f"words/{name}.toml").items()}


def entries(text: str) -> tuple[str, ...]:
    """The entries of a list."""
    options = alternatives(text)
    if len(options) > 1:
        return tuple(option.strip() for option in options)
    return (text,) if OPEN in text else tuple(text.split())


def read_data(path: str) -> dict[str, Any]:
    """A parsed TOML file of `data`."""
    return tomllib.loads(resources.files(__package__).joinpath("data", path).read_text("utf-8"))


def data_files(folder: str) -> list[str]:
    """The names of the TOML files in a folder of `data`, sorted, without the ending."""
    found = resources.files(__package__).joinpath("data", folder).iterdir()
    return sorted(entry.name.removesuffix(".toml") for entry in found if entry.name.endswith(".toml"))
