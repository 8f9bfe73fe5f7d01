"""The part of the OpenAPI description that is about search."""

from __future__ import annotations

from tensorflow_hub.server.openapi_schemas import STRING, Schema, object_of
from tensorflow_hub.server.search.facets import FACETS
from tensorflow_hub.server.search.request import MAX_PAGE_SIZE, MAX_RESULTS, SORTS

_STRINGS: Schema = {"type": "array", "items": STRING}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_RESULTS: Schema = {"type": "array", "items": {"$ref": "#/components/schemas/SearchResult"}}


def _or_null(kind: str) -> Schema:
    return {"type": [kind, "null"]}


SEARCH_SCHEMAS: dict[str, Schema] = {
    "SearchResult": object_of(
        "handle model version url publisher kind description task format",
        handle={"type": "string", "description": "publisher/model/version, what code loads."},
        model=STRING,
        version={"type": "integer", "minimum": 1},
        url=STRING,
        publisher=STRING,
        kind=STRING,
        description=STRING,
        task=_or_null("string"),
        tasks=_STRINGS,
        format=_or_null("string"),
        formats=_STRINGS,
        languages=_STRINGS,
        architectures=_STRINGS,
        datasets=_STRINGS,
        license=_or_null("string"),
        fine_tunable=_or_null("boolean"),
        interfaces=_STRINGS,
        signatures={**_STRINGS, "description": "Typed interfaces, such as 'string[?] -> float32[?,512]'."},
        trainable=_or_null("boolean"),
        custom_ops=_or_null("boolean"),
        size={**_or_null("integer"), "description": "Bytes; null when the files are not here."},
        downloads=_COUNT,
        published_at={"type": "string", "format": "date-time"},
    ),
    "FacetValue": object_of("value label count", value=STRING, label=STRING, count=_COUNT),
    "SearchAnswer": object_of(
        "query url total total_estimated page pages corrected relaxed results facets",
        query=STRING,
        url={"type": "string", "description": "The page that shows the same."},
        total=_COUNT,
        total_estimated={"type": "boolean", "description": "Counted on a sample: very many match."},
        page={"type": "integer", "minimum": 1},
        pages=_COUNT,
        corrected={**_or_null("string"), "description": "What was searched in place of mistyped words."},
        relaxed={"type": "boolean", "description": "Whether results may lack a word."},
        results=_RESULTS,
        facets={
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"$ref": "#/components/schemas/FacetValue"}},
        },
        facets_estimated={"type": "boolean", "description": "Counted on a sample: among very many."},
        took_ms={"type": "number"},
    ),
}


def _parameter(name: str, description: str, schema: Schema | None = None) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema or STRING}


_HANDLE: Schema = {
    "name": "handle",
    "in": "path",
    "required": True,
    "description": "publisher/model; has slashes.",
    "schema": STRING,
}
_FACET_PARAMETERS = [
    _parameter(facet.key, f"{facet.label}; may be repeated: any of the values.", {**_STRINGS, "maxItems": 20})
    for facet in FACETS
    if facet.key != "interface"
]


def _operation(summary: str, answer: Schema, parameters: list[Schema]) -> Schema:
    found = {"description": "What was found.", "content": {"application/json": {"schema": answer}}}
    error = {"schema": {"$ref": "#/components/schemas/Error"}}
    refused = {"description": "An error.", "content": {"application/json": error}}
    return {
        "get": {"summary": summary, "parameters": parameters, "responses": {"200": found, "default": refused}}
    }


SEARCH_PATHS: dict[str, Schema] = {
    "/api/v1/search": _operation(
        "Models that match words and filters, best first, with counts of the facets.",
        {"$ref": "#/components/schemas/SearchAnswer"},
        [
            _parameter("q", "Words; typing errors are corrected."),
            *_FACET_PARAMETERS,
            _parameter("interface", "A name such as text-embedding, or types: 'string -> float32[512]'."),
            _parameter("max_size", "Not larger than this: bytes, or 100MB."),
            _parameter("trainable", "With, or without, trainable variables.", {"type": "boolean"}),
            _parameter("custom_ops", "With, or without, ops beyond TensorFlow's.", {"type": "boolean"}),
            _parameter("sort", "The order.", {"type": "string", "enum": list(SORTS)}),
            _parameter("page", "From 1.", {"type": "integer", "minimum": 1, "maximum": MAX_RESULTS}),
            _parameter(
                "page_size", "Results on a page.", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE}
            ),
            _parameter("facets", "false: do not count the facets.", {"type": "boolean"}),
        ],
    ),
    "/api/v1/similar/{handle}": _operation(
        "Models that are like one.", object_of("model results", model=STRING, results=_RESULTS), [_HANDLE]
    ),
    "/api/v1/downloads/{handle}": _operation(
        "Downloads of a model by day, of the last year.",
        object_of(
            "model total days",
            model=STRING,
            total=_COUNT,
            days={
                "type": "array",
                "items": object_of(
                    "day downloads", day={"type": "string", "format": "date"}, downloads=_COUNT
                ),
            },
        ),
        [_HANDLE],
    ),
}
