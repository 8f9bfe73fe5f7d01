"""Each source of the table before a server on loopback that speaks its protocol; tests handle all alike."""

from __future__ import annotations

import hashlib
import tempfile
import urllib.parse
import xml.sax.saxutils
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from hugging_face_server import HuggingFaceServer
from kaggle_server import KaggleServer, tar_gz
from listed_source import ListedServer, ListedSource
from loopback import Answer, LoopbackServer, Request, in_ranges, redirect
from small_modules import write_files
from tfhub_dev_server import TfhubDevServer

import tensorflow_hub as hub
from tensorflow_hub import errors
from tensorflow_hub.format.archive.index import INDEX_MEDIA_TYPE
from tensorflow_hub.format.archive.writer import write_archive
from tensorflow_hub.resolving.sources.table import unregister_source

Files = Mapping[str, bytes]
HOSTILE = "assets/../../evil"


class SourceCase:
    """A source and its servers.

    Attributes:
      source: its class, as the table names it.
      own: the server that its credentials are for.
      others: those that redirects lead to.
      malformed: a handle of it that cannot be read; "" when it takes everything.
      has_latest: it tells which version is the latest.
      checks_bytes: it sees when other bytes come than were published.
      goes_on: a broken connection is continued, not begun anew.
      refusals: status → the error that it stands for.
    """

    source: ClassVar[str]
    malformed: ClassVar[str] = ""
    has_latest: ClassVar[bool] = True
    checks_bytes: ClassVar[bool] = True
    goes_on: ClassVar[bool] = True
    refusals: ClassVar[dict[int, type[errors.HubError]]] = {
        401: errors.AuthenticationError,
        403: errors.ForbiddenError,
        404: errors.NotFoundError,
        429: errors.LimitError,
        503: errors.UnreachableError,
    }
    own: LoopbackServer
    others: tuple[LoopbackServer, ...] = ()

    def __init__(self, monkeypatch) -> None:
        self.monkeypatch = monkeypatch

    @property
    def servers(self) -> tuple[LoopbackServer, ...]:
        return (self.own, *self.others)

    def close(self) -> None:
        for server in self.servers:
            server.close()

    def publish(self, files: Files, version: int = 1) -> str:
        """Publishes a version; gives its handle."""
        raise NotImplementedError

    def publish_hostile(self, files: Files) -> str:
        """Publishes a module with a file outside of it."""
        return self.publish({**files, HOSTILE: b"evil"})

    def unversioned(self, handle: str) -> str:
        return handle.rpartition("/")[0]

    def spellings(self, handle: str) -> tuple[str, ...]:
        """Others of the same handle."""
        return ()

    def authorize(self) -> str:
        """Sets a token in the environment; gives the header it is sent in. "" when it signs its requests."""
        raise NotImplementedError

    def interfere(self, change: Callable[[LoopbackServer, Request], Answer | None]) -> None:
        """Has `change` asked before each answer."""
        for server in self.servers:
            server.interfere = lambda request, server=server: change(server, request)

    def requests(self) -> list[Request]:
        return [request for server in self.servers for request in server.requests]


class HubCase(SourceCase):
    """A hub of ours: with an index, and its archives in a store."""

    source = "hub:Hub"
    indexed = True

    def __init__(self, monkeypatch) -> None:
        super().__init__(monkeypatch)
        self.own, self.store = LoopbackServer(self._answer), LoopbackServer(self._stored)
        self.others = (self.store,)
        self.archives: dict[str, bytes] = {}
        self.indexes: dict[str, bytes] = {}

    def publish(self, files: Files, version: int = 1) -> str:
        with tempfile.TemporaryDirectory() as folder:
            index = write_archive(write_files(Path(folder, "m"), dict(files)), Path(folder, "a"))
            self.archives[f"/acme/words/{version}"] = Path(folder, "a").read_bytes()
        self.indexes[f"/acme/words/{version}"] = index.to_json()
        return f"{self.own.url}/acme/words/{version}"

    def publish_hostile(self, files: Files) -> str:
        handle = self.publish(files)
        index = self.indexes["/acme/words/1"]
        self.indexes["/acme/words/1"] = index.replace(b"assets/words.txt", HOSTILE.encode())
        return handle

    def authorize(self) -> str:
        self.monkeypatch.setenv("TFHUB_URL", self.own.url)
        self.monkeypatch.setenv("TFHUB_TOKEN", "secret")
        return "Bearer secret"

    def _answer(self, request: Request) -> Answer:
        path = request.path
        if f"{path}/1" in self.archives:
            latest = max(int(name.rpartition("/")[2]) for name in self.archives if name.startswith(path))
            return redirect(f"{path}/{latest}?{urllib.parse.urlencode(request.query)}")
        if path not in self.archives:
            return Answer(404)
        if self.indexed and INDEX_MEDIA_TYPE in request.headers.get("accept", ""):
            return Answer(body=self.indexes[path], headers={"Content-Type": INDEX_MEDIA_TYPE})
        return redirect(f"{self.store.url}{path}")

    def _stored(self, request: Request) -> Answer:
        body = self.archives[request.path]
        return in_ranges(request, Answer(body=body, headers={"ETag": f'"{hashlib.md5(body).hexdigest()}"'}))


