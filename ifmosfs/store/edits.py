"""What people change about plans: edits, replayed in order, and corrections, kept to learn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, func, select

from ifmosfs.core.errors import PlanOutdated
from ifmosfs.core.files import Place
from ifmosfs.core.manifest import Correction
from ifmosfs.core.plan import Edit, EditKind, PlanEvent
from ifmosfs.store.bulk import delete_rows, insert_rows
from ifmosfs.store.database import Database
from ifmosfs.store.encoding import legible_or_none, packed, time_ns, unpacked, wrapped
from ifmosfs.store.plans import advance_within
from ifmosfs.store.schema import PlanCorrection, PlanEdit
from ifmosfs.store.trouble import understood

EDIT_COLUMNS: Final = (
    "plan_id",
    "seq",
    "kind",
    "path",
    "target",
    "at_ns",
    "mode",
    "mtime_ns",
    "replaces",
    "action_id",
    "category",
)


class Edits(Database):
    """Appending to and reading the edits of a plan."""

    def append_edit(self, plan_id: str, draft: Edit) -> Edit:
        """Add an edit to a plan that is staged (or validated, which it then no longer is), with the next number as its `seq`;
        durable when it returns.

        Edits by several processes get different numbers. Raises: NotFound, WrongState.
        """
        with self._writing() as connection:
            return self._append(connection, plan_id, draft, last_edit_within(connection, plan_id))

    def append_edit_after(self, plan_id: str, draft: Edit, after: int) -> Edit | None:
        """As `append_edit`, unless the plan's last edit is another than the one numbered `after` (0: there is none): then
        nothing is added, and `None` returned."""
        with self._writing() as connection:
            last = last_edit_within(connection, plan_id)
            return self._append(connection, plan_id, draft, last) if last == after else None

    def append_edits(self, plan_id: str, drafts: Sequence[Edit], after: int) -> None:
        """Add edits that were made when the plan's last edit was the one numbered `after`, all or none, in one transaction.

        Raises: PlanOutdated if somebody has edited the plan since; NotFound, WrongState.
        """
        with self._writing() as connection:
            with understood(self._path):
                advance_within(connection, plan_id, PlanEvent.EDIT)
            if last_edit_within(connection, plan_id) != after:
                raise PlanOutdated(f"the plan {plan_id} was edited meanwhile by somebody else", hint="try again")
            numbered = (replace(draft, seq=seq) for seq, draft in enumerate(drafts, after + 1))
            insert_rows(connection, PlanEdit, EDIT_COLUMNS, (edit_row(plan_id, edit) for edit in numbered))

    def _append(self, connection: Connection, plan_id: str, draft: Edit, last: int) -> Edit:
        with understood(self._path):
            advance_within(connection, plan_id, PlanEvent.EDIT)
        edit = replace(draft, seq=last + 1)
        insert_rows(connection, PlanEdit, EDIT_COLUMNS, [edit_row(plan_id, edit)])
        return edit

    def edits(self, plan_id: str, after: int = 0) -> tuple[Edit, ...]:
        """The edits of a plan in the order they were made, those with a `seq` above `after`; none for an unknown plan."""
        columns = (getattr(PlanEdit, name) for name in EDIT_COLUMNS[1:])
        query = select(*columns).where(PlanEdit.plan_id == plan_id)
        with self._reading() as connection, understood(self._path):
            rows: Sequence[Any] = connection.execute(query.where(PlanEdit.seq > after).order_by(PlanEdit.seq)).all()
            return tuple(_edit(*row) for row in rows)

    def save_corrections(self, plan_id: str, corrections: Iterable[Correction]) -> int:
        """Store what a person changed about files of the plan, in the place of what was stored before; returns how many."""
        rows = [
            (plan_id, *one.place, legible_or_none(one.from_category), one.from_target, one.to_target, one.at_ns)
            for one in corrections
        ]
        columns = ("plan_id", "root", "path", "from_category", "from_target", "to_target", "at_ns")
        with self._writing() as connection:
            delete_rows(connection, PlanCorrection, "plan_id", [plan_id])
            return insert_rows(connection, PlanCorrection, columns, rows)

    def corrections(self, plan_id: str | None = None) -> list[Correction]:
        """The corrections of a plan, or of all, in the order they were stored."""
        one = PlanCorrection
        query = select(one.root, one.path, one.from_category, one.from_target, one.to_target, one.at_ns)
        if plan_id is not None:
            query = query.where(one.plan_id == plan_id)
        with self._reading() as connection:
            rows: Sequence[Any] = connection.execute(query.order_by(one.correction_id)).all()
        return [Correction(Place(root, path), *rest) for root, path, *rest in rows]


def last_edit_within(connection: Connection, plan_id: str) -> int:
    """The number of the plan's last edit, 0 for none; inside a transaction."""
    query = select(func.coalesce(func.max(PlanEdit.seq), 0)).where(PlanEdit.plan_id == plan_id)
    return int(connection.execute(query).scalar_one())


def edit_row(plan_id: str, edit: Edit) -> tuple[Any, ...]:
    """The edit as a row of `EDIT_COLUMNS`."""
    mtime_ns = None if edit.mtime_ns is None else wrapped(edit.mtime_ns)
    replaces = packed(edit.replaces)
    made = plan_id, edit.seq, edit.kind.value, edit.path, edit.target, edit.at_ns, edit.mode, mtime_ns, replaces
    return *made, edit.action_id, legible_or_none(edit.category)


def _edit(
    seq: int,
    kind: str,
    path: bytes,
    target: bytes | None,
    at_ns: int,
    mode: int | None,
    mtime_ns: int | None,
    replaces: bytes | None,
    action_id: int | None,
    category: str | None,
) -> Edit:
    mtime_ns = None if mtime_ns is None else time_ns(mtime_ns)
    return Edit(seq, EditKind(kind), path, target, at_ns, mode, mtime_ns, unpacked(replaces), action_id, category)
