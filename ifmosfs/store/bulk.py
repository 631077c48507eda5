"""Many rows at once, at nearly the driver's own speed: tuples straight to the driver where it takes them.

SQLAlchemy's `insert()` with a dict per row costs four times as much on SQLite, adding ORM objects forty times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Delete, Insert, Table, Update, bindparam, delete, insert, update

BATCH_ROWS: Final = 20_000
T = TypeVar("T")


def batches(items: Iterable[T], n: int = BATCH_ROWS) -> Iterator[list[T]]:
    """The items in lists of at most `n`."""
    iterator = iter(items)
    while batch := list(islice(iterator, n)):
        yield batch


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert rows whose values stand in the order of `columns`; returns their number."""
    return _run(connection, insert(table).values({name: bindparam(name) for name in columns}), columns, rows)


def update_rows(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    keys: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> int:
    """Set `columns` of the rows that have the `keys`; each row holds first the new values, then the key."""
    statement = update(table).values({name: bindparam(name) for name in columns})
    for key in keys:
        statement = statement.where(table.c[key] == bindparam(f"key_{key}"))
    return _run(connection, statement, [*columns, *(f"key_{key}" for key in keys)], rows)


def delete_rows(connection: Connection, table: Table, key: str, values: Iterable[Any]) -> int:
    """Delete the rows with one of the values in the column `key`."""
    statement = delete(table).where(table.c[key] == bindparam(f"key_{key}"))
    return _run(connection, statement, [f"key_{key}"], ((value,) for value in values))


def _run(
    connection: Connection, statement: Insert | Update | Delete, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    """Run the statement for every row, in batches; returns the number of rows given."""
    compiled = statement.compile(dialect=connection.dialect)
    positions = getattr(compiled, "positiontup", None)
    n_rows = 0
    for batch in batches(rows):
        if positions is None:  # a driver with named parameters
            connection.execute(statement, [dict(zip(names, row, strict=True)) for row in batch])
        elif list(positions) == list(names):
            connection.exec_driver_sql(str(compiled), [tuple(row) for row in batch])
        else:
            order = [names.index(name) for name in positions]
            connection.exec_driver_sql(str(compiled), [tuple(row[at] for at in order) for row in batch])
        n_rows += len(batch)
    return n_rows
