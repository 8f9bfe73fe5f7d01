"""Models of Kaggle that are on this machine: in the cache of `kagglehub`, or attached to a notebook."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from tensorflow_hub.services.kaggle import KaggleHandle
from tensorflow_hub.services.settings import ServiceSettings


def folders_of(model: KaggleHandle, services: ServiceSettings) -> Iterator[str]:
    """The directories that may hold a model; without a version, the latest that is there first.

    Args:
      model: on Kaggle.
      services: where the folders are.
    """
    base = os.path.join(services.kagglehub_models, model.owner, model.model)
    for framework in _names(base):
        # kagglehub names the folder as the framework was typed: TensorFlow2, tensorFlow2, tensor_flow_2.
        if framework.replace("_", "").lower() == model.framework.lower():
            folder = os.path.join(base, framework, model.variation)
            # Its downloads grow at their final place, and are whole when this file is beside them.
            yield from (path for path in _versions(folder, model) if os.path.isfile(f"{path}.complete"))
    if services.kaggle_notebook:
        for parts in ((model.model,), ("models", model.owner, model.model)):
            folder = os.path.join(services.kaggle_input, *parts, model.framework.lower(), model.variation)
            yield from _versions(folder, model)


def _versions(folder: str, model: KaggleHandle) -> list[str]:
    if model.version is not None:
        return [os.path.join(folder, str(model.version))]
    versions = sorted((int(name) for name in _names(folder) if name.isdecimal()), reverse=True)
    return [os.path.join(folder, str(version)) for version in versions]


def _names(folder: str) -> list[str]:
    with contextlib.suppress(OSError):
        return sorted(os.listdir(folder))
    return []
