"""Labelled sets as files: the rows of a CSV with what is on the disk, as a scan of their folder would have found it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ifmosfs.app.context import App
from ifmosfs.core.errors import ConfigProblem, NotFound
from ifmosfs.core.files import Place, ScannedFile
from ifmosfs.ml.labelled import Row, read_set

SETS: Final = ("labels.csv", "manifest.csv")
_SEPARATORS: Final = re.compile(r"[\s,;|]+")


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """What is there of a set: its rows with their files, each file once, and the paths of those that are not there. `n_repeated`: rows
    that name a file once more."""

    rows: tuple[tuple[Row, ScannedFile], ...]
    missing: tuple[bytes, ...]
    n_repeated: int = 0


def read_labelled(app: App, data: str, root: str | None) -> LabelledSet:
    """A set with its files. `data` is a CSV, or a folder with one called `labels.csv` or `manifest.csv`; paths are relative to `root`,
    or else to the CSV.

    Raises: ConfigProblem for a set that cannot be used, or that says different things of one file; NotFound where the folder or every
    file of it is not there.
    """
    if root is not None and not os.path.isdir(root):
        raise NotFound("the folder of the files is not there", path=os.fsencode(root), hint="name it with --root")
    listed = csv_of(data)
    top = os.fsencode(os.path.abspath(root or os.path.dirname(listed)))
    rows, found, missing = read_set(listed), [], []
    for row in rows:
        path = os.fsencode(_place(row, listed, root))
        file = scanned(app, top, path)
        if file is None:
            missing.append(path)
        else:
            found.append((row, file))
    if not rows:
        raise ConfigProblem("the set names no file", path=os.fsencode(data), hint="it needs a row for each file")
    if not found:
        hint = "relative paths start from the folder of the CSV; `model evaluate` takes another one by --root"
        raise NotFound("none of the files of the set is there", path=os.fsencode(data), hint=hint)
    once = each_once(found)
    return LabelledSet(once, tuple(dict.fromkeys(missing)), len(found) - len(once))


def each_once(rows: Iterable[tuple[Row, ScannedFile]]) -> tuple[tuple[Row, ScannedFile], ...]:
    """The first row of each file. Raises: ConfigProblem where another row says that it is something else."""
    first: dict[bytes, tuple[Row, ScannedFile]] = {}
    for row, file in rows:
        before, _ = first.setdefault(file.place.absolute, (row, file))
        if before["category"] != row["category"] or also_ok_of(before) != also_ok_of(row):
            places = " and ".join(f"{each['source']}:{each['source_row']}" for each in (before, row))
            what = f"two rows say different things of one file ({places})"
            raise ConfigProblem(what, path=file.place.absolute, hint="take one of them out")
    return tuple(first.values())


def also_ok_of(row: Row) -> frozenset[str]:
    """The other categories that can be defended; parted by spaces, commas, semicolons or bars."""
    return frozenset(name for name in _SEPARATORS.split(row.get("also_ok", "")) if name)


def csv_of(data: str) -> str:
    """The CSV that is meant by a CSV or a folder with one. Raises: ConfigProblem."""
    if not os.path.isdir(data):
        return data
    for name in SETS:
        if os.path.exists(os.path.join(data, name)):
            return os.path.join(data, name)
    raise ConfigProblem(f"the folder has no {' and no '.join(SETS)}", path=os.fsencode(data), hint="name a CSV")


def scanned(app: App, root: bytes, path: bytes) -> ScannedFile | None:
    """A file as a scan of the root would have found it, with the folders below it that speak for what it is; one that no scan of the
    root finds (it lies elsewhere, or behind a link) as a scan of its own folder would; `None` if it is not there."""
    folder, name = os.path.split(os.path.normpath(path))
    below = os.path.relpath(path, root)
    places = [Place(folder, name)] if below.startswith(b"..") else [Place(root, below), Place(folder, name)]
    for place in places:
        try:
            attr = app.disk.lstat(place)
        except OSError:
            continue
        return ScannedFile(0, place.root, place.path, attr.kind, attr.mode, attr.fingerprint)
    return None


def _place(row: Mapping[str, str], listed: str, root: str | None) -> str:
    """Where the file of a row is; `read_set` has put its path below the folder of the CSV."""
    if root is None:
        return row["path"]
    folder = os.path.dirname(os.path.abspath(listed))
    return os.path.join(os.path.abspath(root), os.path.relpath(row["path"], folder))
