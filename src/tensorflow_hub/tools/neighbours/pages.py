"""Shows neighbours: in an HTML file, and on a search page that is served on this machine."""

from __future__ import annotations

import email.parser
import email.policy
import http.server
import threading
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tensorflow_hub.errors import HubError
from tensorflow_hub.tools.neighbours.finding import Finder, Neighbour
from tensorflow_hub.tools.report.pages import render, thumbnail

MAX_UPLOAD = 20 << 20
SHOWN = 24


# A query, the image file of the query or None, and its neighbours.
Result = tuple[str, Path | None, list[Neighbour]]


def neighbours_page(
    finder: Finder, results: list[Result], *, search: bool = False, query: str = "", problem: str = ""
) -> str:
    """Returns one self-contained HTML page of queries with their neighbours.

    With `search` it has a form, whose text is `query`. The problem says why nothing was found.
    """
    groups = [
        {
            "query": asked,
            "picture": thumbnail(picture) if picture else "",
            "neighbours": [(n, thumbnail(n.path) if n.path else "") for n in neighbours],
        }
        for asked, picture, neighbours in results
    ]
    about = finder.index.about
    return render("neighbours.html", about=about, groups=groups, search=search, query=query, problem=problem)


class SearchServer(http.server.ThreadingHTTPServer):
    """Serves the search page of an index, only on 127.0.0.1. With port 0, `.server_port` is a free one."""

    daemon_threads = True

    def __init__(self, finder: Finder, port: int) -> None:
        self.finder = finder
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Page)

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://127.0.0.1:{self.server_port}/"


class _Page(http.server.BaseHTTPRequestHandler):
    server: SearchServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Sends the search page, or the results of `?q=text` and `?item=number`."""
        if not self._is_local():
            return
        parts = urlsplit(self.path)
        if parts.path != "/":
            self._send(HTTPStatus.NOT_FOUND, "There is only one page: /")
            return
        values = {name: found[0] for name, found in parse_qs(parts.query).items()}
        self._answer(values.get("q", "").strip(), values.get("item", ""), None)

    def do_POST(self) -> None:
        """Sends the results of an image that was sent by the form."""
        if not self._is_local():
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 13) or int(length) > MAX_UPLOAD:
            self.close_connection = True
            self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The image is larger than 20 MB.")
            return
        content = _uploaded(self.headers.get("Content-Type", ""), self.rfile.read(int(length)))
        self._answer("", "", content)

    def _answer(self, query: str, item: str, image: tuple[str, bytes] | None) -> None:
        results, problem = [], ""
        finder = self.server.finder
        try:
            with self.server.lock:  # one query at a time, to use less memory
                results = _results(finder, query, item, image)
        except HubError as error:
            problem = error.problem
        page = neighbours_page(finder, results, search=True, query=query, problem=problem)
        self._send(HTTPStatus.OK, page)

    def _is_local(self) -> bool:
        """Whether the request names this machine. Other names are refused, against DNS rebinding."""
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        if host in {"127.0.0.1", "localhost"}:
            return True
        self.close_connection = True
        self._send(HTTPStatus.FORBIDDEN, "Open this page as 127.0.0.1.")
        return False

    def _send(self, status: HTTPStatus, text: str) -> None:
        body = text.encode()
        kind = "text/html" if text.startswith("<!doctype") else "text/plain"
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Logs nothing, because queries are private."""


def _results(finder: Finder, query: str, item: str, image: tuple[str, bytes] | None) -> list[Result]:
    if image is not None:
        return [(image[0], None, finder.image_bytes(image[1], image[0], SHOWN))]
    if item.isascii() and item.isdigit() and len(item) < 13:
        found, own = finder.item(int(item), SHOWN), finder.index.item(int(item))
        picture = None if own.text is not None else Path(finder.index.about.source) / own.key
        return [(own.text or own.key, picture, found)]
    return [(query, None, finder.texts([query], SHOWN)[0])] if query else []


def _uploaded(content_type: str, body: bytes) -> tuple[str, bytes]:
    """Returns file name and bytes of the first file in a multipart/form-data body."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    for part in message.iter_parts() if message.is_multipart() else ():
        content = part.get_payload(decode=True)
        if part.get_filename() and isinstance(content, bytes):
            return str(part.get_filename()), content
    return "the upload", b""
