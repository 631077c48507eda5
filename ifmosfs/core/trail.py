"""A file's whole way through all runs, found by any name that it has had: told from the journal, in the order of time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ifmosfs.core.effects import ends
from ifmosfs.core.files import Fingerprint
from ifmosfs.core.held import as_if_moved
from ifmosfs.core.history import MOVING, Key, RunHistory
from ifmosfs.core.journal import OpKind, OpState, Recorded, Run
from ifmosfs.core.names import THIRD_PREFIX, is_within
from ifmosfs.core.values import quick


@quick
@dataclass(frozen=True, slots=True)
class Hop:
    """One move of a file by a run; `source` and `target` are its own absolute paths, also where the folder that it is in was moved.

    `expected` and `arrived` are what the file was before and after; `None` in a folder that was moved, of which nothing is known.
    `is_from_held`: the file was gone, and what came is a copy of a held content.
    """

    run: Run
    key: Key
    source: bytes
    target: bytes
    expected: Fingerprint | None
    arrived: Fingerprint | None
    inverse_of: Key | None
    is_folder: bool
    is_from_held: bool = False


@dataclass(frozen=True, slots=True)
class Trail:
    """One file: where it was first known, and its moves in the order of time. Several files may have had one name."""

    first: bytes
    hops: tuple[Hop, ...]

    @property
    def names(self) -> tuple[bytes, ...]:
        """All names that it has had, each once, the first first."""
        return tuple(dict.fromkeys((self.first, *(hop.target for hop in self.hops))))

    @property
    def present(self) -> bytes:
        """The name that the last move gave it."""
        return self.hops[-1].target if self.hops else self.first


def trails(history: Iterable[RunHistory], path: bytes) -> list[Trail]:
    """The ways of all files that have, or had, this absolute path, in the order of their first moves; runs in any order.

    A path that no run has moved anything from or to has none.
    """
    moves = _moves(history)
    found: dict[tuple[bytes, Key], Trail] = {}
    for number, move in enumerate(moves):
        for at, current in ((number - 1, _of_source(move, path)), (number, _of_target(move, path))):
            if current is None:
                continue
            before = _before(moves, at, current)
            first = before[0].source if before else current
            after = _after(moves, at + 1, current)
            hops = (*before, *after)
            if hops:
                found.setdefault((first, hops[0].key), Trail(first, _without_thirds(hops)))
    return list(found.values())


def _moves(history: Iterable[RunHistory]) -> list[Hop]:
    """All that was moved, in the order of time."""
    as_done = sorted(history, key=lambda each: each.run.started_ns)
    return [
        _hop(each.run, row, is_from_held=row.operation.source != done.operation.source)
        for each, before in zip(as_if_moved(as_done), as_done, strict=True)
        for row, done in zip(each.recorded, before.recorded, strict=True)
        if row.operation.kind in MOVING and row.outcome.state is OpState.DONE
    ]


def _hop(run: Run, row: Recorded, *, is_from_held: bool) -> Hop:
    operation = row.operation
    source, target, expected = ends(operation)
    return Hop(
        run,
        (run.run_id, operation.seq),
        source.absolute,
        target.absolute,
        None if is_from_held else expected,
        row.outcome.arrived,
        operation.inverse_of,
        operation.kind is OpKind.CARRY,
        is_from_held,
    )


def _of_source(move: Hop, path: bytes) -> bytes | None:
    """The path before the move, if the move took it away."""
    return path if path == move.source or (move.is_folder and is_within(path, move.source)) else None


def _of_target(move: Hop, path: bytes) -> bytes | None:
    """The path after the move, if the move brought it there."""
    return path if path == move.target or (move.is_folder and is_within(path, move.target)) else None


def _before(moves: Sequence[Hop], last: int, path: bytes) -> list[Hop]:
    """The moves that brought to the path what was there after the move number `last`, the earliest first."""
    found: list[Hop] = []
    for move in reversed(moves[: last + 1]):
        if _of_target(move, path) is not None:
            hop = _within(move, move.source + path[len(move.target) :], path)
            found.append(hop)
            path = hop.source
        elif _of_source(move, path) is not None:
            break  # whatever was there had left before
    return found[::-1]


def _after(moves: Sequence[Hop], first: int, path: bytes) -> list[Hop]:
    """The moves that led on from the path, from the move number `first` on."""
    found: list[Hop] = []
    for move in moves[first:]:
        if _of_source(move, path) is not None:
            hop = _within(move, path, move.target + path[len(move.source) :])
            found.append(hop)
            path = hop.target
        elif _of_target(move, path) is not None:
            break  # somebody had taken it away
    return found


def _within(move: Hop, source: bytes, target: bytes) -> Hop:
    """The move as it was for a file in the folder."""
    if (source, target) == (move.source, move.target):
        return move
    return replace(move, source=source, target=target, expected=None, arrived=None)


def _without_thirds(hops: Sequence[Hop]) -> tuple[Hop, ...]:
    """Two moves through a reserved name are one."""
    return tuple(_joined(hops))


def _joined(hops: Sequence[Hop]) -> Iterator[Hop]:
    waiting: Hop | None = None
    for hop in hops:
        whole = hop if waiting is None else replace(hop, source=waiting.source, expected=waiting.expected)
        waiting = None
        if hop.target.rpartition(b"/")[2].startswith(THIRD_PREFIX):
            waiting = whole
        else:
            yield whole
    if waiting is not None:
        yield waiting
