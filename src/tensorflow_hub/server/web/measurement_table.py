"""The table of measurements on the page of a version."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from urllib.parse import urlencode

from tensorflow_hub.api.figures import Figures
from tensorflow_hub.format.card.vocabulary import display_name
from tensorflow_hub.server.catalogue.measurements import Measurement
from tensorflow_hub.server.catalogue.records import MIRROR_OF, Version
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.people.measurements import may_change
from tensorflow_hub.server.web.rendering import show_count, show_day

MOST_ROWS = 25
# The path of the pages that compare models.
PATH = "/s/measured"
CHANGES = "/settings/measurements"


@dataclasses.dataclass(frozen=True)
class MeasurementRow:
    """A row of the table.

    Attributes:
      details: the number of examples, the speed and machine, and the program.
      change_url: the page on which the reader may change the measurement; "" for other readers.
    """

    dataset: str
    dataset_url: str
    others_url: str
    task: str
    metric: str
    value: str
    interval: str
    details: str
    publisher: str
    by_others: bool
    date: str
    change_url: str = ""


def measurement_rows(found: Sequence[Measurement], version: Version, caller: Caller) -> list[MeasurementRow]:
    """Returns the rows of the table for a reader."""
    return [
        MeasurementRow(
            one.figures.dataset,
            one.figures.dataset_url,
            url_of(one.figures.dataset, one.figures.task),
            display_name("task", one.figures.task),
            one.figures.metric + ("" if one.figures.higher_is_better else " (lower is better)"),
            show_number(one.figures.value),
            interval_text(one.figures),
            "; ".join([*_details(one.figures), *_origin(one)]),
            one.publisher,
            one.publisher != version.model.publisher,
            show_day(one.measured_at),
            f"{CHANGES}/{one.id}" if caller.session and may_change(caller, one, version) else "",
        )
        for one in found
    ]


def url_of(dataset: str = "", task: str = "", sort: str = "", page: int = 1) -> str:
    """Returns the URL of the page that compares models on a dataset.

    >>> url_of("film reviews", sort="-size")
    '/s/measured?dataset=film+reviews&sort=-size'
    """
    pairs = [("task", task), ("dataset", dataset), ("sort", sort), ("page", str(page) if page > 1 else "")]
    query = urlencode([(name, value) for name, value in pairs if value])
    return f"{PATH}?{query}" if query else PATH


def show_number(value: float) -> str:
    """Formats a number, with four digits if it is less than 1,000.

    >>> show_number(0.91304), show_number(1.0), show_number(12345.6), show_number(1e20)
    ('0.913', '1', '12,346', '1e+20')
    """
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e12 else f"{value:.4g}"


def interval_text(figures: Figures) -> str:
    """Formats the confidence interval; "" if there is none."""
    if figures.low is None or figures.high is None:
        return ""
    return f"{show_number(figures.low)} to {show_number(figures.high)}"


def _origin(one: Measurement) -> list[str]:
    """From where a measurement was mirrored."""
    return [f"mirrored from {one.author.name.removeprefix(MIRROR_OF)}"] if one.author.is_mirror else []


def _details(figures: Figures) -> list[str]:
    found = [] if figures.examples is None else [f"on {show_count(figures.examples, 'example')}"]
    if figures.examples_per_second is not None:
        on = f" on {figures.machine}" if figures.machine else ""
        found.append(f"{show_number(figures.examples_per_second)} examples/s{on}")
    return found + ([figures.tool] if figures.tool else [])
