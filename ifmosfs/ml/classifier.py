"""The classifier by rules: evidence in a cascade, cheapest first, combined into one label, score and reason.

It holds no model and learns nothing. It never writes, never follows a link, opens each file once and reads a bounded part of it.
Names, places and the first bytes are looked at in this process; what libraries have to parse goes to the workers of an extractor.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from time import perf_counter
from typing import Final

from ifmosfs.core.files import Kind, ScannedFile
from ifmosfs.core.names import split
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.proposal import Decider, Explanation, Opinion, Proposal
from ifmosfs.ml.by_name import NameEvidence, name_evidence
from ifmosfs.ml.content import Recognised, look_inside, recognise_content
from ifmosfs.ml.dates import date_in_name
from ifmosfs.ml.evidence import OUTSIDE, Finding, Frame, Verdict
from ifmosfs.ml.extract.extractor import Asked, Extractor, Question
from ifmosfs.ml.extract.table import extract_here, worker_format
from ifmosfs.ml.extract.values import NOTHING, Extract
from ifmosfs.ml.extract.values import VERSION as EXTRACTOR_VERSION
from ifmosfs.ml.rules import Rules, default_rules
from ifmosfs.ml.sample import Sample
from ifmosfs.ml.sketch import sketched
from ifmosfs.ml.stopwatch import CONTENT, EXTRACT, JUDGING, NAMES, NO_LAP, Lap, Stopwatch
from ifmosfs.ml.taxonomy import Taxonomy, default_taxonomy

VERSION: Final = 3  # raise it when the code, not the data, judges differently
LOWEST_SCORE: Final = 0.08  # below it the best label is no better than any other of its family
WINDOW: Final = 32  # files that are open at once, and as many again whose extracts are awaited


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was seen of a file, before anybody judges it: what rules find, and what a model may learn from.

    `settled` is the proposal where there is nothing to judge (a link, an empty file, one that cannot be read); `format_name` is
    empty where the content was not looked at, because the place alone decides. `lap` takes the time of who judges it, if anybody wants
    to know.
    """

    file: ScannedFile
    settled: Proposal | None = None
    findings: tuple[Finding, ...] = ()
    format_name: str = ""
    extract: Extract = NOTHING
    dated: date | None = None
    lap: Lap = field(default=NO_LAP, compare=False, repr=False)


