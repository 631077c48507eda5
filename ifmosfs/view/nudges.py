"""Telling those who watch a folder what came to pass without a call to the kernel.

The kernel tells who watches (inotify) only of what is done *through* a mount. So after other edits a process of its own, the
*nudger*, makes renames through the mount that change nothing. For it alone each changed name has a *ghost*: a name that is gone is
still there for it, and is moved into a folder that only it can see; a name that is new is not there yet, and is moved in from
that folder. For all others everything is as the tree has it, before, during and after.

Nothing that the nudger does can be an edit, not even if it is taken for somebody else: on one side of each of its renames is
the control folder, where the view refuses every rename.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ifmosfs.core.files import Attr, Kind
from ifmosfs.core.names import CONTROL_NAME, join
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.view.attrs import made_attr
from ifmosfs.view.inodes import CONTROL_BASE
from ifmosfs.view.values import Caller, Entry, Validity

FOLDER_NAME: Final = b"nudge"
FOLDER_INODE: Final = CONTROL_BASE + (1 << 20)
FOLDER_PATH: Final = join(CONTROL_NAME, FOLDER_NAME)
NOT_KEPT: Final = Validity(0.0, 0.0)


class NameIn(NamedTuple):
    """A name in a folder that is known by its inode."""

    parent: int
    name: bytes


@dataclass(slots=True)
class Ghost:
    """A changed name as the nudger sees it. `appears`: it is one that is there now. `is_over`: the rename was made."""

    place: NameIn
    aside: NameIn
    attr: Attr
    appears: bool
    is_over: bool = False


@dataclass(slots=True)
class Nudge:
    """What one nudger may do: `renames`, in this order, from and to paths of the view.

    `pid` is that of the nudger, who may do nothing before it is set.
    """

    renames: list[tuple[bytes, bytes]] = field(default_factory=list)
    pid: int | None = None
    _by_place: dict[NameIn, Ghost] = field(default_factory=dict)
    _by_inode: dict[int, Ghost] = field(default_factory=dict)

    def ghost_at(self, place: NameIn) -> Ghost | None:
        """The ghost that has to do with a name, its own or the one aside."""
        return self._by_place.get(place)

    def attr_of(self, inode: int) -> Attr | None:
        """The attributes of a ghost."""
        ghost = self._by_inode.get(inode)
        return None if ghost is None else ghost.attr

    def add(self, path: bytes, ghost: Ghost) -> None:
        """A ghost for a name that has changed at this path."""
        self._by_place[ghost.place] = self._by_place[ghost.aside] = ghost
        self._by_inode[ghost.attr.inode] = ghost
        aside = join(FOLDER_PATH, ghost.aside.name)
        self.renames.append((aside, path) if ghost.appears else (path, aside))


class Ghosts:
    """Makes nudges, and answers the nudger. `real` is the entry that everybody else is given for a name."""

    def __init__(self, owner: tuple[int, int], real: Callable[[int, bytes], Entry]) -> None:
        self._owner = owner
        self._real = real
        self._nudge: Nudge | None = None
        self._n_made = 0  # no number is used twice, because the kernel may remember the last ghost that had it

    def begin(self, nudge: Nudge) -> None:
        """From now on answer the nudger of this one, and no other."""
        self._nudge = nudge

    def end(self) -> None:
        """There are no ghosts any more."""
        self._nudge = None

    def add(self, nudge: Nudge, path: bytes, place: NameIn, *, is_folder: bool) -> None:
        """Prepare a nudge for a name that has changed: one that has come if there is something now, else one that has gone, and
        was a folder or not."""
        real = self._found(place)
        if real is not None:
            is_folder = real.attr.kind is Kind.FOLDER
        self._n_made += 1
        inode = FOLDER_INODE + self._n_made
        mode = stat.S_IFDIR | 0o700 if is_folder else stat.S_IFREG | 0o400
        aside = NameIn(FOLDER_INODE, b"%d" % self._n_made)
        attr = made_attr(mode, inode, 0, 0, self._owner, n_links=2 if is_folder else 1)
        nudge.add(path, Ghost(place, aside, attr, appears=real is not None))

    def nudge_of(self, caller: Caller | None) -> Nudge | None:
        """What a caller may do who is the nudger; `None` for all others."""
        nudge = self._nudge
        return nudge if nudge is not None and caller is not None and caller.pid == nudge.pid else None

    def lookup(self, nudge: Nudge, place: NameIn) -> Entry:
        """The entry that the nudger is given for a name."""
        if place == (CONTROL_BASE, FOLDER_NAME):
            return Entry(place.name, self.attr(FOLDER_INODE))
        ghost = nudge.ghost_at(place)
        if ghost is None or (ghost.is_over and place == ghost.place):
            return self._real(*place)
        is_at_place = place == ghost.place
        if ghost.is_over or is_at_place == ghost.appears:
            raise FsError(FsErrorKind.NOT_FOUND, place.name)
        real = self._found(place) if is_at_place else None  # it may have come back meanwhile
        return real or Entry(place.name, ghost.attr)

    def is_rename(self, nudge: Nudge, old: NameIn, new: NameIn) -> bool:
        """Whether a rename is one of the nudger's; then it is made, which changes nothing. NOT_FOUND where it is not true any
        more that the name has come or gone: somebody would be told what is not so."""
        ghost = nudge.ghost_at(old)
        if ghost is None or ghost.is_over:
            return False
        if (old, new) != ((ghost.aside, ghost.place) if ghost.appears else (ghost.place, ghost.aside)):
            return False
        if (self._found(ghost.place) is not None) != ghost.appears:
            raise FsError(FsErrorKind.NOT_FOUND, ghost.place.name)
        ghost.is_over = True
        return True

    def attr(self, inode: int) -> Attr:
        """The attributes of a ghost, or of the folder for them. NOT_FOUND."""
        nudge = self._nudge
        if nudge is not None and inode == FOLDER_INODE:
            return made_attr(stat.S_IFDIR | 0o700, inode, 4096, 0, self._owner, n_links=2)
        attr = None if nudge is None else nudge.attr_of(inode)
        if attr is None:
            raise FsError(FsErrorKind.NOT_FOUND)
        return attr

    def _found(self, place: NameIn) -> Entry | None:
        """The entry that there is for all others, under this spelling of its name."""
        try:
            entry = self._real(*place)
        except FsError as error:
            if error.kind in {FsErrorKind.NOT_FOUND, FsErrorKind.NOT_A_FOLDER}:
                return None
            raise
        return entry if entry.name == place.name else None
