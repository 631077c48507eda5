"""The manifest of a snapshot as bytes, and as one hash: equal for equal manifests, and changed by any change in one.

Entries are put together in leaves, in the order in which they are given. What is hashed is what is stored, so a manifest is
written, proved and compared leaf by leaf, without an entry being made.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import islice
from typing import Final, NamedTuple

from ifmosfs.core.manifest import FOLDER_BITS, KIND_BITS, Belongings, Protection, SnapshotEntry
from ifmosfs.core.wrapping import fingerprint_from

DIGEST_BYTES: Final = 32
PER_LEAF: Final = 1024
TIME_BYTES: Final = 8

# Lengths of root, path and digest; which values are there, and the level; inode, size, the times (ns, modulo 2**64), mode. Then
# root, path and digest; and where the flags tell of belongings their length and they themselves, which older manifests have not.
_HEAD: Final = struct.Struct("<IIBBQQQQI")
_HEAD_SIGNED: Final = struct.Struct("<IIBBqQqqI")  # the same, as `core.wrapping` stores numbers
_HAS_BIRTH: Final = 1
_HAS_MODE: Final = 2
_HAS_BELONGINGS: Final = 16
_LENGTH: Final = struct.Struct("<I")
_OWNER: Final = struct.Struct("<II")
_XATTR: Final = struct.Struct("<HI")  # lengths of name and value
_LEVELS: Final = {None: 0, Protection.NAME: 4, Protection.CONTENT_REFLINK: 8, Protection.CONTENT_COPY: 12}
_LEVEL_OF: Final = {flag: level for level, flag in _LEVELS.items()}
_LEVEL_BITS: Final = 12
_MASK: Final = (1 << 64) - 1


class Leaf(NamedTuple):
    """Up to `PER_LEAF` entries, one after the other: `entries` is what is hashed, `ctimes` the times of their last rename."""

    entries: bytes
    ctimes: bytes


class Row(NamedTuple):
    """The values of an entry but for the time of its last rename, quicker to make than the entry."""

    root: bytes
    path: bytes
    inode: int
    size_bytes: int
    mtime_ns: int
    birth_ns: int | None
    digest: bytes | None
    mode: int | None
    level: Protection | None
    belongings: Belongings | None = None

    @property
    def is_folder(self) -> bool:
        """Whether it is known to be a folder."""
        return self.mode is not None and self.mode & KIND_BITS == FOLDER_BITS

    def entry(self, ctime_ns: int = 0) -> SnapshotEntry:
        """The entry; numbers are modulo 2**64, as stored."""
        print_ = fingerprint_from(self.inode, self.size_bytes, self.mtime_ns, ctime_ns, self.birth_ns)
        return SnapshotEntry(self.root, self.path, print_, self.digest, self.mode, self.level, self.belongings)


def leaves(entries: Iterable[SnapshotEntry]) -> Iterator[Leaf]:
    """The entries in leaves; all but the last are full."""
    left = iter(entries)
    while some := list(islice(left, PER_LEAF)):
        parts: list[bytes] = []
        for entry in some:
            parts += _encoded(entry)
        times = [entry.fingerprint.ctime_ns & _MASK for entry in some]
        yield Leaf(b"".join(parts), _times(len(some)).pack(*times))


def rows_of(leaf: Leaf) -> Iterator[Row]:
    """What stands on a leaf. Raises ValueError for what `leaves` cannot have made."""
    data, at, end = leaf.entries, 0, len(leaf.entries)
    while at < end:
        try:
            n_root, n_path, n_digest, flags, *numbers, mode = _HEAD_SIGNED.unpack_from(data, at)
            level = _LEVEL_OF[flags & _LEVEL_BITS]
        except (struct.error, KeyError) as error:
            raise ValueError("not a leaf of a manifest") from error
        inode, size_bytes, mtime_ns, birth_ns = numbers
        path_at = at + _HEAD_SIGNED.size + n_root
        digest_at = path_at + n_path
        digest_end = at = digest_at + n_digest
        belongings = None
        if flags & _HAS_BELONGINGS:
            belongings, at = _belongings_at(data, at)
        if at > end:
            raise ValueError("a leaf of a manifest ends early")
        yield Row(
            data[path_at - n_root : path_at],
            data[path_at:digest_at],
            inode,
            size_bytes,
            mtime_ns,
            birth_ns if flags & _HAS_BIRTH else None,
            data[digest_at:digest_end] or None,
            mode if flags & _HAS_MODE else None,
            level,
            belongings,
        )


def entries_of(leaf: Leaf) -> Iterator[SnapshotEntry]:
    """The entries on a leaf. Raises ValueError for what `leaves` cannot have made."""
    rows = list(rows_of(leaf))
    try:
        times = struct.Struct(f"<{len(rows)}q").unpack(leaf.ctimes)
    except struct.error as error:
        raise ValueError("a leaf of a manifest has other times than entries") from error
    return (row.entry(ctime_ns) for row, ctime_ns in zip(rows, times, strict=True))


class MerkleTree:
    """The binary Merkle tree over the leaves of a manifest in the order in which they are added.

    Leaves and inner nodes are hashed with different first bytes, as in RFC 6962, so that one can never pass for the other. Only the
    roots of full trees are kept, each with its height, which is less than that of the one before.
    """

    def __init__(self) -> None:
        self._whole: list[tuple[int, bytes]] = []

    def add(self, leaf: Leaf) -> None:
        """Let the leaf be the last one."""
        _push(self._whole, 0, _hashed(b"\x00" + leaf.entries))

    @property
    def root(self) -> bytes:
        """The root (32 bytes, BLAKE2b); of nothing: 32 zero bytes."""
        if not self._whole:
            return bytes(DIGEST_BYTES)
        *higher, (_, root) = self._whole
        for _, left in reversed(higher):
            root = _inner(left, root)
        return root


def merkle_root(entries: Iterable[SnapshotEntry]) -> bytes:
    """The root of the tree over the entries in their order."""
    tree = MerkleTree()
    for leaf in leaves(entries):
        tree.add(leaf)
    return tree.root


def _push(whole: list[tuple[int, bytes]], height: int, root: bytes) -> None:
    while whole and whole[-1][0] == height:
        height, root = height + 1, _inner(whole.pop()[1], root)
    whole.append((height, root))


def _inner(left: bytes, right: bytes) -> bytes:
    return _hashed(b"\x01" + left + right)


def _hashed(data: bytes) -> bytes:
    return blake2b(data, digest_size=DIGEST_BYTES).digest()


def _times(n: int) -> struct.Struct:
    return struct.Struct(f"<{n}Q")


def _belongings_at(data: bytes, at: int) -> tuple[Belongings, int]:
    """What stands at a position of a leaf, and where it ends. Raises ValueError for what `leaves` cannot have made."""
    try:
        end = at + _LENGTH.size + _LENGTH.unpack_from(data, at)[0]
        uid, gid = _OWNER.unpack_from(data, at + _LENGTH.size)
        at += _LENGTH.size + _OWNER.size
        xattrs = []
        while at < end:
            n_name, n_value = _XATTR.unpack_from(data, at)
            value_at = at + _XATTR.size + n_name
            name = data[value_at - n_name : value_at].decode("utf-8", "surrogateescape")
            at = value_at + n_value
            xattrs.append((name, data[value_at:at]))
    except struct.error as error:
        raise ValueError("not a leaf of a manifest") from error
    if at != end:
        raise ValueError("belongings in a manifest end elsewhere than they say")
    return Belongings(uid, gid, tuple(xattrs)), end


def _with_length(belongings: Belongings) -> bytes:
    parts = [_OWNER.pack(belongings.uid, belongings.gid)]
    for name, value in belongings.xattrs:
        encoded = name.encode("utf-8", "surrogateescape")
        parts += (_XATTR.pack(len(encoded), len(value)), encoded, value)
    data = b"".join(parts)
    return _LENGTH.pack(len(data)) + data


def _encoded(entry: SnapshotEntry) -> tuple[bytes, ...]:
    """An entry as bytes that tell where each value ends. The time of the last rename is no part of it."""
    root, path, print_, digest, mode, level, belongings = entry
    birth_ns, flags = print_.birth_ns, _LEVELS[level]
    if birth_ns is None:
        birth_ns = 0
    else:
        flags |= _HAS_BIRTH
    if mode is None:
        mode = 0
    else:
        flags |= _HAS_MODE
    if belongings is not None:
        flags |= _HAS_BELONGINGS
    digest = digest or b""
    head = _HEAD.pack(
        len(root),
        len(path),
        len(digest),
        flags,
        print_.inode & _MASK,
        print_.size_bytes,
        print_.mtime_ns & _MASK,
        birth_ns & _MASK,
        mode,
    )
    if belongings is None:
        return head, root, path, digest
    return head, root, path, digest, _with_length(belongings)
