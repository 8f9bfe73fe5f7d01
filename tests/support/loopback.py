"""An HTTP server on loopback that answers by a function: what the servers of several protocols stand on.

Tests choose how it misbehaves by `interfere`; benchmarks choose how slow its link is by `pace`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_PIECE = 1 << 18  # bytes written at a time


@dataclasses.dataclass(frozen=True)
class Request:
    """What was asked for.

    Attributes:
      method: `"GET"`, ….
      path: without the query, percent-decoded.
      raw_path: the same as it was sent: a `%2F` is no slash.
      query: the parameters, the last one of each name.
      headers: by name in lower case.
      body: of a POST.
    """

    method: str
    path: str
    raw_path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What is answered.

    Attributes:
      status: the status code.
      body: the bytes, or the file that has them.
      headers: beside Content-Length.
      start: of the body that is sent, the first byte.
      end: the byte behind the last one; None: all.
      cut: close the connection after so many bytes of it.
    """

    status: int = 200
    body: bytes | Path = b""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    start: int = 0
    end: int | None = None
    cut: int | None = None

    @property
    def size(self) -> int:
        """Bytes of the whole body."""
        return self.body.stat().st_size if isinstance(self.body, Path) else len(self.body)


@dataclasses.dataclass(frozen=True)
class Pace:
    """A slow link: seconds there and back, bytes per second of each connection."""

    latency: float
    rate: float


def as_json(value: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


def redirect(url: str, **headers: str) -> Answer:
    return Answer(302, b"", {"Location": url, **headers})


def page(text: str, status: int = 200) -> Answer:
    """A web page, as a login page of a proxy is one."""
    body = f"<!doctype html><title>{text}</title><p>{text}</p>".encode()
    return Answer(status, body, {"Content-Type": "text/html; charset=utf-8"})


def in_ranges(request: Request, answer: Answer) -> Answer:
    """The part of a body that `Range` asks for, unless `If-Range` names another one (RFC 9110 §14)."""
    headers = {"Accept-Ranges": "bytes", **answer.headers}
    span = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    if span is None or request.headers.get("if-range", headers.get("ETag")) != headers.get("ETag"):
        return dataclasses.replace(answer, headers=headers)
    start, end = int(span[1]), min(int(span[2]) + 1 if span[2] else answer.size, answer.size)
    if start >= answer.size:
        return Answer(416, b"", {"Content-Range": f"bytes */{answer.size}"})
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{answer.size}"
    return dataclasses.replace(answer, status=206, headers=headers, start=start, end=end)


class LoopbackServer:
    """Answers each request by `answer`; `requests` keeps them.

    Attributes:
      interfere: called first; what it returns is sent in place of the right answer, unless it is None.
      pace: how slow the link is; None for as fast as it goes.
      url: where it is, `http://127.0.0.1:port`.
    """

    def __init__(self, answer: Callable[[Request], Answer], host: str = "127.0.0.1", port: int = 0) -> None:
        self.requests: list[Request] = []
        self.interfere: Callable[[Request], Answer | None] = lambda request: None
        self.pace: Pace | None = None
        self._answer = answer
        outer = self

        class Handler(_Handler):
            server_of_tests = outer

        self._server = _Server((host, port), Handler)
        self.url = f"http://{host}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Listens no longer: who comes now is refused."""
        self._server.shutdown()
        self._server.server_close()

    def answer_to(self, request: Request) -> Answer:
        """What `answer` says, whatever `interfere` does."""
        return self._answer(request)

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def respond(self, request: Request) -> Answer:
        self.requests.append(request)
        interference = self.interfere(request)
        return self._answer(request) if interference is None else interference


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_of_tests: LoopbackServer
    _is_new = True

    def _serve(self) -> None:
        server, url = self.server_of_tests, urllib.parse.urlsplit(self.path)
        request = Request(
            self.command,
            urllib.parse.unquote(url.path),
            url.path,
            dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        if server.pace:  # a new connection costs a journey there and back too
            time.sleep(server.pace.latency * (2 if self._is_new else 1))
        self._is_new = False
        with contextlib.suppress(ConnectionError):
            self._send(server.respond(request), server.pace)

    do_GET = do_HEAD = do_POST = _serve

    def _send(self, answer: Answer, pace: Pace | None) -> None:
        end = answer.size if answer.end is None else answer.end
        length = end - answer.start
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(length), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        left = length if answer.cut is None else min(answer.cut, length)
        with _reader(answer) as send:
            at, started, sent = answer.start, time.monotonic(), 0
            while left > 0:
                count = send(self.connection, at, min(_PIECE, left))
                at, left, sent = at + count, left - count, sent + count
                if pace:
                    time.sleep(max(0.0, started + sent / pace.rate - time.monotonic()))
        if answer.cut is not None:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

    def log_message(self, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def _reader(answer: Answer):
    """How a piece of the body is sent: from memory, or from a file without a copy."""
    if isinstance(answer.body, bytes):
        view = memoryview(answer.body)

        def send(connection: socket.socket, at: int, count: int) -> int:
            connection.sendall(view[at : at + count])
            return count

        yield send
        return
    with answer.body.open("rb") as file:
        yield lambda connection, at, count: connection.sendfile(file, at, count)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        pass
