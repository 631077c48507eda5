"""Refitting: a model learns from what a person has said, and stays near what it was.

Not the whole model is trained again, but the change that the lessons ask for is looked for: the smallest (its squares are
penalised) that makes them least surprising, and leaves what is said of a half of the guard's rows as it is: without a lesson, nothing
changes. The other half of the guard's rows has no part in this; on it the new model is compared with the old one. Nothing that the
program itself proposed about a person's files is ever among the lessons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from ifmosfs.ml.features import Features
from ifmosfs.ml.model import FLOAT, Model, soft_maximum
from ifmosfs.ml.model_files import Guard
from ifmosfs.ml.training import matrix_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

LESSON_WEIGHT: Final = 5.0  # of a lesson against a row of the guard
STIFFNESS: Final = 0.5  # of the model against change
MOST_LOST: Final = 0.005  # of the guard's rows that may be judged worse than before

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Refit:
    """A model refitted. `before` and `after`: which share of the guard's rows that it did not learn from each judges rightly."""

    model: Model
    before: float
    after: float

    @property
    def is_worse(self) -> bool:
        """Whether it has lost more than it may."""
        return self.after < self.before - MOST_LOST


def refit(model: Model, guard: Guard, lessons: Sequence[tuple[Features, str]]) -> Refit:
    """The model after the lessons: rows with the labels that a person gave them. A label that the model does not have is left out;
    with no lesson left, the model stays as it is."""
    index = {label: at for at, label in enumerate(model.labels)}
    known = [(features, index[label]) for features, label in lessons if label in index]
    rows = guard.matrix()
    learned, kept = rows[::2], rows[1::2]
    if not known:
        share = _share(model, kept, guard.labels[1::2])
        return Refit(model, share, share)
    taught = matrix_of(features for features, _ in known)
    changed = _changed(model, taught, np.array([at for _, at in known]), learned)
    return Refit(changed, _share(model, kept, guard.labels[1::2]), _share(changed, kept, guard.labels[1::2]))


def _changed(model: Model, taught: csr_matrix, labels: npt.NDArray[np.int64], kept: csr_matrix) -> Model:
    """The model with the change that the lessons ask for, in the columns that they have."""
    from scipy.optimize import minimize
    from scipy.sparse import vstack

    columns = np.unique(taught.indices)
    both = vstack((taught, kept)).tocsr()
    base = both @ model.weights + model.offsets
    wanted = soft_maximum(base.astype(FLOAT)).astype(np.float64)
    wanted[: taught.shape[0]] = np.eye(len(model.labels))[labels]
    weights = np.concatenate((np.full(taught.shape[0], LESSON_WEIGHT), np.ones(kept.shape[0])))[:, None]
    rows = both[:, columns].astype(np.float64).tocsr()
    shape = (len(columns), len(model.labels))

    def cost(flat: Doubles) -> tuple[float, Doubles]:
        change = flat.reshape(shape)
        said = soft_maximum((base + rows @ change).astype(FLOAT)).astype(np.float64)
        surprise = float(-(weights * wanted * np.log(said + 1e-12)).sum())
        slope = rows.T @ ((said - wanted) * weights) + STIFFNESS * change
        return surprise + STIFFNESS / 2 * float((change**2).sum()), slope.ravel()

    found = minimize(cost, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 60})
    moved = model.weights.copy()
    moved[columns] += found.x.reshape(shape).astype(FLOAT)
    return replace(model, weights=moved)


def _share(model: Model, rows: csr_matrix, labels: npt.NDArray[np.int64]) -> float:
    """The share of rows that the model alone judges rightly; 1 where there are none."""
    if rows.shape[0] == 0:
        return 1.0
    said = (rows @ model.weights + model.offsets).argmax(axis=1)
    return float((said == labels).mean())
