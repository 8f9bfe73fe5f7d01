"""The pages about the content of a version: `/<handle>?inside=files` and others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tensorflow_hub.api.requests import (
    DifferencesAsked,
    FilesAsked,
    OfDeployment,
    TextAsked,
    VariablesAsked,
)
from tensorflow_hub.format.kinds.table import KINDS
from tensorflow_hub.format.module.tensor_types import shape_text
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.decoding import decode_parameters
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.json_forms import signatures_json
from tensorflow_hub.server.core.negotiation import VARY
from tensorflow_hub.server.core.problems import Missing
from tensorflow_hub.server.inside import views
from tensorflow_hub.server.web.model_lists import Value
from tensorflow_hub.server.web.rendering import render, show_count, show_size
from tensorflow_hub.server.web.version_differences import (
    comparable_versions,
    differences,
    version_before,
)

PARAMETER = "inside"
# Value of the parameter → label of the link to that page.
PARTS: Mapping[str, str] = {
    "files": "Files",
    "graph": "Graph and ops",
    "variables": "Variables",
    "signatures": "Signatures",
    "changes": "Changes",
}
_TEXT = "text"


def inside(
    request: Request, connection: sa.Connection, caller: Caller, version: Version, *, as_json: bool
) -> Response:
    """Returns the page that the parameter `inside` names, as HTML or JSON.

    Raises:
      Missing: there is no such page. The hint lists those that exist.
    """
    part = request.query_params[PARAMETER]
    if part not in {*PARTS, _TEXT}:
        raise Missing(f"A version has no page {PARAMETER}={part!r:.60}.", hint=f"It has: {', '.join(PARTS)}.")
    shown = _view(request, connection, caller, version, part)
    if as_json:
        headers = {"Cache-Control": "no-cache", "Vary": VARY}
        return JSONResponse(shown, headers=headers)
    deployment = request.query_params.get("deployment", "")
    common = {"deployment": deployment} if deployment else {}
    others = comparable_versions(connection, version)

    def url(**parameters: Any) -> str:
        """Returns the URL of a page about this version."""
        return f"/{version.handle}?{urlencode({**common, **parameters})}"

    return render(
        request,
        f"inside_{part}.html",
        title=f"{PARTS.get(part, shown.get('path', ''))} of {version.handle}",
        version=version,
        part="files" if part == _TEXT else part,
        parts=[
            (name, label, url(inside=name))
            for name, label in PARTS.items()
            if name != "changes" or part == name or (others and others[-1] < version.number)
        ],
        others=others,
        deployments=_deployments(connection, version, part, shown, url),
        shown=shown,
        url=url,
        deployment=deployment,
        size=show_size,
        counted=show_count,
        shape=shape_text,
        next_url=url(**_next(request, shown)),
    )


def _deployments(
    connection: sa.Connection, version: Version, part: str, shown: Mapping[str, Any], url: Callable[..., str]
) -> list[Value]:
    """Returns the deployments with links to the same page of each; none if there is only one to look into."""
    names = reading.list_archives(connection, version) if "deployment" in shown else {}
    page = "files" if part == _TEXT else part
    found = [
        Value(
            kind.name,
            kind.label,
            url=url(inside=page, deployment=kind.name),
            on=kind.name == shown["deployment"],
        )
        for kind in KINDS
        if kind.name in names
    ]
    return found if len(found) > 1 else []


def _next(request: Request, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the parameters of the next page of a list."""
    kept = {name: request.query_params[name] for name in (PARAMETER, "q") if name in request.query_params}
    return {**kept, "page": shown.get("page", 0) + 1}


def _view(
    request: Request, connection: sa.Connection, caller: Caller, version: Version, part: str
) -> Mapping[str, Any]:
    query, store = request.query_params, hub_of(request).store
    if part == "signatures":
        return {"handle": version.handle, "signatures": signatures_json(connection, version, caller)}
    if part == "changes":
        asked = decode_parameters(query, DifferencesAsked)
        before = version_before(connection, version, asked.before)
        return differences(store, connection, before, version)
    opened = views.open_deployment(store, connection, version, decode_parameters(query, OfDeployment))
    if part == "files":
        return views.files_view(opened, decode_parameters(query, FilesAsked))
    if part == "variables":
        return views.variables_view(opened, decode_parameters(query, VariablesAsked))
    if part == "graph":
        return views.graph_view(opened)
    return views.text_view(opened, decode_parameters(query, TextAsked))
