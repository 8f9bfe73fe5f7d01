"""Backs up a hub to a folder, and restores it. The format is the same for all databases and stores.

A backup of a hub with SQLite can therefore be restored into one with PostgreSQL.

    <backup>/catalogue.jsonl     a header line, then one line for each row: ["table", {column: value}]
    <backup>/store/…             the objects, as in a store in a folder

Objects never change, so a second backup into the same folder copies only new ones.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext

from tensorflow_hub.errors import ArchiveError, SettingsError
from tensorflow_hub.progress import OnProgress, ignore_progress
from tensorflow_hub.server.administration.references import needed_keys, stored_deployments
from tensorflow_hub.server.catalogue.tables import metadata
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.store.directory import DirectoryStore
from tensorflow_hub.server.store.folder import sync
from tensorflow_hub.server.store.interface import Store

FORM = 1
_BATCH = 500
# Tables with temporary state, which is not backed up.
_EXCLUDED = {"uploads", "rate_limits", "sessions", "device_logins", "deliveries"}


def backup(hub: Hub, folder: Path, on_progress: OnProgress = ignore_progress) -> int:
    """Writes a backup of the hub into a folder, while the hub may be running.

    All rows are of the same moment (a snapshot of the database). The objects that they need are in the store.

    Returns:
      The number of objects that were copied.

    Raises:
      ArchiveError: an object in the store is missing or damaged.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = DirectoryStore(folder / "store")
    temporary = folder / "catalogue.jsonl.new"
    with hub.database.snapshot() as connection:
        _write_rows(connection, temporary)
        found = stored_deployments(connection)
    copied = 0
    for number, deployment in enumerate(found, 1):
        for key, sha256, _ in needed_keys(hub.store, deployment):
            copied += _copy(hub.store, target, key, sha256)
        on_progress("backing up", number, len(found))
    temporary.replace(folder / "catalogue.jsonl")
    sync(folder)
    return copied


def restore(hub: Hub, folder: Path, on_progress: OnProgress = ignore_progress) -> int:
    """Restores a backup into an empty hub.

    Returns:
      The number of restored rows.

    Raises:
      SettingsError: the folder holds no backup, or one of another version, or the hub is not empty.
    """
    if not (folder / "catalogue.jsonl").is_file():
        raise SettingsError(
            f"Expected a backup in {str(folder)!r}, which has no file catalogue.jsonl.",
            hint="Give the folder that `tfhub admin backup` wrote.",
        )
    source = DirectoryStore(folder / "store")
    with hub.database.writing() as connection:
        _require_empty(connection)
        rows = _read_rows(connection, folder / "catalogue.jsonl")
        found = stored_deployments(connection)
        for number, deployment in enumerate(found, 1):
            for key, sha256, _ in needed_keys(source, deployment):
                _copy(source, hub.store, key, sha256)
            on_progress("restoring", number, len(found))
        if not hub.database.is_sqlite:
            _reset_sequences(connection)
    return rows


def _write_rows(connection: sa.Connection, path: Path) -> None:
    path.unlink(missing_ok=True)
    # Only the owner may read the file, which has hashes of tokens and private cards.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        revision = MigrationContext.configure(connection).get_current_revision()
        file.write(json.dumps({"form": FORM, "revision": revision}) + "\n")
        for table in _tables():
            rows = connection.execute(sa.select(table)).mappings()
            file.writelines(_line([table.name, dict(row)]) for row in rows)
        file.flush()
        os.fsync(file.fileno())


def _read_rows(connection: sa.Connection, path: Path) -> int:
    tables = {table.name: table for table in _tables()}
    rows, pending, current = 0, [], None
    for name, row in _lines(connection, path):
        if current is not None and (name != current or len(pending) >= _BATCH):
            connection.execute(sa.insert(tables[current]), pending)
            pending = []
        current = name
        pending.append({key: _value(tables[name].c[key], value) for key, value in row.items()})
        rows += 1
    if current is not None and pending:
        connection.execute(sa.insert(tables[current]), pending)
    return rows


def _line(row: list[Any]) -> str:
    """Returns a row as a line of JSON, with bytes in Base64."""
    text = json.dumps(row, ensure_ascii=False, default=lambda data: base64.b64encode(data).decode())
    return f"{text}\n"


def _value(column: sa.Column[Any], value: Any) -> Any:
    """Returns a value of a line as the database expects it."""
    return base64.b64decode(value) if isinstance(column.type, sa.LargeBinary) else value


def _lines(connection: sa.Connection, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        with open(path, encoding="utf-8") as file:
            head = json.loads(file.readline())
            revision = MigrationContext.configure(connection).get_current_revision()
            if head["form"] != FORM or head["revision"] != revision:
                raise SettingsError(
                    f"Expected a backup of the database revision {revision}, got one of {head['revision']}.",
                    hint="Restore it with the version of tensorflow-hub that wrote it, then upgrade.",
                )
            for line in file:
                name, row = json.loads(line)
                yield name, row
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, SettingsError):
            raise
        raise SettingsError(
            f"The backup in {str(path.parent)!r} cannot be read: {error}.",
            hint="Give the folder that `tfhub admin backup` wrote.",
        ) from error


def _require_empty(connection: sa.Connection) -> None:
    for table in _tables():
        if connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one():
            raise SettingsError(
                f"Expected an empty hub to restore into, but its table {table.name!r} has rows.",
                hint="Restore into a new data folder or database.",
            )


def _copy(source: Store, target: Store, key: str, sha256: str | None) -> int:
    """Copies an object and checks its SHA-256. Returns 1, or 0 if the target already has it."""
    size = source.size(key)
    if size is not None and target.size(key) == size:
        return 0
    digest = hashlib.sha256()

    def chunks() -> Iterator[bytes]:
        for chunk in source.read(key):
            digest.update(chunk)
            yield chunk
        if sha256 is not None and digest.hexdigest() != sha256:
            raise ArchiveError(f"The object {key!r} is damaged.", hint="Run `tfhub admin check`.")

    try:
        target.write(key, chunks())
    except FileNotFoundError as error:
        raise ArchiveError(f"The object {key!r} is missing.", hint="Run `tfhub admin check`.") from error
    return 1


def _reset_sequences(connection: sa.Connection) -> None:
    """Sets the sequences of PostgreSQL, so that new rows get ids after those of the restored rows."""
    for table in _tables():
        if table.c.get("id") is not None and isinstance(table.c.id.type, sa.BigInteger):
            connection.execute(
                sa.text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "  # noqa: S608 - own names
                    f"(SELECT COALESCE(MAX(id), 0) + 1 FROM {table.name}), false)"
                )
            )


def _tables() -> list[sa.Table]:
    return [table for table in metadata.sorted_tables if table.name not in _EXCLUDED]
