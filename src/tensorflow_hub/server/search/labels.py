"""How values of cards are called by people. A value without an entry is shown as it is."""

from __future__ import annotations

from tensorflow_hub.format.vocabulary import display_name
from tensorflow_hub.server.search.facets import facet_label

# Facet → the field of a card whose values it has.
_FIELDS = {
    "task": "task",
    "language": "language",
    "architecture": "network-architecture",
    "dataset": "dataset",
    "license": "license",
}


def label(key: str, value: str) -> str:
    """The name of a value of the facet `key`.

    >>> label("language", "ja"), label("task", "image-classification"), label("format", "hub")
    ('Japanese', 'Image classification', 'TF1 Hub format')
    """
    shown = display_name(_FIELDS[key], value) if key in _FIELDS else value
    return facet_label(key, value) if shown == value else shown
