"""What was read from a module's files → what typed search and the facets need.

Takes `format.description.ModuleDescription.to_dict()` as the catalogue keeps it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tensorflow_hub.server.search.signatures import Interface, Tensor

# A module with more tensors in a signature is found by its words.
_MOST_TENSORS = 12
_FORMATS = {
    "hub": "hub",
    "saved_model": "saved_model",
    "saved_model_2": "saved_model_2",
    "tflite": "tflite",
    "tfjs": "tfjs",
}


@dataclasses.dataclass(frozen=True)
class TypedFacts:
    """Facts of all deployments of a version.

    Attributes:
      signatures: each different one, written as `signatures.Interface` does.
      interfaces: the common interfaces that are met, by name.
      formats: hub, saved_model, saved_model_2, tflite, tfjs.
      flags: `trainable` or `no-trainable`, `custom-ops` or `no-custom-ops`; none without files.
      fine_tunable: whether it can be fine-tuned; None when that is not known.
    """

    signatures: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    fine_tunable: bool | None = None


def typed_facts(descriptions: Sequence[Mapping[str, Any]]) -> TypedFacts:
    """Gathers the facts of a version's deployments."""
    if not descriptions:
        return TypedFacts()
    trainable = any(_trainable(description) for description in descriptions)
    custom = any(description.get("custom_ops") for description in descriptions)
    known = [d["fine_tunable"] for d in descriptions if isinstance(d.get("fine_tunable"), bool)]
    return TypedFacts(
        signatures=_unique(
            str(s) for description in descriptions for s in signatures_of(description).values()
        ),
        interfaces=_unique(
            name for description in descriptions for name in description.get("interfaces", ())
        ),
        formats=_unique(_FORMATS.get(str(description.get("kind")), "") for description in descriptions),
        flags=("trainable" if trainable else "no-trainable", "custom-ops" if custom else "no-custom-ops"),
        fine_tunable=any(known) if known else None,
    )


def signatures_of(description: Mapping[str, Any]) -> dict[str, Interface]:
    """Signature name → its interface, of all variants."""
    found: dict[str, Interface] = {}
    for variant in description.get("variants", ()):
        signatures = variant.get("signatures", ())
        named = (
            signatures.items()
            if isinstance(signatures, Mapping)
            else ((s.get("name"), s) for s in signatures)
        )
        for name, signature in named:
            inputs, outputs = _tensors(signature.get("inputs")), _tensors(signature.get("outputs"))
            if len(inputs) + len(outputs) <= _MOST_TENSORS:
                found.setdefault(str(name), Interface(inputs, outputs))
    return found


def _tensors(side: Any) -> tuple[Tensor, ...]:
    named = side.items() if isinstance(side, Mapping) else ((t.get("name"), t) for t in side or ())
    return tuple(sorted((_tensor(str(name), facts) for name, facts in named), key=lambda t: t.name or ""))


def _tensor(name: str, facts: Mapping[str, Any]) -> Tensor:
    shape = facts.get("shape")
    dims = None if shape is None else tuple(None if d is None or d < 0 else int(d) for d in shape)
    return Tensor(str(facts.get("dtype", "*")), dims, name)


def _trainable(description: Mapping[str, Any]) -> bool:
    variables = description.get("variables")
    if isinstance(variables, Mapping):
        return bool(variables.get("trainable"))
    return bool(description.get("trainable"))


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
