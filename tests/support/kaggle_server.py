"""Kaggle Models on loopback: the REST form, the RPC form and the web pages of one service.

What it answers is what `kagglehub` 0.3.13 (REST) and 1.x (RPC) take; `make test-clients` proves it.
"""

from __future__ import annotations

import dataclasses
import io
import re
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from loopback import Answer, LoopbackServer, Request, as_json, page, redirect
from signed_storage import SignedStorage

Files = Mapping[str, bytes | Path]


class InstanceName(NamedTuple):
    """A variation of a model for a framework; the framework is kept without case and underscores."""

    owner: str
    model: str
    framework: str
    variation: str

    @classmethod
    def of(cls, owner: str, model: str, framework: str, variation: str) -> InstanceName:
        kind = framework.removeprefix("MODEL_FRAMEWORK_").replace("_", "").lower()
        return cls(owner, model, kind, variation)


@dataclasses.dataclass
class Instance:
    """What is published of a variation: version → files."""

    name: InstanceName
    framework: str
    versions: dict[int, Files] = dataclasses.field(default_factory=dict)

    def as_json(self) -> dict:
        name = self.name
        return {
            "id": 1,
            "slug": name.variation,
            "framework": self.framework,
            "versionNumber": max(self.versions),
            "licenseName": "Apache 2.0",
            "url": f"https://www.kaggle.com/models/{'/'.join(name)}",
        }


