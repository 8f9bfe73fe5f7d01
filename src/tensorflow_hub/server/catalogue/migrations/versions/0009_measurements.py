"""Adds measurements of versions: a metric on a dataset, with its interval and author."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Applies it."""
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "measurements",
        sa.Column("id", key, nullable=False),
        sa.Column("version_id", key, nullable=False),
        sa.Column("publisher_id", key, nullable=False),
        sa.Column("task", sa.String(100), nullable=False),
        sa.Column("dataset", sa.String(200), nullable=False),
        sa.Column("metric", sa.String(100), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("higher_is_better", sa.Boolean(), nullable=False),
        sa.Column("low", sa.Double()),
        sa.Column("high", sa.Double()),
        sa.Column("examples", sa.BigInteger()),
        sa.Column("examples_per_second", sa.Double()),
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger()),
        sa.Column("dataset_url", sa.Text(), nullable=False),
        sa.Column("dataset_digest", sa.String(71), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("measured_by", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger()),
        sa.Column("token_id", sa.BigInteger()),
        sa.Column("measured_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_measurements_version_id_versions"),
        sa.ForeignKeyConstraint(
            ["publisher_id"], ["publishers.id"], name="fk_measurements_publisher_id_publishers"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_measurements"),
        sa.UniqueConstraint(
            "version_id",
            "publisher_id",
            "task",
            "dataset",
            "metric",
            name="uq_measurements_version_id_publisher_id_task_dataset_metric",
        ),
    )
    op.create_index("ix_measurements_publisher_id", "measurements", ["publisher_id"])
    op.create_index("ix_measurements_task", "measurements", ["task", "dataset", "metric"])


def downgrade() -> None:
    """Reverts it."""
    op.drop_table("measurements")
