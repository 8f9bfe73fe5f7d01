"""Answers of models that the hub runs, in the form of TensorFlow Serving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict


class ServingError(TypedDict):
    """The body of a refusal as TensorFlow Serving writes it: what is wrong and what to do, as one text."""

    error: str


class Predictions(TypedDict):
    """What a model gives for each instance: a value, or values by name where it has several outputs."""

    predictions: Sequence[Any]


class Outputs(TypedDict):
    """What a model gives for the inputs: a value, or values by name where it has several outputs."""

    outputs: Any


class ServedVersions(TypedDict):
    """Which versions of a model answer."""

    model_version_status: Sequence[Mapping[str, Any]]


class ServedMetadata(TypedDict):
    """What a version takes and gives: its signatures as TensorFlow Serving writes them."""

    model_spec: Mapping[str, str]
    metadata: Mapping[str, Any]