class PlainHubCase(HubCase):
    """Any server of the hosting protocol."""

    indexed = False

    def publish(self, files: Files, version: int = 1) -> str:
        self.archives[f"/acme/words/{version}"] = tar_gz(files)
        return f"{self.own.url}/acme/words/{version}"

    publish_hostile = SourceCase.publish_hostile


class WebArchiveCase(PlainHubCase):
    """An archive on a web server."""

    source = "web_archive:WebArchive"
    has_latest = False

    def publish(self, files: Files, version: int = 1) -> str:
        self.archives[f"/words-{version}.tar.gz"] = tar_gz(files)
        return f"{self.own.url}/words-{version}.tar.gz"


class ObjectStoreCase(SourceCase):
    """A bucket, by the S3 protocol."""

    source = "object_store:ObjectStore"
    malformed = "s3://"
    checks_bytes = goes_on = False  # the library of the store repeats by itself
    refusals: ClassVar = {
        401: errors.AuthenticationError,
        403: errors.ForbiddenError,
        404: errors.NotFoundError,
    }

    def __init__(self, monkeypatch) -> None:
        super().__init__(monkeypatch)
        self.own = LoopbackServer(self._answer)
        self.objects: dict[str, bytes] = {}
        monkeypatch.setenv("AWS_ENDPOINT_URL", self.own.url)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")

    def publish(self, files: Files, version: int = 1) -> str:
        for path, content in files.items():
            self.objects[f"words/{version}/{path}"] = self.objects[f"latest/of/{path}"] = content
        return f"s3://bucket/words/{version}"

    def publish_hostile(self, files: Files) -> str:
        return self.publish({**files, "assets/..\\..\\evil": b"evil"})

    def unversioned(self, handle: str) -> str:
        return "s3://bucket/latest/of"

    def authorize(self) -> str:
        return ""

    def _answer(self, request: Request) -> Answer:
        key = request.path.removeprefix("/bucket").lstrip("/")
        if "list-type" in request.query:
            return Answer(body=self._listing(request.query.get("prefix", "")))
        if key not in self.objects:
            return Answer(404)
        headers = {"Last-Modified": "Fri, 20 Nov 2026 08:00:00 GMT", "ETag": _etag(self.objects[key])}
        return in_ranges(request, Answer(body=self.objects[key], headers=headers))

    def _listing(self, prefix: str) -> bytes:
        rows = "".join(
            f"<Contents><Key>{xml.sax.saxutils.escape(key)}</Key><Size>{len(content)}</Size>"
            f"<LastModified>2026-11-20T08:00:00.000Z</LastModified><ETag>{_etag(content)}</ETag></Contents>"
            for key, content in sorted(self.objects.items())
            if key.startswith(prefix)
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode()


class KaggleCase(SourceCase):
    """Kaggle: single files, behind signed addresses of a storage."""

    source = "kaggle:Kaggle"
    malformed = "kaggle://acme/words"

    def __init__(self, monkeypatch) -> None:
        super().__init__(monkeypatch)
        self.kaggle = KaggleServer()
        self.own, self.others = self.kaggle.server, (self.kaggle.storage.server,)
        monkeypatch.setenv("KAGGLE_API_ENDPOINT", self.kaggle.url)

    def publish(self, files: Files, version: int = 1) -> str:
        return self.kaggle.publish(f"acme/words/tensorFlow2/small/{version}", files)

    def spellings(self, handle: str) -> tuple[str, ...]:
        return (
            "kaggle://acme/words/TensorFlow2/small/1/",
            "https://www.kaggle.com/models/acme/words/frameworks/tensorflow2/variations/small/versions/1",
        )

    def authorize(self) -> str:
        self.monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_secret")
        self.kaggle.tokens.add("Bearer KGAT_secret")
        return "Bearer KGAT_secret"


class KaggleBundleCase(KaggleCase):
    """Kaggle: more files than it gives singly, so one archive."""

    def publish(self, files: Files, version: int = 1) -> str:
        more = {f"assets/{number}": b"%d" % number for number in range(30)}
        return super().publish({**files, **more}, version)


class HuggingFaceCase(SourceCase):
    """Hugging Face: small files there, large ones from a CDN."""

    source = "hugging_face:HuggingFace"
    malformed = "hf://words"
    refusals: ClassVar = {
        **SourceCase.refusals,
        401: errors.NotFoundError,  # without a token: private, or not there
    }

    def __init__(self, monkeypatch) -> None:
        super().__init__(monkeypatch)
        self.hugging_face = HuggingFaceServer()
        self.own, self.others = self.hugging_face.server, (self.hugging_face.cdn.server,)
        monkeypatch.setenv("HF_ENDPOINT", self.hugging_face.url)

    def publish(self, files: Files, version: int = 1) -> str:
        return f"hf://acme/words@{self.hugging_face.publish('acme/words', files)}"

    def unversioned(self, handle: str) -> str:
        return handle.partition("@")[0]

    def spellings(self, handle: str) -> tuple[str, ...]:
        commit = handle.partition("@")[2]
        return (f"https://huggingface.co/acme/words/tree/{commit}", f"{handle}/")

    def authorize(self) -> str:
        self.monkeypatch.setenv("HF_TOKEN", "hf_secret")
        self.hugging_face.tokens.add("hf_secret")
        return "Bearer hf_secret"


class TfhubDevCase(SourceCase):
    """tfhub.dev, which redirects to Kaggle, whose storage has the bytes."""

    source = "tfhub_dev:TfhubDev"
    malformed = "https://tfhub.dev/google"

    def __init__(self, monkeypatch) -> None:
        super().__init__(monkeypatch)
        kaggle = KaggleServer()
        self.tfhub_dev = TfhubDevServer(kaggle)
        self.own, self.others = kaggle.server, (self.tfhub_dev.server, kaggle.storage.server)
        monkeypatch.setenv("KAGGLE_API_ENDPOINT", kaggle.url)
        monkeypatch.setenv("TFHUB_DEV_ENDPOINT", self.tfhub_dev.url)
        monkeypatch.setenv("TFHUB_MIRRORS", f"https://storage.googleapis.com/ -> {kaggle.storage.url}/")

    def publish(self, files: Files, version: int = 1) -> str:
        place = f"google/nnlm/tensorFlow2/en-dim128/{version}"
        self.tfhub_dev.kaggle.publish(place, files)
        self.tfhub_dev.moved[f"google/nnlm-en-dim128/{version}"] = place
        return f"https://tfhub.dev/google/nnlm-en-dim128/{version}"

    def spellings(self, handle: str) -> tuple[str, ...]:
        return ("http://tfhub.dev/google/nnlm-en-dim128/1/", f"{handle}?tf-hub-format=compressed")

    def authorize(self) -> str:
        self.monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_secret")
        self.tfhub_dev.kaggle.tokens.add("Bearer KGAT_secret")
        return "Bearer KGAT_secret"


class ListedCase(SourceCase):
    """A source of another package."""

    source = "listed"
    malformed = "listed://a b"

    def __init__(self, monkeypatch) -> None:
        super().__init__(monkeypatch)
        self.listed = ListedServer()
        self.own = self.listed.server
        monkeypatch.setattr(ListedSource, "api", self.listed.url)
        hub.register_source(ListedSource, "listed", replace=True)

    def close(self) -> None:
        unregister_source("listed")
        super().close()

    def publish(self, files: Files, version: int = 1) -> str:
        self.listed.files |= {f"words/{version}/{path}": content for path, content in files.items()}
        return f"listed://words/{version}"

    def spellings(self, handle: str) -> tuple[str, ...]:
        return (f"{handle}/", handle.replace("words", "WORDS"))

    def authorize(self) -> str:
        self.monkeypatch.setattr(ListedSource, "token", "secret")
        return "Bearer secret"


CASES = (
    HubCase,
    PlainHubCase,
    WebArchiveCase,
    ObjectStoreCase,
    KaggleCase,
    KaggleBundleCase,
    HuggingFaceCase,
    TfhubDevCase,
    ListedCase,
)


def has_module_bytes(answer: Answer) -> bool:
    """Whether an answer brings so much that it is a file or an archive of the module."""
    end = answer.size if answer.end is None else answer.end
    return answer.status in {200, 206} and end - answer.start > 20_000


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'
