"""A real web server that answers by a function, and how tests ask it."""

from __future__ import annotations

import contextlib
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tensorflow_hub.network.retry import RetryPolicy
from tensorflow_hub.network.session import open_session
from tensorflow_hub.settings import Settings


class Server:
    """Answers by a function; keeps the requests."""

    def __init__(self, answer, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.requests: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.requests.append((self.path, dict(self.headers.items())))
                status, body, headers = answer(self.path, dict(self.headers.items()), len(outer.requests))
                self.send_response(status)
                headers = {"Content-Length": str(len(body)), **headers}
                for key, value in headers.items():
                    self.send_header(key, value)
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)
                self.close_connection = headers["Content-Length"] != str(len(body))

            def log_message(self, *arguments: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address) -> None:
                pass

        self.server = Quiet((host, 0), Handler)
        self.port = self.server.server_port
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"{'https' if context else 'http'}://{host}:{self.port}"


def ok(path, headers, number):
    return 200, b"ok", {}


def get(url: str, settings: Settings | None = None, **options):
    with open_session(settings or Settings()) as session:
        session.policy = RetryPolicy(retries=2, base=0.01)
        return session.request("GET", url, **options)
