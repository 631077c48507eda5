"""Manifests in leaves of up to 1,024 entries, as they are hashed: written in a quarter of the time, and proved without being read.

A manifest of before becomes the leaves that it would have by now, so its hash stays what it was; a damaged one fits no more than it
did. An entry that names no root of its manifest has one of no name.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from itertools import islice
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

PER_LEAF = 1024
MASK = (1 << 64) - 1
LEVELS = {None: 0, "NAME": 4, "CONTENT-REFLINK": 8, "CONTENT-COPY": 12}


def upgrade() -> None:
    """Make the table, fill it from the old one, and have it take the name."""
    op.create_table(
        "new_snapshot_entries",
        sa.Column("snapshot_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.Column("ctimes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.snapshot_id"], name=op.f("fk_snapshot_entries_snapshot_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "number", name=op.f("pk_snapshot_entries")),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    for (snapshot_id,) in connection.execute(sa.text("SELECT snapshot_id FROM snapshots")).all():
        with contextlib.suppress(TypeError, ValueError, struct.error):  # a damaged one is short of what makes no sense
            _carry_over(connection, snapshot_id)
    op.drop_table("snapshot_entries")
    op.rename_table("new_snapshot_entries", "snapshot_entries")


def _carry_over(connection: sa.Connection, snapshot_id: str) -> None:
    insert = sa.text("INSERT INTO new_snapshot_entries VALUES (:snapshot_id, :number, :entries, :ctimes)")
    rows = _rows(connection, snapshot_id)
    number = 0
    while some := list(islice(rows, PER_LEAF)):
        ctimes = struct.pack(f"<{len(some)}Q", *(ctime for _, ctime in some))
        entries = b"".join(entry for entry, _ in some)
        values = {"snapshot_id": snapshot_id, "number": number, "entries": entries, "ctimes": ctimes}
        connection.execute(insert, values)
        number += 1


def _rows(connection: sa.Connection, snapshot_id: str) -> Iterator[tuple[bytes, int]]:
    roots = sa.text("SELECT number, path FROM snapshot_roots WHERE snapshot_id = :snapshot_id")
    names = {row.number: row.path for row in connection.execute(roots, {"snapshot_id": snapshot_id})}
    query = sa.text(
        "SELECT number, root, path, inode, size_bytes, mtime_ns, ctime_ns, birth_ns, digest, mode, level "
        "FROM snapshot_entries WHERE snapshot_id = :snapshot_id AND number > :last ORDER BY number LIMIT 10000"
    )
    last = -1
    while page := connection.execute(query, {"snapshot_id": snapshot_id, "last": last}).all():
        for row in page:
            yield _entry(names.get(row.root, b""), row), row.ctime_ns & MASK
        last = page[-1].number


def _entry(root: bytes, row: Any) -> bytes:
    digest = row.digest or b""
    flags = LEVELS.get(row.level, 0) | (row.birth_ns is not None) | (row.mode is not None) << 1
    lengths = len(root), len(row.path), len(digest)
    times = row.mtime_ns & MASK, (row.birth_ns or 0) & MASK
    head = struct.pack("<IIBBQQQQI", *lengths, flags, row.inode & MASK, row.size_bytes, *times, row.mode or 0)
    return b"".join((head, root, row.path, digest))
