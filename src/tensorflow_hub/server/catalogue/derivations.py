"""Which models were made from which: a card names the modules that its model is derived from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from tensorflow_hub.handles import as_model_name
from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.catalogue.records import VISIBLE, Version
from tensorflow_hub.server.catalogue.tables import derivations, models, publishers, versions

FIELD = "derived-from"
# So many of a card count, and so many that are derived from one are told.
_MOST_ORIGINS = 20
MOST_DERIVED = 100


def origins_of(metadata: Mapping[str, Sequence[str]]) -> list[str]:
    """The modules that a card names, as it writes them."""
    return list(dict.fromkeys(metadata.get(FIELD, ())))[:_MOST_ORIGINS]


def set_origins(connection: sa.Connection, version: Version, metadata: Mapping[str, Sequence[str]]) -> None:
    """Keeps what a version is derived from; what is not named as on a hub is in its card alone."""
    connection.execute(sa.delete(derivations).where(derivations.c.version_id == version.id))
    names = [str(name) for name in map(as_model_name, origins_of(metadata)) if name is not None]
    rows = [{"version_id": version.id, "origin": name} for name in dict.fromkeys(names) if len(name) <= 255]
    if rows:
        connection.execute(sa.insert(derivations), rows)


def list_derived(connection: sa.Connection, version: Version, audience: Audience) -> list[str]:
    """Handles of the visible versions that are derived from a version, or from its model; the newest of each.

    Only of publishers that the audience may read.
    """
    newest = sa.func.max(versions.c.number)
    query = (
        sa.select(models.c.handle, newest)
        .select_from(derivations)
        .join(versions, derivations.c.version_id == versions.c.id)
        .join(models, versions.c.model_id == models.c.id)
        .join(publishers, models.c.publisher_id == publishers.c.id)
        .where(derivations.c.origin.in_([version.handle, version.model.handle]))
        .where(versions.c.state == VISIBLE, versions.c.model_id != version.model.id, audience.condition())
        .group_by(models.c.handle)
        .order_by(models.c.handle)
        .limit(MOST_DERIVED)
    )
    return [f"{handle}/{number}" for handle, number in connection.execute(query)]
