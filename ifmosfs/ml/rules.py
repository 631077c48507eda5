"""The reviewed data of the classifier: what names, places, formats and words say, read from `rules.toml` and `words.toml`."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from ifmosfs.ml.evidence import Families, Finding
from ifmosfs.ml.phrases import Phrases

UNKNOWN_GROUP: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern and what it says; `groups` limits it to files whose extension is in one of them (none: no limit)."""

    pattern: re.Pattern[str]
    finding: Finding
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Extension:
    """What an extension says, and the group that other rules name."""

    group: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Format:
    """What a recognised content says; `prose` when its words may tell what it is about."""

    finding: Finding
    prose: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """All reviewed data. `digest` changes with every edit of it."""

    families: Families
    places: tuple[Rule, ...]
    folders: tuple[Rule, ...]
    names: tuple[Rule, ...]
    words: tuple[Rule, ...]
    extensions: Mapping[str, Extension]
    formats: Mapping[str, Format]
    vocabulary: Mapping[str, tuple[str, ...]]  # word -> categories
    weak_vocabulary: Mapping[str, tuple[str, ...]]  # the same for words that say less
    phrases: Phrases
    digest: str


def default_rules() -> Rules:
    """The rules that come with the program."""
    folder = resources.files("ifmosfs.ml")
    rules, words = (folder.joinpath(name).read_text("utf-8") for name in ("rules.toml", "words.toml"))
    digest = hashlib.blake2b((rules + words).encode(), digest_size=4).hexdigest()
    return parse_rules(tomllib.loads(rules), tomllib.loads(words), digest)


def parse_rules(document: Mapping[str, Any], words: Mapping[str, Any], digest: str) -> Rules:
    """The rules of two parsed TOML documents, which are the program's own: a mistake in them raises KeyError or re.error."""
    names = document["name"]
    return Rules(
        families={name: frozenset(members) for name, members in document["families"].items()},
        places=tuple(_rule(entry, "path") for entry in document["place"]),
        folders=tuple(_rule(entry, "words") for entry in document["folder"]),
        names=tuple(_rule(entry, "name") for entry in names if "name" in entry),
        words=tuple(_rule(entry, "words") for entry in names if "words" in entry),
        extensions={key: _extension(key, entry) for entry in document["extension"] for key in entry["of"].split()},
        formats={
            key: Format(Finding(entry["what"], entry["says"]), entry.get("prose", False))
            for entry in document["format"]
            for key in entry["of"].split()
        },
        vocabulary=_vocabulary(words, "words"),
        weak_vocabulary=_vocabulary(words, "weak"),
        phrases=Phrases((phrase, category) for category, table in words.items() for phrase in table["phrases"]),
        digest=digest,
    )


def _rule(entry: Mapping[str, Any], key: str) -> Rule:
    return Rule(
        re.compile(entry[key], re.DOTALL), Finding(entry["what"], entry["says"]), frozenset(entry.get("for", ()))
    )


def _extension(key: str, entry: Mapping[str, Any]) -> Extension:
    return Extension(entry["group"], Finding(f"the extension .{key} ({entry['what']})", entry["says"]))


def _vocabulary(words: Mapping[str, Any], kind: str) -> dict[str, tuple[str, ...]]:
    vocabulary: dict[str, tuple[str, ...]] = {}
    for category, table in words.items():
        for word in table.get(kind, ()):
            vocabulary[word] = (*vocabulary.get(word, ()), category)
    return vocabulary
