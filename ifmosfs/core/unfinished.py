"""Files that are no whole files yet, or not on this disk at all, known by their names and their company. Pure and linear.

A download under way, a document that an office program has open, a placeholder of a cloud client: moving one of them would break
what another program is doing, or move nothing but a name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from ifmosfs.core.files import Kind, ScannedFile
from ifmosfs.core.names import components, display, split
from ifmosfs.core.plan import KeepReason

Folder = tuple[bytes, bytes]  # (root, path below it)
Stays = tuple[KeepReason, str]

_DOWNLOAD: Final = re.compile(
    rb".\.(?:crdownload|partial|opdownload|filepart|dtapart|fdmdownload|xltd|unfinished|!ut|!qb|bc!|aria2)$",
    re.IGNORECASE,
)
# `x.part` alone may be anything; `x.pdf.part` is a download. The volumes of an archive (`x.part1.rar`) end otherwise.
_PART: Final = re.compile(rb".\.[a-z0-9]{1,8}\.part$", re.IGNORECASE)
_TEMPORARY: Final = re.compile(rb"(?:^\.goutputstream-\w+|^\.syncthing\..+\.tmp|^~syncthing~.+\.tmp)$")
_WORD_LOCK: Final = re.compile(rb"^~\$(.+)$")
_OFFICE_LOCK: Final = re.compile(rb"^\.~lock\.(.+)#$")
_CLOUD: Final = re.compile(rb"(?:^\..+\.icloud|.\.(?:nextcloud|owncloud|cloudf?))$", re.IGNORECASE)
_COMPANION: Final = re.compile(rb"^(.+)\.(?:part|aria2)$", re.IGNORECASE)
_DOWNLOAD_FOLDER: Final = b".download"  # Safari keeps a download in such a folder

# Nearly every name is told from all of the above by one look.
_ANY: Final = re.compile(
    rb"^~\$|^\.~lock\.|^\.goutputstream-|syncthing|\.(?:crdownload|part(?:ial)?|opdownload|filepart|dtapart|fdmdownload|xltd"
    rb"|unfinished|!ut|!qb|bc!|aria2|icloud|nextcloud|owncloud|cloudf?)$",
    re.IGNORECASE,
)


def find_unfinished(files: Sequence[ScannedFile]) -> dict[int, Stays]:
    """For the positions in `files` of what is being written or only online: why it stays, in words."""
    found: dict[int, Stays] = {}
    held: dict[Folder, dict[bytes, bytes]] = defaultdict(dict)  # names that another name holds, with that name
    for index, file in enumerate(files):
        parent, name = split(file.path)
        if _DOWNLOAD_FOLDER in parent and _in_download(parent):
            found[index] = KeepReason.BUSY, "a download under way"
        if _ANY.search(name) and file.kind is Kind.FILE:
            stays = _by_name(name)
            if stays is not None:
                found[index] = stays
                held[file.root, parent].update(dict.fromkeys(_held_by(name), name))
    if held:
        found.update(_companions(files, held, found))
    return found


def _in_download(parent: bytes) -> bool:
    return any(name.lower().endswith(_DOWNLOAD_FOLDER) and name != _DOWNLOAD_FOLDER for name in components(parent))


def _by_name(name: bytes) -> Stays | None:
    if _CLOUD.search(name):
        return KeepReason.CLOUD, "a placeholder of a cloud client: its content is not on this disk"
    if _DOWNLOAD.search(name) or _PART.search(name):
        return KeepReason.BUSY, "a download under way"
    if _TEMPORARY.search(name):
        return KeepReason.BUSY, "a program is writing this file"
    if _WORD_LOCK.search(name) or _OFFICE_LOCK.search(name):
        return KeepReason.BUSY, "the lock of an open document"
    return None


def _held_by(name: bytes) -> Iterable[bytes]:
    """The names that are not to be touched because of this one. Word puts `~$` in place of a long name's first letters."""
    for pattern in (_OFFICE_LOCK, _COMPANION):
        match = pattern.search(name)
        if match:
            return (match[1],)
    match = _WORD_LOCK.search(name)
    return (match[1], b"?" + match[1], b"??" + match[1]) if match else ()


def _companions(
    files: Sequence[ScannedFile], held: dict[Folder, dict[bytes, bytes]], found: dict[int, Stays]
) -> dict[int, Stays]:
    more: dict[int, Stays] = {}
    for index, file in enumerate(files):
        parent, name = split(file.path)
        names = held.get((file.root, parent))
        if names is None or index in found or file.kind is not Kind.FILE:
            continue
        holder = names.get(name) or names.get(b"?" + name[1:]) or names.get(b"??" + name[2:])
        if holder is not None:
            more[index] = KeepReason.BUSY, _words(holder)
    return more


def _words(holder: bytes) -> str:
    if _COMPANION.search(holder):
        return f"a download under way, by {display(holder)} beside it"
    return f"open in an office program, by {display(holder)} beside it"
