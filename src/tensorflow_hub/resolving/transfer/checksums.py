"""Comparing downloaded files with the digests that their sources give."""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Protocol

from tensorflow_hub.errors import DigestError, DownloadError
from tensorflow_hub.format.archive.pipeline import Hash, HashThread
from tensorflow_hub.resolving.transfer.crc32c import IS_FAST, crc32c

_DEPTH = 4  # the number of blocks of bytes that wait for a thread that hashes
# Kind of digest → the number of its hex digits.
_LENGTHS = {"sha256": 64, "git-sha1": 40, "md5": 32, "crc32c": 8}


class _Hasher(Hash, Protocol):
    def hexdigest(self) -> str: ...


class _Crc32c:
    def __init__(self) -> None:
        self._crc = 0

    def update(self, data: bytes | memoryview, /) -> None:
        self._crc = crc32c(bytes(data), self._crc)

    def hexdigest(self) -> str:
        return f"{self._crc:08x}"


class Checksums:
    """The SHA-256 of a file, and the digests that its source gives, computed while the file is downloaded.

    Args:
      expected: kind → hex digest; see `transfer/offers.py`.
      size: the size of the file in bytes.
      threads: whether a thread of its own computes each digest that takes long; for long files. Then `close`
        has to be called.

    Raises:
      DownloadError: the source gives something else than a digest.
    """

    def __init__(self, expected: Mapping[str, str], size: int, *, threads: bool = False) -> None:
        for kind, digest in expected.items():
            if not re.fullmatch(f"[0-9a-f]{{{_LENGTHS.get(kind, 0)}}}", digest) or kind not in _LENGTHS:
                raise DownloadError(
                    f"Expected a digest that is one of {', '.join(_LENGTHS)}, got {kind} {digest!r:.99}.",
                    hint="The source answers wrongly: tell its owner.",
                )
        self._expected = expected
        self._hashers = {kind: _hasher(kind, size) for kind in {"sha256", *expected}}
        self._threads: list[HashThread] = []
        self._updates: list[Callable[[bytes], None]] = []
        for kind, hasher in self._hashers.items():
            if threads and not (kind == "crc32c" and IS_FAST):
                self._threads.append(HashThread(_DEPTH))
                self._updates.append(functools.partial(self._threads[-1].update, hasher))
            else:
                self._updates.append(hasher.update)

    def update(self, data: bytes) -> None:
        """Adds the next bytes of the file."""
        for update in self._updates:
            update(data)

    def close(self) -> None:
        """Ends the threads that hash."""
        for thread in self._threads:
            thread.close()

    def verify(self, what: str) -> str:
        """Compares the digests, after the last byte.

        Args:
          what: the name of the file, for messages.

        Returns:
          The SHA-256 in hex.

        Raises:
          DigestError: the file has another digest than the source gives.
        """
        for thread in self._threads:
            thread.wait()
        found = {kind: hasher.hexdigest() for kind, hasher in self._hashers.items()}
        for kind, digest in self._expected.items():
            if found[kind] != digest:
                raise DigestError(
                    f"Expected {what!r} with the {kind} {digest}, got {found[kind]}.",
                    hint="Run it again. If that fails too, the source or a proxy sends wrong bytes.",
                )
        return found["sha256"]


def _hasher(kind: str, size: int) -> _Hasher:
    """A new hash function. That of Git begins with the size of the file."""
    makers: dict[str, Callable[[], _Hasher]] = {
        "sha256": hashlib.sha256,
        "git-sha1": lambda: hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False),
        "md5": lambda: hashlib.md5(usedforsecurity=False),
        "crc32c": _Crc32c,
    }
    return makers[kind]()


def promised_in(headers: Mapping[str, str]) -> dict[str, str]:
    """The digest of a file in the headers of Google Cloud Storage, by its kind; empty if there is none.

    Of several digests it is the one that is computed fastest here. The digest is of the stored bytes, so it
    does not count if a file that is stored as gzip is inflated before it is sent.
    https://cloud.google.com/storage/docs/xml-api/reference-headers#xgooghash

    >>> promised_in({"x-goog-hash": "md5=JfnnlDI7RTiF9RgfG2JNCw=="})
    {'md5': '25f9e794323b453885f5181f1b624d0b'}
    >>> promised_in({"x-goog-hash": "crc32c=4waSgw=="})
    {'crc32c': 'e3069283'}
    >>> promised_in({"x-goog-hash": "crc32c=4waSgw==", "x-goog-stored-content-encoding": "gzip"})
    {}
    """
    stored = headers.get("x-goog-stored-content-encoding", "identity")
    if stored != headers.get("content-encoding", "identity"):
        return {}
    found = dict(
        item.strip().partition("=")[::2] for item in headers.get("x-goog-hash", "").split(",") if "=" in item
    )
    for kind in ("crc32c", "md5") if IS_FAST else ("md5", "crc32c"):
        try:
            digest = base64.b64decode(found.get(kind, ""), validate=True).hex()
        except binascii.Error:
            continue
        if len(digest) == _LENGTHS[kind]:
            return {kind: digest}
    return {}
