"""Evidence as numbers for a model: tokens of what was seen, each hashed to a column, in groups of equal weight.

A token says what it is by its prefix (`n:invoice` a word of the name, `t:total` one of the text), so it can be told to a person
why a label was chosen. Hashing needs no vocabulary: the same file always has the same features, whatever a model was trained on.
"""

from __future__ import annotations

import re
import string
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from math import log1p, log2, sqrt
from typing import Final

from ifmosfs.core.names import split, split_extension
from ifmosfs.ml.by_name import COMPRESSED, as_words
from ifmosfs.ml.classifier import Evidence
from ifmosfs.ml.evidence import Verdict
from ifmosfs.ml.extract.values import Extract

VERSION: Final = 1  # raise it when the same evidence gives other features: models of before cannot be used then
COLUMNS: Final = 1 << 16

TEXT_WORDS: Final = 1200
SHAPE_CHARACTERS: Final = 4000
NAME_WORDS: Final = 12
KEY_WORDS: Final = 4
PIECE_CHARACTERS: Final = 2000
FOLDERS: Final = 3
_WORD = re.compile(r"[^\W\d_]{2,24}|\d+[.,:/-]\d+(?:[.,:/-]\d+)*|\d+|[€$£%§©@#{}<>=|\\;]")
_DIGITS = re.compile(r"\d+")
_CHARACTERS_PER_WORD: Final = 7
_SHAPE = (
    (re.compile(r"[^\W\d_]*[a-zß-ÿ][^\W\d_]*"), "a"),
    (re.compile(r"[A-ZÀ-Þ]+"), "A"),
    (re.compile(r"\d{8}"), "D"),
    (re.compile(r"\d{4}"), "4"),
    (re.compile(r"\d{5,}"), "9"),
    (re.compile(r"\d+"), "1"),
)
_TOKENISED: Final = ("title", "subject", "keywords", "producer", "creator", "software", "genre", "family", "company")
_WHOLE: Final = ("language", "root", "namespace", "doctype", "machine", "binary_type", "subsystem", "shebang", "maker",
                 "style", "delimiter")  # fmt: skip
_PRESENT: Final = ("author", "created", "model", "album", "foundry", "packed_name")


class Group(Enum):
    """Where tokens come from. All of a file's tokens of one group together weigh the same, however many there are."""

    __hash__ = object.__hash__

    NAME = "name"
    FOLDER = "folder"
    FORMAT = "format"
    RULES = "rules"
    STRUCTURE = "structure"
    TEXT = "text"


WEIGHTS: Final[Mapping[Group, float]] = {
    Group.NAME: 1.0,
    Group.FOLDER: 0.5,
    Group.FORMAT: 1.0,
    Group.RULES: 1.5,
    Group.STRUCTURE: 1.0,
    Group.TEXT: 1.0,
}

