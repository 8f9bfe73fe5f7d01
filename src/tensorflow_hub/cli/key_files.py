"""Reading private keys that are passed to a verb, and asking for their passphrases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tensorflow_hub.settings import Settings

if TYPE_CHECKING:
    from tensorflow_hub.signing.keys import PrivateKey


def open_key(path: str) -> PrivateKey:
    """Reads a private key. The passphrase comes from `TFHUB_KEY_PASSPHRASE`, or the user is asked for it."""
    from tensorflow_hub.signing.keys import is_encrypted, load_private_key

    passphrase = Settings.from_environment().key_passphrase
    if not passphrase and is_encrypted(path):
        passphrase = click.prompt(f"Passphrase of {path}", hide_input=True, err=True)
    return load_private_key(path, passphrase)
