"""Describing a SavedModel without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorflow_hub.format.module import graph_files, layout, ops
from tensorflow_hub.format.module.functions import FunctionDescription, functions_of
from tensorflow_hub.format.module.image_info import IMAGE_MODULE_INFO_KEY
from tensorflow_hub.format.module.keras_version import keras_version
from tensorflow_hub.format.module.messages import parse
from tensorflow_hub.format.module.module_description import ModuleDescription
from tensorflow_hub.format.module.reachable_ops import applied_ops
from tensorflow_hub.format.module.signatures import variant_of
from tensorflow_hub.format.module.variables import VariablesDescription, variables_of


def describe_saved_model(root: Path, largest: int) -> ModuleDescription | None:
    """Describes a SavedModel; None if there is none in the directory.

    Raises:
      FormatError: it is damaged, or its graph has more than `largest` bytes.
      UnsupportedFeatureError: it needs a feature that this library does not have.
    """
    if not (root / layout.SAVED_MODEL).is_file():
        return None
    is_hub = graph_files.is_hub_format(root)
    saved_model = graph_files.read_saved_model(root, largest)
    graphs = saved_model.meta_graphs
    objects = graphs[0].object_graph_def
    kind = "hub" if is_hub else "saved_model_2" if objects.nodes else "saved_model"
    functions = functions_of(objects)
    variables = variables_of(root, saved_model)
    attachments = _attachments(graphs)
    return ModuleDescription(
        kind,
        "",
        0,
        0,
        variants=tuple(sorted((variant_of(graph) for graph in graphs), key=lambda variant: variant.tags)),
        functions=functions,
        variables=variables,
        **_described_ops(
            {op for graph in graphs for op in _ops(graph.graph_def)},
            {op for graph in graphs for op in applied_ops(graph)},
        ),
        attachments=tuple(sorted(attachments)),
        image_size=_image_size(attachments),
        tensorflow_version=graphs[0].meta_info_def.tensorflow_version,
        stated_versions=keras_version(root, objects),
        strips_defaults=graphs[0].meta_info_def.stripped_default_attrs,
        fine_tunable=_fine_tunable(kind, functions, variables),
    )


def _described_ops(names: set[str], applied: set[str]) -> dict[str, Any]:
    return {
        "ops": tuple(sorted(names)),
        "custom_ops": ops.custom_ops(names),
        "packages": ops.needed_packages(names),
        "unsafe_ops": ops.unsafe_ops(names, applied),
    }


def _ops(graph: Any) -> Iterator[str]:
    """The ops of a graph and of its functions, without calls of its functions."""
    own = {function.signature.name for function in graph.library.function}
    yield from {node.op for node in graph.node} - own
    for function in graph.library.function:
        yield from {node.op for node in function.node_def} - own


def _attachments(graphs: Any) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for graph in graphs:
        if layout.ATTACHMENTS in graph.collection_def:
            for data in graph.collection_def[layout.ATTACHMENTS].bytes_list.value:
                attachment = parse("ModuleAttachment", data, "an attached message")
                found[attachment.key] = attachment.value
    return found


def _image_size(attachments: Mapping[str, bytes]) -> tuple[int, int] | None:
    if IMAGE_MODULE_INFO_KEY not in attachments:
        return None
    info = parse("ImageModuleInfo", attachments[IMAGE_MODULE_INFO_KEY], IMAGE_MODULE_INFO_KEY)
    size = info.default_image_size
    return (size.height, size.width) if size.height > 0 and size.width > 0 else None


def _fine_tunable(
    kind: str, functions: Sequence[FunctionDescription], variables: VariablesDescription
) -> bool | None:
    """Whether a module can be trained: in TF1 Hub format, or a TF2 SavedModel with `__call__`."""
    if kind == "saved_model_2" and not any(function.name == "__call__" for function in functions):
        return False
    return kind != "saved_model" and bool(variables.trainable)
