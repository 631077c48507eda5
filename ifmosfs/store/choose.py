"""Which of several things a person means by the beginning of an id, or by none at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from ifmosfs.core.errors import Ambiguous, NotFound

N_SHOWN = 8


def by_prefix(kind: str, prefix: str, ids: Iterable[str], remedy: str) -> str:
    """The one id that is, or begins with, `prefix` (in any case).

    Raises: NotFound, whose hint is `remedy`; Ambiguous, whose hint lists the candidates.
    """
    wanted = prefix.strip().lower()
    fitting = [id_ for id_ in ids if wanted and id_.startswith(wanted)]
    if wanted in fitting:
        return wanted
    if not fitting:
        raise NotFound(f"no {kind} {prefix!r}", hint=remedy)
    if len(fitting) > 1:
        raise ambiguous(f"several {kind}s begin with {prefix!r}", fitting)
    return fitting[0]


def ambiguous(what: str, candidates: Sequence[str]) -> Ambiguous:
    """The error whose hint lists the candidates, the first few of many."""
    more = f" and {len(candidates) - N_SHOWN} more" if len(candidates) > N_SHOWN else ""
    return Ambiguous(what, hint=f"name one of: {', '.join(candidates[:N_SHOWN])}{more}")


def moment(at_ns: int) -> str:
    """A point in time for a list of candidates, to the minute, in UTC."""
    return datetime.fromtimestamp(at_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
