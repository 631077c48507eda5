"""Rules and model together: who decides, what is said of it, and what stays without a label."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import classifier_samples as samples
import model_samples as made
import pytest
from classifier_disk import OpenOnly, written

from ifmosfs.core.proposal import Decider, Explanation, Opinion, Proposal
from ifmosfs.ml.classifier import RulesClassifier
from ifmosfs.ml.evidence import OUTSIDE, Verdict
from ifmosfs.ml.learned import LearnedClassifier
from ifmosfs.ml.model import Mixture
from ifmosfs.ml.taxonomy import Taxonomy, default_taxonomy
from ifmosfs.ml.token_words import words_for

TODAY = date(2024, 6, 1)
SENTENCE = b"the zebra crossed the road to meet the giraffe and the antelope near a lake at noon\n" * 3


def learned(
    speaks: Mapping[str, tuple[str, float]], mixture: Mixture | None = None, taxonomy: Taxonomy | None = None
) -> LearnedClassifier:
    rules = RulesClassifier(OpenOnly(), taxonomy, today=TODAY)
    return LearnedClassifier(rules, made.model(speaks, mixture), "0123456789ab")


def propose(tmp_path: Path, classifier: LearnedClassifier, name: bytes, content: bytes) -> Proposal:
    return classifier.propose(written(os.fsencode(tmp_path), name, content))


def test_name_changes_with_the_rules_and_with_the_model() -> None:
    classifier = learned({})
    assert classifier.name == f"{classifier.rules.name}-m0123456789ab"


def test_the_model_decides_where_the_rules_say_little(tmp_path: Path) -> None:
    classifier = learned({"t:zebra": ("financial_document", 90.0)}, Mixture(1.0, 0.1))
    said = propose(tmp_path, classifier, b"a.txt", SENTENCE)
    assert (said.label, said.decided_by, said.model) == (
        "financial_document",
        Decider.MODEL,
        Opinion("financial_document", said.model.score if said.model else 0),
    )
    assert said.rule is not None
    assert said.rule.label != "financial_document"
    assert said.reason.startswith('the word "zebra" in its text')


def test_a_model_without_any_label_of_the_taxonomy_puts_all_into_no_category(tmp_path: Path) -> None:
    rules = RulesClassifier(OpenOnly(), today=TODAY)
    foreign = made.model({"t:zebra": ("zoo", 90.0)}, labels=("cats", "dogs", "mice", "zoo"))
    said = propose(tmp_path, LearnedClassifier(rules, foreign, "0123456789ab"), b"a.txt", SENTENCE)
    assert (said.label, said.runner_up, said.model) == (None, None, Opinion(None, 1.0))


def test_certain_evidence_outranks_the_model(tmp_path: Path) -> None:
    classifier = learned({"x:": ("media_photo", 900.0), "f:": ("media_photo", 900.0)}, Mixture(1.0, 0.0))
    inside_git = propose(tmp_path, classifier, b"repo/.git/objects/ab/cd", b"x\x9c\0")
    photo = propose(tmp_path, classifier, b"x.jpg", samples.photo())
    assert (inside_git.label, inside_git.decided_by, inside_git.model) == ("git_metadata", Decider.RULE, None)
    assert (photo.label, photo.decided_by, photo.model) == ("media_photo", Decider.RULE, None)


def test_a_format_that_no_category_is_meant_for_stays_so(tmp_path: Path) -> None:
    classifier = learned({"x:ics": ("media_photo", 900.0)})
    calendar = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    said = propose(tmp_path, classifier, b"holidays.ics", calendar)
    assert (said.label, said.decided_by, said.model) == (None, Decider.RULE, None)


def test_both_are_heard_and_kept_apart(tmp_path: Path) -> None:
    classifier = learned({"x:py": ("media_photo", 2.0)}, Mixture(1.0, 4.0))
    said = propose(tmp_path, classifier, b"x.py", b"import os\n\n\ndef main():\n    print(os.getcwd())\n")
    assert (said.label, said.decided_by) == ("technical_script", Decider.RULE)
    assert said.rule is not None
    assert said.rule.label == "technical_script"
    assert said.model is not None
    assert said.model.label == "media_photo"


def test_a_file_that_looks_like_no_category_has_no_label(tmp_path: Path) -> None:
    classifier = learned({"t:zebra": (OUTSIDE, 90.0)})
    said = propose(tmp_path, classifier, b"a.txt", SENTENCE)
    assert (said.label, said.score, said.model) == (None, 0.0, Opinion(None, said.model.score if said.model else 0))
    assert said.runner_up in made.LABELS


def test_a_category_that_the_user_has_removed_is_never_proposed(tmp_path: Path) -> None:
    fewer = Taxonomy(tuple(each for each in default_taxonomy().categories if each.name != "financial_document"))
    classifier = learned({"t:zebra": ("financial_document", 90.0)}, taxonomy=fewer)
    assert propose(tmp_path, classifier, b"a.txt", SENTENCE).label is None


def test_a_guess_that_is_mostly_wrong_is_no_label_but_a_runner_up(tmp_path: Path) -> None:
    many = tuple(sorted((*made.LABELS, "archive", "technical_log", "web_page")))
    model = made.model({"t:zebra": ("financial_document", 0.5)}, labels=many)
    classifier = LearnedClassifier(RulesClassifier(OpenOnly(), today=TODAY), model, "0123456789ab")
    said = propose(tmp_path, classifier, b"a.txt", SENTENCE)
    assert (said.label, said.score, said.decided_by, said.runner_up) == (None, 0.0, None, "financial_document")
    assert 1 / 7 < said.runner_up_score < 0.25


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02\x03" * 50], ids=["empty", "unknown bytes"])
def test_what_nothing_is_known_of_has_no_label_whatever_the_model_says(tmp_path: Path, content: bytes) -> None:
    classifier = learned({"f:binary": ("media_photo", 90.0), "x:": ("media_photo", 90.0)})
    assert propose(tmp_path, classifier, b"0001", content).label is None


def test_one_by_one_and_all_together_are_the_same(tmp_path: Path) -> None:
    classifier = learned({"t:zebra": ("financial_document", 3.0), "x:jpg": ("media_photo", 2.0)}, Mixture(1.0, 0.3))
    files = [
        written(os.fsencode(tmp_path), b"%d-%s" % (number, name), content)
        for number, (name, content) in enumerate([(b"a.txt", SENTENCE), (b"b.jpg", samples.photo()), (b"c", b"")] * 30)
    ]
    assert list(classifier.propose_all(files)) == [classifier.propose(file) for file in files]


def test_explanation_tells_three_pieces_of_evidence_in_words(tmp_path: Path) -> None:
    speaks = {
        "t:zebra": ("financial_document", 30.0),
        "t:giraffe": ("financial_document", 20.0),
        "n:a": ("financial_document", 2.0),
        "t:lake": ("media_photo", 30.0),
    }
    file = written(os.fsencode(tmp_path), b"a.txt", SENTENCE)
    classifier = learned(speaks)
    assert classifier.explain(file) == Explanation(
        classifier.propose(file),
        ('the word "zebra" in its text', 'the word "giraffe" in its text', 'the word "a" in its name'),
    )


def test_what_rules_and_model_both_go_by_is_told_once(tmp_path: Path) -> None:
    file = written(os.fsencode(tmp_path), b"a.raf", SENTENCE)
    classifier = learned({"x:raf": ("media_photo", 60.0), "t:zebra": ("media_photo", 20.0)})
    assert classifier.explain(file).evidence == ("the extension .raf (camera picture)", 'the word "zebra" in its text')


WORDS = {
    "n:invoice": 'the word "invoice" in its name',
    "n:0000": None,
    "x:pdf": "the extension .pdf",
    "x:": "a name without extension",
    "d:tax": 'a folder called "tax"',
    "n2:tax return": 'the words "tax return" in its name',
    "m:workbook.xml": 'a member called "workbook.xml"',
    "y:total due": 'the heading or key "total due"',
    "q:flat_share:0.9": "its areas of one colour",
    "q:nothing:1": None,
    "producer:libreoffice": 'the word "libreoffice" in its producer',
    "shebang=python3": "its shebang: python3",
    "r:taken with Canon": "taken with Canon",
    "v:media_photo": "what the rules found",
    "c:^inv": None,
    "s:A-9": None,
    "size:12": None,
    "has:title": None,
    "trouble": None,
}


@pytest.mark.parametrize(("token", "words"), WORDS.items(), ids=WORDS.keys())
def test_tokens_are_told_in_words_or_not_at_all(token: str, words: str | None) -> None:
    assert words_for(token, Verdict((("media_photo", 0.5),), "what the rules found")) == words
