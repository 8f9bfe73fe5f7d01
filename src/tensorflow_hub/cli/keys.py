"""`tfhub keys`: make keys that sign versions, and register and revoke them at a hub."""

from __future__ import annotations

import os

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.cli.key_files import open_key
from tensorflow_hub.settings import Settings


@click.group()
def command() -> None:
    """Make keys that sign versions; register, list and revoke those of a publisher of a hub."""


@command.command("new")
@click.argument("path", metavar="FILE")
@click.option(
    "--encrypt", is_flag=True, help="Encrypt it with a passphrase, from TFHUB_KEY_PASSPHRASE or typed."
)
def new(path: str, encrypt: bool) -> None:
    """Make a private key in the new FILE (mode 600) and print its public key.

    \b
    Examples:
      tfhub keys new release.pem
      tfhub keys new release.pem --encrypt
    """
    from tensorflow_hub.signing.keys import new_private_key

    passphrase = Settings.from_environment().key_passphrase if encrypt else ""
    if encrypt and not passphrase:
        passphrase = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
    public = new_private_key(path, passphrase).public
    output.note(f"Key {public.id}. Keep {path} secret, with a copy in a safe place. Its public key:")
    output.result(str(public))


@command.command("show")
@click.argument("path", metavar="FILE")
def show(path: str) -> None:
    """Print the public key of the private key in FILE.

    \b
    Example:
      tfhub keys show release.pem
    """
    public = open_key(path).public
    output.note(f"Key {public.id}, its public key:")
    output.result(str(public))


@command.command("add")
@click.argument("publisher")
@click.argument("key", metavar="FILE|KEY")
@click.option("--name", default="", help="A name of the key for people.")
@options.HUB
def add(publisher: str, key: str, name: str, hub: str | None) -> None:
    """Register a key of PUBLISHER: the FILE of a private key (only its public key is sent), or ed25519:….

    \b
    Examples:
      tfhub keys add acme release.pem --name "releases 2026"
      tfhub keys add acme ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
    """
    from tensorflow_hub.client.signing import add_key
    from tensorflow_hub.signing.keys import PublicKey

    public = open_key(key).public if os.path.exists(key) else PublicKey.parse(key)
    added = add_key(publisher, public, name, hub=hub)
    output.note(f"The key {added['id']} is now registered for {publisher}.")


@command.command("list")
@click.argument("publisher")
@options.HUB
@options.JSON
def list_keys(publisher: str, hub: str | None, as_json: bool) -> None:
    """List the keys of PUBLISHER.

    \b
    Example:
      tfhub keys list acme
    """
    from tensorflow_hub.client import signing

    found = signing.list_keys(publisher, hub=hub)
    if as_json:
        output.result_json(found)
        return
    rows = [
        (key["id"], key["name"], key["added_at"][:10], (key["revoked_at"] or "")[:10], key["public_key"])
        for key in found["keys"]
    ]
    output.table(rows, ("id", "name", "added", "revoked", "public key"))


@command.command("revoke")
@click.argument("publisher")
@click.argument("key_id", metavar="ID")
@options.HUB
def revoke(publisher: str, key_id: str, hub: str | None) -> None:
    """Revoke the key ID of PUBLISHER permanently; its signatures are not trusted any more.

    \b
    Example:
      tfhub keys revoke acme 66687aadf862bd77
    """
    from tensorflow_hub.client.signing import revoke_key

    revoke_key(publisher, key_id, hub=hub)
    output.note(f"The key {key_id} of {publisher} is revoked. Sign its versions again with another key.")
