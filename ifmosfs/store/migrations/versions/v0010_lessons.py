"""What people have said about contents: the log of lessons, which only grows. Classifications name the lesson that played a part, and
have a sketch by which files that are alike are found; plans say of which edits lessons were made. All of it is empty at first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, with what keeps it from being changed, and add the columns."""
    op.create_table(
        "lessons",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("content_key", sa.LargeBinary(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("before_label", sa.String(), nullable=True),
        sa.Column("before_score", sa.Double(), nullable=True),
        sa.Column("feature_version", sa.BigInteger(), nullable=True),
        sa.Column("features", sa.LargeBinary(), nullable=True),
        sa.Column("sketch", sa.LargeBinary(), nullable=True),
        sa.Column("plan_id", sa.String(length=32), nullable=True),
        sa.Column("edit", sa.BigInteger(), nullable=True),
        sa.Column("action_id", sa.BigInteger(), nullable=True),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_lessons")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_lessons_content_key"), "lessons", ["content_key"], unique=False)
    op.create_index(op.f("ix_lessons_plan_id"), "lessons", ["plan_id"], unique=False)
    op.create_table(
        "lesson_marks",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lesson_marks")),
    )
    for verb in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER lessons_no_{verb} BEFORE {verb.upper()} ON lessons "
            "BEGIN SELECT RAISE(ABORT, 'the log of lessons only grows'); END"
        )
    with op.batch_alter_table("classifications") as table:
        table.add_column(sa.Column("lesson", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("sketch", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("staging_plans") as table:
        table.add_column(sa.Column("learnt_edit", sa.BigInteger(), server_default="0", nullable=False))
