"""Checking the inputs and outputs of a module by its description, without loading it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorflow_hub.format.description import describe
from tensorflow_hub.format.module.functions import tensors_in
from tensorflow_hub.format.module.module_description import ModuleDescription
from tensorflow_hub.format.module.signatures import TensorDescription
from tensorflow_hub.resolving.resolve import resolve_module
from tensorflow_hub.tools.choosing import choose_output, choose_signature, wrong_input
from tensorflow_hub.tools.modules import Kind

# A way to call a module: its input tensors, and its output: a tensor, or a dict of tensors.
_Call = tuple[Sequence[TensorDescription], Any]


def require_usable(handle: str, kind: Kind, options: Mapping[str, Any]) -> None:
    """Checks, as far as the description says it, that a module maps images or texts to vectors.

    Args:
      handle: the module's handle.
      kind: the kind of inputs.
      options: the options of `open_encoder`.

    Raises:
      ModuleError: it does not have the signature or output, or it takes other inputs.
    """
    description = describe(Path(resolve_module(handle).path), files=())
    calls = _calls(description, handle, kind, options.get("signature"))
    takes = [tensor for inputs, _ in calls for tensor in inputs]
    if not options.get("preprocessor") and not any(_fits(tensor, kind) for tensor in takes):
        raise wrong_input(handle, kind, (inputs for inputs, _ in calls))
    wanted = options.get("output_key")
    for output in [wanted] if wanted is None or isinstance(wanted, str) else wanted:
        gives = calls[0][1]
        if isinstance(gives, (TensorDescription, dict)):  # otherwise it is only known after a call
            choose_output(gives, output, handle)


def _calls(description: ModuleDescription, handle: str, kind: Kind, signature: str | None) -> list[_Call]:
    call = next((f for f in description.functions if f.name == "__call__"), None)
    if signature is None and call is not None and call.traces:
        return [(tensors_in(list(trace.arguments)), trace.result) for trace in call.traces]
    known = {s.name: s for variant in description.variants for s in variant.signatures}
    chosen = known[choose_signature(known, signature, kind, handle)]
    return [(list(chosen.inputs.values()), dict(chosen.outputs))]


def _fits(tensor: TensorDescription, kind: Kind) -> bool:
    rank = None if tensor.shape is None else len(tensor.shape)
    if kind == "image":
        return tensor.dtype.startswith("float") and rank in {4, None}
    return tensor.dtype == "string" and rank in {1, None}
