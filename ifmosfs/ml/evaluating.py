"""How well labels fit what files are: the figures of an evaluation, from judgements of single files. Pure.

A judgement is right *strictly* when the label is the file's category, and *leniently* when it is that or one of the other categories
that can be defended. A file that belongs to no category (`NONE`) is right when it has no label. Being unsure is no label: a file of a
category that is left alone counts as wrong in the accuracies, and not at all in the precision of what is decided.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final

NONE: Final = "__none__"
N_BINS: Final = 10
PRECISIONS: Final = (0.99, 0.97, 0.95, 0.9)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A file and the label it was given (`None`: left alone) with its confidence. `seconds`: what it took, where that was measured."""

    path: bytes
    category: str
    also_ok: frozenset[str]
    label: str | None
    confidence: float
    seconds: float | None = None

    @property
    def has_category(self) -> bool:
        """Whether it belongs to a category at all."""
        return self.category != NONE

    @property
    def is_right(self) -> bool:
        """Whether the label is the file's category, or is none where it has none."""
        return self.label == (self.category if self.has_category else None)

    @property
    def is_defensible(self) -> bool:
        """Whether it is right, or can be defended."""
        return self.is_right or self.label in self.also_ok


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One category: how many files are of it, how many got its label, and how many of those are of it."""

    n_files: int
    n_labelled: int
    n_right: int

    @property
    def precision(self) -> float:
        """The share of the labelled that are of it; 0 where none is labelled."""
        return self.n_right / self.n_labelled if self.n_labelled else 0.0

    @property
    def recall(self) -> float:
        """The share of its files that are labelled so; 0 where there are none."""
        return self.n_right / self.n_files if self.n_files else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        together = self.n_files + self.n_labelled
        return 2 * self.n_right / together if together else 0.0


@dataclass(frozen=True, slots=True)
class Decided:
    """What is decided from a confidence on: the share of all files, how many of those are right (leniently), and the share of files of
    no category that are left alone."""

    threshold: float
    coverage: float
    precision: float
    rejected: float | None


@dataclass(frozen=True, slots=True)
class Bin:
    """The decided files of a range of confidence: how many, their mean confidence, and the share that is right (leniently)."""

    n: int
    confidence: float
    precision: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of one way of labelling on one set of files."""

    name: str
    n_files: int
    n_none: int
    strict: float
    lenient: float
    macro_f1: float
    classes: Mapping[str, ClassScore]
    confusion: Mapping[str, Mapping[str, int]]
    decided: Decided
    at_precision: Mapping[float, float]
    risk_coverage: tuple[tuple[float, float], ...]
    bins: tuple[Bin, ...]
    calibration_error: float
    median_ms: float | None
    files_per_second: float | None


def evaluate(name: str, judgements: Sequence[Judgement], threshold: float, seconds: float | None = None) -> Evaluation:
    """All figures of some judgements; `threshold` is the confidence from which on the program would move a file, `seconds` what all
    of them took together.

    Accuracies and F1 are over the files that have a category; precisions, coverage and calibration over all.
    """
    known = [each for each in judgements if each.has_category]
    classes = _classes(judgements)
    wanted = sorted({each.category for each in known})
    each_ms = [each.seconds * 1000 for each in judgements if each.seconds is not None]
    ranked = sorted((each for each in judgements if each.label is not None), key=lambda each: -each.confidence)
    bins = _bins(ranked)
    return Evaluation(
        name=name,
        n_files=len(judgements),
        n_none=len(judgements) - len(known),
        strict=_share(each.is_right for each in known),
        lenient=_share(each.is_defensible for each in known),
        macro_f1=fmean(classes[category].f1 for category in wanted) if wanted else 0.0,
        classes={category: classes[category] for category in wanted},
        confusion=_confusion(judgements),
        decided=_decided(judgements, threshold),
        at_precision={wanted_: _coverage_at(ranked, wanted_, len(judgements)) for wanted_ in PRECISIONS},
        risk_coverage=_risk_coverage(ranked, len(judgements)),
        bins=bins,
        calibration_error=_calibration_error(bins),
        median_ms=median(each_ms) if each_ms else None,
        files_per_second=len(judgements) / seconds if seconds else None,
    )


def _share(values: Iterable[bool]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0


def _classes(judgements: Iterable[Judgement]) -> defaultdict[str, ClassScore]:
    files, labelled, right = Counter[str](), Counter[str](), Counter[str]()
    for each in judgements:
        files[each.category] += 1
        if each.label is not None:
            labelled[each.label] += 1
            right[each.label] += each.is_right
    names = {*files, *labelled}
    found = {name: ClassScore(files[name], labelled[name], right[name]) for name in names}
    return defaultdict(lambda: ClassScore(0, 0, 0), found)


def _confusion(judgements: Iterable[Judgement]) -> dict[str, dict[str, int]]:
    """Category → label → files; no label is `NONE`."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for each in judgements:
        found[each.category][each.label or NONE] += 1
    return {category: dict(sorted(found[category].items())) for category in sorted(found)}


def _decided(judgements: Sequence[Judgement], threshold: float) -> Decided:
    decided = [each for each in judgements if each.label is not None and each.confidence >= threshold]
    of_none = [each for each in judgements if not each.has_category]
    left_alone = [each for each in of_none if each.label is None or each.confidence < threshold]
    return Decided(
        threshold,
        len(decided) / len(judgements) if judgements else 0.0,
        _share(each.is_defensible for each in decided),
        len(left_alone) / len(of_none) if of_none else None,
    )


def _coverage_at(ranked: Sequence[Judgement], precision: float, n_files: int) -> float:
    """The largest share of all files, the surest first, of which so many are right."""
    n_right, best = 0, 0
    for position, each in enumerate(ranked, 1):
        n_right += each.is_defensible
        if n_right >= precision * position and _is_last_of_its_confidence(ranked, position):
            best = position
    return best / n_files if n_files else 0.0


def _is_last_of_its_confidence(ranked: Sequence[Judgement], position: int) -> bool:
    """No threshold parts files of one confidence."""
    return position == len(ranked) or ranked[position].confidence < ranked[position - 1].confidence


def _risk_coverage(ranked: Sequence[Judgement], n_files: int, n_points: int = 20) -> tuple[tuple[float, float], ...]:
    """(coverage, precision) as ever more files are decided, the surest first."""
    points, n_right = [], 0
    step = max(1, len(ranked) // n_points)
    for position, each in enumerate(ranked, 1):
        n_right += each.is_defensible
        if position % step == 0 or position == len(ranked):
            points.append((position / n_files, n_right / position))
    return tuple(points)


def _bins(ranked: Iterable[Judgement]) -> tuple[Bin, ...]:
    parted: list[list[Judgement]] = [[] for _ in range(N_BINS)]
    for each in ranked:
        parted[min(int(each.confidence * N_BINS), N_BINS - 1)].append(each)
    return tuple(
        Bin(len(some), fmean(each.confidence for each in some), _share(each.is_defensible for each in some))
        if some
        else Bin(0, 0.0, 0.0)
        for some in parted
    )


def _calibration_error(bins: Iterable[Bin]) -> float:
    """The expected calibration error: how far confidence and precision lie apart, on average over all decided files."""
    listed = list(bins)
    n = sum(each.n for each in listed)
    return sum(each.n * abs(each.confidence - each.precision) for each in listed) / n if n else 0.0
