"""What people change about plans: edits, replayed in order, and corrections, kept to learn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func, insert, select

from ifmosfs.core.files import Place
from ifmosfs.core.manifest import Correction
from ifmosfs.core.plan import Edit, EditKind, PlanEvent
from ifmosfs.store.bulk import delete_rows, insert_rows
from ifmosfs.store.database import Database
from ifmosfs.store.encoding import legible_or_none, time_ns, wrapped
from ifmosfs.store.plans import advance_within
from ifmosfs.store.schema import PlanCorrection, PlanEdit
from ifmosfs.store.trouble import understood


class Edits(Database):
    """Appending to and reading the edits of a plan."""

    def append_edit(self, plan_id: str, draft: Edit) -> Edit:
        """Add an edit to a plan that is staged (or validated, which it then no longer is), with the next number as its `seq`;
        durable when it returns.

        Edits by several processes get different numbers. Raises: NotFound, WrongState.
        """
        with self._writing() as connection:
            with understood(self._path):
                advance_within(connection, plan_id, PlanEvent.EDIT)
            query = select(func.coalesce(func.max(PlanEdit.seq), 0)).where(PlanEdit.plan_id == plan_id)
            edit = replace(draft, seq=connection.execute(query).scalar_one() + 1)
            row = {
                "plan_id": plan_id,
                "seq": edit.seq,
                "kind": edit.kind.value,
                "path": edit.path,
                "target": edit.target,
                "at_ns": edit.at_ns,
                "mode": edit.mode,
                "mtime_ns": None if edit.mtime_ns is None else wrapped(edit.mtime_ns),
            }
            connection.execute(insert(PlanEdit).values(row))
        return edit

    def edits(self, plan_id: str) -> tuple[Edit, ...]:
        """The edits of a plan in the order they were made; none for a plan that is not there."""
        columns = (PlanEdit.seq, PlanEdit.kind, PlanEdit.path, PlanEdit.target, PlanEdit.at_ns, PlanEdit.mode)
        query = select(*columns, PlanEdit.mtime_ns).where(PlanEdit.plan_id == plan_id).order_by(PlanEdit.seq)
        with self._reading() as connection, understood(self._path):
            return tuple(
                Edit(row.seq, EditKind(row.kind), *row[2:6], None if row.mtime_ns is None else time_ns(row.mtime_ns))
                for row in connection.execute(query)
            )

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
