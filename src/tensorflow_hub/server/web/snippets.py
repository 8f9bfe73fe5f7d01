"""Code that uses a model, for each way there is to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tensorflow_hub.format.kinds.kind import Snippet
from tensorflow_hub.format.kinds.table import KIND_BY_FORMAT


def snippets(handle: str, base: str, forms: Mapping[str, Mapping[str, Any]]) -> list[Snippet]:
    """The code for a version.

    Args:
      handle: `publisher/model/version`.
      base: the URL of this hub.
      forms: value of the facet "format" → its description; an empty one when the files are not here.
    """
    url = f"{base}/{handle}"
    known = {form: kind for form, kind in KIND_BY_FORMAT.items() if form in forms}
    by_title: dict[str, Snippet] = {}
    for form, kind in known.items():
        for snippet in kind.snippets(url, form, forms[form]):
            by_title.setdefault(
                snippet.title, snippet
            )  # of several formats of SavedModels, the first says how
    found = list(by_title.values())
    is_model = any(kind.is_model for kind in known.values()) or forms.keys() - known.keys()
    return [*found, *_downloads(handle, url, base)] if found and is_model else found


def _downloads(handle: str, url: str, base: str) -> list[Snippet]:
    return [
        Snippet("Command line: tfhub", f"export TFHUB_URL={base}\ntfhub pull {handle}", "bash"),
        Snippet(
            "Without Python: curl",
            f'mkdir -p module\ncurl -fL "{url}?tf-hub-format=compressed" | tar -xz -C module',
            "bash",
        ),
    ]
