"""Who is taken for somebody that looks at what is listed, and for how long."""

from __future__ import annotations

import pytest

from ifmosfs.platform.kernel_interest import MOST_REMEMBERED, REMEMBERED_S, UNKNOWN_PROCESS, Interest

CANARY, FOLDER, ELSEWHERE = 5, 7, 8
LISTER, SOMEBODY = 501, 502  # processes


def _watching(folder: int = FOLDER, process: int = LISTER) -> Interest:
    interest = Interest()
    interest.watch(CANARY, folder, process)
    return interest


def _interested(interest: Interest) -> set[tuple[int, int]]:
    return {
        (folder, process)
        for folder in (FOLDER, ELSEWHERE)
        for process in (LISTER, SOMEBODY, UNKNOWN_PROCESS)
        if interest.is_in(folder, process)
    }


IN_THE_FOLDER = {(FOLDER, LISTER), (FOLDER, SOMEBODY), (FOLDER, UNKNOWN_PROCESS)}


def test_who_looks_at_what_it_has_listed_is_interested_everywhere_and_everybody_in_that_folder() -> None:
    interest = _watching()
    interest.looked_at(CANARY, LISTER)
    assert _interested(interest) == {*IN_THE_FOLDER, (ELSEWHERE, LISTER)}


def test_who_looks_at_what_somebody_else_has_listed_says_something_of_the_folder_only() -> None:
    interest = _watching()
    interest.looked_at(CANARY, SOMEBODY)
    assert _interested(interest) == IN_THE_FOLDER


def test_processes_that_have_no_number_here_are_not_taken_for_one() -> None:
    interest = _watching(process=UNKNOWN_PROCESS)
    interest.looked_at(CANARY, UNKNOWN_PROCESS)
    assert _interested(interest) == IN_THE_FOLDER


@pytest.mark.parametrize("looked_at", [CANARY - 1, CANARY + 1])
def test_a_look_at_anything_else_is_no_interest(looked_at: int) -> None:
    interest = _watching()
    assert not interest.watches(looked_at)
    interest.looked_at(looked_at, LISTER)
    assert _interested(interest) == set()
    assert interest.watches(CANARY)


def test_a_canary_is_looked_at_once() -> None:
    interest = _watching()
    interest.looked_at(CANARY, LISTER)
    assert not interest.watches(CANARY)


def test_interest_is_forgotten_after_a_while() -> None:
    clock = [0.0]
    interest = Interest(now=lambda: clock[0])
    interest.watch(CANARY, FOLDER, LISTER)
    interest.looked_at(CANARY, LISTER)
    clock[0] = REMEMBERED_S
    assert _interested(interest) == {*IN_THE_FOLDER, (ELSEWHERE, LISTER)}
    clock[0] = REMEMBERED_S + 0.1
    assert _interested(interest) == set()


def test_no_more_canaries_are_kept_than_that() -> None:
    interest = Interest()
    for number in range(MOST_REMEMBERED + 1):
        interest.watch(1000 + number, folder=number, process=LISTER)
    assert [number for number in range(MOST_REMEMBERED + 1) if not interest.watches(1000 + number)] == [0]


def test_no_more_folders_and_processes_are_remembered_than_that() -> None:
    interest = Interest()
    for number in range(MOST_REMEMBERED + 1):
        interest.watch(1000, folder=number, process=10_000 + number)
        interest.looked_at(1000, 10_000 + number)
    forgotten = [number for number in range(MOST_REMEMBERED + 1) if not interest.is_in(number, SOMEBODY)]
    assert forgotten == [0]
    assert not interest.is_in(ELSEWHERE * 1000, 10_000)
    assert interest.is_in(ELSEWHERE * 1000, 10_001)
