"""`hub.check_interface`: which common interfaces a module follows, told without TensorFlow."""

from __future__ import annotations

import os

from tensorflow_hub.errors import UnsupportedFeatureError
from tensorflow_hub.format.description import describe
from tensorflow_hub.format.module.interfaces import INTERFACES, Interface, calls_of
from tensorflow_hub.format.module.module_description import ModuleDescription
from tensorflow_hub.resolving.resolve import resolve


def check_interface(handle: str | os.PathLike[str], interface: str | None = None) -> tuple[Interface, ...]:
    """Tells which common interfaces a module follows, and what it lacks to follow them fully.

    Args:
      handle: whatever `hub.resolve` takes: a directory, an archive, a URL, `publisher/model/version`.
      interface: one that the module has to follow: "image-feature-vector", "image-classification",
        "text-embedding", "text-preprocessing" or "text-encoder".

    Returns:
      The interfaces it follows (that one only, when `interface` is given): each with its `name`, `where`
      (`__call__`, or which signature) and `missing`, sentences about what the interface promises and
      the module lacks, such as a `training` argument.

    Raises:
      UnsupportedFeatureError: the module does not follow `interface`, or there is no such interface; says
        what it takes and gives instead.
      ResolveError: there is no module at `handle`.
      FormatError: it is damaged.

    Example:
      hub.check_interface("https://hub.example/acme/words/1", "text-embedding")
    """
    if interface is not None and interface not in INTERFACES:
        raise UnsupportedFeatureError(
            f"Expected one of the common interfaces, got {interface!r}.",
            hint=f"They are {', '.join(INTERFACES)}.",
        )
    module = describe(resolve(handle))
    return module.interface_details if interface is None else (_required(module, interface),)


def _required(module: ModuleDescription, name: str) -> Interface:
    found = next((met for met in module.interface_details if met.name == name), None)
    if found is None:
        calls = dict.fromkeys(calls_of(module.variants, module.functions))  # once for each `training`
        got = "; ".join([*calls][:8]) or "no function or signature"
        raise UnsupportedFeatureError(
            f"Expected a module of the interface {name} ({INTERFACES[name]}), got {got}.",
            hint="Export a function or a signature of that form, or use the module for what it is.",
        )
    return found
