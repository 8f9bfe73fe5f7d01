"""Certificates: the authorities that are trusted, and the certificate that the client shows.

Trusted are the authorities in `TFHUB_CA_BUNDLE` alone; else all that `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`,
`SSL_CERT_FILE` and `SSL_CERT_DIR` name; else those of the operating system and those that `requests` brings.
"""

from __future__ import annotations

import os
import re
import ssl
import sys
from typing import Any

import requests.adapters
import requests.utils

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.network.timely_head import TIMELY_POOLS
from tensorflow_hub.settings import Settings

# What `requests` and curl read: each names a file, or a folder in OpenSSL's form.
_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# What OpenSSL reads, and with it Python, R and most other programs: the second names folders, as `PATH` does.
_OPENSSL_FILE, _OPENSSL_FOLDERS = "SSL_CERT_FILE", "SSL_CERT_DIR"


class TlsAdapter(requests.adapters.HTTPAdapter):
    """Makes the connections of a session, which trust what the settings and the environment name."""

    def __init__(self, settings: Settings, **options: Any) -> None:
        self._settings = settings
        self._context: ssl.SSLContext | None = None
        super().__init__(**options)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Makes what keeps the connections."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = TIMELY_POOLS

    def get_connection_with_tls_context(  # type: ignore[no-untyped-def]
        self, request, verify, proxies=None, cert=None
    ) -> Any:
        """The connections for a request."""
        if verify and request.url.lower().startswith("https:"):
            self._trust()  # below, `requests` takes every ValueError for a wrong URL
        return super().get_connection_with_tls_context(request, verify, proxies, cert)

    def build_connection_pool_key_attributes(  # type: ignore[no-untyped-def]
        self, request, verify, cert=None
    ) -> Any:
        """What tells one pool of connections from another: for https, the authorities too."""
        host, options = super().build_connection_pool_key_attributes(request, verify, cert)
        if verify and host["scheme"] == "https":
            options["ssl_context"] = self._trust()
        return host, options

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """The connections by way of a proxy, which may itself be reached by https."""
        if proxy.lower().startswith("https:") and not self._settings.disable_cert_validation:
            options["proxy_ssl_context"] = self._trust()
        manager: Any = super().proxy_manager_for(proxy, **options)
        if proxy.lower().startswith("http"):  # SOCKS needs connections of its own
            manager.pool_classes_by_scheme = TIMELY_POOLS
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Sets whether a connection checks certificates; by which authorities, its context knows."""
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
        conn.ca_certs = conn.ca_cert_dir = None

    def _trust(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = trusting_context(self._settings)
        return self._context


def trusting_context(settings: Settings) -> ssl.SSLContext:
    """A context for connections of a client, which trusts the authorities that the module describes.

    Raises:
      SettingsError: what is named is not there or holds no certificates.
    """
    if settings.ca_bundle:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _trust_path(context, settings.ca_bundle, "TFHUB_CA_BUNDLE")
        return context
    bundles = {name: os.environ[name] for name in _BUNDLE_VARIABLES if os.environ.get(name)}
    file, folders = os.environ.get(_OPENSSL_FILE), os.environ.get(_OPENSSL_FOLDERS)
    if not bundles and not file and not folders:
        return _usual_trust()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name, path in bundles.items():
        _trust_path(context, path, name)
    if file or folders:
        # As OpenSSL does: where only one of the two is set, the usual place of the other counts.
        context.set_default_verify_paths()
    if file:
        _trust_path(context, file, _OPENSSL_FILE)
    if folders:
        _trust_folders(context, folders)
    return context


def _usual_trust() -> ssl.SSLContext:
    if sys.platform in {"darwin", "win32"}:  # whose own stores OpenSSL cannot read, or not all of them
        import truststore

        context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_default_verify_paths()
    # The system's store may be missing (containers) or old.
    context.load_verify_locations(requests.utils.DEFAULT_CA_BUNDLE_PATH)
    return context


def _trust_folders(context: ssl.SSLContext, folders: str) -> None:
    """Trusts what is in the folders that are there: the variable often lists those of several systems."""
    paths = [path for path in folders.split(os.pathsep) if path]
    there = [path for path in paths if os.path.isdir(os.path.expanduser(path))]
    for path in there or paths:
        _trust_path(context, path, _OPENSSL_FOLDERS)


def _trust_path(context: ssl.SSLContext, path: str, name: str) -> None:
    """Trusts the authorities in a file or folder, which the environment variable `name` gave.

    Raises:
      SettingsError: there are none.
    """
    path = _existing(path, name)
    is_folder = os.path.isdir(path)
    try:
        context.load_verify_locations(None if is_folder else path, path if is_folder else None)
    except OSError as error:
        raise _no_certificate(path, name, error) from error


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
        raise SettingsError(f"{name} names {path!r}, which does not exist.", hint="Correct or unset it.")
    return path
