"""What the numbers of the view's inodes stand for.

Files and planned folders have the numbers of their nodes, which come from the plan and its edits, so they are the same after a
remount. What exists in the target has the disk's own number, with the device mixed in.
"""

from __future__ import annotations

from typing import Final

from ifmosfs.core.files import Attr
from ifmosfs.core.nodes import FileNode
from ifmosfs.view.values import ROOT_INODE

FOLDER_BASE: Final = 1 << 40
FILE_BASE: Final = 1 << 41
CONTROL_BASE: Final = 1 << 42
SCRATCH_BASE: Final = 1 << 61
EXISTING_BASE: Final = 1 << 62


def is_file(inode: int) -> bool:
    """Whether it is a file of the plan."""
    return FILE_BASE <= inode < CONTROL_BASE


def is_planned_folder(inode: int) -> bool:
    """Whether it is a folder of the plan, the root not among them."""
    return FOLDER_BASE <= inode < FILE_BASE


def is_control(inode: int) -> bool:
    """Whether it is the control folder or in it."""
    return CONTROL_BASE <= inode < SCRATCH_BASE


def is_scratch(number: int) -> bool:
    """Whether it is a scratch file, or a handle of one."""
    return SCRATCH_BASE <= number < EXISTING_BASE


def is_existing(inode: int) -> bool:
    """Whether it is something of the target."""
    return inode >= EXISTING_BASE


def inode_of_file(node: FileNode) -> int:
    """The inode of a file of the plan."""
    return FILE_BASE + node.number


def inode_of_folder(number: int) -> int:
    """The inode of a planned folder with that number of its node."""
    return FOLDER_BASE + number if number else ROOT_INODE


def inode_of_existing(attr: Attr) -> int:
    """The inode of something of the target."""
    return EXISTING_BASE | (attr.inode ^ (attr.device & 0xFFFF) << 44) & (EXISTING_BASE - 1)
