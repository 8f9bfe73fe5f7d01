"""Adds the list of changes that the search index follows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Applies it."""
    op.create_table(
        "changes",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("model_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name=op.f("fk_changes_model_id_models")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_changes")),
    )


def downgrade() -> None:
    """Reverts it."""
    op.drop_table("changes")
