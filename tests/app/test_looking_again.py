"""What is looked for again by whoever misses it: how often, and how long he waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ifmosfs.app.looking_again import LookedFor
from ifmosfs.core.errors import DatabaseDamaged, IfmosfsError, Locked

PATIENT_S = 30.0


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def counting(clock: Clock, *, lasts_s: float = 0.0) -> LookedFor[int]:
    """Each look finds the next number."""

    def look(last: int) -> int:
        clock.now_s += lasts_s
        return last + 1

    return LookedFor(0, look, clock=clock)


def miss(looked_for: LookedFor[int], *, is_news: bool = False) -> int:
    """What is found for somebody who misses something in what was found last."""
    n_looks, _ = looked_for.found
    looked_for.again(n_looks, PATIENT_S, is_news=is_news)
    return looked_for.found[1]


def test_what_is_missed_is_looked_for_at_once(clock: Clock) -> None:
    assert miss(counting(clock)) == 1


def test_what_the_last_look_did_not_find_is_looked_for_once_in_a_second(clock: Clock) -> None:
    looked_for, found = counting(clock), []
    for _ in range(8):
        found.append(miss(looked_for))
        clock.now_s += 0.5
    assert found == [1, 1, 2, 2, 3, 3, 4, 4]


def test_after_a_long_look_comes_a_longer_rest(clock: Clock) -> None:
    looked_for = counting(clock, lasts_s=10.0)
    assert miss(looked_for) == 1
    clock.now_s += 39.0
    assert miss(looked_for) == 1
    clock.now_s += 2.0
    assert miss(looked_for) == 2


def test_what_was_found_and_has_gone_since_is_looked_for_without_a_rest(clock: Clock) -> None:
    looked_for = counting(clock)
    assert [miss(looked_for, is_news=True) for _ in range(3)] == [1, 2, 3]


def test_who_has_missed_it_before_somebody_else_had_it_looked_for_gets_what_was_found_for_him(clock: Clock) -> None:
    looked_for = counting(clock)
    n_looks, _ = looked_for.found
    miss(looked_for)
    assert looked_for.again(n_looks, PATIENT_S, is_news=True)
    assert looked_for.found == (1, 1)


def test_nobody_waits_longer_for_a_look_than_he_will_and_its_end_is_not_lost() -> None:
    may_end = threading.Event()

    def look(last: str) -> str:
        may_end.wait(PATIENT_S)
        return last + ", moved"

    looked_for = LookedFor("there", look)
    assert not looked_for.again(0, 0.01, is_news=False)
    assert not looked_for.again(0, 0.01, is_news=True)  # of the look that goes on: no second one is begun
    assert looked_for.found == (0, "there")
    may_end.set()
    assert looked_for.again(0, PATIENT_S, is_news=False)
    assert looked_for.found == (1, "there, moved")


@pytest.mark.parametrize(
    "error", [Locked("another run is moving files"), DatabaseDamaged("not a journal"), OSError(5, "disk")]
)
def test_what_is_known_stays_where_it_cannot_be_looked_for(clock: Clock, error: IfmosfsError | OSError) -> None:
    answers: Iterator[str | Exception] = iter([error, "moved"])

    def look(_: str) -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    looked_for = LookedFor("there", look, clock=clock)
    assert looked_for.again(0, PATIENT_S, is_news=False)
    assert looked_for.found == (1, "there")
    clock.now_s += 2.0
    assert looked_for.again(1, PATIENT_S, is_news=False)
    assert looked_for.found == (2, "moved")
