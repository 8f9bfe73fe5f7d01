"""`/api/v1/publishers`: the publishers, with their titles, cards and privacy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import OfPublisher, PublisherChange
from tensorflow_hub.handles import is_publisher_name
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.digests import digests_of_publisher, digests_without_readers
from tensorflow_hub.server.catalogue.records import Publisher
from tensorflow_hub.server.catalogue.tokens import ADMIN
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.core.json_forms import iso, publisher_json
from tensorflow_hub.server.core.lookup import find_readable_publisher
from tensorflow_hub.server.core.problems import Malformed
from tensorflow_hub.server.core.rights import audience_of, require
from tensorflow_hub.server.store.unpacked import remove_copy


def list_publishers(call: Call) -> Answer[answers.Publishers]:
    """Returns all publishers that the caller may see."""
    with call.hub.database.reading() as connection:
        shown = reading.list_publishers(connection, audience_of(call.caller))
    return Answer({"publishers": [publisher_json(publisher, call.base) for publisher in shown]})


def show_publisher(call: Call, path: OfPublisher) -> Answer[answers.PublisherWithModels]:
    """Returns a publisher and its models."""
    with call.hub.database.reading() as connection:
        publisher = find_readable_publisher(connection, path.publisher, call.caller)
        models = reading.list_models(connection, publisher.name)
    listed: list[answers.ModelOfPublisher] = [
        {
            "handle": model.handle,
            "url": f"{call.base}/{model.handle}",
            "kind": model.kind,
            "latest": model.latest,
            "updated_at": iso(model.updated_at),
        }
        for model in models
        if model.latest is not None
    ]
    return Answer({**publisher_json(publisher, call.base), "card": publisher.card, "models": listed})


def change_publisher(call: Call, path: OfPublisher, body: PublisherChange) -> Answer[answers.Publisher]:
    """Sets title, description, card and privacy. Administrators can add a new publisher this way."""
    publisher, is_new = store_change(call, path.publisher, msgspec.to_builtins(body))
    return Answer(publisher_json(publisher, call.base), 201 if is_new else 200)


def store_change(call: Call, name: str, values: Mapping[str, Any]) -> tuple[Publisher, bool]:
    """Changes the fields of a publisher that the caller owns, for the API and the page.

    Returns:
      The publisher, and whether it was added.

    Raises:
      AuthenticationError, ForbiddenError: there is no such publisher, and the caller may not add one.
    """
    caller = call.caller
    with call.hub.database.writing() as connection:
        publisher = reading.find_publisher(connection, name)
        is_new = publisher is None
        if publisher is None:
            require(caller, ADMIN, None)
            publisher = _new_publisher(connection, name)
        if values:
            writing.change_publisher(connection, publisher, **values)
        shown = {key: value for key, value in values.items() if key != "card"}
        add_entry(connection, caller.name, caller.address, "publisher", publisher.name, **shown)
        record_changes(connection, writing.model_ids(connection, publisher))
        publisher = reading.find_publisher(connection, name)
        assert publisher is not None
        readerless = _readerless_copies(call.hub, connection, publisher)
    for digest in readerless:
        remove_copy(call.hub.settings.uncompressed_url, digest)
    return publisher, is_new


def _new_publisher(connection: sa.Connection, name: str) -> Publisher:
    if not is_publisher_name(name):
        raise Malformed(f"Expected the name of a publisher, got {name!r}.", hint="For example 'acme'.")
    return writing.ensure_publisher(connection, name)


def _readerless_copies(hub: Hub, connection: sa.Connection, publisher: Publisher) -> list[str]:
    """Returns the digests whose unpacked copies are removed when the publisher becomes private."""
    if not publisher.private or not hub.settings.uncompressed_url:
        return []
    return digests_without_readers(connection, digests_of_publisher(connection, publisher.id))
