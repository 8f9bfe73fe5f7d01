"""What a module takes and gives by its description: known before it is loaded, and without TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import InputError, ModuleError, SignatureError
from tensorflow_hub.format.description import describe
from tensorflow_hub.format.functions import tensors_in
from tensorflow_hub.format.module_description import ModuleDescription
from tensorflow_hub.format.signatures import TensorDescription
from tensorflow_hub.resolving.resolve import resolve_module
from tensorflow_hub.tools.modules import SIGNATURES, Kind

# A way to call a module: the tensors that go in, and its outputs by name; None where no description tells.
_Call = tuple[Sequence[TensorDescription], Any]


def require_usable(handle: str, kind: Kind, options: Mapping[str, Any]) -> None:
    """Refuses a module that does not map images or texts to vectors, as far as its description tells.

    Args:
      handle: the module's handle.
      kind: what goes in.
      options: of `open_encoder`.

    Raises:
      ModuleError: it has no such signature or output, or takes something else.
    """
    description = describe(Path(resolve_module(handle).path), files=())
    calls = _calls(description, handle, kind, options.get("signature"))
    if not options.get("preprocessor"):
        _require_input(calls, handle, kind)
    wanted = options.get("output_key")
    for output in [wanted] if wanted is None or isinstance(wanted, str) else wanted:
        _require_output(calls[0][1], output, handle)


def _calls(description: ModuleDescription, handle: str, kind: Kind, signature: str | None) -> list[_Call]:
    call = next((f for f in description.functions if f.name == "__call__"), None)
    if signature is None and call is not None and call.traces:
        return [(tensors_in(list(trace.arguments)), trace.result) for trace in call.traces]
    known = {s.name: s for variant in description.variants for s in variant.signatures}
    names = [signature] if signature else [name for name in SIGNATURES[kind] if name in known]
    if not names or names[0] not in known:
        raise SignatureError(
            f"Expected a module for {kind}s, but {handle!r} has "
            f"{'the signatures ' + ', '.join(map(repr, known)) if known else 'no signatures'}"
            f"{f', not {signature!r}' if signature else ''}.",
            hint="Name one with --signature, or look at the module: `tfhub check`.",
        )
    found = known[names[0]]
    return [(list(found.inputs.values()), dict(found.outputs))]


def _require_input(calls: Sequence[_Call], handle: str, kind: Kind) -> None:
    if any(_fits(tensor, kind) for inputs, _ in calls for tensor in inputs):
        return
    wanted = "images, float32 [b, height, width, 3]" if kind == "image" else "texts, string [b]"
    taken = dict.fromkeys(" and ".join(map(str, inputs)) for inputs, _ in calls)
    raise InputError(
        f"Expected {handle!r} to take {wanted}; it takes {' or '.join(taken) or 'something else'}.",
        hint="`tfhub check` shows its interface; text encoders in two parts need --preprocessor.",
    )


def _fits(tensor: TensorDescription, kind: Kind) -> bool:
    rank = None if tensor.shape is None else len(tensor.shape)
    if kind == "image":
        return tensor.dtype.startswith("float") and rank in {4, None}
    return tensor.dtype == "string" and rank in {1, None}


def _require_output(result: Any, output: str | None, handle: str) -> None:
    if isinstance(result, TensorDescription):
        if output not in {None, "default"}:
            raise ModuleError(
                f"Expected {handle!r} to give several outputs, one of them {output!r}; "
                "it gives one without a name.",
                hint="Leave the output's name away.",
            )
        return
    if not isinstance(result, dict):
        return
    usual = ("default", "pooled_output", *(result if len(result) == 1 else ()))
    if not any(name in result for name in ([output] if output else usual)):
        raise ModuleError(
            f"Expected {handle!r} to give {'the output ' + repr(output) if output else 'one output'}, "
            f"it gives {sorted(result)}.",
            hint="Choose one of them by its name.",
        )
