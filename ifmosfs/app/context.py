"""The composition root: builds each adapter once, when it is first needed, and hands it to the use cases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from importlib import resources
from typing import TYPE_CHECKING, Final, Protocol, Self

from ifmosfs.app.collector import without_collector
from ifmosfs.app.settings import MEND, Settings, read_toml
from ifmosfs.core.errors import ConfigProblem, DiskFull, IfmosfsError, NotFound
from ifmosfs.core.files import Place
from ifmosfs.core.layout import Layout, parse_layout
from ifmosfs.platform.disk import PosixDisk
from ifmosfs.platform.lock import exclusive
from ifmosfs.platform.reserve import release_if_scarce, release_reserve

if TYPE_CHECKING:
    from ifmosfs.app.models import Models
    from ifmosfs.app.versioning import Finished
    from ifmosfs.core.filed import CategoriesAt
    from ifmosfs.core.plan import Policy
    from ifmosfs.ml.classifier import RulesClassifier
    from ifmosfs.ml.model_files import StoredModel
    from ifmosfs.ml.taught import TaughtClassifier
    from ifmosfs.ml.taxonomy import Taxonomy
    from ifmosfs.store.catalogue import Catalogue
    from ifmosfs.store.journal import SqliteJournal


N_FOLDERS: Final = 4096  # whose categories are remembered: a view may live for weeks
RULES_THRESHOLD: Final = 0.6  # of scores that hand-written rules give


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How sure a file must be to move, by its category; `default` for those that are not named."""

    default: float
    by_category: tuple[tuple[str, float], ...] = ()

    def of(self, category: str | None) -> float:
        """The threshold for a category."""
        return dict(self.by_category).get(category or "", self.default)


class Progress(Protocol):
    """Told about work that may take longer than a second; shows nothing by itself when it is not on a terminal."""

    def __call__(self, what: str, n_done: int, n_total: int | None) -> None:
        """`what` is being done; `n_total` is `None` while the end is not known. An empty `what`: nothing is, any more."""
        ...


def no_progress(what: str, n_done: int, n_total: int | None) -> None:
    """Shows nothing."""
    del what, n_done, n_total


