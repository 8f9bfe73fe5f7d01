"""Saving the weights of a layer by their names in the module.

Keras saves weights by number, and their order depends on `trainable`. The names do not.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tensorflow_hub.errors import HubError, ResolveError


def weights_by_name(names: Mapping[int, str], weights: list[Any]) -> dict[str, Any]:
    """The weights of a layer by the names in the saved file.

    Args:
      names: id of a variable of the module → its name.
      weights: the weights of the layer; those that are not variables of the module get numbers.
    """
    return {
        names.get(id(getattr(weight, "hub_variable", weight)), f"own_{i}"): weight
        for i, weight in enumerate(weights)
    }


def save_weights(weights: Mapping[str, Any], store: Any) -> None:
    """Writes weights by name to the store of a Keras file."""
    for name, weight in weights.items():
        store[name] = weight.numpy()


def load_weights(weights: Mapping[str, Any], store: Any) -> bool:
    """Reads weights from the store of a Keras file; returns False if it has other names, such as numbers."""
    if set(store.keys()) != set(weights):
        return False
    for name, weight in weights.items():
        weight.assign(store[name])
    return True


def error_for_saved_layer(error: Exception, config: Mapping[str, Any]) -> Exception:
    """The error to raise for a layer that could not be created from its configuration.

    Keras converts every error to a TypeError. This function returns the original HubError, with a hint for
    modules that were moved to another path.

    Args:
      error: the error that Keras raised.
      config: the configuration of the layer.
    """
    cause = error if isinstance(error, HubError) else error.__context__
    if not isinstance(cause, HubError):
        return error
    handle, hint = config.get("handle"), cause.hint
    if isinstance(cause, ResolveError) and "TFHUB_MIRRORS" not in hint:
        hint += f" If the module was moved, set TFHUB_MIRRORS='{_absolute(handle)} -> …'."
    return type(cause)(f"A saved layer has the module {handle!r}. {cause.problem}", hint=hint)


def _absolute(handle: Any) -> str:
    return str(handle) if "://" in str(handle) else os.path.abspath(handle)  # noqa: PTH100
