"""A hub on loopback over real sockets; tests choose how it misbehaves."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from patience import until

from tensorflow_hub.format.archive.index import INDEX_MEDIA_TYPE
from tensorflow_hub.format.archive.writer import write_archive

Behaviour = Callable[[BaseHTTPRequestHandler, int], bool]


class HubServer:
    """A hub on loopback.

    `behave(request, number)` may answer a request itself and return True; `requests` keeps what was
    asked for.
    """

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.indexes: dict[str, bytes] = {}
        self.latest: dict[str, str] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.bytes_sent = 0
        self.ranges = True
        self.behave: Behaviour = lambda request, number: False
        self._lock = threading.Lock()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub._answer(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def publish(self, name: str, directory: Path, *, indexed: bool = True) -> str:
        """Serves a directory as a module; gives its handle."""
        archive = directory.with_name(directory.name + f".{len(self.files)}.tar.gz")
        index = write_archive(directory, archive)
        self.files[f"/{name}"] = (archive.read_bytes(), {"ETag": f'"{index.archive_sha256}"'})
        if indexed:
            self.indexes[f"/{name}"] = index.to_json()
        return f"{self.url}/{name}"

    def serve(self, name: str, content: bytes, **headers: str) -> str:
        self.files[f"/{name}"] = (content, headers)
        return f"{self.url}/{name}"

    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    def clear_requests(self) -> None:
        """Forgets the requests of programs that are gone, those too that nobody has read yet."""
        urllib.request.urlopen(self.serve("last", b"")).close()  # connections are accepted in their order
        until(lambda: self._server.connections == 0, "the end of all connections")
        self.requests.clear()

    def requested_bytes(self) -> int:
        """How many bytes of archives were asked for in parts."""
        ranges = [headers["Range"] for _, headers in self.requests if "Range" in headers]
        spans = [tuple(map(int, text.removeprefix("bytes=").split("-"))) for text in ranges]
        return sum(end - start + 1 for start, end in spans)

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.requests.append((request.path, dict(request.headers.items())))
            number = len(self.requests)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if not self.behave(request, number):
                self.send(request)

    def send(
        self,
        request: BaseHTTPRequestHandler,
        limit: int | None = None,
        then: Callable[[BaseHTTPRequestHandler], object] | None = None,
    ) -> None:
        """The right answer, or its first `limit` bytes; `then` ends the connection, or whatever."""
        asked = request.path.partition("?")[0]
        path = self.latest.get(asked, asked)
        if path not in self.files:
            send_status(request, 404)
            return
        content, headers = self.files[path]
        headers = {"Vary": "Accept", **headers}
        if path != asked:
            headers["Content-Location"] = path
        if path in self.indexes and INDEX_MEDIA_TYPE in request.headers.get("Accept", ""):
            headers["Content-Type"] = INDEX_MEDIA_TYPE
            headers.pop("ETag")
            self._send_bytes(request, 200, self.indexes[path], headers, None)
            return
        status = 200
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
        if self.ranges:
            headers["Accept-Ranges"] = "bytes"
            if span and request.headers.get("If-Range") in {None, headers.get("ETag")}:
                start, end = int(span[1]), min(int(span[2] or len(content) - 1), len(content) - 1)
                headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
                content, status = content[start : end + 1], 206
        self._send_bytes(request, status, content, headers, limit)
        if limit is not None:
            (then or close_connection)(request)

    def _send_bytes(
        self,
        request: BaseHTTPRequestHandler,
        status: int,
        content: bytes,
        headers: dict[str, str],
        limit: int | None,
    ) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(content)))
        for key, value in headers.items():
            request.send_header(key, value)
        request.end_headers()
        content = content if limit is None else content[:limit]
        for at in range(0, len(content), 1 << 16):
            piece = content[at : at + (1 << 16)]
            request.wfile.write(piece)
            with self._lock:
                self.bytes_sent += len(piece)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    connections = 0
    _lock = threading.Lock()

    def process_request(self, request, client_address) -> None:
        with self._lock:
            self.connections += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request) -> None:
        super().shutdown_request(request)
        with self._lock:
            self.connections -= 1

    def handle_error(self, request: object, client_address: object) -> None:
        pass


def send_status(request: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    request.send_response(status)
    request.send_header("Content-Length", str(len(body)))
    for key, value in headers.items():
        request.send_header(key.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)


def close_connection(request: BaseHTTPRequestHandler) -> None:
    """Ends the connection."""
    with contextlib.suppress(OSError):
        request.wfile.flush()
        request.connection.shutdown(socket.SHUT_RDWR)
    request.close_connection = True
