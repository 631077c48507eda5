"""The categories files are sorted into, as frozen values read from `taxonomy.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from ifmosfs.core.errors import ConfigProblem


@dataclass(frozen=True, slots=True)
class Category:
    """One category: its stored name, a short label and one line on what belongs there, both for people."""

    name: str
    label: str
    about: str


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All categories, sorted by name, each name once."""

    categories: tuple[Category, ...]

    @property
    def names(self) -> frozenset[str]:
        """The stored names."""
        return frozenset(category.name for category in self.categories)

    def label(self, name: str) -> str:
        """The label for people; a name that the taxonomy does not have is its own label."""
        return next((category.label for category in self.categories if category.name == name), name)


def default_taxonomy() -> Taxonomy:
    """The taxonomy that comes with the program."""
    return parse_taxonomy(tomllib.loads(resources.files("ifmosfs.ml").joinpath("taxonomy.toml").read_text("utf-8")))


def parse_taxonomy(document: Mapping[str, object]) -> Taxonomy:
    """The taxonomy a parsed TOML document describes: a table per category, with `label` and `about`.

    Raises ConfigProblem once, with all problems, where a table is missing or a text is missing or empty.
    """
    problems: list[str] = []
    categories = [_category(name, table, problems) for name, table in sorted(document.items())]
    if problems:
        raise ConfigProblem("the taxonomy cannot be used: " + "; ".join(problems))
    return Taxonomy(tuple(categories))


def _category(name: str, table: object, problems: list[str]) -> Category:
    if not isinstance(table, Mapping):
        problems.append(f"{name}: not a table")
        return Category(name, "", "")
    texts = {key: table.get(key) for key in ("label", "about")}
    problems.extend(f"{name}: no {key}" for key, text in texts.items() if not isinstance(text, str) or not text)
    return Category(name, str(texts["label"]), str(texts["about"]))
