"""Example code that uses a version, for each of its formats."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from tensorflow_hub.format.kinds.kind import Snippet
from tensorflow_hub.format.kinds.table import KIND_BY_CARD, KIND_BY_FORMAT, KIND_BY_NAME
from tensorflow_hub.server.catalogue.records import Deployment, Version

# For private models, as `Snippet.code_with_token`. TFHUB_TOKEN is a token of the user or of the publisher.
_CURL = 'curl -H "Authorization: Bearer $TFHUB_TOKEN" '


def forms_of(
    shown: Version, metadata: Mapping[str, Sequence[str]], deployments: Sequence[Deployment]
) -> dict[str, Mapping[str, Any]]:
    """Returns for each format of a version the JSON form of its `ModuleDescription`, for example code."""
    found: dict[str, Mapping[str, Any]] = {}
    for deployment in deployments:
        content = str(deployment.description.get("kind") or "")
        found[KIND_BY_NAME[deployment.kind].format_of(content)] = deployment.description
    if not deployments:
        found |= {value: {} for value in metadata.get("format", ())}
        kind = KIND_BY_CARD.get(shown.model.kind)
        if kind is not None and not kind.is_model:
            found[kind.format_of("")] = {}
    return found


def snippets(
    handle: str, base: str, forms: Mapping[str, Mapping[str, Any]], *, private: bool = False
) -> list[Snippet]:
    """Returns the example code for a version.

    Args:
      handle: `publisher/model/version`.
      base: the URL of this hub.
      forms: value of the facet "format" → the description of the module; {} if the hub has only
        documentation.
      private: whether a download needs a token. Programs of this library use that of `tfhub login`.
    """
    url = f"{base}/{handle}"
    known = {form: kind for form, kind in KIND_BY_FORMAT.items() if form in forms}
    by_title: dict[str, Snippet] = {}
    for form, kind in known.items():
        for snippet in kind.snippets(url, form, forms[form]):
            by_title.setdefault(
                snippet.title, snippet
            )  # if there are several formats of SavedModels, that of the first one
    found = list(by_title.values())
    is_model = any(kind.is_model for kind in known.values()) or forms.keys() - known.keys()
    every = [*found, *_downloads(handle, url, base)] if found and is_model else found
    if not private:
        return every
    return [
        dataclasses.replace(
            snippet, code=snippet.code_with_token or snippet.code.replace("curl ", _CURL), code_with_token=""
        )
        for snippet in every
    ]


def _downloads(handle: str, url: str, base: str) -> list[Snippet]:
    return [
        Snippet("Command line: tfhub", f"export TFHUB_URL={base}\ntfhub pull {handle}", "bash"),
        Snippet(
            "Without Python: curl",
            f'mkdir -p module\ncurl -fL "{url}?tf-hub-format=compressed" | tar -xz -C module',
            "bash",
        ),
    ]
