"""The facts beside the page of a version: lines under headings."""

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
class Fact:
    """A line of the facts beside a page."""

    label: str
    text: str
    url: str = ""
    external: bool = False
    is_code: bool = False
    tone: str = ""


@dataclasses.dataclass(frozen=True)
class FactGroup:
    """Facts under a heading."""

    title: str
    facts: tuple[Fact, ...]


def fact_groups(
    shown: Version,
    metadata: Mapping[str, Sequence[str]],
    deployments: Sequence[Deployment],
    forms: Iterable[str],
) -> list[FactGroup]:
    """What to say of a version, from its card and from what is in its files; `forms` are its formats."""
    groups = [FactGroup("About", tuple(_about(shown, deployments, forms)))]
    if deployments:
        groups.append(FactGroup("Trust", tuple(_trust(shown, metadata, deployments))))
    links = [*_links(metadata, "colab", "Notebook"), *_links(metadata, "demo", "Demo")]
    if links:
        groups.append(FactGroup("Try it", tuple(links)))
    return groups


def _about(shown: Version, deployments: Sequence[Deployment], forms: Iterable[str]) -> list[Fact]:
    publisher = shown.model.publisher
    found = [
        Fact("Publisher", publisher, url=f"/{publisher}"),
        Fact("Published", show_date(shown.published_at)),
    ]
    formats = [label("format", form) for form in forms]
    if formats:
        found.append(Fact("Format", ", ".join(formats)))
    if shown.parent:
        found.append(Fact("Part of", shown.parent, url=f"/{shown.parent}"))
    if deployments:
        size = sum(deployment.unpacked_size for deployment in deployments)
        files = sum(deployment.file_count for deployment in deployments)
        found.append(Fact("Size", f"{show_size(size)} in {show_count(files, 'file')}"))
    for deployment in deployments:
        found += _read_from_files(deployment.description)
    if shown.model.downloads:
        found.append(Fact("Downloads", f"{shown.model.downloads:,}"))
    return found


def _read_from_files(description: Mapping[str, Any]) -> list[Fact]:
    found = []
    if variables := description.get("variables"):
        text = show_count(variables["parameters"], "parameter")
        trainable = variables.get("trainable")
        found.append(Fact("Variables", text if trainable is None else f"{text}, {trainable:,} trainable"))
    if met := list(description.get("interfaces", ())):
        found.append(Fact("Interface", ", ".join(label("interface", name) for name in met)))
    if size := description.get("image_size"):
        found.append(Fact("Image size", f"{size[0]} × {size[1]} pixels"))
    packages = description.get("packages") or {}
    if packages:
        found.append(
            Fact("Needs", "pip install " + " ".join(sorted(packages)), is_code=True, tone="warn-text")
        )
    elif description.get("custom_ops"):
        found.append(Fact("Custom ops", ", ".join(description["custom_ops"]), tone="warn-text"))
    if assets := description.get("assets"):
        found.append(Fact("Assets", ", ".join(assets[:5]) + (" …" if len(assets) > 5 else "")))
    if written_by := description.get("tensorflow_version"):
        found.append(Fact("Written by", f"TensorFlow {written_by}"))
    return found


def _trust(
    shown: Version, metadata: Mapping[str, Sequence[str]], deployments: Sequence[Deployment]
) -> list[Fact]:
    found = [
        Fact(
            f"Digest ({KIND_BY_NAME[d.kind].label})" if len(deployments) > 1 else "Digest",
            d.digest,
            is_code=True,
        )
        for d in deployments
    ]
    unsafe = {op: what for d in deployments for op, what in (d.description.get("unsafe_ops") or {}).items()}
    if unsafe:
        text = "; ".join(f"{op} {what}" for op, what in sorted(unsafe.items()))
        found.append(Fact("Ops", f"Reaches outside the graph: {text}", tone="bad"))
    else:
        found.append(Fact("Ops", "None reaches outside the graph", tone="good"))
    licences = metadata.get("license", ())
    if licences:
        known = known_values("license").get(licences[0])
        url = known.url if known else ""
        found.append(Fact("Licence", label("license", licences[0]), url=url, external=True))
    else:
        found.append(Fact("Licence", "not stated", tone="warn-text"))
    found += _origins(shown, deployments)
    return found


def _origins(shown: Version, deployments: Sequence[Deployment]) -> list[Fact]:
    """Who published it; of what was mirrored from where it came, and when."""
    mirrored = [d for d in deployments if d.published_by.startswith(MIRROR_OF)]
    facts = [
        Fact("Mirrored from", f"{d.published_by.removeprefix(MIRROR_OF)} on {show_date(d.published_at)}")
        for d in mirrored
    ]
    if len(mirrored) == len(deployments) > 0:
        return facts
    publishers = [d.published_by for d in deployments if d.published_by and d not in mirrored]
    return [*facts, Fact("Published by", f"token “{(publishers or [shown.published_by])[0]}”")]


def _links(metadata: Mapping[str, Sequence[str]], field: str, name: str) -> list[Fact]:
    urls = [url for url in metadata.get(field, ()) if url.startswith(("https://", "http://"))]
    return [Fact(name, url.rsplit("/", 1)[-1][:60] or url, url=url, external=True) for url in urls]


def show_date(seconds: int) -> str:
    """A day for people.

    >>> show_date(0)
    '1 January 1970'
    """
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%-d %B %Y")
