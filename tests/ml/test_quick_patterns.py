"""No regular expression of the classifier takes long, whatever it is given: one with two ways to take the same characters holds a scan
for ever at a line of asterisks."""

from __future__ import annotations

import importlib
import pkgutil
import re
import signal
from collections.abc import Iterator
from types import FrameType

import pytest

from ifmosfs import ml
from ifmosfs.ml.rules import default_rules

LENGTH = 1_500
MOST_S = 1.0  # of the processor; the slowest takes a tenth of it
UNITS = (
    *"*-=_#.~/\\|+:;,<>()[]{}!?%&@$'\" \t\n", "a", "A", "1", "é", "a1", "a.", "a-", "a ", " a", "- ", "a:", "a: ", "a=", "a,", "1.",
    "1:",
    "a\n", " \n", "<a", "a/", "a;", "()", "{}", "[]", '="', "a: a\n", "a = a\n", '"a",', '"a":', "#a\n", "a a", "aA",
)  # fmt: skip


class TooLong(Exception):
    """The time is over."""


def patterns() -> dict[str, re.Pattern[str] | re.Pattern[bytes]]:
    """All that the modules of the classifier and its rules hold, each with where it was found first."""
    found: dict[tuple[object, int], tuple[str, re.Pattern[str] | re.Pattern[bytes]]] = {}
    for info in pkgutil.walk_packages(ml.__path__, "ifmosfs.ml."):
        if ".synth" in info.name or ".shipped" in info.name:
            continue
        for name, value in vars(importlib.import_module(info.name)).items():
            if not name.startswith("__"):
                for pattern in within(value):
                    found.setdefault((pattern.pattern, pattern.flags), (f"{info.name}.{name}", pattern))
    for pattern in within(default_rules()):
        found.setdefault((pattern.pattern, pattern.flags), ("rules.toml", pattern))
    return {f"{where} {number}": pattern for number, (where, pattern) in enumerate(found.values())}


def within(value: object, depth: int = 0) -> Iterator[re.Pattern[str] | re.Pattern[bytes]]:
    """The patterns in a value, in what it holds, and so on."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth > 4 or isinstance(value, (str, bytes, type)):
        return
    elif isinstance(value, dict):
        for each in (*value.keys(), *value.values()):
            yield from within(each, depth + 1)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from within(each, depth + 1)
    elif type(value).__module__.startswith("ifmosfs."):
        names = [*getattr(value, "__dict__", {}), *getattr(type(value), "__slots__", ())]
        for name in names:
            yield from within(getattr(value, name, None), depth + 1)


PATTERNS = patterns()


@pytest.fixture(autouse=True)
def _alarm() -> Iterator[None]:
    def over(number: int, frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, over)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def test_the_patterns_are_found() -> None:
    assert len(PATTERNS) > 200


@pytest.mark.parametrize("ending", ["", "!"], ids=["repeated", "repeated, with another end"])
def test_no_pattern_takes_long_on_what_repeats(ending: str) -> None:
    slow = []
    for where, pattern in PATTERNS.items():
        for unit in UNITS:
            text = (unit * LENGTH)[:LENGTH] + ending
            given = text.encode() if isinstance(pattern.pattern, bytes) else text
            signal.setitimer(signal.ITIMER_VIRTUAL, MOST_S)
            try:
                pattern.match(given)  # type: ignore[arg-type]
                pattern.search(given)  # type: ignore[arg-type]
            except TooLong:
                slow.append((where, unit))
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    assert slow == []
