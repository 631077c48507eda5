"""Versions of commits, rollbacks and snapshots with their manifests, and the contents that are held; the log of rollbacks only grows;
scans keep their patterns.

Snapshots that were asked for belong to no plan. SQLite cannot let go of NOT NULL, and emptying a table that others refer to
would empty those, so the four tables are made anew, filled, and put in the place of the old ones, those that refer first.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None

COPIES = (
    (
        "snapshots",
        "snapshot_id, plan_id, run_id, created_ns, name, level, merkle, n_entries, final, n_held, held_bytes",
        "snapshot_id, plan_id, run_id, created_ns, name, level, merkle, n_entries, final, 0, 0",
    ),
    ("snapshot_roots", "snapshot_id, number, path", "snapshot_id, number, path"),
    (
        "snapshot_entries",
        "snapshot_id, number, root, path, inode, size_bytes, mtime_ns, ctime_ns, birth_ns, digest",
        "snapshot_id, number, root, path, inode, size_bytes, mtime_ns, ctime_ns, birth_ns, digest",
    ),
    # What a version of before names is how things were before its commit, which is not what a version is.
    (
        "versions",
        "version, kind, plan_id, run_id, snapshot_id, target, created_ns, n_moved",
        "version, 'commit', plan_id, run_id, NULL, target, created_ns, n_moved",
    ),
)


def upgrade() -> None:
    """Make the tables, carry their rows over, and have them take the names."""
    _make_snapshots()
    _make_versions()
    for table, columns, values in COPIES:
        op.execute(f"INSERT INTO new_{table} ({columns}) SELECT {values} FROM {table}")  # noqa: S608  constants only
    _hash_anew()
    for table in ("versions", "snapshot_entries", "snapshot_roots", "snapshots"):
        op.drop_table(table)
    for table, _, _ in COPIES:
        op.rename_table(f"new_{table}", table)
    op.create_index(op.f("ix_snapshots_plan_id"), "snapshots", ["plan_id"], unique=False)
    op.create_index(op.f("ix_versions_plan_id"), "versions", ["plan_id"], unique=False)
    op.create_table(
        "contents",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("place", sa.LargeBinary(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_contents")),
    )
    op.add_column("scan_sessions", sa.Column("excludes", sa.String(), nullable=True))
    for verb in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER rollback_log_no_{verb} BEFORE {verb.upper()} ON rollback_log "
            "BEGIN SELECT RAISE(ABORT, 'the log of rollbacks only grows'); END"
        )


def _make_snapshots() -> None:
    op.create_table(
        "new_snapshots",
        sa.Column("snapshot_id", sa.String(length=32), nullable=False),
        sa.Column("plan_id", sa.String(length=32), nullable=True),
        sa.Column("run_id", sa.String(length=32), nullable=True),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(length=32), nullable=False),
        sa.Column("merkle", sa.LargeBinary(), nullable=False),
        sa.Column("n_entries", sa.BigInteger(), nullable=False),
        sa.Column("n_held", sa.BigInteger(), nullable=False),
        sa.Column("held_bytes", sa.BigInteger(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["staging_plans.plan_id"], name=op.f("fk_snapshots_plan_id")),
        sa.PrimaryKeyConstraint("snapshot_id", name=op.f("pk_snapshots")),
    )
    op.create_table(
        "new_snapshot_roots",
        sa.Column("snapshot_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("filesystem", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["new_snapshots.snapshot_id"],
            name=op.f("fk_snapshot_roots_snapshot_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "number", name=op.f("pk_snapshot_roots")),
    )
    op.create_table(
        "new_snapshot_entries",
        sa.Column("snapshot_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("ctime_ns", sa.BigInteger(), nullable=False),
        sa.Column("birth_ns", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("mode", sa.BigInteger(), nullable=True),
        sa.Column("level", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["new_snapshots.snapshot_id"],
            name=op.f("fk_snapshot_entries_snapshot_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "number", name=op.f("pk_snapshot_entries")),
        sqlite_with_rowid=False,
    )


def _make_versions() -> None:
    op.create_table(
        "new_versions",
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("plan_id", sa.String(length=32), nullable=True),
        sa.Column("run_id", sa.String(length=32), nullable=True),
        sa.Column("snapshot_id", sa.String(length=32), nullable=True),
        sa.Column("target", sa.LargeBinary(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("n_moved", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["staging_plans.plan_id"], name=op.f("fk_versions_plan_id")),
        sa.ForeignKeyConstraint(["snapshot_id"], ["new_snapshots.snapshot_id"], name=op.f("fk_versions_snapshot_id")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_versions")),
        sa.UniqueConstraint("run_id", name=op.f("uq_versions_run_id")),
        sqlite_autoincrement=True,
    )


# Manifests were hashed entry by entry. Each that is whole gets the hash that it has by now; a damaged one keeps its own, which then
# fits no more than it did.


def _hash_anew() -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT snapshot_id, merkle FROM new_snapshots WHERE final")).all()
    for snapshot_id, merkle in rows:
        if _root([_hash(b"\x00", entry) for entry in _entries(connection, snapshot_id, _old)]) != merkle:
            continue
        entries = list(_entries(connection, snapshot_id, _new))
        leaves = [_hash(b"\x00", *entries[start : start + 1024]) for start in range(0, len(entries), 1024)]
        values = {"merkle": _root(leaves), "snapshot_id": snapshot_id}
        connection.execute(
            sa.text("UPDATE new_snapshots SET merkle = :merkle WHERE snapshot_id = :snapshot_id"), values
        )


def _entries(connection: sa.Connection, snapshot_id: str, encoded: Callable[..., bytes]) -> Iterator[bytes]:
    roots = "SELECT number, path FROM snapshot_roots WHERE snapshot_id = :snapshot_id"
    names = {row.number: row.path for row in connection.execute(sa.text(roots), {"snapshot_id": snapshot_id})}
    columns = "root, path, inode, size_bytes, mtime_ns, birth_ns, digest"
    query = f"SELECT {columns} FROM snapshot_entries WHERE snapshot_id = :snapshot_id ORDER BY number"  # noqa: S608
    for root, path, inode, size, mtime, birth, digest in connection.execute(
        sa.text(query), {"snapshot_id": snapshot_id}
    ):
        whole = inode if inode >= 0 else inode + (1 << 64)
        yield encoded(
            names[root], path, whole, size, _time(mtime), None if birth is None else _time(birth), digest or b""
        )


def _time(stored: int) -> int:
    return stored if stored >= -(1 << 31) * 1_000_000_000 else stored + (1 << 64)


def _old(root: bytes, path: bytes, inode: int, size: int, mtime: int, birth: int | None, digest: bytes) -> bytes:
    return b"%b\x00%b\x00%b\x00%b" % (root, path, f"{inode} {size} {mtime} {birth}".encode(), digest)


def _new(root: bytes, path: bytes, inode: int, size: int, mtime: int, birth: int | None, digest: bytes) -> bytes:
    mask, flags = (1 << 64) - 1, 0 if birth is None else 1
    lengths = len(root), len(path), len(digest)
    head = struct.pack("<IIBBQQQQI", *lengths, flags, inode, size, mtime & mask, (birth or 0) & mask, 0)
    return head + root + path + digest


def _root(level: list[bytes]) -> bytes:
    while len(level) > 1:
        pairs = [_hash(b"\x01", *level[at : at + 2]) for at in range(0, len(level) - 1, 2)]
        level = pairs + (level[-1:] if len(level) % 2 else [])
    return level[0] if level else bytes(32)


def _hash(*parts: bytes) -> bytes:
    return hashlib.blake2b(b"".join(parts), digest_size=32).digest()
