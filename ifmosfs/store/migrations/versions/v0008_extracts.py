"""What extractors found in contents, kept by the contents' keys. The table is new and empty; nothing else changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "extracts",
        sa.Column("content_key", sa.LargeBinary(), nullable=False),
        sa.Column("extractor", sa.String(), nullable=False),
        sa.Column("used_ns", sa.BigInteger(), nullable=False),
        sa.Column("extract", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("content_key", name=op.f("pk_extracts")),
    )
    op.create_index(op.f("ix_extracts_used_ns"), "extracts", ["used_ns"], unique=False)
