"""Which category a person means by a word."""

from __future__ import annotations

import difflib

from ifmosfs.core.errors import Ambiguous, NotFound
from ifmosfs.core.plan import NO_CATEGORY
from ifmosfs.ml.taxonomy import Taxonomy

_NONES = frozenset({NO_CATEGORY, "__none__"})


def category_named(taxonomy: Taxonomy, word: str) -> str | None:
    """The category that a person means by its name, its label or the beginning of one of them; `None` for none at all.

    Raises `NotFound`, with what is spelled nearly so, and `Ambiguous`.
    """
    wanted = _plain(word)
    if wanted in {_plain(none) for none in _NONES}:
        return None
    spellings = _spellings(taxonomy)
    if wanted in spellings:
        return spellings[wanted]
    fitting = sorted({name for spelling, name in spellings.items() if wanted and spelling.startswith(wanted)})
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise Ambiguous(f"several categories begin with {word!r}", hint=f"name one of: {', '.join(fitting)}")
    raise NotFound(f"there is no category {word!r}", hint=near_categories(taxonomy, word))


def some_category_named(taxonomy: Taxonomy, word: str) -> str:
    """The same where none at all is no answer. Raises `NotFound`, `Ambiguous`."""
    found = category_named(taxonomy, word)
    if found is None:
        raise NotFound(f"there is no category {word!r}", hint=near_categories(taxonomy, word))
    return found


def near_categories(taxonomy: Taxonomy, word: str) -> str:
    """The hint for a word that names no category: what is spelled nearly so, or all there are."""
    spellings, wanted = _spellings(taxonomy), _plain(word)
    inside = [name for spelling, name in spellings.items() if len(wanted) > 2 and wanted in spelling]
    near = [spellings[each] for each in difflib.get_close_matches(wanted, spellings, n=4, cutoff=0.5)]
    matches = list(dict.fromkeys([*inside, *near]))[:4]
    if matches:
        return f"did you mean {' or '.join(matches)}?"
    return f"one of {', '.join(sorted(set(spellings.values())))}, or {NO_CATEGORY}"


def _spellings(taxonomy: Taxonomy) -> dict[str, str]:
    return {_plain(text): one.name for one in taxonomy.categories for text in (one.label, one.name)}


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").replace("-", " ").split())
