"""What kind of filesystem something is on: its identity, its space, and what it takes for names. Nothing is ever written."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import uuid
from dataclasses import dataclass
from itertools import islice
from typing import Final

from ifmosfs.core.names import NameRules
from ifmosfs.core.ports import Space
from ifmosfs.platform import linux
from ifmosfs.platform.mounts import Mount, mount_by_id

BY_UUID: Final = b"/dev/disk/by-uuid"
N_PROBED: Final = 64  # entries looked at to find a name whose case can be swapped


@dataclass(frozen=True, slots=True)
class NameFamily:
    """How a family of filesystems treats names, and whether each of its files has an owner and a mode."""

    ignores_case: bool = False
    ignores_form: bool = False
    utf8_only: bool = False
    dos: bool = False
    owners: bool = True


PLAIN: Final = NameFamily()
# NTFS can tell case apart and Linux does so, but Windows, which reads the same disk, cannot reach the second of two twins.
DOS: Final = NameFamily(ignores_case=True, utf8_only=True, dos=True, owners=False)
APPLE: Final = NameFamily(ignores_case=True, ignores_form=True, utf8_only=True)
FAMILIES: Final = {
    "vfat": DOS,
    "msdos": DOS,
    "exfat": DOS,
    "ntfs": DOS,
    "ntfs3": DOS,
    "fuseblk": DOS,  # ntfs-3g and exfat-fuse
    "fuse.exfat": DOS,
    "fuse.ntfs-3g": DOS,
    "cifs": DOS,
    "smb3": DOS,
    "smbfs": DOS,
    "hfsplus": APPLE,
    "hfs": APPLE,
    "apfs": APPLE,
}
NUMBERED_ANEW: Final = frozenset({"vfat", "msdos", "exfat"})
FOLDS_CASE_PER_FOLDER: Final = frozenset({"ext4", "f2fs", "tmpfs", "bcachefs"})


def mount_of_descriptor(descriptor: int) -> Mount | None:
    """The mount that an open file lies on; `None` where the system does not tell."""
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", "rb") as info:
            found = re.search(rb"^mnt_id:\s*(\d+)", info.read(), re.MULTILINE)
    except FileNotFoundError:
        return None
    return mount_by_id(int(found[1])) if found else None


def type_of(descriptor: int) -> str:
    """The filesystem's type as the mount table names it (`ext4`, `fuseblk` …), `unknown` where there is no table."""
    mount = mount_of_descriptor(descriptor)
    return mount.fstype if mount else "unknown"


def holds_owners(descriptor: int) -> bool:
    """Whether files on this filesystem have an owner and a mode of their own; those of FAT and its kin have not."""
    return FAMILIES.get(type_of(descriptor), PLAIN).owners


def keeps_numbers(descriptor: int) -> bool:
    """Whether inode numbers on this filesystem are the same after a remount. FAT and exFAT store none, and the kernel counts; a FUSE
    drive passes on numbers of its own only if it wants to, which nothing tells."""
    fstype = type_of(descriptor)
    return fstype not in NUMBERED_ANEW and not fstype.startswith("fuse")


def space(descriptor: int) -> Space:
    """Free and total space, as an ordinary user has it, and whether the mount may be written to."""
    found = os.statvfs(descriptor)
    return Space(
        block_bytes=found.f_frsize,
        n_blocks=found.f_blocks,
        n_blocks_free=found.f_bfree,
        n_blocks_available=found.f_bavail,
        n_inodes=found.f_files,
        n_inodes_free=found.f_ffree,
        name_max_bytes=found.f_namemax,
        read_only=bool(found.f_flag & os.ST_RDONLY),
    )


def identity(folder: int) -> str:
    """`uuid:…` from the kernel or from the system's list of disks, else `fsid:…` with the type."""
    found = os.statvfs(folder)
    return _identity(folder, os.fstat(folder).st_dev, found.f_fsid)


def _identity(folder: int, device: int, fsid: int) -> str:
    told = _uuid_of_folder(folder) or _uuid_of_device(device)
    if told:
        return f"uuid:{told}"
    mount = mount_of_descriptor(folder)
    fstype = mount.fstype if mount else "unknown"
    if fsid:
        return f"fsid:{fsid & 0xFFFFFFFFFFFFFFFF:016x}:{fstype}"
    source = mount.source + b"\0" + mount.point if mount else b""
    return f"fsid:{hashlib.blake2b(source, digest_size=8).hexdigest()}:{fstype}"


def _uuid_of_folder(folder: int) -> str | None:
    try:
        descriptor = os.open(b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    except PermissionError:  # the question needs read permission; the list of disks may know
        return None
    try:
        told = linux.filesystem_uuid(descriptor)
    finally:
        os.close(descriptor)
    return str(uuid.UUID(bytes=told)) if told else None


def _uuid_of_device(device: int) -> str | None:
    try:
        names = os.listdir(BY_UUID)
    except OSError:  # no udev here, as in most containers
        return None
    for name in names:
        try:
            found = os.stat(BY_UUID + b"/" + name)
        except FileNotFoundError:  # unplugged meanwhile
            continue
        if stat.S_ISBLK(found.st_mode) and found.st_rdev == device:
            return os.fsdecode(name)
    return None


def name_rules(folder: int) -> NameRules:
    """What is taken for a name in this folder, by the filesystem's type, the folder's own flag, and a look at its names."""
    fstype = type_of(folder)
    family = FAMILIES.get(fstype, PLAIN)
    folded = fstype in FOLDS_CASE_PER_FOLDER and _folds_case(folder)
    # FAT counts its 255 in characters and reports three to six bytes for each; 255 bytes are safe anywhere.
    name_max = min(os.statvfs(folder).f_namemax or 255, 255)
    return NameRules(
        name_max_bytes=name_max,
        ignores_case=family.ignores_case or folded or _finds_swapped_case(folder),
        ignores_form=family.ignores_form or folded,
        utf8_only=family.utf8_only,
        dos=family.dos,
    )


def _folds_case(folder: int) -> bool:
    try:
        descriptor = os.open(b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    except PermissionError:
        return False
    try:
        return bool(linux.folder_flags(descriptor) & linux.FS_CASEFOLD_FL)
    finally:
        os.close(descriptor)


def _finds_swapped_case(folder: int) -> bool:
    """Whether an existing name is also found with its upper and lower case swapped, although no such name is listed."""
    try:
        descriptor = os.open(b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    except PermissionError:
        return False
    try:
        with os.scandir(descriptor) as entries:
            names = {os.fsencode(entry.name) for entry in islice(entries, N_PROBED)}
        with_case = sorted(name for name in names if name.swapcase() != name and name.swapcase() not in names)
        return any(_is_same_entry(descriptor, name, name.swapcase()) for name in with_case[:3])
    finally:
        os.close(descriptor)


def _is_same_entry(folder: int, name: bytes, swapped: bytes) -> bool:
    try:
        one, other = linux.attr_at(folder, name), linux.attr_at(folder, swapped)
    except OSError:  # not found: the usual answer where case matters; or gone meanwhile
        return False
    # Two hard links may differ in case only, beyond the names looked at; a file with one name cannot be found under two.
    return (one.device, one.inode) == (other.device, other.inode) and (one.n_links == 1 or stat.S_ISDIR(one.mode))
