"""The figures of an evaluation, each on a few judgements whose answer is plain."""

from __future__ import annotations

import pytest

from ifmosfs.core.files import Fingerprint, Kind, ScannedFile
from ifmosfs.ml.baselines import ByExtension, MostFrequent
from ifmosfs.ml.evaluating import (
    MOST_POINTS,
    NONE,
    Bin,
    ClassScore,
    Decided,
    Judgement,
    Latency,
    RiskPoint,
    evaluate,
)

A, B, C = "media_audio", "web_font", "archive"


def judged(category: str, label: str | None, confidence: float = 0.9, also_ok: tuple[str, ...] = ()) -> Judgement:
    return Judgement(b"f", category, frozenset(also_ok), label, confidence)


SOME = [
    judged(A, A, 0.95),
    judged(A, A, 0.85),
    judged(A, B, 0.75, also_ok=(B,)),
    judged(A, C, 0.65),
    judged(B, B, 0.55),
    judged(B, None, 0.0),
    judged(NONE, C, 0.3),
    judged(NONE, None, 0.0),
]


def test_accuracies_count_what_is_left_alone_as_wrong_and_defensible_labels_only_leniently() -> None:
    found = evaluate("some", SOME, 0.6)
    assert (found.n_files, found.n_none) == (8, 2)
    assert (found.strict, found.lenient) == (3 / 6, 4 / 6)


def test_each_category_has_precision_recall_and_f1_in_which_files_of_none_count_as_wrong() -> None:
    found = evaluate("some", [*SOME, judged(C, C)], 0.6)
    assert found.classes == {A: ClassScore(4, 2, 2), B: ClassScore(2, 2, 1), C: ClassScore(1, 3, 1)}
    audio, archive = found.classes[A], found.classes[C]
    assert (audio.precision, audio.recall, audio.f1) == (1.0, 0.5, 2 / 3)
    assert (archive.precision, archive.recall, archive.f1) == (1 / 3, 1.0, 0.5)
    assert found.macro_f1 == pytest.approx((2 / 3 + 0.5 + 0.5) / 3)


def test_a_category_that_is_never_given_has_an_f1_of_zero_that_counts() -> None:
    assert evaluate("none right", [judged(A, A), judged(B, A)], 0.6).macro_f1 == pytest.approx(((2 / 3) + 0) / 2)


def test_what_is_decided_is_judged_over_all_files() -> None:
    assert evaluate("some", SOME, 0.6).decided == Decided(0.6, 4 / 8, 3 / 4, 1.0, 4, 3)
    assert evaluate("some", SOME, 0.2).decided == Decided(0.2, 6 / 8, 4 / 6, 0.5, 6, 4)
    assert evaluate("some", SOME, 1.0).decided == Decided(1.0, 0.0, 0.0, 1.0, 0, 0)
    assert evaluate("no none", SOME[:3], 0.6).decided.rejected is None


def test_single_labels_may_need_other_confidences() -> None:
    found = evaluate("some", SOME, 0.6, own={B: 0.5, C: 0.7}).decided
    assert found == Decided(0.6, 4 / 8, 4 / 4, 1.0, 4, 4, {B: 0.5, C: 0.7})
    assert found.limits == "0.6 (web_font 0.5, archive 0.7)"
    assert [found.takes(each) for each in SOME] == [True, True, True, False, True, False, False, False]


def test_coverage_at_a_precision_is_the_largest_share_of_the_surest_files_and_parts_no_files_of_one_confidence() -> (
    None
):
    found = evaluate("some", SOME, 0.6).at_precision
    assert found == {0.99: 3 / 8, 0.97: 3 / 8, 0.95: 3 / 8, 0.9: 3 / 8}
    tied = [judged(A, A, 0.9), judged(A, A, 0.8), judged(A, B, 0.8)]
    assert evaluate("tied", tied, 0.6).at_precision[0.9] == 1 / 3


def test_risk_and_coverage_go_from_the_surest_file_to_all_that_are_decided() -> None:
    assert evaluate("some", SOME, 0.6).risk_coverage == (
        RiskPoint(0.95, 1 / 8, 1.0),
        RiskPoint(0.85, 2 / 8, 1.0),
        RiskPoint(0.75, 3 / 8, 1.0),
        RiskPoint(0.65, 4 / 8, 3 / 4),
        RiskPoint(0.55, 5 / 8, 4 / 5),
        RiskPoint(0.3, 6 / 8, 4 / 6),
    )


def test_files_of_one_confidence_are_one_point_of_the_curve() -> None:
    tied = [judged(A, A, 0.9), judged(A, B, 0.8), judged(A, A, 0.8), judged(A, None)]
    assert evaluate("tied", tied, 0.6).risk_coverage == (RiskPoint(0.9, 1 / 4, 1.0), RiskPoint(0.8, 3 / 4, 2 / 3))


