"""What edits have touched, so that it can be told of another one whether it has nothing to do with them. Pure.

Edits that have nothing to do with each other can be made in either order, and either of them without the other: none names what
another has named, nor anything in it or above it. Names are equal here that any filesystem might hold for the same. What loses its
place goes among what stays, to a place that no edit names; so whoever names something there has to do with whatever could put
something there. Rather too much is taken to belong together than too little.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ifmosfs.core.names import components, is_within, join, twin_key
from ifmosfs.core.plan import Edit, EditKind, KeepReason
from ifmosfs.core.tree_source import VAULT_NAME

_PUTTING_ASIDE: Final = frozenset(
    {EditKind.MOVE, EditKind.REPLACE, EditKind.EXCLUDE, EditKind.VAULT, EditKind.ADD, EditKind.REFRESH}
)


class Touched:
    """What some edits of one plan have touched."""

    def __init__(self, review_name: bytes) -> None:
        self._aside = [join(review_name, part) for part in (KeepReason.EXCLUDED.value.encode(), VAULT_NAME)]
        self._paths: set[tuple[bytes, ...]] = set()
        self._above: set[tuple[bytes, ...]] = set()
        self._puts_aside = False
        self._names_aside = False
        self._n_edits = 0

    def __len__(self) -> int:
        """How many edits there are."""
        return self._n_edits

    def add(self, edit: Edit) -> None:
        """The edit is one of them, too."""
        self._n_edits += 1
        self._puts_aside = self._puts_aside or edit.kind in _PUTTING_ASIDE
        self._names_aside = self._names_aside or self._is_about_aside(edit)
        for path in _paths_of(edit):
            self._paths.add(path)
            self._above.update(_above(path))

    def concerns(self, edit: Edit) -> bool:
        """Whether the edit may have to do with any of them."""
        if (self._puts_aside and self._is_about_aside(edit)) or (self._names_aside and edit.kind in _PUTTING_ASIDE):
            return True
        return any(
            path in self._paths or path in self._above or not self._paths.isdisjoint(_above(path))
            for path in _paths_of(edit)
        )

    def _is_about_aside(self, edit: Edit) -> bool:
        return any(
            path is not None and is_within(path, folder) for path in (edit.path, edit.target) for folder in self._aside
        )


def _paths_of(edit: Edit) -> Iterator[tuple[bytes, ...]]:
    for path in (edit.path, edit.target):
        if path is not None:
            yield tuple(map(twin_key, components(path)))


def _above(path: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    """The folders above a path, the root, too."""
    return (path[:depth] for depth in range(len(path)))
