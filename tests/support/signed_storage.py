"""Google Cloud Storage as Kaggle uses it: files behind signed URLs, and public buckets; on loopback.

The answers are those that public reports quote: XML errors, `x-goog-hash`, ETag, ranges.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import itertools
import urllib.parse
from pathlib import Path

from loopback import Answer, LoopbackServer, Request, in_ranges

from tensorflow_hub.resolving.transfer.crc32c import crc32c


def digests_of(content: bytes | Path) -> tuple[bytes, bytes]:
    """The MD5 and the CRC-32C of bytes or of a file."""
    md5, crc = hashlib.md5(), 0
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as file:
        while piece := file.read(1 << 20):
            md5.update(piece)
            crc = crc32c(piece, crc)
    return md5.digest(), crc.to_bytes(4, "big")


class SignedStorage:
    """A storage server.

    Attributes:
      server: the web server behind it.
      public: names that are given without a signature.
    """

    def __init__(self) -> None:
        self.server = LoopbackServer(self._answer)
        self.public: set[str] = set()
        self._objects: dict[str, tuple[bytes | Path, dict[str, str]]] = {}
        self._key = b"the first key"
        self._serials = itertools.count(1)
        self._newest = 0
        self._expired = 0

    @property
    def url(self) -> str:
        return self.server.url

    def close(self) -> None:
        self.server.close()

    def put(
        self, name: str, content: bytes | Path, *, hashes: str | None = None, public: bool = False
    ) -> None:
        """Stores an object.

        Args:
          name: bucket and path, `"tfhub-modules/google/elmo/3.tar.gz"`.
          content: bytes, or a file that is not copied.
          hashes: the value of `x-goog-hash`; by default with the right CRC-32C and MD5. "" for none.
          public: whether anybody may read it.
        """
        md5, crc = digests_of(content)
        headers = {"ETag": f'"{md5.hex()}"', "Content-Type": "application/octet-stream"}
        if hashes is None:
            hashes = f"crc32c={base64.b64encode(crc).decode()},md5={base64.b64encode(md5).decode()}"
        self._objects[f"/{name}"] = (content, {**headers, **({"x-goog-hash": hashes} if hashes else {})})
        if public:
            self.public.add(f"/{name}")

    def sign(self, name: str) -> str:
        """A URL of an object that is good for three days."""
        self._newest = next(self._serials)
        query = {
            "X-Goog-Algorithm": "GOOG4-RSA-SHA256",
            "X-Goog-Date": "20260101T000000Z",
            "X-Goog-Expires": "259200",
            "X-Goog-Serial": str(self._newest),
            "X-Goog-Signature": self._signature(f"/{name}", str(self._newest)),
        }
        return f"{self.url}/{urllib.parse.quote(name)}?{urllib.parse.urlencode(query)}"

    def change_key(self) -> None:
        """URLs that were signed before are refused: 403 SignatureDoesNotMatch."""
        self._key += b"!"

    def expire(self) -> None:
        """URLs that were signed before are too old: 400 ExpiredToken."""
        self._expired = self._newest

    def _signature(self, path: str, serial: str) -> str:
        return hmac.new(self._key, f"{path} {serial}".encode(), "sha256").hexdigest()

    def _answer(self, request: Request) -> Answer:
        if request.path not in self.public:
            serial = request.query.get("X-Goog-Serial", "")
            if not serial:
                return _refusal(403, "AccessDenied", "Access denied.")
            if request.query.get("X-Goog-Signature") != self._signature(request.path, serial):
                return _refusal(403, "SignatureDoesNotMatch", "Access denied.")
            if int(serial) <= self._expired:
                return _refusal(400, "ExpiredToken", "Invalid argument.")
        if request.path not in self._objects:
            return _refusal(404, "NoSuchKey", "The specified key does not exist.")
        content, headers = self._objects[request.path]
        return in_ranges(request, Answer(200, content, headers))


def _refusal(status: int, code: str, message: str) -> Answer:
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    body = f"<?xml version='1.0' encoding='UTF-8'?>{error}"
    return Answer(status, body.encode(), {"Content-Type": "application/xml; charset=UTF-8"})
