"""Renames the column for the latest version of a model to `latest`."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0013"


def upgrade() -> None:
    """Applies it."""
    op.execute("ALTER TABLE models RENAME COLUMN newest TO latest")


def downgrade() -> None:
    """Reverts it."""
    op.execute("ALTER TABLE models RENAME COLUMN latest TO newest")
