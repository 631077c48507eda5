"""Use case: classify the files of a session that have not been classified yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ifmosfs.app.context import App
from ifmosfs.core.files import ScannedFile
from ifmosfs.core.manifest import SessionCounts
from ifmosfs.core.proposal import Proposal


@dataclass(frozen=True, slots=True)
class ClassifyReport:
    """What a classification did: `n_new` files were looked at now, the counts are the whole session's."""

    session_id: str
    n_new: int
    counts: SessionCounts
    classifier: str


def classify(app: App, session_id: str) -> ClassifyReport:
    """Classify what is new or changed in a session. What was done before an interruption is kept."""
    classifier = app.classifier
    pending = list(app.catalogue.unclassified(session_id, classifier.name))
    n_new = app.catalogue.save_proposals(classifier.name, _proposals(app, pending))
    return ClassifyReport(session_id, n_new, app.catalogue.session_counts(session_id), classifier.name)


def _proposals(app: App, files: list[ScannedFile]) -> Iterator[tuple[int, Proposal]]:
    for n_done, file in enumerate(files):
        if n_done % 64 == 0:
            app.progress("Classifying", n_done, len(files))
        yield file.file_id, app.classifier.propose(file)
