"""What a classifier hands to the planner: the final interface of every classifier, rules and learned models alike."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Protocol

from ifmosfs.core.files import ScannedFile


class Decider(Enum):
    """Who had the last word on a file."""

    __hash__ = object.__hash__

    RULE = "rule"
    MODEL = "model"
    TOGETHER = "together"
    PERSON = "person"  # who has said what this content is
    LIKENESS = "likeness"  # a person's word on a file that is like it


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one side, the rules or the model, would say alone; no label: that a file has no category, or cannot be told."""

    label: str | None
    score: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """A classifier's word on one file.

    `label` is the category's name, or `None` when nothing can be said; `score` is the probability, 0 to 1, that the label is
    right (no label: 0). `reason` is one line for a person. `runner_up` is the second-best label with its score.
    `document_date` is the file's own date (EXIF, PDF, name …), `None` where only the modification time is known.
    `unreadable` is the operating system's word when the content could not be opened. `rule` and `model` are what each would say
    alone, `None` where it was not asked; `decided_by` is who had the last word, `None` where nobody had one. `lesson` is the number
    of the lesson (`core.lessons`) that played a part. `sketch` (`ml.sketch`) tells quickly what it is like; only what is not sure
    has one.
    """

    label: str | None
    score: float
    reason: str
    runner_up: str | None = None
    runner_up_score: float = 0.0
    document_date: date | None = None
    unreadable: str | None = None
    rule: Opinion | None = None
    model: Opinion | None = None
    decided_by: Decider | None = None
    lesson: int | None = None
    sketch: bytes | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A proposal with the pieces of evidence that speak most for it, in words for a person, the strongest first, at most three."""

    proposal: Proposal
    evidence: tuple[str, ...]


class Classifier(Protocol):
    """Something that proposes a category for a file; never raises for a bad file, and never writes."""

    @property
    def name(self) -> str:
        """Name and version, stored with each classification: another name means "classify again"."""
        ...

    def propose(self, file: ScannedFile) -> Proposal:
        """The proposal for one file. Opens the file read-only and without touching its access time where allowed."""
        ...

    def propose_all(self, files: Iterable[ScannedFile]) -> Generator[Proposal, None, None]:
        """The proposals for files, in their order, the same as `propose` gives; several files may be under way at once.

        One that is not used up must be closed.
        """
        ...

    def explain(self, file: ScannedFile) -> Explanation:
        """The proposal for one file, as `propose` gives it, and what speaks for it."""
        ...

    def close(self) -> None:
        """Let go of processes and memory; what was found until now is kept."""
        ...
