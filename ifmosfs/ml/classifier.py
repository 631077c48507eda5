"""The classifier by rules: evidence in a cascade, cheapest first, combined into one label, score and reason.

It holds no model and learns nothing. It never writes, never follows a link, opens each file once and reads a bounded part of it.
Names, places and the first bytes are looked at in this process; what libraries have to parse goes to the workers of an extractor.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from typing import Final

from ifmosfs.core.files import Kind, ScannedFile
from ifmosfs.core.names import split
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.proposal import Proposal
from ifmosfs.ml.by_name import NameEvidence, name_evidence
from ifmosfs.ml.content import Content, Recognised, look_inside, recognise_content
from ifmosfs.ml.dates import date_in_name
from ifmosfs.ml.evidence import OUTSIDE, Finding, Frame
from ifmosfs.ml.extract.extractor import Asked, Extractor, Question
from ifmosfs.ml.extract.table import worker_format
from ifmosfs.ml.extract.values import NOTHING, Extract
from ifmosfs.ml.extract.values import VERSION as EXTRACTOR_VERSION
from ifmosfs.ml.rules import Rules, default_rules
from ifmosfs.ml.sample import Sample
from ifmosfs.ml.taxonomy import Taxonomy, default_taxonomy

VERSION: Final = 2  # raise it when the code, not the data, judges differently
LOWEST_SCORE: Final = 0.08  # below it the best label is no better than any other of its family
WINDOW: Final = 32  # files that are open at once, and as many again whose extracts are awaited


@dataclass(slots=True)
class Look:
    """A file being looked at: what is known of it so far. `proposal` is there at once where there is nothing to look at."""

    file: ScannedFile
    proposal: Proposal | None = None
    named: NameEvidence | None = None
    dated: date | None = None
    sample: Sample | None = None
    recognised: Recognised | None = None
    question: Question | None = None
    asked: Asked | None = None
    closing: ExitStack = field(default_factory=ExitStack)


class RulesClassifier:
    """Proposes a category for a file by its name, its place and its content (`core.proposal.Classifier`).

    `today` bounds the dates that are believed (to the end of next year); by default the day of construction. Without an
    `extractor`, less is seen of what lies inside documents, and pictures are parsed in this process.
    """

    def __init__(
        self,
        disk: DiskReader,
        taxonomy: Taxonomy | None = None,
        rules: Rules | None = None,
        today: date | None = None,
        extractor: Extractor | None = None,
    ) -> None:
        self._disk = disk
        self._rules = rules or default_rules()
        self._frame = Frame((taxonomy or default_taxonomy()).names, self._rules.families)
        self._latest_year = (today or datetime.now(tz=UTC).date()).year + 1
        self._extractor = extractor

    @property
    def name(self) -> str:
        """`rules-VERSION-DIGEST-xVERSION`: another one whenever the rules have changed, or what the extractor finds."""
        extractor = f"-x{EXTRACTOR_VERSION}" if self._extractor else ""
        return f"rules-{VERSION}-{self._rules.digest}{extractor}"

    def propose(self, file: ScannedFile) -> Proposal:
        """The proposal for one file; what cannot be opened or read is reported in `unreadable`, not raised."""
        (proposal,) = self.propose_all([file])
        return proposal

    def propose_all(self, files: Iterable[ScannedFile]) -> Iterator[Proposal]:
        """The proposals for files, in their order: while one is judged, the next are with the workers."""
        under_way: deque[Look] = deque()
        try:
            for window in _windows(files):
                looks = [self._begun(file) for file in window]
                under_way += looks
                self._ask(looks)
                while len(under_way) > WINDOW:
                    yield self._ended(under_way)
            while under_way:
                yield self._ended(under_way)
        finally:
            self._drop(under_way)

    def close(self) -> None:
        """End the extractor's workers; what they have found is remembered."""
        if self._extractor is not None:
            self._extractor.flush()
            self._extractor.close()

    def _begun(self, file: ScannedFile) -> Look:
        """Open a file, and see by its name and its beginning what there is to look at."""
        look = Look(file)
        if file.kind is not Kind.FILE:
            look.proposal = Proposal(None, 0.0, "a link" if file.kind is Kind.SYMLINK else "not a file")
            return look
        try:
            descriptor = self._disk.open_read(file.place)
            look.closing.callback(os.close, descriptor)
            self._look_at(look, descriptor)
        except OSError as error:
            look.closing.close()
            look.proposal = _unreadable(error)
        return look

    def _look_at(self, look: Look, descriptor: int) -> None:
        look.dated = date_in_name(split(look.file.path)[1], self._latest_year)
        size_bytes = os.fstat(descriptor).st_size
        if size_bytes == 0:
            look.proposal = Proposal(None, 0.0, "empty file", document_date=look.dated)
            look.closing.close()
            return
        look.named = name_evidence(self._rules, look.file.root, look.file.path)
        if look.named.certain:
            look.closing.close()
            return
        look.sample = Sample(descriptor, size_bytes)
        look.recognised = recognise_content(look.sample)
        if self._extractor is None:
            return
        wanted = worker_format(look.recognised.format_name, look.sample.head)
        if wanted is not None:
            look.question = Question(descriptor, size_bytes, wanted)

    def _ask(self, looks: Iterable[Look]) -> None:
        asking = [look for look in looks if look.question is not None]
        if self._extractor is None or not asking:
            return
        for look, asked in zip(asking, self._extractor.ask([look.question for look in asking if look.question]), strict=True):
            look.asked = asked

    def _ended(self, under_way: deque[Look]) -> Proposal:
        """The proposal for the first of the files under way, which is none of them any more."""
        look = under_way[0]
        try:
            proposal = look.proposal or self._judged(look)
        except OSError as error:
            proposal = _unreadable(error)
        under_way.popleft()
        look.closing.close()
        return proposal

    def _judged(self, look: Look) -> Proposal:
        assert look.named is not None
        content, extract = Content(()), NOTHING
        if look.sample is not None:
            extract = self._answer(look)
            content = look_inside(
                self._rules, look.sample, look.named.group, self._latest_year, look.recognised, extract
            )
        return self._proposal(_in_order(look.named, content), content.dated or look.dated, extract.trouble)

    def _answer(self, look: Look) -> Extract:
        if look.asked is None or self._extractor is None:
            return NOTHING
        asked, look.asked = look.asked, None
        return self._extractor.answer(asked)

    def _drop(self, under_way: Iterable[Look]) -> None:
        """Nobody wants to hear of these any more."""
        looks = list(under_way)
        if self._extractor is not None:
            self._extractor.forget(look.asked for look in looks if look.asked is not None)
            self._extractor.flush()
        for look in looks:
            look.closing.close()

    def _proposal(self, findings: Iterable[Finding], dated: date | None, trouble: str | None) -> Proposal:
        verdict = self._frame.judge(findings)
        reason = verdict.reason if trouble is None else f"{verdict.reason}; unreadable by the extractor: {trouble}"
        labels = [(name, round(score, 3)) for name, score in verdict.ranking if name != OUTSIDE]
        if not labels:
            return Proposal(None, 0.0, reason, document_date=dated)
        label, score = labels[0]
        if score < LOWEST_SCORE:
            return Proposal(None, 0.0, f"{reason}; too little to tell what it is for", document_date=dated)
        if verdict.ranking[0][0] == OUTSIDE:
            return Proposal(None, 0.0, reason, label, score, dated)
        second, second_score = labels[1] if len(labels) > 1 else (None, 0.0)
        return Proposal(label, score, reason, second, second_score, dated)


def _windows(files: Iterable[ScannedFile]) -> Iterator[Sequence[ScannedFile]]:
    iterator = iter(files)
    while window := list(islice(iterator, WINDOW)):
        yield window


def _unreadable(error: OSError) -> Proposal:
    trouble = error.strerror or str(error)
    return Proposal(None, 0.0, f"cannot be read: {trouble}", unreadable=trouble)


def _in_order(named: NameEvidence, content: Content) -> tuple[Finding, ...]:
    """All findings, those from the content first: where two weigh the same, what is inside is the better reason."""
    return (*content.findings, *named.findings)
