"""What is known of a version while it is published; each step adds to it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tensorflow_hub.format.archive.index import ArchiveIndex, FileEntry
from tensorflow_hub.format.module.module_description import ModuleDescription
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue.records import Upload, Version
from tensorflow_hub.server.catalogue.writing import CardText
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.store.interface import Source


@dataclasses.dataclass(frozen=True)
class Publication:
    """An upload on its way to become a version.

    Attributes:
      upload: what the client promised.
      name: the handle in its parts.
      caller: who publishes.
      claimed_index: the index that came with the archive, not believed yet; None when none came.
      source: the uploaded bytes.
      workspace: a folder of its own, gone afterwards.
      sha256: of the uploaded bytes, as measured.
      files: what is in the archive.
      packed: an archive this hub made, to be stored in place of the uploaded one.
      index: of the archive that is stored, checked.
      description: what is in the module.
      card: its documentation, checked.
      withdrawn: why the version is withdrawn from the start, as it is upstream; None when it is not.
      version: the visible version.
      is_new: whether this upload made it so, or it was published before with the same content.
    """

    upload: Upload
    name: ModelName
    caller: Caller
    claimed_index: ArchiveIndex | None
    source: Source
    workspace: Path
    sha256: str = ""
    files: tuple[FileEntry, ...] = ()
    packed: Path | None = None
    index: ArchiveIndex | None = None
    description: ModuleDescription | None = None
    card: CardText | None = None
    withdrawn: str | None = None
    version: Version | None = None
    is_new: bool = False

    @property
    def unpacked(self) -> Path:
        """Where the archive is unpacked."""
        return self.workspace / "module"
