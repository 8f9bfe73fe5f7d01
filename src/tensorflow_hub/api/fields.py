"""Types of single fields of the API, with their constraints and descriptions."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from tensorflow_hub.api.names import EVENTS, ROLES, SCOPES
from tensorflow_hub.format.kinds.table import KIND_BY_NAME

Handle = Annotated[
    str, Meta(max_length=255, description="publisher/model/version", examples=["google/elmo/3"])
]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Digest = Annotated[
    str,
    Meta(
        pattern="^sha256:[0-9a-f]{64}$",
        description="sha256:… of the content; does not depend on the compression.",
    ),
]
Scope = Annotated[str, Meta(extra_json_schema={"enum": list(SCOPES)})]
Role = Annotated[str, Meta(extra_json_schema={"enum": list(ROLES)})]
Event = Annotated[str, Meta(extra_json_schema={"enum": list(EVENTS)})]
DeploymentKind = Annotated[str, Meta(extra_json_schema={"enum": list(KIND_BY_NAME)})]
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Day = Annotated[str, Meta(extra_json_schema={"format": "date"})]
Count = Annotated[int, Meta(ge=0)]
