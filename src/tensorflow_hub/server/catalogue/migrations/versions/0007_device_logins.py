"""Adds programs that wait for a user to sign them in with a browser."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Applies it."""
    op.create_table(
        "device_logins",
        sa.Column("device_sha256", sa.String(64), nullable=False),
        sa.Column("user_code", sa.String(20), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("token_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("device_sha256", name="pk_device_logins"),
        sa.UniqueConstraint("user_code", name="uq_device_logins_user_code"),
    )


def downgrade() -> None:
    """Reverts it."""
    op.drop_table("device_logins")
