"""How single pieces of evidence become one label and one score.

A finding gives weight to categories, or to *families* of categories when it can say no more ("some document"). Findings are
combined by Dempster's rule (A. Dempster 1967, G. Shafer 1976): weight on a family passes to the member that another finding
names, agreement raises the score, contradiction lowers it, and what no finding claims stays "not known" instead of being
shared out. The score of a category is the weight on itself plus its even share of the families that hold it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

OUTSIDE: Final = "outside"  # the format is known, and no category is meant for it
HIGHEST: Final = 0.99
CERTAIN: Final = 0.97  # of a verdict: places and formats that nothing contradicts
KNOWN_OUTSIDE: Final = 0.5
MOST_PER_FINDING: Final = 0.97  # no finding is beyond doubt; full certainty could never be contradicted

Weights = Mapping[str, float]
Families = Mapping[str, frozenset[str]]
_Masses = Mapping[frozenset[str], float]


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of evidence: what was seen, in words for a person, and its weight per category or `@family`, in sum ≤ 1."""

    what: str
    weights: Weights


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome: (label, score) pairs, best first, without those that nothing supports; OUTSIDE may be among them."""

    ranking: tuple[tuple[str, float], ...]
    reason: str


def is_settled(verdict: Verdict) -> bool:
    """Whether a verdict leaves nothing for a model to say. It takes less to know a format that no category is meant for: a model knows
    nothing of formats that it has not seen, and a file that stays does no harm."""
    if not verdict.ranking:
        return False
    label, share = verdict.ranking[0]
    return share >= (KNOWN_OUTSIDE if label == OUTSIDE else CERTAIN)


class Frame:
    """The categories in use and the families over them; made once, used for every file.

    A category that the frame does not have (the user removed it) counts as OUTSIDE.
    """

    def __init__(self, categories: Iterable[str], families: Families) -> None:
        known = frozenset(categories)
        self._everything = known | {OUTSIDE}
        self._families = {
            name: (members & self._everything) or frozenset({OUTSIDE}) for name, members in families.items()
        }
        self._order = {name: index for index, name in enumerate(sorted(self._everything))}

    def judge(self, findings: Iterable[Finding]) -> Verdict:
        """The combined verdict of all findings; an empty ranking when there are none."""
        used = [(finding.what, self._masses(finding)) for finding in findings if finding.weights]
        belief = {self._everything: 1.0}
        for _, masses in used:
            belief = _combined(belief, masses)
        scores = self._shares(belief)
        ranking = sorted(scores.items(), key=lambda pair: (-pair[1], self._order[pair[0]]))
        best = ranking[0][0] if ranking else None
        return Verdict(tuple((name, min(score, HIGHEST)) for name, score in ranking), self._reason(best, used))

    def strongest(self, label: str | None, findings: Iterable[Finding], n: int = 3) -> tuple[str, ...]:
        """What was seen that speaks most for a label (`None`: that it lies outside of all), the strongest first, at most `n`."""
        name = OUTSIDE if label is None else label
        weighed = sorted(
            ((self._support(name, self._masses(each)), each.what) for each in findings if each.weights),
            key=lambda s: -s[0],
        )
        return tuple(dict.fromkeys(what for weight, what in weighed if weight > 0))[:n]

    def _masses(self, finding: Finding) -> dict[frozenset[str], float]:
        total = sum(finding.weights.values())
        scale = min(1.0, MOST_PER_FINDING / total)
        masses: dict[frozenset[str], float] = {}
        for name, weight in finding.weights.items():
            members = self._members(name)
            masses[members] = masses.get(members, 0.0) + weight * scale
        masses[self._everything] = 1.0 - total * scale
        return masses

    def _members(self, name: str) -> frozenset[str]:
        if name.startswith("@"):
            return self._families[name[1:]]
        return _single(name if name in self._everything else OUTSIDE)

    def _shares(self, belief: _Masses) -> dict[str, float]:
        shares: dict[str, float] = {}
        for members, mass in belief.items():
            if members is self._everything or members == self._everything:
                continue
            share = mass / len(members)
            for name in members:
                shares[name] = shares.get(name, 0.0) + share
        return shares

    def _reason(self, best: str | None, findings: Sequence[tuple[str, _Masses]]) -> str:
        """What spoke for the best label, the strongest first, at most two."""
        if best is None:
            return "nothing is known about such a file"
        support = sorted(((self._support(best, masses), what) for what, masses in findings), key=lambda s: -s[0])
        telling = [what for weight, what in support if weight >= max(0.05, support[0][0] / 3)]
        return "; ".join(dict.fromkeys(telling[:2] or [support[0][1]]))

    def _support(self, name: str, masses: _Masses) -> float:
        return sum(
            mass / len(members) for members, mass in masses.items() if name in members and members != self._everything
        )


@lru_cache(maxsize=256)
def _single(name: str) -> frozenset[str]:
    return frozenset({name})


def _combined(one: _Masses, other: _Masses) -> dict[frozenset[str], float]:
    """Dempster's rule: products on intersections, scaled up for what fell on the empty one."""
    joint: dict[frozenset[str], float] = {}
    for first, first_mass in one.items():
        for second, second_mass in other.items():
            common = first & second
            if common:
                joint[common] = joint.get(common, 0.0) + first_mass * second_mass
    agreed = sum(joint.values())
    return {members: mass / agreed for members, mass in joint.items()}
