"""What an action replaces, units, and resolutions that can be taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table of units; make `conflict_resolutions`, which nothing wrote before, anew."""
    op.add_column("staging_actions", sa.Column("replaces", sa.LargeBinary(), nullable=True))
    op.add_column("staging_actions", sa.Column("unit", sa.BigInteger(), nullable=True))
    op.add_column("plan_edits", sa.Column("replaces", sa.LargeBinary(), nullable=True))
    op.create_table(
        "plan_units",
        sa.Column("plan_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("root", sa.BigInteger(), nullable=False),
        sa.Column("folder", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["staging_plans.plan_id"], name=op.f("fk_plan_units_plan_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "number", name=op.f("pk_plan_units")),
    )
    _make_resolutions()


def _make_resolutions() -> None:
    op.drop_table("conflict_resolutions")
    op.create_table(
        "conflict_resolutions",
        sa.Column("resolution_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.String(length=32), nullable=False),
        sa.Column("action_id", sa.BigInteger(), nullable=False),
        sa.Column("strategy", sa.String(length=16), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.Column("after", sa.LargeBinary(), nullable=False),
        sa.Column("replaced_before", sa.LargeBinary(), nullable=True),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("first_edit", sa.BigInteger(), nullable=False),
        sa.Column("last_edit", sa.BigInteger(), nullable=False),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["plan_id", "action_id"],
            ["staging_actions.plan_id", "staging_actions.action_id"],
            name=op.f("fk_conflict_resolutions_plan_id_action_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("resolution_id", name=op.f("pk_conflict_resolutions")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_conflict_resolutions_plan_id_action_id"),
        "conflict_resolutions",
        ["plan_id", "action_id"],
        unique=False,
    )
