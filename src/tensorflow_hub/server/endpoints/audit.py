"""`GET /api/v1/audit`: the audit log."""

from __future__ import annotations

import dataclasses

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import AuditPage
from tensorflow_hub.server.catalogue.audit import list_entries
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.json_forms import iso
from tensorflow_hub.server.endpoints.publisher_of import own_or_asked

_PAGE = 100


def show_audit(call: Call, query: AuditPage) -> Answer[answers.AuditEntries]:
    """Returns the latest entries: of a publisher for its owners, of the whole hub for administrators."""
    publisher = own_or_asked(call, {"query": query})
    with call.hub.database.reading() as connection:
        entries = list_entries(connection, publisher, _PAGE, query.before)
    lines = [{"id": number, **dataclasses.asdict(entry), "at": iso(entry.at)} for number, entry in entries]
    return Answer({"entries": lines})
