"""The properties of a version that its page lists: lines under headings."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tensorflow_hub.format.facets import label
from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.format.vocabulary import known_values
from tensorflow_hub.server.catalogue.records import MIRROR_OF, Deployment, Version
from tensorflow_hub.server.web.rendering import show_count, show_size


@dataclasses.dataclass(frozen=True)
class Property:
    """A line beside the text of a page."""

    label: str
    text: str
    url: str = ""
    external: bool = False
    is_code: bool = False
    tone: str = ""


@dataclasses.dataclass(frozen=True)
class PropertyGroup:
    """Properties under a heading."""

    title: str
    properties: tuple[Property, ...]


def property_groups(
    shown: Version,
    metadata: Mapping[str, Sequence[str]],
    deployments: Sequence[Deployment],
    forms: Iterable[str],
) -> list[PropertyGroup]:
    """What to say of a version, from its card and from what is in its files; `forms` are its formats."""
    groups = [PropertyGroup("About", tuple(_about(shown, deployments, forms)))]
    if deployments:
        groups.append(PropertyGroup("Trust", tuple(_trust(shown, metadata, deployments))))
    links = [*_links(metadata, "colab", "Notebook"), *_links(metadata, "demo", "Demo")]
    if links:
        groups.append(PropertyGroup("Try it", tuple(links)))
    return groups


def _about(shown: Version, deployments: Sequence[Deployment], forms: Iterable[str]) -> list[Property]:
    publisher = shown.model.publisher
    found = [
        Property("Publisher", publisher, url=f"/{publisher}"),
        Property("Published", show_date(shown.published_at)),
    ]
    formats = [label("format", form) for form in forms]
    if formats:
        found.append(Property("Format", ", ".join(formats)))
    if shown.parent:
        found.append(Property("Part of", shown.parent, url=f"/{shown.parent}"))
    if deployments:
        size = sum(deployment.unpacked_size for deployment in deployments)
        files = sum(deployment.file_count for deployment in deployments)
        found.append(Property("Size", f"{show_size(size)} in {show_count(files, 'file')}"))
    for deployment in deployments:
        found += _read_from_files(deployment.description)
    if shown.model.downloads:
        found.append(Property("Downloads", f"{shown.model.downloads:,}"))
    return found


def _read_from_files(description: Mapping[str, Any]) -> list[Property]:
    found = []
    if variables := description.get("variables"):
        text = show_count(variables["parameters"], "parameter")
        trainable = variables.get("trainable")
        found.append(Property("Variables", text if trainable is None else f"{text}, {trainable:,} trainable"))
    if met := list(description.get("interfaces", ())):
        found.append(Property("Interface", ", ".join(label("interface", name) for name in met)))
    if size := description.get("image_size"):
        found.append(Property("Image size", f"{size[0]} × {size[1]} pixels"))
    packages = description.get("packages") or {}
    if packages:
        found.append(
            Property("Needs", "pip install " + " ".join(sorted(packages)), is_code=True, tone="warn-text")
        )
    elif description.get("custom_ops"):
        found.append(Property("Custom ops", ", ".join(description["custom_ops"]), tone="warn-text"))
    if assets := description.get("assets"):
        found.append(Property("Assets", ", ".join(assets[:5]) + (" …" if len(assets) > 5 else "")))
    if written_by := description.get("tensorflow_version"):
        found.append(Property("Written by", f"TensorFlow {written_by}"))
    return found


def _trust(
    shown: Version, metadata: Mapping[str, Sequence[str]], deployments: Sequence[Deployment]
) -> list[Property]:
    found = [
        Property(
            f"Digest ({KIND_BY_NAME[d.kind].label})" if len(deployments) > 1 else "Digest",
            d.digest,
            is_code=True,
        )
        for d in deployments
    ]
    unsafe = {op: what for d in deployments for op, what in (d.description.get("unsafe_ops") or {}).items()}
    if unsafe:
        text = "; ".join(f"{op} {what}" for op, what in sorted(unsafe.items()))
        found.append(Property("Ops", f"Reaches outside the graph: {text}", tone="bad"))
    else:
        found.append(Property("Ops", "None reaches outside the graph", tone="good"))
    licences = metadata.get("license", ())
    if licences:
        known = known_values("license").get(licences[0])
        url = known.url if known else ""
        found.append(Property("Licence", label("license", licences[0]), url=url, external=True))
    else:
        found.append(Property("Licence", "not stated", tone="warn-text"))
    found += _origins(shown, deployments)
    return found


def _origins(shown: Version, deployments: Sequence[Deployment]) -> list[Property]:
    """Who published it; of what was mirrored from where it came, and when."""
    mirrored = [d for d in deployments if d.published_by.startswith(MIRROR_OF)]
    found = [
        Property("Mirrored from", f"{d.published_by.removeprefix(MIRROR_OF)} on {show_date(d.published_at)}")
        for d in mirrored
    ]
    if len(mirrored) == len(deployments) > 0:
        return found
    publishers = [d.published_by for d in deployments if d.published_by and d not in mirrored]
    return [*found, Property("Published by", f"token “{(publishers or [shown.published_by])[0]}”")]


def _links(metadata: Mapping[str, Sequence[str]], field: str, name: str) -> list[Property]:
    urls = [url for url in metadata.get(field, ()) if url.startswith(("https://", "http://"))]
    return [Property(name, url.rsplit("/", 1)[-1][:60] or url, url=url, external=True) for url in urls]


def show_date(seconds: int) -> str:
    """A day for people.

    >>> show_date(0)
    '1 January 1970'
    """
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%-d %B %Y")
