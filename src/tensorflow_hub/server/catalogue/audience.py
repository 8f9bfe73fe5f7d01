"""Which publishers a reader may read: the condition that every query for a reader has."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.tables import publishers


@dataclasses.dataclass(frozen=True)
class Audience:
    """The readers who may read all public publishers, and certain private ones.

    Attributes:
      publishers: the private publishers that they may read, in lower case; None for all of them.

    >>> Audience(("acme",)).includes("Acme", private=True), PUBLIC.includes("acme", private=True)
    (True, False)
    """

    publishers: tuple[str, ...] | None = ()

    def includes(self, publisher: str, private: bool) -> bool:
        """Whether they may read a publisher."""
        return not private or self.publishers is None or publisher.lower() in self.publishers

    def condition(self, alias: sa.FromClause | None = None) -> sa.ColumnElement[bool]:
        """Returns the condition on rows of `publishers`, or of an alias of this table, that they may read."""
        if self.publishers is None:
            return sa.true()
        table = publishers if alias is None else alias
        public = sa.not_(table.c.private)
        if not self.publishers:
            return public
        return sa.or_(public, table.c.name_key.in_(self.publishers))


PUBLIC = Audience()
EVERYTHING = Audience(None)


def narrowest(connection: sa.Connection, audience: Audience) -> Audience:
    """Returns an equal audience that names only publishers which are private now; `PUBLIC` if none is."""
    if audience.publishers == ():
        return PUBLIC
    query = sa.select(publishers.c.name_key).where(publishers.c.private)
    if audience.publishers is None:
        return PUBLIC if connection.execute(query.limit(1)).first() is None else audience
    rows = connection.execute(
        query.where(publishers.c.name_key.in_(audience.publishers)).order_by("name_key")
    )
    return Audience(tuple(row.name_key for row in rows))
