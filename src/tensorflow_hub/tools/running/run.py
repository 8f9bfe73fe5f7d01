"""Runs a module once on a few inputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tensorflow_hub.errors import InputError, ModuleError
from tensorflow_hub.format.description import describe
from tensorflow_hub.format.module.calls import ModuleCall, choose_call
from tensorflow_hub.tools.modules import locate
from tensorflow_hub.tools.opening import LoadedModule, arrays_of, text_of
from tensorflow_hub.tools.running.detections import Box, are_detections, boxes_of
from tensorflow_hub.tools.running.inputs import tensor_of


@dataclasses.dataclass(frozen=True)
class ModuleRun:
    """The outputs of a module for some inputs.

    Attributes:
      module: the handle of the module.
      signature: the signature that was called; None for the object itself.
      inputs: the names of the examples: texts, files or numbers as they were written.
      texts: whether the examples are texts.
      outputs: NumPy arrays by name; "" for an output without a name.
      labels: the names of classes, if an output has as many columns; empty if the module has no names.
      boxes: for each picture, what a detector found in it; empty for all other modules.
      unsafe_ops: the ops of the module that reach outside the graph, and what they do.
    """

    module: str
    signature: str | None
    inputs: tuple[str, ...]
    texts: bool
    outputs: Mapping[str, Any]
    labels: tuple[str, ...]
    unsafe_ops: Mapping[str, str]
    boxes: Sequence[Sequence[Box]] = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns a dict for JSON: values of outputs as lists, bytes as text."""
        found = {
            "module": self.module,
            "signature": self.signature,
            "inputs": list(self.inputs),
            "outputs": {name: _plain(value.tolist()) for name, value in self.outputs.items()},
            "labels": list(self.labels),
        }
        boxes = [[dataclasses.asdict(box) for box in one] for one in self.boxes]
        return {**found, "boxes": boxes} if boxes else found


def run_module(
    module: str,
    values: Sequence[str] = (),
    *,
    named: Mapping[str, Sequence[str]] | None = None,
    signature: str | None = None,
) -> ModuleRun:
    """Loads a module and calls it once.

    Args:
      module: the module's handle.
      values: the values of the only input of the module, one for each example: texts, paths of image files,
        or numbers as JSON (`[1, 2, 3]`) or in .npy files.
      named: for a module with several inputs, the values of each input by its name.
      signature: the signature to call; None for the object itself, or the usual one.

    Returns:
      A `ModuleRun`: its `outputs` are NumPy arrays by name; the other attributes say how to show them.

    Raises:
      SignatureError: there is no such signature.
      InputError: the values do not fit the inputs. The message says what the module takes.
      ModuleError: the module fails on these values.

    Example:
      run = hub.tools.run_module("acme/sentences/1", ["a cat", "a dog"])
      print(run.outputs)
    """
    place = locate(module)
    description = describe(place.directory, files=())
    call = choose_call(description, module, signature)
    given = _by_input(call, values, named or {})
    tensors = {name: tensor_of(given[name], name, tensor) for name, tensor in call.inputs.items()}
    outputs = arrays_of(LoadedModule(place.directory).apply(call, tensors, ModuleError))
    first = next(iter(call.inputs), "")
    labels = labels_of(place.directory, outputs)
    boxes = boxes_of(outputs, labels, tensors[first]) if tensors else ()
    return ModuleRun(
        module,
        call.signature,
        tuple(given.get(first, ())),
        first in call.inputs and call.inputs[first].dtype == "string",
        outputs,
        labels,
        description.unsafe_ops,
        boxes,
    )


def _by_input(
    call: ModuleCall, values: Sequence[str], named: Mapping[str, Sequence[str]]
) -> Mapping[str, Sequence[str]]:
    if values and named:
        raise InputError("Expected values, or values by name, got both.", hint="Name all inputs, or none.")
    if values and len(call.inputs) == 1:
        return dict.fromkeys(call.inputs, values)
    if set(named) != set(call.inputs) or values:
        wanted = ", ".join(f"{name or 'one input'}: {tensor}" for name, tensor in call.inputs.items())
        what = f"values for {sorted(named)}" if named else "values without names" if values else "none"
        raise InputError(
            f"Expected values for the inputs of the module ({wanted or 'nothing'}), got {what}.",
            hint="Give INPUTs to a module with one input, else --input NAME=VALUE for each.",
        )
    return named


def labels_of(directory: Any, outputs: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the names of classes: an asset with a line for each column of an output, or of a detector."""
    widths = {array.shape[1] for array in outputs.values() if array.ndim == 2 and array.dtype.kind == "f"}
    files = sorted(
        (directory / "assets").glob("*.txt"), key=lambda path: (path.name != "labels.txt", path.name)
    )
    for file in files:
        if file.stat().st_size < 1 << 20 and "label" in file.name.lower():
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            if len(lines) in widths or are_detections(outputs):
                return tuple(lines)
    return ()


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return text_of(value)
    return None if isinstance(value, float) and not np.isfinite(value) else value
