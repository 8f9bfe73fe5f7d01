"""Folders with models of Kaggle on this machine: the cache of `kagglehub`, and the inputs of a notebook."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from tensorflow_hub.services.kaggle import KaggleHandle
from tensorflow_hub.services.settings import ServiceSettings


def folders_of(model: KaggleHandle, services: ServiceSettings) -> Iterator[str]:
    """The directories that may have a model. For a model without a version, the latest version is first.

    Args:
      model: the name of the model on Kaggle.
      services: the settings with the folders.
    """
    base = os.path.join(services.kagglehub_models, model.owner, model.model)
    for framework in _names(base):
        # kagglehub names the folder by the framework as the user typed it: TensorFlow2, tensor_flow_2, …
        if framework.replace("_", "").lower() == model.framework.lower():
            folder = os.path.join(base, framework, model.variation)
            # kagglehub downloads to the final path. The model is complete when this file is beside it.
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
