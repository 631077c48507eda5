"""The catalogue's connection: one SQLAlchemy engine, short transactions, SQLite set up for safety.

SQLite runs with a rollback journal (a full disk is a clean error, and readers in other processes need no shared memory),
synchronous=EXTRA and foreign keys. FULL would not do: a transaction is over when its rollback journal is removed, and a removal
that is not durable brings the journal back after a power cut, and with it the state before. Writers take the write lock when they
begin, so a read inside is never outdated at the write. Generators never hold a transaction while their consumer works: a reader
that pauses would block every writer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event

from ifmosfs.store.trouble import translated

BUSY_SECONDS: Final = 30.0
PAGE_ROWS: Final = 10_000
_WRITING: Final = "ifmosfs_writing"


def sqlite_engine(path: Path, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """An engine for an SQLite file, which is made on first use; waits `busy_seconds` for a lock."""
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, connect_args={"timeout": busy_seconds})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    """Set what SQLite does not store in the file; leave transactions to `_begin`, not to the driver's guesses."""
    connection.isolation_level = None
    for pragma in ("journal_mode=DELETE", "synchronous=EXTRA", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


class Database:
    """An open catalogue database; the subjects (`Sessions`, `Plans`, …) are built on its two kinds of transaction.

    May be used from several threads. A forked child must open its own.
    """

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._path = path
        self._own = threading.local()  # `connection`: of the transaction that this thread holds by `alone`

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated(self._path), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """All of the block, durably, or nothing of it."""
        held: Connection | None = getattr(self._own, "connection", None)
        if held is not None:
            yield held
            return
        with translated(self._path), self._engine.connect() as plain:
            connection = plain.execution_options(**{_WRITING: True})
            with connection.begin():
                yield connection

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else writes while the block works something out; all that this thread writes in it is stored at its end, or nothing.

        For work that would else be outdated again and again; others wait for it, so it must be short. Not to be nested.
        """
        with self._writing() as connection:
            self._own.connection = connection
            try:
                yield
            finally:
                self._own.connection = None

    def _pages(self, page_after: Callable[[Connection, Any], Sequence[Any]]) -> Iterator[Sequence[Any]]:
        """Pages of rows, each read in its own short transaction; `page_after` reads the one after a given last row."""
        last: Any = None
        while True:
            with self._reading() as connection:
                page = page_after(connection, last)
            if not page:
                return
            yield page
            last = page[-1]

    def close(self) -> None:
        """Close all connections; using the catalogue again would open new ones."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
