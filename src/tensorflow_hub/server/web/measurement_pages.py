"""The pages of measurements for who attached them: a list, and a form for each."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.server.catalogue.measurements import Measurement
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.web.measurement_table import interval_text, show_number
from tensorflow_hub.server.web.rendering import render, show_day


def measurements(request: Request, found: Sequence[tuple[Measurement, Version]]) -> Response:
    """`/settings/measurements`."""
    rows = [
        {
            "id": one.id,
            "handle": version.handle,
            "dataset": one.figures.dataset,
            "metric": one.figures.metric,
            "value": show_number(one.figures.value),
            "interval": interval_text(one.figures),
            "publisher": one.publisher,
            "date": show_day(one.measured_at),
        }
        for one, version in found
    ]
    return render(request, "measurements.html", title="Your measurements", rows=rows)


def measurement(request: Request, found: Measurement, version: Version) -> Response:
    """`/settings/measurements/<number>`."""
    figures = found.figures
    return render(
        request,
        "measurement.html",
        title=f"{figures.metric} of {version.handle}",
        found=found,
        figures=figures,
        version=version,
        date=show_day(found.measured_at),
        fields=[
            ("value", figures.metric, figures.value, True),
            ("low", "Lower end of the interval", figures.low, False),
            ("high", "Upper end of the interval", figures.high, False),
            ("examples", "Examples measured on", figures.examples, False),
            ("examples_per_second", "Examples in a second", figures.examples_per_second, False),
        ],
    )
