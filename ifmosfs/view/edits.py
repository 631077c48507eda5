"""Where the view's edits are kept: a port, filled by the store."""

from __future__ import annotations

from typing import Protocol

from ifmosfs.core.plan import Edit, EditKind


class EditLog(Protocol):
    """The durable list of a plan's edits."""

    def append(
        self,
        kind: EditKind,
        path: bytes,
        target: bytes | None,
        at_ns: int,
        *,
        mode: int | None = None,
        mtime_ns: int | None = None,
    ) -> Edit:
        """The edit as recorded, durable on return. Raises `WrongState` when the plan is no longer open for edits, and
        another `IfmosfsError` when it cannot be kept; then nothing was recorded."""
        ...