class KaggleServer:
    """Kaggle, and the storage that its download links lead to.

    Attributes:
      server: the web server; `server.url` is a value of KAGGLE_API_ENDPOINT.
      storage: where the files lie, on another port: another host to any client.
      tokens: those that are accepted, as values of `Authorization`: `"Bearer KGAT_x"`.
      private: models (`"owner/model"`) that only those with a token see.
      terms: models whose terms of use nobody has agreed to yet.
      only_rpc: the REST form has no downloads any more.
      disguised: errors come with status 200, and say so in the body only.
      page_size: the most files that a page of a list has.
    """

    def __init__(self) -> None:
        self.server = LoopbackServer(self._answer)
        self.storage = SignedStorage()
        self.tokens: set[str] = set()
        self.private: set[str] = set()
        self.terms: set[str] = set()
        self.only_rpc = self.disguised = False
        self.page_size = 25
        self._instances: dict[InstanceName, Instance] = {}

    @property
    def url(self) -> str:
        return self.server.url

    def close(self) -> None:
        self.server.close()
        self.storage.close()

    def publish(
        self, handle: str, files: Files, *, bundle: bytes | Path | None = None, hashes: str | None = None
    ) -> str:
        """Publishes a version.

        Args:
          handle: `"google/elmo/tensorFlow1/elmo/3"`.
          files: path → content.
          bundle: the archive; by default a tar.gz with the files at its root.
          hashes: the header `x-goog-hash` of all its objects; by default each has its own.

        Returns:
          The handle with `kaggle://` before it.
        """
        owner, model, framework, variation, version = handle.split("/")
        name = InstanceName.of(owner, model, framework, variation)
        instance = self._instances.setdefault(name, Instance(name, framework))
        instance.versions[int(version)] = files
        place = _place(name, int(version))
        self.storage.put(f"{place}/bundle", tar_gz(files) if bundle is None else bundle, hashes=hashes)
        for path, content in files.items():
            self.storage.put(f"{place}/files/{path}", content, hashes=hashes)
        return f"kaggle://{handle}"

    def error(self, status: int, message: str) -> Answer:
        return as_json({"code": status, "message": message}, 200 if self.disguised else status)

    def _answer(self, request: Request) -> Answer:
        given = request.headers.get("authorization")
        if given is not None and given not in self.tokens:
            return self.error(401, "Unauthenticated")
        rest = re.fullmatch(r"/api/v1/models/(.+)", request.path)
        if rest and request.method in {"GET", "HEAD"}:
            return self._rest(request, rest[1].split("/"), known=given is not None)
        call = re.fullmatch(r"(?:/api)?/v1/models\.ModelApiService/(\w+)", request.path)
        if call and request.method == "POST":
            return self._rpc(call[1], request.json(), known=given is not None)
        return self._web(request)

    def _rest(self, request: Request, parts: list[str], *, known: bool) -> Answer:
        match parts:
            case [owner, model, "get"]:
                return self._get_model(owner, model, known=known)
            case [owner, model, framework, variation, "get"]:
                found = self._find(InstanceName.of(owner, model, framework, variation), known=known)
                return found if isinstance(found, Answer) else as_json(found.as_json())
            case [owner, model, framework, variation, version, ("files" | "download") as action, *path]:
                name = InstanceName.of(owner, model, framework, variation)
                if action == "download":
                    if self.only_rpc:
                        return self.error(404, "Not found")
                    return self._download(name, int(version), "/".join(path), known=known)
                size, token = int(request.query.get("page_size", 25)), request.query.get("page_token", "")
                return self._list(name, int(version), size, token, known=known)
        return self.error(404, "Not found")

    def _rpc(self, method: str, body: dict, *, known: bool) -> Answer:
        if method == "GetModel":
            return self._get_model(body["ownerSlug"], body["modelSlug"], known=known)
        name = InstanceName.of(body["ownerSlug"], body["modelSlug"], body["framework"], body["instanceSlug"])
        version = body.get("versionNumber", 0)
        if method == "GetModelInstance":
            found = self._find(name, known=known)
            return found if isinstance(found, Answer) else as_json(found.as_json())
        if method == "ListModelInstanceVersionFiles":
            size, token = body.get("pageSize", 25), body.get("pageToken", "")
            return self._list(name, version, size, token, known=known)
        if method == "DownloadModelInstanceVersion":
            return self._download(name, version, body.get("path", ""), known=known)
        return self.error(404, "Not found")

    def _web(self, request: Request) -> Answer:
        """A model's page; with the query of the hosting protocol, its archive."""
        short = request.path.strip("/").split("/")
        if len(short) == 9:  # models/o/m/frameworks/f/variations/v/versions/n
            short = [short[0], short[1], short[2], short[4], short[6], short[8]]
        if len(short) == 6 and request.query.get("tf-hub-format") == "compressed":
            return self._download(InstanceName.of(*short[1:5]), int(short[5]), "", known=False)
        return page("Kaggle Models")

    def _find(self, name: InstanceName, *, known: bool) -> Instance | Answer:
        if not known and f"{name.owner}/{name.model}" in self.private:
            return self.error(403, "Permission 'models.get' was denied")
        return self._instances.get(name) or self.error(404, "Not found")

    def _get_model(self, owner: str, model: str, *, known: bool) -> Answer:
        found = [item for name, item in self._instances.items() if name[:2] == (owner, model)]
        if not found or (not known and f"{owner}/{model}" in self.private):
            return self.error(404, "Not found")
        return as_json({"id": 1, "slug": model, "instances": [item.as_json() for item in found]})

    def _list(self, name: InstanceName, version: int, size: int, token: str, *, known: bool) -> Answer:
        found = self._find(name, known=known)
        if isinstance(found, Answer):
            return found
        if version not in found.versions:
            return self.error(404, "Not found")
        files, start = found.versions[version], int(token or 0)
        stop = start + min(size, self.page_size)
        listed = [
            {"name": path, "size": _size(files[path]), "creationDate": "2023-11-15T00:00:00Z"}
            for path in sorted(files)[start:stop]
        ]
        return as_json({"files": listed, "nextPageToken": str(stop) if stop < len(files) else ""})

    def _download(self, name: InstanceName, version: int, path: str, *, known: bool) -> Answer:
        found = self._find(name, known=known)
        if isinstance(found, Answer):
            return found
        if f"{name.owner}/{name.model}" in self.terms:
            return self.error(403, "User has not consented to terms of use.")
        if version not in found.versions or (path and path not in found.versions[version]):
            return self.error(404, "Not found")
        place = _place(name, version)
        return redirect(self.storage.sign(f"{place}/files/{path}" if path else f"{place}/bundle"))


def tar_gz(files: Files, folder: str = "") -> bytes:
    """A tar.gz with the files at its root, or in a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(f"{folder}/{path}" if folder else path)
            member.size = _size(content)
            tar.addfile(member, io.BytesIO(_bytes(content)))
    return buffer.getvalue()


def zipped(files: Files) -> bytes:
    """A zip with the files at its root."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, _bytes(content))
    return buffer.getvalue()


def files_of(directory: Path) -> dict[str, Path]:
    """The files of a directory by their paths in it."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path for path in files}


def _place(name: InstanceName, version: int) -> str:
    return f"kagglesdsdata/models/{'/'.join(name)}/{version}"


def _bytes(content: bytes | Path) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()


def _size(content: bytes | Path) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size
