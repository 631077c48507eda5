"""The manifest of a snapshot as one hash: equal for equal manifests, and changed by any change in one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final

from ifmosfs.core.manifest import SnapshotEntry

DIGEST_BYTES: Final = 32
CHUNK_HEIGHT: Final = 10
CHUNK: Final = 1 << CHUNK_HEIGHT


class MerkleTree:
    """The binary Merkle tree over entries in the order in which they are added; its full parts are kept as their roots.

    Leaves and inner nodes are hashed with different first bytes, as in RFC 6962, so that one can never pass for the other. Leaves
    wait until there are `CHUNK` of them, whose part of the tree is then made level by level, in half the time.
    """

    def __init__(self) -> None:
        self._whole: list[
            tuple[int, bytes]
        ] = []  # the roots of full trees with their heights, each higher than the next
        self._leaves: list[bytes] = []

    def add(self, entry: SnapshotEntry) -> None:
        """Let the entry be the last one."""
        self._leaves.append(_leaf(entry))
        if len(self._leaves) == CHUNK:
            level = self._leaves
            while len(level) > 1:
                level = [_inner(left, right) for left, right in zip(level[::2], level[1::2], strict=True)]
            _push(self._whole, CHUNK_HEIGHT, level[0])
            self._leaves = []

    def adding(self, entries: Iterable[SnapshotEntry]) -> Iterator[SnapshotEntry]:
        """The same entries, each added when it is asked for."""
        for entry in entries:
            self.add(entry)
            yield entry

    @property
    def root(self) -> bytes:
        """The root (32 bytes, BLAKE2b); of nothing: 32 zero bytes."""
        whole = list(self._whole)
        for leaf in self._leaves:
            _push(whole, 0, leaf)
        if not whole:
            return bytes(DIGEST_BYTES)
        *higher, (_, root) = whole
        for _, left in reversed(higher):
            root = _inner(left, root)
        return root


def _push(whole: list[tuple[int, bytes]], height: int, root: bytes) -> None:
    while whole and whole[-1][0] == height:
        height, root = height + 1, _inner(whole.pop()[1], root)
    whole.append((height, root))


def merkle_root(entries: Iterable[SnapshotEntry]) -> bytes:
    """The root of the tree over the entries in their order."""
    tree = MerkleTree()
    for entry in entries:
        tree.add(entry)
    return tree.root


def _inner(left: bytes, right: bytes) -> bytes:
    return blake2b(b"\x01" + left + right, digest_size=32).digest()


def _leaf(entry: SnapshotEntry) -> bytes:
    root, path, print_, digest, mode, level = entry
    numbers = f"{print_.inode} {print_.size_bytes} {print_.mtime_ns} {print_.birth_ns}"
    if mode is not None:  # snapshots of before versions were kept have none, and keep their hashes
        numbers += f" {mode} {'' if level is None else level.value}"
    leaf = b"\x00%b\x00%b\x00%b\x00%b" % (root, path, numbers.encode(), digest or b"")
    return blake2b(leaf, digest_size=32).digest()
