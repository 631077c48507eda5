"""Many phrases looked for in one text, without looking for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_KEY = 3  # characters


class Phrases:
    """Finds the same as `phrase in text` for each of many phrases, a twentieth of them being looked for in fact.

    A phrase of several words can only be in a text if some piece of the text between spaces ends as its first word does, and some
    piece begins as its last word does.
    """

    def __init__(self, phrases: Iterable[tuple[str, str]]) -> None:
        self._by_end: dict[str, list[tuple[str, str, str]]] = {}
        self._anywhere: list[tuple[str, str]] = []
        for phrase, category in phrases:
            first, _, rest = phrase.partition(" ")
            last = rest.rpartition(" ")[2]
            if len(first) < _KEY or not last:
                self._anywhere.append((phrase, category))
            else:
                start = last[:_KEY] if len(last) >= _KEY else ""
                self._by_end.setdefault(first[-_KEY:], []).append((phrase, start, category))

    def find(self, text: str, pieces: frozenset[str]) -> Iterator[tuple[str, str]]:
        """The phrases (and their categories) that are in a text, whose `pieces` are what stands between its single spaces."""
        ends = {piece[-_KEY:] for piece in pieces}
        starts = {piece[:_KEY] for piece in pieces}
        is_ascii = text.isascii()
        for end in sorted(ends & self._by_end.keys()):
            for phrase, start, category in self._by_end[end]:
                if (not start or start in starts) and phrase in text:
                    yield phrase, category
        for phrase, category in self._anywhere:
            if (not is_ascii or phrase.isascii()) and phrase in text:
                yield phrase, category
