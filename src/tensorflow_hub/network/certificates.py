"""Certificates: the trusted certificate authorities, and the certificate of the client.

If `TFHUB_CA_BUNDLE` is set, only its authorities are trusted. Otherwise all authorities in
`REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`, `SSL_CERT_FILE` and `SSL_CERT_DIR` are trusted. If none of them is
set, the authorities of the operating system and those of `requests` are trusted.
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

# The variables of `requests` and curl: each names a file, or a folder in the form of OpenSSL.
_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# The variables of OpenSSL, Python, R and most other programs. The second one is a list of folders, as `PATH`.
_OPENSSL_FILE, _OPENSSL_FOLDERS = "SSL_CERT_FILE", "SSL_CERT_DIR"


class TlsAdapter(requests.adapters.HTTPAdapter):
    """Opens the connections of a session, with the trusted authorities of settings and environment."""

    def __init__(self, settings: Settings, **options: Any) -> None:
        self._settings = settings
        self._context: ssl.SSLContext | None = None
        super().__init__(**options)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Creates the connection pools."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = TIMELY_POOLS

    def get_connection_with_tls_context(  # type: ignore[no-untyped-def]
        self, request, verify, proxies=None, cert=None
    ) -> Any:
        """The connection pool for a request."""
        if verify and request.url.lower().startswith("https:"):
            self._trust()  # here, because in `super()` `requests` reports each ValueError as a wrong URL
        return super().get_connection_with_tls_context(request, verify, proxies, cert)

    def build_connection_pool_key_attributes(  # type: ignore[no-untyped-def]
        self, request, verify, cert=None
    ) -> Any:
        """The key of a connection pool. For https it includes the authorities."""
        host, options = super().build_connection_pool_key_attributes(request, verify, cert)
        if verify and host["scheme"] == "https":
            options["ssl_context"] = self._trust()
        return host, options

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """The connections through a proxy, whose own URL may be one of https."""
        if proxy.lower().startswith("https:") and not self._settings.disable_cert_validation:
            options["proxy_ssl_context"] = self._trust()
        manager: Any = super().proxy_manager_for(proxy, **options)
        if proxy.lower().startswith("http"):  # SOCKS has other connections
            manager.pool_classes_by_scheme = TIMELY_POOLS
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Sets whether a connection checks certificates. The authorities are in its context."""
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
        conn.ca_certs = conn.ca_cert_dir = None

    def _trust(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = trusting_context(self._settings)
        return self._context


def trusting_context(settings: Settings) -> ssl.SSLContext:
    """An SSL context for a client, with the trusted authorities that the docstring of this file lists.

    Raises:
      SettingsError: a named file or folder does not exist, or has no certificates.
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
        # As OpenSSL does: if only one of the two is set, the default of the other is used.
        context.set_default_verify_paths()
    if file:
        _trust_path(context, file, _OPENSSL_FILE)
    if folders:
        _trust_folders(context, folders)
    return context


def _usual_trust() -> ssl.SSLContext:
    if sys.platform in {"darwin", "win32"}:  # OpenSSL cannot read all of their certificates
        import truststore

        context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_default_verify_paths()
    # The certificates of the system may be missing (in containers) or old.
    context.load_verify_locations(requests.utils.DEFAULT_CA_BUNDLE_PATH)
    return context


def _trust_folders(context: ssl.SSLContext, folders: str) -> None:
    """Adds the certificates in existing folders. The variable often lists folders of several systems."""
    paths = [path for path in folders.split(os.pathsep) if path]
    there = [path for path in paths if os.path.isdir(os.path.expanduser(path))]
    for path in there or paths:
        _trust_path(context, path, _OPENSSL_FOLDERS)


def _trust_path(context: ssl.SSLContext, path: str, name: str) -> None:
    """Adds the certificates in a file or folder, which the environment variable `name` names.

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
    """The file with the certificate and key of the client, or the two files; None if it has none.

    Raises:
      SettingsError: the files that `TFHUB_CLIENT_CERT` names cannot be used.
    """
    if not settings.client_cert:
        return None
    parts = settings.client_cert.split(",", maxsplit=1)
    certificate, *keys = [_existing(part.strip(), "TFHUB_CLIENT_CERT") for part in parts]
    key = keys[0] if keys else certificate
    try:
        with open(key, "rb") as file:
            is_encrypted = b"ENCRYPTED" in file.read(1 << 20)
        if not is_encrypted:  # for an encrypted key the password is asked for when it is used
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
