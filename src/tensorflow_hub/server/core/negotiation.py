"""What a request for a handle wants: a page, facts as JSON, or one of the forms of a download."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from tensorflow_hub.format.archive_index import INDEX_MEDIA_TYPE


class Representation(enum.Enum):
    """The forms in which a handle can be answered."""

    PAGE = "page"
    JSON = "json"
    COMPRESSED = "compressed"
    INDEX = "index"
    UNCOMPRESSED = "uncompressed"
    TFJS_ARCHIVE = "tfjs archive"
    TFJS_FILE = "tfjs file"
    TFLITE = "tflite"
    CORAL = "coral"


# Query parameter → its values → what is wanted. The hosting protocol of tfhub.dev.
_QUERY: Mapping[str, Mapping[str, Representation]] = {
    "tf-hub-format": {"compressed": Representation.COMPRESSED, "uncompressed": Representation.UNCOMPRESSED},
    "tfjs-format": {"compressed": Representation.TFJS_ARCHIVE, "file": Representation.TFJS_FILE},
    "lite-format": {"tflite": Representation.TFLITE},
    "coral-format": {"tflite": Representation.CORAL},
}


def representations(query: Mapping[str, str], accept: str) -> tuple[Representation, ...]:
    """The forms a client takes, in its order of preference; empty when it asks for unknown ones only.

    >>> representations({"tf-hub-format": "uncompressed, compressed"}, "*/*")
    (<Representation.UNCOMPRESSED: 'uncompressed'>, <Representation.COMPRESSED: 'compressed'>)
    >>> representations({"tf-hub-format": "compressed"}, INDEX_MEDIA_TYPE + ", application/gzip;q=0.9")
    (<Representation.INDEX: 'index'>, <Representation.COMPRESSED: 'compressed'>)
    >>> representations({}, "text/html"), representations({}, "application/json")
    ((<Representation.PAGE: 'page'>,), (<Representation.JSON: 'json'>,))
    """
    for parameter, values in _QUERY.items():
        text = query.get(parameter)
        if text is None:
            continue
        forms = [values[value] for part in text.lower().split(",") if (value := part.strip()) in values]
        if Representation.COMPRESSED in forms and quality(accept, INDEX_MEDIA_TYPE, wildcard=False) > 0:
            forms.insert(forms.index(Representation.COMPRESSED), Representation.INDEX)
        return tuple(forms)
    wants_json = quality(accept, "application/json", wildcard=False) > quality(accept, "text/html")
    return (Representation.JSON if wants_json else Representation.PAGE,)


def quality(accept: str, media_type: str, wildcard: bool = True) -> float:
    """How much an Accept header wants a media type, from 0 to 1; ranges count when `wildcard`.

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
