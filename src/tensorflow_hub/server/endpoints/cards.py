"""`PUT /api/v1/cards`: correct the documentation of a version, or add a version without files."""

from __future__ import annotations

import sqlalchemy as sa

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import CardOfVersion
from tensorflow_hub.errors import RejectedError
from tensorflow_hub.format.card.syntax import WITHOUT_FILES
from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.json_forms import version_json
from tensorflow_hub.server.core.lookup import find_readable_version
from tensorflow_hub.server.endpoints.publisher_of import versioned_name
from tensorflow_hub.server.publishing.cards import checked_card


def put_card(call: Call, body: CardOfVersion) -> Answer[answers.Version]:
    """Replaces the card of `handle`, or adds the placeholder or collection that the card describes."""
    name, caller = versioned_name(body.handle), call.caller
    card = checked_card(body.card, name)
    with call.hub.database.writing() as connection:
        writing.check_spelling(connection, name)
        writing.lock_version(connection, name)
        is_new = reading.find_version(connection, name) is None
        if is_new:
            if card.kind not in WITHOUT_FILES:
                raise RejectedError(
                    f"There is no version {name}, and a card of the kind {card.kind!r} needs files.",
                    hint="Publish them with the card: `tfhub publish`.",
                )
            version = writing.add_version(connection, name, card.kind, caller.name)
        else:
            version = find_readable_version(connection, name, caller)
            _check_kind(connection, version, card.kind)
        writing.set_card(connection, version, card)
        add_entry(connection, caller.name, caller.address, "card", version.handle)
        record_changes(connection, [version.model.id])
        return Answer(version_json(connection, version, call.base, call.caller), 201 if is_new else 200)


def _check_kind(connection: sa.Connection, version: Version, kind: str) -> None:
    """Checks that a version with files gets a card of the same kind, so that its page shows the files."""
    deployments = [item.kind for item in reading.list_deployments(connection, version)]
    fitting = {KIND_BY_NAME[deployment].card for deployment in deployments}
    if deployments and kind not in fitting:
        raise RejectedError(
            f"Expected a card of the kind {' or '.join(sorted(fitting))} for {version.handle}, "
            f"which has files of its own, got {kind}.",
            hint=f"Begin it with `# {max(fitting).capitalize()} {version.handle}`.",
        )
