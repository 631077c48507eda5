"""What rules and model would have said alone, and who decided, beside each classification. Of old ones it is not known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty."""
    with op.batch_alter_table("classifications") as table:
        table.add_column(sa.Column("rule_label", sa.String(), nullable=True))
        table.add_column(sa.Column("rule_score", sa.Double(), nullable=True))
        table.add_column(sa.Column("model_label", sa.String(), nullable=True))
        table.add_column(sa.Column("model_score", sa.Double(), nullable=True))
        table.add_column(sa.Column("decided_by", sa.String(length=16), nullable=True))
