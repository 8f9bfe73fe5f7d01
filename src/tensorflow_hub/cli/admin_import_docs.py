"""`tfhub admin import-docs`: import the documentation of tfhub.dev into a hub."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from tensorflow_hub.cli import options, output


@click.command("import-docs")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--data", metavar="DIR", help="Folder of the embedded database and store.")
@click.option("--config", metavar="FILE", help="TOML file with the hub's settings.")
@options.JSON
def command(folder: Path, data: str | None, config: str | None, as_json: bool) -> None:
    """Import a tree of tfhub.dev documentation files.

    Works on the database that the settings name, while the hub serves or not. Models become entries
    whose files are not here; every file that is not taken is listed with the reason. Running it again
    changes what changed.

    \b
    Examples:
      tfhub admin import-docs tfhub.dev/assets/docs
      tfhub admin import-docs tfhub.dev/assets/docs --data /srv/hub --json
    """
    from tensorflow_hub.server.administration.documents_import import import_documents, summary
    from tensorflow_hub.server.catalogue.database import Database, database_url
    from tensorflow_hub.server.catalogue.migrate import migrate
    from tensorflow_hub.server.settings import ServerSettings

    settings = ServerSettings.read(config)
    settings = dataclasses.replace(settings, data=data) if data else settings
    place = settings.data_folder()
    place.mkdir(parents=True, exist_ok=True)
    database = Database(database_url(settings.database, place))
    try:
        migrate(database)
        report = import_documents(database, folder)
    finally:
        database.close()
    if as_json:
        output.result_json(report.to_dict())
        return
    for line in summary(report):
        output.result(line)
    for refused in report.refused:
        output.note(f"not imported: {refused.path}: {refused.reason}")
