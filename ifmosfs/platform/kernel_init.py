"""The first exchange with the kernel: which protocol is spoken, and what each side may do.

Asked for only what holds for a view. Not asked for, although offered: locks (the kernel then does them itself), writeback and
HANDLE_KILLPRIV (little is written), SPLICE_* (they tell the kernel nothing; a splice instead of a copy saves a quarter of the time
for reads of 128 KiB, but cannot say "not in memory" instead of waiting), READDIRPLUS_AUTO (`find -size` in a folder of 22,000 would
look up each file by itself),  POSIX_ACL, EXPORT_SUPPORT (a file handle would outlive
the kernel's memory of its node), CACHE_SYMLINKS (a link's text would outlive the link, for which attributes are no witness).
"""

from __future__ import annotations

import os
from typing import Final, NamedTuple

from ifmosfs.platform import kernel_wire as wire

# The longest request: an extended attribute with its largest value.
REQUEST_BYTES: Final = 1 << 17

MAX_READ_BYTES: Final = 1 << 20
_MAX_READ_PAGES: Final = MAX_READ_BYTES // os.sysconf("SC_PAGE_SIZE")
_MAX_READAHEAD_BYTES: Final = 1 << 20
_MAX_WRITE_BYTES: Final = 4096  # the least there is; little is ever written, and the kernel wants a buffer for so much
_MAX_BACKGROUND: Final = 64  # reads ahead at one time
_CONGESTION: Final = 48
_STACK_DEPTH: Final = 2  # originals may lie on an overlay themselves

_WANTED: Final = (
    wire.ASYNC_READ
    | wire.ATOMIC_O_TRUNC
    | wire.AUTO_INVAL_DATA
    | wire.DO_READDIRPLUS
    | wire.ASYNC_DIO
    | wire.PARALLEL_DIROPS
    | wire.MAX_PAGES
    | wire.INIT_EXT
    | wire.DIRECT_IO_ALLOW_MMAP
)


class UnknownProtocol(Exception):
    """The kernel speaks another version of the protocol than is spoken here."""


class Agreed(NamedTuple):
    """What was agreed on: the minor version, and the flags of both."""

    minor: int
    flags: int


def negotiate(device: int, *, wants_passthrough: bool) -> Agreed:
    """Answer the kernel's first request. Raises `UnknownProtocol`."""
    request = os.read(device, REQUEST_BYTES)
    end, opcode, unique, _ = wire.IN_HEADER.unpack_from(request)
    major, minor, readahead_bytes, offered = wire.INIT_IN.unpack_from(request, wire.IN_BYTES)
    if (opcode, major) != (wire.INIT, wire.MAJOR) or minor < wire.MINOR_OLDEST:
        raise UnknownProtocol(f"the kernel speaks version {major}.{minor} of the FUSE protocol")
    if offered & wire.INIT_EXT and end >= wire.IN_BYTES + wire.INIT_IN_FLAGS2.size:
        (high,) = wire.INIT_IN_FLAGS2.unpack_from(request, wire.IN_BYTES)
        offered |= high << 32
    agreed = Agreed(
        min(minor, wire.MINOR),
        offered & (_WANTED | (wire.PASSTHROUGH if wants_passthrough else 0)),
    )
    os.write(device, _answer(agreed, unique, min(readahead_bytes, _MAX_READAHEAD_BYTES)))
    return agreed


def _answer(agreed: Agreed, unique: int, readahead_bytes: int) -> bytes:
    stack_depth = _STACK_DEPTH if agreed.flags & wire.PASSTHROUGH else 0
    payload = wire.INIT_OUT.pack(
        wire.MAJOR, agreed.minor, readahead_bytes, agreed.flags & 0xFFFFFFFF, _MAX_BACKGROUND, _CONGESTION,
        _MAX_WRITE_BYTES, 1, _MAX_READ_PAGES, 0, agreed.flags >> 32, stack_depth,
    )  # fmt: skip
    return wire.OUT_HEADER.pack(wire.OUT_BYTES + len(payload), 0, unique) + payload
