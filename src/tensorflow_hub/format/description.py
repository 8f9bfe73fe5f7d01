"""Describing a module directory (kind, signatures, variables, digest) without TensorFlow."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from tensorflow_hub.format.archive.file_digests import file_entries
from tensorflow_hub.format.archive.index import FileEntry, module_digest
from tensorflow_hub.format.kinds.table import KINDS
from tensorflow_hub.format.module import layout
from tensorflow_hub.format.module.interfaces import interfaces_of
from tensorflow_hub.format.module.module_description import ModuleDescription


def describe(
    directory: str | os.PathLike[str],
    files: Sequence[FileEntry] | None = None,
    largest_graph: int = layout.LARGEST,
) -> ModuleDescription:
    """Describes a module directory.

    Args:
      directory: the path of the module.
      files: the files with their digests; None to read all files and compute the digests.
      largest_graph: the largest allowed `saved_model.pb` in bytes. Parsing it needs several times as much
        memory.

    Raises:
      NotAModuleError: the directory has no module.
      FormatError: the module is damaged, or its graph is larger than allowed.
      UnsupportedFeatureError: the module needs a feature that this library does not have.
    """
    root = Path(directory)
    if not root.is_dir():
        raise layout.not_a_module(root)
    readers = (kind.read for kind in KINDS if kind.read is not None)
    description = next(
        (read for reader in readers if (read := reader(root, largest_graph)) is not None), None
    )
    if description is None:
        *others, last = (kind.looks_for for kind in KINDS if kind.looks_for)
        raise layout.not_a_module(root, f"{', '.join(others)} or {last}")
    entries = file_entries(root) if files is None else files
    description = dataclasses.replace(
        description,
        digest=module_digest(entries),
        size=sum(file.size for file in entries),
        files=len(entries),
        assets=tuple(sorted(file.path for file in entries if file.path.startswith("assets/"))),
    )
    details = interfaces_of(
        description.variants, description.functions, is_object=description.kind == "saved_model_2"
    )
    names = tuple(interface.name for interface in details)
    return dataclasses.replace(description, interfaces=names, interface_details=details)
