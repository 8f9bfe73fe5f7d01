"""Certificates that the settings name: the authorities to trust, and the one that the client shows."""

from __future__ import annotations

import os
import re
import ssl

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.settings import Settings


def authorities(settings: Settings) -> str:
    """The file or folder with the certificate authorities to trust, "" for the usual ones.

    Raises:
      SettingsError: there is none at `TFHUB_CA_BUNDLE`.
    """
    return checked_bundle(settings.ca_bundle, "TFHUB_CA_BUNDLE") if settings.ca_bundle else ""


def checked_bundle(path: str, name: str) -> str:
    """The path of a file or folder of authorities that can be read.

    Raises:
      SettingsError: there is none at `path`, which the environment variable `name` gave.
    """
    path = _existing(path, name)
    is_folder = os.path.isdir(path)
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(None if is_folder else path, path if is_folder else None)
    except OSError as error:
        raise _no_certificate(path, name, error) from error
    return path


def client_certificate(settings: Settings) -> str | tuple[str, str] | None:
    """The file with the client's certificate and key, or the two files; None when there is none.

    Raises:
      SettingsError: what `TFHUB_CLIENT_CERT` names cannot be used.
    """
    if not settings.client_cert:
        return None
    parts = settings.client_cert.split(",", maxsplit=1)
    certificate, *keys = [_existing(part.strip(), "TFHUB_CLIENT_CERT") for part in parts]
    key = keys[0] if keys else certificate
    try:
        with open(key, "rb") as file:
            is_encrypted = b"ENCRYPTED" in file.read(1 << 20)
        if not is_encrypted:  # else its password is asked for when it is used
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key)
    except OSError as error:
        raise _no_certificate(settings.client_cert, "TFHUB_CLIENT_CERT", error) from error
    return (certificate, key) if keys else certificate


def _no_certificate(path: str, name: str, error: OSError) -> SettingsError:
    reason = re.sub(r" ?\(_ssl\.c:\d+\)", "", error.strerror or str(error))
    return SettingsError(
        f"{name} names {path!r}, which is not a PEM file of what it should hold: {reason}.",
        hint="It begins with -----BEGIN CERTIFICATE-----; a key belongs to its own certificate."
        if name == "TFHUB_CLIENT_CERT"
        else "It begins with -----BEGIN CERTIFICATE-----.",
    )


def _existing(path: str, name: str) -> str:
    path = os.path.expanduser(path)
    if not os.path.exists(path):
        raise SettingsError(
            f"{name} names the file {path!r}, which does not exist.", hint="Correct or unset it."
        )
    return path
