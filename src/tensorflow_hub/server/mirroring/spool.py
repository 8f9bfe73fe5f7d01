"""A file that grows while others read it: bytes from upstream are passed on while they come."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tensorflow_hub.errors import HubError, UnreachableError

# The last bytes are held back until the whole is checked: nobody takes damaged bytes for complete.
_HELD_BACK = 64 << 10
_PIECE = 1 << 20


class Spool:
    """Bytes that are fetched and passed on, in a file without a name.

    Args:
      folder: where the file lies.

    Attributes:
      started: when it was made, by the monotonic clock.
      promised: how many bytes will come, where upstream says so.
      withdrawn: why upstream has withdrawn the version; None when it has not.
      is_begun: whether upstream has it: the first byte is on its way.
      is_kept: whether all of it is checked and published here.
      failure: why it will not be complete.
      version_id: of the version that was published, once it is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, prefix="tfhub-mirror-")  # noqa: SIM115
        self._size = 0
        self.started = time.monotonic()
        self.promised: int | None = None
        self.withdrawn: str | None = None
        self.is_begun = False
        self.is_kept = False
        self.failure: HubError | None = None
        self.version_id: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens."""
        return self.is_kept or self.failure is not None

    def begin(self, promised: int | None, withdrawn: str | None) -> None:
        """Says that bytes are about to come."""
        self.promised, self.withdrawn = promised, withdrawn
        self.is_begun = True

    def write(self, piece: bytes) -> None:
        """Adds bytes.

        Raises:
          HubError: nobody wants them any more.
        """
        if self.failure is not None:
            raise self.failure
        view = memoryview(piece)
        while view:
            written = os.pwrite(self._file.fileno(), view, self._size)
            view, self._size = view[written:], self._size + written

    def check_length(self) -> None:
        """Refuses what is shorter than promised.

        Raises:
          UnreachableError: bytes are missing.
        """
        if self.promised is not None and self._size != self.promised:
            raise UnreachableError(
                f"Expected {self.promised:,} bytes from upstream, got {self._size:,}.",
                hint="Ask again in a moment.",
            )

    def keep(self, version_id: int | None) -> None:
        """Says that the bytes are those of a published version: readers may have the end."""
        self.version_id = version_id
        self.is_kept = True

    def fail(self, error: HubError) -> None:
        """Says that no more comes, and why."""
        self.failure = error

    def readable(self) -> int:
        """Up to where readers may read now."""
        return self._size if self.is_kept else max(0, self._size - _HELD_BACK)

    def read(self, start: int, end: int) -> bytes:
        """Up to a MiB of the bytes from `start` up to and without `end`."""
        return os.pread(self._file.fileno(), min(_PIECE, end - start), start)

    def pieces(self) -> Iterator[bytes]:
        """All bytes, once they came."""
        at = 0
        while piece := self.read(at, self._size):
            at += len(piece)
            yield piece
