"""Determines what a request for a handle asks for: a page, JSON, or a form of download."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

from tensorflow_hub.format.archive.index import INDEX_MEDIA_TYPE
from tensorflow_hub.format.kinds import saved_model
from tensorflow_hub.format.kinds.kind import Form
from tensorflow_hub.format.kinds.table import KINDS


@dataclasses.dataclass(frozen=True)
class Representation:
    """A representation of a handle.

    Attributes:
      form: a page, JSON, or a form of download.
      kind: the kind of deployment that is downloaded; "" for page and JSON.
    """

    form: Form | Literal["page", "json"]
    kind: str = ""


PAGE, JSON = Representation("page"), Representation("json")
ARCHIVE = Representation(Form.ARCHIVE, saved_model.KIND.name)
INDEX = Representation(Form.INDEX, saved_model.KIND.name)

# The header `Vary` of answers at the URL of a handle: they depend on the form and on the caller's rights.
VARY = "Accept, Authorization, Cookie"

# Query parameter → its value → the representation, as in the hosting protocol of tfhub.dev.
_QUERY: Mapping[str, Mapping[str, Representation]] = {
    kind.parameter: {value: Representation(form, kind.name) for value, form in kind.forms.items()}
    for kind in KINDS
}


def representations(query: Mapping[str, str], accept: str) -> tuple[Representation, ...]:
    """Returns the representations that a client accepts, by preference; empty if the hub knows none of them.

    >>> [found.form.name for found in representations({"tf-hub-format": "uncompressed, compressed"}, "*/*")]
    ['UNPACKED', 'ARCHIVE']
    >>> accept = INDEX_MEDIA_TYPE + ", application/gzip;q=0.9"
    >>> [found.form.name for found in representations({"tf-hub-format": "compressed"}, accept)]
    ['INDEX', 'ARCHIVE']
    >>> representations({}, "text/html") == (PAGE,), representations({}, "application/json") == (JSON,)
    (True, True)
    """
    for parameter, values in _QUERY.items():
        text = query.get(parameter)
        if text is None:
            continue
        forms = [values[value] for part in text.lower().split(",") if (value := part.strip()) in values]
        if ARCHIVE in forms and quality(accept, INDEX_MEDIA_TYPE, wildcard=False) > 0:
            forms.insert(forms.index(ARCHIVE), INDEX)
        return tuple(forms)
    wants_json = quality(accept, "application/json", wildcard=False) > quality(accept, "text/html")
    return (JSON if wants_json else PAGE,)


def quality(accept: str, media_type: str, wildcard: bool = True) -> float:
    """Returns the quality of a media type in an Accept header, 0 to 1; with `wildcard`, ranges match too.

    >>> quality("text/html, */*;q=0.1", "application/json")
    0.1
    >>> quality("text/html, */*;q=0.1", "application/json", wildcard=False)
    0.0
    """
    if not accept:
        return 1.0 if wildcard else 0.0
    kind = media_type.partition("/")[0]
    best, best_rank = 0.0, -1
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        rank = {media_type: 2, f"{kind}/*": 1, "*/*": 0}.get(name, -1)
        if rank > best_rank and (wildcard or rank == 2):
            best, best_rank = _weight(parameters), rank
    return best


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                return 0.0
    return 1.0
