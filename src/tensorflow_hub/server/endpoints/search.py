"""`GET /api/v1/search` and its neighbours: what the pages show of search, as JSON."""

from __future__ import annotations

import datetime
import math
import time
from typing import Any

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tensorflow_hub.errors import FormatError
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.callers import caller_of
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.json_forms import iso
from tensorflow_hub.server.core.lookup import find_readable_model
from tensorflow_hub.server.core.problems import Malformed
from tensorflow_hub.server.core.rights import audience_of
from tensorflow_hub.server.search.document import SearchDocument
from tensorflow_hub.server.search.engine import search, similar
from tensorflow_hub.server.search.labels import label
from tensorflow_hub.server.search.request import MAX_RESULTS, SearchRequest
from tensorflow_hub.server.web.model_lists import load_documents

_DAY = 86_400
_FRESH = {"Cache-Control": "no-cache", "Vary": "Authorization"}


def show_search(request: Request) -> Response:
    """The models that match, best first; the counts of the facets; what was corrected."""
    caller = caller_of(request)
    started = time.perf_counter()
    try:
        asked = SearchRequest.parse(request.query_params.multi_items())
    except FormatError as error:
        raise Malformed(error.problem, hint=error.hint) from error
    with_facets = request.query_params.get("facets", "true") != "false"
    hub = hub_of(request)
    audience = audience_of(caller)
    with hub.database.reading() as connection:
        answer = hub.search.answer(
            connection, audience, lambda index: search(index, asked, with_facets=with_facets)
        )
        results = _results(connection, answer.ids, audience, base_url(request))
    facets = {
        key: [{"value": value, "label": label(key, value), "count": count} for value, count in counts]
        for key, counts in answer.facets.items()
    }
    body = {
        "query": asked.text,
        "url": f"{base_url(request)}{asked.to_url()}",
        "total": answer.total,
        "total_estimated": answer.total_estimated,
        "page": asked.page,
        "pages": math.ceil(min(answer.total, MAX_RESULTS) / asked.page_size),
        "corrected": answer.corrected,
        "relaxed": answer.relaxed,
        "results": results,
        "facets": facets,
        "facets_estimated": answer.estimated,
        "took_ms": round((time.perf_counter() - started) * 1000, 1),
    }
    return JSONResponse(body, headers=_FRESH)


def show_similar(request: Request) -> Response:
    """Models that are like one."""
    caller = caller_of(request)
    hub = hub_of(request)
    with hub.database.reading() as connection:
        model = find_readable_model(connection, ModelName.parse(request.path_params["handle"]), caller)
        audience = audience_of(caller)
        ids = hub.search.answer(connection, audience, lambda index: similar(index, model.id, limit=10))
        results = _results(connection, ids, audience, base_url(request))
    return JSONResponse({"model": model.handle, "results": results}, headers=_FRESH)


def show_downloads(request: Request) -> Response:
    """Downloads of a model by day, of the last year."""
    caller = caller_of(request)
    today = int(time.time()) // _DAY
    with hub_of(request).database.reading() as connection:
        model = find_readable_model(connection, ModelName.parse(request.path_params["handle"]), caller)
        by_day = reading.downloads_by_day(connection, model, today - 365)
    days = [{"day": _day(day), "downloads": count} for day, count in by_day]
    return JSONResponse({"model": model.handle, "total": model.downloads, "days": days}, headers=_FRESH)


def _results(
    connection: sa.Connection, ids: tuple[int, ...], audience: Audience, base: str
) -> list[dict[str, Any]]:
    return [result_facts(document, base) for document in load_documents(connection, ids, audience)]


def result_facts(document: SearchDocument, base: str) -> dict[str, Any]:
    """One result."""
    facets = document.facets
    handle = f"{document.handle}/{document.version}"
    fine_tunable = next(iter(facets.get("fine_tunable", ())), None)
    return {
        "handle": handle,
        "model": document.handle,
        "version": document.version,
        "url": f"{base}/{handle}",
        "publisher": document.publisher,
        "kind": document.kind,
        "description": document.description,
        "task": next(iter(facets.get("task", ())), None),
        "tasks": list(facets.get("task", ())),
        "format": next(iter(facets.get("format", ())), None),
        "formats": list(facets.get("format", ())),
        "languages": list(facets.get("language", ())),
        "architectures": list(facets.get("architecture", ())),
        "datasets": list(facets.get("dataset", ())),
        "license": next(iter(facets.get("license", ())), None),
        "fine_tunable": None if fine_tunable is None else fine_tunable == "true",
        "interfaces": list(facets.get("interface", ())),
        "signatures": list(document.interfaces),
        "trainable": "trainable" in document.flags if document.flags else None,
        "custom_ops": "custom-ops" in document.flags if document.flags else None,
        "size": document.size,
        "downloads": document.downloads,
        "published_at": iso(document.published_at),
    }


def _day(day: int) -> str:
    return (datetime.date(1970, 1, 1) + datetime.timedelta(days=day)).isoformat()
