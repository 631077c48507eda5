"""The scene that the conformance suite stands on is what it says it is, on both ways."""

from __future__ import annotations

from tests.conformance.os_protocol import Os, tree
from tests.conformance.playground import CONTROL, LAYOUT_SHOWN, REASONS, REVIEW


def test_the_layout_has_one_of_everything(system: Os) -> None:
    assert tree(system, without=(REVIEW, CONTROL)) == LAYOUT_SHOWN


def test_the_review_folder_has_a_folder_for_each_reason(system: Os) -> None:
    shown = tree(system, REVIEW)
    assert shown == {
        **{reason: {} for reason in REASONS},
        b"links": {b"other": (b"/there-is-no-such-place/nowhere",)},
        b"projects": {b"far": {b".git": {b"HEAD": b"ref: refs/heads/main\n"}, b"main.py": b"print(3)\n"}},
        b"unsure": {b"deep": {b"what.xyz": b"hm, too"}, b"who.xyz": b"hm"},
    }


def test_the_control_folder_is_generated(system: Os) -> None:
    assert system.listdir(CONTROL) == [b"README.txt", b"conflicts.jsonl", b"plan.jsonl", b"status.json"]
