"""The ways of labelling that can be evaluated, by name: those that there always are, and every model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ifmosfs.app.context import RULES_THRESHOLD, App
from ifmosfs.core.errors import NotFound, UsageProblem
from ifmosfs.ml.baselines import ByExtension
from ifmosfs.ml.classifier import RulesClassifier
from ifmosfs.ml.extract.extractor import Extractor
from ifmosfs.ml.methods import ByClassifier, ByGuessing, ByMostFrequent, Method, OwnMemory

if TYPE_CHECKING:
    from ifmosfs.ml.model_files import StoredModel

TOGETHER: Final = "together"
MODEL_ALONE: Final = "model-alone"
RULES: Final = "rules"
EXTENSIONS: Final = "extensions"
MOST_FREQUENT: Final = "most-frequent"


def _rules_of(app: App) -> tuple[RulesClassifier, OwnMemory]:
    memory = OwnMemory()
    return RulesClassifier(app.disk, app.taxonomy, extractor=Extractor(memory)), memory


def _rules_threshold(app: App) -> float:
    own = app.settings.threshold
    return RULES_THRESHOLD if own is None else own


def _by_rules(app: App) -> Method:
    rules, memory = _rules_of(app)
    return ByClassifier(rules, _rules_threshold(app), memory)


def _by_extension(app: App) -> Method:
    return ByGuessing(ByExtension(taxonomy=app.taxonomy).guess, _rules_threshold(app))


def _by_most_frequent(app: App) -> Method:
    return ByMostFrequent(_rules_threshold(app))


def _by_model_in_use(app: App) -> Method:
    return _together(app, _in_use(app))


def _by_model_alone(app: App) -> Method:
    from ifmosfs.ml.learned import ModelAlone

    stored = _in_use(app)
    rules, memory = _rules_of(app)
    return ByClassifier(ModelAlone(rules, stored.model, stored.embedder), _model_threshold(app, stored), memory)


def _together(app: App, stored: StoredModel) -> Method:
    from ifmosfs.ml.learned import LearnedClassifier

    rules, memory = _rules_of(app)
    classifier = LearnedClassifier(rules, stored.model, stored.model_id, stored.embedder)
    return ByClassifier(classifier, _model_threshold(app, stored), memory)


def _model_threshold(app: App, stored: StoredModel) -> float:
    own = app.settings.threshold
    return stored.model.threshold if own is None else own


def _in_use(app: App) -> StoredModel:
    if app.model is None:
        raise NotFound("no model is in use", hint="first: ifmosfs model use shipped")
    return app.model


METHODS: Final[Mapping[str, Callable[[App], Method]]] = {
    TOGETHER: _by_model_in_use,
    MODEL_ALONE: _by_model_alone,
    RULES: _by_rules,
    EXTENSIONS: _by_extension,
    MOST_FREQUENT: _by_most_frequent,
}


def default_methods(app: App) -> tuple[str, ...]:
    """All there are but single models; without those that need a model where none is in use."""
    without_model = (RULES, EXTENSIONS, MOST_FREQUENT)
    return without_model if app.model is None else (TOGETHER, MODEL_ALONE, *without_model)


def make_method(app: App, name: str) -> Method:
    """A way of labelling: one of `METHODS`, or the rules together with a model by its id, which may be shortened, or `shipped`.

    Raises: NotFound for what is neither, Ambiguous, ModelUnusable.
    """
    if name in METHODS:
        return METHODS[name](app)
    try:
        stored = app.models.load(name)
    except NotFound as error:
        hint = f"there are {', '.join(METHODS)}, and models: ifmosfs model list"
        raise NotFound(f"no such way of labelling: {name}", hint=hint) from error
    assert stored is not None  # the rules are a method by their name
    return _together(app, stored)


def checked_methods(app: App, names: Sequence[str]) -> tuple[str, ...]:
    """The names, each once, before anything is looked at.

    Raises: UsageProblem where there is none; as `make_method` for one that means nothing.
    """
    if not names:
        raise UsageProblem("no way of labelling was named", hint=f"there are {', '.join(METHODS)}")
    for name in names:
        make_method(app, name).close()
    return tuple(dict.fromkeys(names))
