"""The manifest of a snapshot as one hash: equal for equal manifests, and changed by any change in one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from ifmosfs.core.manifest import SnapshotEntry

DIGEST_BYTES: Final = 32
NAME_LEVEL: Final = "NAME"  # restores all that a commit did, because commit only renames; protects no content


def merkle_root(entries: Iterable[SnapshotEntry]) -> bytes:
    """The root (32 bytes, BLAKE2b) of the binary Merkle tree over the entries in their order; of none: 32 zero bytes.

    Leaves and inner nodes are hashed with different first bytes, as in RFC 6962, so that one can never pass for the other.
    """
    level = [_leaf(entry) for entry in entries]
    if not level:
        return bytes(DIGEST_BYTES)
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        odd = level[-1:] if len(level) % 2 else []
        level = [_hash(b"\x01" + left + right) for left, right in pairs] + odd
    return level[0]


def _leaf(entry: SnapshotEntry) -> bytes:
    print_ = entry.fingerprint
    numbers = f"{print_.inode} {print_.size_bytes} {print_.mtime_ns} {print_.birth_ns}".encode()
    return _hash(b"\x00" + b"\x00".join((entry.root, entry.path, numbers, entry.digest or b"")))


def _hash(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES).digest()
