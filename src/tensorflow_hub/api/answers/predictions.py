"""Answers of models that the hub runs, in the format of TensorFlow Serving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict


class ServingError(TypedDict):
    """An error in the format of TensorFlow Serving: message and hint in one text."""

    error: str


class Predictions(TypedDict):
    """The outputs for each instance: a value, or values by name if there are several outputs."""

    predictions: Sequence[Any]


class Outputs(TypedDict):
    """The outputs for the inputs: a value, or values by name if there are several outputs."""

    outputs: Any


class Results(TypedDict):
    """For each example the labels with their scores, `[["cat", 0.9], …]`, or a number."""

    results: Sequence[Any]


class ServedVersions(TypedDict):
    """The available versions of a model."""

    model_version_status: Sequence[Mapping[str, Any]]


class ServedMetadata(TypedDict):
    """The inputs and outputs of a version: its signatures in the format of TensorFlow Serving."""

    model_spec: Mapping[str, str]
    metadata: Mapping[str, Any]
