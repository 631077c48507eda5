"""Steps of the edit log, which can be taken back as a whole, and where an edit was made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give each edit of before a step of its own, and all edits of an answer to a conflict one together."""
    op.add_column("plan_edits", sa.Column("step", sa.BigInteger(), nullable=True))
    op.add_column("plan_edits", sa.Column("origin", sa.String(length=16), nullable=True))
    edits = sa.table("plan_edits", *map(sa.column, ("plan_id", "seq", "step", "origin")))
    answers = sa.table("conflict_resolutions", *map(sa.column, ("plan_id", "first_edit", "last_edit")))
    of_plan = answers.c.plan_id == edits.c.plan_id
    within = edits.c.seq.between(answers.c.first_edit, answers.c.last_edit)
    first = sa.select(answers.c.first_edit).where(of_plan, within).limit(1).scalar_subquery()
    origin = sa.case((first.is_not(None), "resolve"), else_="view")
    op.execute(edits.update().values(step=sa.func.coalesce(first, edits.c.seq), origin=origin))
    with op.batch_alter_table("plan_edits") as table:
        table.alter_column("step", existing_type=sa.BigInteger(), nullable=False)
        table.alter_column("origin", existing_type=sa.String(length=16), nullable=False)
