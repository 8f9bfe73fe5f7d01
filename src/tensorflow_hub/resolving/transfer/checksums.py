"""The digests that sources give for their files, and whether what came has them."""

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

_DEPTH = 4  # pieces that wait for each digest
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
    """The SHA-256 of a file while it comes in, and what the source promised of it.

    Args:
      promised: kind → hex digest; see `transfer/offers.py`.
      size: bytes of the file.
      threads: each digest that takes long is computed in a thread of its own, for long files. It is to be
        closed then.

    Raises:
      DownloadError: a promise is no digest of its kind.
    """

    def __init__(self, promised: Mapping[str, str], size: int, *, threads: bool = False) -> None:
        for kind, digest in promised.items():
            if not re.fullmatch(f"[0-9a-f]{{{_LENGTHS.get(kind, 0)}}}", digest) or kind not in _LENGTHS:
                raise DownloadError(
                    f"Expected a digest that is one of {', '.join(_LENGTHS)}, got {kind} {digest!r:.99}.",
                    hint="The source answers wrongly: tell its owner.",
                )
        self._promised = promised
        self._hashers = {kind: _hasher(kind, size) for kind in {"sha256", *promised}}
        self._lanes: list[HashThread] = []
        self._updates: list[Callable[[bytes], None]] = []
        for kind, hasher in self._hashers.items():
            if threads and not (kind == "crc32c" and IS_FAST):
                self._lanes.append(HashThread(_DEPTH))
                self._updates.append(functools.partial(self._lanes[-1].update, hasher))
            else:
                self._updates.append(hasher.update)

    def update(self, data: bytes) -> None:
        """Adds the next bytes of the file."""
        for update in self._updates:
            update(data)

    def close(self) -> None:
        """Ends the threads."""
        for lane in self._lanes:
            lane.close()

    def verify(self, what: str) -> str:
        """Compares after the last byte.

        Returns:
          The SHA-256 in hex.

        Raises:
          DigestError: the file is not what the source promised.
        """
        for lane in self._lanes:
            lane.wait()
        found = {kind: hasher.hexdigest() for kind, hasher in self._hashers.items()}
        for kind, digest in self._promised.items():
            if found[kind] != digest:
                raise DigestError(
                    f"Expected {what!r} with the {kind} {digest}, got {found[kind]}.",
                    hint="Run it again. When that fails too, the source or a proxy before it is broken.",
                )
        return found["sha256"]


def _hasher(kind: str, size: int) -> _Hasher:
    makers: dict[str, Callable[[], _Hasher]] = {
        "sha256": hashlib.sha256,
        "git-sha1": lambda: hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False),
        "md5": lambda: hashlib.md5(usedforsecurity=False),
        "crc32c": _Crc32c,
    }
    return makers[kind]()


def promised_in(headers: Mapping[str, str]) -> dict[str, str]:
    """The digest of a whole file in the headers of Google's storage: the one that is computed fastest here.

    Only where the bytes come as they are stored: what is stored as gzip may be inflated on its way.
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
