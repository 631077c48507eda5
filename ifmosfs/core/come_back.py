"""Files that a rollback has copied back, from another filesystem or from a held content: the same files to a person, other inodes
to the disk.

A plan that is taken up again after such a rollback must know them by what they are now, or it takes each for a file that
was changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ifmosfs.core.files import Fingerprint
from ifmosfs.core.held import is_copy_place
from ifmosfs.core.history import MOVING, Key, RunHistory, undone_by, way_of
from ifmosfs.core.journal import Operation, OpState, Recorded
from ifmosfs.core.plan import Action


def come_back(history: Sequence[RunHistory], actions: Iterable[Action]) -> Iterator[Action]:
    """The actions whose files are back at their places as other inodes, each as it is now; runs oldest first.

    Left out is what somebody had changed on the way, for it was planned by another content, and what did not come to its old place.
    """
    done = {(each.run.run_id, row.operation.seq): row for each in history for row in each.recorded if _has_moved(row)}
    undone = undone_by(history)
    last: dict[bytes, Key] = {}
    before: dict[Key, Key] = {}  # by a move, the one that had left what it found
    for key, row in done.items():
        source, target = row.operation.source, row.operation.target
        if source is None or target is None:
            continue
        # Other plans may have moved the file on: then only what the move has undone tells whose it is.
        known = (each for each in (last.pop(source.absolute, None), undone.get(key)) if each is not None)
        found = next((each for each in known if _goes_on(done.get(each), row)), None)
        if found is not None:
            before[key] = found
        last[target.absolute] = key
    for action in actions:
        newest = last.get(action.source_place.absolute)
        now = None if newest is None else _unchanged(way_of(newest, before), done, action.expected)
        if now is not None and not now.same_file(action.expected):
            yield replace(action, expected=now)


def _has_moved(row: Recorded) -> bool:
    return row.operation.kind in MOVING and row.outcome.state is OpState.DONE


def _goes_on(before: Recorded | None, row: Recorded) -> bool:
    """Whether a move has found what the other one had left."""
    left, found = None if before is None else before.outcome.arrived, row.operation.expected
    return left is not None and found is not None and _is_that(row.operation, found, left)


def _is_that(operation: Operation, found: Fingerprint, left: Fingerprint) -> bool:
    """Whether a move has found what was left; of a held content, which is another inode, size and time tell."""
    if operation.source is not None and is_copy_place(operation.source):
        return (found.size_bytes, found.mtime_ns) == (left.size_bytes, left.mtime_ns)
    return found.same_file(left)


def _unchanged(way: Sequence[Key], done: Mapping[Key, Recorded], planned: Fingerprint) -> Fingerprint | None:
    """What the newest step of a way, newest first, has left, if one of them has found what was planned."""
    found = (done[key].operation.expected for key in way)
    if not any(each is not None and each.same_file(planned) for each in found):
        return None
    return done[way[0]].outcome.arrived
