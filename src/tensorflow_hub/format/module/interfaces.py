"""The common interfaces of modules: recognizes them by the inputs and outputs of functions and signatures.

Source: the "Common SavedModel APIs" and the common signatures of the TF1 Hub format in TensorFlow Hub's
documentation: image feature vectors, image classification, text embeddings, text preprocessors and encoders.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from tensorflow_hub.format.module.functions import FunctionDescription, Structure, Trace
from tensorflow_hub.format.module.signatures import TensorDescription, VariantDescription

IMAGE_FEATURE_VECTOR = "image-feature-vector"
IMAGE_CLASSIFICATION = "image-classification"
TEXT_EMBEDDING = "text-embedding"
TEXT_PREPROCESSING = "text-preprocessing"
TEXT_ENCODER = "text-encoder"

# Interface → its inputs and outputs; the first dimension is the batch.
INTERFACES: Mapping[str, str] = {
    IMAGE_FEATURE_VECTOR: "float32[?, height, width, 3] in [0, 1] → float32[?, features]",
    IMAGE_CLASSIFICATION: "float32[?, height, width, 3] in [0, 1] → float32[?, classes], with 'classif' or "
    "'logits' in the name of the signature or of an output",
    TEXT_EMBEDDING: "string[?] → float32[?, features]",
    TEXT_PREPROCESSING: "string[?] → a dict of int32[?, length]",
    TEXT_ENCODER: "a dict of int32[?, length] → a dict with float32[?, features] as 'default'",
}


_NO_CALL = (
    "The object has no `__call__` with these inputs: hub.KerasLayer needs `signature=` and cannot train it."
)


@dataclasses.dataclass(frozen=True)
class Interface:
    """A common interface that a module has.

    Attributes:
      name: the name, such as "text-embedding".
      where: the function or signature with this interface, such as `__call__`.
      missing: further parts of the interface that the module lacks, a sentence for each.
    """

    name: str
    where: str
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "missing", tuple(self.missing))


@dataclasses.dataclass(frozen=True)
class _Call:
    """One way to call a module.

    Attributes:
      where: the function or signature.
      inputs: the inputs by name; a single argument has the name `""`.
      outputs: the outputs by name; a single result has the name `""`.
      has_training: whether it has an argument `training`.
    """

    where: str
    inputs: dict[str, TensorDescription]
    outputs: dict[str, TensorDescription]
    has_training: bool


def interfaces_of(
    variants: Sequence[VariantDescription],
    functions: Sequence[FunctionDescription],
    *,
    is_object: bool = False,
) -> tuple[Interface, ...]:
    """The common interfaces of the functions or signatures of a module.

    Args:
      variants: the graphs with their signatures.
      functions: the functions of a TF2 SavedModel.
      is_object: whether it is a TF2 SavedModel. Then an interface of a signature only lacks `__call__`.
    """
    found: dict[str, Interface] = {}
    calls = tuple(_calls(variants, functions))
    for call in calls:
        name = _interface_of(call)
        if name == IMAGE_FEATURE_VECTOR and _is_named_classifier(call, calls):
            name = IMAGE_CLASSIFICATION
        if name in {IMAGE_FEATURE_VECTOR, TEXT_EMBEDDING} and _has_labels(call, calls):
            name = IMAGE_CLASSIFICATION if name == IMAGE_FEATURE_VECTOR else None
        if name and name not in found:
            missing = [*_missing(name, call, functions)]
            if is_object and call.where != "__call__":
                missing.insert(0, _NO_CALL)
            found[name] = Interface(name, call.where, tuple(missing))
    return tuple(found.values())


def calls_of(
    variants: Sequence[VariantDescription], functions: Sequence[FunctionDescription]
) -> tuple[str, ...]:
    """The ways to call a module as text, such as `signature 'default': string[?] → float32[?, 4]`."""
    return tuple(
        f"{call.where}: {_shown(call.inputs)} → {_shown(call.outputs)}"
        for call in _calls(variants, functions)
    )


def _shown(side: Mapping[str, TensorDescription]) -> str:
    if len(side) == 1:
        return str(next(iter(side.values())))
    return "{" + ", ".join(f"{name}: {tensor}" for name, tensor in side.items()) + "}"


def _calls(
    variants: Sequence[VariantDescription], functions: Sequence[FunctionDescription]
) -> Iterator[_Call]:
    """The ways to call a module, in order of preference: the object itself, then signatures."""
    for function in functions:
        if function.name == "__call__":
            for trace in function.traces:
                has_training = any(_takes_flag(other) for other in function.traces)
                yield _Call("__call__", _named(_main_argument(trace)), _named(trace.result), has_training)
    for variant in variants:
        for signature in variant.signatures:
            yield _Call(
                f"signature {signature.name!r}", dict(signature.inputs), dict(signature.outputs), True
            )


def _main_argument(trace: Trace) -> Structure:
    return trace.arguments[0] if trace.arguments else trace.keywords.get("inputs")


def _takes_flag(trace: Trace) -> bool:
    return any(isinstance(value, bool) for value in (*trace.arguments[1:], *trace.keywords.values()))


def _named(structure: Structure) -> dict[str, TensorDescription]:
    if isinstance(structure, TensorDescription):
        return {"": structure}
    if isinstance(structure, list) and len(structure) == 1:
        return _named(structure[0])
    if isinstance(structure, dict):
        return {name: item for name, item in structure.items() if isinstance(item, TensorDescription)}
    return {}


def _interface_of(call: _Call) -> str | None:
    only = next(iter(call.inputs.values())) if len(call.inputs) == 1 else None
    main = call.outputs.get("default", call.outputs.get(""))
    if main is None and len(call.outputs) == 1:
        main = next(iter(call.outputs.values()))
    if only is not None and _is_images(only) and main is not None and _is_vectors(main):
        return _image_interface(call)
    if only is not None and _is_strings(only):
        if main is not None and _is_vectors(main):
            return TEXT_EMBEDDING
        if len(call.outputs) > 1 and all(_is_ids(tensor) for tensor in call.outputs.values()):
            return TEXT_PREPROCESSING
    if len(call.inputs) > 1 and all(_is_ids(tensor) for tensor in call.inputs.values()) and _is_encoder(call):
        return TEXT_ENCODER
    return None


def _image_interface(call: _Call) -> str:
    """Chooses between the two image interfaces by names, because both return one vector for each image."""
    names = f"{call.where} {' '.join(call.outputs)}".lower()
    is_classifier = any(word in names for word in ("classif", "logits", "probabilit"))
    return (
        IMAGE_CLASSIFICATION if is_classifier and "feature_vector" not in call.where else IMAGE_FEATURE_VECTOR
    )


def _is_named_classifier(call: _Call, calls: Sequence[_Call]) -> bool:
    """Whether a call is a classifier, by the names in a signature with the same types."""
    return "" in call.outputs and any(
        _interface_of(other) == IMAGE_CLASSIFICATION
        and (_shown(other.inputs), _shown(other.outputs)) == (_shown(call.inputs), _shown(call.outputs))
        for other in calls
    )


def _has_labels(call: _Call, calls: Sequence[_Call]) -> bool:
    """Whether a signature returns labels for the same input, so that the numbers are scores, not features."""
    return any(
        _shown(other.inputs) == _shown(call.inputs)
        and "label" in other.outputs
        and str(other.outputs.get("scores")) == _shown(call.outputs)
        for other in calls
    )


def _is_images(tensor: TensorDescription) -> bool:
    return (
        tensor.dtype == "float32"
        and tensor.shape is not None
        and len(tensor.shape) == 4
        and tensor.shape[3] == 3
    )


def _is_vectors(tensor: TensorDescription) -> bool:
    return (
        tensor.dtype.startswith(("float", "bfloat")) and tensor.shape is not None and len(tensor.shape) == 2
    )


def _is_strings(tensor: TensorDescription) -> bool:
    return (
        tensor.dtype == "string"
        and tensor.kind == "dense"
        and tensor.shape is not None
        and len(tensor.shape) == 1
    )


def _is_ids(tensor: TensorDescription) -> bool:
    return tensor.dtype in {"int32", "int64"} and tensor.shape is not None and len(tensor.shape) == 2


def _is_encoder(call: _Call) -> bool:
    return any(tensor.dtype.startswith("float") for tensor in call.outputs.values())


def _missing(name: str, call: _Call, functions: Sequence[FunctionDescription]) -> Iterator[str]:
    if call.where == "__call__" and not call.has_training and name != TEXT_PREPROCESSING:
        yield "`__call__` has no argument `training`: the module cannot be fine-tuned."
    main = call.outputs.get("default", call.outputs.get(""))
    if name == TEXT_ENCODER and "default" not in call.outputs and main is None:
        yield "The result has no `default`, the embedding of the whole text."
    if name == TEXT_ENCODER and "sequence_output" not in call.outputs:
        yield "The result has no `sequence_output`, the embeddings of the tokens."
    if name == TEXT_PREPROCESSING:
        available = {described.name for described in functions}
        for function in sorted({"tokenize", "bert_pack_inputs"} - available):
            yield f"The object has no `{function}`, which pairs of texts need."
    if (
        name in {IMAGE_FEATURE_VECTOR, TEXT_EMBEDDING}
        and main is not None
        and main.shape
        and main.shape[-1] is None
    ):
        yield "The static shape of the output does not have the length of the vectors."
