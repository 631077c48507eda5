"""Bringing a catalogue's schema to this version's: made when fresh, migrated when older, refused when newer.

Alembic is loaded only for a database that is really older. A fresh one is made from the models and stamped; a test proves that
this gives the same schema as all migrations in a row.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect

from ifmosfs.core.errors import DatabaseDamaged
from ifmosfs.store.schema import ALEMBIC_VERSION, METADATA
from ifmosfs.store.trouble import damaged, newer

REVISIONS: Final = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
)  # oldest first; each is a file in `migrations/versions`
SCRIPTS: Final = Path(__file__).with_name("migrations")


def bring_up_to_date(engine: Engine, path: Path, revisions: Sequence[str] = REVISIONS, scripts: Path = SCRIPTS) -> None:
    """Make, migrate or refuse the database, in one transaction. An older one is first copied to `NAME.REVISION.bak`.

    Raises: DatabaseNewer, DatabaseDamaged (a database of something else counts as damaged).
    """
    with engine.connect() as connection, connection.begin():
        if _revision(connection, path) == revisions[-1]:
            return
    with engine.connect() as plain:
        connection = plain.execution_options(ifmosfs_writing=True)
        with connection.begin():  # looked at again: another process may have made it meanwhile
            revision = _revision(connection, path)
            if revision is None:
                _make(connection, revisions[-1])
            elif revision not in revisions:
                raise newer(path, revision)
            elif revision != revisions[-1]:
                _keep_copy(path, revision)
                migrate(connection, scripts)


def _revision(connection: Connection, path: Path) -> str | None:
    """The schema's revision; `None` for a database without any table."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    found = connection.execute(ALEMBIC_VERSION.select()).scalars().all() if ALEMBIC_VERSION.name in tables else []
    if len(found) != 1:
        raise _not_ours(path)
    return str(found[0])


def _not_ours(path: Path) -> DatabaseDamaged:
    return damaged(path, "it is not a catalogue of ifmosfs")


def _make(connection: Connection, revision: str) -> None:
    METADATA.create_all(connection)
    ALEMBIC_VERSION.create(connection)
    connection.execute(ALEMBIC_VERSION.insert().values(version_num=revision))


def _keep_copy(path: Path, revision: str) -> None:
    """Copy the database while the write lock is held: nobody changes it meanwhile."""
    copy = path.with_name(f"{path.name}.{revision}.bak")
    shutil.copyfile(path, copy)
    descriptor = os.open(copy, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def migrate(connection: Connection, scripts: Path = SCRIPTS) -> None:
    """Run all migrations that the database has not had yet, inside the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
