"""Symlinks that a commit would make lead elsewhere. By their texts only: a link on the way to what a link names is not followed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from ifmosfs.core.effects import Response, disk_failed, lstat_or_none, response_to
from ifmosfs.core.files import Kind, Place
from ifmosfs.core.names import ancestors
from ifmosfs.core.plan import Action
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.tree import PlanTree

CHANGES = "link-changes"
DANGLES = "link-dangling"


class LinkTrouble(NamedTuple):
    """A link at `place`, its text, and what is wrong with it: `CHANGES` or `DANGLES`."""

    code: str
    place: Place
    text: bytes
    action_id: int


def find_link_troubles(tree: PlanTree, disk: DiskReader) -> Iterator[LinkTrouble]:
    """The plan's symlinks that mean something else once it is committed, in plan order: relative ones that move away from
    what they name, and any whose end moves away from them. A link that leads nowhere already is left alone."""
    links = [action for action in tree.plan.actions if action.entry_kind is Kind.SYMLINK]
    if links:
        check = _Links(tree, disk)
        for action in links:
            trouble = check.trouble(action)
            if trouble is not None:
                yield trouble


class _Links:
    def __init__(self, tree: PlanTree, disk: DiskReader) -> None:
        self._disk = disk
        self._moves: dict[bytes, bytes] = {}  # absolute source -> absolute target
        self._left: set[bytes] = set()  # absolute folders that something moves out of
        for move in tree.moves():
            root = Place(move.source.root, b"")
            self._moves[move.source.absolute] = Place(tree.plan.target, move.target).absolute
            self._left.update(Place(root.root, folder).absolute for folder in ancestors(move.source.path))
            self._left.add(root.absolute)

    def trouble(self, action: Action) -> LinkTrouble | None:
        place = action.source_place
        try:
            text = self._disk.read_link(place)
        except OSError as error:
            if response_to(error) is Response.FATAL:
                raise disk_failed(error, place) from error
            return None  # it is gone, or something else now: the preflight says so
        end = _end(place.absolute, text)
        goes_to = self._moves.get(place.absolute)
        stays_put = _end(goes_to or place.absolute, text)
        if stays_put == self._moves.get(end, end) and end not in self._left:
            return None
        if goes_to is not None and stays_put != end:
            return LinkTrouble(CHANGES, place, text, action.action_id) if self._is_there(end) else None
        return LinkTrouble(DANGLES, place, text, action.action_id)

    def _is_there(self, path: bytes) -> bool:
        try:
            return path in self._moves or lstat_or_none(self._disk, Place(b"/", path[1:])) is not None
        except OSError:
            return True  # what may not be looked at may well be there


def _end(link: bytes, text: bytes) -> bytes:
    """The absolute path that a link of this text leads to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(link), text))
