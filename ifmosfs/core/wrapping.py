"""How the numbers of a fingerprint fit 64 signed bits, which is all that a database and a manifest take."""

from __future__ import annotations

from typing import Final

from ifmosfs.core.files import Fingerprint

_SPAN: Final = 1 << 64
_HALF: Final = 1 << 63
# The earliest time an ext4, xfs or Btrfs-made file bears is 13 December 1901; times from there on for 584 years are kept exactly.
EARLIEST_NS: Final = -(1 << 31) * 1_000_000_000
# The latest that ext4 holds: 10 May 2446.
LATEST_NS: Final = ((1 << 34) - (1 << 31) - 1) * 1_000_000_000

FingerprintRow = tuple[int, int, int, int, int | None]


def wrapped(number: int) -> int:
    """The number modulo 2**64, as a signed one: inode numbers are unsigned, and times after 2262 exceed 63 bits."""
    return number if -_HALF <= number < _HALF else (number + _HALF) % _SPAN - _HALF


def unsigned(stored: int) -> int:
    """The inode number that `wrapped` was given."""
    return stored if stored >= 0 else stored + _SPAN


def time_ns(stored: int) -> int:
    """The time that `wrapped` was given, if it lies between 1901 and 2486, which is all that xfs can hold."""
    return stored if stored >= EARLIEST_NS else stored + _SPAN


def within_range(wanted_ns: int) -> int:
    """The time, or the nearest that is kept here and that an ext4 filesystem can give a folder: so the kernel does with times that are
    beyond what a filesystem holds."""
    return min(max(wanted_ns, EARLIEST_NS), LATEST_NS)


def fingerprint_row(print_: Fingerprint) -> FingerprintRow:
    """(inode, size, mtime, ctime, birth) as they are stored."""
    inode, mtime, ctime, birth = print_.inode, print_.mtime_ns, print_.ctime_ns, print_.birth_ns
    # Nearly all are as they are; `wrapped` for each would take longer than the row's insertion.
    if (
        0 <= inode < _HALF
        and -_HALF <= mtime < _HALF
        and -_HALF <= ctime < _HALF
        and (birth is None or -_HALF <= birth < _HALF)
    ):
        return inode, print_.size_bytes, mtime, ctime, birth
    return wrapped(inode), print_.size_bytes, wrapped(mtime), wrapped(ctime), None if birth is None else wrapped(birth)


def fingerprint_from(inode: int, size_bytes: int, mtime_ns: int, ctime_ns: int, birth_ns: int | None) -> Fingerprint:
    """The inverse of `fingerprint_row`."""
    if (
        inode >= 0
        and mtime_ns >= EARLIEST_NS
        and ctime_ns >= EARLIEST_NS
        and (birth_ns is None or birth_ns >= EARLIEST_NS)
    ):
        return Fingerprint(inode, size_bytes, mtime_ns, ctime_ns, birth_ns)  # nearly all, in half the time
    birth = None if birth_ns is None else time_ns(birth_ns)
    return Fingerprint(unsigned(inode), size_bytes, time_ns(mtime_ns), time_ns(ctime_ns), birth)
