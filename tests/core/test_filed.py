"""What a file is taken for by the folder that it lies in."""

from __future__ import annotations

import pytest

from ifmosfs.core.filed import filed_as
from tests.core.plans import KeepReason, plan_of

STANDS_FOR = {b"Money": {"bill"}, b"Maps": {"map"}, b"Both": {"bill", "map"}}

CASES = {
    "where the plan has put it": (b"Money/a", "paper"),
    "under another name there": (b"Money/other", "paper"),
    "in the folder of another category": (b"Maps/a", "map"),
    "in a folder of several": (b"Both/a", "paper"),
    "in a folder of none": (b"Stuff/a", "paper"),
    "at the top": (b"a", "paper"),
}


@pytest.mark.parametrize(("target", "category"), CASES.values(), ids=CASES)
def test_a_file_that_moves_is_filed_as_its_folder_says_once_a_person_has_moved_it(target: bytes, category: str) -> None:
    (action,) = plan_of((b"a", b"Money/a")).actions
    assert filed_as(action, target, lambda folder: frozenset(STANDS_FOR.get(folder, ()))) == category


def test_a_file_that_nobody_was_sure_about_is_what_its_folder_says() -> None:
    (action,) = plan_of((b"a", KeepReason.UNSURE)).actions
    assert filed_as(action, b"Money/a", lambda folder: frozenset(STANDS_FOR.get(folder, ()))) == "bill"
