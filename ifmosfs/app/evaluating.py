"""Use case: compare ways of labelling on labelled files from anywhere, and label files without scanning their folder."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final

from ifmosfs.app.context import App
from ifmosfs.app.labelled_sets import also_ok_of, read_labelled, scanned
from ifmosfs.app.methods import checked_methods, make_method
from ifmosfs.app.synthesising import make_synthetic_corpus
from ifmosfs.core.errors import ConfigProblem
from ifmosfs.core.files import ScannedFile
from ifmosfs.core.proposal import Proposal
from ifmosfs.ml.evaluating import NONE, Evaluation, Judgement, evaluate
from ifmosfs.ml.labelled import Row
from ifmosfs.ml.methods import Labelled, Method
from ifmosfs.ml.splitting import Split, split_by_group

BY_FOLDER: Final = "folder"
BY_FILE: Final = "file"
SYNTHETIC_SEED: Final = 20_241  # one that nobody trains with
N_SYNTHETIC: Final = 20  # files of each category
NOT_THERE: Final = Proposal(None, 0.0, "not there", unreadable="No such file or directory")
_NO_GROUPS: Final = frozenset({"path", "category", "also_ok", "sha256", "source", "source_row"})


@dataclass(frozen=True, slots=True)
class SplitOrder:
    """Test on about this share of the files only, and learn from the others. No group is in both parts: `by` is a column of the set,
    or `BY_FOLDER`, or, which flatters what learns, `BY_FILE`."""

    share: float
    by: str = BY_FOLDER
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One side of a split."""

    n_files: int
    n_groups: int
    categories: frozenset[str]


@dataclass(frozen=True, slots=True)
class SplitReport:
    """How the files were parted."""

    order: SplitOrder
    train: Part
    test: Part

    @property
    def is_flattering(self) -> bool:
        """Whether files of one source may be in both parts."""
        return self.order.by == BY_FILE

    @property
    def only_train(self) -> tuple[str, ...]:
        """The categories of which none is tested."""
        return tuple(sorted(self.train.categories - self.test.categories))

    @property
    def only_test(self) -> tuple[str, ...]:
        """The categories of which nothing can be learned."""
        return tuple(sorted(self.test.categories - self.train.categories))


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """The figures of each method on the same files, in the order that was asked for.

    `learned`: from how many files those that learn have learned; without a split, they are the same that they are tested on.
    `missing`: files that are not there, `n_repeated`: rows that name a file once more, which count for nothing. `unknown`: categories
    that the taxonomy does not have, with their files, which count as wrong.
    `is_synthetic`: the files were made for this, and are gone.
    """

    evaluations: tuple[Evaluation, ...]
    split: SplitReport | None
    learned: Mapping[str, int]
    missing: tuple[bytes, ...]
    unknown: Mapping[str, int]
    n_repeated: int = 0
    is_synthetic: bool = False


@dataclass(frozen=True, slots=True)
class _Set:
    """The files of a set that are there, and the rows they come from."""

    files: list[Labelled]
    rows: list[Row]


def evaluate_methods(
    app: App,
    data: str,
    root: str | None,
    names: Sequence[str],
    threshold: float | None = None,
    order: SplitOrder | None = None,
) -> EvaluationReport:
    """Label the files of a set by each method, and compare with what they are.

    `data` is a CSV with the columns `path`, `category` and perhaps `also_ok` (several parted by spaces, commas, semicolons or bars),
    or a folder with one called `labels.csv` or `manifest.csv`. Paths are relative to `root`, or else to the CSV. `threshold`: by
    default the one that each method asks for, and for single categories what the settings say. Without an `order` all files are tested
    on, and learned from.

    Raises: ConfigProblem for a set that cannot be used or parted, and for settings about a category that there is not; NotFound for a
    method that there is not, and where no file is there; UsageProblem where no method is named.
    """
    wanted = checked_methods(app, names)
    own = dict(app.thresholds.by_category) if threshold is None else {}
    read = read_labelled(app, data, root)
    found = _Set(
        [Labelled(file, row["category"], also_ok_of(row)) for row, file in read.rows], [row for row, _ in read.rows]
    )
    split = _split(found, order) if order else None
    train = [found.files[position] for position in split.train] if split else found.files
    test = [found.files[position] for position in split.test] if split else found.files
    evaluations, learned = [], {}
    for name in wanted:
        with closing(make_method(app, name)) as method:
            method.learn(train)
            limit = method.threshold if threshold is None else threshold
            evaluations.append(_evaluation(app, name, method, test, limit, own))
            if method.learns:
                learned[name] = len(train)
    unknown = Counter(each.category for each in found.files if each.category not in {*app.taxonomy.names, NONE})
    report = _split_report(found, order, split) if order and split else None
    return EvaluationReport(
        tuple(evaluations), report, learned, read.missing, dict(sorted(unknown.items())), read.n_repeated
    )


