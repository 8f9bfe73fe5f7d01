"""Records who published each deployment, or where it was mirrored from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Applies it."""
    # Not a batch: that would make the table anew, which is large.
    op.add_column("deployments", sa.Column("published_by", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Reverts it."""
    op.drop_column("deployments", "published_by")
