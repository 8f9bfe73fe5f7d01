"""Which signature and which output of a module the tools use.

The rules are the same for a loaded module (`opening.py`) and for the description of a module that is not
loaded (`bulk/described.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from tensorflow_hub.errors import InputError, ModuleError, SignatureError
from tensorflow_hub.tools.modules import Kind

# The usual names of signatures, the first one preferred.
_SIGNATURES = {
    "image": ("image_feature_vector", "default", "serving_default"),
    "text": ("default", "serving_default"),
}
_OUTPUTS = ("default", "pooled_output")
_INPUTS = {"image": "images, float32 [b, height, width, 3]", "text": "texts, string [b]"}


def choose_signature(present: Collection[str], named: str | None, kind: Kind, handle: str) -> str:
    """The name of the signature to call.

    Args:
      present: the names of the module's signatures.
      named: the signature that the user asked for; None for the usual one.
      kind: the kind of inputs.
      handle: the module's handle, for messages.

    Raises:
      SignatureError: the module has no such signature.
    """
    found = usual_signatures(present, named, kind)
    if not found:
        has = f"the signatures {', '.join(map(repr, present))}" if present else "no signatures"
        raise SignatureError(
            f"Expected a module for {kind}s, but {handle!r} is not callable and has {has}"
            f"{f', not {named!r}' if named else ''}.",
            hint="Name one with --signature, or look at the module: `tfhub check`.",
        )
    return found[0]


def usual_signatures(present: Collection[str], named: str | None, kind: Kind) -> list[str]:
    """The signatures that may be called: the named one, or the usual ones, the preferred one first."""
    return [name for name in ([named] if named else _SIGNATURES[kind]) if name in present]


def choose_output(outputs: Any, named: str | None, handle: str) -> Any:
    """The output to take.

    Args:
      outputs: a dict of all outputs by name, or the only output.
      named: the output that the user asked for; None for the usual one.
      handle: the module's handle, for messages.

    Raises:
      ModuleError: the module has no such output.
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


def wrong_input(handle: str, kind: Kind, inputs: Iterable[Iterable[object]]) -> InputError:
    """The error for a module that takes other inputs.

    Args:
      handle: the module's handle.
      kind: the kind of inputs that it should take.
      inputs: for each way to call the module, its input tensors as the message shows them.
    """
    taken = dict.fromkeys(" and ".join(map(str, tensors)) for tensors in inputs)
    pair = "; a text encoder in two parts needs --preprocessor" if kind == "text" else ""
    return InputError(
        f"Expected {handle!r} to take {_INPUTS[kind]}; it takes {' or '.join(taken) or 'something else'}.",
        hint=f"`tfhub check` shows what it takes{pair}.",
    )
