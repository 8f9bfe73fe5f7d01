"""Adds mail to members about events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Applies it."""
    with op.batch_alter_table("webhooks") as table:
        table.add_column(sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
        table.create_foreign_key("fk_webhooks_user_id_users", "users", ["user_id"], ["id"])
    op.create_index("ix_webhooks_user_id", "webhooks", ["user_id"])


def downgrade() -> None:
    """Reverts it."""
    op.drop_index("ix_webhooks_user_id", "webhooks")
    with op.batch_alter_table("webhooks") as table:
        table.drop_column("user_id")
