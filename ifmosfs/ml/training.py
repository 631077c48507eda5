"""Training: tokens of labelled files in, a `Model` out. Deterministic: the same files and seed give the same numbers.

Files are held back by *group* (the document type that made them, the folder or package they came from), never singly: two invoices of
one template in both parts would flatter every figure. What is said of the groups held back gives the mixture with the rules and the
threshold. Files are trained on twice, the second time with groups of tokens left out by chance, so that the model learns to do
without the name, the text or the rules, and is honest about it.
"""

from __future__ import annotations

import logging
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from ifmosfs.ml.evidence import OUTSIDE, Verdict, is_settled
from ifmosfs.ml.features import COLUMNS, Features, Group, Piece, Tokens, features_of
from ifmosfs.ml.model import (
    EMBEDDING_WEIGHT,
    FLOAT,
    LINEAR,
    NOT_READ,
    RULES_UNSAID,
    Floats,
    Mixture,
    Model,
    soft_maximum,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from ifmosfs.ml.embedding import Embedder

LOG: Final = logging.getLogger("ifmosfs")

N_FOLDS: Final = 4
LEFT_OUT: Final[Sequence[tuple[frozenset[Group], float]]] = (
    (frozenset({Group.NAME, Group.FOLDER}), 0.5),
    (frozenset({Group.TEXT}), 0.15),
    (frozenset({Group.RULES}), 0.25),
)
PENALTY: Final = 0.1  # C of the logistic regression; 0.02 to 20 were tried, see docs/learning.md
ITERATIONS: Final = 40
PRECISION: Final = 0.97  # of what is moved
N_GUARD: Final = 2_000
NO_PIECE: Final = Piece()

Labels = npt.NDArray[np.int64]
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled file. `verdict`: what the rules said; `group`: what it must not be parted from when files are held back;
    `also_ok`: other labels that can be defended; `piece`: what a sentence embedding is made of."""

    tokens: Tokens
    verdict: Verdict
    label: str
    group: str
    also_ok: frozenset[str] = frozenset()
    piece: Piece = NO_PIECE


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, a sample of the rows it was trained on, and what was measured on held-back groups. The sample guards it when it is
    refitted; models that read embeddings are not, and have none."""

    model: Model
    guard_rows: csr_matrix
    guard_labels: Labels
    figures: Mapping[str, float]


def matrix_of(rows: Iterable[Features]) -> csr_matrix:
    """The rows as one sparse matrix of `COLUMNS` columns (float32)."""
    from scipy.sparse import csr_matrix

    ends, columns, values = [0], list[int](), list[float]()
    for row in rows:
        columns += row.columns
        values += row.values
        ends.append(len(columns))
    parts = (np.array(values, dtype=FLOAT), np.array(columns, dtype=np.int32), np.array(ends, dtype=np.int32))
    return csr_matrix(parts, shape=(len(ends) - 1, COLUMNS))


def train(
    examples: Sequence[Example],
    seed: int = 0,
    n_jobs: int = 1,
    kind: str = LINEAR,
    embedder: Embedder | None = None,
) -> Trained:
    """Train on all examples; mixture, threshold and figures come from models that did not see the group they judge.

    `n_jobs`: processes for those. All kinds but the linear one need an `embedder`. Raises ValueError where there are fewer than two
    labels.
    """
    if (kind == LINEAR) != (embedder is None):
        raise ValueError(f"a model of kind {kind} has {'no' if kind == LINEAR else 'an'} embedder")
    labels = tuple(sorted({example.label for example in examples}))
    if len(labels) < 2:
        raise ValueError("at least two categories are needed")
    index = {label: at for at, label in enumerate(labels)}
    wanted = np.array([index[example.label] for example in examples], dtype=np.int64)
    whole = _rows(examples, [frozenset[Group]()] * len(examples), kind, embedder)
    parted = _rows(examples, _left_out(len(examples), seed), kind, embedder)
    shares = np.array([_shares(example.verdict, labels) for example in examples], dtype=FLOAT)
    weights, offsets = _fitted(whole, parted, wanted, len(labels))
    unseen = _scores_unseen(whole, parted, wanted, folds_of(examples, seed), len(labels), n_jobs)
    heard = _heard(examples)
    mixture = _mixture(unseen[heard], shares[heard], _accepted(examples, labels)[heard])
    probabilities = _mixed(unseen, shares, mixture)
    right = _defensible(examples, probabilities, labels)
    threshold = threshold_for(probabilities, right, labels)
    guard = _guard(examples if kind == LINEAR else (), seed)
    return Trained(
        Model(labels, weights, offsets, mixture, threshold, kind, whole.shape[1] - COLUMNS),
        whole[guard],
        wanted[guard],
        _figures(probabilities, right, labels, threshold),
    )


def folds_of(examples: Sequence[Example], seed: int, n_folds: int = N_FOLDS) -> Labels:
    """The fold of each example: the groups of each label dealt out evenly, by chance; a group is never parted."""
    chance = random.Random(seed)  # noqa: S311  not for secrets
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for example in examples:
        groups[example.label].add(example.group)
    fold: dict[str, int] = {}
    for label in sorted(groups):
        dealt = sorted(groups[label])
        chance.shuffle(dealt)
        for at, group in enumerate(dealt):
            fold.setdefault(group, at % n_folds)
    return np.array([fold[example.group] for example in examples], dtype=np.int64)


def threshold_for(
    probabilities: Floats, right: npt.NDArray[np.bool_], labels: Sequence[str], precision: float = PRECISION
) -> float:
    """The lowest probability from which on so many of the decided files are right; just below 1 where there is none. Files that are
    judged to be of no category are not decided."""
    said = probabilities.argmax(axis=1)
    decided = np.array([labels[at] != OUTSIDE for at in said])
    best, right = probabilities.max(axis=1)[decided], right[decided]
    order = np.argsort(-best, kind="stable")
    ranked = best[order]
    is_last = np.append(ranked[1:] < ranked[:-1], True)[: len(ranked)]  # no threshold parts files of one probability
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.nonzero((shares >= precision) & is_last)[0]
    return round(float(ranked[enough[-1]]), 4) if len(enough) else 0.9999


def _left_out(n_examples: int, seed: int) -> list[frozenset[Group]]:
    """The groups of tokens that each example is seen without the second time."""
    chance = random.Random(seed + 1)  # noqa: S311
    return [
        frozenset(group for groups, share in LEFT_OUT if chance.random() < share for group in groups)
        for _ in range(n_examples)
    ]


def _rows(
    examples: Sequence[Example], left_out: Sequence[frozenset[Group]], kind: str, embedder: Embedder | None
) -> csr_matrix:
    """The examples as rows, each without some groups: their tokens, and in the columns after them their embeddings."""
    from scipy.sparse import csr_matrix, hstack

    pairs = list(zip(examples, left_out, strict=True))
    tokens = matrix_of(features_of(example.tokens, without | NOT_READ[kind]) for example, without in pairs)
    if embedder is None:
        return tokens
    vectors = embedder.embed([example.piece.words(without) for example, without in pairs])
    return hstack((tokens, csr_matrix(FLOAT(EMBEDDING_WEIGHT) * vectors)), format="csr")


def _fitted(whole: csr_matrix, parted: csr_matrix, wanted: Labels, n_labels: int) -> tuple[Floats, Floats]:
    """Weights (columns × labels) and offsets of a multinomial logistic regression on both views of the files."""
    from scipy.sparse import vstack
    from sklearn.linear_model import LogisticRegression

    both = np.concatenate((wanted, wanted))
    fitted = LogisticRegression(C=PENALTY, max_iter=ITERATIONS, tol=1e-3).fit(vstack((whole, parted)).tocsr(), both)
    weights = np.zeros((whole.shape[1], n_labels), dtype=FLOAT)
    offsets = np.full(n_labels, -20.0, dtype=FLOAT)  # a label that is not among these files at all
    if len(fitted.classes_) == 2:  # two labels have one row, the odds of the second
        weights[:, fitted.classes_[1]] = fitted.coef_[0]
        offsets[fitted.classes_] = (0.0, fitted.intercept_[0])
    else:
        weights[:, fitted.classes_] = fitted.coef_.T
        offsets[fitted.classes_] = fitted.intercept_
    return weights, offsets


def _scores_unseen(
    whole: csr_matrix, parted: csr_matrix, wanted: Labels, folds: Labels, n_labels: int, n_jobs: int
) -> Floats:
    """The scores of every file by the model that was trained without its fold."""
    found = np.zeros((len(wanted), n_labels), dtype=FLOAT)
    jobs = [(whole, parted, wanted, np.nonzero(folds == number)[0], n_labels) for number in sorted(set(folds.tolist()))]
    for held_back, scores in _all_done(_scores_of_fold, jobs, n_jobs):
        found[held_back] = scores
    return found


def _all_done(work: Callable[..., Answer], jobs: Sequence[tuple[Any, ...]], n_jobs: int) -> Iterable[Answer]:
    """The answers of all jobs, made in so many processes, or here if none can be started, or one was killed."""
    from joblib import Parallel, delayed

    try:
        answers: list[Answer] = Parallel(n_jobs=n_jobs)(delayed(work)(*job) for job in jobs)
    except (BrokenProcessPool, OSError) as error:
        LOG.warning("no processes to train in: %s", error)
        return [work(*job) for job in jobs]
    return answers


def _scores_of_fold(
    whole: csr_matrix, parted: csr_matrix, wanted: Labels, held_back: Labels, n_labels: int
) -> tuple[Labels, Floats]:
    seen = np.setdiff1d(np.arange(len(wanted)), held_back)
    if len(seen) == 0 or len(set(wanted[seen].tolist())) < 2:
        return held_back, np.zeros((len(held_back), n_labels), dtype=FLOAT)
    weights, offsets = _fitted(whole[seen], parted[seen], wanted[seen], n_labels)
    return held_back, whole[held_back] @ weights + offsets


def _shares(verdict: Verdict, labels: Sequence[str]) -> list[float]:
    said = dict(verdict.ranking)
    return [said.get(label, 0.0) for label in labels]


def _accepted(examples: Sequence[Example], labels: Sequence[str]) -> npt.NDArray[np.bool_]:
    """A row for each example, with true for each label that is right or can be defended."""
    return np.array([[label == each.label or label in each.also_ok for label in labels] for each in examples])


def _heard(examples: Sequence[Example]) -> npt.NDArray[np.bool_]:
    """Which examples a mixture would be asked about: those that the rules do not settle. Where they settle all, all."""
    open_ones = np.array([not is_settled(example.verdict) for example in examples])
    return open_ones if open_ones.any() else np.ones(len(examples), dtype=bool)


def _mixture(scores: Floats, shares: Floats, accepted: npt.NDArray[np.bool_]) -> Mixture:
    """The mixture under which it is the least surprising that held-back files have one of their accepted labels: so a probability
    is that of being right or defensible, which is what a threshold is about."""
    from scipy.optimize import minimize

    def surprise(numbers: npt.NDArray[np.float64]) -> float:
        mixture = Mixture(float(np.exp(numbers[0])), float(np.exp(numbers[1])))
        chosen = (_mixed(scores, shares, mixture) * accepted).sum(axis=1)
        return float(-np.log(chosen + 1e-9).mean())

    found = minimize(surprise, np.log([1.0, 0.3]), method="Nelder-Mead", options={"maxiter": 120, "xatol": 1e-3})
    return Mixture(*(round(float(number), 4) for number in np.exp(found.x)))


def _mixed(scores: Floats, shares: Floats, mixture: Mixture) -> Floats:
    return soft_maximum((mixture.scale * scores + mixture.trust * np.log(shares + RULES_UNSAID)).astype(FLOAT))


def _defensible(examples: Sequence[Example], probabilities: Floats, labels: Sequence[str]) -> npt.NDArray[np.bool_]:
    said = [labels[at] for at in probabilities.argmax(axis=1)]
    return np.array(
        [label == example.label or label in example.also_ok for label, example in zip(said, examples, strict=True)]
    )


def _guard(examples: Sequence[Example], seed: int) -> Labels:
    """The places of at most `N_GUARD` examples, of each group as many as of any other."""
    chance = random.Random(seed + 2)  # noqa: S311
    by_group: defaultdict[str, list[int]] = defaultdict(list)
    for at, example in enumerate(examples):
        by_group[f"{example.label}/{example.group}"].append(at)
    for places in by_group.values():
        chance.shuffle(places)
    turns = (places[turn] for turn in range(len(examples)) for places in by_group.values() if turn < len(places))
    return np.array(sorted(place for place, _ in zip(turns, range(N_GUARD), strict=False)), dtype=np.int64)


def _figures(
    probabilities: Floats,
    right: npt.NDArray[np.bool_],
    labels: Sequence[str],
    threshold: float,
) -> dict[str, float]:
    """What is measured on held-back groups: the shares that are right, that are decided, and of the decided that are right."""
    said = [labels[at] for at in probabilities.argmax(axis=1)]
    decided = (probabilities.max(axis=1) >= threshold) & np.array([label != OUTSIDE for label in said])
    return {
        "accuracy": round(float(right.mean()), 4),
        "coverage": round(float(decided.mean()), 4),
        "precision": round(float(right[decided].mean()), 4) if decided.any() else 0.0,
        "n_files": float(len(right)),
    }
