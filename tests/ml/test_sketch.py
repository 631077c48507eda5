"""Sketches of real files: near where files are alike, the same whoever looked, and only for what is open to doubt."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import classifier_samples as samples
from classifier_disk import OpenOnly, written

from ifmosfs.core.proposal import Proposal
from ifmosfs.ml.classifier import RulesClassifier
from ifmosfs.ml.describing import EvidenceDescriber
from ifmosfs.ml.features import VERSION
from ifmosfs.ml.likeness import cosine
from ifmosfs.ml.sketch import CERTAIN, distance, sketch_of, sketched

LETTER = b"Dear Ms Miller,\nthank you for the lovely evening number %d at the lake. The boat was fine.\nYours, Tom\n"
RULES = RulesClassifier(OpenOnly())


def test_files_that_are_alike_are_nearer_than_others_in_sketch_and_in_features(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    files = [
        written(root, b"in/note-1.xyz", LETTER % 1),
        written(root, b"in/note-2.xyz", LETTER % 2),
        written(root, b"in/photo.jpg", samples.photo()),
    ]
    with closing(EvidenceDescriber(RULES).describe(files)) as found:
        first, second, photo = (one for one in found if one is not None)
    assert distance(first.sketch, second.sketch) < 16 < 40 < distance(first.sketch, photo.sketch)
    assert cosine(first.row, second.row) > 0.9 > 0.35 > cosine(first.row, photo.row)
    assert first.row.version == VERSION
    assert list(first.row.columns) == sorted(set(first.row.columns))


def test_sketch_does_not_depend_on_whether_texts_were_extracted(tmp_path: Path) -> None:
    file = written(os.fsencode(tmp_path), b"note.xyz", LETTER % 1)
    with closing(RULES.evidence_all([file])) as plain, closing(RULES.evidence_all([file], with_texts=True)) as full:
        without, with_text = next(plain), next(full)
    assert (without.extract.text, bool(with_text.extract.text)) == ("", True)
    assert sketch_of(without) == sketch_of(with_text)


def test_only_what_is_open_to_doubt_has_a_sketch(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    doubtful, empty = written(root, b"who.xyz", LETTER % 1), written(root, b"empty", b"")
    assert len(RULES.propose(doubtful).sketch or b"") == 20
    assert RULES.propose(empty).sketch is None
    with closing(RULES.evidence_all([doubtful])) as seen:
        sure = Proposal("legal_document", CERTAIN, "because")
        assert sketched(sure, next(seen)) == sure


def test_nothing_can_be_described_of_what_cannot_be_read(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    gone = written(root, b"gone", b"x")
    os.unlink(tmp_path / "gone")
    with closing(EvidenceDescriber(RULES).describe([gone, written(root, b"there", b"x")])) as found:
        assert [one is None for one in found] == [True, False]
