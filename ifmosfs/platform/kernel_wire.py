"""The kernel's FUSE protocol as data: the numbers and structures of <linux/fuse.h>, each under its name there.

Structures are in the machine's own byte order without padding of its own; the header pads by hand. Those for requests leave
out the fields at their end that are not looked at.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

# FUSE_KERNEL_VERSION; the newest minor version whose meaning is known here, and the oldest that is spoken (Linux 5.4).
MAJOR: Final = 7
MINOR: Final = 45
MINOR_OLDEST: Final = 31
MINOR_INC_EPOCH: Final = 44

# enum fuse_opcode
LOOKUP: Final = 1
FORGET: Final = 2
GETATTR: Final = 3
SETATTR: Final = 4
READLINK: Final = 5
SYMLINK: Final = 6
MKNOD: Final = 8
MKDIR: Final = 9
UNLINK: Final = 10
RMDIR: Final = 11
RENAME: Final = 12
LINK: Final = 13
OPEN: Final = 14
READ: Final = 15
WRITE: Final = 16
STATFS: Final = 17
RELEASE: Final = 18
FSYNC: Final = 20
SETXATTR: Final = 21
GETXATTR: Final = 22
LISTXATTR: Final = 23
REMOVEXATTR: Final = 24
FLUSH: Final = 25
INIT: Final = 26
OPENDIR: Final = 27
READDIR: Final = 28
RELEASEDIR: Final = 29
FSYNCDIR: Final = 30
CREATE: Final = 35
INTERRUPT: Final = 36
DESTROY: Final = 38
IOCTL: Final = 39
BATCH_FORGET: Final = 42
FALLOCATE: Final = 43
READDIRPLUS: Final = 44
RENAME2: Final = 45
TMPFILE: Final = 51
N_OPCODES: Final = 64  # more than there are

# enum fuse_notify_code
NOTIFY_INVAL_INODE: Final = 2
NOTIFY_INVAL_ENTRY: Final = 3
NOTIFY_INC_EPOCH: Final = 8

# INIT flags. Those from bit 32 on travel in `flags2`, if INIT_EXT says that there is such a field.
ASYNC_READ: Final = 1 << 0
ATOMIC_O_TRUNC: Final = 1 << 3
AUTO_INVAL_DATA: Final = 1 << 12
DO_READDIRPLUS: Final = 1 << 13
READDIRPLUS_AUTO: Final = 1 << 14
ASYNC_DIO: Final = 1 << 15
PARALLEL_DIROPS: Final = 1 << 18
MAX_PAGES: Final = 1 << 22
INIT_EXT: Final = 1 << 30
DIRECT_IO_ALLOW_MMAP: Final = 1 << 36
PASSTHROUGH: Final = 1 << 37

# Flags returned by the OPEN request
FOPEN_DIRECT_IO: Final = 1 << 0
FOPEN_KEEP_CACHE: Final = 1 << 1
FOPEN_PASSTHROUGH: Final = 1 << 7

# Bitmasks for fuse_setattr_in.valid
FATTR_MODE: Final = 1 << 0
FATTR_UID: Final = 1 << 1
FATTR_GID: Final = 1 << 2
FATTR_SIZE: Final = 1 << 3
FATTR_ATIME: Final = 1 << 4
FATTR_MTIME: Final = 1 << 5
FATTR_ATIME_NOW: Final = 1 << 7
FATTR_MTIME_NOW: Final = 1 << 8

# Device ioctls, and struct fuse_backing_map: fd, flags, padding
DEV_IOC_BACKING_OPEN: Final = 0x4010E501
DEV_IOC_BACKING_CLOSE: Final = 0x4004E502
BACKING_MAP: Final = Struct("=iIQ")
BACKING_ID: Final = Struct("=I")

# struct fuse_in_header: len, opcode, unique, nodeid; uid, gid, pid; total_extlen, padding
IN_HEADER: Final = Struct("=IIQQ16x")
IN_CALLER: Final = Struct("=24xIII")
IN_BYTES: Final = 40
# struct fuse_out_header: len, error, unique
OUT_HEADER: Final = Struct("=IiQ")
OUT_BYTES: Final = 16

# Requests; the names that follow some of them end with a NUL.
INIT_IN: Final = Struct("=IIII")  # fuse_init_in: major, minor, max_readahead, flags
INIT_IN_FLAGS2: Final = Struct("=16xI")
FORGET_IN: Final = Struct("=Q")  # fuse_forget_in: nlookup
BATCH_FORGET_IN: Final = Struct("=II")  # fuse_batch_forget_in: count, dummy
FORGET_ONE: Final = Struct("=QQ")  # fuse_forget_one: nodeid, nlookup
# fuse_setattr_in: valid, padding, fh, size, lock_owner, atime, mtime, ctime, atimensec, mtimensec, ctimensec, mode, unused4, uid, gid
SETATTR_IN: Final = Struct("=I28xqq8xII4xI4xII")
SETATTR_SIZE_IN: Final = Struct("=16xQ")  # the size in it
MKNOD_IN: Final = Struct("=I12x")  # fuse_mknod_in: mode, rdev, umask, padding
MKDIR_IN: Final = Struct("=II")  # fuse_mkdir_in: mode, umask
RENAME_IN: Final = Struct("=Q")  # fuse_rename_in: newdir
RENAME2_IN: Final = Struct("=QII")  # fuse_rename2_in: newdir, flags, padding
CREATE_IN: Final = Struct("=III4x")  # fuse_create_in: flags, mode, umask, open_flags; the kernel has applied the umask
OPEN_IN: Final = Struct("=I4x")  # fuse_open_in: flags, open_flags
RELEASE_IN: Final = Struct("=Q")  # fuse_release_in: fh, flags, release_flags, lock_owner
READ_IN: Final = Struct("=QQI")  # fuse_read_in: fh, offset, size, read_flags, lock_owner, flags, padding
WRITE_IN: Final = Struct("=QQI20x")  # fuse_write_in: fh, offset, size, write_flags, lock_owner, flags, padding
SETXATTR_IN: Final = Struct("=II")  # fuse_setxattr_in without FUSE_SETXATTR_EXT: size, flags
GETXATTR_IN: Final = Struct("=I4x")  # fuse_getxattr_in: size, padding
INTERRUPT_IN: Final = Struct("=Q")  # fuse_interrupt_in: unique

# Answers
# fuse_init_out: major, minor, max_readahead, flags, max_background, congestion_threshold, max_write, time_gran, max_pages,
# map_alignment, flags2, max_stack_depth, request_timeout, unused
INIT_OUT: Final = Struct("=IIIIHHIIHHII24x")
# fuse_attr: ino, size, blocks, atime, mtime, ctime, atimensec, mtimensec, ctimensec, mode, nlink, uid, gid, rdev, blksize, flags
_ATTR: Final = "QQQqqqIIIIIII4xI4x"
ATTR_OUT: Final = Struct("=QI4x" + _ATTR)  # fuse_attr_out: attr_valid, attr_valid_nsec, dummy, attr
# fuse_entry_out: nodeid, generation, entry_valid, attr_valid, entry_valid_nsec, attr_valid_nsec, attr
_ENTRY: Final = "Q8xQQII" + _ATTR
ENTRY_OUT: Final = Struct("=" + _ENTRY)
_DIRENT: Final = "QQII"  # fuse_dirent: ino, off, namelen, type; the name, padded to FUSE_REC_ALIGN
OPEN_OUT: Final = Struct("=QII")  # fuse_open_out: fh, open_flags, backing_id (padding before 7.40)
WRITE_OUT: Final = Struct("=I4x")  # fuse_write_out: size, padding
GETXATTR_OUT: Final = Struct("=II")  # fuse_getxattr_out: size, padding
# fuse_kstatfs: blocks, bfree, bavail, files, ffree, bsize, namelen, frsize, padding, spare
STATFS_OUT: Final = Struct("=QQQQQIII28x")

# Notifications
INVAL_INODE_OUT: Final = Struct("=Qqq")  # fuse_notify_inval_inode_out: ino, off, len
INVAL_ENTRY_OUT: Final = Struct("=QII")  # fuse_notify_inval_entry_out: parent, namelen, flags; the name with its NUL

NAME_MAX_BYTES: Final = 255


def _padded(name_bytes: int) -> int:
    """FUSE_REC_ALIGN."""
    return (name_bytes + 7) & ~7


# By the length of the name, so that one call packs everything: struct fuse_dirent and struct fuse_direntplus.
DIRENT: Final = tuple(Struct(f"={_DIRENT}{_padded(n)}s") for n in range(NAME_MAX_BYTES + 1))
DIRENTPLUS: Final = tuple(Struct(f"={_ENTRY}{_DIRENT}{_padded(n)}s") for n in range(NAME_MAX_BYTES + 1))
# The latter without attributes, all zeros: a nodeid of 0 says that nothing is known of the node.
DIRENTBARE: Final = tuple(Struct(f"={ENTRY_OUT.size}x{_DIRENT}{_padded(n)}s") for n in range(NAME_MAX_BYTES + 1))
