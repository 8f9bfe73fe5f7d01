"""Migrations keep what is in the catalogue."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from tensorflow_hub.server.catalogue import migrate as migrations
from tensorflow_hub.server.catalogue.database import Database, database_url
from tensorflow_hub.server.catalogue.tables import metadata

EVERY = [script.revision for script in ScriptDirectory.from_config(migrations._config()).walk_revisions()]


@pytest.mark.parametrize("start", sorted(EVERY))
def test_a_filled_catalogue_of_any_revision_is_brought_up_to_date(tmp_path, start):
    database = Database(database_url("", tmp_path))
    with database.writing() as connection:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.upgrade(config, start)
        connection.exec_driver_sql(
            "INSERT INTO publishers (id, name, name_key, title, description, card, private, created_at) "
            "VALUES (1, 'acme', 'acme', '', '', '', 0, 0)"
        )
        latest = "latest" if start >= "0017" else "newest"  # its name before
        connection.exec_driver_sql(
            "INSERT INTO models "
            f"(id, publisher_id, name, handle, kind, {latest}, downloads, created_at, updated_at) "
            "VALUES (1, 1, 'words', 'acme/words', 'module', 1, 7, 0, 0)"
        )
    migrations.migrate(database)
    with database.reading() as connection:
        assert migrations.is_current(connection)
        assert connection.exec_driver_sql("SELECT downloads FROM models").scalar_one() == 7
        assert connection.exec_driver_sql("SELECT name FROM publishers").scalar_one() == "acme"
        found = sa.inspect(connection)
        for table in metadata.sorted_tables:
            assert {column["name"] for column in found.get_columns(table.name)} == set(table.columns.keys())
    database.close()
