"""What the name, the extension and the folders of a file say, without looking at it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ifmosfs.core.names import split, split_extension
from ifmosfs.ml.evidence import Finding
from ifmosfs.ml.rules import UNKNOWN_GROUP, Extension, Rule, Rules

COMPRESSED: Final = frozenset({b".gz", b".xz", b".bz2", b".zst", b".lz", b".lzma", b".z"})
N_ROOT_NAMES: Final = 2  # of the root's own path: a scan of `~/.cache/pip` is still a scan of a cache
FOLDER_BYTES: Final = 1000  # of a path's end: deeper nesting says nothing more

_CAMEL = re.compile(r"(?<=[a-zß-ÿ])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[\W_]+")
_DIGIT_TAIL = re.compile(r"(?<=[^\W\d]{3})(?=\d)")


@dataclass(frozen=True, slots=True)
class NameEvidence:
    """The findings; `certain` when the place alone decides and the content need not be read.

    `extension` is lower case without a dot and without a compressor's own (`log` for `x.log.gz`); `group` is its group.
    """

    findings: tuple[Finding, ...]
    extension: str
    group: str
    certain: bool = False


def name_evidence(rules: Rules, root: bytes, path: bytes) -> NameEvidence:
    """What the whole path says; `root` is absolute and `path` relative to it."""
    folder, name = split(path)
    whole = _text(b"/".join([*root.split(b"/")[-N_ROOT_NAMES:], path]))
    place = next((rule.finding for rule in rules.places if rule.pattern.search(whole)), None)
    bare, extension, known = _extension(rules, name)
    if place is not None:
        return NameEvidence((place,), extension, UNKNOWN_GROUP, certain=True)
    group = known.group if known else UNKNOWN_GROUP
    findings = [known.finding] if known else []
    findings += _fitting(rules.names, _text(bare).lower(), group)
    findings += word_findings(rules, _text(split_extension(bare)[0] if known else bare), group)
    folders = as_words(_text(folder[-FOLDER_BYTES:]).replace("/", " / "))
    findings += _fitting(rules.folders, folders, group)
    return NameEvidence(tuple(findings), extension, group)


def word_findings(rules: Rules, text: str, group: str) -> list[Finding]:
    """What the words of a name or a title say about a file of that group."""
    return _fitting(rules.words, as_words(text), group)


def as_words(text: str) -> str:
    """The words of a name in lower case, with one space before, between and after them."""
    opened = _CAMEL.sub(" ", text[:500] if len(text) > 500 else text)
    return f" {_DIGIT_TAIL.sub(' ', _SEPARATORS.sub(' ', opened)).strip().lower()} "


def _fitting(rules: Iterable[Rule], text: str, group: str) -> list[Finding]:
    return list(_matches(rules, text, group))


def _matches(rules: Iterable[Rule], text: str, group: str) -> Iterator[Finding]:
    for rule in rules:
        if (not rule.groups or group in rule.groups) and rule.pattern.search(text):
            yield rule.finding


def _extension(rules: Rules, name: bytes) -> tuple[bytes, str, Extension | None]:
    """(name without a compressor's extension, extension, what is known of it)."""
    stem, suffix = split_extension(name)
    if suffix.lower() in COMPRESSED:
        inner = _text(split_extension(stem)[1][1:]).lower()
        if inner in rules.extensions:
            return stem, inner, rules.extensions[inner]
        if _fitting(rules.names, _text(stem).lower(), UNKNOWN_GROUP):
            return stem, inner, None
    extension = _text(suffix[1:]).lower()
    known = rules.extensions.get(extension) or rules.extensions.get(extension.rpartition(".")[2])
    return name, extension, known


def _text(path: bytes) -> str:
    return path.decode("utf-8", "replace")
