"""The data of one publication, which the publishing steps fill in one after the other."""

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
    """An upload that is being published.

    Attributes:
      upload: what the client announced: handle, size, SHA-256, card.
      name: the parsed handle.
      caller: who publishes.
      unchecked_index: the index that the client sent with the archive; None when it sent none.
      source: the uploaded bytes.
      workspace: a temporary folder of this publication.
      sha256: the computed SHA-256 of the uploaded bytes.
      files: the files in the archive.
      packed: the archive that this hub packed, to be stored instead of the uploaded one.
      index: the checked index of the archive that is stored.
      description: the description of the module: signatures, variables, ops, assets.
      card: the checked documentation.
      withdrawn: the reason, for a mirrored version that is withdrawn upstream; else None.
      version: the visible version.
      is_new: False when the version had been published before with the same content.
    """

    upload: Upload
    name: ModelName
    caller: Caller
    unchecked_index: ArchiveIndex | None
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
        """The folder into which the archive is unpacked."""
        return self.workspace / "module"
