"""How a module is called: which function or signature, with which inputs, by its description."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from tensorflow_hub.errors import SignatureError
from tensorflow_hub.format.module.default_signature import default_signature
from tensorflow_hub.format.module.functions import Structure
from tensorflow_hub.format.module.module_description import ModuleDescription
from tensorflow_hub.format.module.signatures import TensorDescription, is_name_of_image_bytes


@dataclasses.dataclass(frozen=True)
class ModuleCall:
    """One way to call a module.

    Attributes:
      signature: the name of the signature; None for the object itself.
      inputs: the input tensors by name; the only argument of the object itself has the name "".
      outputs: the output tensors by name, or another structure of tensors.
    """

    signature: str | None
    inputs: Mapping[str, TensorDescription]
    outputs: Structure = None


def choose_calls(
    description: ModuleDescription, handle: str, signature: str | None, preferred: Sequence[str] = ()
) -> list[ModuleCall]:
    """How to call a module: the object itself if it can be called with tensors, else the default signature.

    Args:
      description: the description of the module.
      handle: the module's handle, for messages.
      signature: the name of the signature to call; None chooses.
      preferred: names of signatures that the caller prefers to the default one, the best one first.

    Returns:
      One way for a signature; for the object itself, one for each trace.

    Raises:
      SignatureError: the module has no such signature, or nothing that can be called.
    """
    call = next((f for f in description.functions if f.name == "__call__"), None)
    if signature is None and call is not None:
        pairs = [(_inputs_of(trace.arguments), trace.result) for trace in call.traces]
        found = [ModuleCall(None, inputs, result) for inputs, result in pairs if inputs]
        if found:
            return found
    variants = sorted(description.variants, key=lambda variant: "train" in variant.tags)
    signatures = {s.name: s for variant in reversed(variants) for s in variant.signatures}
    name = signature if signature is not None else default_signature(signatures, preferred)
    if name is None:
        name = next(iter(signatures), "")
    if name not in signatures:
        wanted = f"the signature {name!r}" if name else "a function or a signature"
        has = f"only {', '.join(map(repr, signatures))}" if signatures else "none"
        raise SignatureError(
            f"Expected {wanted} in {handle!r}, found {has}.",
            hint="`tfhub check` shows what the module has. Only SavedModels and TF1 Hub modules can be run.",
        )
    return [ModuleCall(name, signatures[name].inputs, dict(signatures[name].outputs))]


def choose_call(description: ModuleDescription, handle: str, signature: str | None) -> ModuleCall:
    """The first of `choose_calls`."""
    return choose_calls(description, handle, signature)[0]


def takes_images(tensor: TensorDescription) -> bool:
    """Whether a tensor is a batch of pictures: [b, height, width, 1 or 3]."""
    shape = tensor.shape
    return (
        tensor.kind == "dense"
        and (tensor.dtype.startswith("float") or tensor.dtype == "uint8")
        and shape is not None
        and len(shape) == 4
        and shape[3] in {1, 3, None}
    )


def takes_image_files(name: str, tensor: TensorDescription) -> bool:
    """Whether an input is made of image files: pictures, or the bytes of files as strings.

    >>> takes_image_files("image_bytes", TensorDescription("string", (None,)))
    True
    """
    return takes_images(tensor) or (tensor.dtype == "string" and is_name_of_image_bytes(name))


def _inputs_of(arguments: tuple[Any, ...]) -> Mapping[str, TensorDescription]:
    """The tensors of a call with one argument, or with others that have defaults; empty for other calls."""
    first, *rest = arguments or (None,)
    if any(isinstance(argument, (TensorDescription, dict, list)) for argument in rest):
        return {}
    if isinstance(first, TensorDescription):
        return {"": first}
    if isinstance(first, dict) and all(isinstance(value, TensorDescription) for value in first.values()):
        return first
    return {}
