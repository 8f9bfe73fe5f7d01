"""`GET /api/v1/search` and others: search results, similar models and downloads as JSON."""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Sequence

import sqlalchemy as sa

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import OfModel
from tensorflow_hub.format.card.facets import label
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.json_forms import iso_or_none
from tensorflow_hub.server.core.lookup import find_readable_model
from tensorflow_hub.server.core.rights import audience_of
from tensorflow_hub.server.search.documents import SearchDocument
from tensorflow_hub.server.search.engine import search, similar
from tensorflow_hub.server.search.request import MAX_RESULTS, SearchRequest
from tensorflow_hub.server.web.model_lists import load_documents

_DAY = 86_400


def show_search(call: Call, query: SearchRequest) -> Answer[answers.SearchAnswer]:
    """Returns the models that match, best first, with the counts of the facets and the corrected words."""
    started = time.perf_counter()
    audience = audience_of(call.caller)
    with call.hub.database.reading() as connection:
        found = call.hub.search.answer(connection, audience, lambda index: search(index, query))
        results = _results(connection, found.ids, call)
    return Answer(
        {
            "query": query.text,
            "url": f"{call.base}{query.to_url()}",
            "total": found.total,
            "page": query.page,
            "pages": math.ceil(min(found.total, MAX_RESULTS) / query.page_size),
            "corrected": found.corrected,
            "relaxed": found.relaxed,
            "results": results,
            "facets": {key: _facet_values(key, counts) for key, counts in found.facets.items()},
            "took_ms": round((time.perf_counter() - started) * 1000, 1),
        }
    )


def show_similar(call: Call, path: OfModel) -> Answer[answers.SimilarModels]:
    """Returns the models that are similar to one."""
    with call.hub.database.reading() as connection:
        model = find_readable_model(connection, ModelName.parse(path.handle), call.caller)
        audience = audience_of(call.caller)
        ids = call.hub.search.answer(connection, audience, lambda index: similar(index, model.id, limit=10))
        results = _results(connection, ids, call)
    return Answer({"model": model.handle, "results": results})


def show_downloads(call: Call, path: OfModel) -> Answer[answers.Downloads]:
    """Returns the downloads of a model by day in the last year."""
    today = int(time.time()) // _DAY
    with call.hub.database.reading() as connection:
        model = find_readable_model(connection, ModelName.parse(path.handle), call.caller)
        by_day = reading.downloads_by_day(connection, model, today - 365)
    days: list[answers.DownloadsOfDay] = [{"day": _day(day), "downloads": count} for day, count in by_day]
    return Answer({"model": model.handle, "total": model.downloads, "days": days})


def _facet_values(key: str, counts: Sequence[tuple[str, int]]) -> list[answers.FacetValue]:
    return [{"value": value, "label": label(key, value), "count": count} for value, count in counts]


def _results(connection: sa.Connection, ids: tuple[int, ...], call: Call) -> list[answers.SearchResult]:
    documents = load_documents(connection, ids, audience_of(call.caller))
    return [result_json(document, call.base) for document in documents]


def result_json(document: SearchDocument, base: str) -> answers.SearchResult:
    """Returns the JSON form of a result."""
    facets = document.facets
    handle = f"{document.handle}/{document.version}"
    fine_tunable = next(iter(facets.get("fine_tunable", ())), None)
    return {
        "handle": handle,
        "model": document.handle,
        "version": document.version,
        "url": f"{base}/{handle}",
        "publisher": document.publisher,
        "private": document.private,
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
        "facets": facets,
        "signatures": list(document.interfaces),
        "trainable": "trainable" in document.flags if document.flags else None,
        "custom_ops": "custom-ops" in document.flags if document.flags else None,
        "size": document.size,
        "downloads": document.downloads,
        "published_at": iso_or_none(document.published_at or None),
    }


def _day(day: int) -> str:
    return (datetime.date(1970, 1, 1) + datetime.timedelta(days=day)).isoformat()
