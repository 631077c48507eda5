"""Alembic migrations of the catalogue, run by `store.migrate`; users need no alembic.ini."""
