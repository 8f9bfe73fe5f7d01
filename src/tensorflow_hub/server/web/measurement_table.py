"""What was measured of a version, as the table on its page."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tensorflow_hub.server.catalogue.measurements import Figures, Measurement
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.web.rendering import show_count, show_day

MOST_ROWS = 25


@dataclasses.dataclass(frozen=True)
class MeasurementRow:
    """A line of the table; `details` are the number of examples, speed and machine, and the program."""

    dataset: str
    dataset_url: str
    task: str
    metric: str
    value: str
    interval: str
    details: str
    publisher: str
    by_others: bool
    date: str


def measurement_rows(found: Sequence[Measurement], version: Version) -> list[MeasurementRow]:
    """The lines of the table."""
    return [
        MeasurementRow(
            one.figures.dataset,
            one.figures.dataset_url,
            one.figures.task,
            one.figures.metric + ("" if one.figures.higher_is_better else " (lower is better)"),
            show_number(one.figures.value),
            _interval(one.figures),
            "; ".join(_details(one.figures)),
            one.publisher,
            one.publisher != version.model.publisher,
            show_day(one.measured_at),
        )
        for one in found
    ]


def show_number(value: float) -> str:
    """A number for people, of four digits.

    >>> show_number(0.91304), show_number(1.0), show_number(1234567.0)
    ('0.913', '1', '1.235e+06')
    """
    return f"{value:.4g}"


def _interval(figures: Figures) -> str:
    if figures.low is None or figures.high is None:
        return ""
    return f"{show_number(figures.low)} to {show_number(figures.high)}"


def _details(figures: Figures) -> list[str]:
    found = [] if figures.examples is None else [f"on {show_count(figures.examples, 'example')}"]
    if figures.examples_per_second is not None:
        on = f" on {figures.machine}" if figures.machine else ""
        found.append(f"{show_number(figures.examples_per_second)} examples/s{on}")
    return found + ([figures.tool] if figures.tool else [])
