"""What kind of place a folder is: on a disk of this machine, on one that can be unplugged, on the network, in a cloud."""

from __future__ import annotations

import os
import re
from enum import Enum
from pathlib import Path
from typing import Final

from ifmosfs.core.names import is_within
from ifmosfs.platform.mounts import Mount, mount_of


class Nature(Enum):
    """How a place differs from an ordinary folder, in words."""

    LOCAL = "a disk of this machine"
    REMOVABLE = "a disk that can be unplugged"
    MEMORY = "a filesystem in memory, gone at the next start"
    NETWORK = "a disk on the network"
    CLOUD = "a folder of a cloud service"
    FUSE = "a filesystem made by a program"
    READ_ONLY_MEDIUM = "a medium that cannot be written to"


NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "9p", "glusterfs", "lustre", "coda", "davfs"}
    | {"fuse.sshfs", "fuse.gvfsd-fuse", "fuse.curlftpfs", "fuse.glusterfs", "fuse.davfs2", "fuse.kio-fuse"}
)
CLOUD: Final = frozenset(
    {"fuse.rclone", "fuse.google-drive-ocamlfuse", "fuse.gcsfuse", "fuse.s3fs", "fuse.onedriver", "fuse.goofys"}
    | {"fuse.drivefs", "fuse.dropbox", "fuse.pcloud", "fuse.blobfuse", "fuse.blobfuse2"}
)
MEMORY: Final = frozenset({"tmpfs", "ramfs"})
MEDIA: Final = frozenset({"iso9660", "udf", "squashfs", "erofs", "cramfs"})
NATIVE_FUSE: Final = frozenset({"fuseblk", "fuse.exfat", "fuse.ntfs-3g"})  # disks, whose driver happens to be a program
SYNC_MARKS: Final = re.compile(
    r"\.dropbox(\.cache)?|\.?_?sync_[0-9a-f]+\.db|\.sync_journal.*|\.owncloudsync\.log|\.stfolder|\.megasync|\.849C9593-.*"
)
SYSTEM: Final = (
    *(b"/bin", b"/boot", b"/dev", b"/etc", b"/lib", b"/lib32", b"/lib64", b"/libx32", b"/proc", b"/run", b"/sbin"),
    *(b"/sys", b"/usr", b"/snap", b"/var/cache", b"/var/lib", b"/var/log", b"/var/spool", b"/System", b"/Library"),
)
SYSTEM_TOPS: Final = frozenset({b"/", b"/home", b"/media", b"/mnt", b"/opt", b"/srv", b"/tmp", b"/var", b"/Users"})
NOT_SYSTEM: Final = (b"/run/media", b"/dev/shm", b"/run/user")
SYS_BLOCK: Final = Path("/sys/dev/block")


def nature_of(path: bytes) -> Nature:
    """The nature of an existing, resolved folder."""
    mount = mount_of(path)
    if mount is not None and mount.fstype in CLOUD:
        return Nature.CLOUD
    if _is_synced(path):
        return Nature.CLOUD
    return Nature.LOCAL if mount is None else _by_mount(mount)


def is_system(path: bytes) -> bool:
    """Whether a folder is the system's, or one of those at the top that hold everybody's."""
    if any(is_within(path, own) for own in NOT_SYSTEM):
        return False
    return path in SYSTEM_TOPS or any(is_within(path, folder) for folder in SYSTEM)


def _by_mount(mount: Mount) -> Nature:
    fstype = mount.fstype
    if fstype in NETWORK:
        return Nature.NETWORK
    if fstype in MEMORY:
        return Nature.MEMORY
    if fstype in MEDIA:
        return Nature.READ_ONLY_MEDIUM
    if fstype == "fuse" or (fstype.startswith("fuse.") and fstype not in NATIVE_FUSE):
        return Nature.FUSE
    return Nature.REMOVABLE if _is_removable(mount.device) else Nature.LOCAL


def _is_removable(device: str) -> bool:
    """By what the kernel says of the disk; a partition's disk is the folder above it. USB disks do not always say so, but
    their place among the devices does."""
    try:
        real = (SYS_BLOCK / device).resolve(strict=True)
    except OSError:
        return False
    for folder in (real, real.parent):
        try:
            if (folder / "removable").read_text("ascii").strip() == "1":
                return True
        except OSError:
            continue
    return "/usb" in str(real)


def _is_synced(path: bytes) -> bool:
    """Whether a client of a cloud service keeps its marks in the folder or in one above it."""
    folder = path
    while folder not in {b"/", b""}:
        try:
            if any(SYNC_MARKS.fullmatch(os.fsdecode(name)) for name in os.listdir(folder)):
                return True
        except OSError:
            pass  # what cannot be listed shows no marks
        folder = os.path.dirname(folder)
    return False
