"""Parses `saved_model.pb` and `tfhub_module.pb`, the files of a module with its graphs and its format."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import FormatError, UnsupportedFeatureError
from tensorflow_hub.format.module.layout import LARGEST, MODULE_DEF, SAVED_MODEL, not_a_module, read_file
from tensorflow_hub.format.module.messages import parse

_HUB_FORMAT = 3  # the only format number in use


def is_hub_format(directory: str | os.PathLike[str]) -> bool:
    """Whether a directory has a module in TF1 Hub format.

    Raises:
      UnsupportedFeatureError: the module needs a feature that this library does not have.
      FormatError: its `tfhub_module.pb` is damaged.
    """
    path = Path(directory)
    if not (path / MODULE_DEF).is_file():
        return False
    check_module_def(read_file(path, MODULE_DEF, 1 << 20), MODULE_DEF)
    return True


def check_module_def(content: bytes, path: str) -> None:
    """Checks that this library supports everything in a `tfhub_module.pb`.

    Args:
      content: the content of the file.
      path: the path of the file, for messages.

    Raises:
      UnsupportedFeatureError: the module needs a feature that this library does not have.
      FormatError: the content is damaged.
    """
    definition = parse("ModuleDef", content, path)
    if definition.format != _HUB_FORMAT:
        raise UnsupportedFeatureError(
            f"Expected {path} of format {_HUB_FORMAT}, got {definition.format}.",
            hint="The module was made for another version of this library. Ask its publisher.",
        )
    if definition.required_features:
        raise UnsupportedFeatureError(
            f"Expected a module without required features, got {sorted(definition.required_features)}.",
            hint="The module was made for a newer version. Run `pip install --upgrade tensorflow-hub`.",
        )


def read_saved_model(directory: Path, largest: int = LARGEST) -> Any:
    """Parses `saved_model.pb`.

    Args:
      directory: the directory of the module.
      largest: the largest allowed size in bytes. Parsing needs several times as much memory.

    Raises:
      NotAModuleError: there is no such file.
      FormatError: the file is larger, or damaged.
    """
    if not (directory / SAVED_MODEL).is_file():
        raise not_a_module(directory)
    message = parse("SavedModel", read_file(directory, SAVED_MODEL, largest), SAVED_MODEL)
    if not message.meta_graphs:
        raise FormatError(
            f"Expected at least one graph in {SAVED_MODEL}, got none.",
            hint="Export or download the module again.",
        )
    return message
