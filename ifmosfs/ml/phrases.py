"""Many phrases looked for in one text, without looking for each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

WORD: re.Pattern[str] = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*|[€$£]")
_UNSPACED_SCRIPTS = "\u2e80"  # from here on scripts have no spaces between words, and a phrase may be anywhere
_START = 4  # characters

# For texts in ASCII: everything to a space that is no part of a word, whatever case it has.
_BETWEEN_WORDS = {code: " " for code in range(128) if not (chr(code).isalpha() or chr(code) in "-'")}


def words_of(text: str) -> frozenset[str]:
    """The different words of a text, and signs of money, as `WORD` finds them."""
    if not text.isascii():
        return frozenset(WORD.findall(" ".join(set(text.split()))))  # each piece once: texts repeat themselves
    words: set[str] = {"$"} if "$" in text else set()
    for word in set(text.translate(_BETWEEN_WORDS).split()):
        if word.isalpha():
            words.add(word)
        else:
            words.update(WORD.findall(word))
    return frozenset(words)


class Phrases:
    """Finds phrases that begin with a word of the text and end anywhere; few of them are looked for in fact.

    A phrase that is a single word of four letters or more may be the beginning of a longer one. Phrases in scripts without spaces, and
    such as do not begin with a letter, are found anywhere.
    """

    def __init__(self, phrases: Iterable[tuple[str, str]]) -> None:
        self._by_word: dict[str, list[tuple[str, str, str]]] = {}  # with how the second word starts, where that tells
        self._by_start: dict[str, list[tuple[str, str]]] = {}
        self._anywhere: list[tuple[str, str]] = []
        for phrase, category in phrases:
            first, _, rest = phrase.partition(" ")
            if not WORD.fullmatch(first) or first >= _UNSPACED_SCRIPTS:
                self._anywhere.append((phrase, category))
            elif rest or len(first) < _START:
                start = rest[:_START]
                is_telling = len(start) == _START and start.isalpha()
                self._by_word.setdefault(first, []).append((phrase, start if is_telling else "", category))
            else:
                self._by_start.setdefault(first[:_START], []).append((phrase, category))

    def find(self, text: str, words: frozenset[str]) -> Iterator[tuple[str, str]]:
        """The phrases (and their categories) that are in a text, whose words are `words_of(text)`."""
        starts = {word[:_START] for word in words}
        for word in sorted(words & self._by_word.keys()):
            for phrase, start, category in self._by_word[word]:
                if (not start or start in starts) and phrase in text:
                    yield phrase, category
        for start in sorted(starts & self._by_start.keys()):
            yield from (pair for pair in self._by_start[start] if any(word.startswith(pair[0]) for word in words))
        is_unspaced = max(words, default="") >= _UNSPACED_SCRIPTS
        yield from (pair for pair in self._anywhere if (is_unspaced or pair[0].isascii()) and pair[0] in text)
