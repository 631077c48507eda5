"""Use case: classify the files of a session that have not been classified yet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Final

from ifmosfs.app.context import App
from ifmosfs.app.remembering import forget_old_extracts
from ifmosfs.core.errors import Interrupted
from ifmosfs.core.execute import StopRequest
from ifmosfs.core.files import Place
from ifmosfs.core.manifest import SessionCounts
from ifmosfs.core.proposal import Proposal
from ifmosfs.platform.interrupts import asked_to_stop

SAVE_AT: Final = 2_000  # files
SAVE_SECONDS: Final = 3.0
PROGRESS_EVERY: Final = 16  # files


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
    """Classify what is new or changed in a session.

    Raises `Interrupted` when Ctrl-C was pressed: what was classified until then is kept, and the next time goes on with the rest.
    """
    classifier = app.classifier
    pending = list(app.catalogue.unclassified(session_id, classifier.name))
    keeper = _Keeper(app, classifier.name)
    with _asked_to_stop() as is_asked, closing(classifier.propose_all(pending)) as proposals:
        for n_done, (file, proposal) in enumerate(zip(pending, proposals, strict=True), 1):
            keeper.keep(file.file_id, proposal)
            if n_done < len(pending) and is_asked():
                break
            if n_done % PROGRESS_EVERY == 0:
                app.progress("Classifying", n_done, len(pending))
        keeper.save()
    if keeper.n_kept < len(pending):
        app.idle()
        raise Interrupted(
            f"interrupted: {keeper.n_kept:,} of {len(pending):,} files were classified, which is kept",
            hint="the same command goes on with the rest",
        )
    forget_old_extracts(app)
    fresh = tuple(file.place for file in pending)
    return ClassifyReport(session_id, fresh, app.catalogue.session_counts(session_id), classifier.name)


@contextmanager
def _asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Tells whether Ctrl-C was pressed. It is asked between two files, so nothing is cut off in between, no transaction of the
    catalogue least of all; the second one is a KeyboardInterrupt at once. Only the main thread hears signals at all."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    with asked_to_stop(_at_once_the_second_time) as request:
        yield lambda: request() is not None


def _at_once_the_second_time(request: StopRequest) -> None:
    if request is StopRequest.NOW:
        raise KeyboardInterrupt


class _Keeper:
    """Stores proposals every few hundred files or seconds, so that little is ever lost."""

    def __init__(self, app: App, classifier: str) -> None:
        self._app = app
        self._classifier = classifier
        self._unsaved: dict[int, Proposal] = {}
        self._saved_at = monotonic()
        self.n_kept = 0

    def keep(self, file_id: int, proposal: Proposal) -> None:
        self._unsaved[file_id] = proposal
        if len(self._unsaved) >= SAVE_AT or monotonic() - self._saved_at > SAVE_SECONDS:
            self.save()

    def save(self) -> None:
        self._app.catalogue.save_proposals(self._classifier, self._unsaved.items())
        self.n_kept += len(self._unsaved)
        self._unsaved = {}
        self._saved_at = monotonic()
