"""Finding handles of models in any text."""

from __future__ import annotations

import re

from tensorflow_hub.handles import as_model_name

# URLs and shorthands of tfhub.dev, Kaggle and Hugging Face that are always handles of models.
_SURE = re.compile(
    r"https?://(?:www\.)?(?:tfhub\.dev|hub\.tensorflow\.google\.cn)/[\w.+-]+/[\w./+-]+(?:\?[\w.=&-]+)?"
    r"|https?://(?:www\.)?kaggle\.com/(?:api/v1/)?models/[\w./+-]+"
    r"|https?://storage\.googleapis\.com/tfhub-modules/[\w./+-]+"
    r"|gs://(?:tfhub-modules|kaggle-tfhub-models-uncompressed)/[\w./+-]+"
    r"|kaggle://[\w.-]+/[\w./-]+"
    r"|hf://[\w.-]+/[\w./@%-]+"
)
# The end of an incomplete handle, to which the program appends the rest when it runs.
_BEGINS_MORE = re.compile(r".[{%<$*]|/[\"']", re.DOTALL)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def handles_in(text: str) -> tuple[str, ...]:
    """The handles in any text, in their order.

    >>> handles_in("see https://tfhub.dev/google/elmo/3, and https://example.com/page/1")
    ('https://tfhub.dev/google/elmo/3',)
    >>> handles_in("f'https://tfhub.dev/google/elmo/{version}'")
    ()
    """
    found = [match for match in _SURE.finditer(text) if not _BEGINS_MORE.match(text, match.end() - 1)]
    return tuple(dict.fromkeys(match[0].rstrip("./") for match in found))


def is_handle(text: str) -> bool:
    """Whether a text used as a handle names a model on a server, and not a path.

    >>> is_handle("acme/words/1"), is_handle("https://hub.example/acme/words/1"), is_handle("./export")
    (True, True, False)
    """
    return bool(_URL.match(text)) or as_model_name(text) is not None
