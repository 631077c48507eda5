"""Who writes a file: a seeded generator of chance, a language, and a clock of its own.

Every slot of a pattern is a function of the pen and the slot's argument, in `SLOTS` (`slots`); a name that is no slot there is a word
list.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from ifmosfs.ml.synth.grammar import OPEN, PatternProblem, alternatives, expand
from ifmosfs.ml.synth.words import word_lists

T = TypeVar("T")
Slot = Callable[["Pen", str], str]

SLOTS: Final[dict[str, Slot]] = {}
BEGINNING: Final = datetime(2004, 1, 1)  # noqa: DTZ001  the wall time of no place
HEX: Final = "0123456789abcdef"
BASE64: Final = string.ascii_letters + string.digits + "+/"

DATE_FORMATS: Final = {
    "en": ("%d %B %Y", "%d/%m/%Y", "%B %-d, %Y", "%m/%d/%Y", "%Y-%m-%d", "%d %b %Y"),
    "de": ("%d.%m.%Y", "%-d. %B %Y", "%d.%m.%y"),
    "fr": ("%d/%m/%Y", "%-d %B %Y"),
    "es": ("%d/%m/%Y", "%-d de %B de %Y"),
    "it": ("%d/%m/%Y", "%-d %B %Y"),
    "nl": ("%d-%m-%Y", "%-d %B %Y"),
    "pt": ("%d/%m/%Y", "%-d de %B de %Y"),
    "zh": ("%Y年%-m月%-d日", "%Y-%m-%d"),
    "ja": ("%Y年%-m月%-d日", "%Y/%m/%d"),
    "ru": ("%d.%m.%Y", "%-d %B %Y г."),
}
DECIMAL_COMMA: Final = frozenset({"de", "fr", "es", "it", "nl", "pt", "ru"})
CURRENCY: Final = {"zh": "¥", "ja": "円", "ru": "руб."}


class Pen:
    """Writes one file. Whatever it gives depends on the seed and on what was asked for before, on nothing else."""

    def __init__(self, seed: int | str, language: str = "en") -> None:
        self.rng = random.Random(seed)
        self.kept: dict[str, str] = {}
        self.use(language)
        seconds = int(self.rng.triangular(0, 22 * 365 * 86400, 17 * 365 * 86400))
        self.now = BEGINNING + timedelta(seconds=seconds)

    def use(self, language: str) -> None:
        """Write in this language from now on."""
        self.language = language
        self.lists = word_lists(language)

    def slot(self, name: str, argument: str) -> str:
        """The value of a slot, or a word of the list of that name."""
        own = SLOTS.get(name)
        if own is not None:
            return own(self, argument)
        words = self.lists.get(name)
        if words is None:
            raise PatternProblem(f"no slot and no word list is called {name}")
        return self.say(words[int(self.rng.random() * len(words))])

    def say(self, pattern: str) -> str:
        """The pattern, filled in."""
        return expand(pattern, self) if OPEN in pattern else pattern

    def one_of(self, patterns: str) -> str:
        """One of the alternatives of a pattern, filled in: `a|b` is one of the two."""
        return self.say(self.pick(alternatives(patterns)))

    def pick(self, options: Sequence[T]) -> T:
        """One of them."""
        return options[int(self.rng.random() * len(options))]

    def weighted(self, weights: dict[str, int]) -> str:
        """One of the keys, by weight."""
        return self.rng.choices(list(weights), list(weights.values()))[0]

    def chance(self, probability: float) -> bool:
        """Whether it happens."""
        return self.rng.random() < probability

    def whole(self, low: int, high: int) -> int:
        """A number from low to high."""
        return self.rng.randint(low, high)

    def size(self, low: int, high: int) -> int:
        """A number from low to high of which small ones are likelier: its logarithm is even."""
        return min(high, int(low * (max(high, 1) / max(low, 1)) ** self.rng.random() + 0.5))

    def sample(self, options: Sequence[T], n: int) -> list[T]:
        """Up to n different ones, in any order."""
        return self.rng.sample(list(options), min(n, len(options)))

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """All of them in another order."""
        return self.rng.sample(list(options), len(options))

    def noise(self, n: int) -> bytes:
        """n random bytes."""
        return self.rng.randbytes(n)

    def paragraph(self, n: int = 4) -> str:
        """n sentences about everyday things, in the pen's language."""
        between = "" if self.language in {"zh", "ja"} else " "
        return between.join(self.slot("sentence", "") for _ in range(n))

    def moment(self, pattern: str) -> str:
        """The time of the pen's clock as `strftime` gives it, with the month in the pen's language."""
        return formatted_time(self, self.now, pattern)

    def amount(self, low: float = 1, high: float = 5000) -> float:
        """An amount of money, small ones likelier."""
        value = low * (high / low) ** self.rng.random()
        return round(value, 2) if self.chance(0.8) else float(round(value) or 1)

    def number(self, value: float, decimals: int = 2) -> str:
        """A number as the language writes it."""
        text = f"{value:,.{decimals}f}"
        return text.translate(str.maketrans(",.", ".,")) if self.language in DECIMAL_COMMA else text

    def money(self, value: float) -> str:
        """An amount with a currency."""
        sign = CURRENCY.get(self.language) or self.pick(
            ("€", "EUR", "€") if self.language != "en" else ("$", "£", "USD", "€")
        )
        number = self.number(value)
        return f"{sign}{number}" if sign in "$£¥" else f"{number} {sign}"


def slot(function: Slot) -> Slot:
    """Make a function known to patterns by its name, without the trailing underscore."""
    SLOTS[function.__name__.strip("_")] = function
    return function


def all_slots() -> frozenset[str]:
    """Every name that a pattern may use: the slots and the word lists."""
    return frozenset(SLOTS) | frozenset(word_lists("en"))


def formatted_time(pen: Pen, when: datetime, pattern: str) -> str:
    """As `strftime` gives it, with the month in the pen's language."""
    if "%B" in pattern:
        pattern = pattern.replace("%B", pen.lists["month"][when.month - 1])
    return when.strftime(pattern)


FOLDED: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ø": "o", "œ": "oe", "ı": "i"}
)


def ascii_of(text: str) -> str:
    """The text in letters that every system can have in a name; what has no such letter is left out."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", text.translate(FOLDED))
    return "".join(char for char in plain if char.isascii() and (char.isalnum() or char in " -_."))
