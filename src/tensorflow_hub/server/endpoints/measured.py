"""`/s/measured` and `GET /api/v1/measured`: tables that compare the models measured on a dataset."""

from __future__ import annotations

import math

from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import MeasuredAsked
from tensorflow_hub.server.catalogue.measured import (
    METRIC,
    MODEL,
    MeasuredTable,
    MeasuredVersion,
    list_datasets,
    measured_table,
)
from tensorflow_hub.server.core.callers import caller_of
from tensorflow_hub.server.core.decoding import decode_parameters
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.problems import Malformed
from tensorflow_hub.server.core.rights import audience_of
from tensorflow_hub.server.web import measured_page

PAGE = 50


def list_measured(call: Call, query: MeasuredAsked) -> Answer[answers.Measured]:
    """Returns the datasets that models were measured on; with `dataset`, the models and their results."""
    audience = audience_of(call.caller)
    with call.hub.database.reading() as connection:
        datasets = list_datasets(connection, audience, query.task)
        table = measured_table(connection, audience, query.dataset, query.task) if query.dataset else None
    shown = sorted_page(table, query) if table else ()
    return Answer(
        {
            "datasets": [
                {"task": one.task, "dataset": one.dataset, "versions": one.versions} for one in datasets
            ],
            "metrics": [
                {"name": name, "higher_is_better": higher}
                for name, higher in (table.metrics if table else {}).items()
            ],
            "rows": [_row_json(row, call.base) for row in shown],
            "total": len(table.rows) if table else 0,
            "cut": table is not None and table.is_cut,
            "page": query.page,
            "pages": math.ceil(len(table.rows) / PAGE) if table else 0,
        }
    )


def show_measured(request: Request) -> Response:
    """Returns the same as a page."""
    query = decode_parameters(request.query_params, MeasuredAsked)
    caller = caller_of(request)
    with hub_of(request).database.reading() as connection:
        audience = audience_of(caller)
        if not query.dataset:
            return measured_page.datasets(request, query, list_datasets(connection, audience, query.task))
        table = measured_table(connection, audience, query.dataset, query.task)
    return measured_page.table(
        request, query, table, sorted_page(table, query), math.ceil(len(table.rows) / PAGE)
    )


def sorted_page(table: MeasuredTable, query: MeasuredAsked) -> tuple[MeasuredVersion, ...]:
    """Returns the rows of the requested page, in the requested order.

    Raises:
      Malformed: the table cannot be sorted by that.
    """
    order = query.sort.removeprefix("-") or default_order(table)
    if order not in table.orders and table.rows:
        raise Malformed(
            f"Expected an order of this table as 'sort', got {query.sort[:100]!r}.",
            hint=f"Use one of {', '.join(table.orders[:20])}; with - before it for the reverse order.",
        )
    rows = table.sorted_by(order, reverse=query.sort.startswith("-")).rows if table.rows else ()
    return rows[(query.page - 1) * PAGE : query.page * PAGE]


def default_order(table: MeasuredTable) -> str:
    """Returns the default order: by the first metric."""
    return next((METRIC + name for name in table.metrics), MODEL)


def _row_json(row: MeasuredVersion, base: str) -> answers.MeasuredVersion:
    fastest = row.fastest
    return {
        "handle": row.handle,
        "url": f"{base}/{row.handle}",
        "publisher": row.publisher,
        "by_others": row.by_others,
        "task": row.task,
        "size": row.size,
        "examples_per_second": fastest.examples_per_second if fastest else None,
        "machine": fastest.machine if fastest else "",
        "values": {
            name: {"value": one.value, "low": one.low, "high": one.high, "examples": one.examples}
            for name, one in row.figures.items()
        },
    }
