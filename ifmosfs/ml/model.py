"""A trained model as plain numbers: a table of weights for the features of a file, and how far the rules are trusted beside it.

Nothing here needs the library that it was trained with, which takes longer to load than a folder takes to classify.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ifmosfs.ml.evidence import Verdict
from ifmosfs.ml.features import COLUMNS, Features, Group, Tokens, column_of, features_of

FLOAT: Final = np.float32
Floats = npt.NDArray[np.float32]

LINEAR, TRANSFORMER, ENSEMBLE = "linear", "transformer", "ensemble"
NOT_READ: Final[Mapping[str, frozenset[Group]]] = {
    LINEAR: frozenset(),
    TRANSFORMER: frozenset(Group) - {Group.RULES},
    ENSEMBLE: frozenset(),
}
"""The kinds of models, and which groups of tokens each does not read. All but the linear ones read a sentence embedding, too."""

EMBEDDED: Final = "e:"  # stands among tokens for the whole sentence embedding
EMBEDDING_WEIGHT: Final = 6.0  # of a sentence embedding, whose length is 1; 1 to 10 were tried, see docs/learning.md
MOST: Final = 1e6  # of an offset and of the numbers of a mixture; ours are below 20, and float32 overflows far above
RULES_UNSAID: Final = 0.03  # what a label counts for that the rules do not name: they may be wrong, so it is not zero


@dataclass(frozen=True, slots=True)
class Mixture:
    """How model and rules are heard together: the probability of a label is proportional to
    exp(`scale` × score of the model) × (share of the rules + `RULES_UNSAID`) ^ `trust`. Both numbers are fitted on held-back files."""

    scale: float = 1.0
    trust: float = 0.0


@dataclass(frozen=True, slots=True)
class Model:
    """Weights (float32, `features.COLUMNS` rows and one for each dimension of an embedding, a column for each label) and an offset for
    each label.

    `kind` is one of `NOT_READ`; `dimensions` are those of the sentence embedding that it reads, 0 without one. `labels` are sorted;
    `evidence.OUTSIDE` stands for files that belong to no category. `threshold` says from which probability on a
    label is sure enough to move a file.
    """

    labels: tuple[str, ...]
    weights: Floats
    offsets: Floats
    mixture: Mixture = Mixture()
    threshold: float = 0.9
    kind: str = LINEAR
    dimensions: int = 0

    def features(
        self, tokens: Tokens, vector: Floats | None = None, without: frozenset[Group] = frozenset()
    ) -> Features:
        """What the model reads of a file: its tokens, and in the columns after them its embedding, `None` where there is none."""
        found = features_of(tokens, without | NOT_READ[self.kind])
        if vector is None or not vector.any():
            return found
        columns = range(COLUMNS, COLUMNS + self.dimensions)
        values = (EMBEDDING_WEIGHT * vector).tolist()
        return Features((*found.columns, *columns), (*found.values, *values))

    def scores(self, features: Features) -> Floats:
        """The scores of the labels before anything is made of them: logarithms of odds."""
        columns = np.fromiter(features.columns, dtype=np.int64, count=len(features.columns))
        values = np.fromiter(features.values, dtype=FLOAT, count=len(features.values))
        found: Floats = values @ self.weights[columns] + self.offsets
        return found

    def alone(self, scores: Floats) -> Floats:
        """The probabilities of the labels by the model alone; they add up to 1."""
        return soft_maximum(FLOAT(self.mixture.scale) * scores)

    def together(self, scores: Floats, verdict: Verdict) -> Floats:
        """The probabilities of the labels by model and rules; they add up to 1."""
        shares = self.shares(verdict)
        mixed = self.mixture.scale * scores + self.mixture.trust * np.log(shares + RULES_UNSAID)
        return soft_maximum(mixed.astype(FLOAT))

    def shares(self, verdict: Verdict) -> Floats:
        """What the rules give each label, in the order of the labels; 0 for those that they do not name."""
        said = dict(verdict.ranking)
        return np.array([said.get(label, 0.0) for label in self.labels], dtype=FLOAT)

    def weighed(self, label: str, tokens: Tokens, features: Features) -> Mapping[str, float]:
        """How much each token, and the embedding as `EMBEDDED`, speaks for a label against the mean of all labels, in logarithms of
        odds."""
        rows = self.weights[np.array(features.columns, dtype=np.int64)]
        apart = (rows[:, self.labels.index(label)] - rows.mean(axis=1)) * np.array(features.values, dtype=FLOAT)
        weight = dict(zip(features.columns, apart.tolist(), strict=True))
        told = {
            token: weight.get(column_of(token), 0.0)
            for group, some in tokens.items()
            if group not in NOT_READ[self.kind]
            for token in some
        }
        if self.dimensions:
            told[EMBEDDED] = sum(weight.get(column, 0.0) for column in range(COLUMNS, COLUMNS + self.dimensions))
        return told


def check_shapes(model: Model) -> str | None:
    """What is wrong with the numbers of a model that was read from a file, `None` where nothing is."""
    n_labels = len(model.labels)
    if n_labels < 2 or list(model.labels) != sorted(set(model.labels)):
        return "its labels are not a sorted list"
    if model.weights.shape != (COLUMNS + model.dimensions, n_labels) or model.offsets.shape != (n_labels,):
        return "its numbers are not of the shape that its labels ask for"
    if not (np.isfinite(model.weights).all() and np.isfinite(model.offsets).all()):
        return "some of its numbers are none"
    if np.abs(model.offsets).max() > MOST:
        return "some of its numbers are too large to count with"
    if not (0.0 <= model.threshold <= 1.0 and 0 < model.mixture.scale <= MOST and 0 <= model.mixture.trust <= MOST):
        return "its threshold or its mixture is out of range"
    return None


def soft_maximum(scores: Floats) -> Floats:
    """Probabilities from scores, along the last axis."""
    powers: Floats = np.exp(scores - scores.max(axis=-1, keepdims=True))
    summed: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return summed
