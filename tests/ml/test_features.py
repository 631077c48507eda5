"""Evidence as features: the same file, the same numbers; every group of tokens weighs the same."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from ifmosfs.core.files import Fingerprint, Kind, ScannedFile
from ifmosfs.ml.classifier import Evidence
from ifmosfs.ml.evidence import Finding, Verdict
from ifmosfs.ml.extract.values import Extract
from ifmosfs.ml.features import COLUMNS, WEIGHTS, Group, column_of, counted_words, features_of, tokens_of, words_of

VERDICT = Verdict((("financial_document", 0.8), ("legal_document", 0.1)), "the word invoice in its title")


def evidence(path: bytes = b"Tax 2023/Invoice_0042.pdf", extract: Extract | None = None) -> Evidence:
    file = ScannedFile(1, b"/in", path, Kind.FILE, 0o100644, Fingerprint(1, 5000, 1, 1))
    found = extract or Extract(
        "pdf",
        "Invoice 42 total 99.50 EUR",
        {"producer": "LibreOffice 7.4"},
        {"n_pages": 2.0},
        members=("letter/a.xml",),
        keys=("Total due",),
    )
    return Evidence(
        file, None, (Finding("the name says invoice", {"financial_document": 0.7}),), "pdf", found, date(2023, 1, 1)
    )


def test_tokens_say_where_they_come_from() -> None:
    tokens = tokens_of(evidence(), VERDICT)
    assert {"n:invoice", "n:0000", "x:pdf", "c:^inv"} <= set(tokens[Group.NAME])
    assert set(tokens[Group.FOLDER]) == {"d:tax", "d:0000"}
    assert {"f:pdf", "k:pdf", "fx:pdf pdf", "size:12"} == set(tokens[Group.FORMAT])
    assert tokens[Group.RULES] == {
        "r:the name says invoice": 0.3,
        "v:financial_document": 0.8,
        "b:financial_document": 0.5,
        "b:financial_document 4": 0.3,
        "v:legal_document": 0.1,
    }
    assert {
        "has:producer",
        "producer:libreoffice",
        "q:n_pages:2^1",
        "m:a.xml",
        "mx:xml",
        "md:letter",
        "y:total due",
    } <= set(tokens[Group.STRUCTURE])
    assert {"t:invoice", "t:total", "t:00.00", "t:eur", "share:digits:2"} <= set(tokens[Group.TEXT])


def test_the_column_of_a_token_is_its_checksum_on_every_machine() -> None:
    assert column_of("n:rechnung") == zlib.crc32(b"n:rechnung") % COLUMNS
    assert column_of("t:\udcff") < COLUMNS


def test_every_group_weighs_the_same_however_much_there_is_of_it() -> None:
    tokens = tokens_of(evidence(), VERDICT)
    for group in Group:
        alone = features_of(tokens, frozenset(Group) - {group})
        assert math.isclose(sum(value**2 for value in alone.values), WEIGHTS[group] ** 2, rel_tol=1e-6), group


def test_groups_left_out_are_as_if_not_seen() -> None:
    tokens = tokens_of(evidence(), VERDICT)
    without_text = {**tokens, Group.TEXT: {}}
    assert features_of(tokens, frozenset({Group.TEXT})) == features_of(without_text)


@given(st.binary(max_size=60).filter(lambda name: b"\0" not in name), st.text(max_size=300))
def test_any_name_and_text_give_rising_columns_and_finite_values(name: bytes, text: str) -> None:
    row = features_of(tokens_of(evidence(name, Extract("text", text)), Verdict((), "")))
    assert list(row.columns) == sorted(set(row.columns))
    assert all(0 <= column < COLUMNS for column in row.columns)
    assert all(math.isfinite(value) for value in row.values)


@given(
    st.lists(
        st.sampled_from(["a", "Übel", "4711", "12.5", "x" * 40, "€", " ", "\n\n", "1999", "1998", "漢字"]), max_size=80
    )
)
def test_first_words_are_the_same_however_much_of_the_text_is_searched_at_once(pieces: list[str]) -> None:
    text = " ".join(pieces)
    all_of_them = words_of(text, 10_000)
    for most in (1, 4, 30):
        assert words_of(text, most) == all_of_them[:most]
        assert counted_words(text, most) == Counter(all_of_them[:most])


def test_numbers_in_texts_are_shapes() -> None:
    assert words_of("Rechnung 4711 vom 12.03.2021, 1.299,00 €", 9) == [
        "rechnung", "0000", "vom", "00.00.0000", "0.000,00", "€",
    ]  # fmt: skip
