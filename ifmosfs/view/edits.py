"""Where the view's edits are kept: a port, filled by the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ifmosfs.core.plan import Edit


class EditLog(Protocol):
    """The durable list of a plan's edits."""

    def append(self, draft: Edit, after: int) -> Edit | None:
        """The draft (its `seq` is 0) as recorded with its number, durable on return; `None`, with nothing recorded, if the
        last edit is not the one numbered `after`: somebody else has edited the plan.

        It goes on with the step that it names, also where others' edits came between: the caller has seen that it has nothing to do
        with those of later steps (`core.edit_log`). It begins another where anything was taken back or made again since.

        Raises `WrongState` when the plan is no longer open for edits, and another `IfmosfsError` when it cannot be kept; then
        nothing was recorded.
        """
        ...

    def since(self, after: int) -> Sequence[Edit]:
        """The edits with a higher number than `after`, whoever made them. Raises `IfmosfsError`."""
        ...
