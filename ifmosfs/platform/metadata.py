"""Owner, mode, extended attributes (ACLs are among them) and times of an open file or folder: reading and giving.

Everything goes through `/proc/self/fd/N`, because most of these calls refuse O_PATH descriptors, and names could be swapped.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from typing import Final

from ifmosfs.core.files import Attr
from ifmosfs.platform import linux

# The security policy of the machine gives these anew at each place; `btrfs.` are storage hints of that filesystem alone; and
# `trusted.SGI_ACL_` are the very ACLs of `system.posix_acl_` once more, as xfs shows them to root: one comes and goes with the other.
NOT_THE_USERS: Final = (
    "security.selinux",
    "security.SMACK64",
    "security.ima",
    "security.evm",
    "btrfs.",
    "trusted.SGI_ACL_",
)
ACL: Final = "system.posix_acl_"
FUSE_MAGIC: Final = 0x65735546
HAS_NONE: Final = frozenset({errno.EOPNOTSUPP, errno.ENOSYS})


def through(descriptor: int) -> str:
    """A path that names what the descriptor has open."""
    return f"/proc/self/fd/{descriptor}"


def names_of(descriptor: int) -> list[str]:
    """The names of all extended attributes that belong to the file rather than to the machine."""
    if not hasattr(os, "listxattr"):
        return []
    try:
        names = os.listxattr(through(descriptor))
    except OSError as error:
        if error.errno in HAS_NONE:
            return []
        raise
    return [name for name in names if not name.startswith(NOT_THE_USERS)]


def xattrs_of(descriptor: int) -> dict[str, bytes]:
    """All extended attributes that can be read and that belong to the file rather than to the machine."""
    path = through(descriptor)
    return {name: os.getxattr(path, name) for name in names_of(descriptor)}


def can_hold(folder: int, name: str) -> bool:
    """Whether files in a folder can have an extended attribute, as far as the filesystem tells: one that has no room for it says so
    already when it is asked for it."""
    # To FUSE an ACL is an attribute like others, but of a drive that knows none the kernel says that it merely has none here.
    if name.startswith(ACL) and linux.filesystem_magic(folder) == FUSE_MAGIC:
        name = "user.ifmosfs"
    try:
        os.getxattr(through(folder), name)
    except OSError as error:  # not there, or not to be read by this user: both are said of what could be there
        return error.errno not in HAS_NONE
    return True


def give_owner(descriptor: int, now: Attr, uid: int, gid: int) -> None:
    """Set owner and group where they differ. EPERM where that is not allowed."""
    if (now.uid, now.gid) != (uid, gid):
        os.chown(through(descriptor), uid if uid != now.uid else -1, gid if gid != now.gid else -1)


def give_mode(descriptor: int, mode: int) -> None:
    """Set the permission bits, setuid and its kin included; after the owner, since a chown takes setuid away."""
    os.chmod(through(descriptor), stat.S_IMODE(mode))


def give_xattrs(descriptor: int, wanted: Mapping[str, bytes]) -> None:
    """Make the extended attributes exactly these. ENOTSUP where the filesystem cannot hold one."""
    found = xattrs_of(descriptor)
    path = through(descriptor)
    for name in found.keys() - wanted.keys():  # an ACL that the folder's default ACL has put there, for example
        os.removexattr(path, name)
    for name, value in wanted.items():
        if found.get(name) != value:
            os.setxattr(path, name, value)


def give_times(descriptor: int, atime_ns: int, mtime_ns: int) -> None:
    """Set access and modification time, in ns since the epoch."""
    os.utime(through(descriptor), ns=(atime_ns, mtime_ns))
