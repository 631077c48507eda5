"""How well labels fit what files are: the figures of an evaluation, from judgements of single files. Pure.

A judgement is right *strictly* when the label is the file's category, and *leniently* when it is that or one of the other categories
that can be defended. A file that belongs to no category (`NONE`) is right when it has no label. Being unsure is no label: a file of a
category that is left alone counts as wrong in the accuracies, and not at all in the precision of what is decided.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from statistics import fmean, median
from typing import Final

from ifmosfs.ml.stopwatch import STAGES

NONE: Final = "__none__"
WHOLE: Final = "whole"
"""The name of what a file takes in all stages together."""
N_BINS: Final = 10
MOST_POINTS: Final = 200
PRECISIONS: Final = (0.99, 0.97, 0.95, 0.9)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A file and the label it was given (`None`: left alone) with its confidence. `seconds`: what it took by stage, where that was
    measured."""

    path: bytes
    category: str
    also_ok: frozenset[str]
    label: str | None
    confidence: float
    seconds: Mapping[str, float] = field(default_factory=dict)

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
    no category that are left alone; and the files behind the first two. `own`: the confidences that single labels need instead."""

    threshold: float
    coverage: float
    precision: float
    rejected: float | None
    n_decided: int
    n_right: int
    own: Mapping[str, float] = field(default_factory=dict)

    def takes(self, judgement: Judgement) -> bool:
        """Whether a file is decided."""
        return _is_decided(judgement, self.threshold, self.own)

    @property
    def limits(self) -> str:
        """From where on, for a person to read."""
        own = ", ".join(f"{label} {threshold:g}" for label, threshold in self.own.items())
        return f"{self.threshold:g} ({own})" if own else f"{self.threshold:g}"


@dataclass(frozen=True, slots=True)
class Bin:
    """The decided files of a range of confidence: how many, their mean confidence, and the share that is right (leniently)."""

    n: int
    confidence: float
    precision: float


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """Were all files decided from a confidence on: the share of all files that this is, and how many of them are right (leniently)."""

    threshold: float
    coverage: float
    precision: float


@dataclass(frozen=True, slots=True)
class Latency:
    """What a stage takes, over the files that went through it, and which of them took it longest."""

    stage: str
    n_files: int
    median_ms: float
    p95_ms: float
    largest_ms: float
    slowest: bytes


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of one way of labelling on one set of files. `mistakes`: wrong labels that cannot be defended, the surest first;
    `latency`: by stage, and at last of the whole; empty where it was not measured."""

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
    risk_coverage: tuple[RiskPoint, ...]
    bins: tuple[Bin, ...]
    calibration_error: float
    mistakes: tuple[Judgement, ...]
    latency: tuple[Latency, ...]
    files_per_second: float | None

    @property
    def median_ms(self) -> float | None:
        """What the middle one of the files takes in all, where that was measured."""
        return self.latency[-1].median_ms if self.latency else None


def evaluate(
    name: str,
    judgements: Sequence[Judgement],
    threshold: float,
    seconds: float | None = None,
    own: Mapping[str, float] | None = None,
) -> Evaluation:
    """All figures of some judgements; `threshold` is the confidence from which on the program would move a file, `own` another one
    for single labels, `seconds` what all of them took together.

    Accuracies and F1 are over the files that have a category; precisions, coverage and calibration over all.
    """
    known = [each for each in judgements if each.has_category]
    classes = _classes(judgements)
    wanted = sorted({each.category for each in known})
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
        decided=_decided(judgements, threshold, own or {}),
        at_precision={wanted_: _coverage_at(ranked, wanted_, len(judgements)) for wanted_ in PRECISIONS},
        risk_coverage=_risk_coverage(ranked, len(judgements)),
        bins=bins,
        calibration_error=_calibration_error(bins),
        mistakes=tuple(each for each in ranked if not each.is_defensible),
        latency=_latency(judgements),
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


def _is_decided(judgement: Judgement, threshold: float, own: Mapping[str, float]) -> bool:
    label = judgement.label
    return label is not None and judgement.confidence >= own.get(label, threshold)


def _decided(judgements: Sequence[Judgement], threshold: float, own: Mapping[str, float]) -> Decided:
    decided = [each for each in judgements if _is_decided(each, threshold, own)]
    of_none = [each for each in judgements if not each.has_category]
    left_alone = [each for each in of_none if not _is_decided(each, threshold, own)]
    return Decided(
        threshold,
        len(decided) / len(judgements) if judgements else 0.0,
        _share(each.is_defensible for each in decided),
        len(left_alone) / len(of_none) if of_none else None,
        len(decided),
        sum(each.is_defensible for each in decided),
        own,
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


def _risk_coverage(ranked: Sequence[Judgement], n_files: int) -> tuple[RiskPoint, ...]:
    """As ever more files are decided, the surest first: a point for each confidence, or for so many of them, evenly."""
    points, n_right = [], 0
    for position, each in enumerate(ranked, 1):
        n_right += each.is_defensible
        if _is_last_of_its_confidence(ranked, position):
            points.append(RiskPoint(each.confidence, position / n_files, n_right / position))
    step = max(1, ceil(len(points) / MOST_POINTS))
    return tuple(point for number, point in enumerate(points) if number % step == 0 or number == len(points) - 1)


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


def _latency(judgements: Iterable[Judgement]) -> tuple[Latency, ...]:
    took: defaultdict[str, list[tuple[float, bytes]]] = defaultdict(list)
    for each in judgements:
        for stage, seconds in each.seconds.items():
            took[stage].append((1000 * seconds, each.path))
        if each.seconds:
            took[WHOLE].append((1000 * sum(each.seconds.values()), each.path))
    order = [stage for stage in (*STAGES, *sorted(took.keys() - {*STAGES, WHOLE}), WHOLE) if stage in took]
    return tuple(_stage_latency(stage, sorted(took[stage])) for stage in order)


def _stage_latency(stage: str, ranked: Sequence[tuple[float, bytes]]) -> Latency:
    largest_ms, slowest = ranked[-1]
    p95_ms = ranked[ceil(0.95 * len(ranked)) - 1][0]
    return Latency(stage, len(ranked), median(each_ms for each_ms, _ in ranked), p95_ms, largest_ms, slowest)
