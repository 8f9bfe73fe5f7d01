"""The kinds of deployments that there are. A new one takes a file beside this one, and a line below.

A directory is of the first kind that recognises it.
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
# Value of the facet "format" → the kind that it stands for, and how it is called.
KIND_BY_FORMAT: Mapping[str, DeploymentKind] = {value: kind for kind in KINDS for value in kind.formats}
FORMATS: Mapping[str, str] = {value: label for kind in KINDS for value, label in kind.formats.items()}
