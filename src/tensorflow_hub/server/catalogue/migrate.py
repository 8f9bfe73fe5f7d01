"""Runs the database migrations, so that the tables are as this version of the program needs them."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.catalogue.database import Database

# The key of the advisory lock of PostgreSQL: any number that nothing else uses.
_LOCK = 7_316_521


def migrate(database: Database) -> None:
    """Applies the missing migrations. If several processes start together, one does it, and the others wait.

    Raises:
      SettingsError: the database was made by a newer version of this program.
    """
    config = _config()
    with database.reading() as connection:
        if is_current(connection):
            # Without the lock, which another process may hold for long, and which a full disk refuses.
            return
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        scripts = ScriptDirectory.from_config(config)
        at = MigrationContext.configure(connection).get_current_revision()
        if at is not None and at not in {script.revision for script in scripts.walk_revisions()}:
            raise SettingsError(
                f"The database has the revision {at!r}, which this version of tensorflow-hub does not know.",
                hint="Run the version of tensorflow-hub that wrote it, or a newer one.",
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(connection: sa.Connection) -> bool:
    """Whether all migrations have been applied."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
