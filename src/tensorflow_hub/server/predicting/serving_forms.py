"""The JSON forms of TensorFlow Serving for versions: their state and their signatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tensorflow_hub.api import answers
from tensorflow_hub.format.module.module_description import ModuleDescription
from tensorflow_hub.format.module.signatures import TensorDescription
from tensorflow_hub.server.catalogue.records import Version

# Python name of a dtype → name in TensorFlow's messages, where they differ.
_TYPES = {"float32": "DT_FLOAT", "float64": "DT_DOUBLE", "float16": "DT_HALF"}


def status_form(versions: Sequence[int]) -> answers.ServedVersions:
    """Returns the state of versions that can be run."""
    fine = {"error_code": "OK", "error_message": ""}
    return {
        "model_version_status": [
            {"version": str(number), "state": "AVAILABLE", "status": fine} for number in versions
        ]
    }


def metadata_form(version: Version, description: ModuleDescription) -> answers.ServedMetadata:
    """Returns the signatures of a version. If it has several graphs, those of the graph for inference."""
    variants = sorted(description.variants, key=lambda variant: "train" in variant.tags, reverse=True)
    signatures = {
        signature.name: {
            "inputs": _tensors(signature.inputs),
            "outputs": _tensors(signature.outputs),
            "method_name": signature.method or "tensorflow/serving/predict",
        }
        for variant in variants
        for signature in variant.signatures
    }
    return {
        "model_spec": {"name": version.model.handle, "signature_name": "", "version": str(version.number)},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


def _tensors(tensors: Mapping[str, TensorDescription]) -> dict[str, Any]:
    return {
        name: {
            "dtype": _TYPES.get(tensor.dtype, f"DT_{tensor.dtype.upper()}"),
            "tensor_shape": {
                "dim": [{"size": str(-1 if n is None else n), "name": ""} for n in tensor.shape or ()],
                "unknown_rank": tensor.shape is None,
            },
            "name": "",
        }
        for name, tensor in tensors.items()
    }
