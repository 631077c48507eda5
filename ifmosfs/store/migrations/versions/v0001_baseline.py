"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables of the first version."""
    op.create_table(
        "models",
        sa.Column("model_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("format_version", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("metrics", sa.LargeBinary(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("model_id", name=op.f("pk_models")),
    )
    op.create_table(
        "scan_sessions",
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("tag", sa.String(), nullable=True),
        sa.Column("roots_key", sa.String(length=64), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("scanned_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_scan_sessions")),
        sa.UniqueConstraint("roots_key", name=op.f("uq_scan_sessions_roots_key")),
    )
    op.create_table(
        "session_roots",
        sa.Column("root_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("filesystem", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["scan_sessions.session_id"], name=op.f("fk_session_roots_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("root_id", name=op.f("pk_session_roots")),
        sa.UniqueConstraint("session_id", "path", name=op.f("uq_session_roots_session_id_path")),
    )
    op.create_table(
        "staging_plans",
        sa.Column("plan_id", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("target", sa.LargeBinary(), nullable=False),
        sa.Column("target_filesystem", sa.String(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("policy", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("n_moves", sa.BigInteger(), nullable=False),
        sa.Column("n_kept", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["scan_sessions.session_id"], name=op.f("fk_staging_plans_session_id")),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_staging_plans")),
    )
    op.create_index(op.f("ix_staging_plans_session_id"), "staging_plans", ["session_id"], unique=False)
    op.create_table(
        "corrections",
        sa.Column("correction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.String(length=32), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("from_category", sa.String(), nullable=True),
        sa.Column("from_target", sa.LargeBinary(), nullable=True),
        sa.Column("to_target", sa.LargeBinary(), nullable=True),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["staging_plans.plan_id"], name=op.f("fk_corrections_plan_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("correction_id", name=op.f("pk_corrections")),
    )
    op.create_index(op.f("ix_corrections_plan_id"), "corrections", ["plan_id"], unique=False)
    op.create_table(
        "files",
        sa.Column("file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("root_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("mode", sa.BigInteger(), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("ctime_ns", sa.BigInteger(), nullable=False),
        sa.Column("birth_ns", sa.BigInteger(), nullable=True),
        sa.Column("readable", sa.Boolean(), nullable=False),
        sa.Column("classified_category", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["root_id"], ["session_roots.root_id"], name=op.f("fk_files_root_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_files")),
        sa.UniqueConstraint("root_id", "path", name=op.f("uq_files_root_id_path")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "plan_edits",
        sa.Column("plan_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("target", sa.LargeBinary(), nullable=True),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("mode", sa.BigInteger(), nullable=True),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["staging_plans.plan_id"], name=op.f("fk_plan_edits_plan_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "seq", name=op.f("pk_plan_edits")),
    )
    op.create_table(
        "plan_roots",
        sa.Column("plan_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("filesystem", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["staging_plans.plan_id"], name=op.f("fk_plan_roots_plan_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "number", name=op.f("pk_plan_roots")),
    )
    op.create_table(
        "rollback_log",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("plan_id", sa.String(length=32), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("selection", sa.String(), nullable=False),
        sa.Column("n_done", sa.BigInteger(), nullable=False),
        sa.Column("n_conflicts", sa.BigInteger(), nullable=False),
        sa.Column("n_failed", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["staging_plans.plan_id"], name=op.f("fk_rollback_log_plan_id")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_rollback_log")),
    )
    op.create_index(op.f("ix_rollback_log_plan_id"), "rollback_log", ["plan_id"], unique=False)
    op.create_table(
        "scan_issues",
        sa.Column("issue_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("root_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["root_id"], ["session_roots.root_id"], name=op.f("fk_scan_issues_root_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issue_id", name=op.f("pk_scan_issues")),
    )
    op.create_index(op.f("ix_scan_issues_root_id"), "scan_issues", ["root_id"], unique=False)
    op.create_table(
        "snapshots",
        sa.Column("snapshot_id", sa.String(length=32), nullable=False),
        sa.Column("plan_id", sa.String(length=32), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(length=32), nullable=False),
        sa.Column("merkle", sa.LargeBinary(), nullable=False),
        sa.Column("n_entries", sa.BigInteger(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["staging_plans.plan_id"], name=op.f("fk_snapshots_plan_id")),
        sa.PrimaryKeyConstraint("snapshot_id", name=op.f("pk_snapshots")),
    )
    op.create_index(op.f("ix_snapshots_plan_id"), "snapshots", ["plan_id"], unique=False)
    op.create_table(
        "staging_actions",
        sa.Column("plan_id", sa.String(length=32), nullable=False),
        sa.Column("action_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("root", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("folder", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("ctime_ns", sa.BigInteger(), nullable=False),
        sa.Column("birth_ns", sa.BigInteger(), nullable=True),
        sa.Column("mode", sa.BigInteger(), nullable=False),
        sa.Column("entry_kind", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("keep_reason", sa.String(length=16), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["staging_plans.plan_id"], name=op.f("fk_staging_actions_plan_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "action_id", name=op.f("pk_staging_actions")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "staging_folders",
        sa.Column("plan_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("planned", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["staging_plans.plan_id"], name=op.f("fk_staging_folders_plan_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "number", name=op.f("pk_staging_folders")),
    )
    op.create_table(
        "classifications",
        sa.Column("file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("classifier", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("runner_up", sa.String(), nullable=True),
        sa.Column("runner_up_score", sa.Double(), nullable=False),
        sa.Column("document_date", sa.String(length=10), nullable=True),
        sa.Column("unreadable", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["file_id"], ["files.file_id"], name=op.f("fk_classifications_file_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_classifications")),
    )
    op.create_table(
        "conflict_resolutions",
        sa.Column("plan_id", sa.String(length=32), nullable=False),
        sa.Column("action_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("strategy", sa.String(length=16), nullable=False),
        sa.Column("target", sa.LargeBinary(), nullable=True),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id", "action_id"],
            ["staging_actions.plan_id", "staging_actions.action_id"],
            name=op.f("fk_conflict_resolutions_plan_id_action_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("plan_id", "action_id", name=op.f("pk_conflict_resolutions")),
    )
    op.create_table(
        "snapshot_entries",
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
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.snapshot_id"], name=op.f("fk_snapshot_entries_snapshot_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "number", name=op.f("pk_snapshot_entries")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "snapshot_roots",
        sa.Column("snapshot_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.snapshot_id"], name=op.f("fk_snapshot_roots_snapshot_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "number", name=op.f("pk_snapshot_roots")),
    )
    op.create_table(
        "versions",
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.String(length=32), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("snapshot_id", sa.String(length=32), nullable=True),
        sa.Column("target", sa.LargeBinary(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("n_moved", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["staging_plans.plan_id"], name=op.f("fk_versions_plan_id")),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshots.snapshot_id"], name=op.f("fk_versions_snapshot_id")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_versions")),
        sa.UniqueConstraint("run_id", name=op.f("uq_versions_run_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_versions_plan_id"), "versions", ["plan_id"], unique=False)
