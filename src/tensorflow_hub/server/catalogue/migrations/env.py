"""Applies the migrations on the given connection. Alembic runs this file."""

from __future__ import annotations

from alembic import context

from tensorflow_hub.server.catalogue.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
