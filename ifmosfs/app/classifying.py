"""Use case: classify the files of a session that have not been classified yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ifmosfs.app.context import App
from ifmosfs.core.files import Place, ScannedFile
from ifmosfs.core.manifest import SessionCounts
from ifmosfs.core.proposal import Proposal


@dataclass(frozen=True, slots=True)
class ClassifyReport:
    """What a classification did: the files that were looked at now, the counts of the whole session."""

    session_id: str
    fresh: tuple[Place, ...]
    counts: SessionCounts
    classifier: str

    @property
    def n_new(self) -> int:
        """How many files were looked at now."""
        return len(self.fresh)


def classify(app: App, session_id: str) -> ClassifyReport:
    """Classify what is new or changed in a session. What was done before an interruption is kept."""
    classifier = app.classifier
    pending = list(app.catalogue.unclassified(session_id, classifier.name))
    app.catalogue.save_proposals(classifier.name, _proposals(app, pending))
    fresh = tuple(file.place for file in pending)
    return ClassifyReport(session_id, fresh, app.catalogue.session_counts(session_id), classifier.name)


def _proposals(app: App, files: list[ScannedFile]) -> Iterator[tuple[int, Proposal]]:
    for n_done, file in enumerate(files):
        if n_done % 64 == 0:
            app.progress("Classifying", n_done, len(files))
        yield file.file_id, app.classifier.propose(file)
