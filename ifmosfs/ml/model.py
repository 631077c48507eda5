"""A trained model as plain numbers: a table of weights for the features of a file, and how far the rules are trusted beside it.

Nothing here needs the library that it was trained with, which takes longer to load than a folder takes to classify.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ifmosfs.ml.evidence import OUTSIDE, Verdict
from ifmosfs.ml.features import COLUMNS, Features, Tokens, column_of

FLOAT: Final = np.float32
Floats = npt.NDArray[np.float32]

RULES_UNSAID: Final = 0.03  # what a label counts for that the rules do not name: they may be wrong, so it is not zero


@dataclass(frozen=True, slots=True)
class Mixture:
    """How model and rules are heard together: the probability of a label is proportional to
    exp(`scale` × score of the model) × (share of the rules + `RULES_UNSAID`) ^ `trust`. Both numbers are fitted on held-back files."""

    scale: float = 1.0
    trust: float = 0.0


@dataclass(frozen=True, slots=True)
class Model:
    """Weights (float32, `features.COLUMNS` rows, a column for each label) and an offset for each label.

    `labels` are sorted; `evidence.OUTSIDE` stands for files that belong to no category. `thresholds` say from which probability on a
    label is sure enough to move a file, `threshold` for those that are not named there.
    """

    labels: tuple[str, ...]
    weights: Floats
    offsets: Floats
    mixture: Mixture = Mixture()
    threshold: float = 0.9
    thresholds: Mapping[str, float] | None = None

    def scores(self, features: Features) -> Floats:
        """The scores of the labels before anything is made of them: logarithms of odds."""
        columns = np.fromiter(features.columns, dtype=np.int64, count=len(features.columns))
        values = np.fromiter(features.values, dtype=FLOAT, count=len(features.values))
        found: Floats = values @ self.weights[columns] + self.offsets
        return found

    def alone(self, features: Features) -> Floats:
        """The probabilities of the labels by the model alone; they add up to 1."""
        return soft_maximum(FLOAT(self.mixture.scale) * self.scores(features))

    def together(self, features: Features, verdict: Verdict) -> Floats:
        """The probabilities of the labels by model and rules; they add up to 1."""
        shares = self.shares(verdict)
        mixed = self.mixture.scale * self.scores(features) + self.mixture.trust * np.log(shares + RULES_UNSAID)
        return soft_maximum(mixed.astype(FLOAT))

    def shares(self, verdict: Verdict) -> Floats:
        """What the rules give each label, in the order of the labels; 0 for those that they do not name."""
        said = dict(verdict.ranking)
        return np.array([said.get(label, 0.0) for label in self.labels], dtype=FLOAT)

    def weighed(self, label: str, tokens: Tokens, features: Features) -> Mapping[str, float]:
        """How much each token speaks for a label against the mean of all labels, in logarithms of odds."""
        index = self.labels.index(label)
        values = dict(zip(features.columns, features.values, strict=True))
        found: defaultdict[str, float] = defaultdict(float)
        for group in tokens.values():
            for token in group:
                column = column_of(token)
                if column in values:
                    row = self.weights[column]
                    found[token] += values[column] * float(row[index] - row.mean())
        return found

    def threshold_of(self, label: str) -> float:
        """From which probability on a file of this label may be moved."""
        return (self.thresholds or {}).get(label, self.threshold)


def check_shapes(model: Model) -> str | None:
    """What is wrong with the numbers of a model that was read from a file, `None` where nothing is."""
    n_labels = len(model.labels)
    if n_labels < 2 or list(model.labels) != sorted(set(model.labels)):
        return "its labels are not a sorted list"
    if model.weights.shape != (COLUMNS, n_labels) or model.offsets.shape != (n_labels,):
        return "its numbers are not of the shape that its labels ask for"
    if not (np.isfinite(model.weights).all() and np.isfinite(model.offsets).all()):
        return "some of its numbers are none"
    limits = (model.threshold, *(model.thresholds or {}).values())
    if not all(0.0 <= limit <= 1.0 for limit in limits) or not (model.mixture.scale > 0 and model.mixture.trust >= 0):
        return "its thresholds or shares are out of range"
    return None


def soft_maximum(scores: Floats) -> Floats:
    """Probabilities from scores, along the last axis."""
    powers: Floats = np.exp(scores - scores.max(axis=-1, keepdims=True))
    summed: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return summed


def outside_index(labels: tuple[str, ...]) -> int | None:
    """Where the label for files of no category stands, `None` where a model does not know of such files."""
    return labels.index(OUTSIDE) if OUTSIDE in labels else None
