"""The reviewed tables beside this module: what is picked from where (`sources.csv`), what was looked at and thrown out
(`rejected.csv`), which packages share files (`upstreams.csv`), and which part each belongs to for good (`halves.csv`): one of the two
halves, or `fresh`, which was gathered when the rules had been widened on the development half."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from benchmarks.real_corpus.fetching import KINDS, Package

Part = Literal["dev", "test", "fresh"]

FOLDER: Final = Path(__file__).parent
SOURCES: Final = FOLDER / "sources.csv"
REJECTED: Final = FOLDER / "rejected.csv"
UPSTREAMS: Final = FOLDER / "upstreams.csv"
HALVES: Final = FOLDER / "halves.csv"
NONE: Final = "__none__"
HALF_NAMES: Final[tuple[Part, ...]] = ("dev", "test")
FRESH: Final[Part] = "fresh"
PART_NAMES: Final[tuple[Part, ...]] = (*HALF_NAMES, FRESH)
FILES_PER_PACKAGE: Final = 8  # of one category


class BadTable(Exception):
    """A line of a table says something impossible; the message names the line."""


@dataclass(frozen=True, slots=True)
class Source:
    """One line of `sources.csv`: the files of a package whose path fits `pattern` belong to `category`.

    `also_ok` are further labels that a person could defend. `at_most` bounds how many files are taken. `keep` is how many
    folders above the file belong to its name: what lies in a `.dist-info` is recognised by that, to a person, too.
    """

    category: str
    package: Package
    pattern: re.Pattern[str]
    also_ok: tuple[str, ...]
    at_most: int
    keep: int


def read_sources(path: Path = SOURCES) -> list[Source]:
    """The lines of `sources.csv`, in their order: where two fit a file, the first one labels it."""
    return [_source(line, row) for line, row in _rows(path)]


def read_rejected(path: Path = REJECTED) -> dict[Package, list[re.Pattern[str]]]:
    """The patterns of files that are not taken, by package."""
    rejected: dict[Package, list[re.Pattern[str]]] = {}
    for line, row in _rows(path):
        rejected.setdefault(_package(line, row), []).append(glob_pattern(row["pattern"]))
    return rejected


def read_upstreams(path: Path = UPSTREAMS) -> dict[Package, str]:
    """Packages that share files, or nearly: those with one upstream are never parted."""
    return {_package(line, row): row["upstream"] for line, row in _rows(path)}


def read_halves(path: Path = HALVES) -> dict[Package, Part]:
    """The part of each package; none where there is no such file yet."""
    found: dict[Package, Part] = {}
    for line, row in _rows(path) if path.exists() else ():
        package = _package(line, row)
        if package in found:
            raise BadTable(f"{path.name}:{line}: {package} has a half already")
        found[package] = _half(line, row)
    return found


def write_halves(halves: Mapping[Package, Part], path: Path = HALVES) -> None:
    """Write the table, in order of packages."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["kind", "package", "half"])
        writer.writerows([package.kind, package.name, half] for package, half in sorted(halves.items()))


def glob_pattern(text: str) -> re.Pattern[str]:
    """A path pattern as a regular expression for `fullmatch`.

    `*` and `?` stay within a folder's name, `**/` is any number of folders, `{a,b}` is either; case does not matter.
    """
    return re.compile("".join(map(_translated, re.findall(r"\*\*/|\*\*|.", text))), re.IGNORECASE)


_TRANSLATIONS: Final[Mapping[str, str]] = {
    "**/": "(?:[^/]+/)*",
    "**": ".*",
    "*": "[^/]*",
    "?": "[^/]",
    "{": "(?:",
    ",": "|",
    "}": ")",
}


def _translated(token: str) -> str:
    return _TRANSLATIONS.get(token) or re.escape(token)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, restkey="", restval=None)
        for row in reader:
            if None in row.values() or "" in row:
                raise BadTable(f"{path.name}:{reader.line_num}: {len(reader.fieldnames or ())} fields wanted")
            yield reader.line_num, row


def _package(line: int, row: Mapping[str, str]) -> Package:
    if row["kind"] not in KINDS:
        raise BadTable(f"line {line}: {row['kind']!r} is none of {', '.join(KINDS)}")
    return Package(row["kind"], row["package"])


def _half(line: int, row: Mapping[str, str]) -> Part:
    for part in PART_NAMES:
        if row["half"] == part:
            return part
    raise BadTable(f"line {line}: {row['half']!r} is none of {', '.join(PART_NAMES)}")


def _source(line: int, row: Mapping[str, str]) -> Source:
    return Source(
        row["category"],
        _package(line, row),
        glob_pattern(row["pattern"]),
        tuple(row["also_ok"].split()),
        int(row["at_most"] or FILES_PER_PACKAGE),
        int(row["keep"] or 0),
    )
