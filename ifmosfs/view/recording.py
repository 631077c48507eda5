"""Making an edit: checked, durable in the log, and only then true in the tree, in this order and under the lock.

An edit is appended only after the last one that the tree has taken in. Where the log has more by then, they are taken in first
and the edit is looked at again. So is what its operation has seen (`overtaken`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from ifmosfs.core.errors import DiskFull, IfmosfsError, WrongState
from ifmosfs.core.plan import Edit
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.view.catching_up import CatchingUp
from ifmosfs.view.changes import NameChanges
from ifmosfs.view.edits import EditLog
from ifmosfs.view.gestures import Gestures
from ifmosfs.view.guarded_tree import GuardedTree
from ifmosfs.view.overtaken import Seen, Where
from ifmosfs.view.telling import PUT_ASIDE, Telling
from ifmosfs.view.values import Caller


class Drafted(NamedTuple):
    """An edit that is to be recorded, what its operation has seen, and whether nothing may have its target's name by then."""

    edit: Edit
    seen: Seen
    must_be_free: bool = False


class Recorder:
    """Records the edits of one view, and makes them."""

    def __init__(
        self,
        guarded: GuardedTree,
        where: Where,
        log: EditLog,
        gestures: Gestures,
        telling: Telling,
        catching_up: CatchingUp,
        now_ns: Callable[[], int],
        owner: tuple[int, int],
    ) -> None:
        self._guarded = guarded
        self._where = where
        self._log = log
        self._gestures = gestures
        self._telling = telling
        self._catching_up = catching_up
        self._now_ns = now_ns
        self._owner = owner

    def record(self, draft: Edit, caller: Caller | None, seen: Seen, *, must_be_free: bool = False) -> None:
        """As `record_together`, for one edit."""
        self.record_together([Drafted(draft, seen, must_be_free)], caller)

    def record_together(self, drafts: Sequence[Drafted], caller: Caller | None) -> None:
        """Record edits, which get number and time by that, as one step, and make each before the next is looked at. Raises `Overtaken`
        at the first of them of which what was seen is not so any more; EXISTS at one with `must_be_free` whose target has its name
        by then. NO_ACCESS for whoever is neither the view's owner nor root: the modes in the view are those that the result will
        have, and a shared folder of the target would let others change the plan."""
        if caller is not None and drafts and not caller.may_change(self._owner):
            raise FsError(FsErrorKind.NO_ACCESS, drafts[0].edit.path)
        now_ns = self._now_ns()
        step = 0
        with self._guarded.lock:
            for index in range(len(drafts)):
                step = self._record(drafts[index:], caller, now_ns, step)

    def _record(self, drafts: Sequence[Drafted], caller: Caller | None, now_ns: int, step: int) -> int:
        """Record the first of the drafts in a step that is going on; 0: in one in which all of them can be. Returns its step."""
        first = drafts[0]
        draft = replace(first.edit, at_ns=now_ns)
        while True:
            first.seen.require(self._guarded.tree, self._where)
            if first.must_be_free and draft.target is not None and self._guarded.tree.find(draft.target) is not None:
                raise FsError(FsErrorKind.EXISTS, draft.target)  # taken since the operation looked
            self._guarded.tree.check(draft)
            step = step or self._gestures.step(caller, [each.edit for each in drafts], now_ns)
            edit = self._append(replace(draft, step=step))
            if edit is not None:
                self._make(edit, caller)
                return edit.step
            step = 0  # others' edits came between, and may have to do with these

    def _make(self, edit: Edit, caller: Caller | None) -> None:
        is_told = self._telling.is_heard and edit.kind in PUT_ASIDE
        names = NameChanges(self._guarded.tree, [edit] if is_told else ())
        self._guarded.tree.apply(edit)
        self._gestures.made(caller, edit)
        self._telling.names_changed(
            [each for each in names.made(self._guarded.tree) if each.path not in {edit.path, edit.target}]
        )

    def _append(self, draft: Edit) -> Edit | None:
        """The edit as recorded; `None` after others' edits were found and taken in, so that it must be looked at again."""
        try:
            edit = self._log.append(draft, self._guarded.tree.last_edit)
        except WrongState as error:
            raise FsError(FsErrorKind.READ_ONLY, draft.path) from error
        except DiskFull as error:
            raise FsError(FsErrorKind.NO_SPACE, draft.path) from error
        except IfmosfsError as error:
            raise FsError(FsErrorKind.IO, draft.path) from error
        if edit is None:
            self._catching_up.catch_up()
        return edit
