"""Text from patterns: literal text with pieces between « and », which hardly any file format uses itself.

    «one|two|three»      one of them; each may hold pieces
    «name» «name:argument»   the value of a slot (see `slots`), or a word of the list of that name
    «Name» «NAME»        the same with a capital, or in capitals
    «?text»              the text, half of the time
    «*2-5/, /text»       the text two to five times, each time anew, with `, ` between
    «@x=text»            the text, remembered by the name x;  «@x»  the same text again

A pattern is compiled once per process. Mistakes in it raise `PatternProblem`, and a test compiles every pattern there is.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final, Protocol

OPEN, CLOSE = "«", "»"
SLOT = re.compile(r"([A-Za-z][A-Za-z0-9_]*)(?::(.*))?", re.DOTALL)
REPEAT = re.compile(r"\*(\d+)-(\d+)/([^/]*)/(.*)", re.DOTALL)
KEEP = re.compile(r"@([a-z][a-z0-9_]*)(?:=(.*))?", re.DOTALL)
BRACKETS: Final = re.compile(f"[{OPEN}{CLOSE}]")


class PatternProblem(ValueError):
    """A pattern that cannot be read."""


class Speaker(Protocol):
    """What a pattern is expanded with."""

    rng: random.Random
    kept: dict[str, str]

    def slot(self, name: str, argument: str) -> str:
        """The value of a slot, by its name in small letters."""
        ...


Piece = Callable[[Speaker], str]


@cache
def compile_pattern(pattern: str) -> Piece:
    """The pattern as a function of who speaks."""
    pieces = [_piece(part) if inside else _literal(part) for inside, part in _split(pattern)]
    if len(pieces) == 1:
        return pieces[0]
    return lambda speaker: "".join([piece(speaker) for piece in pieces])


def expand(pattern: str, speaker: Speaker) -> str:
    """One text that the pattern describes."""
    return compile_pattern(pattern)(speaker) if OPEN in pattern else pattern


def slots_of(pattern: str) -> Iterator[str]:
    """The names of all slots that a pattern uses, in small letters."""
    for inside, part in _split(pattern):
        if inside:
            yield from _slots_of_piece(part)


def _slots_of_piece(part: str) -> Iterator[str]:
    if repeat := REPEAT.fullmatch(part):
        yield from slots_of(repeat[4])
    elif keep := KEEP.fullmatch(part):
        yield from slots_of(keep[2] or "")
    elif part.startswith("?"):
        yield from slots_of(part[1:])
    elif len(options := alternatives(part)) > 1:
        for option in options:
            yield from slots_of(option)
    elif slot := SLOT.fullmatch(part):
        yield slot[1].lower()


def _split(pattern: str) -> Iterator[tuple[bool, str]]:
    """The pattern in parts: literal text (False) and what stands between outermost brackets (True)."""
    depth, start = 0, 0
    for match in BRACKETS.finditer(pattern):
        if match[0] == OPEN:
            if depth == 0 and match.start() > start:
                yield False, pattern[start : match.start()]
            start = match.end() if depth == 0 else start
            depth += 1
            continue
        depth -= 1
        if depth < 0:
            raise PatternProblem(f"{CLOSE} without {OPEN}: {pattern!r}")
        if depth == 0:
            yield True, pattern[start : match.start()]
            start = match.end()
    if depth:
        raise PatternProblem(f"{OPEN} is not closed: {pattern!r}")
    if start < len(pattern) or not pattern:
        yield False, pattern[start:]


def alternatives(part: str) -> list[str]:
    """The part, cut at each | that is not within brackets of its own."""
    if "|" not in part:
        return [part]
    options, depth, start = [], 0, 0
    for at, char in enumerate(part):
        if char == "|" and depth == 0:
            options.append(part[start:at])
            start = at + 1
        depth += (char == OPEN) - (char == CLOSE)
    return [*options, part[start:]]


def _literal(text: str) -> Piece:
    return lambda _speaker: text


def _piece(part: str) -> Piece:
    if repeat := REPEAT.fullmatch(part):
        return _repeated(int(repeat[1]), int(repeat[2]), repeat[3], compile_pattern(repeat[4]))
    if keep := KEEP.fullmatch(part):
        return _kept(keep[1], keep[2])
    if part.startswith("?"):
        return _perhaps(compile_pattern(part[1:]))
    options = alternatives(part)
    if len(options) > 1:
        return _one_of([compile_pattern(option) for option in options])
    slot = SLOT.fullmatch(part)
    if slot is None:
        raise PatternProblem(f"what is meant by {OPEN}{part}{CLOSE}?")
    return _slot(slot[1], slot[2] or "")


def _repeated(low: int, high: int, between: str, piece: Piece) -> Piece:
    return lambda speaker: between.join([piece(speaker) for _ in range(speaker.rng.randint(low, high))])


def _perhaps(piece: Piece) -> Piece:
    return lambda speaker: piece(speaker) if speaker.rng.random() < 0.5 else ""


def _one_of(pieces: list[Piece]) -> Piece:
    return lambda speaker: pieces[int(speaker.rng.random() * len(pieces))](speaker)


def _kept(name: str, pattern: str | None) -> Piece:
    if pattern is None:
        return lambda speaker: speaker.kept[name]
    piece = compile_pattern(pattern)

    def keep(speaker: Speaker) -> str:
        speaker.kept[name] = text = piece(speaker)
        return text

    return keep


def _slot(name: str, argument: str) -> Piece:
    lower = name.lower()
    if name == lower:
        return lambda speaker: speaker.slot(lower, argument)
    if name == name.upper():
        return lambda speaker: speaker.slot(lower, argument).upper()
    return lambda speaker: _capital(speaker.slot(lower, argument))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
