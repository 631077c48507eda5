"""Ways of labelling, as an evaluation meets them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import classifier_samples as made
import extract_samples as valid
import pytest
from classifier_disk import OpenOnly, scanned, written

from ifmosfs.ml.baselines import ByExtension
from ifmosfs.ml.classifier import RulesClassifier
from ifmosfs.ml.evaluating import NONE
from ifmosfs.ml.extract.extractor import Extractor
from ifmosfs.ml.extract.pool import Pool
from ifmosfs.ml.methods import ByClassifier, ByGuessing, ByMostFrequent, Labelled, OwnMemory
from ifmosfs.ml.stopwatch import CONTENT, EXTRACT, JUDGING, NAMES

A, B = "media_audio", "web_font"
FILES = [scanned(b"/in", b"a.wav"), scanned(b"/in", b"b.ttf"), scanned(b"/in", b"c.unheard-of")]


def test_a_guess_is_an_answer_that_took_some_time() -> None:
    method = ByGuessing(ByExtension().guess, 0.6)
    method.warm_up(FILES)
    answers = list(method.answers(FILES))
    assert [each.label for each in answers] == [A, B, None]
    assert [set(each.seconds) for each in answers] == [{JUDGING}] * 3
    assert not method.learns


def test_the_most_frequent_category_is_that_of_the_examples_and_not_of_the_files_that_it_is_asked_about() -> None:
    method = ByMostFrequent(0.6)
    method.learn([Labelled(FILES[0], category) for category in (NONE, NONE, NONE, B, B, A)])
    assert [(each.label, round(each.confidence, 3)) for each in method.answers(FILES)] == [(B, 0.667)] * 3
    assert method.learns


def test_what_has_learned_nothing_says_nothing() -> None:
    assert [each.label for each in ByMostFrequent(0.6).answers(FILES)] == [None] * 3


@pytest.fixture
def by_rules() -> Iterator[tuple[ByClassifier, Extractor]]:
    memory = OwnMemory()
    extractor = Extractor(memory, Pool(1))
    method = ByClassifier(RulesClassifier(OpenOnly(), extractor=extractor), 0.6, memory)
    yield method, extractor
    method.close()


def test_a_classifier_answers_as_it_proposes_and_tells_of_each_stage(
    by_rules: tuple[ByClassifier, Extractor], tmp_path: Path
) -> None:
    root = os.fsencode(tmp_path)
    files = [written(root, b"run.sh", b"#!/bin/sh\necho hello\n"), written(root, b"scan.pdf", valid.pdf(made.INVOICE))]
    answers = list(by_rules[0].answers(files))
    assert [each.label for each in answers] == ["technical_script", "financial_document"]
    assert [set(each.seconds) for each in answers] == [{NAMES, CONTENT, JUDGING}, {NAMES, CONTENT, EXTRACT, JUDGING}]


def test_what_was_seen_while_warming_up_is_not_remembered_and_equal_contents_are_parsed_once(
    by_rules: tuple[ByClassifier, Extractor], tmp_path: Path
) -> None:
    method, extractor = by_rules
    file = written(os.fsencode(tmp_path), b"scan.pdf", valid.pdf(made.INVOICE))
    method.warm_up([file])
    assert (extractor.n_extracted, extractor.n_remembered) == (1, 0)
    list(method.answers([file]))
    assert (extractor.n_extracted, extractor.n_remembered) == (2, 0)
    list(method.answers([file]))
    assert (extractor.n_extracted, extractor.n_remembered) == (2, 1)
