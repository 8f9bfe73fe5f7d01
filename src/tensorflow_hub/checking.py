"""`hub.check_interface`: the common interfaces of a module, found without TensorFlow."""

from __future__ import annotations

import os

from tensorflow_hub.errors import UnsupportedFeatureError
from tensorflow_hub.format.description import describe
from tensorflow_hub.format.module.interfaces import INTERFACES, Interface, calls_of
from tensorflow_hub.format.module.module_description import ModuleDescription
from tensorflow_hub.resolving.resolve import resolve


def check_interface(handle: str | os.PathLike[str], interface: str | None = None) -> tuple[Interface, ...]:
    """Returns the common interfaces that a module has, and what it lacks of them.

    Args:
      handle: a directory, an archive, a URL or `publisher/model/version`, as for `hub.resolve`.
      interface: an interface that the module has to have: "image-feature-vector", "image-classification",
        "text-embedding", "text-preprocessing" or "text-encoder".

    Returns:
      The interfaces that it has, or only `interface` if that is given. Each has a `name`, `where`
      (`__call__`, or a signature) and `missing`, sentences about parts of the interface that the module
      lacks, such as an argument `training`.

    Raises:
      UnsupportedFeatureError: the module does not have `interface`, or there is no such interface; the
        message lists the inputs and outputs that the module has.
      ResolveError: there is no module at `handle`.
      FormatError: it is damaged.

    Example:
      hub.check_interface("https://hub.example/acme/words/1", "text-embedding")
    """
    if interface is not None and interface not in INTERFACES:
        raise UnsupportedFeatureError(
            f"Expected one of the common interfaces, got {interface!r}.",
            hint=f"Pass one of {', '.join(INTERFACES)}.",
        )
    module = describe(resolve(handle))
    return module.interface_details if interface is None else (_required(module, interface),)


def _required(module: ModuleDescription, name: str) -> Interface:
    found = next((met for met in module.interface_details if met.name == name), None)
    if found is None:
        calls = dict.fromkeys(calls_of(module.variants, module.functions))  # once for each `training`
        got = "; ".join([*calls][:8]) or "no function or signature"
        raise UnsupportedFeatureError(
            f"Expected a module with the interface {name} ({INTERFACES[name]}), got {got}.",
            hint="Export a function or a signature with these inputs and outputs, or use another module.",
        )
    return found
