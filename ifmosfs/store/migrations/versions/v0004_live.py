"""Files that appear, change or are renamed while a plan is mounted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and the index by which an action is found from its file."""
    op.add_column("plan_edits", sa.Column("action_id", sa.BigInteger(), nullable=True))
    op.add_column("plan_edits", sa.Column("category", sa.String(), nullable=True))
    op.add_column("staging_actions", sa.Column("planned_root", sa.BigInteger(), nullable=True))
    op.add_column("staging_actions", sa.Column("planned_source", sa.LargeBinary(), nullable=True))
    name = op.f("ix_staging_actions_plan_id_root_source")
    op.create_index(name, "staging_actions", ["plan_id", "root", "source"], unique=False)
