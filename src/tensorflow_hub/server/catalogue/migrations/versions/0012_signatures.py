"""Adds the keys of publishers, and signatures of versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Applies it."""
    op.create_table(
        "signing_keys",
        sa.Column("id", _Id, nullable=False),
        sa.Column("publisher_id", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("public_key", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.Column("revoked_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["publisher_id"], ["publishers.id"], name="fk_signing_keys_publisher_id_publishers"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_signing_keys"),
        sa.UniqueConstraint("publisher_id", "key_id", name="uq_signing_keys_publisher_id_key_id"),
    )
    op.create_table(
        "signatures",
        sa.Column("id", _Id, nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_signatures_version_id_versions"),
        sa.ForeignKeyConstraint(["key_id"], ["signing_keys.id"], name="fk_signatures_key_id_signing_keys"),
        sa.PrimaryKeyConstraint("id", name="pk_signatures"),
        sa.UniqueConstraint("version_id", "kind", "key_id", name="uq_signatures_version_id_kind_key_id"),
    )
    op.create_index("ix_signatures_key_id", "signatures", ["key_id"])


def downgrade() -> None:
    """Reverts it."""
    op.drop_table("signatures")
    op.drop_table("signing_keys")
