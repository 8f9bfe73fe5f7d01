"""Chooses the signature and output that give the vectors of images or texts, by a module's description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import InputError, ModuleError
from tensorflow_hub.format.description import describe
from tensorflow_hub.format.module.calls import ModuleCall, choose_calls
from tensorflow_hub.format.module.signatures import TensorDescription
from tensorflow_hub.resolving.resolve import resolve_module
from tensorflow_hub.tools.modules import Kind, require_kind

# Signatures that are preferred to the default one.
_SIGNATURES: dict[str, tuple[str, ...]] = {"image": ("image_feature_vector",), "text": ()}
# The usual names of outputs, the preferred one first.
_OUTPUTS = ("default", "pooled_output")
_INPUTS = {"image": "images, float32 [b, height, width, 3]", "text": "texts, string [b]"}
_DEFAULT_IMAGE_SIZE = (224, 224)


def encoder_calls(
    handle: str,
    kind: Kind,
    *,
    preprocessor: str | None = None,
    signature: str | None = None,
    output_key: str | Sequence[str] | None = None,
    image_size: tuple[int, int] | None = None,
) -> list[ModuleCall]:
    """Returns ways to call a module for vectors of images or texts; they differ only in the types of inputs.

    It reads the description of the module only. The arguments are those of `open_encoder`.

    Raises:
      ModuleError: the module does not have the signature or output, or it takes other inputs.
      DataError: `kind` is neither `image` nor `text`.
    """
    require_kind(kind)
    description = describe(Path(resolve_module(handle).path), files=())
    calls = choose_calls(description, handle, signature, _SIGNATURES[kind])
    if preprocessor is None and not any(_fits(call, kind) for call in calls):
        raise wrong_input(handle, kind, calls)
    for key in output_keys(output_key):
        if isinstance(calls[0].outputs, (TensorDescription, dict)):  # otherwise it is only known after a call
            choose_output(calls[0].outputs, key, handle)
    if kind == "image":
        image_size_of(calls, image_size)
    return calls


def output_keys(output_key: str | Sequence[str] | None) -> list[str | None]:
    """Returns the outputs to use, as a list; None stands for the usual output."""
    return [output_key] if output_key is None or isinstance(output_key, str) else list(output_key)


def choose_output(outputs: Any, named: str | None, handle: str) -> Any:
    """Returns the output that the user named, or the usual one, of a dict of outputs or the only output.

    Raises:
      ModuleError: the module has no such output. The message has its handle.
    """
    if not isinstance(outputs, Mapping):
        if named in {None, "default"}:
            return outputs
        raise ModuleError(
            f"Expected {handle!r} to have an output {named!r}, but it has one output without a name.",
            hint="Leave --output-key out.",
        )
    names = [named] if named else [*_OUTPUTS, *(outputs if len(outputs) == 1 else ())]
    found = [name for name in names if name in outputs]
    if not found:
        wanted = f"an output {named!r}" if named else "one output"
        raise ModuleError(
            f"Expected {handle!r} to have {wanted}, but it has {sorted(outputs)}.",
            hint="Choose one with --output-key.",
        )
    return outputs[found[0]]


def image_size_of(calls: Sequence[ModuleCall], wanted: tuple[int, int] | None) -> tuple[int, int]:
    """Returns the size of images, (height, width): what the module declares, else `wanted`, else 224 pixels.

    Raises:
      InputError: the module takes only other sizes than the wanted one.
    """
    shapes = [tensor.shape for call in calls for tensor in call.inputs.values()]
    declared = [shape[1:3] for shape in shapes if shape is not None and len(shape) == 4]
    fixed = [(height, width) for height, width in declared if height is not None and width is not None]
    if wanted is None:
        return fixed[0] if fixed else _DEFAULT_IMAGE_SIZE
    if declared and len(fixed) == len(declared) and wanted not in fixed:
        raise InputError(
            f"Expected images of {fixed[0][0]} by {fixed[0][1]} pixels, as the module says, got {wanted}.",
            hint="Leave --image-size out.",
        )
    return wanted


def wrong_input(handle: str, kind: Kind, calls: Sequence[ModuleCall]) -> InputError:
    """Returns the error for a module that takes other inputs than images or texts."""
    taken = dict.fromkeys(" and ".join(map(str, call.inputs.values())) for call in calls)
    pair = "; a text encoder in two parts needs --preprocessor" if kind == "text" else ""
    return InputError(
        f"Expected {handle!r} to take {_INPUTS[kind]}; it takes {' or '.join(taken) or 'something else'}.",
        hint=f"`tfhub check` shows what it takes{pair}.",
    )


def _fits(call: ModuleCall, kind: Kind) -> bool:
    if len(call.inputs) != 1:
        return False
    (tensor,) = call.inputs.values()
    rank = None if tensor.shape is None else len(tensor.shape)
    if kind == "image":
        return tensor.dtype.startswith("float") and rank in {4, None}
    return tensor.dtype == "string" and rank in {1, None}
