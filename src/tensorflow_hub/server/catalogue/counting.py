"""Counts downloads by version and day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.tables import downloads, models, versions


def add_downloads(connection: sa.Connection, counts: Mapping[tuple[int, int], int]) -> None:
    """Adds downloads to the counts of days and to the totals of models.

    Args:
      connection: a transaction of the catalogue.
      counts: (version id, days since 1970) → number of downloads.
    """
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(downloads)
    upsert = insert.on_conflict_do_update(
        index_elements=[downloads.c.version_id, downloads.c.day],
        set_={"count": downloads.c.count + insert.excluded.count},
    )
    # All processes update the rows in the same order, because otherwise two of them could deadlock.
    for (version_id, day), count in sorted(counts.items()):
        connection.execute(upsert, {"version_id": version_id, "day": day, "count": count})
    of_models: Counter[int] = Counter()
    for (version_id, _), count in counts.items():
        model_id = connection.execute(
            sa.select(versions.c.model_id).where(versions.c.id == version_id)
        ).scalar_one()
        of_models[model_id] += count
    grown = []
    for model_id, count in sorted(of_models.items()):
        before = connection.execute(sa.select(models.c.downloads).where(models.c.id == model_id)).scalar_one()
        total = models.c.downloads + count
        connection.execute(sa.update(models).where(models.c.id == model_id).values(downloads=total))
        # Search sorts by downloads, but roughly: it has to index a model again only when they have doubled.
        if (before + count).bit_length() != before.bit_length():
            grown.append(model_id)
    record_changes(connection, grown)
