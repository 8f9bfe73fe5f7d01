"""Brings the tables of a database to what this program expects."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.catalogue.database import Database

# Any number; the same in each process, so that one migrates and the others wait.
_LOCK = 7_316_521


def migrate(database: Database) -> None:
    """Applies the migrations that are missing; processes that start together do it once.

    Raises:
      SettingsError: when the database was made by a newer version of this program.
    """
    config = _config()
    with database.reading() as connection:
        if is_current(connection):
            return  # without the lock: another process may have it for long, and a full disk gives none
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        scripts = ScriptDirectory.from_config(config)
        at = MigrationContext.configure(connection).get_current_revision()
        if at is not None and at not in {script.revision for script in scripts.walk_revisions()}:
            raise SettingsError(
                f"The database is at revision {at!r}, which this version of the program does not know.",
                hint="Run the version of tensorflow-hub that wrote it, or a newer one.",
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(connection: sa.Connection) -> bool:
    """Whether the tables are those this program expects."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
