"""What Alembic runs: migrate over the connection that `store.migrate` hands in, inside its transaction."""

from __future__ import annotations

from alembic import context

from ifmosfs.store.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=False,  # the caller's transaction spans all migrations
)
context.run_migrations()