Tokens = Mapping[Group, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Piece:
    """The little of a file that a sentence embedding is made of: the words of its name and title, and how its text begins."""

    name: str = ""
    title: str = ""
    text: str = ""

    def words(self, without: frozenset[Group] = frozenset()) -> str:
        """All of it as one text, but for what is left out with a group of tokens."""
        parts = (
            "" if Group.NAME in without else self.name,
            "" if Group.STRUCTURE in without else self.title,
            "" if Group.TEXT in without else self.text,
        )
        return "\n".join(part for part in parts if part)[:PIECE_CHARACTERS]


@dataclass(frozen=True, slots=True)
class Features:
    """One file as a sparse row: `columns` (below `COLUMNS`, each once, rising) and their `values`."""

    columns: tuple[int, ...]
    values: tuple[float, ...]


def tokens_of(evidence: Evidence, verdict: Verdict) -> Tokens:
    """What was seen of a file, as tokens with their weights within their group; `verdict` is the rules' word on it."""
    return {
        Group.NAME: _weighted(_name_tokens(split(evidence.file.path)[1])),
        Group.FOLDER: _weighted(_folder_tokens(split(evidence.file.path)[0])),
        Group.FORMAT: _weighted(_format_tokens(evidence)),
        Group.RULES: _rule_tokens(evidence, verdict),
        Group.STRUCTURE: _weighted(_structure_tokens(evidence.extract)),
        Group.TEXT: _text_tokens(evidence.extract.text),
    }


def features_of(tokens: Tokens, without: frozenset[Group] = frozenset()) -> Features:
    """The tokens as a row; groups left out count as not seen, which a model is trained to do with."""
    row: dict[int, float] = {}
    for group, some in tokens.items():
        if group in without or not some:
            continue
        norm = sqrt(sum(weight * weight for weight in some.values()))
        scale = WEIGHTS[group] / norm
        for token, weight in some.items():
            column = column_of(token)
            row[column] = row.get(column, 0.0) + weight * scale
    columns = sorted(row)
    return Features(tuple(columns), tuple(row[column] for column in columns))


def piece_of(evidence: Evidence) -> Piece:
    """What a sentence embedding of a file is made of."""
    stem = split_extension(split(evidence.file.path)[1])[0].decode("utf-8", "replace")
    words = [word for word in as_words(stem).split()[:NAME_WORDS] if not word.isdigit()]
    return Piece(" ".join(words), evidence.extract.fields.get("title", ""), evidence.extract.text[:PIECE_CHARACTERS])


@lru_cache(maxsize=1 << 15)  # the same words come in file after file
def column_of(token: str) -> int:
    """The column of a token: the CRC-32 of its UTF-8 bytes, the same on every machine."""
    return zlib.crc32(token.encode("utf-8", "replace")) & (COLUMNS - 1)


def words_of(text: str, most: int) -> list[str]:
    """The first words and telling signs of a text, in lower case, numbers as their shape."""
    return [_number_shape(word) if word[0].isdigit() else word for word in _found(text, most)]


def counted_words(text: str, most: int) -> dict[str, int]:
    """How often each of the first words of a text comes, as `words_of` gives them."""
    counts: dict[str, int] = {}
    for word, n in Counter(_found(text, most)).items():  # different words are few, so only those are looked at
        shaped = _number_shape(word) if word[0].isdigit() else word
        counts[shaped] = counts.get(shaped, 0) + n
    return counts


def _found(text: str, most: int) -> list[str]:
    """The first words as they stand. They are few characters on average, so most of a long text need not be searched."""
    lower = text.lower()
    cut = _CHARACTERS_PER_WORD * most
    while 0 < cut < len(lower) and not lower[cut].isspace():
        cut += 1  # no word holds white space
    found: list[str] = _WORD.findall(lower, 0, cut)
    if len(found) < most and cut < len(lower):
        found += _WORD.findall(lower, cut)
    return found[:most]


@lru_cache(maxsize=4096)
def _number_shape(word: str) -> str:
    if len(word) == 4 and word.startswith(("19", "20")):
        return "0year"
    return _DIGITS.sub(lambda match: "0" * min(len(match[0]), 5), word)


def _weighted(tokens: Iterable[str]) -> dict[str, float]:
    return {token: 1.0 + log1p(n - 1) for token, n in Counter(tokens).items()}


def _name_tokens(name: bytes) -> Iterator[str]:
    stem, suffix = split_extension(name)
    if suffix.lower() in COMPRESSED:
        yield f"z:{suffix.decode('utf-8', 'replace').lower()}"
        stem, suffix = split_extension(stem)
    text = stem.decode("utf-8", "replace")
    extension = suffix[1:].decode("utf-8", "replace").lower()
    yield f"x:{extension}"
    for part in extension.split(".")[1:]:
        yield f"xx:{part}"
    yield f"s:{_shape(text)}"
    if text.startswith("."):
        yield "s:hidden"
    words = as_words(text).split()[:NAME_WORDS]
    for word in words:
        if word.isdigit():
            yield f"n:{'0' * min(len(word), 8)}"
            continue
        yield f"n:{word}"
        if len(word) > 3:
            padded = f"^{word[:20]}$"
            yield from (f"c:{padded[at : at + 4]}" for at in range(len(padded) - 3))
    yield from (f"n2:{one} {other}" for one, other in pairwise(words))


def _shape(text: str) -> str:
    for pattern, sign in _SHAPE:
        text = pattern.sub(sign, text)
    return text[:24]


def _folder_tokens(folder: bytes) -> Iterator[str]:
    for name in folder.decode("utf-8", "replace").split("/")[-FOLDERS:]:
        for word in as_words(name).split()[:NAME_WORDS]:
            yield f"d:{'0' * min(len(word), 8) if word.isdigit() else word}"


def _format_tokens(evidence: Evidence) -> Iterator[str]:
    yield f"f:{evidence.format_name}"
    if evidence.extract.kind:
        yield f"k:{evidence.extract.kind}"
    extension = split_extension(split(evidence.file.path)[1])[1][1:].decode("utf-8", "replace").lower()
    yield f"fx:{evidence.format_name} {extension}"
    yield f"size:{int(log2(evidence.file.fingerprint.size_bytes + 1))}"
    if evidence.extract.trouble is not None:
        yield "trouble"


def _rule_tokens(evidence: Evidence, verdict: Verdict) -> dict[str, float]:
    """Which rules spoke, and what they come to: for each category its share, and the best one once more."""
    found = {f"r:{finding.what}": 0.3 for finding in evidence.findings}
    for place, (label, score) in enumerate(verdict.ranking[:6]):
        found[f"v:{label}"] = score
        if place == 0:
            found[f"b:{label}"] = 0.5
            found[f"b:{label} {int(score * 5)}"] = 0.3
    if not verdict.ranking:
        found["b:"] = 0.5
    return found


def _structure_tokens(extract: Extract) -> Iterator[str]:
    for name in _TOKENISED:
        if name in extract.fields:
            yield f"has:{name}"
            yield from (f"{name}:{word}" for word in words_of(extract.fields[name], NAME_WORDS))
    for name in _WHOLE:
        if name in extract.fields:
            yield f"{name}={extract.fields[name].lower()[:80]}"
    yield from (f"has:{name}" for name in _PRESENT if name in extract.fields)
    for name, value in extract.numbers.items():
        yield f"q:{name}:{_bucket(value)}"
    for member in extract.members[:40]:
        name = member.rpartition("/")[2]
        yield f"m:{name.lower()[:40]}"
        yield f"mx:{name.rpartition('.')[2].lower()[:10] if '.' in name else ''}"
        if "/" in member:
            yield f"md:{member.partition('/')[0].lower()[:30]}"
    for key in extract.keys[:60]:
        yield f"y:{key.lower()[:40]}"
        yield from (f"yw:{word}" for word in words_of(key, KEY_WORDS))


def _bucket(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) <= 1:
        return f"{value:.1f}"
    return f"2^{int(log2(abs(value)))}"


def _text_tokens(text: str) -> dict[str, float]:
    if not text:
        return {}
    found = {f"t:{word}": 1.0 + log1p(n - 1) for word, n in counted_words(text, TEXT_WORDS).items()}
    return found | dict.fromkeys(_text_shape(text), 1.0)


def _text_shape(text: str) -> Iterator[str]:
    """What the beginning of a text is made of, in tenths, and how long it is."""
    head = text[:SHAPE_CHARACTERS]
    plain = head.encode("ascii", "ignore")
    n = len(head)
    for name, count in (
        ("digits", _n_of(plain, string.digits)),
        ("upper", _n_of(plain, string.ascii_uppercase)),
        ("signs", _n_of(plain, string.punctuation)),
        ("lines", 20 * plain.count(b"\n")),
        ("foreign", n - len(plain)),
    ):
        yield f"share:{name}:{min(10 * count // n, 9)}"
    yield f"length:{int(log2(n))}"


def _n_of(plain: bytes, chars: str) -> int:
    return len(plain) - len(plain.translate(None, chars.encode()))
