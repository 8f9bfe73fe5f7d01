"""Runs a hub: chooses the port, creates the first token, and starts the server processes."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import http.client
import logging
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.administration.reserve import keep_reserve
from tensorflow_hub.server.catalogue.database import database_url
from tensorflow_hub.server.catalogue.tokens import ADMIN, create_token, has_tokens, lock_tokens
from tensorflow_hub.server.core.hub import Hub, open_hub
from tensorflow_hub.server.core.metrics import FOLDER_VARIABLE
from tensorflow_hub.server.deliveries.mail import check_mail_settings
from tensorflow_hub.server.http.middleware import LogFormat
from tensorflow_hub.server.oidc.provider import Provider
from tensorflow_hub.server.predicting.preparation import prepare_predictions
from tensorflow_hub.server.settings import ServerSettings
from tensorflow_hub.server.web.site import make_site

# The longest a client may take to send its request line and headers.
HEADER_SECONDS = 15


@contextlib.contextmanager
def reserved_port(settings: ServerSettings, asked_for: bool) -> Iterator[int]:
    """Reserves a port: that of the settings, or a free one if it is in use and the user did not choose it.

    On Linux, the port stays reserved while the context is open. The hub needs about a second from the choice
    of the port until it listens. Meanwhile another hub could choose the same port, and both would answer
    there.

    Args:
      settings: the address and port.
      asked_for: whether the user chose the port.

    Raises:
      SettingsError: the user chose the port and it is in use, or the address is not one of this machine.
    """
    try:
        held = _bind(settings.host, settings.port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE or asked_for:
            is_taken = error.errno in {errno.EADDRINUSE, errno.EACCES}
            raise SettingsError(
                f"The hub cannot listen on {settings.host}:{settings.port}: {error.strerror or error}.",
                hint="Stop the program that listens there, or choose another port: "
                "`tfhub serve --port 0` chooses a free one."
                if is_taken
                else "Choose an address of this machine: `tfhub serve --host 0.0.0.0` listens on all.",
            ) from error
        held = _bind(settings.host, 0)
    with held:
        port: int = held.getsockname()[1]
        if sys.platform == "linux":
            # From now on the server processes can share the port. This socket itself never listens.
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        else:  # on other systems, a bound port cannot be shared
            held.close()
        yield port


def place(settings: ServerSettings) -> str:
    """Returns where the hub stores its data, to show it to users: without the database's password."""
    folder = settings.data_folder()
    if not settings.database:
        return str(folder)
    return database_url(settings.database, folder).render_as_string(hide_password=True)


def first_token(hub: Hub) -> str | None:
    """Creates the administrator's token if the hub has never had a token. Its secret is shown only once."""
    with hub.database.reading() as connection:
        if has_tokens(connection):
            return None
    with hub.database.writing() as connection:
        lock_tokens(connection)
        if has_tokens(connection):  # another starting process has created one
            return None
        _, secret = create_token(connection, "first administrator", ADMIN, None, created_by="tfhub serve")
        return secret


def prepare(settings: ServerSettings) -> str | None:
    """Migrates the catalogue and checks the settings; at the first start, returns the administrator's token.

    Raises:
      SettingsError: the folder, the database or the store cannot be used; says why.
    """
    with explained(settings):
        hub = open_hub(settings)
        try:
            hub.store.check()
            make_site(settings)
            check_mail_settings(settings)
            if settings.oidc_issuer:
                Provider(settings)
            if settings.predict:
                prepare_predictions(settings)
            if hub.database.is_sqlite:
                keep_reserve(settings.data_folder())
            return first_token(hub)
        finally:
            hub.database.close()


@contextlib.contextmanager
def explained(settings: ServerSettings) -> Iterator[None]:
    """Turns errors of the system and the database into one that says why the hub's data cannot be used.

    Raises:
      SettingsError: an error of the system or the database was raised in the block.
    """
    try:
        yield
    except (OSError, sa.exc.DBAPIError) as error:
        reason = str(getattr(error, "orig", None) or getattr(error, "strerror", None) or error)
        raise SettingsError(
            f"The hub cannot store its data in {place(settings)}: {reason.strip().splitlines()[0]}.",
            hint="Check that it exists, can be written to and has space, or choose another: `--data DIR`.",
        ) from error


def serve(settings: ServerSettings, on_ready: Callable[[], None]) -> None:
    """Serves until the process gets SIGINT or SIGTERM, then finishes the running requests."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings

    # Not "fork": it does not copy the threads of the S3 client and the database driver of this process.
    multiprocessing.set_start_method("spawn", force=True)
    server: Any = Granian(
        "tensorflow_hub.server.app:make_app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        websockets=False,
        log_enabled=True,
        log_level="warning",  # type: ignore[arg-type]
        backlog=2048,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000),
        respawn_failed_workers=True,
        workers_kill_timeout=30,
    )
    threading.Thread(
        target=_wait_until_ready, args=(settings.host, settings.port, on_ready), daemon=True
    ).start()
    with tempfile.TemporaryDirectory(prefix="tfhub-metrics-") as counters:
        os.environ[FOLDER_VARIABLE] = counters  # the server processes inherit it
        server.serve(target_loader=functools.partial(load_app, settings), wrap_loader=False)


def _wait_until_ready(host: str, port: int, on_ready: Callable[[], None]) -> None:
    """Calls `on_ready` as soon as a server process answers."""
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - a comparison
    while True:
        connection = http.client.HTTPConnection(address, port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                on_ready()
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        finally:
            connection.close()


def load_app(settings: ServerSettings) -> Any:
    """Makes the application in a server process."""
    from tensorflow_hub.server.app import make_app

    _die_with_parent()
    configure_log(settings)
    return make_app(settings)


def _die_with_parent() -> None:
    """Makes Linux end this server process if its parent is killed: otherwise it would serve for ever."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None, use_errno=True).prctl(set_parent_death_signal, signal.SIGTERM)


def configure_log(settings: ServerSettings) -> None:
    """Sends the log to standard error, in the format of the settings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormat(settings.log_format))
    logger = logging.getLogger("tensorflow_hub.server")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def _bind(host: str, port: int) -> socket.socket:
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the last hub may have left open connections
    try:
        held.bind((host, port))
    except OSError:
        held.close()
        raise
    return held
