"""Who did what, when, from where."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.records import AuditEntry
from tensorflow_hub.server.catalogue.tables import audit


def add_entry(
    connection: sa.Connection,
    actor: str,
    address: str,
    action: str,
    subject: str,
    **detail: Any,
) -> None:
    """Adds a line to the audit log, in the transaction of what it tells of."""
    connection.execute(
        sa.insert(audit).values(
            at=int(time.time()), actor=actor, address=address, action=action, subject=subject, detail=detail
        )
    )


def list_entries(
    connection: sa.Connection, publisher: str | None = None, limit: int = 100, before: int | None = None
) -> list[tuple[int, AuditEntry]]:
    """The newest lines as (number, entry), of a publisher or of all; `before` a number to page on."""
    columns = (audit.c.id, audit.c.at, audit.c.actor, audit.c.address, audit.c.action, audit.c.subject)
    query = sa.select(*columns, audit.c.detail).order_by(audit.c.id.desc()).limit(limit)
    if publisher is not None:
        query = query.where(
            sa.or_(audit.c.subject == publisher, audit.c.subject.startswith(f"{publisher}/", autoescape=True))
        )
    if before is not None:
        query = query.where(audit.c.id < before)
    return [(row[0], _entry(tuple(row)[1:])) for row in connection.execute(query)]


def _entry(row: tuple[Any, ...]) -> AuditEntry:
    at, actor, address, action, subject, detail = row
    entry: Mapping[str, Any] = detail
    return AuditEntry(at, actor, address, action, subject, entry)
