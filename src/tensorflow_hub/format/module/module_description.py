"""`ModuleDescription`: the description of a module, and its form in JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, cast

from tensorflow_hub.errors import FormatError
from tensorflow_hub.format.module.functions import FunctionDescription, Structure, Trace
from tensorflow_hub.format.module.interfaces import Interface
from tensorflow_hub.format.module.signatures import (
    SignatureDescription,
    TensorDescription,
    VariantDescription,
    is_tensor,
)
from tensorflow_hub.format.module.variables import VariablesDescription


@dataclasses.dataclass(frozen=True)
class ModuleDescription:
    """The description of a module.

    Attributes:
      kind: "hub" (TF1 Hub format), "saved_model" (TF1), "saved_model_2" (TF2), "tflite" or "tfjs".
      digest: the digest of the content, see `module_digest`.
      size: the size of all files in bytes.
      files: the number of files.
      variants: the graphs, each with its tags and signatures.
      functions: the functions of a TF2 SavedModel, such as `__call__`.
      variables: the numbers of variables and parameters; None for kinds without variables.
      ops: the names of all ops, sorted.
      custom_ops: the ops that TensorFlow itself does not have.
      packages: package that defines custom ops → Python module to import.
      unsafe_ops: op with effects outside of the graph → its effect.
      assets: the paths of asset files below `assets/`.
      attachments: the keys of attached messages.
      image_size: the attached size of images, (height, width) in pixels; None if there is none.
      tensorflow_version: the version of TensorFlow that wrote the module.
      stated_versions: program or format → its version in the files: "keras", "tflite_schema",
        "tflite_runtime" (the earliest that runs it), "tfjs_converter", "tfjs_writer". None in descriptions by
        earlier releases.
      strips_defaults: whether attributes of ops with default values were left out, so that earlier releases
        of TensorFlow can load it; None if it is not known.
      fine_tunable: whether it can be trained further; None if that is not known.
      interfaces: the names of the common interfaces that it has.
      interface_details: for each of these, where it has it and what is missing.
    """

    kind: str
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
    stated_versions: Mapping[str, str] | None = None
    strips_defaults: bool | None = None
    fine_tunable: bool | None = None
    interfaces: tuple[str, ...] = ()
    interface_details: tuple[Interface, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The description as JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ModuleDescription:
        """Makes a description from the result of `to_dict`, also after it was converted to JSON and back.

        Raises:
          FormatError: the value is not such a result.
        """
        try:
            return _from_dict(value)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise FormatError(
                f"Expected a description of a module, got {type(error).__name__}: {error!s:.60}.",
                hint="Describe the module again.",
            ) from None


def _from_dict(value: Mapping[str, Any]) -> ModuleDescription:
    variables = value["variables"]
    size = value["image_size"]
    stated = value.get("stated_versions")
    return ModuleDescription(
        kind=value["kind"],
        digest=value["digest"],
        size=value["size"],
        files=value["files"],
        variants=tuple(
            VariantDescription(tuple(v["tags"]), tuple(_signature(s) for s in v["signatures"]))
            for v in value["variants"]
        ),
        functions=tuple(
            FunctionDescription(
                f["name"], tuple(map(_trace, f["traces"])), tuple(f.get("argument_names", ()))
            )
            for f in value["functions"]
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
        stated_versions=None if stated is None else dict(stated),
        strips_defaults=value.get("strips_defaults"),
        fine_tunable=value["fine_tunable"],
        interfaces=tuple(value["interfaces"]),
        interface_details=tuple(Interface(**interface) for interface in value["interface_details"]),
    )


def _signature(value: Mapping[str, Any]) -> SignatureDescription:
    sides = [
        {name: _tensor(tensor) for name, tensor in value[side].items()} for side in ("inputs", "outputs")
    ]
    return SignatureDescription(value["name"], sides[0], sides[1], value.get("method", ""))


def _tensor(value: Mapping[str, Any]) -> TensorDescription:
    shape = value["shape"]
    return TensorDescription(value["dtype"], None if shape is None else tuple(shape), value["kind"])


def _trace(value: Mapping[str, Any]) -> Trace:
    arguments = tuple(_structure(item) for item in value["arguments"])
    keywords = {name: _structure(item) for name, item in value["keywords"].items()}
    return Trace(arguments, keywords, _structure(value["result"]), value.get("has_tuples", False))


def _structure(value: Any) -> Structure:
    if isinstance(value, list):
        return [_structure(item) for item in value]
    if is_tensor(value):
        return _tensor(value)
    if isinstance(value, dict):
        return {name: _structure(item) for name, item in value.items()}
    return cast("Structure", value)