@dataclass(slots=True)
class _Look:
    """A file being looked at: what is known of it so far. `settled` is there at once where there is nothing to look at."""

    file: ScannedFile
    lap: Lap = NO_LAP
    settled: Proposal | None = None
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
        self.categories = (taxonomy or default_taxonomy()).names
        self.frame = Frame(self.categories, self._rules.families)
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

    def propose_all(
        self, files: Iterable[ScannedFile], *, watch: Stopwatch | None = None
    ) -> Generator[Proposal, None, None]:
        """The proposals for files, in their order: while one is judged, the next are with the workers."""
        with closing(self.evidence_all(files, watch=watch)) as seen:
            for evidence in seen:
                evidence.lap.begin()
                proposal = self.judged(evidence)
                evidence.lap.end(JUDGING)
                yield sketched(proposal, evidence)

    def evidence_all(
        self, files: Iterable[ScannedFile], *, with_texts: bool = False, watch: Stopwatch | None = None
    ) -> Generator[Evidence, None, None]:
        """All that was seen of files, in their order. With `with_texts`, texts and programs have extracts, too, which rules need not.
        A `watch` is told what each stage of each file takes.

        Raises nothing for a bad file; one that is not used up must be closed.
        """
        under_way: deque[_Look] = deque()
        try:
            for window in _windows(files):
                looks = [self._begun(file, watch.lap() if watch else NO_LAP) for file in window]
                under_way += looks
                self._ask(looks)
                while len(under_way) > WINDOW:
                    yield self._ended(under_way, with_texts)
            while under_way:
                yield self._ended(under_way, with_texts)
        finally:
            self._drop(under_way)

    def explain(self, file: ScannedFile) -> Explanation:
        """See `core.proposal.Classifier`."""
        with closing(self.evidence_all([file])) as seen:
            evidence = next(seen)
        proposal = sketched(self.judged(evidence), evidence)
        return Explanation(proposal, self.frame.strongest(proposal.label, evidence.findings))

    def close(self) -> None:
        """End the extractor's workers; what they have found is remembered."""
        if self._extractor is not None:
            self._extractor.flush()
            self._extractor.close()

    def _begun(self, file: ScannedFile, lap: Lap) -> _Look:
        """Open a file, and see by its name and its beginning what there is to look at."""
        look = _Look(file, lap)
        lap.begin()
        if file.kind is not Kind.FILE:
            look.settled = Proposal(None, 0.0, "a link" if file.kind is Kind.SYMLINK else "not a file")
            return look
        try:
            descriptor = self._disk.open_read(file.place)
            look.closing.callback(os.close, descriptor)
            self._look_at(look, descriptor)
        except OSError as error:
            look.closing.close()
            look.settled = _unreadable(error)
        lap.end(CONTENT)
        return look

    def _look_at(self, look: _Look, descriptor: int) -> None:
        look.lap.end(CONTENT)
        look.dated = date_in_name(split(look.file.path)[1], self._latest_year)
        look.lap.end(NAMES)
        size_bytes = os.fstat(descriptor).st_size
        if size_bytes == 0:
            look.settled = Proposal(None, 0.0, "empty file", document_date=look.dated)
            look.closing.close()
            return
        look.lap.end(CONTENT)
        look.named = name_evidence(self._rules, look.file.root, look.file.path)
        look.lap.end(NAMES)
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

    def _ask(self, looks: Iterable[_Look]) -> None:
        asking = [look for look in looks if look.question is not None]
        if self._extractor is None or not asking:
            return
        before = perf_counter()
        all_asked = self._extractor.ask([look.question for look in asking if look.question])
        each_took = (perf_counter() - before) / len(asking)
        for look, asked in zip(asking, all_asked, strict=True):
            look.asked = asked
            look.lap.add(EXTRACT, each_took)

    def _ended(self, under_way: deque[_Look], with_texts: bool) -> Evidence:
        """The evidence for the first of the files under way, which is none of them any more."""
        look = under_way[0]
        look.lap.begin()
        try:
            evidence = Evidence(look.file, look.settled, lap=look.lap) if look.settled else self._seen(look, with_texts)
        except OSError as error:
            evidence = Evidence(look.file, _unreadable(error), lap=look.lap)
        under_way.popleft()
        look.closing.close()
        return evidence

    def _seen(self, look: _Look, with_texts: bool) -> Evidence:
        assert look.named is not None
        if look.sample is None or look.recognised is None:
            return Evidence(look.file, None, look.named.findings, dated=look.dated, lap=look.lap)
        extract = self._answer(look)
        year, group, found = self._latest_year, look.named.group, look.recognised
        content = look_inside(self._rules, look.sample, group, year, found, extract)
        look.lap.end(CONTENT)
        if with_texts and extract is NOTHING:
            extract = extract_here(look.sample, found.format_name, is_text=found.text is not None)
            look.lap.end(EXTRACT)
        # Those from the content first: where two weigh the same, what is inside is the better reason.
        findings = (*content.findings, *look.named.findings)
        return Evidence(look.file, None, findings, found.format_name, extract, content.dated or look.dated, look.lap)

    def _answer(self, look: _Look) -> Extract:
        if look.asked is None or self._extractor is None:
            return NOTHING
        asked, look.asked = look.asked, None
        extract = self._extractor.answer(asked)
        look.lap.end(EXTRACT)
        return extract

    def _drop(self, under_way: Iterable[_Look]) -> None:
        """Nobody wants to hear of these any more."""
        looks = list(under_way)
        if self._extractor is not None:
            self._extractor.forget(look.asked for look in looks if look.asked is not None)
            self._extractor.flush()
        for look in looks:
            look.closing.close()

    def judged(self, evidence: Evidence) -> Proposal:
        """What the rules alone make of what was seen."""
        if evidence.settled is not None:
            return evidence.settled
        verdict, dated, trouble = self.frame.judge(evidence.findings), evidence.dated, evidence.extract.trouble
        reason = verdict.reason if trouble is None else f"{verdict.reason}; unreadable by the extractor: {trouble}"
        labels = [(name, round(score, 3)) for name, score in verdict.ranking if name != OUTSIDE]
        if not labels:
            decider = Decider.RULE if verdict.ranking else None
            return Proposal(None, 0.0, reason, document_date=dated, rule=opinion_of(verdict), decided_by=decider)
        label, score = labels[0]
        if score < LOWEST_SCORE:
            reason = f"{reason}; too little to tell what it is for"
            return Proposal(None, 0.0, reason, document_date=dated, rule=opinion_of(verdict))
        if verdict.ranking[0][0] == OUTSIDE:
            return Proposal(None, 0.0, reason, label, score, dated, rule=opinion_of(verdict), decided_by=Decider.RULE)
        second, second_score = labels[1] if len(labels) > 1 else (None, 0.0)
        rule = Opinion(label, score)
        return Proposal(label, score, reason, second, second_score, dated, rule=rule, decided_by=Decider.RULE)


def opinion_of(verdict: Verdict) -> Opinion:
    """What the rules say alone: the best label and its score, none for what lies outside of all categories or is not known."""
    label, score = verdict.ranking[0] if verdict.ranking else (None, 0.0)
    return Opinion(None if label == OUTSIDE or score < LOWEST_SCORE else label, round(score, 3))


def _windows(files: Iterable[ScannedFile]) -> Iterator[Sequence[ScannedFile]]:
    iterator = iter(files)
    while window := list(islice(iterator, WINDOW)):
        yield window


def _unreadable(error: OSError) -> Proposal:
    trouble = error.strerror or str(error)
    return Proposal(None, 0.0, f"cannot be read: {trouble}", unreadable=trouble)
