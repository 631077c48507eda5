"""Which files of the fetched packages are taken, and what they are called in the set."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path, PurePosixPath
from typing import Final

from benchmarks.real_corpus.fetching import Fetched, Package
from benchmarks.real_corpus.tables import NONE, Part, Source

LARGEST_BYTES: Final = 16 * 2**20
FILES_PER_CATEGORY: Final[Mapping[Part, int]] = {"dev": 45, "test": 45, "fresh": 30}
FILES_OF_NONE: Final[Mapping[Part, int]] = {"dev": 110, "test": 110, "fresh": 70}
FILES_PER_FOLDER: Final = 25


@dataclass(frozen=True, slots=True)
class Pick:
    """A file that was taken, and where it lies in the cache."""

    category: str
    also_ok: tuple[str, ...]
    package: Package
    original_path: str
    digest: str
    kept: str
    file: Path


def candidates(fetched: Fetched, sources: Iterable[Source], rejected: Sequence[re.Pattern[str]]) -> list[Pick]:
    """What the package's lines of the table take of it: per line at most so many, in the order of hashes of their paths."""
    wanted = [source for source in sources if source.package == fetched.package]
    files = sorted(fetched.files(), key=lambda entry: _order(fetched.package, entry[0]))
    room = {id(source): source.at_most for source in wanted}
    picks: list[Pick] = []
    seen: set[str] = set()
    for original_path, file in files:
        source = next((each for each in wanted if each.pattern.fullmatch(original_path)), None)
        if source is None or not room[id(source)] or any(each.fullmatch(original_path) for each in rejected):
            continue
        if not 0 < file.stat().st_size <= LARGEST_BYTES:
            continue
        digest = digest_of(file)
        if digest in seen:
            continue
        seen.add(digest)
        room[id(source)] -= 1
        kept = "/".join(PurePosixPath(original_path).parts[-1 - source.keep :])
        picks.append(Pick(source.category, source.also_ok, fetched.package, original_path, digest, kept, file))
    return picks


def without_copies(picks: Iterable[Pick], last: Container[Package] = ()) -> list[Pick]:
    """Of files with the same content only the first, in the order of packages and paths; those of the `last` packages come last."""
    firsts: dict[str, Pick] = {}
    for pick in sorted(picks, key=lambda pick: (pick.package in last, pick.package, pick.original_path)):
        firsts.setdefault(pick.digest, pick)
    return list(firsts.values())


def evenly(picks: Iterable[Pick], part: Part) -> list[Pick]:
    """At most `FILES_PER_CATEGORY` of each category for a part, in rounds of one from each package, so that none prevails."""
    rounds: Counter[tuple[str, Package]] = Counter()
    ordered: dict[str, list[tuple[int, str, Pick]]] = {}
    for pick in sorted(picks, key=lambda pick: _order(pick.package, pick.original_path)):
        turn = rounds[pick.category, pick.package]
        rounds[pick.category, pick.package] += 1
        ordered.setdefault(pick.category, []).append((turn, _order(pick.package, pick.original_path), pick))
    chosen: list[Pick] = []
    for category, turns in sorted(ordered.items()):
        limit = (FILES_OF_NONE if category == NONE else FILES_PER_CATEGORY)[part]
        chosen += [pick for _, _, pick in sorted(turns, key=lambda entry: entry[:2])[:limit]]
    return chosen


def places(picks: Iterable[Pick]) -> list[tuple[str, Pick]]:
    """A path in the set for each file: its own name in a folder that tells nothing (`a1`, `a2`, …), dealt out by their hashes."""
    taken: set[str] = set()
    result = []
    for number, pick in enumerate(sorted(picks, key=lambda pick: sha256(pick.digest.encode()).digest())):
        path = next(path for path in _folders(number, pick.kept) if _top(path) not in taken)
        taken.add(_top(path))
        result.append((path, pick))
    return result


def blind_name(number: int, kept: str) -> str:
    """A name without meaning: a number and what the file's kind is known by (`.pdf`, `.tar.gz`, `.txt~`)."""
    name = kept.rpartition("/")[2]
    extension = re.search(r"(?<=[^.])(?:\.tar)?(?:\.[A-Za-z][A-Za-z0-9]{0,9}){1,2}~?$|~$", name)
    suffix = extension.group() if extension else ""
    parts = [part for part in suffix.split(".") if part]
    if len(parts) == 2 and parts[0].lower() != "tar" and parts[1].lower() not in _WRAPPINGS:
        suffix = f".{parts[1]}"
    return f"{number:04}{suffix}"


_WRAPPINGS: Final = frozenset({"gz", "bz2", "xz", "zst", "bak", "orig", "old", "save"})


def digest_of(file: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal digits."""
    with file.open("rb") as opened:
        return file_digest(opened, "sha256").hexdigest()


def _folders(number: int, kept: str) -> Iterator[str]:
    first = number // FILES_PER_FOLDER
    while True:
        first += 1
        yield f"a{first}/{kept}"


def _top(path: str) -> str:
    """What must be there once: a folder's entry, in any case of its letters."""
    return "/".join(path.split("/")[:2]).casefold()


def _order(package: Package, original_path: str) -> str:
    return sha256(f"{package}/{original_path}".encode(errors="surrogateescape")).hexdigest()


def by_package(sources: Iterable[Source]) -> Mapping[Package, list[Source]]:
    """The lines of the table by their packages."""
    grouped: dict[Package, list[Source]] = {}
    for source in sources:
        grouped.setdefault(source.package, []).append(source)
    return grouped
