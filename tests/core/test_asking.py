"""Which files a person is asked about, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ifmosfs.core.asking import Doubt, is_doubtful, questions
from ifmosfs.core.files import Fingerprint, Kind, ScannedFile
from ifmosfs.core.proposal import Decider, Proposal

NEAR = 3


def distance(one: bytes, other: bytes) -> int:
    return abs(one[0] - other[0])


def doubt(path: bytes, sketch: int | None = None, score: float = 0.0, runner_up: float = 0.0) -> Doubt:
    file = ScannedFile(1, b"/in", path, Kind.FILE, 0o100644, Fingerprint(1, 1, 1, 1))
    label = "a" if score else None
    word = Proposal(label, score, "because", "b" if runner_up else None, runner_up)
    return Doubt(file, replace(word, sketch=None if sketch is None else bytes([sketch])))


def asked(*doubts: Doubt) -> list[tuple[bytes, list[bytes]]]:
    return [(one.doubt.file.path, [place.path for place in one.others]) for one in questions(doubts, distance, NEAR)]


def test_one_of_each_group_is_asked_about_the_largest_group_first() -> None:
    rows = [
        doubt(b"lone.txt"),
        doubt(b"x/a.pdf", 10),
        doubt(b"x/b.pdf", 11),
        doubt(b"x/c.pdf", 12),
        doubt(b"x/far.pdf", 90),
    ]
    assert asked(*rows) == [(b"x/b.pdf", [b"x/a.pdf", b"x/c.pdf"]), (b"lone.txt", []), (b"x/far.pdf", [])]


def test_other_folders_and_other_extensions_are_other_groups() -> None:
    rows = [doubt(b"x/a.pdf", 1), doubt(b"y/a.pdf", 1), doubt(b"x/a.txt", 1), doubt(b"x/A2.PDF", 1)]
    assert asked(*rows) == [(b"x/A2.PDF", [b"x/a.pdf"]), (b"x/a.txt", []), (b"y/a.pdf", [])]


def test_of_equal_groups_the_one_with_the_smaller_margin_comes_first() -> None:
    rows = [doubt(b"a/x", score=0.5, runner_up=0.1), doubt(b"b/x", score=0.5, runner_up=0.45), doubt(b"c/x")]
    assert [path for path, _ in asked(*rows)] == [b"c/x", b"b/x", b"a/x"]


def test_files_without_a_sketch_are_like_all_of_their_kind() -> None:
    assert asked(doubt(b"x/a.dat"), doubt(b"x/b.dat", 200)) == [(b"x/a.dat", [b"x/b.dat"])]


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        (Proposal(None, 0.0, "r"), True),
        (Proposal("a", 0.7, "r"), True),
        (Proposal("a", 0.9, "r"), False),
        (Proposal("a", 0.85, "r", "b", 0.75), True),
        (Proposal("a", 0.85, "r", "b", 0.05), False),
        (Proposal(None, 0.0, "r", unreadable="no"), False),
        (Proposal(None, 0.0, "r", decided_by=Decider.PERSON), False),
        (Proposal("a", 0.5, "r", decided_by=Decider.LIKENESS), True),
    ],
    ids=["unknown", "below", "above", "close call", "clear", "unreadable", "a person has spoken", "only like one"],
)
def test_only_what_is_not_sure_and_nobody_has_spoken_about_is_asked(word: Proposal, wanted: bool) -> None:
    assert is_doubtful(word, 0.8) is wanted
