"""Who gets a name that two files want: the one question behind every conflict strategy, asked of two fingerprints."""

from __future__ import annotations

from ifmosfs.core.files import Attr, Fingerprint, Kind
from ifmosfs.core.plan import ConflictStrategy

CONTESTS = frozenset({ConflictStrategy.REPLACE, ConflictStrategy.NEWEST, ConflictStrategy.LARGEST})


def wins(strategy: ConflictStrategy, comes: Fingerprint, has: Fingerprint) -> bool:
    """Whether the file that comes takes the name from the one that has it; at a tie it does not."""
    match strategy:
        case ConflictStrategy.REPLACE:
            return True
        case ConflictStrategy.NEWEST:
            return comes.mtime_ns > has.mtime_ns
        case ConflictStrategy.LARGEST:
            return comes.size_bytes > has.size_bytes
        case ConflictStrategy.RENAME | ConflictStrategy.SKIP | ConflictStrategy.ASK:
            return False


def can_lose(has: Attr, comes: Fingerprint, comes_as: Kind) -> bool:
    """Whether the two can be compared at all: both are regular files, and not names of one file."""
    return has.kind is Kind.FILE and comes_as is Kind.FILE and not has.fingerprint.same_inode(comes)
