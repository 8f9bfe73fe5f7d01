"""A receiver of webhooks on loopback, which checks signatures by the words of Standard Webhooks 1.0."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import json
import threading
from collections.abc import Callable
from typing import Any

Answer = Callable[["Message"], tuple[int, dict[str, str], bytes]]


class Message:
    """What came: the path, the headers and the bytes of the body."""

    def __init__(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.path, self.headers, self.body = path, headers, body
        self.id = headers.get("webhook-id", "")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """A context manager; `answer(message)` gives status, headers and body; `messages` keeps what came."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.answer: Answer = lambda message: (200, {}, b"thanks")
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                message = Message(self.path, headers, body)
                receiver.messages.append(message)
                status, more, text = receiver.answer(message)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(text)), **more}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def __enter__(self) -> Receiver:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def of_type(self, kind: str) -> list[Message]:
        return [message for message in self.messages if message.json["type"] == kind]


def is_signed(message: Message, secret: str, now: float, tolerance: float = 300) -> bool:
    """Whether one of the signatures is of the secret, and the moment is near."""
    stamp = message.headers["webhook-timestamp"]
    if abs(now - int(stamp)) > tolerance:
        return False
    key = base64.b64decode(secret[len("whsec_") :])
    content = f"{message.id}.{stamp}.{message.body.decode()}"
    wanted = base64.b64encode(hmac.digest(key, content.encode(), hashlib.sha256))
    given = [part[3:] for part in message.headers["webhook-signature"].split(" ") if part.startswith("v1,")]
    return any(hmac.compare_digest(wanted, each.encode()) for each in given)
