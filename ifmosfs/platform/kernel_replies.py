"""From the view's values to the structures that the kernel is answered with."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from ifmosfs.core.files import Attr
from ifmosfs.core.ports import Space
from ifmosfs.platform.kernel_wire import ATTR_OUT, ENTRY_OUT, OUT_BYTES, OUT_HEADER, STATFS_OUT
from ifmosfs.view.values import Entry, Validity

NS: Final = 1_000_000_000
BLOCK_BYTES: Final = 4096  # st_blksize


class Timeouts(NamedTuple):
    """A `Validity` as the kernel takes it: whole seconds and nanoseconds."""

    entry_s: int
    entry_ns: int
    attr_s: int
    attr_ns: int


@lru_cache(maxsize=64)
def timeouts(validity: Validity, longest_s: float) -> Timeouts:
    """How long the kernel may keep what it is told, `longest_s` at most."""
    entry_ns, attr_ns = (int(min(seconds, longest_s) * NS) for seconds in validity)
    return Timeouts(*divmod(entry_ns, NS), *divmod(attr_ns, NS))


def reply(unique: int, payload: bytes) -> bytes:
    """An answer that is not a refusal."""
    return OUT_HEADER.pack(OUT_BYTES + len(payload), 0, unique) + payload


def refusal(unique: int, number: int) -> bytes:
    """An answer that is an errno."""
    return OUT_HEADER.pack(OUT_BYTES, -number, unique)


def entry_out(entry: Entry, held: Timeouts) -> bytes:
    """`struct fuse_entry_out`."""
    attr = entry.attr
    atime, atime_ns = divmod(attr.atime_ns, NS)
    mtime, mtime_ns = divmod(attr.mtime_ns, NS)
    ctime, ctime_ns = divmod(attr.ctime_ns, NS)
    return ENTRY_OUT.pack(
        attr.inode, held.entry_s, held.attr_s, held.entry_ns, held.attr_ns,
        attr.inode, attr.size_bytes, attr.n_blocks, atime, mtime, ctime, atime_ns, mtime_ns, ctime_ns,
        attr.mode, attr.n_links, attr.uid, attr.gid, BLOCK_BYTES,
    )  # fmt: skip


def attr_out(attr: Attr, held: Timeouts) -> bytes:
    """`struct fuse_attr_out`."""
    atime, atime_ns = divmod(attr.atime_ns, NS)
    mtime, mtime_ns = divmod(attr.mtime_ns, NS)
    ctime, ctime_ns = divmod(attr.ctime_ns, NS)
    return ATTR_OUT.pack(
        held.attr_s, held.attr_ns,
        attr.inode, attr.size_bytes, attr.n_blocks, atime, mtime, ctime, atime_ns, mtime_ns, ctime_ns,
        attr.mode, attr.n_links, attr.uid, attr.gid, BLOCK_BYTES,
    )  # fmt: skip


def statfs_out(space: Space) -> bytes:
    """`struct fuse_statfs_out`."""
    return STATFS_OUT.pack(
        space.n_blocks, space.n_blocks_free, space.n_blocks_available, space.n_inodes, space.n_inodes_free,
        space.block_bytes, space.name_max_bytes, space.block_bytes,
    )  # fmt: skip
