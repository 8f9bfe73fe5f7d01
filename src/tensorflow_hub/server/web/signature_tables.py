"""The signatures of a deployment as tables of inputs and outputs."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from tensorflow_hub.format.module.signature_types import MOST_TENSORS, tensors_of
from tensorflow_hub.format.module.tensor_types import shape_text
from tensorflow_hub.server.catalogue.records import Deployment


@dataclasses.dataclass(frozen=True)
class Row:
    """A tensor: "input" or "output", its name ("" if it has none), its type and shape."""

    side: str
    name: str
    type: str


@dataclasses.dataclass(frozen=True)
class SignatureTable:
    """A signature, with the tags of the graphs that have it in this form."""

    name: str
    tags: str
    rows: tuple[Row, ...]


def signature_tables(deployment: Deployment) -> list[SignatureTable]:
    """Returns the signatures, and then the functions of a SavedModel such as `__call__`."""
    tags_of: dict[tuple[str, tuple[Row, ...]], list[str]] = {}
    for variant in deployment.description.get("variants", ()):
        for signature in variant["signatures"]:
            key = signature["name"], _rows_of_signature(signature)
            tags_of.setdefault(key, []).append(", ".join(variant["tags"]))
    functions = [f for f in deployment.description.get("functions", ()) if f["traces"]]
    return [
        *(SignatureTable(name, _tags(tags), rows) for (name, rows), tags in tags_of.items()),
        *(SignatureTable(f["name"], "", _rows_of_function(f)) for f in functions),
    ]


def _tags(of_graphs: Sequence[str]) -> str:
    """Formats the tags of graphs; "" if no graph has tags."""
    if not any(of_graphs):
        return ""
    return "tags " + " and ".join(tags or "none" for tags in of_graphs)


def _rows_of_signature(signature: Mapping[str, Any]) -> tuple[Row, ...]:
    return tuple(
        Row(side, name, _type(tensor["dtype"], tensor["shape"], tensor["kind"]))
        for side, tensors in (("input", signature["inputs"]), ("output", signature["outputs"]))
        for name, tensor in tensors.items()
    )


def _rows_of_function(function: Mapping[str, Any]) -> tuple[Row, ...]:
    """Returns the inputs and outputs of the first trace of a function, in the order of the arguments."""
    trace, names = function["traces"][0], function.get("argument_names", ())
    arguments = itertools.zip_longest(trace["arguments"], names[: len(trace["arguments"])])
    inputs = [tensor for argument, name in arguments for tensor in tensors_of(argument, name)]
    inputs += tensors_of(trace["keywords"])
    return tuple(
        Row(side, tensor.name or "", _type(tensor.dtype, tensor.shape))
        for side, tensors in (("input", inputs), ("output", tensors_of(trace["result"])))
        for tensor in tensors[:MOST_TENSORS]
    )


def _type(dtype: str, shape: Sequence[int | None] | None, kind: str = "dense") -> str:
    """Formats a type and shape.

    >>> _type("float32", [None, 512]), _type("string", None, "sparse")
    ('float32[?, 512]', 'sparse string[…]')
    """
    return f"{'' if kind == 'dense' else f'{kind} '}{dtype}{shape_text(shape)}"
