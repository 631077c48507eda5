"""Models that read sentence embeddings: what each kind goes by, how they are kept, and when texts are embedded."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import classifier_samples as samples
import model_samples as made
import numpy as np
import pytest
from classifier_disk import OpenOnly, written

from ifmosfs.ml.classifier import RulesClassifier
from ifmosfs.ml.evidence import OUTSIDE, Verdict
from ifmosfs.ml.features import COLUMNS, Features, Group, Piece
from ifmosfs.ml.learned import LearnedClassifier, ModelAlone
from ifmosfs.ml.model import EMBEDDING_WEIGHT, ENSEMBLE, LINEAR, TRANSFORMER, Floats, Model, check_shapes
from ifmosfs.ml.model_files import EmbedderMeta, Guard, ModelUnusable, pack_model, unpack_model
from ifmosfs.ml.stopwatch import MODEL, Stopwatch
from ifmosfs.ml.training import Example, train

MEANINGS = {"bill": 0, "owed": 0, "lake": 1, "shore": 1, "loop": 2, "print": 2}
LABELS = ("financial_document", "media_photo", "technical_script")
NO_VERDICT = Verdict((), "")


class ByMeaning:
    """An embedder that knows six words of three meanings; it remembers what it was asked."""

    name = "0" * 64
    dimensions = 3

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []

    def embed(self, texts: Sequence[str]) -> Floats:
        self.asked.append(list(texts))
        rows = np.zeros((len(texts), 3), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.split():
                if word in MEANINGS:
                    row[MEANINGS[word]] = 1.0
            row[:] = row / max(1.0, float(np.linalg.norm(row)))
        return rows


def corpus() -> list[Example]:
    """Files whose label follows from the meaning of a word alone; tokens and rules tell nothing."""
    chance = random.Random(5)
    words = {LABELS[at]: [word for word, meaning in MEANINGS.items() if meaning == at] for at in range(3)}
    return [
        replace(
            made.example(label, f"noise{chance.randrange(30)}", group=f"{label}/{group}"),
            piece=Piece(text=words[label][group % 2]),
        )
        for label in LABELS
        for group in range(8)
        for _ in range(4)
    ]


def meaning_model(kind: str) -> Model:
    """A model in which the first dimension speaks for financial documents, and the word "zebra" for photographs."""
    weights = np.zeros((COLUMNS + 3, len(made.LABELS)), dtype=np.float32)
    weights[:COLUMNS] = made.model({"t:zebra": ("media_photo", 60.0)}).weights
    weights[COLUMNS, 0] = 30.0
    return Model(made.LABELS, weights, np.zeros(len(made.LABELS), dtype=np.float32), kind=kind, dimensions=3)


NO_GUARD = Guard(*(np.zeros(n, dtype=np.int64) for n in (0, 0, 1, 0)))
FACTS = {**made.FACTS, "kind": ENSEMBLE, "embedder": EmbedderMeta(name="0" * 64, dimensions=3, source="/e")}
FILES = pack_model(meaning_model(ENSEMBLE), NO_GUARD, FACTS)


@pytest.mark.parametrize("kind", [TRANSFORMER, ENSEMBLE])
def test_meanings_are_learned_that_no_token_tells(kind: str) -> None:
    embedder = ByMeaning()
    trained = train(corpus(), kind=kind, embedder=embedder)
    model = trained.model
    assert (model.kind, model.dimensions, model.weights.shape) == (kind, 3, (COLUMNS + 3, 3))
    assert trained.figures["accuracy"] > 0.9
    assert trained.guard_rows.shape[0] == 0
    vectors = embedder.embed(list(MEANINGS))
    nothing = made.example("").tokens
    said = [model.labels[int(model.scores(model.features(nothing, vector)).argmax())] for vector in vectors]
    assert said == [LABELS[meaning] for meaning in MEANINGS.values()]
    assert train(corpus()).figures["accuracy"] < 0.7


def test_a_text_that_is_left_out_while_training_is_left_out_of_the_embedding() -> None:
    embedder = ByMeaning()
    train(corpus(), kind=ENSEMBLE, embedder=embedder)
    whole, parted = embedder.asked
    assert "" not in whole
    assert 0 < parted.count("") < len(parted) / 3


def test_a_kind_and_its_embedder_belong_together() -> None:
    with pytest.raises(ValueError, match="kind linear has no embedder"):
        train(corpus(), embedder=ByMeaning())
    with pytest.raises(ValueError, match="kind ensemble has an embedder"):
        train(corpus(), kind=ENSEMBLE)
    rules = RulesClassifier(OpenOnly())
    with pytest.raises(ValueError, match="needs an embedder"):
        LearnedClassifier(rules, meaning_model(ENSEMBLE), "0123456789ab")


def test_a_piece_is_name_title_and_the_beginning_of_the_text() -> None:
    piece = Piece("tax letter", "Assessment", "x" * 5000)
    assert piece.words() == "tax letter\nAssessment\n" + "x" * 1978
    assert piece.words(frozenset({Group.TEXT})) == "tax letter\nAssessment"
    assert piece.words(frozenset({Group.NAME, Group.TEXT, Group.STRUCTURE})) == ""


def test_the_embedding_follows_the_tokens_and_a_transformer_reads_no_tokens_but_the_rules() -> None:
    tokens = {each: {} for each in Group} | {Group.TEXT: {"t:zebra": 1.0}, Group.RULES: {"b:": 0.5}}
    vector = np.array([0.6, 0.0, 0.8], dtype=np.float32)
    by_kind = {kind: meaning_model(kind).features(tokens, vector) for kind in (TRANSFORMER, ENSEMBLE)}
    rules_only = meaning_model(TRANSFORMER).features({**tokens, Group.TEXT: {}})
    columns, values = (COLUMNS, COLUMNS + 1, COLUMNS + 2), tuple((EMBEDDING_WEIGHT * vector).tolist())
    assert by_kind[TRANSFORMER] == Features((*rules_only.columns, *columns), (*rules_only.values, *values))
    assert len(by_kind[ENSEMBLE].columns) == len(by_kind[TRANSFORMER].columns) + 1
    assert meaning_model(TRANSFORMER).features(tokens, np.zeros(3, dtype=np.float32)) == rules_only


def test_what_speaks_for_a_label_counts_the_embedding_as_one() -> None:
    model, tokens = meaning_model(ENSEMBLE), {Group.TEXT: {"t:zebra": 1.0}}
    features = model.features(tokens, np.array([1, 0, 0], dtype=np.float32))
    told = model.weighed("financial_document", tokens, features)
    assert told == pytest.approx({"t:zebra": -15.0, "e:": EMBEDDING_WEIGHT * 22.5})
    assert set(meaning_model(TRANSFORMER).weighed("financial_document", tokens, features)) == {"e:"}


def test_a_model_that_reads_embeddings_comes_back_as_it_was() -> None:
    stored = unpack_model(FILES, b"/m")
    assert (stored.meta.kind, stored.meta.columns, stored.meta.embedder) == (ENSEMBLE, COLUMNS + 3, FACTS["embedder"])
    assert (stored.model.kind, stored.model.dimensions, stored.guard.matrix().shape) == (ENSEMBLE, 3, (0, COLUMNS))
    assert np.array_equal(stored.model.weights, meaning_model(ENSEMBLE).weights)
    assert stored.embedder is None


def test_a_linear_model_says_nothing_of_embeddings() -> None:
    meta = json.loads(pack_model(made.model({}), made.guard(), made.FACTS)["meta.json"])
    assert (meta["kind"], meta["columns"], "embedder" in meta) == (LINEAR, COLUMNS, False)


REFUSED = {
    "a linear one with an embedder": ({"kind": LINEAR}, "of a kind that cannot be used (linear)"),
    "an unknown kind": ({"kind": "oracle"}, "of a kind that cannot be used (oracle)"),
    "other dimensions": (
        {"embedder": EmbedderMeta(name="0" * 64, dimensions=4, source="/e")},
        "was made for features 1 and this version",
    ),
    "no dimension": ({"embedder": EmbedderMeta(name="0", dimensions=0, source="/e")}, "does not say what it is"),
}


@pytest.mark.parametrize(("changed", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_does_not_fit_the_kind_is_refused(changed: dict[str, object], words: str) -> None:
    with pytest.raises(ModelUnusable) as caught:
        unpack_model(pack_model(meaning_model(ENSEMBLE), NO_GUARD, {**FACTS, **changed}), b"/m")
    assert words in caught.value.what


def test_an_ensemble_without_its_embedder_in_the_meta_is_refused() -> None:
    facts = {name: fact for name, fact in FACTS.items() if name != "embedder"}
    with pytest.raises(ModelUnusable, match=r"of a kind that cannot be used \(ensemble\)"):
        unpack_model(pack_model(meaning_model(ENSEMBLE), NO_GUARD, facts), b"/m")


def test_weights_for_other_dimensions_are_refused() -> None:
    assert check_shapes(replace(meaning_model(ENSEMBLE), dimensions=4)) == (
        "its numbers are not of the shape that its labels ask for"
    )


def test_only_what_the_rules_cannot_settle_is_embedded_and_several_at_once(tmp_path: Path) -> None:
    root, embedder, watch = os.fsencode(tmp_path), ByMeaning(), Stopwatch()
    rules = RulesClassifier(OpenOnly(), today=date(2024, 6, 1))
    classifier = LearnedClassifier(rules, meaning_model(ENSEMBLE), "0123456789ab", embedder)
    files = [
        written(root, b"one.txt", b"the zebra at night\n" * 9),
        written(root, b"repo/.git/objects/ab/cd", b"x\x9c\0"),
        written(root, b"photo.jpg", samples.photo()),
        written(root, b"empty.txt", b""),
        written(root, b"two.txt", b"what is owed and when\n" * 9),
    ]
    said = list(classifier.propose_all(files, watch=watch))
    assert [each.label for each in said][:2] == ["media_photo", "git_metadata"]
    assert [each.label for each in said][3:] == [None, "financial_document"]
    assert said[4].reason.startswith("what its name and text are about")
    (asked,) = embedder.asked
    names = [text.partition("\n")[0] for text in asked]
    assert (names[0], names[-1], "cd" in names, "empty" in names) == ("one", "two", False, False)
    assert [MODEL in lap.seconds for lap in watch.laps][::4] == [True, True]
    assert [said[0], said[4]] == [classifier.propose(files[0]), classifier.propose(files[4])]
    assert classifier.explain(files[4]).evidence[0] == "what its name and text are about"


def test_the_model_alone_reads_embeddings_too(tmp_path: Path) -> None:
    rules = RulesClassifier(OpenOnly(), today=date(2024, 6, 1))
    alone = ModelAlone(rules, meaning_model(ENSEMBLE), ByMeaning())
    files = [written(os.fsencode(tmp_path), b"one.txt", b"what is owed and when\n" * 9) for _ in range(1)]
    assert [each.label for each in alone.propose_all([*files, *files])] == ["financial_document"] * 2


def test_outside_is_still_a_label_of_theirs() -> None:
    assert OUTSIDE in unpack_model(FILES, b"/m").model.labels
