"""What labelling takes is measured stage by stage, where somebody asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from time import perf_counter, sleep

import classifier_samples as made
import extract_samples as valid
import pytest
from classifier_disk import OpenOnly, scanned, written

from ifmosfs.core.files import Kind, ScannedFile
from ifmosfs.ml.classifier import WINDOW, RulesClassifier
from ifmosfs.ml.extract.extractor import Asked, Extractor, Question
from ifmosfs.ml.extract.pool import Pool
from ifmosfs.ml.extract.values import NOTHING
from ifmosfs.ml.stopwatch import CONTENT, EXTRACT, JUDGING, MODEL, NAMES, NO_LAP, Stopwatch


def test_a_stage_lasts_from_the_end_of_the_one_before_and_adds_up_when_it_comes_again() -> None:
    watch = Stopwatch(clock=map(float, count()).__next__)  # a second passes at each look
    lap = watch.lap()
    lap.begin()
    lap.end(CONTENT)
    lap.end(NAMES)
    lap.end(CONTENT)
    lap.add(MODEL, 0.5)
    lap.begin()
    lap.end(JUDGING)
    assert [each.seconds for each in watch.laps] == [{CONTENT: 2.0, NAMES: 1.0, MODEL: 0.5, JUDGING: 1.0}]


@pytest.fixture
def classifier() -> Iterator[RulesClassifier]:
    classifier = RulesClassifier(OpenOnly(), extractor=Extractor(None, Pool(2)))
    yield classifier
    classifier.close()


@pytest.fixture
def files(tmp_path: Path) -> list[ScannedFile]:
    """A document, a text, an empty file, one whose place alone decides, one that is not there, a link."""
    root = os.fsencode(tmp_path)
    return [
        written(root, b"scan.pdf", valid.pdf(made.INVOICE)),
        written(root, b"run.sh", b"#!/bin/sh\necho hello\n"),
        written(root, b"empty.txt", b""),
        written(root, b".git/objects/pack/pack-1.idx", b"\xfftOc\0\0\0\2"),
        scanned(root, b"gone.txt"),
        scanned(root, b"link", Kind.SYMLINK),
    ]


def test_each_file_has_the_stages_that_it_went_through(classifier: RulesClassifier, files: list[ScannedFile]) -> None:
    watch, before = Stopwatch(), perf_counter()
    proposals = list(classifier.propose_all(files, watch=watch))
    whole = perf_counter() - before
    assert [set(lap.seconds) for lap in watch.laps] == [
        {CONTENT, NAMES, EXTRACT, JUDGING},
        {CONTENT, NAMES, JUDGING},
        {CONTENT, NAMES, JUDGING},
        {CONTENT, NAMES, JUDGING},
        {CONTENT, JUDGING},
        {JUDGING},
    ]
    assert len(proposals) == len(files)
    assert all(seconds >= 0 for lap in watch.laps for seconds in lap.seconds.values())
    assert sum(sum(lap.seconds.values()) for lap in watch.laps) <= whole


class SlowToAsk(Extractor):
    """Takes 40 ms for whatever it is asked at once, and has no more to say."""

    def ask(self, questions: Sequence[Question]) -> list[Asked]:
        sleep(0.04)
        return [Asked(None, known=NOTHING) for _ in questions]


def test_what_is_asked_at_once_is_shared_by_the_files(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    files = [written(root, name, valid.pdf(made.INVOICE)) for name in (b"1.pdf", b"2.pdf")]
    watch = Stopwatch()
    list(RulesClassifier(OpenOnly(), extractor=SlowToAsk(None, Pool(1))).propose_all(files, watch=watch))
    one, other = [lap.seconds[EXTRACT] for lap in watch.laps]
    assert one + other >= 0.04
    assert min(one, other) >= 0.02


def test_laps_come_in_the_order_of_the_files_over_several_windows(tmp_path: Path) -> None:
    n_files = 2 * WINDOW + 3
    root = os.fsencode(tmp_path)
    files = [written(root, b"%d.txt" % number, b"x" * (number % 2)) for number in range(n_files)]
    watch = Stopwatch()
    for n_done, _ in enumerate(RulesClassifier(OpenOnly()).propose_all(files, watch=watch)):
        assert JUDGING in watch.laps[n_done].seconds
    assert len(watch.laps) == n_files


def test_an_extract_of_a_text_that_a_model_wants_is_extracting(tmp_path: Path) -> None:
    watch = Stopwatch()
    file = written(os.fsencode(tmp_path), b"run.sh", b"#!/bin/sh\necho hello\n")
    (evidence,) = RulesClassifier(OpenOnly()).evidence_all([file], with_texts=True, watch=watch)
    evidence.lap.add(MODEL, 0.25)  # who judges tells of it in the same place
    assert set(watch.laps[0].seconds) == {CONTENT, NAMES, EXTRACT, MODEL}


def test_nobody_asks_in_ordinary_runs(tmp_path: Path) -> None:
    file = written(os.fsencode(tmp_path), b"run.sh", b"#!/bin/sh\necho hello\n")
    (evidence,) = RulesClassifier(OpenOnly()).evidence_all([file])
    assert evidence.lap is NO_LAP
