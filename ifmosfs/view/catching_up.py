"""Taking in the edits that others have made to the same plan: another mount of it, a command, the follower of the originals.

They are taken in in the order of the log, before any edit of this view's own that comes after them (`recording`), so that no edit is
made on a tree that its maker has not seen. Inode numbers stay. Where steps were taken back or made again the whole tree is
planted anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ifmosfs.core.edit_log import RETRACING
from ifmosfs.core.errors import IfmosfsError
from ifmosfs.core.plan import Edit
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.tree import PlanTree
from ifmosfs.view.changes import NameChanges
from ifmosfs.view.edits import EditLog
from ifmosfs.view.gestures import Gestures
from ifmosfs.view.guarded_tree import GuardedTree
from ifmosfs.view.telling import MOST_TOLD_SINGLY, Telling


class CatchingUp:
    """Brings the tree to where the log is."""

    def __init__(
        self,
        guarded: GuardedTree,
        log: EditLog,
        replant: Callable[[], PlanTree] | None,
        gestures: Gestures,
        telling: Telling,
    ) -> None:
        """`replant` gives a new tree of the plan with the edits that are in force."""
        self._guarded = guarded
        self._log = log
        self._replant = replant
        self._gestures = gestures
        self._telling = telling

    def reload(self) -> None:
        """See `View.reload`."""
        with self._guarded.lock:
            self.catch_up()

    def catch_up(self) -> None:
        """Take in what the log has more than the tree; under the lock. IO where it cannot be read."""
        try:
            edits = self._log.since(self._guarded.tree.last_edit)
        except IfmosfsError as error:
            raise FsError(FsErrorKind.IO) from error
        if not edits:
            return
        self._gestures.others_made(edits)
        made = self._made_by(edits)
        names = NameChanges(self._guarded.tree, made if len(made) <= MOST_TOLD_SINGLY else ())
        if any(edit.kind in RETRACING for edit in edits):
            self._plant_anew(edits)
        else:
            self._guarded.tree.replay(edits)
        self._telling.edits_made(made)
        self._telling.names_changed(names.made(self._guarded.tree))

    def _plant_anew(self, edits: Sequence[Edit]) -> None:
        """Steps were taken back, or made again: the tree is another."""
        if self._replant is None:
            raise FsError(FsErrorKind.READ_ONLY, edits[0].path)
        try:
            self._guarded.replant(self._replant())
        except IfmosfsError as error:
            raise FsError(FsErrorKind.IO) from error

    def _made_by(self, edits: Sequence[Edit]) -> Sequence[Edit]:
        """These edits, and those that they take back or make again; nothing where nobody is to be told."""
        if not self._telling.is_heard:
            return ()
        return [*edits, *self._retraced({edit.step for edit in edits if edit.kind in RETRACING})]

    def _retraced(self, steps: set[int]) -> Sequence[Edit]:
        """The edits of steps that were taken back or made again."""
        if not steps:
            return ()
        try:
            return [edit for edit in self._log.since(0) if edit.step in steps]
        except IfmosfsError as error:
            raise FsError(FsErrorKind.IO) from error
