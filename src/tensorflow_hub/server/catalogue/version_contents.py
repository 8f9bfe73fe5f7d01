"""What versions have, in one query: a query for each table would take most of the time of an answer."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.reading import CARD, DEPLOYMENT
from tensorflow_hub.server.catalogue.records import CardRecord, Deployment, Version
from tensorflow_hub.server.catalogue.tables import (
    cards,
    deployments,
    derivations,
    measurements,
    pictures,
    signatures,
    versions,
)


@dataclasses.dataclass(frozen=True)
class Contents:
    """What a version has.

    Attributes:
      card: the documentation; None without.
      deployments: what can be downloaded, the oldest first.
      has_pictures: whether its card has pictures.
      has_signatures: whether a deployment is signed.
      has_measurements: whether somebody attached a measurement.
      has_derived: whether a version is derived from it, or from its model.
    """

    card: CardRecord | None
    deployments: Sequence[Deployment]
    has_pictures: bool
    has_signatures: bool
    has_measurements: bool
    has_derived: bool

    @property
    def metadata(self) -> Mapping[str, list[str]]:
        """The fields of the card; {} without a card."""
        return self.card.metadata if self.card else {}


@dataclasses.dataclass(frozen=True)
class VersionContent:
    """The parts of a version that are compared with those of another, and that search finds it by.

    Attributes:
      metadata: the fields of the card.
      descriptions: kind of deployment → the JSON form of its `ModuleDescription`.
      sizes: kind of deployment → size of its files in bytes.
    """

    metadata: Mapping[str, Sequence[str]]
    descriptions: Mapping[str, Mapping[str, Any]]
    sizes: Mapping[str, int]


def _has(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.exists(sa.select(1).where(table.c.version_id == versions.c.id).correlate(versions))


_is_origin = sa.or_(
    derivations.c.origin == sa.bindparam("version_handle"),
    derivations.c.origin == sa.bindparam("model_handle"),
)
_has_derived = sa.exists(sa.select(1).select_from(derivations).where(_is_origin))
_flags = (_has(pictures), _has(signatures), _has(measurements), _has_derived)
# A row for each deployment, of which most versions have one.
_contents_of = (
    sa.select(*_flags, *CARD, *(column.label(f"deployment_{column.name}") for column in DEPLOYMENT))
    .select_from(versions.outerjoin(cards).outerjoin(deployments))
    .where(versions.c.id == sa.bindparam("version"))
    .order_by(deployments.c.id)
)
_DEPLOYMENTS_FROM = len(_flags) + len(CARD)
_compared = (
    sa.select(
        versions.c.id,
        cards.c.metadata,
        deployments.c.kind,
        deployments.c.description,
        deployments.c.unpacked_size,
    )
    .select_from(versions.outerjoin(cards).outerjoin(deployments))
    .where(versions.c.id.in_(sa.bindparam("versions", expanding=True)))
    .order_by(versions.c.id, deployments.c.id)
)


def contents_of(connection: sa.Connection, version: Version) -> Contents:
    """Returns the card and the deployments of a version, and whether other tables have rows of it."""
    names = {"version_handle": version.handle, "model_handle": version.model.handle}
    rows = connection.execute(_contents_of, {"version": version.id, **names}).all()
    flags, card = rows[0][: len(_flags)], rows[0][len(_flags) : _DEPLOYMENTS_FROM]
    found = [Deployment(*row[_DEPLOYMENTS_FROM:]) for row in rows if row[_DEPLOYMENTS_FROM] is not None]
    return Contents(None if card[0] is None else CardRecord(*card), found, *flags)


def compared_contents(connection: sa.Connection, ids: Sequence[int]) -> dict[int, VersionContent]:
    """Returns what versions are compared and found by, by the id of the version."""
    found = {}
    every = connection.execute(_compared, {"versions": ids})
    for id_, of_version in itertools.groupby(every, lambda row: row.id):
        rows = list(of_version)
        files = [row for row in rows if row.kind is not None]
        found[id_] = VersionContent(
            rows[0].metadata or {},
            {row.kind: row.description for row in files},
            {row.kind: row.unpacked_size for row in files},
        )
    return found
