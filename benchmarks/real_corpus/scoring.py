"""How well a way of labelling does on a labelled folder: the program's rules, from names and first bytes alone or as the program uses
them, with what extractors find inside, and what a file's extension alone says.

A file is right when its label is the one in `labels.csv` (strict), or that or one of `also_ok` (lenient). No label is wrong for a
file that has a category, and right for one that has none. Files of no category count in precision and F1 as what they are: every
label that they get is a wrong one.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.real_corpus.extensions import label_by_extension
from benchmarks.real_corpus.gathering import LABELS
from benchmarks.real_corpus.tables import NONE
from ifmosfs.core.files import ScannedFile
from ifmosfs.core.scan import ScanRules, scan_root
from ifmosfs.ml.classifier import RulesClassifier
from ifmosfs.ml.evaluating import ClassScore
from ifmosfs.ml.extract.extractor import Extractor
from ifmosfs.platform import host
from ifmosfs.platform.disk import PosixDisk

Label = str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """A file of the set, and the label it was given (`None`: left alone)."""

    path: str
    category: str
    also_ok: tuple[str, ...]
    package: str
    kind: str
    label: Label

    @property
    def right(self) -> bool:
        return self.label == (None if self.category == NONE else self.category)

    @property
    def defensible(self) -> bool:
        return self.right or self.label in self.also_ok


@dataclass(frozen=True, slots=True)
class Scores:
    """What one method did with every file of a set."""

    method: str
    files: Sequence[Judged]

    @property
    def in_taxonomy(self) -> list[Judged]:
        return [file for file in self.files if file.category != NONE]

    @property
    def strict(self) -> float:
        return _share(file.right for file in self.in_taxonomy)

    @property
    def lenient(self) -> float:
        return _share(file.defensible for file in self.in_taxonomy)

    @property
    def coverage(self) -> float:
        """The share of the files with a category that got a label."""
        return _share(file.label is not None for file in self.in_taxonomy)

    @property
    def precision(self) -> float:
        """The share of right labels among all that were given, to files of no category, too."""
        return _share(file.right for file in self.files if file.label is not None)

    @property
    def left_alone(self) -> float:
        """The share of the files of no category that got no label."""
        return _share(file.right for file in self.files if file.category == NONE)

    @property
    def macro_f1(self) -> float:
        scores = self.by_class().values()
        return sum(score.f1 for score in scores) / len(scores) if scores else 0.0

    def by_class(self) -> dict[str, ClassScore]:
        """The categories of the set, in order."""
        n_files = Counter(file.category for file in self.in_taxonomy)
        n_labelled = Counter(file.label for file in self.files)
        n_right = Counter(file.category for file in self.in_taxonomy if file.right)
        return {name: ClassScore(n_files[name], n_labelled[name], n_right[name]) for name in sorted(n_files)}

    def by_source(self, key: Callable[[Judged], str]) -> dict[str, tuple[int, float, float]]:
        """(files, strict, lenient) by what `key` says of a file; files of no category are right when left alone."""
        groups: dict[str, list[Judged]] = {}
        for file in self.files:
            groups.setdefault(key(file), []).append(file)
        return {
            name: (len(files), _share(file.right for file in files), _share(file.defensible for file in files))
            for name, files in sorted(groups.items())
        }

    def as_json(self) -> dict[str, Any]:
        """All figures, for another program."""
        names = ("strict", "lenient", "macro_f1", "coverage", "precision", "left_alone")
        return {
            "method": self.method,
            "n_files": len(self.files),
            "n_in_taxonomy": len(self.in_taxonomy),
            **{name: round(getattr(self, name), 4) for name in names},
            "by_class": {
                name: {
                    "f1": round(each.f1, 4),
                    "n_files": each.n_files,
                    "n_labelled": each.n_labelled,
                    "n_right": each.n_right,
                }
                for name, each in self.by_class().items()
            },
            "by_kind": self.by_source(lambda file: file.kind),
            "by_package": self.by_source(lambda file: f"{file.kind}:{file.package}"),
        }


def scored(method: str, folder: Path) -> Scores:
    """Label every file that `labels.csv` names by one of `METHODS`."""
    with (folder / LABELS).open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = METHODS[method](folder, [row["path"] for row in rows])
    judged = [
        Judged(
            row["path"],
            row["category"],
            tuple(row["also_ok"].split()),
            row["source_package"],
            row["source_kind"],
            labels[row["path"]],
        )
        for row in rows
    ]
    return Scores(method, judged)


def report(results: Sequence[Scores]) -> str:
    """The tables in Markdown: all methods side by side."""
    first = results[0]
    lines = [
        f"{len(first.in_taxonomy)} files in {len(first.by_class())} categories, {len(first.files) - len(first.in_taxonomy)} in none",
        "",
        "| method | strict | lenient | macro-F1 | coverage | precision | of no category: left alone |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {each.method} | {each.strict:.3f} | {each.lenient:.3f} | {each.macro_f1:.3f} "
            f"| {each.coverage:.3f} | {each.precision:.3f} | {each.left_alone:.3f} |"
            for each in results
        ),
        "",
        "| category | files | " + " | ".join(f"F1, {each.method}" for each in results) + " |",
        "|---|---|" + "---|" * len(results),
    ]
    for name, of_class in first.by_class().items():
        figures = " | ".join(f"{each.by_class()[name].f1:.2f}" for each in results)
        lines.append(f"| {name} | {of_class.n_files} | {figures} |")
    lines += ["", "| source | files | " + " | ".join(f"strict / lenient, {each.method}" for each in results) + " |"]
    lines.append("|---|---|" + "---|" * len(results))
    for name, (n_files, *_) in first.by_source(lambda file: file.kind).items():
        pairs = [each.by_source(lambda file: file.kind)[name] for each in results]
        lines.append(
            f"| {name} | {n_files} | "
            + " | ".join(f"{strict:.2f} / {lenient:.2f}" for _, strict, lenient in pairs)
            + " |"
        )
    return "\n".join(lines)


def _by_rules(folder: Path, paths: Sequence[str], *, inside: bool = False) -> dict[str, Label]:
    root = os.fsencode(folder.resolve())
    wanted = {os.fsencode(path): path for path in paths}
    with PosixDisk() as disk, closing(RulesClassifier(disk, extractor=Extractor() if inside else None)) as classifier:
        found = scan_root(root, disk, ScanRules(host.reader()), lambda n_found: None).found
        files = [
            ScannedFile(number, root, file.path, file.kind, file.mode, file.fingerprint)
            for number, file in enumerate(found, 1)
            if file.path in wanted
        ]
        proposals = classifier.propose_all(files)
        return {wanted[file.path]: proposal.label for file, proposal in zip(files, proposals, strict=True)}


def _by_extension(folder: Path, paths: Sequence[str]) -> dict[str, Label]:
    return {path: label_by_extension(path.rpartition("/")[2]) for path in paths}


METHODS: Final[Mapping[str, Callable[[Path, Sequence[str]], dict[str, Label]]]] = {
    "extension": _by_extension,
    "rules": _by_rules,
    "inside": partial(_by_rules, inside=True),
}


def _share(answers: Iterable[bool]) -> float:
    counted = list(answers)
    return sum(counted) / len(counted) if counted else 0.0
