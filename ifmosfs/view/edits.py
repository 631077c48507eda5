"""Where the view's edits are kept: a port, filled by the store."""

from __future__ import annotations

from typing import Protocol

from ifmosfs.core.plan import Edit


class EditLog(Protocol):
    """The durable list of a plan's edits."""

    def append(self, draft: Edit) -> Edit:
        """The draft (its `seq` is 0) as recorded with its number, durable on return.

        Raises `WrongState` when the plan is no longer open for edits, and another `IfmosfsError` when it cannot be kept; then
        nothing was recorded.
        """
        ...
