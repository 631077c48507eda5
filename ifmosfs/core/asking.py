"""Which files a person is best asked about: one of each group of files that are alike, first where an answer settles most. Pure.

Files of one folder and extension whose sketches are near each other are a group: the answer on one will do for the others. A group is
worth as much as it has files, the less the surer the program is of them already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ifmosfs.core.files import Place, ScannedFile
from ifmosfs.core.names import split, split_extension
from ifmosfs.core.proposal import Decider, Proposal

OUTSIDE_IN_DOUBT: Final = 0.2  # of the best category, for a file that was judged to belong to none
CLOSE_CALL: Final = (
    0.15  # two categories that are as near as that are asked about although the better one is above the threshold
)
UNKNOWN_MARGIN: Final = 0.0
OUTSIDE_MARGIN: Final = (
    0.5  # a format that no category is meant for: probably so, and yet it may be one for this person
)
MOST_COMPARED: Final = 100

Distance = Callable[[bytes, bytes], int]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A file that a person may be asked about, with the program's word on it."""

    file: ScannedFile
    proposal: Proposal

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.file.place

    @property
    def margin(self) -> float:
        """By how much the best category is ahead, 0 to 1; the smaller, the more an answer tells."""
        word = self.proposal
        if word.label is None:
            return UNKNOWN_MARGIN if word.decided_by is None else OUTSIDE_MARGIN
        return max(0.0, word.score - word.runner_up_score)


@dataclass(frozen=True, slots=True)
class Question:
    """A file to ask about, and those like it, without itself, that the answer will probably settle."""

    doubt: Doubt
    others: tuple[Place, ...]

    @property
    def gain(self) -> float:
        """How much an answer is worth."""
        return (1 + len(self.others)) * (1.05 - self.doubt.margin)


def is_doubtful(proposal: Proposal, threshold: float) -> bool:
    """Whether a person's word on such a file would tell anything: the program is not sure, and nobody has said anything."""
    if proposal.unreadable is not None or proposal.decided_by is Decider.PERSON:
        return False
    if proposal.label is None and proposal.decided_by is not None:
        return (
            proposal.runner_up_score >= OUTSIDE_IN_DOUBT
        )  # it was judged to belong nowhere: a calendar is no question
    if proposal.label is None or proposal.score < threshold:
        return True
    return proposal.runner_up is not None and proposal.score - proposal.runner_up_score < CLOSE_CALL


def questions(doubts: Iterable[Doubt], distance: Distance, near: int) -> list[Question]:
    """One question for each group of doubtful files, the most telling first. Sketches that differ in less than `near` are alike."""
    by_kind: dict[tuple[bytes, bytes, bytes], list[Doubt]] = defaultdict(list)
    for doubt in doubts:
        folder, name = split(doubt.file.path)
        by_kind[doubt.file.root, folder, split_extension(name)[1].lower()].append(doubt)
    found = [_question(group, distance) for kin in by_kind.values() for group in _groups(kin, distance, near)]
    return sorted(found, key=lambda one: (-one.gain, one.doubt.place))


def _groups(kin: Sequence[Doubt], distance: Distance, near: int) -> list[list[Doubt]]:
    """Each file joins the first group whose first file it is like; without a sketch it is like all of its kind."""
    groups: list[list[Doubt]] = []
    for doubt in kin:
        for group in groups[:MOST_COMPARED]:
            one, other = group[0].proposal.sketch, doubt.proposal.sketch
            if one is None or other is None or distance(one, other) < near:
                group.append(doubt)
                break
        else:
            groups.append([doubt])
    return groups


def _question(group: Sequence[Doubt], distance: Distance) -> Question:
    """About the file in the middle of a group: the one that is most like all others; of equal ones the most doubtful."""
    compared = group[:MOST_COMPARED]

    def apart(doubt: Doubt) -> int:
        own = doubt.proposal.sketch
        sketches = (each.proposal.sketch for each in compared)
        return sum(distance(own, other) for other in sketches if own is not None and other is not None)

    chosen = min(compared, key=lambda each: (apart(each), each.margin, each.place))
    return Question(chosen, tuple(each.place for each in group if each is not chosen))
