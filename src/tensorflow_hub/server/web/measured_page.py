"""The page that compares the models measured on a dataset, and the page that lists the datasets."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.api.requests import MeasuredAsked
from tensorflow_hub.format.card.vocabulary import display_name
from tensorflow_hub.server.catalogue.measured import (
    METRIC,
    MODEL,
    MOST_MEASUREMENTS,
    SIZE,
    SPEED,
    MeasuredDataset,
    MeasuredTable,
    MeasuredVersion,
)
from tensorflow_hub.server.web.measurement_table import PATH, interval_text, show_number, url_of
from tensorflow_hub.server.web.rendering import render, show_count, show_size

# How many metrics a page shows. The API has all.
_MOST_METRICS = 6


@dataclasses.dataclass(frozen=True)
class Heading:
    """The heading of a column: name, URL to sort by it, and the value of `aria-sort` ("" if not sorted)."""

    text: str
    url: str
    sorted: str
    is_number: bool = True


@dataclasses.dataclass(frozen=True)
class Cell:
    """A cell: the value, and a note in small letters."""

    text: str
    more: str = ""


@dataclasses.dataclass(frozen=True)
class Row:
    """A row: a version, who measured it, and its values in the order of the headings."""

    handle: str
    publisher: str
    by_others: bool
    task: str
    cells: tuple[Cell, ...]


def datasets(request: Request, asked: MeasuredAsked, found: Sequence[MeasuredDataset]) -> Response:
    """Returns the page that lists the datasets by task."""
    tasks: dict[str, list[tuple[str, str, str]]] = {}
    for one in found:
        line = (one.dataset, url_of(one.dataset, one.task), show_count(one.versions, "version"))
        tasks.setdefault(one.task, []).append(line)
    return render(
        request,
        "measured_datasets.html",
        title="Measured models",
        task=display_name("task", asked.task),
        tasks=[
            (display_name("task", name), url_of(task=name) if name else "", lines)
            for name, lines in tasks.items()
        ],
    )


def table(
    request: Request,
    asked: MeasuredAsked,
    found: MeasuredTable,
    rows: Sequence[MeasuredVersion],
    pages: int,
) -> Response:
    """Returns the page that compares the models measured on a dataset."""
    metrics = list(found.metrics)[:_MOST_METRICS]
    order = asked.sort or (METRIC + metrics[0] if metrics else MODEL)

    def on_page(number: int) -> str:
        return url_of(asked.dataset, asked.task, asked.sort, number) if 1 <= number <= pages else ""

    return render(
        request,
        "measured.html",
        title=f"Measured on {asked.dataset}",
        dataset=asked.dataset,
        task=display_name("task", asked.task),
        task_url=url_of(task=asked.task),
        total_text=show_count(len(found.rows), "result"),
        cut_text=f"{MOST_MEASUREMENTS:,}" if found.is_cut else "",
        headings=_headings(asked, found, metrics, order),
        rows=[_row(row, metrics) for row in rows],
        page=asked.page,
        pages=pages,
        previous_url=on_page(asked.page - 1),
        next_url=on_page(asked.page + 1),
        all_url=PATH,
    )


def _headings(
    asked: MeasuredAsked, found: MeasuredTable, metrics: Sequence[str], order: str
) -> list[Heading]:
    columns = [("Model", MODEL, True)]
    columns += [(name, METRIC + name, not found.metrics[name]) for name in metrics]
    columns += [("Examples/s", SPEED, False), ("Download", SIZE, True)]
    return [_heading(asked, order, *column) for column in columns]


def _heading(asked: MeasuredAsked, order: str, text: str, key: str, least_first: bool) -> Heading:
    """Returns a heading with a link that sorts by the column, best first; worst first if it already is."""
    is_best_first, is_worst_first = order == key, order == f"-{key}"
    url = url_of(asked.dataset, asked.task, f"-{key}" if is_best_first else key)
    ascends = least_first if is_best_first else not least_first
    sorted_now = ("ascending" if ascends else "descending") if is_best_first or is_worst_first else ""
    return Heading(text, url, sorted_now, key != MODEL)


def _row(row: MeasuredVersion, metrics: Sequence[str]) -> Row:
    cells = [
        Cell(show_number(row.figures[name].value), interval_text(row.figures[name]))
        if name in row.figures
        else Cell("–")
        for name in metrics
    ]
    fastest = row.fastest
    speed = Cell("–")
    if fastest is not None and fastest.examples_per_second is not None:
        speed = Cell(show_number(fastest.examples_per_second), fastest.machine)
    size = Cell(show_size(row.size) or "–")
    return Row(
        row.handle, row.publisher, row.by_others, display_name("task", row.task), (*cells, speed, size)
    )
