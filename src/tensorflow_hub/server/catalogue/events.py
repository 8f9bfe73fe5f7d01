"""Events of versions for feeds, webhooks and mail: published, withdrawn, restored, deleted, card changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.api.names import EVENTS
from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.catalogue.tables import audit, publishers


@dataclasses.dataclass(frozen=True)
class Event:
    """An event of a version, without the person who caused it.

    Attributes:
      at: when it happened, in seconds since 1970.
      action: one of `EVENTS`.
      handle: the version.
      detail: more values of the audit log: the reason, the deployment.
    """

    at: int
    action: str
    handle: str
    detail: Mapping[str, Any]


def list_events(
    connection: sa.Connection, audience: Audience, below: str = "", limit: int = 50
) -> list[Event]:
    """Returns the latest events that the audience may read, the latest first.

    Args:
      connection: to the catalogue.
      audience: who reads.
      below: a publisher or a model; "" for all.
      limit: how many at most.
    """
    # A handle begins with the name of its publisher and a slash. Names of publishers have no slash.
    of_publisher = sa.func.substr(audit.c.subject, 1, sa.func.length(publishers.c.name) + 1)
    query = (
        sa.select(audit.c.at, audit.c.action, audit.c.subject, audit.c.detail)
        .join(publishers, of_publisher == publishers.c.name + "/")
        .where(audit.c.action.in_(list(EVENTS)), audience.condition())
        .order_by(audit.c.id.desc())
        .limit(limit)
    )
    if below:
        query = query.where(audit.c.subject.startswith(f"{below}/", autoescape=True))
    return [Event(*row) for row in connection.execute(query)]
