"""Versions of commits, rollbacks and snapshots with their manifests, and the contents that are held; the log of rollbacks only grows.

Snapshots that were asked for belong to no plan. SQLite cannot let go of NOT NULL, and emptying a table that others refer to
would empty those, so the four tables are made anew, filled, and put in the place of the old ones, those that refer first.
"""

from __future__ import annotations

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
