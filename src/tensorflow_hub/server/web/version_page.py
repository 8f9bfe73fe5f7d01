"""The page of a version: what its template shows, from the records of the catalogue."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from markupsafe import Markup

from tensorflow_hub.format.vocabulary import known_values
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.records import DELETED, CardRecord, Deployment, Version
from tensorflow_hub.server.facts import DOWNLOAD_QUERY
from tensorflow_hub.server.search.labels import label
from tensorflow_hub.server.search.signatures import Interface
from tensorflow_hub.server.search.typed_facts import signatures_of
from tensorflow_hub.server.web.cards import plain_text, render_card
from tensorflow_hub.server.web.chart import downloads_chart
from tensorflow_hub.server.web.model_lists import Value, load_listed
from tensorflow_hub.server.web.rendering import show_count, show_size
from tensorflow_hub.server.web.snippets import Snippet, snippets
from tensorflow_hub.server.web.version_changes import VersionContent, changes

# A page shows so many versions and signatures; the API has the rest.
_MOST_VERSIONS = 12
_MOST_SIGNATURES = 12
_MOST_SIMILAR = 6
_CARD_HANDLE = re.compile(r"\((?:https?://(?:www\.)?tfhub\.dev)?/?([A-Za-z0-9][\w.+-]*(?:/[\w.+-]+)+)\)")
_KIND_FORMATS = {"lite": "tflite", "tfjs": "tfjs", "coral": "coral"}
_DEPLOYMENT_NAMES = {"saved_model": "SavedModel", "tfjs": "TF.js", "tflite": "TFLite", "coral": "Coral"}
_CHIPS = {
    "task": "task",
    "language": "language",
    "network-architecture": "architecture",
    "dataset": "dataset",
    "license": "license",
}


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
class DownloadLink:
    """A link to one of the forms in which a version can be fetched."""

    label: str
    url: str
    size: str
    note: str = ""


@dataclasses.dataclass(frozen=True)
class FactGroup:
    """Facts under a heading."""

    title: str
    facts: tuple[Fact, ...]


def version_values(
    connection: sa.Connection,
    shown: Version,
    base: str,
    similar_ids: Sequence[int],
    audience: Sequence[str] | None,
) -> dict[str, Any]:
    """What `version.html` shows."""
    card = reading.find_card(connection, shown)
    deployments = reading.list_deployments(connection, shown)
    metadata: Mapping[str, Sequence[str]] = card.metadata if card else {}
    children = _children(connection, shown)
    member_ids = _member_ids(connection, shown, card, children)
    members = load_listed(connection, member_ids, audience)
    versions = _versions(connection, shown)
    forms = _forms(shown, metadata, deployments)
    code = snippets(shown.handle, base, forms)
    signatures = [item for deployment in deployments for item in _signatures(deployment)][:_MOST_SIGNATURES]
    others = [model_id for model_id in similar_ids if model_id not in member_ids]
    similar = load_listed(connection, others[:_MOST_SIMILAR], audience)
    values = {
        "title": shown.handle,
        "heading": shown.model.handle,
        "summary": plain_text(card.description, 200) if card else "",
        "version": shown,
        "lead": plain_text(card.description, 1000) if card else "",
        "card": _body(shown, card),
        "chips": _chips(metadata),
        "absent": not deployments and shown.model.kind not in {"placeholder", "collection"},
        "kind_word": {"module": "model"}.get(shown.model.kind, "deployment"),
        "asset_path": _asset_path(metadata),
        "snippets": code,
        "signatures": signatures,
        "members": members,
        "members_title": "Models" if shown.model.kind == "collection" else "Deployments",
        "versions": versions,
        "changes": any(entry["changes"] for entry in versions),
        "similar": similar,
        "downloads_links": [_download(shown, deployment) for deployment in deployments],
        "fact_groups": _facts(shown, metadata, deployments),
        "chart": downloads_chart(reading.downloads_by_day(connection, shown.model, _today() - 200), _today()),
    }
    return values | {"sections": _sections(values, code)}


def _sections(values: Mapping[str, Any], code: Sequence[Snippet]) -> list[tuple[str, str]]:
    there = [
        ("use", "Use it", code),
        ("signatures", "Inputs and outputs", values["signatures"]),
        ("documentation", "Documentation", values["card"]),
        ("members", values["members_title"], values["members"]),
        ("versions", "Versions", len(values["versions"]) > 1 or values["changes"]),
        ("similar", "Similar models", values["similar"]),
    ]
    return [(name, title) for name, title, shown in there if shown]


def _body(shown: Version, card: CardRecord | None) -> Markup | None:
    """The card without the title and the description, which stand above."""
    if card is None:
        return None
    rendered = _render(shown.id, card.updated_at, card.text, card.description)
    return Markup(rendered) if rendered.strip() else None  # noqa: S704 - sanitised by render_card


@functools.lru_cache(maxsize=256)
def _render(_version_id: int, _updated_at: int, text: str, description: str) -> str:
    lines = text.lstrip("\ufeff\n\r ").split("\n", 1)
    body = lines[1] if len(lines) > 1 and lines[0].startswith("#") else text
    first, blank, rest = body.lstrip().partition("\n\n")
    plain = " ".join(re.sub(r"<!--.*?(?:-->|\Z)", " ", first, flags=re.DOTALL).split())
    if blank and plain and description.startswith(plain[:200]):
        body = rest
    return render_card(body)


def _chips(metadata: Mapping[str, Sequence[str]]) -> list[Value]:
    found = [
        Value(value, label(facet, value), url=f"/s?{facet}={quote(value.lower())}")
        for field, facet in _CHIPS.items()
        for value in metadata.get(field, ())[:8]
        if value.lower() != "other"
    ]
    fine_tunable = [value.strip().lower() for value in metadata.get("fine-tunable", ())]
    if "true" in fine_tunable:
        found.append(Value("true", "Fine-tunable", url="/s?fine_tunable=true"))
    return found


def _asset_path(metadata: Mapping[str, Sequence[str]]) -> str:
    path = next(iter(metadata.get("asset-path", ())), "")
    return "" if path == "legacy" else path


def _forms(
    shown: Version, metadata: Mapping[str, Sequence[str]], deployments: Sequence[Deployment]
) -> dict[str, Mapping[str, Any]]:
    """Format → description, for code that uses it."""
    found: dict[str, Mapping[str, Any]] = {}
    for deployment in deployments:
        kind = str(deployment.description.get("kind") or deployment.kind)
        found["coral" if deployment.kind == "coral" else kind] = deployment.description
    if not deployments:
        found |= {value: {} for value in metadata.get("format", ())}
        if shown.model.kind in _KIND_FORMATS:
            found[_KIND_FORMATS[shown.model.kind]] = {}
    return found


def _signatures(deployment: Deployment) -> list[dict[str, Any]]:
    """The signatures, then the functions of a SavedModel such as `__call__`."""
    found = [
        {
            "name": signature["name"],
            "tags": ", ".join(variant["tags"]),
            "rows": [
                {"side": side, "name": name, "type": _type(tensor)}
                for side, tensors in (("input", signature["inputs"]), ("output", signature["outputs"]))
                for name, tensor in tensors.items()
            ],
        }
        for variant in deployment.description.get("variants", ())
        for signature in variant["signatures"]
    ]
    functions = signatures_of({"functions": deployment.description.get("functions", ())})
    return found + [
        {"name": name, "tags": "", "rows": _rows(interface)} for name, interface in functions.items()
    ]


def _type(tensor: Mapping[str, Any]) -> str:
    shape = tensor["shape"]
    dims = "…" if shape is None else ", ".join("?" if size is None else str(size) for size in shape)
    kind = "" if tensor["kind"] == "dense" else f"{tensor['kind']} "
    return f"{kind}{tensor['dtype']}[{dims}]"


def _rows(interface: Interface) -> list[dict[str, str]]:
    return [
        {
            "side": side,
            "name": tensor.name or "",
            "type": str(dataclasses.replace(tensor, name=None)).replace(",", ", "),
        }
        for side, tensors in (("input", interface.inputs), ("output", interface.outputs))
        for tensor in tensors
    ]


def _children(connection: sa.Connection, shown: Version) -> list[Version]:
    """Deployments that name this version, or its model, as their parent."""
    found = [
        *reading.list_children(connection, shown.handle),
        *reading.list_children(connection, shown.model.handle),
    ]
    return list({child.handle: child for child in found}.values())


def _member_ids(
    connection: sa.Connection, shown: Version, card: CardRecord | None, children: Sequence[Version]
) -> list[int]:
    """The models a collection lists, or the deployments of a model."""
    ids = [child.model.id for child in children]
    if shown.model.kind == "collection" and card:
        handles = [re.sub(r"/\d+$", "", handle) for handle in _CARD_HANDLE.findall(card.text)]
        ids = reading.model_ids(connection, list(dict.fromkeys(handles))[:200])
    return list(dict.fromkeys(ids))


def _versions(connection: sa.Connection, shown: Version) -> list[dict[str, Any]]:
    """The versions, newest first, with what each changed."""
    every = reading.list_versions(connection, shown.model)
    near = sorted(every[:_MOST_VERSIONS], key=lambda version: -version.number)
    contents = {version.number: _content(connection, version) for version in near if version.state != DELETED}
    entries = []
    for at, version in enumerate(near):
        before = next((contents[other.number] for other in near[at + 1 :] if other.number in contents), None)
        now = contents.get(version.number)
        entries.append(
            {
                "number": version.number,
                "state": version.state,
                "reason": version.reason,
                "date": _date(version.published_at),
                "changes": changes(before, now) if before and now else [],
            }
        )
    return entries


def _content(connection: sa.Connection, version: Version) -> VersionContent:
    card = reading.find_card(connection, version)
    deployments = reading.list_deployments(connection, version)
    return VersionContent(
        card.metadata if card else {},
        {deployment.kind: deployment.description for deployment in deployments},
        sum(deployment.unpacked_size for deployment in deployments) if deployments else None,
    )


def _download(shown: Version, deployment: Deployment) -> DownloadLink:
    return DownloadLink(
        _DEPLOYMENT_NAMES.get(deployment.kind, deployment.kind),
        f"/{shown.handle}?{DOWNLOAD_QUERY[deployment.kind]}",
        show_size(deployment.archive_size),
    )


def _facts(
    shown: Version, metadata: Mapping[str, Sequence[str]], deployments: Sequence[Deployment]
) -> list[FactGroup]:
    groups = [FactGroup("About", tuple(_about(shown, metadata, deployments)))]
    if deployments:
        groups.append(FactGroup("Trust", tuple(_trust(shown, metadata, deployments))))
    links = [*_links(metadata, "colab", "Notebook"), *_links(metadata, "demo", "Demo")]
    if links:
        groups.append(FactGroup("Try it", tuple(links)))
    return groups


def _about(
    shown: Version, metadata: Mapping[str, Sequence[str]], deployments: Sequence[Deployment]
) -> list[Fact]:
    publisher = shown.model.publisher
    found = [Fact("Publisher", publisher, url=f"/{publisher}"), Fact("Published", _date(shown.published_at))]
    formats = [label("format", form) for form in _forms(shown, metadata, deployments)]
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
            f"Digest ({_DEPLOYMENT_NAMES[d.kind]})" if len(deployments) > 1 else "Digest",
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
    found.append(Fact("Published by", f"token “{shown.published_by}”"))
    return found


def _links(metadata: Mapping[str, Sequence[str]], field: str, name: str) -> list[Fact]:
    urls = [url for url in metadata.get(field, ()) if url.startswith(("https://", "http://"))]
    return [Fact(name, url.rsplit("/", 1)[-1][:60] or url, url=url, external=True) for url in urls]


def _date(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%-d %B %Y")


def _today() -> int:
    return int(time.time()) // 86_400
