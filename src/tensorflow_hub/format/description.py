"""Module directory → everything that can be said of it without TensorFlow."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from tensorflow_hub.errors import FormatError
from tensorflow_hub.format import layout, ops
from tensorflow_hub.format.archive_index import FileEntry, module_digest
from tensorflow_hub.format.file_digests import file_entries
from tensorflow_hub.format.functions import FunctionDescription, Structure, Trace, functions_of
from tensorflow_hub.format.image_info import IMAGE_MODULE_INFO_KEY
from tensorflow_hub.format.interfaces import Interface, interfaces_of
from tensorflow_hub.format.layout import Kind
from tensorflow_hub.format.messages import parse
from tensorflow_hub.format.reachable_ops import applied_ops
from tensorflow_hub.format.signatures import (
    SignatureDescription,
    TensorDescription,
    VariantDescription,
    variant_of,
)
from tensorflow_hub.format.tfjs import describe_tfjs
from tensorflow_hub.format.tflite import describe_tflite
from tensorflow_hub.format.variables import VariablesDescription, variables_of


@dataclasses.dataclass(frozen=True)
class ModuleDescription:
    """What a module is.

    Attributes:
      kind: "hub" (TF1 Hub format), "saved_model" (TF1), "saved_model_2" (TF2), "tflite" or "tfjs".
      digest: of the content, see `module_digest`.
      size: bytes of all files.
      files: how many.
      variants: the graphs, each with its tags and signatures.
      functions: those of a TF2 SavedModel, such as `__call__`.
      variables: counted; None where the kind has none.
      ops: names of all ops, sorted.
      custom_ops: those that TensorFlow alone cannot run.
      packages: the packages that bring custom ops → the module to import.
      unsafe_ops: those that reach outside the graph → what they do.
      assets: paths of asset files below `assets/`.
      attachments: the keys of attached messages.
      image_size: (height, width) in pixels that the module says it takes; None when it does not.
      tensorflow_version: that wrote it.
      fine_tunable: whether it can be trained further; None where it is not known.
      interfaces: the names of the common interfaces it follows.
      interface_details: where it follows them, and what is missing.
    """

    kind: Kind
    digest: str
    size: int
    files: int
    variants: tuple[VariantDescription, ...] = ()
    functions: tuple[FunctionDescription, ...] = ()
    variables: VariablesDescription | None = None
    ops: tuple[str, ...] = ()
    custom_ops: tuple[str, ...] = ()
    packages: Mapping[str, str] = dataclasses.field(default_factory=dict)
    unsafe_ops: Mapping[str, str] = dataclasses.field(default_factory=dict)
    assets: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    image_size: tuple[int, int] | None = None
    tensorflow_version: str = ""
    fine_tunable: bool | None = None
    interfaces: tuple[str, ...] = ()
    interface_details: tuple[Interface, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The description as JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ModuleDescription:
        """The description whose `to_dict` this is, also after a way through JSON.

        Raises:
          FormatError: it is none.
        """
        try:
            return _from_dict(value)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise FormatError(
                f"Expected a description of a module, got {type(error).__name__}: {error!s:.60}.",
                hint="Describe the module again.",
            ) from None


def describe(
    directory: str | os.PathLike[str],
    files: Sequence[FileEntry] | None = None,
    largest_graph: int = layout.LARGEST,
) -> ModuleDescription:
    """Describes a module directory.

    Args:
      directory: the module.
      files: its files with their digests, where they are known already; else they are read.
      largest_graph: how many bytes `saved_model.pb` may have; parsing needs several times as much memory.

    Raises:
      NotAModuleError: it holds no module.
      FormatError: it holds a damaged one, or a graph that is larger.
      UnsupportedFeatureError: it needs something that does not exist yet.
    """
    root = Path(directory)
    if not root.is_dir():
        raise layout.not_a_module(root)
    if (root / layout.SAVED_MODEL).is_file():
        found = _of_saved_model(root, largest_graph)
    elif (root / layout.TFJS_MODEL).is_file():
        found = _of_tfjs(root)
    elif (tflite := layout.tflite_file(root)) is not None:
        found = _of_tflite(root, tflite)
    else:
        raise layout.not_a_module(root)
    entries = file_entries(root) if files is None else files
    found = dataclasses.replace(
        found,
        digest=module_digest(entries),
        size=sum(file.size for file in entries),
        files=len(entries),
        assets=tuple(sorted(file.path for file in entries if file.path.startswith("assets/"))),
    )
    details = interfaces_of(found.variants, found.functions, is_object=found.kind == "saved_model_2")
    names = tuple(interface.name for interface in details)
    return dataclasses.replace(found, interfaces=names, interface_details=details)


def _of_saved_model(root: Path, largest: int) -> ModuleDescription:
    is_hub = layout.is_hub_format(root)
    saved_model = layout.read_saved_model(root, largest)
    graphs = saved_model.meta_graphs
    objects = graphs[0].object_graph_def
    kind: Kind = "hub" if is_hub else "saved_model_2" if objects.nodes else "saved_model"
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
        **_ops_facts(
            {op for graph in graphs for op in _ops(graph.graph_def)},
            {op for graph in graphs for op in applied_ops(graph)},
        ),
        attachments=tuple(sorted(attachments)),
        image_size=_image_size(attachments),
        tensorflow_version=graphs[0].meta_info_def.tensorflow_version,
        fine_tunable=_fine_tunable(kind, functions, variables),
    )


def _ops_facts(names: set[str], applied: set[str]) -> dict[str, Any]:
    return {
        "ops": tuple(sorted(names)),
        "custom_ops": ops.custom_ops(names),
        "packages": ops.needed_packages(names),
        "unsafe_ops": ops.unsafe_ops(names, applied),
    }


def _ops(graph: Any) -> Iterator[str]:
    """The ops of a graph and of its functions; a call of one of its functions is no op."""
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
    kind: Kind, functions: Sequence[FunctionDescription], variables: VariablesDescription
) -> bool | None:
    """TF1 Hub format and the Reusable SavedModel interface can be trained; a plain TF1 SavedModel cannot."""
    if kind == "saved_model_2" and not any(function.name == "__call__" for function in functions):
        return False
    return kind != "saved_model" and bool(variables.trainable)


def _of_tfjs(root: Path) -> ModuleDescription:
    model = describe_tfjs(layout.read_file(root, layout.TFJS_MODEL, 128 << 20))
    missing = sorted(path for path in model.weight_files if not _is_inside(root, path))
    if missing:
        raise FormatError(
            f"Expected the weights that model.json names beside it, got no {missing[0]!r}.",
            hint="Copy all files that the converter wrote.",
        )
    variants = (VariantDescription((), model.signatures),) if model.signatures else ()
    variables = VariablesDescription(model.variables, model.parameters, None)
    return ModuleDescription(
        "tfjs", "", 0, 0, variants=variants, variables=variables, ops=model.ops, fine_tunable=False
    )


def _is_inside(root: Path, path: str) -> bool:
    return ".." not in Path(path).parts and not Path(path).is_absolute() and (root / path).is_file()


def _of_tflite(root: Path, name: str) -> ModuleDescription:
    model = describe_tflite(layout.read_file(root, name))
    variants = (VariantDescription((), model.signatures),)
    return ModuleDescription(
        "tflite", "", 0, 0, variants=variants, custom_ops=model.custom_ops, fine_tunable=False
    )


def _from_dict(value: Mapping[str, Any]) -> ModuleDescription:
    variables = value["variables"]
    size = value["image_size"]
    return ModuleDescription(
        kind=cast("Kind", value["kind"]),
        digest=value["digest"],
        size=value["size"],
        files=value["files"],
        variants=tuple(
            VariantDescription(tuple(v["tags"]), tuple(_signature(s) for s in v["signatures"]))
            for v in value["variants"]
        ),
        functions=tuple(
            FunctionDescription(f["name"], tuple(map(_trace, f["traces"]))) for f in value["functions"]
        ),
        variables=None if variables is None else VariablesDescription(**variables),
        ops=tuple(value["ops"]),
        custom_ops=tuple(value["custom_ops"]),
        packages=dict(value["packages"]),
        unsafe_ops=dict(value["unsafe_ops"]),
        assets=tuple(value["assets"]),
        attachments=tuple(value["attachments"]),
        image_size=None if size is None else (size[0], size[1]),
        tensorflow_version=value["tensorflow_version"],
        fine_tunable=value["fine_tunable"],
        interfaces=tuple(value["interfaces"]),
        interface_details=tuple(Interface(**interface) for interface in value["interface_details"]),
    )


def _signature(value: Mapping[str, Any]) -> SignatureDescription:
    sides = [
        {name: _tensor(tensor) for name, tensor in value[side].items()} for side in ("inputs", "outputs")
    ]
    return SignatureDescription(value["name"], sides[0], sides[1])


def _tensor(value: Mapping[str, Any]) -> TensorDescription:
    shape = value["shape"]
    return TensorDescription(value["dtype"], None if shape is None else tuple(shape), value["kind"])


def _trace(value: Mapping[str, Any]) -> Trace:
    arguments = tuple(_structure(item) for item in value["arguments"])
    keywords = {name: _structure(item) for name, item in value["keywords"].items()}
    return Trace(arguments, keywords, _structure(value["result"]))


def _structure(value: Any) -> Structure:
    if isinstance(value, list):
        return [_structure(item) for item in value]
    if isinstance(value, dict):
        if set(value) == {"dtype", "shape", "kind"} and isinstance(value["dtype"], str):
            return _tensor(value)
        return {name: _structure(item) for name, item in value.items()}
    return cast("Structure", value)
