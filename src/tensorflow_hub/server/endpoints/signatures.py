"""`/api/v1/signatures` and `/api/v1/publishers/<publisher>/keys`: signatures of versions, and keys."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import (
    NewSignature,
    NewSigningKey,
    OfModelOrVersion,
    OfPublisher,
    OfSigningKey,
)
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.signatures import list_keys
from tensorflow_hub.server.catalogue.tokens import READ
from tensorflow_hub.server.catalogue.writing import lock_version
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.json_forms import key_json, signatures_json
from tensorflow_hub.server.core.lookup import find_readable_publisher, find_readable_version
from tensorflow_hub.server.core.rights import has_scope
from tensorflow_hub.server.endpoints.publisher_of import versioned_name
from tensorflow_hub.server.mirroring.upstream_requests import fetch_from_upstream
from tensorflow_hub.server.people.members import owned_publisher
from tensorflow_hub.server.signing import keys
from tensorflow_hub.server.signing.signing import sign_version


async def show_signatures(call: Call, path: OfModelOrVersion) -> Answer[answers.Signatures]:
    """Returns the signatures of a version, or of the latest version of a model."""
    name = ModelName.parse(path.handle)
    await fetch_from_upstream(call.request, str(name))
    return Answer(await run_in_threadpool(_signatures, call, name))


def add_signature(call: Call, body: NewSignature) -> Answer[answers.Signatures]:
    """Adds a signature to a version. If there is one by the same key, nothing changes."""
    name, caller = versioned_name(body.handle), call.caller
    with call.hub.database.writing() as connection:
        lock_version(connection, name)
        version = find_readable_version(connection, name, caller)
        kind = sign_version(connection, version, body.envelope, caller.name)
        if kind:
            add_entry(connection, caller.name, caller.address, "sign", version.handle, deployment=kind)
    return Answer(_signatures(call, name), 201 if kind else 200)


def show_keys(call: Call, path: OfPublisher) -> Answer[answers.SigningKeys]:
    """Returns the keys of a publisher, including revoked ones."""
    with call.hub.database.reading() as connection:
        publisher = find_readable_publisher(connection, path.publisher, call.caller)
        found = list_keys(connection, publisher)
    is_of_publisher = has_scope(call.caller, READ, publisher.name)
    return Answer({"publisher": publisher.name, "keys": [key_json(key, is_of_publisher) for key in found]})


def add_key(call: Call, path: OfPublisher, body: NewSigningKey) -> Answer[answers.SigningKey]:
    """Adds a signing key to a publisher."""
    with call.hub.database.writing() as connection:
        publisher = owned_publisher(connection, call.caller, path.publisher)
        added = keys.add_key(connection, call.caller, publisher, body.public_key, body.name)
    return Answer(key_json(added, is_of_publisher=True), 201)


def revoke_key(call: Call, path: OfSigningKey) -> Answer[None]:
    """Revokes a key."""
    with call.hub.database.writing() as connection:
        publisher = owned_publisher(connection, call.caller, path.publisher)
        keys.revoke_key(connection, call.caller, publisher, path.key)
    return Answer(None, 204)


def _signatures(call: Call, name: ModelName) -> answers.Signatures:
    with call.hub.database.reading() as connection:
        version = find_readable_version(connection, name, call.caller)
        return {"handle": version.handle, "signatures": signatures_json(connection, version, call.caller)}
