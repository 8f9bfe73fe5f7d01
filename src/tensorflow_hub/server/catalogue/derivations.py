"""Which models are derived from which others, as their cards say (field `derived-from`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from tensorflow_hub.handles import as_model_name
from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.catalogue.records import VISIBLE, Version
from tensorflow_hub.server.catalogue.tables import derivations, models, publishers, versions

FIELD = "derived-from"
# How many origins of a card are used, and how many derived models are listed.
_MAX_ORIGINS = 20
MAX_DERIVED = 100


def origins_of(metadata: Mapping[str, Sequence[str]]) -> list[str]:
    """Returns the origins in the fields of a card, as they are written there."""
    return list(dict.fromkeys(metadata.get(FIELD, ())))[:_MAX_ORIGINS]


def set_origins(connection: sa.Connection, version: Version, metadata: Mapping[str, Sequence[str]]) -> None:
    """Replaces the origins of a version by those of its card. Origins that are not handles are left out."""
    connection.execute(sa.delete(derivations).where(derivations.c.version_id == version.id))
    names = [str(name) for name in map(as_model_name, origins_of(metadata)) if name is not None]
    rows = [{"version_id": version.id, "origin": name} for name in dict.fromkeys(names) if len(name) <= 255]
    if rows:
        connection.execute(sa.insert(derivations), rows)


def list_derived(connection: sa.Connection, version: Version, audience: Audience) -> list[str]:
    """Returns handles of the visible versions that are derived from a version or its model, for the audience.

    Of each derived model, only the latest version is listed.
    """
    latest = sa.func.max(versions.c.number)
    query = (
        sa.select(models.c.handle, latest)
        .select_from(derivations)
        .join(versions, derivations.c.version_id == versions.c.id)
        .join(models, versions.c.model_id == models.c.id)
        .join(publishers, models.c.publisher_id == publishers.c.id)
        .where(derivations.c.origin.in_([version.handle, version.model.handle]))
        .where(versions.c.state == VISIBLE, versions.c.model_id != version.model.id, audience.condition())
        .group_by(models.c.handle)
        .order_by(models.c.handle)
        .limit(MAX_DERIVED)
    )
    return [f"{handle}/{number}" for handle, number in connection.execute(query)]
