"""Use case: compare ways of labelling on labelled files from anywhere, and label files without scanning their folder."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from ifmosfs.app.context import App
from ifmosfs.core.errors import ConfigProblem, NotFound
from ifmosfs.core.files import Place, ScannedFile
from ifmosfs.core.proposal import Proposal
from ifmosfs.ml.baselines import ByExtension, Guess, MostFrequent
from ifmosfs.ml.evaluating import NONE, Evaluation, Judgement, evaluate
from ifmosfs.ml.labelled import read_set

RULES: Final = "rules"
EXTENSIONS: Final = "extensions"
MOST_FREQUENT: Final = "most-frequent"
METHODS: Final = (RULES, EXTENSIONS, MOST_FREQUENT)
SETS: Final = ("labels.csv", "manifest.csv")
_SEPARATORS: Final = re.compile(r"[\s,;|]+")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A file with what it is, and what else could be said of it."""

    file: ScannedFile
    category: str
    also_ok: frozenset[str]


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """The figures of each method on the same files, in the order that was asked for. `missing`: files that are not there."""

    evaluations: tuple[Evaluation, ...]
    missing: tuple[bytes, ...]


def evaluate_methods(
    app: App, data: str, root: str | None, methods: Sequence[str], threshold: float | None = None
) -> EvaluationReport:
    """Label the files of a set by each method, and compare with what they are.

    `data` is a CSV with the columns `path`, `category` and perhaps `also_ok` (several parted by spaces, commas, semicolons or bars),
    or a folder with one called `labels.csv` or `manifest.csv`. Paths are relative to `root`, or else to the CSV. `threshold`: by
    default the one of the settings.

    Raises: ConfigProblem for a set that cannot be used; NotFound for a method that there is not, and where no file is there.
    """
    unknown = [name for name in methods if name not in METHODS]
    if unknown:
        raise NotFound(f"no such way of labelling: {', '.join(unknown)}", hint=f"there are {', '.join(METHODS)}")
    files, missing = _files_of(app, data, root)
    if not files:
        raise NotFound(
            "none of the files of the set is there", path=os.fsencode(data), hint="name their folder: --root"
        )
    wanted = app.thresholds.default if threshold is None else threshold
    found = tuple(_evaluation(app, name, files, wanted) for name in methods)
    return EvaluationReport(found, tuple(missing))


def label_files(app: App, paths: Iterable[bytes]) -> Iterator[tuple[bytes, Proposal]]:
    """The program's word on single files, by paths as they were given. Nothing of it is stored but what was found inside."""
    listed = list(paths)
    looked_at: list[ScannedFile] = []
    places: list[int] = []
    for position, path in enumerate(listed):
        file = _scanned(app, os.path.abspath(path))
        if file is not None:
            looked_at.append(file)
            places.append(position)
    found: dict[int, Proposal] = {}
    with closing(app.classifier.propose_all(looked_at)) as proposals:
        for n_done, (position, proposal) in enumerate(zip(places, proposals, strict=True)):
            app.progress("Classifying", n_done, len(looked_at))
            found[position] = proposal
    nothing = Proposal(None, 0.0, "not there", unreadable="No such file or directory")
    return ((path, found.get(position, nothing)) for position, path in enumerate(listed))


def _files_of(app: App, data: str, root: str | None) -> tuple[list[Labelled], list[bytes]]:
    files, missing = [], []
    for row in read_set(_csv_of(data)):
        path = os.fsencode(_place(row, data, root))
        file = _scanned(app, path)
        if file is None:
            missing.append(path)
            continue
        also_ok = frozenset(name for name in _SEPARATORS.split(row.get("also_ok", "")) if name)
        files.append(Labelled(file, row["category"], also_ok))
    return files, missing


def _csv_of(data: str) -> str:
    if not os.path.isdir(data):
        return data
    for name in SETS:
        if os.path.exists(os.path.join(data, name)):
            return os.path.join(data, name)
    raise ConfigProblem(f"the folder has no {' and no '.join(SETS)}", path=os.fsencode(data), hint="name a CSV")


def _place(row: Mapping[str, str], data: str, root: str | None) -> str:
    """Where the file of a row is; `read_set` has put its path below the folder of the CSV."""
    if root is None:
        return row["path"]
    folder = os.path.dirname(os.path.abspath(_csv_of(data)))
    return os.path.join(os.path.abspath(root), os.path.relpath(row["path"], folder))


def _scanned(app: App, path: bytes) -> ScannedFile | None:
    """A file as a scan of its folder would have found it, `None` if it is not there."""
    root, name = os.path.split(path)
    place = Place(root, name)
    try:
        attr = app.disk.lstat(place)
    except OSError:
        return None
    return ScannedFile(0, root, name, attr.kind, attr.mode, attr.fingerprint)


def _evaluation(app: App, name: str, files: Sequence[Labelled], threshold: float) -> Evaluation:
    started = time.perf_counter()
    if name == RULES:
        judgements = list(_by_classifier(app, files))
    else:
        guess = _guesses(name, files)
        judgements = [_judgement(each, *guess(each.file)) for each in files]
    return evaluate(name, judgements, threshold, time.perf_counter() - started)


def _guesses(name: str, files: Sequence[Labelled]) -> Callable[[ScannedFile], Guess]:
    if name == EXTENSIONS:
        return ByExtension().guess
    return MostFrequent(each.category for each in files if each.category != NONE).guess


def _by_classifier(app: App, files: Sequence[Labelled]) -> Iterator[Judgement]:
    classifier = app.classifier.inner  # what people have said of these files would only flatter it
    with closing(classifier.propose_all([each.file for each in files])) as proposals:
        before = time.perf_counter()
        for n_done, (each, proposal) in enumerate(zip(files, proposals, strict=True)):
            app.progress("Classifying", n_done, len(files))
            now = time.perf_counter()
            yield _judgement(each, proposal.label, proposal.score, now - before)
            before = now


def _judgement(each: Labelled, label: str | None, confidence: float, seconds: float | None = None) -> Judgement:
    return Judgement(each.file.place.absolute, each.category, each.also_ok, label, confidence, seconds)
