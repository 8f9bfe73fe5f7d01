"""What was measured of versions, and tables of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, TypedDict

from msgspec import Meta

from tensorflow_hub.api.fields import Count, Handle, Time


class Measurement(TypedDict):
    """What was measured of a version, beside it."""

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
    size: Annotated[int | None, Meta(description="Bytes of the files that were measured.")]
    tool: str
    publisher: Annotated[str, Meta(description="Who measured.")]
    by_others: Annotated[
        bool, Meta(description="Whether that is another one than the publisher of the model.")
    ]
    measured_by: Annotated[
        str,
        Meta(description="The name of user or token; empty for callers without a token of that publisher."),
    ]
    measured_at: Time


class MeasuredDataset(TypedDict):
    """A dataset that models were measured on."""

    task: str
    dataset: str
    versions: Annotated[Count, Meta(description="How many were measured.")]


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
    """What one publisher measured of one version."""

    handle: Handle
    url: str
    publisher: Annotated[str, Meta(description="Who measured.")]
    by_others: bool
    task: str
    size: Annotated[int | None, Meta(description="Bytes of its download.")]
    examples_per_second: float | None
    machine: str
    values: Annotated[Mapping[str, MeasuredValue], Meta(description="By metric.")]


class Measured(TypedDict):
    """The datasets that models were measured on, and the table of one of them."""

    datasets: Sequence[MeasuredDataset]
    metrics: Sequence[MeasuredMetric]
    rows: Sequence[MeasuredVersion]
    total: Annotated[Count, Meta(description="Rows on all pages.")]
    cut: Annotated[bool, Meta(description="Whether older measurements were left out: there are too many.")]
    page: int
    pages: Count
