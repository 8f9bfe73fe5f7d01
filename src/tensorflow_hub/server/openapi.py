"""The OpenAPI description of the API; docs/api.md tells the same in words, and tests keep both complete."""

from __future__ import annotations

from typing import Any

import tensorflow_hub
from tensorflow_hub.server.openapi_search import SEARCH_PATHS, SEARCH_SCHEMAS

Schema = dict[str, Any]

_STRING: Schema = {"type": "string"}
_INTEGER: Schema = {"type": "integer"}
_BOOLEAN: Schema = {"type": "boolean"}
_OPTIONAL_STRING: Schema = {"type": ["string", "null"]}
_SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_HANDLE: Schema = {
    "type": "string",
    "description": "publisher/model/version",
    "examples": ["google/elmo/3"],
    "maxLength": 255,
}
_SCOPE: Schema = {"type": "string", "enum": ["read", "publish", "admin"]}
_DEPLOYMENT: Schema = {"type": "string", "enum": ["saved_model", "tfjs", "tflite", "coral"]}
_TIME: Schema = {"type": "string", "format": "date-time"}
_OPTIONAL_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}


def _object(required: str, **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": required.split()}


def _closed(required: str, **properties: Schema) -> Schema:
    """The body of a request: other fields are refused."""
    return {**_object(required, **properties), "additionalProperties": False}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


SCHEMAS: dict[str, Schema] = {
    "Error": _object(
        "error",
        error=_object(
            "code message hint",
            code={"type": "string", "description": "not_found, conflict, rejected, …"},
            message=_STRING,
            hint={"type": "string", "description": "What to do next."},
            suggestions=_list(_STRING),
        ),
    ),
    "Deployment": _object(
        "kind url archive_size archive_sha256 digest size files published_at description",
        kind=_DEPLOYMENT,
        url=_STRING,
        archive_size=_INTEGER,
        archive_sha256=_SHA256,
        digest={"type": "string", "description": "sha256:… of the content, whatever the compression."},
        size={"type": "integer", "description": "Bytes of the unpacked files."},
        files=_INTEGER,
        published_at=_TIME,
        description={
            "type": "object",
            "description": "Kind, signatures, variables, ops, assets, interfaces, packages.",
        },
    ),
    "Version": _object(
        "handle url publisher model version kind state metadata card deployments",
        handle=_HANDLE,
        url=_STRING,
        publisher=_STRING,
        model=_STRING,
        version=_INTEGER,
        kind=_STRING,
        state={"type": "string", "enum": ["visible", "withdrawn"]},
        reason=_STRING,
        newest={"type": ["integer", "null"]},
        parent=_OPTIONAL_STRING,
        published_at=_TIME,
        published_by=_STRING,
        downloads=_INTEGER,
        description=_STRING,
        metadata={"type": "object", "additionalProperties": _list(_STRING)},
        card={"type": "string", "description": "The whole card, Markdown."},
        deployments=_list(_ref("Deployment")),
    ),
    "Model": _object(
        "handle url publisher model kind newest versions",
        handle=_STRING,
        url=_STRING,
        publisher=_STRING,
        model=_STRING,
        kind=_STRING,
        newest={"type": ["integer", "null"]},
        downloads=_INTEGER,
        created_at=_TIME,
        updated_at=_TIME,
        versions=_list(
            _object("handle url version state", handle=_HANDLE, url=_STRING, version=_INTEGER, state=_STRING)
        ),
    ),
    "Publisher": _object(
        "name url title private",
        name=_STRING,
        url=_STRING,
        title=_STRING,
        description=_STRING,
        private=_BOOLEAN,
        created_at=_TIME,
    ),
    "Upload": _object(
        "",
        id=_STRING,
        url=_STRING,
        handle=_HANDLE,
        size=_INTEGER,
        received={"type": "integer", "description": "Send the bytes from here on."},
        expires_at=_TIME,
        published={"type": "boolean", "description": "True: the same content is published, send nothing."},
    ),
    "Token": _object(
        "id name scope publisher created_at expires_at revoked_at",
        id=_INTEGER,
        name=_STRING,
        scope=_SCOPE,
        publisher=_OPTIONAL_STRING,
        created_at=_TIME,
        created_by=_STRING,
        expires_at=_OPTIONAL_TIME,
        revoked_at=_OPTIONAL_TIME,
        secret={"type": "string", "description": "Only in the answer that makes the token."},
    ),
    "StateChange": _object("handle state reason", handle=_HANDLE, state=_STRING, reason=_STRING),
}
for _schema in SCHEMAS.values():
    _schema["required"] = [name for name in _schema["required"] if name]

_NEW_UPLOAD = _closed(
    "handle size sha256",
    handle=_HANDLE,
    size={"type": "integer", "minimum": 1},
    sha256=_SHA256,
    digest={"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
    card=_STRING,
    deployment=_DEPLOYMENT,
)
_NEW_TOKEN = _closed(
    "name scope",
    name={"type": "string", "minLength": 1, "maxLength": 100},
    scope=_SCOPE,
    publisher=_STRING,
    days={"type": "integer", "minimum": 1, "maximum": 3650},
)
_PUBLISHER_CHANGE = _closed(
    "",
    title={"type": "string", "maxLength": 200},
    description=_STRING,
    card=_STRING,
    private=_BOOLEAN,
)
_PUBLISHER_CHANGE["required"] = []
_CHANGE = _closed("handle", handle=_HANDLE, reason={"type": "string", "maxLength": 1000})
_INDEX_BODY = {"type": "object", "properties": {"index": {"type": "object"}}, "additionalProperties": False}


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
        "responses": {**described, "default": _answer("An error.", _ref("Error"))},
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
    shape = schema or _STRING
    return {"name": name, "in": "path", "required": True, "description": description, "schema": shape}


def _in_query(name: str, description: str, schema: Schema | None = None) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema or _STRING}


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
            {200: _answer("The facts.", {"anyOf": [_ref("Version"), _ref("Model")]})},
            parameters=[_in_path("handle", "publisher/model or publisher/model/version; has slashes.")],
        )
    },
    "/api/v1/publishers": {
        "get": _operation(
            "The publishers.",
            {
                200: _answer(
                    "All that may be seen.", _object("publishers", publishers=_list(_ref("Publisher")))
                )
            },
        )
    },
    "/api/v1/publishers/{publisher}": {
        "get": _operation(
            "A publisher and its models.",
            {200: _answer("The facts.", _ref("Publisher"))},
            parameters=[_in_path("publisher", "Its name.")],
        ),
        "patch": _operation(
            "Set title, description, card or privacy; adds a publisher that is new.",
            {200: _answer("Changed.", _ref("Publisher")), 201: _answer("Added.", _ref("Publisher"))},
            body=_PUBLISHER_CHANGE,
            parameters=[_in_path("publisher", "Its name.")],
            rights=f"{_OWNER}; to add one, scope admin for all",
        ),
    },
    "/api/v1/uploads": {
        "post": _operation(
            "Begin or resume an upload.",
            {
                200: _answer("Resumed, or published already.", _ref("Upload")),
                201: _answer("Begun.", _ref("Upload")),
            },
            body=_NEW_UPLOAD,
            rights=_PUBLISH,
        )
    },
    "/api/v1/uploads/{upload}": {
        "get": _operation(
            "How much of an upload came.",
            {200: _answer("Its state.", _ref("Upload"))},
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
                200: _answer("The same content was published before.", _ref("Version")),
                201: _answer("Published.", _ref("Version")),
            },
            body=_INDEX_BODY,
            parameters=[_UPLOAD],
            rights=_PUBLISH,
        )
    },
    "/api/v1/cards": {
        "put": _operation(
            "Correct a version's card, or publish a placeholder or collection.",
            {200: _answer("Changed.", _ref("Version")), 201: _answer("Added.", _ref("Version"))},
            body=_closed("handle card", handle=_HANDLE, card=_STRING),
            rights=_PUBLISH,
        )
    },
    "/api/v1/withdrawals": {
        "post": _operation(
            "Withdraw a version.", {200: _answer("Done.", _ref("StateChange"))}, body=_CHANGE, rights=_OWNER
        )
    },
    "/api/v1/restorations": {
        "post": _operation(
            "Take a withdrawal back.",
            {200: _answer("Done.", _ref("StateChange"))},
            body=_CHANGE,
            rights=_OWNER,
        )
    },
    "/api/v1/deletions": {
        "post": _operation(
            "Delete a version, leaving a tombstone.",
            {200: _answer("Done.", _ref("StateChange"))},
            body=_CHANGE,
            rights="scope admin for all publishers",
        )
    },
    "/api/v1/tokens": {
        "get": _operation(
            "Tokens, without their secrets.",
            {200: _answer("The tokens.", _object("tokens", tokens=_list(_ref("Token"))))},
            parameters=[_in_query("publisher", "Those of one publisher.")],
            rights=_OWNER,
        ),
        "post": _operation(
            "Make a token.", {201: _answer("With its secret.", _ref("Token"))}, body=_NEW_TOKEN, rights=_OWNER
        ),
    },
    "/api/v1/tokens/self": {
        "get": _operation(
            "What the token in use may do.", {200: _answer("The token.", _ref("Token"))}, rights="any"
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
            {200: _answer("The lines.", _object("entries", entries=_list({"type": "object"})))},
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
