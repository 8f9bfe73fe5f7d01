"""Before a handle is looked up: is it to be fetched from the upstream hub first?"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from tensorflow_hub.server.endpoints.downloads import split_file
from tensorflow_hub.server.hub import hub_of
from tensorflow_hub.server.lookup import parse_name
from tensorflow_hub.server.mirroring.fetching import Mirror
from tensorflow_hub.server.negotiation import Wanted

_DEPLOYMENTS = {
    Wanted.TFJS_ARCHIVE: "tfjs",
    Wanted.TFJS_FILE: "tfjs",
    Wanted.TFLITE: "tflite",
    Wanted.CORAL: "coral",
}


def bring_from_upstream(request: Request, path: str, forms: Sequence[Wanted] = (Wanted.FACTS,)) -> None:
    """Where this hub mirrors another one: fetches what the request asks for, if it is absent here."""
    mirror: Mirror | None = request.app.state.mirror
    if mirror is None or not forms:
        return
    name = split_file(path)[0] if Wanted.TFJS_FILE in forms else parse_name(path)
    if isinstance(name, str) or name.model.startswith("collection/"):
        return
    mirror.bring(hub_of(request), name, _DEPLOYMENTS.get(forms[0], "saved_model"))
