"""The manifest of a snapshot as one hash: equal for equal manifests, and changed by any change in one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from struct import Struct
from typing import Final

from ifmosfs.core.manifest import Protection, SnapshotEntry

DIGEST_BYTES: Final = 32
PER_LEAF: Final = 1024

# Lengths of root, path and digest; which values are there, and the level; inode, size, the times (ns, modulo 2**64), mode.
_HEAD: Final = Struct("<IIBBQQQQI")
_HAS_BIRTH: Final = 1
_HAS_MODE: Final = 2
_LEVELS: Final = {None: 0, Protection.NAME: 4, Protection.CONTENT_REFLINK: 8, Protection.CONTENT_COPY: 12}
_MASK: Final = (1 << 64) - 1

Numbers = tuple[int, int, int, int | None]
"""Inode, size in bytes, time of modification and of birth (ns); each as it is or modulo 2**64."""


class MerkleTree:
    """The binary Merkle tree over entries in the order in which they are added, `PER_LEAF` to a leaf.

    Leaves and inner nodes are hashed with different first bytes, as in RFC 6962, so that one can never pass for the other. Only the
    roots of full trees are kept, each with its height, which is less than that of the one before.
    """

    def __init__(self) -> None:
        self._whole: list[tuple[int, bytes]] = []
        self._parts: list[bytes] = [b"\x00"]
        self._n_parts = 0

    def add(self, entry: SnapshotEntry) -> None:
        """Let the entry be the last one."""
        root, path, print_, digest, mode, level = entry
        numbers = print_.inode, print_.size_bytes, print_.mtime_ns, print_.birth_ns
        self.add_values(root, path, numbers, digest, mode, level)

    def add_values(
        self,
        root: bytes,
        path: bytes,
        numbers: Numbers,
        digest: bytes | None,
        mode: int | None,
        level: Protection | None,
    ) -> None:
        """The same by its values: a whole entry takes as long to make as all of this."""
        self._parts += _encoded(root, path, numbers, digest, mode, level)
        self._n_parts += 1
        if self._n_parts == PER_LEAF:
            _push(self._whole, 0, _hashed(b"".join(self._parts)))
            self._parts, self._n_parts = [b"\x00"], 0

    def adding(self, entries: Iterable[SnapshotEntry]) -> Iterator[SnapshotEntry]:
        """The same entries, each added when it is asked for."""
        for entry in entries:
            self.add(entry)
            yield entry

    @property
    def root(self) -> bytes:
        """The root (32 bytes, BLAKE2b); of nothing: 32 zero bytes."""
        whole = list(self._whole)
        if self._n_parts:
            _push(whole, 0, _hashed(b"".join(self._parts)))
        if not whole:
            return bytes(DIGEST_BYTES)
        *higher, (_, root) = whole
        for _, left in reversed(higher):
            root = _inner(left, root)
        return root


def merkle_root(entries: Iterable[SnapshotEntry]) -> bytes:
    """The root of the tree over the entries in their order."""
    tree = MerkleTree()
    for entry in entries:
        tree.add(entry)
    return tree.root


def _push(whole: list[tuple[int, bytes]], height: int, root: bytes) -> None:
    while whole and whole[-1][0] == height:
        height, root = height + 1, _inner(whole.pop()[1], root)
    whole.append((height, root))


def _inner(left: bytes, right: bytes) -> bytes:
    return _hashed(b"\x01" + left + right)


def _hashed(data: bytes) -> bytes:
    return blake2b(data, digest_size=DIGEST_BYTES).digest()


def _encoded(
    root: bytes, path: bytes, numbers: Numbers, digest: bytes | None, mode: int | None, level: Protection | None
) -> tuple[bytes, bytes, bytes, bytes]:
    """An entry as bytes that tell where each value ends. The time of the last rename is no part of it."""
    inode, size_bytes, mtime_ns, birth_ns = numbers
    flags = _LEVELS[level]
    if birth_ns is None:
        birth_ns = 0
    else:
        flags |= _HAS_BIRTH
    if mode is None:
        mode = 0
    else:
        flags |= _HAS_MODE
    digest = digest or b""
    lengths = len(root), len(path), len(digest)
    head = _HEAD.pack(*lengths, flags, inode & _MASK, size_bytes, mtime_ns & _MASK, birth_ns & _MASK, mode)
    return head, root, path, digest
