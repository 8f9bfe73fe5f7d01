"""A version with its files and what it needs, as the bill of materials lists it."""

from __future__ import annotations

import sqlalchemy as sa

from tensorflow_hub.format.cyclonedx import ListedDeployment, ListedVersion
from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.format.needs import needs_of
from tensorflow_hub.server.catalogue.derivations import origins_of
from tensorflow_hub.server.catalogue.records import Deployment, Version
from tensorflow_hub.server.catalogue.version_contents import contents_of
from tensorflow_hub.server.core.json_forms import iso_or_none
from tensorflow_hub.server.inside.stored_files import open_files
from tensorflow_hub.server.store.interface import Store
from tensorflow_hub.server.web.cards import plain_text
from tensorflow_hub.server.web.signature_tables import signature_tables

_LONGEST_DESCRIPTION = 600


def listed_version(connection: sa.Connection, store: Store, version: Version, base: str) -> ListedVersion:
    """The version, with the files of its deployments from their stored indexes."""
    contents = contents_of(connection, version)
    card, metadata = contents.card, contents.metadata
    return ListedVersion(
        publisher=version.model.publisher,
        model=version.model.name,
        number=version.number,
        url=f"{base}/{version.handle}",
        published_at=iso_or_none(version.published),
        description=plain_text(card.description, _LONGEST_DESCRIPTION) if card else "",
        metadata=metadata,
        derived_from=origins_of(metadata),
        deployments=[_deployment(store, version, deployment, base) for deployment in contents.deployments],
    )


def _deployment(store: Store, version: Version, deployment: Deployment, base: str) -> ListedDeployment:
    kind = KIND_BY_NAME[deployment.kind]
    rows = next((table.rows for table in signature_tables(deployment)), ())
    inputs, outputs = (
        [f"{row.name}: {row.type}" if row.name else row.type for row in rows if row.side == side]
        for side in ("input", "output")
    )
    return ListedDeployment(
        kind=kind.name,
        url=f"{base}/{version.handle}?{kind.download}",
        digest=deployment.digest,
        archive_sha256=deployment.archive_sha256,
        needs=needs_of(kind, deployment.description),
        inputs=inputs,
        outputs=outputs,
        files=open_files(store, deployment.archive_sha256).index.files,
    )