class App:
    """One invocation of the program. Close it, or use it as a context manager."""

    def __init__(self, settings: Settings, progress: Progress = no_progress) -> None:
        self.settings = settings
        self.progress = progress
        self.disk = PosixDisk()
        self.notices: list[str] = []  # what a person should know, whatever the command was about
        self._finished: Finished | None = None  # the runs that need no version any more, while the journal is open

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Release descriptors, processes and database connections."""
        classifier = self.__dict__.pop("classifier", None)
        if classifier is not None:
            classifier.close()
        self.disk.close()
        opened = self.__dict__.pop("catalogue", None)
        if opened is not None:
            opened.close()

    def idle(self) -> None:
        """Nothing that takes long is going on: a person is going to be asked, or told."""
        self.progress("", 0, None)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The catalogue of sessions and plans. Raises `DatabaseDamaged`, `DatabaseNewer`, `DiskFull`."""
        from ifmosfs.store.catalogue import open_catalogue

        self._make_state_folder()
        return open_catalogue(self.settings.state_folder)

    def filesystem_of(self, root: bytes) -> str:
        """The identity of the filesystem that a folder is, or would be, on."""
        return self.disk.filesystem(Place(root, b""))

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """The categories."""
        from ifmosfs.ml.taxonomy import default_taxonomy

        return default_taxonomy()

    @cached_property
    def layout(self) -> Layout:
        """The folder templates: the built-in ones with the user's `layout.toml` over them."""
        import tomllib

        defaults = tomllib.loads(resources.files("ifmosfs.core").joinpath("layout.toml").read_text("utf-8"))
        path = self.settings.config_folder / "layout.toml"
        own = read_toml(path)
        try:
            return parse_layout(defaults, own, self.taxonomy.names)
        except ConfigProblem as error:
            raise ConfigProblem(error.what, path=os.fsencode(path), hint=error.hint or MEND) from error

    def categories_at(self, policy: Policy) -> CategoriesAt:
        """Tells the categories that a folder stands for in a plan with this policy, and remembers the last ones."""
        return lru_cache(maxsize=N_FOLDERS)(partial(self.layout.categories_at, key=policy.names.key))

    @cached_property
    def classifier(self) -> TaughtClassifier:
        """What proposes categories: what people have said outranks the program's own word, which is `classifier.inner`: that of the
        rules, with the model that is in use where one can be used."""
        from ifmosfs.app.remembering import CatalogueLessons
        from ifmosfs.ml.describing import EvidenceDescriber
        from ifmosfs.ml.learned import LearnedClassifier
        from ifmosfs.ml.taught import TaughtClassifier

        rules, stored = self.new_rules(), self.model
        inner = rules if stored is None else LearnedClassifier(rules, stored.model, stored.model_id, stored.embedder)
        return TaughtClassifier(inner, self.disk, CatalogueLessons(self), EvidenceDescriber(rules))

    def new_rules(self) -> RulesClassifier:
        """The classifier by rules alone. Whoever asks for it closes it."""
        from ifmosfs.app.remembering import CatalogueMemory
        from ifmosfs.ml.classifier import RulesClassifier
        from ifmosfs.ml.extract.extractor import Extractor

        return RulesClassifier(self.disk, self.taxonomy, extractor=Extractor(CatalogueMemory(self)))

    @cached_property
    def models(self) -> Models:
        """The models there are, and which is in use."""
        from ifmosfs.app.models import Models

        return Models(self.settings.state_folder, self.settings.embeddings)

    @cached_property
    def model(self) -> StoredModel | None:
        """The model in use, `None` for the rules alone, which is also what a model that cannot be used comes to, with a notice."""
        from ifmosfs.ml.model_files import ModelUnusable

        try:
            return self.models.load(self.settings.model or self.models.current)
        except (ModelUnusable, NotFound) as error:
            self.notices.append(f"The model in use cannot be used, so files are labelled by the rules alone: {error}.")
            return None

    @cached_property
    def thresholds(self) -> Thresholds:
        """How sure a file must be to move: what the settings say, else what the classifier in use asks for.

        Raises: ConfigProblem for a category that there is not.
        """
        own = dict(self.settings.threshold_for)
        unknown = sorted(set(own) - self.taxonomy.names)
        if unknown:
            path = os.fsencode(self.settings.config_folder / "config.toml")
            raise ConfigProblem(f"threshold_for names no category: {unknown[0]}", path=path, hint=MEND)
        if self.settings.threshold is not None:
            return Thresholds(self.settings.threshold, tuple(sorted(own.items())))
        if self.model is None:
            return Thresholds(RULES_THRESHOLD, tuple(sorted(own.items())))
        return Thresholds(self.model.model.threshold, tuple(sorted(own.items())))

    @contextmanager
    def writing(self) -> Iterator[SqliteJournal]:
        """The run journal, for the one process that may move files; each run that ends meanwhile leaves a version.

        Raises `Locked` when that is another one.
        """
        from ifmosfs.app.versioning import finished_runs
        from ifmosfs.store.journal import open_journal

        folder = self.settings.state_folder
        # Plans and runs of a million files are in memory from here to the end: between them, too, there is nothing to be found.
        with without_collector(), self.locked():
            make_room = partial(release_if_scarce, folder)
            try:
                journal = open_journal(folder, make_room)
            except DiskFull:
                if not release_reserve(folder):
                    raise
                journal = open_journal(folder, make_room)
            try:
                self._finished = finished_runs(journal)
                yield journal
                self.record_versions(journal)
            finally:
                self._finished = None
                journal.close()

    def record_versions(self, journal: SqliteJournal) -> None:
        """A version for each run that has ended and has none yet. Whoever does several runs calls it after each: a manifest tells how
        the files are when it is taken."""
        from ifmosfs.app.versioning import finished_runs, record_versions

        if self._finished is not None:
            record_versions(self, journal, self._finished)
            self._finished = finished_runs(journal)

    @property
    def has_catalogue(self) -> bool:
        """Whether there is a catalogue with anything in it; asking makes none."""
        path = self.settings.state_folder / "catalogue.db"
        return path.exists() and path.stat().st_size > 0

    @property
    def has_journal(self) -> bool:
        """Whether any run was ever recorded."""
        return (self.settings.state_folder / "journal.db").exists()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The right to move files, and to replace the databases, without the journal. Raises `Locked`."""
        self._make_state_folder()
        with exclusive(self.settings.state_folder / "lock"):
            yield

    @property
    def own_state(self) -> frozenset[bytes]:
        """The program's own folders, resolved, which no scan enters."""
        folders = (self.settings.state_folder, self.settings.config_folder)
        return frozenset(os.fsencode(os.path.realpath(folder)) for folder in folders)

    def _make_state_folder(self) -> None:
        folder = self.settings.state_folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise IfmosfsError(
                f"the state folder cannot be made ({error.strerror})",
                path=os.fsencode(folder),
                hint="set IFMOSFS_HOME to a folder you can write to",
            ) from error
