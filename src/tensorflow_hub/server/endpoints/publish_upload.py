"""`POST /api/v1/uploads/<id>/publish`: check an upload and make it visible."""

from __future__ import annotations

from msgspec import Raw

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import OfUpload, UploadedIndex
from tensorflow_hub.format.archive.index import ArchiveIndex
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.json_forms import version_json
from tensorflow_hub.server.endpoints.uploads import find_own_upload
from tensorflow_hub.server.publishing.archive_steps import archive_limits
from tensorflow_hub.server.publishing.steps import publish


def publish_upload(call: Call, path: OfUpload, body: UploadedIndex) -> Answer[answers.Version]:
    """Publishes an upload. The body may have the index of the archive as `index`."""
    hub, claimed = call.hub, None
    upload = find_own_upload(call, path.upload)
    if isinstance(body.index, Raw) and bytes(body.index) != b"null":
        claimed = ArchiveIndex.from_json(bytes(body.index), archive_limits(hub.settings))
    publication = publish(hub, upload, claimed, call.caller)
    assert publication.version is not None
    with hub.database.reading() as connection:
        answer = version_json(connection, publication.version, call.base, call.caller)
    return Answer(answer, 201 if publication.is_new else 200)
