"""Why an operation on the organised tree is refused, without any platform's numbers."""

from __future__ import annotations

from enum import Enum, auto


class FsErrorKind(Enum):
    """Why an operation was refused. Every driver has a total table from these to its platform's numbers."""

    NOT_FOUND = auto()
    EXISTS = auto()
    NOT_A_FOLDER = auto()
    IS_A_FOLDER = auto()
    NOT_EMPTY = auto()
    READ_ONLY = auto()  # the view never writes to a file: create, write, truncate
    NOT_PERMITTED = auto()  # never possible here: link, chmod of a file
    NO_ACCESS = auto()  # names the view refuses, such as a desktop's trash folder
    NAME_TOO_LONG = auto()
    INVALID = auto()
    BUSY = auto()
    STALE = auto()  # the original is no longer the file that was planned
    NOT_HELD = auto()  # how the file was is recorded, and its content is nowhere any more
    LOOP = auto()
    CROSS_DEVICE = auto()
    NO_ATTRIBUTE = auto()
    NOT_SUPPORTED = auto()
    NO_SPACE = auto()
    NO_DESCRIPTOR = auto()  # the view's process, or the system, can open no more files just now
    IO = auto()


class FsError(Exception):
    """An operation on the organised tree that was refused, and the path or name it was about."""

    def __init__(self, kind: FsErrorKind, path: bytes = b"") -> None:
        super().__init__(kind, path)
        self.kind = kind
        self.path = path
