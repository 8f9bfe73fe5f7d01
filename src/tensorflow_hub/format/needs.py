"""The requirements to run a deployment, from the description of its files: packages, ops and versions."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from tensorflow_hub.format.kinds.kind import DeploymentKind
from tensorflow_hub.format.module.ops import custom_ops, needed_packages

# Custom ops that are part of the TFLite interpreter.
_IN_TFLITE = frozenset({"AudioSpectrogram", "Mfcc", "NumericVerify", "TFLite_Detection_PostProcess"})
_FLEX = "Flex"
_FLEX_FEATURE = "ops of TensorFlow in TFLite (Select TF ops)"
_EDGE_TPU = {"edgetpu-custom-op": "an Edge TPU and its runtime (libedgetpu)"}
_LABELS: Mapping[str, str] = {
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "tflite_schema": "TFLite schema",
    "tflite_runtime": "TFLite runtime, at least",
    "tfjs_converter": "converted by",
    "tfjs_writer": "made by",
}
_MOST_NAMED = 3


@dataclasses.dataclass(frozen=True)
class NeededPackage:
    """A package to install.

    Attributes:
      registry: "pypi" or "npm".
      name: its name in the registry.
      import_name: the name to import in Python; "" for other languages.
      why: the reason to install it, as a short text.
    """

    registry: str
    name: str
    import_name: str
    why: str


@dataclasses.dataclass(frozen=True)
class Needs:
    """The requirements to run a deployment.

    Attributes:
      format: the format as a short text, for example "TF2 SavedModel".
      stated_versions: program or format → its version, as the files state it.
      strips_defaults: whether attributes of ops with default values were left out, so that earlier releases
        of TensorFlow can load it; None if that is not known.
      packages: the packages to install.
      features: features of the runtime that not every build has.
      core_ops: the number of its ops that are part of TensorFlow; None if the ops are not listed.
      unknown_ops: the ops for which no package is known.
      unsafe_ops: op → what it can access outside of the graph.
      not_known: requirements that could not be determined, as short texts.
    """

    format: str
    stated_versions: Mapping[str, str]
    strips_defaults: bool | None
    packages: tuple[NeededPackage, ...]
    features: tuple[str, ...]
    core_ops: int | None
    unknown_ops: tuple[str, ...]
    unsafe_ops: Mapping[str, str]
    not_known: tuple[str, ...]


def needs_of(kind: DeploymentKind, description: Mapping[str, Any]) -> Needs:
    """Returns the requirements to run a deployment.

    Args:
      kind: the kind of the deployment.
      description: the description of its files, as `ModuleDescription.to_dict` returns it. Descriptions by
        earlier releases have fewer fields.

    >>> from tensorflow_hub.format.kinds.table import KIND_BY_NAME
    >>> described = {"kind": "saved_model_2", "ops": ["MatMul"], "custom_ops": ["SentencepieceTokenizeOp"]}
    >>> [package.name for package in needs_of(KIND_BY_NAME["saved_model"], described).packages]
    ['tensorflow', 'tensorflow-text']
    """
    custom = tuple(description.get("custom_ops") or ())
    is_lite = bool(kind.suffix)
    features = _features(custom) if is_lite else ()
    foreign = [
        op for op in custom if not (is_lite and (op in _IN_TFLITE or op in _EDGE_TPU or op.startswith(_FLEX)))
    ]
    by_package: dict[tuple[str, str], list[str]] = {}
    unknown = []
    for op in foreign:
        found = needed_packages([op])
        for pair in found.items():
            by_package.setdefault(pair, []).append(op)
        if not found:
            unknown.append(op)
    stated = description.get("stated_versions")
    written_by = description.get("tensorflow_version")
    return Needs(
        format=kind.formats[kind.format_of(str(description.get("kind", "")))],
        stated_versions={**({"tensorflow": written_by} if written_by else {}), **(stated or {})},
        strips_defaults=description.get("strips_defaults"),
        packages=(
            *_programs(kind),
            *(
                NeededPackage("pypi", name, module, f"brings the ops {_listed(ops)}")
                for (name, module), ops in sorted(by_package.items())
            ),
        ),
        features=features,
        core_ops=_core_ops(description),
        unknown_ops=tuple(unknown),
        unsafe_ops=dict(description.get("unsafe_ops") or {}),
        not_known=_not_known(description),
    )


def stated_texts(needs: Needs) -> list[str]:
    """Returns the stated versions as short texts: `["TensorFlow 2.13.0", "Keras 2.13.1"]`."""
    return [f"{_LABELS.get(name, name)} {version}" for name, version in needs.stated_versions.items()]


def _programs(kind: DeploymentKind) -> list[NeededPackage]:
    program = kind.program
    if program is None:
        return []
    return [NeededPackage(program.registry, program.name, program.import_name, "runs it")]


def _core_ops(description: Mapping[str, Any]) -> int | None:
    ops = tuple(description.get("ops") or ())
    return len(ops) - len(custom_ops(ops)) if ops else None


def _features(custom: Iterable[str]) -> tuple[str, ...]:
    found = [_FLEX_FEATURE if op.startswith(_FLEX) else _EDGE_TPU.get(op, "") for op in custom]
    return tuple(dict.fromkeys(feature for feature in found if feature))


def is_in_interpreter(op: str) -> bool:
    """Whether the TFLite interpreter of TensorFlow's package for Python runs a custom op.

    >>> is_in_interpreter("TFLite_Detection_PostProcess"), is_in_interpreter("FlexErf")
    (True, False)
    """
    return op in _IN_TFLITE


def _not_known(description: Mapping[str, Any]) -> tuple[str, ...]:
    if not description:
        return ("what is in the files",)
    if description.get("stated_versions") is None:
        return ("versions that the files state beside that of TensorFlow: an earlier release read them",)
    return ()


def _listed(ops: list[str]) -> str:
    more = f" and {len(ops) - _MOST_NAMED} more" if len(ops) > _MOST_NAMED else ""
    return ", ".join(ops[:_MOST_NAMED]) + more
