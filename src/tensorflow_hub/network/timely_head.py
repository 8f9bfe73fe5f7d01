"""Connections with a timeout for all headers of an answer together, and not for each byte of them."""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any

import urllib3.connection
import urllib3.connectionpool


class _TimelyReader(io.RawIOBase):
    """The bytes of a socket. If a deadline is set, reading ends at it."""

    def __init__(self, raw: Any, seconds: float | None) -> None:
        self._raw = raw
        self.deadline = float("inf") if seconds is None else time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if time.monotonic() > self.deadline:
            raise TimeoutError("the head of the answer only trickles")
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimelyResponse(http.client.HTTPResponse):
    """An answer whose headers have to arrive within the timeout of the socket."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self._reader = _TimelyReader(self.fp.detach(), sock.gettimeout())
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        """Reads the headers."""
        super().begin()
        self._reader.deadline = float("inf")  # the time limit of the body is in `network/body.py`


class _Connection(urllib3.connection.HTTPConnection):
    response_class = _TimelyResponse


class _TlsConnection(urllib3.connection.HTTPSConnection):
    response_class = _TimelyResponse


class _Pool(urllib3.connectionpool.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.connectionpool.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


# Scheme → class of connection pools, for the pool managers of `urllib3`.
TIMELY_POOLS: dict[str, Any] = {"http": _Pool, "https": _TlsPool}
