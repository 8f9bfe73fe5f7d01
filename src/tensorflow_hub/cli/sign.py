"""`tfhub sign`: sign a version that is published."""

from __future__ import annotations

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.cli.hub_handles import hub_of, without_hub
from tensorflow_hub.cli.key_files import open_key
from tensorflow_hub.format.kinds import saved_model
from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.settings import Settings


@click.command()
@click.argument("handle")
@click.option("--key", "key_path", metavar="FILE", required=True, help="The private key to sign with.")
@click.option(
    "--files", metavar="PATH", help="The published files: what is signed; else they are downloaded."
)
@click.option(
    "--deployment",
    type=click.Choice(list(KIND_BY_NAME)),
    default=saved_model.KIND.name,
    show_default=True,
    help="The form that is signed.",
)
@options.HUB
@options.JSON
def command(
    handle: str, key_path: str, files: str | None, deployment: str, hub: str | None, as_json: bool
) -> None:
    """Sign the version HANDLE: its name, its kind and the digest of its content.

    The files are read here: those in --files, else those that the hub sends. Check that these are your files:
    `--files` signs what you built, whatever the hub has.

    \b
    Examples:
      tfhub sign acme/text-embedding/2 --key release.pem --files export/
      tfhub sign https://hub.example/acme/text-embedding/2 --key release.pem
    """
    from tensorflow_hub.client.signing import sign_version
    from tensorflow_hub.resolving.resolve import resolve_module

    if not files and deployment != saved_model.KIND.name:
        raise click.UsageError(f"Name the files of the deployment {deployment} with --files.")
    key = open_key(key_path)
    hub = hub or hub_of(handle) or Settings.from_environment().hub
    name = without_hub(handle, hub)
    if not files:
        url = f"{hub.rstrip('/')}/{name}"
        files = resolve_module(url, Settings.from_environment(), locked=False, trusted=False).path
    signed = sign_version(name, files, key, deployment=deployment, hub=hub)
    if as_json:
        output.result_json(signed)
    else:
        output.note(f"{name} is signed by the key {key.public.id}.")
