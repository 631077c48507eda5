"""Making an edit: checked, durable in the log, and only then true in the tree, in this order and under the lock.

An edit is appended only after the last one that the tree has taken in. Where the log has more by then, they are taken in first
and the edit is looked at again. So is what its operation has seen (`overtaken`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

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

    def record(self, draft: Edit, caller: Caller | None, seen: Seen, *, must_be_free: bool = False) -> int:
        """Record an edit, which gets number and time by that, and make it; returns its step, in which another draft that names it is
        recorded next, whoever the caller is. `must_be_free`: EXISTS if something has the target's name by then. Raises `Overtaken`,
        without an edit, if what was seen is not so any more. NO_ACCESS for whoever is neither the view's owner nor root: the modes
        in the view are those that the result will have, and a shared folder of the target would let others change the plan."""
        if caller is not None and not caller.may_change(self._owner):
            raise FsError(FsErrorKind.NO_ACCESS, draft.path)
        now_ns = self._now_ns()
        draft = replace(draft, at_ns=now_ns)
        with self._guarded.lock:
            edit: Edit | None = None
            while edit is None:
                seen.require(self._guarded.tree, self._where)
                if must_be_free and draft.target is not None and self._guarded.tree.find(draft.target) is not None:
                    raise FsError(FsErrorKind.EXISTS, draft.target)  # taken since the operation looked
                self._guarded.tree.check(draft)
                step = draft.step or self._gestures.step(caller, draft, now_ns)
                edit = self._append(replace(draft, step=step))
            is_told = self._telling.is_heard and edit.kind in PUT_ASIDE
            names = NameChanges(self._guarded.tree, [edit] if is_told else ())
            self._guarded.tree.apply(edit)
            self._gestures.made(caller, edit)
            self._telling.names_changed(
                [each for each in names.made(self._guarded.tree) if each.path not in {edit.path, edit.target}]
            )
            return edit.step

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
