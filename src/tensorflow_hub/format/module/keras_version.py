"""The version of Keras that saved a SavedModel, if its files state it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

# A file of its own since TensorFlow 2.5. Before, the same JSON was in the object graph.
_FILE = "keras_metadata.pb"
_LARGEST = 64 << 20
_STATED = re.compile(rb'"keras_version": {0,3}"([0-9][0-9A-Za-z.+-]{0,39})"')


def keras_version(root: Path, objects: Any) -> dict[str, str]:
    """Returns `{"keras": version}`; empty if Keras 2 did not save it. Keras 3 states no version.

    Args:
      root: the directory of the SavedModel.
      objects: its `SavedObjectGraph`.
    """
    path = root / _FILE
    texts = [node.user_object.metadata for node in objects.nodes if node.user_object.metadata]
    if path.is_file() and path.stat().st_size <= _LARGEST:
        texts.append(path.read_bytes())
    found = next((match for text in texts if (match := _STATED.search(text))), None)
    return {"keras": found[1].decode("ascii")} if found else {}
