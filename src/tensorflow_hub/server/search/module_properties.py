"""Extracts from the descriptions of deployments what typed search and the facets need.

The descriptions are those of `format.description.ModuleDescription.to_dict()`, from the catalogue.
"""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tensorflow_hub.format.kinds.table import FORMATS
from tensorflow_hub.server.search.signatures import MOST_TENSORS, Interface, Tensor

_log = logging.getLogger("tensorflow_hub.server")

_NAME = re.compile(r"[\w./-]+")


@dataclasses.dataclass(frozen=True)
class ModuleProperties:
    """The properties of all deployments of a version together.

    Attributes:
      signatures: the different signatures, in the notation of `signatures.Interface`.
      interfaces: the names of the common interfaces that the version implements.
      formats: the formats that are in the table of kinds.
      flags: `trainable` or `no-trainable`, `custom-ops` or `no-custom-ops`; empty without files.
      fine_tunable: whether it can be fine-tuned; None if unknown.
    """

    signatures: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    fine_tunable: bool | None = None


def properties_of(descriptions: Sequence[Mapping[str, Any]]) -> ModuleProperties:
    """Returns the properties of a version from the descriptions of its deployments.

    Returns empty properties if a description has another form, for example of another release: one bad entry
    must not stop the search.
    """
    try:
        return _gather(descriptions) if descriptions else ModuleProperties()
    except (KeyError, TypeError, ValueError, AttributeError):
        _log.warning("A description in the catalogue cannot be read; typed search does not find its version.")
        return ModuleProperties()


def _gather(descriptions: Sequence[Mapping[str, Any]]) -> ModuleProperties:
    trainable = any(_is_trainable(description) for description in descriptions)
    custom = any(description.get("custom_ops") for description in descriptions)
    known = [d["fine_tunable"] for d in descriptions if isinstance(d.get("fine_tunable"), bool)]
    return ModuleProperties(
        signatures=_unique(
            str(s) for description in descriptions for s in signatures_of(description).values()
        ),
        interfaces=_unique(name for d in descriptions for name in d.get("interfaces", ())),
        formats=_unique(str(d["kind"]) for d in descriptions if d.get("kind") in FORMATS),
        flags=("trainable" if trainable else "no-trainable", "custom-ops" if custom else "no-custom-ops"),
        fine_tunable=any(known) if known else None,
    )


def signatures_of(description: Mapping[str, Any]) -> dict[str, Interface]:
    """Returns name → interface of the signatures of all variants, and of `__call__` and other functions.

    The inputs are in the order in which they are passed.
    """
    found: dict[str, Interface] = {}
    for variant in description.get("variants", ()):
        for signature in variant["signatures"]:
            interface = Interface(_side(signature["inputs"]), _side(signature["outputs"]))
            found.setdefault(signature["name"], interface)
    for function in description.get("functions", ()):
        for trace in function["traces"][:1]:
            inputs = (*tensors_of(trace["arguments"]), *tensors_of(trace["keywords"]))
            found.setdefault(function["name"], Interface(inputs, tuple(tensors_of(trace["result"]))))
    return {name: interface for name, interface in found.items() if _is_small(interface)}


def _is_small(interface: Interface) -> bool:
    return len(interface.inputs) <= MOST_TENSORS and len(interface.outputs) <= MOST_TENSORS


def _side(tensors: Mapping[str, Mapping[str, Any]]) -> tuple[Tensor, ...]:
    return tuple(_tensor(description, name) for name, description in tensors.items())


def tensors_of(structure: Any, name: str | None = None) -> list[Tensor]:
    """Returns the tensors in the nested arguments or results of a function, in their order."""
    if isinstance(structure, Mapping):
        if isinstance(structure.get("dtype"), str) and set(structure) == {"dtype", "shape", "kind"}:
            return [_tensor(structure, name)]
        return [tensor for key, item in structure.items() for tensor in tensors_of(item, str(key))]
    if isinstance(structure, (list, tuple)):
        return [tensor for item in structure for tensor in tensors_of(item)]
    return []


def _tensor(description: Mapping[str, Any], name: str | None) -> Tensor:
    shape = description.get("shape")
    dims = None if shape is None else tuple(None if d is None or d < 0 else int(d) for d in shape)
    clean = "_".join(_NAME.findall(name)) if name else ""
    return Tensor(str(description["dtype"]), dims, clean or None)


def _is_trainable(description: Mapping[str, Any]) -> bool:
    variables = description.get("variables")
    return bool(variables and variables.get("trainable"))


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
