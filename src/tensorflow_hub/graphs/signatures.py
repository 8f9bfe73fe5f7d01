"""The signatures of a MetaGraphDef: their names, and what goes in and comes out of each."""

from __future__ import annotations

from typing import Any

from tensorflow_hub.errors import SignatureError
from tensorflow_hub.graphs.tensor_info import SignatureTensor, read_tensor_info

DEFAULT = "default"


def read_inputs(meta_graph: Any, signature: str | None) -> dict[str, SignatureTensor]:
    """The inputs of a signature, by name.

    Raises:
      SignatureError: when the graph has no such signature.
    """
    return {k: read_tensor_info(v) for k, v in sorted(_definition(meta_graph, signature).inputs.items())}


def read_outputs(meta_graph: Any, signature: str | None) -> dict[str, SignatureTensor]:
    """The outputs of a signature, by name.

    Raises:
      SignatureError: when the graph has no such signature.
    """
    return {k: read_tensor_info(v) for k, v in sorted(_definition(meta_graph, signature).outputs.items())}


def _definition(meta_graph: Any, signature: str | None) -> Any:
    signature = DEFAULT if signature is None else signature
    if signature not in meta_graph.signature_def:
        raise SignatureError(
            f"Expected one of the signatures {sorted(names(meta_graph))}, got {signature!r}.",
            hint="Pass signature=…; `tfhub show` lists the signatures of a published module.",
        )
    return meta_graph.signature_def[signature]


def names(meta_graph: Any) -> list[str]:
    """The names of the signatures of a graph, sorted."""
    return sorted(name for name in meta_graph.signature_def if not name.startswith("__saved_model"))
