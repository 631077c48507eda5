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
    for key, row in done.items():
        source, target = row.operation.source, row.operation.target
        if source is not None and target is not None:
            last.pop(source.absolute, None)
            last[target.absolute] = key
    for action in actions:
        newest = last.get(action.source_place.absolute)
        now = None if newest is None else _unchanged(way_of(newest, undone), done, action.expected)
        if now is not None and not now.same_file(action.expected):
            yield replace(action, expected=now)


def _has_moved(row: Recorded) -> bool:
    return row.operation.kind in MOVING and row.outcome.state is OpState.DONE


def _unchanged(way: Sequence[Key], done: Mapping[Key, Recorded], planned: Fingerprint) -> Fingerprint | None:
    """What the newest step of a way, newest first, has left, if each step found what the one before it had left, and the first what
    was planned."""
    left = planned
    for key in reversed(way):
        row = done.get(key)
        if row is None or row.operation.expected is None or row.outcome.arrived is None:
            return None
        if not _is_that(row.operation, row.operation.expected, left):
            return None
        left = row.outcome.arrived
    return left


def _is_that(operation: Operation, found: Fingerprint, left: Fingerprint) -> bool:
    """Whether a step has found what was left; of a held content, which is another inode, size and time tell."""
    if operation.source is not None and is_copy_place(operation.source):
        return (found.size_bytes, found.mtime_ns) == (left.size_bytes, left.mtime_ns)
    return found.same_file(left)
