"""Small models for tests, made by hand and not by training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ifmosfs.ml.evidence import OUTSIDE, Verdict
from ifmosfs.ml.features import COLUMNS, Group, column_of
from ifmosfs.ml.model import FLOAT, Mixture, Model
from ifmosfs.ml.model_files import Guard
from ifmosfs.ml.training import Example

LABELS = ("financial_document", "media_photo", OUTSIDE, "technical_script")
FACTS: Mapping[str, Any] = {
    "kind": "linear",
    "created": "2026-01-02T03:04:05Z",
    "seed": 0,
    "data": {"set": "by hand"},
    "figures": {"accuracy": 0.9},
    "libraries": {"numpy": "2"},
}


def model(
    speaks: Mapping[str, tuple[str, float]], mixture: Mixture | None = None, labels: tuple[str, ...] = LABELS
) -> Model:
    """A model in which each token speaks for one label with a weight."""
    weights = np.zeros((COLUMNS, len(labels)), dtype=FLOAT)
    for token, (label, weight) in speaks.items():
        weights[column_of(token), labels.index(label)] = weight
    return Model(
        labels, weights, np.zeros(len(labels), dtype=FLOAT), mixture or Mixture(1.0, 0.0), 0.75, {"media_photo": 0.8}
    )


def guard(n_rows: int = 2, n_labels: int = len(LABELS)) -> Guard:
    """Rows with one feature each."""
    return Guard(
        np.arange(n_rows) * 7 % COLUMNS,
        np.ones(n_rows, dtype=np.float32),
        np.arange(n_rows + 1),
        np.arange(n_rows) % n_labels,
    )


def example(label: str, *tokens: str, group: str = "g", verdict: Verdict | None = None) -> Example:
    """A labelled file with these words in its text, and nothing else."""
    found = {each: {} for each in Group} | {Group.TEXT: dict.fromkeys(tokens, 1.0)}
    return Example(found, verdict or Verdict((), ""), label, group)
