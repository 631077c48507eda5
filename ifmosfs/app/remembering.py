"""The catalogue as a memory, opened only when it is asked: of what extractors have found, and of what people have said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ifmosfs.core.lessons import FeatureRow, Lesson
from ifmosfs.platform import host

if TYPE_CHECKING:
    from ifmosfs.app.context import App
    from ifmosfs.ml.taught import Lessons


class CatalogueMemory:
    """Extracts in the catalogue, with the time of their last use (`ml.extract.extractor.ExtractMemory`)."""

    def __init__(self, app: App) -> None:
        self._app = app

    def load_extracts(self, extractor: str, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """See `ExtractMemory`."""
        return self._app.catalogue.load_extracts(extractor, keys, host.now_ns())

    def save_extracts(self, extractor: str, extracts: Iterable[tuple[bytes, bytes]]) -> None:
        """See `ExtractMemory`."""
        self._app.catalogue.save_extracts(extractor, extracts, host.now_ns())


class CatalogueLessons:
    """The lessons in the catalogue (`ml.taught.LessonBook`): read again only after the log has grown, features only when asked for."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._last = -1
        self._lessons: Lessons | None = None
        self._features: dict[int, FeatureRow | None] = {}

    def standing(self) -> Lessons:
        """See `LessonBook`."""
        from ifmosfs.ml.taught import Lessons

        last = self._app.catalogue.last_lesson()
        if self._lessons is None or last != self._last:
            said = self._app.catalogue.effective_lessons() if last else {}
            self._lessons, self._last = Lessons(said, self._app.taxonomy.names), last
        return self._lessons

    def features(self, lesson: Lesson) -> FeatureRow | None:
        """See `LessonBook`."""
        if lesson.number not in self._features:
            stored = self._app.catalogue.lesson(lesson.number)
            self._features[lesson.number] = None if stored is None else stored.features
        return self._features[lesson.number]


def forget_old_extracts(app: App) -> None:
    """Let go of the extracts that nobody has needed for long, or that are too many."""
    from ifmosfs.ml.extract.keys import extractor_name

    app.catalogue.prune_extracts(extractor_name(), host.now_ns())
