"""How findings combine: agreement, contradiction, families and what nobody knows."""

import pytest

from ifmosfs.ml.evidence import OUTSIDE, Finding, Frame

FRAME = Frame({"a", "b", "c"}, {"ab": frozenset("ab"), "gone": frozenset({"removed"})})


def scores(*weights: dict[str, float]) -> dict[str, float]:
    verdict = FRAME.judge(Finding(f"finding {number}", each) for number, each in enumerate(weights))
    return {name: round(score, 3) for name, score in verdict.ranking}


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([], {}),
        ([{"a": 0.7}], {"a": 0.7}),
        ([{"a": 0.7}, {"a": 0.8}], {"a": 0.94}),
        ([{"a": 0.7}, {"b": 0.8}], {"b": 0.545, "a": 0.318}),
        ([{"@ab": 0.8}], {"a": 0.4, "b": 0.4}),
        ([{"@ab": 0.8}, {"b": 0.5}], {"b": 0.7, "a": 0.2}),
        ([{"a": 0.5, "b": 0.3}], {"a": 0.5, "b": 0.3}),
        ([{"a": 1.0}], {"a": 0.97}),
        ([{"a": 1.0}, {"a": 1.0}], {"a": 0.99}),
        ([{"a": 1.0}, {"b": 1.0}], {"a": 0.492, "b": 0.492}),
        ([{"removed": 0.6}], {OUTSIDE: 0.6}),
        ([{"@gone": 0.6}], {OUTSIDE: 0.6}),
    ],
    ids=[
        "nothing", "one", "agreement", "contradiction", "family alone", "family and member", "two in one", "never certain",
        "never quite certain", "full contradiction", "removed category", "family of removed ones",
    ],
)  # fmt: skip
def test_combined_scores(weights, expected):
    assert scores(*weights) == expected


def test_order_of_findings_does_not_matter():
    one, two, three = {"a": 0.5, "@ab": 0.3}, {"b": 0.6}, {"a": 0.2, "c": 0.3}
    assert scores(one, two, three) == scores(three, one, two) == scores(two, three, one)


def test_reason_gives_the_two_strongest_findings_for_the_winner():
    findings = [
        Finding("weak", {"a": 0.4}),
        Finding("other", {"b": 0.9}),
        Finding("strong", {"a": 0.95}),
        Finding("family", {"@ab": 0.2}),
    ]
    assert FRAME.judge(findings).reason == "strong; weak"


def test_reason_without_findings_says_so():
    assert FRAME.judge([]).reason == "nothing is known about such a file"
