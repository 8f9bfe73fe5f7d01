"""Changes of publishers, models, versions, deployments and cards, each within a transaction of the caller.

A transaction that changes models has to end with `changes.record_changes`, so that search notices it.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.errors import HandleError
from tensorflow_hub.format.card.pictures import pictures_of
from tensorflow_hub.handles import ModelName, is_publisher_name
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.derivations import set_origins
from tensorflow_hub.server.catalogue.pictures import remove_other_pictures
from tensorflow_hub.server.catalogue.records import (
    DELETED,
    VISIBLE,
    WITHDRAWN,
    Deployment,
    Model,
    Publisher,
    Version,
)
from tensorflow_hub.server.catalogue.tables import (
    cards,
    deployments,
    measurements,
    models,
    publishers,
    signatures,
    versions,
)


@dataclasses.dataclass(frozen=True)
class CardText:
    """A checked card, as it is stored.

    Attributes:
      kind: module, placeholder, lite, tfjs, coral or collection.
      text: the whole card, in Markdown.
      description: its first paragraph.
      metadata: its fields, each with its values.
    """

    kind: str
    text: str
    description: str
    metadata: Mapping[str, Sequence[str]]


def ensure_publisher(connection: sa.Connection, name: str, mirrored: bool = False) -> Publisher:
    """Returns the publisher with that name, and adds it if there is none.

    Args:
      connection: a transaction of the catalogue.
      name: its name.
      mirrored: whether a new publisher comes from the upstream hub.

    Raises:
      HandleError: the name is reserved for pages of the hub.
    """
    found = reading.find_publisher(connection, name)
    if found is not None:
        return found
    if not is_publisher_name(name):
        raise HandleError(
            f"Expected the name of a publisher, got {name!r}, which is reserved for pages of the hub.",
            hint="Choose another name, for example 'acme'.",
        )
    connection.execute(
        sa.insert(publishers).values(
            name=name,
            name_key=name.lower(),
            title="",
            description="",
            card="",
            private=False,
            mirrored=mirrored,
            created_at=int(time.time()),
        )
    )
    found = reading.find_publisher(connection, name)
    assert found is not None
    return found


def lock_publisher(connection: sa.Connection, publisher: Publisher) -> None:
    """Locks a publisher: other transactions that call this for it wait for the end of this one.

    A transaction that decides by the members, keys, webhooks or subscriptions of a publisher what it changes
    there has to call this before it reads them.
    """
    connection.execute(_locked(sa.select(publishers.c.id).where(publishers.c.id == publisher.id)))


def check_spelling(connection: sa.Connection, name: ModelName) -> None:
    """Checks that the name of a publisher is written with the same case as when it was added.

    Raises:
      HandleError: the case is different.
    """
    found = reading.find_publisher(connection, name.publisher)
    if found is not None and found.name != name.publisher:
        raise HandleError(
            f"Expected the publisher {found.name!r}, got {name.publisher!r}.",
            hint=f"Use {dataclasses.replace(name, publisher=found.name)}, also in the card.",
        )


def change_publisher(connection: sa.Connection, publisher: Publisher, **values: Any) -> None:
    """Sets columns of a publisher: title, description, card, private."""
    connection.execute(sa.update(publishers).where(publishers.c.id == publisher.id).values(**values))


def stop_mirroring(connection: sa.Connection, name: str) -> None:
    """Marks a publisher as not mirrored, because somebody published on this hub under its name."""
    connection.execute(
        sa.update(publishers).where(publishers.c.name == name, publishers.c.mirrored).values(mirrored=False)
    )


def is_mirrored(connection: sa.Connection, publisher: Publisher) -> bool:
    """Whether the models of a publisher come from the upstream hub."""
    query = sa.select(publishers.c.mirrored).where(publishers.c.id == publisher.id)
    return bool(connection.execute(query).scalar_one())


def model_ids(connection: sa.Connection, publisher: Publisher) -> list[int]:
    """Returns the ids of the models of a publisher, for `record_changes` when the publisher changes."""
    rows = connection.execute(sa.select(models.c.id).where(models.c.publisher_id == publisher.id))
    return [row[0] for row in rows]


def ensure_model(connection: sa.Connection, name: ModelName, kind: str) -> Model:
    """Returns the model with that name, and adds it and its publisher if there is none."""
    found = reading.find_model(connection, name)
    if found is not None:
        return found
    publisher = ensure_publisher(connection, name.publisher)
    now = int(time.time())
    connection.execute(
        sa.insert(models).values(
            publisher_id=publisher.id,
            name=name.model,
            handle=f"{publisher.name}/{name.model}",
            kind=kind,
            latest=None,
            downloads=0,
            created_at=now,
            updated_at=now,
        )
    )
    found = reading.find_model(connection, dataclasses.replace(name, publisher=publisher.name))
    assert found is not None
    return found


def add_version(connection: sa.Connection, name: ModelName, kind: str, published_by: str) -> Version:
    """Adds a version, which is visible after the commit.

    Raises:
      sqlalchemy.exc.IntegrityError: another transaction has added it.
    """
    model = ensure_model(connection, name, kind)
    connection.execute(
        sa.insert(versions).values(
            model_id=model.id,
            number=name.version,
            state=VISIBLE,
            reason="",
            parent=None,
            published_at=int(time.time()),
            published_by=published_by,
        )
    )
    if kind != model.kind:
        connection.execute(sa.update(models).where(models.c.id == model.id).values(kind=kind))
    _refresh(connection, model)
    found = reading.find_version(connection, dataclasses.replace(name, publisher=model.publisher))
    assert found is not None
    return found


def lock_version(connection: sa.Connection, name: ModelName) -> None:
    """Locks a version: other transactions that call this for it wait for the end of this one.

    A transaction that changes what belongs to a version has to call this before it reads the version.
    Otherwise, on PostgreSQL, it could add a card or a picture to a version that is deleted at this moment.
    Does nothing if there is no such version.
    """
    query = sa.select(versions.c.id).join(models, versions.c.model_id == models.c.id)
    of_name = (models.c.handle == str(name.unversioned()), versions.c.number == name.version)
    connection.execute(_locked(query.where(*of_name), of=versions))


def set_published(connection: sa.Connection, version: Version, seconds: int) -> None:
    """Sets when a version was published, in seconds since 1970; 0 if that is not known."""
    connection.execute(sa.update(versions).where(versions.c.id == version.id).values(published_at=seconds))


def add_deployment(connection: sa.Connection, version: Version, deployment: Deployment) -> None:
    """Adds a deployment to a version that has none of its kind."""
    values = dataclasses.asdict(deployment)
    connection.execute(sa.insert(deployments).values(version_id=version.id, **values))


def set_card(connection: sa.Connection, version: Version, card: CardText) -> None:
    """Adds or replaces the documentation of a version."""
    values = {
        "text": card.text,
        "description": card.description,
        "metadata": {key: list(texts) for key, texts in card.metadata.items()},
        "updated_at": int(time.time()),
    }
    changed = connection.execute(sa.update(cards).where(cards.c.version_id == version.id).values(**values))
    if changed.rowcount == 0:
        connection.execute(sa.insert(cards).values(version_id=version.id, **values))
    else:
        remove_other_pictures(connection, version, pictures_of(card.text))
    set_origins(connection, version, card.metadata)
    parents = card.metadata.get("parent-model") or (None,)
    connection.execute(sa.update(versions).where(versions.c.id == version.id).values(parent=parents[0]))


def set_state(connection: sa.Connection, version: Version, state: str, reason: str) -> None:
    """Withdraws, restores or deletes a version. A deleted version keeps only its number."""
    assert state in {VISIBLE, WITHDRAWN, DELETED}
    connection.execute(
        sa.update(versions).where(versions.c.id == version.id).values(state=state, reason=reason)
    )
    if state == DELETED:
        connection.execute(sa.delete(deployments).where(deployments.c.version_id == version.id))
        connection.execute(sa.delete(cards).where(cards.c.version_id == version.id))
        set_origins(connection, version, {})
        connection.execute(sa.delete(measurements).where(measurements.c.version_id == version.id))
        connection.execute(sa.delete(signatures).where(signatures.c.version_id == version.id))
        remove_other_pictures(connection, version, ())
    _refresh(connection, version.model)


def _refresh(connection: sa.Connection, model: Model) -> None:
    """Updates the columns of a model that depend on its versions."""
    # PostgreSQL would look for the latest version before it waits for the row of the model. So the row is
    # locked first: the next query then also sees the version of the transaction that had locked it.
    connection.execute(_locked(sa.select(models.c.id).where(models.c.id == model.id)))
    latest = (
        sa.select(sa.func.max(versions.c.number))
        .where(versions.c.model_id == model.id, versions.c.state == VISIBLE)
        .scalar_subquery()
    )
    connection.execute(
        sa.update(models).where(models.c.id == model.id).values(latest=latest, updated_at=int(time.time()))
    )


def _locked(query: sa.Select[Any], of: sa.Table | None = None) -> sa.Select[Any]:
    """Returns a query that locks its rows; other transactions can still add rows that refer to them.

    SQLite ignores this: there, a transaction locks the whole database.
    """
    return query.with_for_update(key_share=True, of=of)