def test_the_curve_of_many_files_has_so_many_points_and_its_end() -> None:
    many = [judged(A, A, number / 10_000) for number in range(1, 10_000)]
    curve = evaluate("many", many, 0.6).risk_coverage
    assert len(curve) <= MOST_POINTS + 1
    assert (curve[0].threshold, curve[-1]) == (0.9999, RiskPoint(0.0001, 1.0, 1.0))


def test_mistakes_are_wrong_labels_that_cannot_be_defended_the_surest_first() -> None:
    late = judged(A, C, 0.99)
    found = evaluate("some", [*SOME, late], 0.6).mistakes
    assert found == (late, SOME[3], SOME[6])


def test_calibration_compares_confidence_with_what_is_right_in_tenths() -> None:
    found = evaluate("sure", [judged(A, A, 0.9), judged(A, B, 0.9), judged(A, A, 1.0), judged(A, A, 0.2)], 0.6)
    assert found.bins[9] == Bin(3, pytest.approx(2.8 / 3), 2 / 3)
    assert found.bins[2] == Bin(1, 0.2, 1.0)
    assert found.calibration_error == pytest.approx((3 * abs(2.8 / 3 - 2 / 3) + 0.8) / 4)
    assert evaluate("perfect", [judged(A, A, 1.0)], 0.6).calibration_error == 0.0


def test_confusion_tells_every_label_of_every_category() -> None:
    assert evaluate("some", SOME, 0.6).confusion == {
        NONE: {NONE: 1, C: 1},
        A: {C: 1, A: 2, B: 1},
        B: {NONE: 1, B: 1},
    }


def test_nothing_is_no_error() -> None:
    found = evaluate("nothing", [], 0.6)
    assert (found.strict, found.macro_f1, found.decided, found.calibration_error) == (
        0,
        0,
        Decided(0.6, 0, 0, None, 0, 0),
        0,
    )


def test_latency_is_told_by_stage_over_the_files_that_went_through_it_with_the_slowest() -> None:
    timed = [
        Judgement(b"1", A, frozenset(), A, 1.0, {"names": 0.001, "judging": 0.002}),
        Judgement(b"2", A, frozenset(), A, 1.0, {"names": 0.002, "judging": 0.001, "extract": 0.5}),
        Judgement(b"3", A, frozenset(), A, 1.0, {"names": 0.003, "judging": 0.004, "own": 0.25}),
        Judgement(b"4", A, frozenset(), A, 1.0),
    ]
    found = evaluate("timed", timed, 0.6, 0.5)
    assert found.latency == (
        Latency("names", 3, 2.0, 3.0, 3.0, b"3"),
        Latency("extract", 1, 500.0, 500.0, 500.0, b"2"),
        Latency("judging", 3, 2.0, 4.0, 4.0, b"3"),
        Latency("own", 1, 250.0, 250.0, 250.0, b"3"),
        Latency("whole", 3, pytest.approx(257.0), pytest.approx(503.0), pytest.approx(503.0), b"2"),
    )
    assert (found.median_ms, found.files_per_second) == (pytest.approx(257.0), 8.0)


def test_of_a_hundred_files_the_95th_is_told() -> None:
    timed = [Judgement(b"%d" % n, A, frozenset(), A, 1.0, {"names": n / 1000}) for n in range(1, 101)]
    assert evaluate("timed", timed, 0.6).latency[0] == Latency("names", 100, 50.5, 95.0, 100.0, b"100")


def test_speed_is_told_only_where_it_was_measured() -> None:
    found = evaluate("not timed", SOME, 0.6)
    assert (found.latency, found.median_ms, found.files_per_second) == ((), None, None)


def scanned(name: bytes) -> ScannedFile:
    return ScannedFile(1, b"/in", name, Kind.FILE, 0o100644, Fingerprint(1, 2, 3, 4))


@pytest.mark.parametrize(
    ("name", "label"),
    [(b"a.WAV", A), (b"a.ttf", B), (b"no extension", None), (b"a.unheard-of", None), (b"\xff.mp4", None)],
)
def test_the_extension_alone_says_what_most_files_with_it_are(name: bytes, label: str | None) -> None:
    assert ByExtension().guess(scanned(name))[0] == label


def test_the_most_frequent_category_is_given_to_every_file() -> None:
    assert MostFrequent([A, B, B]).guess(scanned(b"x")) == (B, 2 / 3)
    assert MostFrequent([]).guess(scanned(b"x")) == (None, 0.0)
