"""The OpenAPI description of the API; docs/api.md tells the same in words, and tests keep both complete."""

from __future__ import annotations

import tensorflow_hub
from tensorflow_hub.server.openapi_schemas import (
    CHANGE,
    HANDLE,
    INDEX_BODY,
    NEW_TOKEN,
    NEW_UPLOAD,
    PUBLISHER_CHANGE,
    SCHEMAS,
    STRING,
    Schema,
    closed,
    list_of,
    object_of,
    ref,
)
from tensorflow_hub.server.openapi_search import SEARCH_PATHS, SEARCH_SCHEMAS


def _answer(description: str, schema: Schema | None = None) -> Schema:
    if schema is None:
        return {"description": description}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _operation(
    summary: str,
    answers: dict[int, Schema],
    *,
    body: Schema | None = None,
    parameters: list[Schema] | None = None,
    rights: str = "",
) -> Schema:
    described = {str(status): answer for status, answer in answers.items()}
    operation: Schema = {
        "summary": summary,
        "responses": {**described, "default": _answer("An error.", ref("Error"))},
    }
    if rights:
        operation["description"] = f"Takes a token: {rights}."
        operation["security"] = [{"token": []}]
    if body is not None:
        content = body if "content" in body else {"content": {"application/json": {"schema": body}}}
        operation["requestBody"] = {"required": True, **content}
    if parameters:
        operation["parameters"] = parameters
    return operation


def _in_path(name: str, description: str, schema: Schema | None = None) -> Schema:
    shape = schema or STRING
    return {"name": name, "in": "path", "required": True, "description": description, "schema": shape}


def _in_query(name: str, description: str, schema: Schema | None = None) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema or STRING}


_UPLOAD = _in_path("upload", "The number of the upload.")
_OFFSET = {
    "name": "Upload-Offset",
    "in": "header",
    "required": True,
    "schema": {"type": "integer", "minimum": 0},
}
_BYTES = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
_OWNER = "scope admin for the publisher"
_PUBLISH = "scope publish for the publisher"

PATHS: dict[str, Schema] = {
    "/api/v1/models/{handle}": {
        "get": _operation(
            "A model with its versions, or a version with its card, signatures and downloads.",
            {200: _answer("The facts.", {"anyOf": [ref("Version"), ref("Model")]})},
            parameters=[_in_path("handle", "publisher/model or publisher/model/version; has slashes.")],
        )
    },
    "/api/v1/publishers": {
        "get": _operation(
            "The publishers.",
            {
                200: _answer(
                    "All that may be seen.", object_of("publishers", publishers=list_of(ref("Publisher")))
                )
            },
        )
    },
    "/api/v1/publishers/{publisher}": {
        "get": _operation(
            "A publisher and its models.",
            {200: _answer("The facts.", ref("Publisher"))},
            parameters=[_in_path("publisher", "Its name.")],
        ),
        "patch": _operation(
            "Set title, description, card or privacy; adds a publisher that is new.",
            {200: _answer("Changed.", ref("Publisher")), 201: _answer("Added.", ref("Publisher"))},
            body=PUBLISHER_CHANGE,
            parameters=[_in_path("publisher", "Its name.")],
            rights=f"{_OWNER}; to add one, scope admin for all",
        ),
    },
    "/api/v1/uploads": {
        "post": _operation(
            "Begin or resume an upload.",
            {
                200: _answer("Resumed, or published already.", ref("Upload")),
                201: _answer("Begun.", ref("Upload")),
            },
            body=NEW_UPLOAD,
            rights=_PUBLISH,
        )
    },
    "/api/v1/uploads/{upload}": {
        "get": _operation(
            "How much of an upload came.",
            {200: _answer("Its state.", ref("Upload"))},
            parameters=[_UPLOAD],
            rights=_PUBLISH,
        ),
        "patch": _operation(
            "Send bytes from an offset on.",
            {204: _answer("They are kept; the header Upload-Offset says up to where.")},
            body=_BYTES,
            parameters=[_UPLOAD, _OFFSET],
            rights=_PUBLISH,
        ),
        "delete": _operation(
            "Give an upload up.", {204: _answer("Gone.")}, parameters=[_UPLOAD], rights=_PUBLISH
        ),
    },
    "/api/v1/uploads/{upload}/publish": {
        "post": _operation(
            "Check what was uploaded and make it visible.",
            {
                200: _answer("The same content was published before.", ref("Version")),
                201: _answer("Published.", ref("Version")),
            },
            body=INDEX_BODY,
            parameters=[_UPLOAD],
            rights=_PUBLISH,
        )
    },
    "/api/v1/cards": {
        "put": _operation(
            "Correct a version's card, or publish a placeholder or collection.",
            {200: _answer("Changed.", ref("Version")), 201: _answer("Added.", ref("Version"))},
            body=closed("handle card", handle=HANDLE, card=STRING),
            rights=_PUBLISH,
        )
    },
    "/api/v1/withdrawals": {
        "post": _operation(
            "Withdraw a version.", {200: _answer("Done.", ref("StateChange"))}, body=CHANGE, rights=_OWNER
        )
    },
    "/api/v1/restorations": {
        "post": _operation(
            "Take a withdrawal back.",
            {200: _answer("Done.", ref("StateChange"))},
            body=CHANGE,
            rights=_OWNER,
        )
    },
    "/api/v1/deletions": {
        "post": _operation(
            "Delete a version, leaving a tombstone.",
            {200: _answer("Done.", ref("StateChange"))},
            body=CHANGE,
            rights="scope admin for all publishers",
        )
    },
    "/api/v1/tokens": {
        "get": _operation(
            "Tokens, without their secrets.",
            {200: _answer("The tokens.", object_of("tokens", tokens=list_of(ref("Token"))))},
            parameters=[_in_query("publisher", "Those of one publisher.")],
            rights=_OWNER,
        ),
        "post": _operation(
            "Make a token.", {201: _answer("With its secret.", ref("Token"))}, body=NEW_TOKEN, rights=_OWNER
        ),
    },
    "/api/v1/tokens/self": {
        "get": _operation(
            "What the token in use may do.", {200: _answer("The token.", ref("Token"))}, rights="any"
        )
    },
    "/api/v1/tokens/{token}": {
        "delete": _operation(
            "Revoke a token.",
            {204: _answer("Revoked.")},
            parameters=[_in_path("token", "Its number.", {"type": "integer", "minimum": 0})],
            rights=f"{_OWNER}, or the token itself",
        )
    },
    "/api/v1/audit": {
        "get": _operation(
            "Who did what, newest first.",
            {200: _answer("The lines.", object_of("entries", entries=list_of({"type": "object"})))},
            parameters=[
                _in_query("publisher", "What concerns one publisher."),
                _in_query("before", "Lines before this number.", {"type": "integer", "minimum": 0}),
            ],
            rights=_OWNER,
        )
    },
}


def describe_api(base: str) -> Schema:
    """The OpenAPI 3.1 document of the hub at `base`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "TensorFlow Hub",
            "version": tensorflow_hub.__version__,
            "description": "Publish, find and fetch pieces of models.",
        },
        "servers": [{"url": base}],
        "paths": {**SEARCH_PATHS, **PATHS},
        "components": {
            "schemas": {**SCHEMAS, **SEARCH_SCHEMAS},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
