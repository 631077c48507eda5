"""The ways of labelling that can be evaluated, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ifmosfs.app.context import App
from ifmosfs.core.errors import NotFound, UsageProblem
from ifmosfs.ml.baselines import ByExtension
from ifmosfs.ml.classifier import RulesClassifier
from ifmosfs.ml.extract.extractor import Extractor
from ifmosfs.ml.methods import ByClassifier, ByGuessing, ByMostFrequent, Method, OwnMemory

RULES: Final = "rules"
EXTENSIONS: Final = "extensions"
MOST_FREQUENT: Final = "most-frequent"


def _by_rules(app: App) -> Method:
    memory = OwnMemory()
    return ByClassifier(RulesClassifier(app.disk, app.taxonomy, extractor=Extractor(memory)), memory)


def _by_extension(app: App) -> Method:
    return ByGuessing(ByExtension(taxonomy=app.taxonomy).guess)


def _by_most_frequent(app: App) -> Method:
    del app
    return ByMostFrequent()


METHODS: Final[Mapping[str, Callable[[App], Method]]] = {
    RULES: _by_rules,
    EXTENSIONS: _by_extension,
    MOST_FREQUENT: _by_most_frequent,
}


def checked_methods(names: Sequence[str]) -> tuple[str, ...]:
    """The names, each once.

    Raises: UsageProblem where there is none, NotFound for one that means nothing.
    """
    hint = f"there are {', '.join(METHODS)}"
    if not names:
        raise UsageProblem("no way of labelling was named", hint=hint)
    unknown = [name for name in names if name not in METHODS]
    if unknown:
        raise NotFound(f"no such way of labelling: {', '.join(unknown)}", hint=hint)
    return tuple(dict.fromkeys(names))
