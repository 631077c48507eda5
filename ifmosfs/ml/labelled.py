"""Labelled sets: CSVs that say of files what they are, and making one of several.

A set has at least the columns `path` and `category`; a relative path is meant from the folder of its CSV. `sha256` is taken from
the column of that name, or else from the file. Everything else is carried along. Bytes that are no UTF-8 (as names may have) are
lone surrogates in memory, and the same bytes again when a set is written.
"""

from __future__ import annotations

import csv
import hashlib
import os
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ifmosfs.core.errors import ConfigProblem, TargetProblem

NEEDED: Final = ("path", "category")
OWN: Final = ("path", "category", "sha256", "source", "source_row")
"""The columns that a merged set begins with; `source` and `source_row` say where a row comes from."""

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Balance:
    """How evenly the files are spread: `imbalance` is the largest class over the smallest, `variation` the coefficient
    of variation of their sizes."""

    by_category: Mapping[str, int]
    imbalance: float
    variation: float


@dataclass(frozen=True, slots=True)
class Conflict:
    """The same content with different categories: each with the places that say so. No row of it is in the merged set."""

    sha256: str
    claims: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """The rows of all sets, each content once, with the balance before and after."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    n_read: int
    n_duplicates: int
    n_missing: int
    conflicts: tuple[Conflict, ...]
    before: Balance
    after: Balance


def balance(categories: Iterable[str]) -> Balance:
    """The balance of the categories of some files."""
    counts = Counter(categories)
    if not counts:
        return Balance({}, 0.0, 0.0)
    sizes = list(counts.values())
    return Balance(
        dict(sorted(counts.items())), max(sizes) / min(sizes), statistics.pstdev(sizes) / statistics.fmean(sizes)
    )


def merge_sets(paths: Sequence[str]) -> Merged:
    """One set of several. Of equal contents the first row stays; where their categories differ, none does.

    Files without a hash that cannot be read are left out and counted as missing.

    Raises: ConfigProblem for a file that is no labelled set.
    """
    rows = [row for path in paths for row in read_set(path)]
    by_content: dict[str, list[Row]] = {}
    n_missing = 0
    for row in rows:
        digest = row.get("sha256") or _digest(row["path"])
        if digest is None:
            n_missing += 1
            continue
        by_content.setdefault(digest, []).append({**row, "sha256": digest})
    kept, conflicts, n_duplicates = [], [], 0
    for digest, same in by_content.items():
        if len({row["category"] for row in same}) > 1:
            conflicts.append(
                Conflict(digest, tuple((row["category"], f"{row['source']}:{row['source_row']}") for row in same))
            )
            continue
        kept.append(same[0])
        n_duplicates += len(same) - 1
    extra = dict.fromkeys(column for row in rows for column in row if column not in OWN)
    before, after = balance(row["category"] for row in rows), balance(row["category"] for row in kept)
    return Merged((*OWN, *extra), tuple(kept), len(rows), n_duplicates, n_missing, tuple(conflicts), before, after)


def read_set(path: str) -> list[Row]:
    """The rows of a set, with absolute paths, and where each stands. A row that was merged before keeps what it says of its source.

    Raises: ConfigProblem for a file that cannot be read, that is no CSV, or that lacks a column.
    """
    folder = os.path.dirname(os.path.abspath(path))
    try:
        with open(path, newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            reader = csv.DictReader(file)
            missing = [column for column in NEEDED if column not in (reader.fieldnames or ())]
            if missing:
                raise ConfigProblem(
                    f"no column {' and no column '.join(missing)}",
                    path=os.fsencode(path),
                    hint="the first line of the CSV names its columns, in UTF-8 and parted by commas: path,category",
                )
            return [_placed(row, folder, path, number) for number, row in enumerate(reader, 2)]
    except OSError as error:
        hint = "name a CSV with the columns path and category"
        what = f"the labelled set cannot be read ({error.strerror})"
        raise ConfigProblem(what, path=os.fsencode(path), hint=hint) from error
    except csv.Error as error:
        raise ConfigProblem(f"this is no CSV ({error})", path=os.fsencode(path)) from error


def _placed(row: Mapping[str | None, str | None], folder: str, path: str, number: int) -> Row:
    fields = {column: value or "" for column, value in row.items() if column is not None}
    if not fields["path"] or not fields["category"]:
        hint = "fill both in, or take the row out"
        raise ConfigProblem(f"row {number} lacks a path or a category", path=os.fsencode(path), hint=hint)
    fields["path"] = os.path.join(folder, fields["path"])
    fields["category"] = fields["category"].encode("utf-8", "replace").decode()  # it is shown to people
    fields.setdefault("source", path)
    fields.setdefault("source_row", str(number))
    return fields


def _digest(path: str) -> str | None:
    """The hash of a file's content; `None` for what cannot be read, and for devices and pipes, which might never end."""
    try:
        if not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):  # the latter for a NUL in the path
        return None


def write_set(path: str, merged: Merged) -> None:
    """Write the merged set as a new CSV, its paths relative to it where the files lie beneath it; whole, or none.

    Raises: TargetProblem where there is something already, or nothing can be written.
    """
    folder = os.path.dirname(os.path.abspath(path))
    try:
        with open(path, "x", newline="", encoding="utf-8", errors="surrogateescape") as out:
            try:
                writer = csv.DictWriter(out, merged.columns, restval="", lineterminator="\n")
                writer.writeheader()
                writer.writerows({**row, "path": _relative(row["path"], folder)} for row in merged.rows)
                out.flush()
            except BaseException:
                os.unlink(path)
                raise
    except FileExistsError as error:
        raise TargetProblem(
            "there is something already", path=os.fsencode(path), hint="name a file that does not exist yet"
        ) from error
    except OSError as error:
        hint = "name a new file in a folder you can write to"
        raise TargetProblem(
            f"the set cannot be written ({error.strerror})", path=os.fsencode(path), hint=hint
        ) from error


def _relative(path: str, folder: str) -> str:
    return os.path.relpath(path, folder) if path.startswith(folder + os.sep) else path
