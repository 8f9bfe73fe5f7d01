"""SavedModels: of TensorFlow 2, of TensorFlow 1, and in TF1 Hub format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tensorflow_hub.format.kinds.kind import DeploymentKind, Form, Program
from tensorflow_hub.format.kinds.saved_model_code import snippets

if TYPE_CHECKING:
    from tensorflow_hub.format.module.module_description import ModuleDescription


def _read(directory: Path, largest_graph: int) -> ModuleDescription | None:
    from tensorflow_hub.format.module.saved_model_description import describe_saved_model

    return describe_saved_model(directory, largest_graph)


KIND = DeploymentKind(
    name="saved_model",
    label="SavedModel",
    card="module",
    parameter="tf-hub-format",
    forms={"compressed": Form.ARCHIVE, "uncompressed": Form.UNPACKED},
    contents=("hub", "saved_model", "saved_model_2"),
    formats={"hub": "TF1 Hub format", "saved_model": "TF1 SavedModel", "saved_model_2": "TF2 SavedModel"},
    looks_for="saved_model.pb",
    read=_read,
    snippets=snippets,
    program=Program("pypi", "tensorflow", "tensorflow"),
)
