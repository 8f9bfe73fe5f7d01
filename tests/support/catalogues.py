"""Catalogues for tests: an empty one, entries in it, and the documentation of tfhub.dev."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import writing
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.database import Database, database_url
from tensorflow_hub.server.catalogue.migrate import migrate


def open_catalogue(folder: Path) -> Database:
    """An embedded catalogue in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    database = Database(database_url("", folder))
    migrate(database)
    return database


def put_entry(
    database: Database, handle: str, description: str = "A model.", kind: str = "module", **fields: list[str]
) -> int:
    """Adds an entry, `put_entry(db, "acme/words/1", "Embeds words.", task=["text-embedding"])`.

    Returns:
      The id of its model.
    """
    name = ModelName.parse(handle)
    with database.writing() as connection:
        version = writing.add_version(connection, name, kind, "test")
        metadata = {key.replace("_", "-"): values for key, values in fields.items()}
        text = f"# {kind.capitalize()} {handle}\n\n{description}\n"
        writing.set_card(connection, version, writing.CardText(kind, text, description, metadata))
        record_changes(connection, [version.model.id])
    return version.model.id


def tfhub_documents(unpack_to: Path) -> Path:
    """The folder of tfhub.dev's documentation files, which TFHUB_TEST_CATALOGUE names (a folder or a tar)."""
    place = os.environ.get("TFHUB_TEST_CATALOGUE", "")
    if not place or not Path(place).exists():
        pytest.skip("TFHUB_TEST_CATALOGUE names no documentation of tfhub.dev")
    if Path(place).is_dir():
        return Path(place)
    with tarfile.open(place) as archive:
        archive.extractall(unpack_to, filter="data")
    return unpack_to
