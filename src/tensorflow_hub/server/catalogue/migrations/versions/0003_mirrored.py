"""Marks publishers that are mirrored from another hub."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Applies it."""
    # Not a batch: that would drop the old table, which its models refer to.
    op.add_column(
        "publishers", sa.Column("mirrored", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """Reverts it."""
    op.drop_column("publishers", "mirrored")
