"""The classifier by rules: evidence in a cascade, cheapest first, combined into one label, score and reason.

It holds no model and learns nothing. It never writes, never follows a link, opens each file once and reads a bounded part of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

from ifmosfs.core.files import Kind, ScannedFile
from ifmosfs.core.names import split
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.proposal import Proposal
from ifmosfs.ml.by_name import NameEvidence, name_evidence
from ifmosfs.ml.content import Content, look_inside
from ifmosfs.ml.dates import date_in_name
from ifmosfs.ml.evidence import OUTSIDE, Finding, Frame
from ifmosfs.ml.rules import Rules, default_rules
from ifmosfs.ml.sample import Sample
from ifmosfs.ml.taxonomy import Taxonomy, default_taxonomy

VERSION: Final = 1  # raise it when the code, not the data, judges differently
LOWEST_SCORE: Final = 0.08  # below it the best label is no better than any other of its family


class RulesClassifier:
    """Proposes a category for a file by its name, its place and its content (`core.proposal.Classifier`).

    `today` bounds the dates that are believed (to the end of next year); by default the day of construction.
    """

    def __init__(
        self, disk: DiskReader, taxonomy: Taxonomy | None = None, rules: Rules | None = None, today: date | None = None
    ) -> None:
        self._disk = disk
        self._rules = rules or default_rules()
        self._frame = Frame((taxonomy or default_taxonomy()).names, self._rules.families)
        self._latest_year = (today or datetime.now(tz=UTC).date()).year + 1

    @property
    def name(self) -> str:
        """`rules-VERSION-DIGEST`: another one whenever the rules have changed."""
        return f"rules-{VERSION}-{self._rules.digest}"

    def propose(self, file: ScannedFile) -> Proposal:
        """The proposal for one file; what cannot be opened or read is reported in `unreadable`, not raised."""
        if file.kind is not Kind.FILE:
            return Proposal(None, 0.0, "a link" if file.kind is Kind.SYMLINK else "not a file")
        try:
            descriptor = self._disk.open_read(file.place)
            try:
                return self._judged(file, descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            trouble = error.strerror or str(error)
            return Proposal(None, 0.0, f"cannot be read: {trouble}", unreadable=trouble)

    def _judged(self, file: ScannedFile, descriptor: int) -> Proposal:
        named = name_evidence(self._rules, file.root, file.path)
        dated = date_in_name(split(file.path)[1], self._latest_year)
        size_bytes = os.fstat(descriptor).st_size
        if size_bytes == 0:
            return Proposal(None, 0.0, "empty file", document_date=dated)
        content = Content(())
        if not named.certain:
            content = look_inside(self._rules, Sample(descriptor, size_bytes), named.group, self._latest_year)
        return self._proposal(_in_order(named, content), content.dated or dated)

    def _proposal(self, findings: Iterable[Finding], dated: date | None) -> Proposal:
        verdict = self._frame.judge(findings)
        labels = [(name, round(score, 3)) for name, score in verdict.ranking if name != OUTSIDE]
        if not labels:
            return Proposal(None, 0.0, verdict.reason, document_date=dated)
        label, score = labels[0]
        if score < LOWEST_SCORE:
            return Proposal(None, 0.0, f"{verdict.reason}; too little to tell what it is for", document_date=dated)
        if verdict.ranking[0][0] == OUTSIDE:
            return Proposal(None, 0.0, verdict.reason, label, score, dated)
        second, second_score = labels[1] if len(labels) > 1 else (None, 0.0)
        return Proposal(label, score, verdict.reason, second, second_score, dated)


def _in_order(named: NameEvidence, content: Content) -> tuple[Finding, ...]:
    """All findings, those from the content first: where two weigh the same, what is inside is the better reason."""
    return (*content.findings, *named.findings)
