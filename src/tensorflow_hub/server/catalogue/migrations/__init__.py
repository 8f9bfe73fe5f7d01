"""The migrations of the catalogue's tables, for Alembic."""
