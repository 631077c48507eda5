"""Whether a file's content is among those that have wanted a name before: each is read at most once, and only at need.

A content is only read when another file of the same size wants the same name. One that cannot be read equals nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ifmosfs.core.files import Place

Digest = Callable[[Place], bytes | None]  # BLAKE3 of the content, `None` where it cannot be read

Name = tuple[bytes, bytes]  # the folder's path in the target, and the name's key


@dataclass(slots=True)
class _SameSize:
    unread: list[Place] = field(default_factory=list)
    by_digest: dict[bytes, Place] = field(default_factory=dict)


class Contents:
    """The contents of the files that have wanted each name."""

    def __init__(self, digest: Digest) -> None:
        self._digest = digest
        self._digests: dict[Place, bytes | None] = {}
        self._wanted: dict[tuple[Name, int], _SameSize] = {}
        self._known: set[tuple[Name, Place]] = set()

    def add(self, name: Name, place: Place, size_bytes: int) -> None:
        """Remember that the file at this place wants, or has, the name."""
        if (name, place) not in self._known:
            self._known.add((name, place))
            self._wanted.setdefault((name, size_bytes), _SameSize()).unread.append(place)

    def same_as(self, name: Name, place: Place, size_bytes: int) -> Place | None:
        """A file that wanted the name before and has the same content as the one at this place; `None` if there is none."""
        others = self._wanted.get((name, size_bytes))
        if others is None:
            return None
        pending = [other for other in others.unread if other != place]
        others.unread = [place] if len(pending) < len(others.unread) else []
        for other in pending:
            digest = self._digest_of(other, size_bytes)
            if digest is not None:
                others.by_digest.setdefault(digest, other)
        if not others.by_digest:
            return None
        mine = self._digest_of(place, size_bytes)
        return None if mine is None else others.by_digest.get(mine)

    def _digest_of(self, place: Place, size_bytes: int) -> bytes | None:
        if not size_bytes:
            return b""  # nothing to read
        if place not in self._digests:
            self._digests[place] = self._digest(place)
        return self._digests[place]
