"""What files are like, as numbers: what lessons are stored with and compared by (`ml.taught.Describer`)."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing

from ifmosfs.core.files import ScannedFile
from ifmosfs.core.lessons import FeatureRow
from ifmosfs.ml.classifier import Evidence, RulesClassifier
from ifmosfs.ml.features import VERSION, features_of, tokens_of
from ifmosfs.ml.sketch import sketch_of
from ifmosfs.ml.taught import Description


class EvidenceDescriber:
    """Describes files by the same evidence that they are judged by."""

    def __init__(self, rules: RulesClassifier) -> None:
        self._rules = rules

    def describe(self, files: Iterable[ScannedFile]) -> Generator[Description | None, None, None]:
        """See `ml.taught.Describer`."""
        with closing(self.seen(files)) as seen:
            for evidence in seen:
                yield self._description(evidence)

    def seen(self, files: Iterable[ScannedFile]) -> Generator[Evidence, None, None]:
        """See `ml.taught.Describer`."""
        return self._rules.evidence_all(files, with_texts=True)

    def _description(self, evidence: Evidence) -> Description | None:
        if evidence.settled is not None:
            return None
        features = features_of(tokens_of(evidence, self._rules.frame.judge(evidence.findings)))
        return Description(FeatureRow(VERSION, features.columns, features.values), sketch_of(evidence))
