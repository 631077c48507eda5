"""The guard before a commit: is this really what the person means? Pure; nothing here is a fault of the plan or of a file.

Two things are asked, because both have cost people their order before: a scanned folder that is empty now (its disk is not
mounted), and a plan that would move far more than all commits before it (a changed rule, a wrong folder). The first commit of a
folder, and small ones, are never held up by the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ifmosfs.core.reports import Problem

ROOT_EMPTY: Final = "root-empty"
MORE_THAN_USUAL: Final = "more-than-usual"
OVERRIDES: Final = {ROOT_EMPTY: "--allow-empty-root", MORE_THAN_USUAL: "--allow-many"}


@dataclass(frozen=True, slots=True)
class GuardRule:
    """When a commit is held up.

    From `at_least` files on, and only where earlier commits have moved files from one of the same folders: if it would move
    more than `factor` times as many as any of those, or `share` or more of all that was scanned where none of them took half
    of that share.
    """

    factor: float = 10.0
    at_least: int = 1000
    share: float = 0.9


@dataclass(frozen=True, slots=True)
class RootSight:
    """A scanned folder as it is now: how many files the plan found in it, and what still is to be moved out of it."""

    path: bytes
    n_scanned: int
    n_steps: int
    is_empty: bool


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a commit reaches: the files it moves, of all that its plan has looked at."""

    n_moved: int
    n_scanned: int

    @property
    def share(self) -> float:
        """The part of the scanned files that is moved, from 0 to 1."""
        return self.n_moved / self.n_scanned if self.n_scanned else 0.0


def empty_roots(roots: Sequence[RootSight]) -> list[Problem]:
    """A problem for every folder that held files when it was scanned, has files to be moved, and holds nothing now."""
    return [
        Problem(
            ROOT_EMPTY,
            root.path,
            f"this folder is empty or missing, and {root.n_scanned:,} files were found in it",
            f"mount its disk; or, if they are gone for good, add {OVERRIDES[ROOT_EMPTY]} once",
        )
        for root in roots
        if root.is_empty and root.n_scanned and root.n_steps
    ]


def against_habit(now: Extent, earlier: Sequence[Extent], rule: GuardRule, target: bytes) -> list[Problem]:
    """A problem if the commit goes far beyond every earlier one; `earlier` are those of the same folders."""
    known = [extent for extent in earlier if extent.n_moved]
    if not known or now.n_moved < rule.at_least:
        return []
    most = max(extent.n_moved for extent in known)
    largest_share = max(extent.share for extent in known)
    if now.n_moved > rule.factor * most:
        return [_unusual(f"{now.n_moved:,} files would be moved; no earlier commit moved more than {most:,}", target)]
    if now.share >= rule.share and largest_share < rule.share / 2:
        words = f"{now.share:.0%} of all files would be moved; no earlier commit moved more than {largest_share:.0%}"
        return [_unusual(words, target)]
    return []


def _unusual(words: str, target: bytes) -> Problem:
    remedy = f"look at the plan; if this is meant, add {OVERRIDES[MORE_THAN_USUAL]} once"
    return Problem(MORE_THAN_USUAL, target, words, remedy)
