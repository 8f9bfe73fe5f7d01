"""Adds the origins from which versions are derived, as their cards say."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Applies it."""
    op.create_table(
        "derivations",
        sa.Column("version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("origin", sa.String(255), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_derivations_version_id_versions"),
        sa.PrimaryKeyConstraint("version_id", "origin", name="pk_derivations"),
    )
    op.create_index("ix_derivations_origin", "derivations", ["origin"])


def downgrade() -> None:
    """Reverts it."""
    op.drop_table("derivations")
