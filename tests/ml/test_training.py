"""Training and refitting: what is learned from which files, and what is only measured on them."""

from __future__ import annotations

import dataclasses
import random
import sys
from pathlib import Path

import model_samples as made
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifmosfs.ml.evidence import OUTSIDE, Verdict
from ifmosfs.ml.features import features_of
from ifmosfs.ml.model_files import Guard
from ifmosfs.ml.refitting import refit
from ifmosfs.ml.training import Example, Trained, folds_of, matrix_of, threshold_for, train

WORDS = {"financial_document": "invoice", "legal_document": "contract", "media_photo": "beach", OUTSIDE: "torrent"}


def corpus(n_groups: int = 8, n_each: int = 5, seed: int = 1) -> list[Example]:
    """Files of four labels; each has its label's word most of the time, one of its group, and one by chance."""
    chance = random.Random(seed)
    return [
        made.example(
            label,
            *([word] if chance.random() < 0.9 else []),
            f"{label}{group}",
            f"noise{chance.randrange(30)}",
            group=f"{label}/{group}",
        )
        for label, word in WORDS.items()
        for group in range(n_groups)
        for _ in range(n_each)
    ]


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(corpus())


def test_the_word_of_a_label_is_learned_and_not_that_of_a_single_group(trained: Trained) -> None:
    model = trained.model
    said = {
        word: model.labels[int(model.scores(features_of(made.example("", word).tokens)).argmax())]
        for word in WORDS.values()
    }
    assert said == {word: label for label, word in WORDS.items()}


def test_where_no_process_can_be_started_it_is_done_in_this_one(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "python").touch(0o644)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    again = train(corpus(), n_jobs=2)
    assert "no processes to train in" in caplog.text
    assert np.array_equal(again.model.weights, trained.model.weights)
    assert (again.model.mixture, again.figures) == (trained.model.mixture, trained.figures)


def test_the_same_files_and_seed_give_the_same_model(trained: Trained) -> None:
    again = train(corpus())
    assert np.array_equal(again.model.weights, trained.model.weights)
    assert (again.model.mixture, again.model.threshold, again.figures) == (
        trained.model.mixture,
        trained.model.threshold,
        trained.figures,
    )


def test_rules_that_are_right_on_files_held_back_are_trusted_and_others_are_not() -> None:
    def with_rules(right: bool) -> list[Example]:
        chance = random.Random(3)
        labels = sorted(WORDS)
        return [
            dataclasses.replace(each, verdict=Verdict(((each.label if right else chance.choice(labels), 0.9),), ""))
            for each in corpus()
        ]

    trusted, distrusted = train(with_rules(True)).model.mixture, train(with_rules(False)).model.mixture
    assert trusted.trust > 1.0 > 0.3 > distrusted.trust


def test_the_mixture_is_fitted_on_files_that_the_rules_leave_open() -> None:
    """Of what rules are certain of no mixture is ever asked, so that their luck with it earns them no trust for the rest."""

    def with_rules(share_of_settled: float) -> list[Example]:
        chance = random.Random(3)
        labels = sorted(WORDS)
        return [
            dataclasses.replace(each, verdict=Verdict(((each.label, share_of_settled),), ""))
            if at % 2
            else dataclasses.replace(each, verdict=Verdict(((chance.choice(labels), 0.9),), ""))
            for at, each in enumerate(corpus())
        ]

    settled, doubted = train(with_rules(0.98)).model.mixture, train(with_rules(0.9)).model.mixture
    assert settled.trust < 0.3 < doubted.trust


def test_one_label_alone_cannot_be_trained() -> None:
    with pytest.raises(ValueError, match="two categories"):
        train([made.example("media_photo", "beach")])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 6)), min_size=1, max_size=60), st.integers(0, 99))
def test_no_group_is_in_two_folds(files: list[tuple[str, int]], seed: int) -> None:
    examples = [made.example(label, group=f"{label}/{group}") for label, group in files]
    folds = folds_of(examples, seed)
    by_group = {(example.group, int(fold)) for example, fold in zip(examples, folds, strict=True)}
    assert len(by_group) == len({example.group for example in examples})


def test_the_threshold_is_the_lowest_with_enough_right_above_it() -> None:
    best = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]], dtype=np.float32)
    right = np.array([True, True, False, True])
    assert threshold_for(best, right, ("a", "b"), precision=0.97) == pytest.approx(0.8)
    assert threshold_for(best, right, ("a", "b"), precision=0.7) == pytest.approx(0.6)
    assert threshold_for(best, ~right, ("a", "b"), precision=0.97) == 0.9999


def test_no_threshold_parts_files_of_one_probability() -> None:
    same = np.tile([0.9, 0.1], (100, 1)).astype(np.float32)
    right = np.array([True] * 90 + [False] * 10)
    assert threshold_for(same, right, ("a", "b")) == 0.9999
    assert threshold_for(same, right, ("a", "b"), precision=0.9) == pytest.approx(0.9)


def test_files_judged_to_be_of_no_category_are_not_decided() -> None:
    probabilities = np.array([[0.99, 0.01], [0.2, 0.8]], dtype=np.float32)
    assert threshold_for(probabilities, np.array([False, True]), (OUTSIDE, "z")) == pytest.approx(0.8)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(sorted(WORDS)), st.sampled_from(sorted(WORDS)))
def test_lessons_change_what_is_said_of_such_files_and_keep_the_rest(trained: Trained, label: str, other: str) -> None:
    rows = trained.guard_rows
    kept = Guard(rows.indices.astype(np.int64), rows.data, rows.indptr.astype(np.int64), trained.guard_labels)
    taught = features_of(made.example(label, "zebra", WORDS[other]).tokens)
    done = refit(trained.model, kept, [(taught, label)] * 3)
    assert done.model.labels[int(done.model.scores(taught).argmax())] == label
    assert done.after >= done.before - 0.05
    assert refit(trained.model, kept, [(taught, "no such label")]).model is trained.model


def test_lessons_that_turn_the_model_upside_down_are_found_out(trained: Trained) -> None:
    rows = trained.guard_rows
    kept = Guard(rows.indices.astype(np.int64), rows.data, rows.indptr.astype(np.int64), trained.guard_labels)
    swapped = [(features_of(made.example("", word).tokens), "media_photo") for word in WORDS.values()] * 60
    done = refit(trained.model, kept, swapped)
    assert done.is_worse
    assert done.after < done.before


def test_what_a_refit_has_forgotten_is_measured_on_rows_that_it_did_not_learn_from() -> None:
    model = made.model({"beach": ("media_photo", 2.0), "invoice": ("financial_document", 2.0)})
    rows = [
        features_of(made.example("", word).tokens) for word in ("invoice", "beach") * 20
    ]  # every other one is learned
    label = [model.labels.index(name) for name in ("financial_document", "media_photo") * 20]
    matrix = matrix_of(rows)
    guard = Guard(matrix.indices.astype(np.int64), matrix.data, matrix.indptr.astype(np.int64), np.array(label))
    done = refit(model, guard, [(rows[1], "financial_document")])
    assert (done.before, done.after, done.is_worse) == (1.0, 0.0, True)
