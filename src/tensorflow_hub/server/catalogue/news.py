"""What happened to models, newest first: published, withdrawn, restored, deleted, card changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.catalogue.tables import audit, publishers

# Actions of the audit log that feeds, webhooks and mail tell of, in words.
TITLES: Mapping[str, str] = {
    "publish": "{handle} was published",
    "withdraw": "{handle} was withdrawn",
    "restore": "{handle} is no longer withdrawn",
    "delete": "{handle} was deleted",
    "card": "The documentation of {handle} changed",
}
ACTIONS = tuple(TITLES)


@dataclasses.dataclass(frozen=True)
class News:
    """Something that happened to a version.

    Attributes:
      at: seconds since 1970.
      action: one of `ACTIONS`.
      handle: of the version.
      detail: as the audit log has it: the reason, the deployment. Who did it is not told.
    """

    at: int
    action: str
    handle: str
    detail: Mapping[str, Any]


def list_news(connection: sa.Connection, audience: Audience, below: str = "", limit: int = 50) -> list[News]:
    """What happened last, as far as the audience may read it.

    Args:
      connection: to the catalogue.
      audience: who reads.
      below: a publisher or a model; "" for all.
      limit: so many at most.
    """
    # A handle begins with the name of its publisher; no name of a publisher has a slash.
    of_publisher = sa.func.substr(audit.c.subject, 1, sa.func.length(publishers.c.name) + 1)
    query = (
        sa.select(audit.c.at, audit.c.action, audit.c.subject, audit.c.detail)
        .join(publishers, of_publisher == publishers.c.name + "/")
        .where(audit.c.action.in_(ACTIONS), audience.condition())
        .order_by(audit.c.id.desc())
        .limit(limit)
    )
    if below:
        query = query.where(audit.c.subject.startswith(f"{below}/", autoescape=True))
    return [News(*row) for row in connection.execute(query)]
