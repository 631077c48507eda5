"""Whether another user could open a file by its own path: what the kernel would say, told from modes and access lists.

A view that other users may look into must not show them what they could not read where it lies. The algorithm is that of
POSIX.1e (draft 17, section 23.1.5), as acl(5) describes it; what cannot be found out counts as no.
"""

from __future__ import annotations

import os
import stat
import struct
from dataclasses import dataclass
from typing import Final

READ: Final = 4
SEARCH: Final = 1

_ACL: Final = "system.posix_acl_access"
_ACL_HEADER: Final = struct.Struct("<I")
_ACL_ENTRY: Final = struct.Struct("<HHI")  # tag, permissions, id: <linux/posix_acl_xattr.h>
_USER: Final = 0x02
_GROUP_OBJ: Final = 0x04
_GROUP: Final = 0x08
_MASK: Final = 0x10


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks: the user, and all groups."""

    uid: int
    gids: frozenset[int]


def person_of(pid: int, uid: int, gid: int) -> Person:
    """The person behind a process; only the main group where the others are not told."""
    try:
        with open(f"/proc/{pid}/status", "rb") as status:
            lines = status.read().splitlines()
    except OSError:
        lines = []
    groups = next((line.split()[1:] for line in lines if line.startswith(b"Groups:")), [])
    return Person(uid, frozenset({gid, *map(int, groups)}))


def may_read(path: bytes, person: Person) -> bool:
    """Whether a person may search every folder on the way to an absolute path without links, and read what is there."""
    steps = [b"/"]
    for name in path.split(b"/")[1:]:
        steps.append(os.path.join(steps[-1], name))
    try:
        return all(_may(step, SEARCH, person) for step in steps[:-1]) and _may(path, READ, person)
    except OSError:
        return False


def _may(path: bytes, wanted: int, person: Person) -> bool:
    found = os.lstat(path)
    if stat.S_ISLNK(found.st_mode):
        return False
    if person.uid == found.st_uid:
        return (found.st_mode >> 6) & wanted == wanted
    entries = _access_list(path)
    if entries is not None:
        return _by_access_list(entries, found, wanted, person)
    shift = 3 if found.st_gid in person.gids else 0
    return (found.st_mode >> shift) & wanted == wanted


def _access_list(path: bytes) -> list[tuple[int, int, int]] | None:
    """(tag, permissions, id) of each entry; `None` where modes say everything."""
    try:
        stored = os.getxattr(path, _ACL, follow_symlinks=False)
    except OSError:  # there is none, or the filesystem has none
        return None
    return list(_ACL_ENTRY.iter_unpack(stored[_ACL_HEADER.size :]))


def _by_access_list(entries: list[tuple[int, int, int]], found: os.stat_result, wanted: int, person: Person) -> bool:
    mask = next((permissions for tag, permissions, _ in entries if tag == _MASK), 7)
    for tag, permissions, number in entries:
        if tag == _USER and number == person.uid:
            return permissions & mask & wanted == wanted
    matching = [
        permissions
        for tag, permissions, number in entries
        if (tag == _GROUP and number in person.gids) or (tag == _GROUP_OBJ and found.st_gid in person.gids)
    ]
    if matching:
        return any(permissions & mask & wanted == wanted for permissions in matching)
    return found.st_mode & wanted == wanted