def evaluate_on_synthetic(
    app: App, names: Sequence[str], threshold: float | None = None, order: SplitOrder | None = None
) -> EvaluationReport:
    """The same on a small synthetic corpus that is made for it, and removed after it.

    Raises: BackendMissing without the libraries of the extra `synth`; else as `evaluate_methods`.
    """
    checked_methods(app, names)
    with tempfile.TemporaryDirectory(prefix="ifmosfs-evaluate-") as folder:
        make_synthetic_corpus(folder, N_SYNTHETIC, None, SYNTHETIC_SEED, False, (), None, app.progress)
        return replace(evaluate_methods(app, folder, None, names, threshold, order), is_synthetic=True)


def label_files(app: App, paths: Iterable[bytes]) -> Iterator[tuple[bytes, Proposal]]:
    """The program's word on single files, by paths as they were given, as if the folder that holds them all had been scanned;
    `NOT_THERE` for a path that names nothing. Nothing of it is stored but what was found inside."""
    listed = list(paths)
    root = _common_folder(listed)
    looked_at: list[ScannedFile] = []
    places: list[int] = []
    for position, path in enumerate(listed):
        file = scanned(app, root, os.path.abspath(path))
        if file is not None:
            looked_at.append(file)
            places.append(position)
    found: dict[int, Proposal] = {}
    with closing(app.classifier.propose_all(looked_at)) as proposals:
        for n_done, (position, proposal) in enumerate(zip(places, proposals, strict=True)):
            app.progress("Classifying", n_done, len(looked_at))
            found[position] = proposal
    return ((path, found.get(position, NOT_THERE)) for position, path in enumerate(listed))


def _split(found: _Set, order: SplitOrder) -> Split:
    split = split_by_group(
        [each.category for each in found.files], _groups(found.rows, order.by), order.share, order.seed
    )
    if not split.train or not split.test:
        what = f"all files are of one {order.by}, and there is nothing left to compare them with"
        raise ConfigProblem(what, hint="choose other groups with --by")
    return split


def _groups(rows: Sequence[Row], by: str) -> list[str]:
    if by == BY_FILE:
        return [row["path"] for row in rows]
    if by == BY_FOLDER:
        return [os.path.dirname(row["path"]) for row in rows]
    if by not in rows[0]:
        columns = [column for column in rows[0] if column not in _NO_GROUPS]
        others = f", or a column of the set: {', '.join(columns)}" if columns else ""
        hint = f"choose --by {BY_FOLDER} or --by {BY_FILE}{others}"
        raise ConfigProblem(f"the set has no column {by}", hint=hint)
    empty = [row["source_row"] for row in rows if not row[by]]
    if empty:
        what = f"{len(empty):,} files have no {by}, the first of them in line {empty[0]}"
        raise ConfigProblem(what, hint=f"fill the column, or choose --by {BY_FOLDER}")
    return [row[by] for row in rows]


def _split_report(found: _Set, order: SplitOrder, split: Split) -> SplitReport:
    groups = _groups(found.rows, order.by)

    def part(positions: Sequence[int]) -> Part:
        n_groups = len({groups[position] for position in positions})
        return Part(
            len(positions), n_groups, frozenset(found.files[position].category for position in positions) - {NONE}
        )

    return SplitReport(order, part(split.train), part(split.test))


def _common_folder(paths: Sequence[bytes]) -> bytes:
    folders = [os.path.dirname(os.path.abspath(path)) for path in paths]
    return os.path.commonpath(folders) if folders else b"/"


def _evaluation(
    app: App, name: str, method: Method, test: Sequence[Labelled], threshold: float, own: Mapping[str, float]
) -> Evaluation:
    files = [each.file for each in test]
    method.warm_up(files)
    judgements = []
    started = time.perf_counter()
    with closing(method.answers(files)) as answers:
        for n_done, (each, answer) in enumerate(zip(test, answers, strict=True)):
            app.progress("Classifying", n_done, len(files))
            path = each.file.place.absolute
            judgements.append(
                Judgement(path, each.category, each.also_ok, answer.label, answer.confidence, answer.seconds)
            )
    return evaluate(name, judgements, threshold, time.perf_counter() - started, own)
