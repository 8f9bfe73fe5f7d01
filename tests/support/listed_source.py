"""A source as another package would write it, `listed://model[/version]`, and the server that it asks.

The server lists files with sizes and digests, and sends each from another address, by a redirect.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from loopback import Answer, LoopbackServer, Request, as_json, in_ranges, redirect

from tensorflow_hub.errors import ForbiddenError, HandleError
from tensorflow_hub.resolving.sources import FileList, Location, RemoteFile, Source


class ListedServer:
    """Models as lists of files.

    Attributes:
      server: the web server behind it.
      files: model/version/path → content, or the file that has it.
      listing: may change what is listed of a file: path → what is different.
      token: what it asks for where models begin with "private", as `Bearer`.
    """

    def __init__(self) -> None:
        self.server = LoopbackServer(self._answer)
        self.files: dict[str, bytes | Path] = {}
        self.listing: dict[str, Mapping[str, object]] = {}
        self.etags = True
        self.token = "secret"

    @property
    def url(self) -> str:
        return self.server.url

    def publish(self, name: str, directory: Path) -> str:
        """Serves a directory as `model/version`; gives its handle."""
        for path in directory.rglob("*"):
            if path.is_file():
                self.files[f"{name}/{path.relative_to(directory).as_posix()}"] = path
        return f"listed://{name}"

    def _answer(self, request: Request) -> Answer:
        kind, _, name = request.path.strip("/").partition("/")
        sent = request.headers.get("authorization")
        if name.startswith("private") and kind != "content" and sent != f"Bearer {self.token}":
            return Answer(403 if sent else 401)
        if kind == "latest":
            versions = [int(key.split("/")[1]) for key in self.files if key.startswith(f"{name}/")]
            return as_json({"latest": str(max(versions))}) if versions else Answer(404)
        if kind == "files":
            rows = [self._row(key, name) for key in sorted(self.files) if key.startswith(f"{name}/")]
            return as_json(rows) if rows else Answer(404)
        if kind == "file":
            return redirect(f"{self.url}/content/{urllib.parse.quote(name)}")
        if name not in self.files:
            return Answer(404)
        etag = hashlib.md5(name.encode()).hexdigest()
        headers = {"ETag": f'"{etag}"'} if self.etags else {}
        return in_ranges(request, Answer(body=self.files[name], headers=headers))

    def _row(self, key: str, name: str) -> dict[str, object]:
        content = self.files[key]
        data = content.read_bytes() if isinstance(content, Path) else content
        path = key.removeprefix(f"{name}/")
        row = {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        return {**row, "url": f"{self.url}/file/{key}", **self.listing.get(path, {})}


@dataclasses.dataclass(frozen=True)
class ListedLocation(Location):
    """A model, and perhaps a version of it."""

    model: str = ""
    version: str = ""


class ListedSource(Source[ListedLocation]):
    """Takes listed://model[/version], in any case."""

    api: ClassVar[str] = ""  # where the server of the test listens
    token: ClassVar[str] = ""
    kept: ClassVar[str] = ""  # where another program keeps models

    def parse(self, handle):
        match = re.fullmatch(r"listed://([a-z-]+)(?:/([0-9]+))?/?", handle.lower())
        if match is None:
            raise HandleError(
                f"Expected listed://model[/version], got {handle!r}.", hint="As listed://words/1."
            )
        model, version = match[1], match[2] or ""
        name = f"listed://{model}/{version}".rstrip("/")
        return ListedLocation(handle, name, is_fixed=bool(version), model=model, version=version)

    def latest(self, location, session):
        return session.request("GET", f"{self.api}/latest/{location.model}").json()["latest"]

    def at_version(self, location, version):
        return dataclasses.replace(self.parse(f"{location.name}/{version}"), handle=location.handle)

    def open(self, location, session):
        rows = session.request("GET", f"{self.api}/files/{location.model}/{location.version}").json()
        files = [
            RemoteFile(
                row["path"], row["size"], row["url"], {"sha256": row["sha256"]} if row["sha256"] else {}
            )
            for row in rows
        ]
        return FileList(tuple(files))

    def folders(self, location):
        return (f"{self.kept}/{location.model}/{location.version}",) if self.kept else ()

    def authorization(self, url):
        return f"Bearer {self.token}" if self.token and url.startswith(f"{self.api}/") else None

    def error_of(self, response, location):
        if response.status_code == 403:
            return ForbiddenError("Not for you, says the list.", hint="Ask for it.")
        return None
