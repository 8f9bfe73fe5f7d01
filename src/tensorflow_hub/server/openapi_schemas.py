"""The schemas of the OpenAPI description: what requests and answers look like."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
BOOLEAN: Schema = {"type": "boolean"}
OPTIONAL_STRING: Schema = {"type": ["string", "null"]}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
HANDLE: Schema = {
    "type": "string",
    "description": "publisher/model/version",
    "examples": ["google/elmo/3"],
    "maxLength": 255,
}
SCOPE: Schema = {"type": "string", "enum": ["read", "publish", "admin"]}
DEPLOYMENT: Schema = {"type": "string", "enum": ["saved_model", "tfjs", "tflite", "coral"]}
TIME: Schema = {"type": "string", "format": "date-time"}
OPTIONAL_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}


def object_of(required: str, **properties: Schema) -> Schema:
    """An object; `required` are the names of the properties that it always has."""
    return {"type": "object", "properties": properties, "required": required.split()}


def closed(required: str, **properties: Schema) -> Schema:
    """The body of a request: other fields are refused."""
    return {**object_of(required, **properties), "additionalProperties": False}


def list_of(items: Schema) -> Schema:
    """An array."""
    return {"type": "array", "items": items}


def ref(name: str) -> Schema:
    """One of `SCHEMAS` by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


SCHEMAS: dict[str, Schema] = {
    "Error": object_of(
        "error",
        error=object_of(
            "code message hint",
            code={"type": "string", "description": "not_found, conflict, rejected, …"},
            message=STRING,
            hint={"type": "string", "description": "What to do next."},
            suggestions=list_of(STRING),
        ),
    ),
    "Deployment": object_of(
        "kind url archive_size archive_sha256 digest size files published_at description",
        kind=DEPLOYMENT,
        url=STRING,
        archive_size=INTEGER,
        archive_sha256=SHA256,
        digest={"type": "string", "description": "sha256:… of the content, whatever the compression."},
        size={"type": "integer", "description": "Bytes of the unpacked files."},
        files=INTEGER,
        published_at=TIME,
        description={
            "type": "object",
            "description": "Kind, signatures, variables, ops, assets, interfaces, packages.",
        },
    ),
    "Version": object_of(
        "handle url publisher model version kind state metadata card deployments",
        handle=HANDLE,
        url=STRING,
        publisher=STRING,
        model=STRING,
        version=INTEGER,
        kind=STRING,
        state={"type": "string", "enum": ["visible", "withdrawn"]},
        reason=STRING,
        newest={"type": ["integer", "null"]},
        parent=OPTIONAL_STRING,
        published_at=TIME,
        published_by=STRING,
        downloads=INTEGER,
        description=STRING,
        metadata={"type": "object", "additionalProperties": list_of(STRING)},
        card={"type": "string", "description": "The whole card, Markdown."},
        deployments=list_of(ref("Deployment")),
    ),
    "Model": object_of(
        "handle url publisher model kind newest versions",
        handle=STRING,
        url=STRING,
        publisher=STRING,
        model=STRING,
        kind=STRING,
        newest={"type": ["integer", "null"]},
        downloads=INTEGER,
        created_at=TIME,
        updated_at=TIME,
        versions=list_of(
            object_of("handle url version state", handle=HANDLE, url=STRING, version=INTEGER, state=STRING)
        ),
    ),
    "Publisher": object_of(
        "name url title private",
        name=STRING,
        url=STRING,
        title=STRING,
        description=STRING,
        private=BOOLEAN,
        created_at=TIME,
    ),
    "Upload": object_of(
        "",
        id=STRING,
        url=STRING,
        handle=HANDLE,
        size=INTEGER,
        received={"type": "integer", "description": "Send the bytes from here on."},
        expires_at=TIME,
        published={"type": "boolean", "description": "True: the same content is published, send nothing."},
    ),
    "Token": object_of(
        "id name scope publisher created_at expires_at revoked_at",
        id=INTEGER,
        name=STRING,
        scope=SCOPE,
        publisher=OPTIONAL_STRING,
        created_at=TIME,
        created_by=STRING,
        expires_at=OPTIONAL_TIME,
        revoked_at=OPTIONAL_TIME,
        secret={"type": "string", "description": "Only in the answer that makes the token."},
    ),
    "StateChange": object_of("handle state reason", handle=HANDLE, state=STRING, reason=STRING),
}
for _schema in SCHEMAS.values():
    _schema["required"] = [name for name in _schema["required"] if name]

NEW_UPLOAD = closed(
    "handle size sha256",
    handle=HANDLE,
    size={"type": "integer", "minimum": 1},
    sha256=SHA256,
    digest={"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
    card=STRING,
    deployment=DEPLOYMENT,
)
NEW_TOKEN = closed(
    "name scope",
    name={"type": "string", "minLength": 1, "maxLength": 100},
    scope=SCOPE,
    publisher=STRING,
    days={"type": "integer", "minimum": 1, "maximum": 3650},
)
PUBLISHER_CHANGE = closed(
    "",
    title={"type": "string", "maxLength": 200},
    description=STRING,
    card=STRING,
    private=BOOLEAN,
)
PUBLISHER_CHANGE["required"] = []
CHANGE = closed("handle", handle=HANDLE, reason={"type": "string", "maxLength": 1000})
INDEX_BODY = {"type": "object", "properties": {"index": {"type": "object"}}, "additionalProperties": False}
