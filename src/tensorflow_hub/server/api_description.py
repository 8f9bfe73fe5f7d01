"""Makes the OpenAPI description of the API from its endpoints and the types of their arguments."""

from __future__ import annotations

import functools
import re
import types
import typing
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

import tensorflow_hub
from tensorflow_hub.server.core.endpoint import Endpoint, Stream

Schema = dict[str, Any]

_REF = "#/components/schemas/{name}"
_PLACES = {"path": "path", "query": "query", "headers": "header"}
_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


def describe_api(endpoints: Sequence[Endpoint], base: str) -> Schema:
    """Returns the OpenAPI 3.1 document of the hub at `base`.

    >>> from tensorflow_hub.server.routes import API
    >>> sorted(describe_api(API, "https://hub.example")["paths"]["/api/v1/tokens"])
    ['get', 'post']
    """
    paths, schemas = _paths_and_schemas(tuple(endpoints))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "TensorFlow Hub",
            "version": tensorflow_hub.__version__,
            "description": "Publish, find and fetch pieces of models.",
        },
        "servers": [{"url": base}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def plain_path(endpoint: Endpoint) -> str:
    """Returns the path in OpenAPI's notation: without the types of its parameters."""
    return re.sub(r":\w+}", "}", endpoint.path)


def needs_of(endpoint: Endpoint) -> str:
    """Describes the rights that a caller needs and the rate limits; "" if there are none.

    >>> from tensorflow_hub.server.routes import PUBLISHING
    >>> needs_of(PUBLISHING[0])[:40]
    'Token: scope publish for the publisher. '
    """
    rights = [f"Token: {endpoint.rights}."] if endpoint.rights else []
    return " ".join([*rights, *(f"At most: {limit}." for limit in endpoint.limits)])


def parameter_schemas(kind: Any) -> Iterator[tuple[str, Schema, bool]]:
    """Yields the name and schema of each parameter in a structure, and whether it is required."""
    kind = getattr(kind, "described", kind)
    _, components = msgspec.json.schema_components([kind], ref_template=_REF)
    schema = components[kind.__name__]
    for name, described in schema["properties"].items():
        # The schema leaves out null: a URL cannot contain it, so a client omits the parameter.
        plain = [option for option in described.get("anyOf", ()) if option != {"type": "null"}]
        if len(plain) == 1:
            described = {**described, **plain[0]}  # noqa: PLW2901
            del described["anyOf"]
        described.pop("default", None)
        yield name, described, name in schema["required"]


@functools.lru_cache(maxsize=2)
def _paths_and_schemas(endpoints: tuple[Endpoint, ...]) -> tuple[Schema, Schema]:
    bodies = [e.arguments["body"] for e in endpoints if e.arguments.get("body", Stream) is not Stream]
    failures = dict.fromkeys(endpoint.errors.body for endpoint in endpoints)
    every = [*failures, *bodies, *(kind for e in endpoints for kind in _kinds(e.answer_type))]
    schemas, components = msgspec.json.schema_components(every, ref_template=_REF)
    known = dict(zip(every, schemas, strict=True))
    paths: dict[str, Schema] = {}
    for endpoint in endpoints:
        operations = paths.setdefault(plain_path(endpoint), {})
        operations[endpoint.method.lower()] = _operation(endpoint, known)
    return paths, components


def _operation(endpoint: Endpoint, schemas: dict[Any, Schema]) -> Schema:
    responses = {
        str(status): _response(f"{when}.", _any_of(endpoint.answer_type, schemas) if status != 204 else None)
        for status, when in endpoint.answers.items()
    }
    error = _response("An error.", schemas[endpoint.errors.body])
    summary = f"{endpoint.summary[0].upper()}{endpoint.summary[1:]}."
    operation: Schema = {"summary": summary, "responses": {**responses, "default": error}}
    if endpoint.rights is not None:
        operation["security"] = [{"token": []}]
    if needs := needs_of(endpoint):
        operation["description"] = needs
    if endpoint.limits:
        operation["responses"]["429"] = error
    body = endpoint.arguments.get("body")
    if body is not None:
        content = _BYTES if body is Stream else {"application/json": {"schema": schemas[body]}}
        operation["requestBody"] = {"required": True, "content": content}
    parameters = [
        {"name": name, "in": _PLACES[place], "required": needed, **_described(schema)}
        for place, kind in endpoint.arguments.items()
        if place in _PLACES
        for name, schema, needed in parameter_schemas(kind)
    ]
    if parameters:
        operation["parameters"] = parameters
    return operation


def _kinds(answer: Any) -> tuple[Any, ...]:
    """Returns the structures that an answer may be, because msgspec cannot describe a union of several."""
    return typing.get_args(answer) if isinstance(answer, types.UnionType) else (answer,)


def _any_of(answer: Any, schemas: dict[Any, Schema]) -> Schema:
    found = [schemas[kind] for kind in _kinds(answer)]
    return found[0] if len(found) == 1 else {"anyOf": found}


def _described(schema: Schema) -> Schema:
    return {"description": schema.get("description", ""), "schema": schema}


def _response(description: str, schema: Schema | None) -> Schema:
    if schema is None:
        return {"description": description}
    return {"description": description, "content": {"application/json": {"schema": schema}}}
