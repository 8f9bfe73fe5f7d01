"""The audit log: who did what, when, and from which address."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.deliveries import queue_deliveries
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
    """Adds an entry to the audit log, and queues the messages about it to webhooks and members.

    Args:
      connection: the transaction that makes the change, so that both become visible together.
      actor: the name of the user or token.
      address: the IP address.
      action: what was done, for example "publish".
      subject: a handle, the name of a publisher, or "".
      detail: more values, for example the reason.
    """
    added = connection.execute(
        sa.insert(audit).values(
            at=int(time.time()), actor=actor, address=address, action=action, subject=subject, detail=detail
        )
    )
    assert added.inserted_primary_key is not None
    queue_deliveries(connection, added.inserted_primary_key[0], action, subject)


def list_entries(
    connection: sa.Connection, publisher: str | None = None, limit: int = 100, before: int | None = None
) -> list[tuple[int, AuditEntry]]:
    """Returns the latest entries as (number, entry).

    The entries of a publisher are numbered separately. The ids of all entries would reveal how much others
    do.

    Args:
      connection: to the catalogue.
      publisher: whose entries; None for all.
      limit: how many at most.
      before: only entries with a lower number than this, for the next page; None for the first page.
    """
    number = audit.c.id if publisher is None else sa.func.row_number().over(order_by=audit.c.id)
    columns = (audit.c.at, audit.c.actor, audit.c.address, audit.c.action, audit.c.subject, audit.c.detail)
    lines = sa.select(number.label("number"), *columns)
    if publisher is not None:
        lines = lines.where(
            sa.or_(audit.c.subject == publisher, audit.c.subject.startswith(f"{publisher}/", autoescape=True))
        )
    numbered = lines.subquery()
    query = sa.select(numbered).order_by(numbered.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(numbered.c.number < before)
    return [(row[0], _entry(tuple(row)[1:])) for row in connection.execute(query)]


def _entry(row: tuple[Any, ...]) -> AuditEntry:
    at, actor, address, action, subject, detail = row
    entry: Mapping[str, Any] = detail
    return AuditEntry(at, actor, address, action, subject, entry)
