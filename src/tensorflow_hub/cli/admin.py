"""`tfhub admin`: administer a hub on the machine that has its settings, while the hub runs or is stopped."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tensorflow_hub.cli import admin_import_docs, options, output
from tensorflow_hub.progress import Progress

if TYPE_CHECKING:
    from tensorflow_hub.server.core.hub import Hub

_DATA = click.option("--data", metavar="DIR", help="Folder of the hub, as given to `tfhub serve`.")
_CONFIG = click.option("--config", metavar="FILE", help="TOML file with the hub's settings.")


@click.group()
def command() -> None:
    """Administer a hub. The commands work on its database and store, not over the network."""


command.add_command(admin_import_docs.command)


@command.command()
@click.argument("folder", type=click.Path(path_type=Path))
@_DATA
@_CONFIG
@options.JSON
def backup(folder: Path, data: str | None, config: str | None, as_json: bool) -> None:
    """Write a backup of the whole hub into FOLDER, while it runs; later backups there copy new objects only.

    \b
    Example:
      tfhub admin backup /backups/hub --data /srv/hub
    """
    from tensorflow_hub.server.administration.backup import backup as run

    with _hub(data, config) as hub, Progress(" deployments") as progress:
        copied = run(hub, folder, progress)
    if as_json:
        output.result_json({"folder": str(folder), "new_objects": copied})
    else:
        output.note(f"Wrote the catalogue and {output.counted(copied, 'new object')} to {folder}.")


@command.command()
@click.argument("folder", type=click.Path(path_type=Path))
@_DATA
@_CONFIG
@options.JSON
def restore(folder: Path, data: str | None, config: str | None, as_json: bool) -> None:
    """Restore a backup from FOLDER to an empty hub; its database and store may be of other kinds.

    \b
    Example (moves a hub to PostgreSQL and S3):
      TFHUB_SERVER_DATABASE=postgresql://db/hub TFHUB_SERVER_STORE=s3://hub tfhub admin restore /backups/hub
    """
    from tensorflow_hub.server.administration.backup import restore as run

    with _hub(data, config, new=True) as hub, Progress(" deployments") as progress:
        rows = run(hub, folder, progress)
    if as_json:
        output.result_json({"folder": str(folder), "rows": rows})
    else:
        output.note(f"Restored {output.counted(rows, 'row')} and their objects.")


@command.command()
@click.option("--fast", is_flag=True, help="Compare sizes only; do not read the objects.")
@click.option("--repair", is_flag=True, help="Remove objects that no version uses.")
@_DATA
@_CONFIG
@options.JSON
def check(fast: bool, repair: bool, data: str | None, config: str | None, as_json: bool) -> None:
    """Compare catalogue and store by digest; exit code 1 if an object is missing or damaged.

    \b
    Example:
      tfhub admin check --repair --data /srv/hub
    """
    from tensorflow_hub.server.administration.check import check as run

    with _hub(data, config, repair=repair) as hub, Progress(" deployments") as progress:
        report = run(hub, read_all=not fast, repair=repair, on_progress=progress)
    if as_json:
        output.result_json(dataclasses.asdict(report))
    else:
        for finding in report.findings:
            output.result(f"{finding.problem} {finding.key} {finding.handle} {finding.detail}".rstrip())
        output.note(f"Checked {report.deployments} deployments, {output.size(report.bytes_read)}.")
        if report.removed:
            output.note(f"Removed {len(report.removed)} orphans.")
    if report.is_damaged:
        sys.exit(1)


@command.command()
@click.argument("handle")
@click.option("--reason", required=True, help="The reason, which its URL shows from now on.")
@options.HUB
def delete(handle: str, reason: str, hub: str | None) -> None:
    """Delete the version HANDLE over the network, with an administrator's token; its number stays used.

    \b
    Example:
      tfhub admin delete acme/text-embedding/2 --reason "personal data in the vocabulary"
    """
    from tensorflow_hub.client.versions import delete as run

    run(handle, reason, hub=hub)
    output.note(f"{handle} is deleted; `tfhub admin check --repair` frees its space.")


@command.command("new-token")
@click.argument("name")
@_DATA
@_CONFIG
def new_token(name: str, data: str | None, config: str | None) -> None:
    """Make a new administrator's token, for example if the first one is lost.

    \b
    Example:
      tfhub admin new-token alice --data /srv/hub
    """
    from tensorflow_hub.server.catalogue.audit import add_entry
    from tensorflow_hub.server.catalogue.tokens import ADMIN, create_token

    with _hub(data, config) as hub, hub.database.writing() as connection:
        _, secret = create_token(connection, name, ADMIN, None, created_by="tfhub admin")
        add_entry(connection, "tfhub admin", "", "token.create", "", name=name, scope=ADMIN)
    output.result(secret)


@command.command("users")
@_DATA
@_CONFIG
@options.JSON
def users(data: str | None, config: str | None, as_json: bool) -> None:
    """List the users, their roles, and where they sign in.

    \b
    Example:
      tfhub admin users --data /srv/hub
    """
    from tensorflow_hub.server.catalogue.users import list_users

    with _hub(data, config) as hub, hub.database.reading() as connection:
        found = list_users(connection)
    if as_json:
        output.result_json([dataclasses.asdict(user) for user in found])
        return
    rows = [
        (u.name, ", ".join(u.roles), u.issuer or "this hub", "disabled" if u.disabled else "") for u in found
    ]
    output.table(rows, ("name", "roles", "signs in at", "state"))


@command.command("disable-user")
@click.argument("name")
@click.option("--enable", is_flag=True, help="Let the user in again.")
@_DATA
@_CONFIG
def disable_user(name: str, enable: bool, data: str | None, config: str | None) -> None:
    """End the sessions and refuse the tokens of user NAME; the roles stay for --enable.

    \b
    Examples:
      tfhub admin disable-user ada
      tfhub admin disable-user ada --enable
    """
    from tensorflow_hub.errors import NotFoundError
    from tensorflow_hub.server.catalogue.audit import add_entry
    from tensorflow_hub.server.catalogue.users import set_disabled

    with _hub(data, config) as hub, hub.database.writing() as connection:
        if not set_disabled(connection, name, not enable):
            raise NotFoundError(f"There is no user {name!r}.", hint="`tfhub admin users` lists them.")
        add_entry(connection, "tfhub admin", "", "user.enable" if enable else "user.disable", "", name=name)
    output.note(f"The user {name} is {'let in again' if enable else 'refused from now on'}.")


@contextlib.contextmanager
def _hub(data: str | None, config: str | None, new: bool = False, repair: bool = False) -> Iterator[Hub]:
    """The hub that the settings describe.

    Unless it may be `new`, it must exist: a mistyped folder is an error, not a hub without models.
    """
    from tensorflow_hub.errors import SettingsError
    from tensorflow_hub.server.administration.reserve import use_reserve
    from tensorflow_hub.server.core.hub import open_hub
    from tensorflow_hub.server.run import explained
    from tensorflow_hub.server.settings import ServerSettings

    settings = ServerSettings.read(config)
    if data is not None:
        settings = dataclasses.replace(settings, data=data)
    folder = settings.data_folder()
    if not new and not settings.database and not (folder / "catalogue.sqlite").is_file():
        raise SettingsError(
            f"Expected the folder of a hub, got {str(folder)!r}, which holds no catalogue.sqlite.",
            hint="Give the folder that `tfhub serve` prints at its start: --data DIR.",
        )
    if repair:
        use_reserve(folder)
    with explained(settings):
        hub = open_hub(settings)
    try:
        yield hub
    finally:
        hub.database.close()
