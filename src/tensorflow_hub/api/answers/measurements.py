"""Measurements of versions, and tables of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, TypedDict

from msgspec import Meta

from tensorflow_hub.api.fields import Count, Handle, Time


class Measurement(TypedDict):
    """A measurement of a version."""

    id: int
    dataset: str
    dataset_url: str
    dataset_digest: str
    task: str
    metric: str
    value: float
    higher_is_better: bool
    low: float | None
    high: float | None
    examples: int | None
    examples_per_second: float | None
    machine: str
    size: Annotated[int | None, Meta(description="Size of the measured files in bytes.")]
    tool: str
    publisher: Annotated[str, Meta(description="Who measured.")]
    by_others: Annotated[bool, Meta(description="Whether another publisher than that of the model measured.")]
    measured_by: Annotated[
        str,
        Meta(description="The name of user or token; empty for callers without a token of that publisher."),
    ]
    measured_at: Time


class MeasuredDataset(TypedDict):
    """A dataset with measurements."""

    task: str
    dataset: str
    versions: Annotated[Count, Meta(description="Number of measured versions.")]


class MeasuredMetric(TypedDict):
    """A metric of a dataset."""

    name: str
    higher_is_better: bool


class MeasuredValue(TypedDict):
    """A value with its confidence interval."""

    value: float
    low: float | None
    high: float | None
    examples: int | None


class MeasuredVersion(TypedDict):
    """The measurements of a version by one publisher."""

    handle: Handle
    url: str
    publisher: Annotated[str, Meta(description="Who measured.")]
    by_others: bool
    task: str
    size: Annotated[int | None, Meta(description="Size of the download in bytes.")]
    examples_per_second: float | None
    machine: str
    values: Annotated[Mapping[str, MeasuredValue], Meta(description="Metric → value.")]


class Measured(TypedDict):
    """The datasets with measurements, and the table of one of them."""

    datasets: Sequence[MeasuredDataset]
    metrics: Sequence[MeasuredMetric]
    rows: Sequence[MeasuredVersion]
    total: Annotated[Count, Meta(description="Number of rows on all pages.")]
    cut: Annotated[
        bool, Meta(description="Whether older measurements were left out, because there are too many.")
    ]
    page: int
    pages: Count
