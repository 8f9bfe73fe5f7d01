"""The table of kinds of deployments. To add a kind, add a file to this folder and a line to the table.

A directory is of the first kind whose function `read` accepts it.
"""

from __future__ import annotations

from collections.abc import Mapping

from tensorflow_hub.format.kinds import coral, saved_model, tfjs, tflite
from tensorflow_hub.format.kinds.kind import DeploymentKind

KINDS: tuple[DeploymentKind, ...] = (
    saved_model.KIND,
    tfjs.KIND,
    tflite.KIND,
    coral.KIND,
)

KIND_BY_NAME: Mapping[str, DeploymentKind] = {kind.name: kind for kind in KINDS}
KIND_BY_CARD: Mapping[str, DeploymentKind] = {kind.card: kind for kind in KINDS}
# Value of the facet "format" → its kind, and its name for people.
KIND_BY_FORMAT: Mapping[str, DeploymentKind] = {value: kind for kind in KINDS for value in kind.formats}
FORMATS: Mapping[str, str] = {value: label for kind in KINDS for value, label in kind.formats.items()}
