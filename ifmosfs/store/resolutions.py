"""Answers to conflicts, kept with the edits that carry them out; only ever added to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import select

from ifmosfs.core.plan import ConflictStrategy, PlanEvent
from ifmosfs.core.resolve import Answer, Resolution
from ifmosfs.store.bulk import insert_rows
from ifmosfs.store.database import Database
from ifmosfs.store.edits import add_edits, last_row, number_of
from ifmosfs.store.encoding import packed, unpacked
from ifmosfs.store.plans import advance_within
from ifmosfs.store.schema import CONFLICT_RESOLUTIONS
from ifmosfs.store.trouble import understood

_COLUMNS: Final = (
    "plan_id",
    "action_id",
    "strategy",
    "before",
    "after",
    "replaced_before",
    "at_ns",
    "first_edit",
    "last_edit",
    "undoes",
)


class Resolutions(Database):
    """Appending to and reading the answers to a plan's conflicts."""

    def append_answers(self, plan_id: str, answers: Sequence[Answer], after: int) -> bool:
        """Add the edits, as one step, and the resolutions of answers, all durably or nothing; `False` if the last row of the
        plan's log is another than the one numbered `after`, on which they were made. Raises: NotFound, WrongState.
        """
        edits = [edit for answer in answers for edit in answer.edits]
        rows = [_row(plan_id, each) for answer in answers for each in answer.resolutions]
        with self._writing() as connection, understood(self._path):
            last = last_row(connection, plan_id)
            if number_of(last) != after:
                return False
            advance_within(connection, plan_id, PlanEvent.EDIT)
            add_edits(connection, plan_id, edits, last)
            insert_rows(connection, CONFLICT_RESOLUTIONS, _COLUMNS, rows)
        return True

    def resolutions(self, plan_id: str) -> list[Resolution]:
        """All answers to conflicts of a plan, and what took them back, in the order they were given."""
        one = CONFLICT_RESOLUTIONS.c
        query = select(
            one.resolution_id,
            one.action_id,
            one.strategy,
            one.before,
            one.after,
            one.replaced_before,
            one.at_ns,
            one.first_edit,
            one.last_edit,
            one.undoes,
        )
        with self._reading() as connection, understood(self._path):
            rows: Sequence[Any] = connection.execute(
                query.where(one.plan_id == plan_id).order_by(one.resolution_id)
            ).all()
            return [
                Resolution(number, action_id, ConflictStrategy(strategy), before, after, unpacked(replaced), *rest)
                for number, action_id, strategy, before, after, replaced, *rest in rows
            ]


def _row(plan_id: str, each: Resolution) -> tuple[Any, ...]:
    return (
        plan_id,
        each.action_id,
        each.strategy.value,
        each.before,
        each.after,
        packed(each.replaced_before),
        each.at_ns,
        each.first_edit,
        each.last_edit,
        each.undoes,
    )
