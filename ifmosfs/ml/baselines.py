"""Ways of labelling that anything better has to beat: the extension alone, and always the same answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ifmosfs.core.files import ScannedFile
from ifmosfs.core.names import split, split_extension
from ifmosfs.ml.evidence import Finding, Frame
from ifmosfs.ml.rules import Rules, default_rules
from ifmosfs.ml.taxonomy import Taxonomy, default_taxonomy

Guess = tuple[str | None, float]
"""A label (`None`: none) and its confidence."""


class ByExtension:
    """What most organisers do: the category that most files with the extension are of, and no look at anything else."""

    def __init__(self, rules: Rules | None = None, taxonomy: Taxonomy | None = None) -> None:
        self._rules = rules or default_rules()
        self._names = (taxonomy or default_taxonomy()).names
        self._frame = Frame(self._names, self._rules.families)

    def guess(self, file: ScannedFile) -> Guess:
        """The label of a file by its extension; none for one that is unknown or speaks for what no category is meant for."""
        suffix = split_extension(split(file.path)[1])[1]
        known = self._rules.extensions.get(suffix[1:].decode("utf-8", "replace").lower())
        return (None, 0.0) if known is None else self._best(known.finding)

    def _best(self, finding: Finding) -> Guess:
        ranking = self._frame.judge([finding]).ranking
        label, score = ranking[0]
        return (label, score) if label in self._names else (None, 0.0)


class MostFrequent:
    """Always the category that most of the files are of, with its share as the confidence."""

    def __init__(self, categories: Iterable[str]) -> None:
        counts = Counter(categories)
        self._guess: Guess = (None, 0.0)
        if counts:
            label, n = max(counts.items(), key=lambda pair: (pair[1], pair[0]))
            self._guess = label, n / counts.total()

    def guess(self, file: ScannedFile) -> Guess:
        """The same for every file."""
        del file
        return self._guess
