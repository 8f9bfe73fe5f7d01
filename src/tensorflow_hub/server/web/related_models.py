"""The models that a collection links to, and the deployments of a model."""

from __future__ import annotations

import functools
import html
import re
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa

from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.records import CardRecord, Version
from tensorflow_hub.server.web.cards import render_card

_MOST = 200
_HREF = re.compile(r'<a\b[^<>]*\bhref="([^"]*)"')
_HANDLE = re.compile(r"[A-Za-z0-9][\w.+-]*(?:/[\w.+-]+)+")


def member_ids(connection: sa.Connection, shown: Version, card: CardRecord | None, base: str) -> list[int]:
    """Returns the ids of the models in a collection, or of the deployments of a model."""
    if shown.model.kind == "collection" and card:
        linked = (linked_model(link, base) for link in card_links(card.text))
        return reading.model_ids(connection, list(dict.fromkeys(filter(None, linked)))[:_MOST])
    children = reading.list_children(connection, shown.handle, shown.model.handle)
    return list(dict.fromkeys(child.model.id for child in children))


@functools.lru_cache(maxsize=64)
def card_links(text: str) -> tuple[str, ...]:
    """Returns the targets of the links of a card, each once; of tfhub.dev only the path.

    >>> card_links("[a](https://tfhub.dev/acme/words/1 'Words'), <https://hub.example/acme/b>")
    ('/acme/words/1', 'https://hub.example/acme/b')
    """
    return tuple(dict.fromkeys(map(html.unescape, _HREF.findall(render_card(text)))))


def linked_model(link: str, base: str) -> str:
    """Returns the handle of the model to which a link leads on this hub; "" if it leads elsewhere.

    >>> linked_model("http://hub.example/acme/words/1/?x=1#use", "https://hub.example")
    'acme/words'
    """
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    if parts.netloc.lower() not in {"", urlsplit(base).netloc.lower()}:
        return ""
    handle = re.sub(r"/\d+$", "", unquote(parts.path).strip("/"))
    return handle if _HANDLE.fullmatch(handle) else ""
