"""A temporary file that one thread writes while others read it, to stream bytes from upstream."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tensorflow_hub.errors import HubError, UnreachableError

# The last bytes are sent only after all are checked, so that no client takes damaged bytes for complete.
_HELD_BACK = 64 << 10
_PIECE = 1 << 20


class Spool:
    """Holds the bytes of one fetch, in a temporary file without a name.

    Args:
      folder: the folder of the file.

    Attributes:
      started: the time of creation, by the monotonic clock.
      expected_size: the number of bytes, if upstream has announced it.
      withdrawn: why upstream has withdrawn the version; None if it has not.
      is_begun: whether upstream has started to send the bytes.
      is_kept: whether all bytes are checked and published on this hub.
      failure: the error that ended the fetch.
      version_id: the id of the published version, if `is_kept`.
    """

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, prefix="tfhub-mirror-")  # noqa: SIM115
        self._size = 0
        self.started = time.monotonic()
        self.expected_size: int | None = None
        self.withdrawn: str | None = None
        self.is_begun = False
        self.is_kept = False
        self.failure: HubError | None = None
        self.version_id: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether the fetch has ended, with success or not."""
        return self.is_kept or self.failure is not None

    def begin(self, expected_size: int | None, withdrawn: str | None) -> None:
        """Records that upstream has started to send the bytes."""
        self.expected_size, self.withdrawn = expected_size, withdrawn
        self.is_begun = True

    def write(self, piece: bytes) -> None:
        """Appends bytes.

        Raises:
          HubError: the fetch was stopped.
        """
        if self.failure is not None:
            raise self.failure
        view = memoryview(piece)
        while view:
            written = os.pwrite(self._file.fileno(), view, self._size)
            view, self._size = view[written:], self._size + written

    def check_length(self) -> None:
        """Checks that the number of bytes is the one that upstream has announced.

        Raises:
          UnreachableError: it is not.
        """
        if self.expected_size is not None and self._size != self.expected_size:
            raise UnreachableError(
                f"Expected {self.expected_size:,} bytes from upstream, got {self._size:,}.",
                hint="Try again in a moment.",
            )

    def keep(self, version_id: int | None) -> None:
        """Records that the version is published. From now on readers get the last bytes too."""
        self.version_id = version_id
        self.is_kept = True

    def fail(self, error: HubError) -> None:
        """Ends the fetch with an error."""
        self.failure = error

    def readable(self) -> int:
        """Returns the offset up to which readers may read now."""
        return self._size if self.is_kept else max(0, self._size - _HELD_BACK)

    def read(self, start: int, end: int) -> bytes:
        """Returns at most 1 MiB of the bytes from `start` up to, not including, `end`."""
        return os.pread(self._file.fileno(), min(_PIECE, end - start), start)

    def pieces(self) -> Iterator[bytes]:
        """Yields all bytes; to be called after the last one was written."""
        at = 0
        while piece := self.read(at, self._size):
            at += len(piece)
            yield piece
