"""Publishers that are mirrored from another hub."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Applies it."""
    with op.batch_alter_table("publishers") as batch:
        batch.add_column(sa.Column("mirrored", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Takes it back."""
    with op.batch_alter_table("publishers") as batch:
        batch.drop_column("mirrored")
