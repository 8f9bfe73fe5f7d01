"""The Hugging Face hub on loopback: revisions, trees in pages, files, and a CDN for large ones.

What it answers is what `huggingface_hub` takes; `make test-clients` proves it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import urllib.parse
from collections.abc import Mapping
from pathlib import Path

from loopback import Answer, LoopbackServer, Request, as_json, in_ranges, redirect
from signed_storage import SignedStorage

Files = Mapping[str, bytes | Path]


@dataclasses.dataclass(frozen=True)
class RepositoryFile:
    """A file of a commit: what it holds, and the digests by which git and LFS know it."""

    content: bytes | Path
    size: int
    blob: str
    lfs: str

    @classmethod
    def of(cls, content: bytes | Path, lfs_from: int) -> RepositoryFile:
        data = content if isinstance(content, bytes) else content.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        if len(data) < lfs_from:
            return cls(content, len(data), _blob(data), "")
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(data)}\n"
        return cls(content, len(data), _blob(pointer.encode()), sha256)

    @property
    def etag(self) -> str:
        return self.lfs or self.blob

    def as_json(self, path: str) -> dict:
        entry = {"type": "file", "path": path, "size": self.size, "oid": self.blob}
        if self.lfs:
            entry["lfs"] = {"oid": self.lfs, "size": self.size, "pointerSize": 134}
        return entry


@dataclasses.dataclass
class Repository:
    """Commits by their SHA-1 and branches by name."""

    commits: dict[str, dict[str, RepositoryFile]] = dataclasses.field(default_factory=dict)
    branches: dict[str, str] = dataclasses.field(default_factory=dict)


class HuggingFaceServer:
    """The hub and its CDN.

    Attributes:
      server: the web server; `server.url` is a value of HF_ENDPOINT.
      cdn: where large files lie, on another port.
      tokens: those that are accepted.
      private: repositories that only those with a token see.
      gated: repositories whose terms nobody has agreed to yet.
      page_size: the most entries that a page of a tree has.
      lfs_from: bytes from which a file lies in the CDN.
    """

    def __init__(self) -> None:
        self.server = LoopbackServer(self._answer)
        self.cdn = SignedStorage()
        self.tokens: set[str] = set()
        self.private: set[str] = set()
        self.gated: set[str] = set()
        self.page_size = 1000
        self.lfs_from = 10_000
        self._repositories: dict[str, Repository] = {}

    @property
    def url(self) -> str:
        return self.server.url

    def close(self) -> None:
        self.server.close()
        self.cdn.close()

    def publish(self, repository: str, files: Files, branch: str = "main") -> str:
        """Commits files to a branch; gives the SHA-1 of the commit."""
        held = self._repositories.setdefault(repository, Repository())
        commit = {path: RepositoryFile.of(content, self.lfs_from) for path, content in files.items()}
        listed = repr([(path, file.blob) for path, file in sorted(commit.items())])
        sha = hashlib.sha1(f"{repository} {branch} {listed}".encode()).hexdigest()
        held.commits[sha], held.branches[branch] = commit, sha
        for file in commit.values():
            if file.lfs:
                self.cdn.put(f"repos/{file.lfs}", file.content, hashes="")
        return sha

    def _answer(self, request: Request) -> Answer:
        asked = re.fullmatch(
            r"(?:/api/models)?/([^/]+/[^/]+)/(revision|tree|resolve)/([^/]+)/?(.*)", request.raw_path
        )
        if asked is None:
            return _refusal(404, "EntryNotFound", "Not found")
        repository, what, revision, path = map(urllib.parse.unquote, asked.groups())
        found = self._commit(request, repository, revision, is_file=what == "resolve")
        if isinstance(found, Answer):
            return found
        sha, files = found
        if what == "resolve":
            return self._file(request, sha, files, path)
        if what == "tree":
            return self._tree(request, files, path)
        siblings = [{"rfilename": path} for path in sorted(files)]
        gated = "manual" if repository in self.gated else False
        return as_json({"id": repository, "sha": sha, "private": False, "gated": gated, "siblings": siblings})

    def _commit(
        self, request: Request, repository: str, revision: str, *, is_file: bool
    ) -> tuple[str, dict[str, RepositoryFile]] | Answer:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        held = self._repositories.get(repository)
        if token and token not in self.tokens:
            return _refusal(401, "", "Invalid credentials in Authorization header")
        if held is None or (repository in self.private and not token):
            status = 404 if token else 401
            return _refusal(status, "RepoNotFound", "Repository not found")
        if repository in self.gated and is_file:
            return _refusal(
                403 if token else 401, "GatedRepo", f"Access to model {repository} is restricted."
            )
        sha = held.branches.get(revision, revision)
        if sha not in held.commits:
            return _refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return sha, held.commits[sha]

    def _tree(self, request: Request, files: dict[str, RepositoryFile], folder: str) -> Answer:
        below = {path: file for path, file in files.items() if not folder or path.startswith(f"{folder}/")}
        if not below:
            return _refusal(404, "EntryNotFound", f"{folder} does not exist")
        start = int(request.query.get("cursor", 0))
        stop = start + self.page_size
        entries = [below[path].as_json(path) for path in sorted(below)[start:stop]]
        if stop >= len(below):
            return as_json(entries)
        more = f"{self.url}{request.raw_path}?recursive=true&expand=false&cursor={stop}"
        return as_json(entries, Link=f'<{more}>; rel="next"')

    def _file(self, request: Request, sha: str, files: dict[str, RepositoryFile], path: str) -> Answer:
        if path not in files:
            return _refusal(404, "EntryNotFound", f"{path} does not exist")
        file = files[path]
        commit = {"X-Repo-Commit": sha}
        if file.lfs:
            commit |= {"X-Linked-ETag": f'"{file.lfs}"', "X-Linked-Size": str(file.size)}
            return redirect(self.cdn.sign(f"repos/{file.lfs}"), **commit)
        return in_ranges(request, Answer(200, file.content, {"ETag": f'"{file.blob}"', **commit}))


def _blob(data: bytes) -> str:
    """The SHA-1 that git gives a file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _refusal(status: int, code: str, message: str) -> Answer:
    headers = {"X-Error-Message": message, **({"X-Error-Code": code} if code else {})}
    return as_json({"error": message}, status, **headers)
