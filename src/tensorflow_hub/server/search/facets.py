"""The facets: by what results can be narrowed, and how their values are called."""

from __future__ import annotations

import dataclasses

from tensorflow_hub.format.kinds.table import FORMATS, KINDS


@dataclasses.dataclass(frozen=True)
class Facet:
    """One facet; `key` is the name of its URL parameter."""

    key: str
    label: str


FACETS: tuple[Facet, ...] = (
    Facet("domain", "Domain"),
    Facet("task", "Task"),
    Facet("format", "Format"),
    Facet("publisher", "Publisher"),
    Facet("language", "Language"),
    Facet("architecture", "Architecture"),
    Facet("dataset", "Dataset"),
    Facet("license", "Licence"),
    Facet("fine_tunable", "Fine-tunable"),
    Facet("interface", "Interface"),
    Facet("size", "Size"),
    Facet("kind", "Kind"),
)
FACET_KEYS = tuple(facet.key for facet in FACETS)

# Upper limits in bytes of the buckets of the facet "size".
_SIZES = (("under-1mb", 10**6), ("1-10mb", 10**7), ("10-100mb", 10**8), ("100mb-1gb", 10**9))

_LABELS = {
    ("fine_tunable", "true"): "Yes",
    ("fine_tunable", "false"): "No",
    ("size", "under-1mb"): "Under 1 MB",
    ("size", "1-10mb"): "1 to 10 MB",
    ("size", "10-100mb"): "10 to 100 MB",
    ("size", "100mb-1gb"): "100 MB to 1 GB",
    ("size", "over-1gb"): "Over 1 GB",
    ("size", "absent"): "Files not here",
    **{("format", value): label for value, label in FORMATS.items()},
    **{("kind", kind.card): f"{kind.label} deployment" for kind in KINDS},
    ("kind", "module"): "Model",
    ("kind", "placeholder"): "Model family",
    ("kind", "collection"): "Collection",
}


def size_bucket(size: int | None) -> str:
    """The bucket of a size in bytes.

    >>> size_bucket(5_000_000), size_bucket(None)
    ('1-10mb', 'absent')
    """
    if size is None:
        return "absent"
    return next((name for name, limit in _SIZES if size < limit), "over-1gb")


def facet_label(key: str, value: str) -> str:
    """How a value is shown.

    >>> facet_label("format", "saved_model_2"), facet_label("task", "image-classification")
    ('TF2 SavedModel', 'Image classification')
    """
    if (key, value) in _LABELS:
        return _LABELS[key, value]
    if key in {"task", "domain", "interface"}:
        return value.replace("-", " ").replace("_", " ").capitalize()
    return value
