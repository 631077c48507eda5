"""The manifest of a snapshot as one hash: equal for equal manifests, and changed by any change in one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

from ifmosfs.core.manifest import SnapshotEntry

DIGEST_BYTES: Final = 32


class MerkleTree:
    """The binary Merkle tree over entries in the order in which they are added; its full parts are kept as their roots.

    Leaves and inner nodes are hashed with different first bytes, as in RFC 6962, so that one can never pass for the other.
    """

    def __init__(self) -> None:
        self._whole: list[
            tuple[int, bytes]
        ] = []  # the roots of full trees with their heights, each higher than the next

    def add(self, entry: SnapshotEntry) -> None:
        """Let the entry be the last one."""
        whole, height, root = self._whole, 0, _leaf(entry)
        while whole and whole[-1][0] == height:
            height, root = height + 1, _inner(whole.pop()[1], root)
        whole.append((height, root))

    def adding(self, entries: Iterable[SnapshotEntry]) -> Iterator[SnapshotEntry]:
        """The same entries, each added when it is asked for."""
        for entry in entries:
            self.add(entry)
            yield entry

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
    for entry in entries:
        tree.add(entry)
    return tree.root


def _inner(left: bytes, right: bytes) -> bytes:
    return _hash(b"\x01" + left + right)


def _leaf(entry: SnapshotEntry) -> bytes:
    print_ = entry.fingerprint
    numbers = f"{print_.inode} {print_.size_bytes} {print_.mtime_ns} {print_.birth_ns}"
    if entry.mode is not None:  # snapshots of before versions were kept have none, and keep their hashes
        numbers += f" {entry.mode} {'' if entry.level is None else entry.level.value}"
    return _hash(b"\x00" + b"\x00".join((entry.root, entry.path, numbers.encode(), entry.digest or b"")))


def _hash(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES).digest()
