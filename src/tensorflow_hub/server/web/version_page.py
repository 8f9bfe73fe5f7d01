"""The values for the template of the page of a version, from the records of the catalogue."""

from __future__ import annotations

import dataclasses
import functools
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from markupsafe import Markup

from tensorflow_hub.format.card.facets import FACET_BY_FIELD
from tensorflow_hub.format.card.syntax import WITHOUT_FILES
from tensorflow_hub.format.kinds.kind import Snippet
from tensorflow_hub.format.kinds.table import KIND_BY_CARD, KIND_BY_NAME
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.catalogue.derivations import list_derived
from tensorflow_hub.server.catalogue.measurements import list_measurements
from tensorflow_hub.server.catalogue.parents import tasks_of_parents, with_task
from tensorflow_hub.server.catalogue.pictures import list_pictures
from tensorflow_hub.server.catalogue.records import DELETED, CardRecord, Deployment, Publisher, Version
from tensorflow_hub.server.catalogue.signatures import list_signatures
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.json_forms import picture_url
from tensorflow_hub.server.core.rights import audience_of
from tensorflow_hub.server.web.badge import HEIGHT, badge_texts, badge_width
from tensorflow_hub.server.web.cards import MAX_CARD, ShownPicture, card_sections, plain_text, render_card
from tensorflow_hub.server.web.chart import downloads_chart
from tensorflow_hub.server.web.citation import bibtex
from tensorflow_hub.server.web.measurement_table import MOST_ROWS, measurement_rows
from tensorflow_hub.server.web.model_lists import Value, load_listed
from tensorflow_hub.server.web.property_groups import property_groups, trust
from tensorflow_hub.server.web.related_models import member_ids
from tensorflow_hub.server.web.rendering import show_day, show_size
from tensorflow_hub.server.web.signature_tables import SignatureTable, signature_tables
from tensorflow_hub.server.web.snippets import snippets
from tensorflow_hub.server.web.version_changes import VersionContent, changes

# How many versions, signatures, and similar and derived models a page shows. The API has all.
_MOST_VERSIONS = 12
_MOST_SIGNATURES = 12
_MOST_SIMILAR = 6
_MOST_DERIVED = 20
# Value of the parameter `inside` → label of the link to that page.
PARTS: Mapping[str, str] = {
    "files": "Files",
    "graph": "Graph and ops",
    "variables": "Variables",
    "signatures": "Signatures",
    "changes": "Changes",
}


@dataclasses.dataclass(frozen=True)
class DownloadLink:
    """A link to download a deployment."""

    label: str
    url: str
    size: str


def version_values(
    connection: sa.Connection,
    shown: Version,
    base: str,
    similar_ids: Sequence[int],
    caller: Caller,
) -> dict[str, Any]:
    """Returns the values for `version.html`."""
    audience = audience_of(caller)
    card = reading.find_card(connection, shown)
    deployments = reading.list_deployments(connection, shown)
    metadata: Mapping[str, Sequence[str]] = card.metadata if card else {}
    related = member_ids(connection, shown, card, base)
    members = load_listed(connection, related, audience)
    versions = _versions(connection, shown)
    forms = forms_of(shown, metadata, deployments)
    code = snippets(shown.handle, base, forms, private=shown.model.private)
    metadata = with_task(metadata, shown.parent, _tasks_of_parent(connection, shown, audience))
    others = [model_id for model_id in similar_ids if model_id not in related]
    similar = load_listed(connection, others[:_MOST_SIMILAR], audience)
    url = f"{base}/{shown.handle}"
    pictures = _pictures(connection, shown)
    body = _body(shown, card, pictures)
    measured = list_measurements(connection, shown, audience)
    derived = list_derived(connection, shown, audience)
    values = {
        "title": shown.handle,
        "heading": shown.model.handle,
        "summary": plain_text(card.description, 200) if card else "",
        "version": shown,
        "feed_url": f"/{shown.model.handle}?feed=atom",
        "base": base,
        "page_url": url,
        "picture_url": f"{base}{pictures[0].url}" if pictures else "",
        "lead": plain_text(card.description, 1000) if card else "",
        "card": body,
        "card_sections": card_sections(body or ""),
        "card_is_cut": card is not None and len(card.text) > MAX_CARD,
        "chips": _chips(metadata),
        "absent": not deployments and shown.model.kind not in WITHOUT_FILES,
        "kind_word": {"module": "model"}.get(shown.model.kind, "deployment"),
        "asset_path": _asset_path(metadata),
        "snippets": code,
        "signatures": _signatures(deployments),
        "used_by": derived[:_MOST_DERIVED],
        "used_by_is_cut": len(derived) > _MOST_DERIVED,
        "measured": measurement_rows(measured[:MOST_ROWS], shown, caller),
        "measured_is_cut": len(measured) > MOST_ROWS,
        "members": members,
        "members_title": "Models" if shown.model.kind == "collection" else "Deployments",
        "versions": versions,
        "changes": any(entry["changes"] for entry in versions),
        "similar": similar,
        "downloads_links": [_download(shown, deployment) for deployment in deployments],
        "inside_parts": [(name, title) for name, title in PARTS.items() if name != "changes"],
        "trust": trust(shown, metadata, deployments, list_signatures(connection, shown)),
        "bibtex": bibtex(card.text if card else "", shown, _publisher(connection, shown), url),
        "badge": _badge(shown, url),
        "has_notebook": any(snippet.language == "python" for snippet in code),
        "property_groups": property_groups(shown, metadata, deployments, forms),
        "chart": downloads_chart(reading.downloads_by_day(connection, shown.model, _today() - 200), _today()),
    }
    return values | {"sections": _sections(values, code)}


def _publisher(connection: sa.Connection, shown: Version) -> Publisher:
    publisher = reading.find_publisher(connection, shown.model.publisher)
    assert publisher is not None
    return publisher


def _badge(shown: Version, url: str) -> dict[str, Any]:
    """Returns the badge, and Markdown with which other pages show the badge of the latest version."""
    latest = url.rpartition("/")[0] if shown.model.kind != "collection" else url
    return {
        "url": f"/{shown.handle}?badge=svg",
        "width": badge_width(shown),
        "height": HEIGHT,
        "text": ": ".join(badge_texts(shown)),
        "markdown": f"[![{shown.model.handle}]({latest}?badge=svg)]({latest})",
    }


def _tasks_of_parent(
    connection: sa.Connection, shown: Version, audience: Audience
) -> Mapping[str, Sequence[str]]:
    return tasks_of_parents(connection, [shown.parent], audience) if shown.parent else {}


def _signatures(deployments: Sequence[Deployment]) -> list[tuple[str, list[SignatureTable]]]:
    """Returns the tables of each deployment, with its label if there are several."""
    several = len(deployments) > 1
    found = [
        (KIND_BY_NAME[d.kind].label if several else "", signature_tables(d)[:_MOST_SIGNATURES])
        for d in deployments
    ]
    return [(name, tables) for name, tables in found if tables]


def _sections(values: Mapping[str, Any], code: Sequence[Snippet]) -> list[tuple[str, str]]:
    there = [
        ("use", "Use it", code),
        ("signatures", "Inputs and outputs", values["signatures"]),
        ("documentation", "Documentation", values["card"]),
        ("measured", "Measured", values["measured"]),
        ("members", values["members_title"], values["members"]),
        ("used-by", "Used by", values["used_by"]),
        ("versions", "Versions", len(values["versions"]) > 1 or values["changes"]),
        ("similar", "Similar models", values["similar"]),
    ]
    return [(name, title) for name, title, shown in there if shown]


def _pictures(connection: sa.Connection, shown: Version) -> tuple[ShownPicture, ...]:
    return tuple(
        ShownPicture(found.path, picture_url(found, shown), found.width, found.height)
        for found in list_pictures(connection, shown)
    )


def _body(shown: Version, card: CardRecord | None, pictures: tuple[ShownPicture, ...]) -> Markup | None:
    """Returns the card without title and description, which the page shows separately."""
    if card is None:
        return None
    rendered = _render(shown.id, card.updated_at, card.text, card.description, pictures)
    return Markup(rendered) if rendered.strip() else None  # noqa: S704 - sanitised by render_card


@functools.lru_cache(maxsize=256)
def _render(
    _version_id: int, _updated_at: int, text: str, description: str, pictures: tuple[ShownPicture, ...]
) -> str:
    lines = text.lstrip("\ufeff\n\r ").split("\n", 1)
    body = lines[1] if len(lines) > 1 and lines[0].startswith("#") else text
    first, blank, rest = body.lstrip().partition("\n\n")
    plain = " ".join(re.sub(r"<!--.*?(?:-->|\Z)", " ", first, flags=re.DOTALL).split())
    if blank and plain and description.startswith(plain[:200]):
        body = rest
    return render_card(body, pictures)


def _chips(metadata: Mapping[str, Sequence[str]]) -> list[Value]:
    found = [
        Value(value, facet.label_of(value), url=f"/s?{facet.key}={quote(value.lower())}")
        for field, facet in FACET_BY_FIELD.items()
        if field not in {"format", "fine-tunable"}
        for value in metadata.get(field, ())[:8]
        if value.lower() != "other"
    ]
    fine_tunable = [value.strip().lower() for value in metadata.get("fine-tunable", ())]
    if "true" in fine_tunable:
        found.append(Value("true", "Fine-tunable", url="/s?fine_tunable=true"))
    return found


def _asset_path(metadata: Mapping[str, Sequence[str]]) -> str:
    """Returns the URL where the files were; "" if the card has none (some only say "internal")."""
    path = next(iter(metadata.get("asset-path", ())), "")
    return path if "://" in path else ""


def forms_of(
    shown: Version, metadata: Mapping[str, Sequence[str]], deployments: Sequence[Deployment]
) -> dict[str, Mapping[str, Any]]:
    """Returns for each format of a version the JSON form of its `ModuleDescription`, for example code."""
    found: dict[str, Mapping[str, Any]] = {}
    for deployment in deployments:
        content = str(deployment.description.get("kind") or "")
        found[KIND_BY_NAME[deployment.kind].format_of(content)] = deployment.description
    if not deployments:
        found |= {value: {} for value in metadata.get("format", ())}
        kind = KIND_BY_CARD.get(shown.model.kind)
        if kind is not None and not kind.is_model:
            found[kind.format_of("")] = {}
    return found


def _versions(connection: sa.Connection, shown: Version) -> list[dict[str, Any]]:
    """Returns the versions with the changes of each, the latest first."""
    every = reading.list_versions(connection, shown.model)
    near = sorted(every[:_MOST_VERSIONS], key=lambda version: -version.number)
    contents = {
        version.number: content_of(connection, version) for version in near if version.state != DELETED
    }
    entries = []
    for at, version in enumerate(near):
        before = next((contents[other.number] for other in near[at + 1 :] if other.number in contents), None)
        now = contents.get(version.number)
        entries.append(
            {
                "number": version.number,
                "state": version.state,
                "reason": version.reason,
                "date": show_day(version.published),
                "changes": changes(before, now) if before and now else [],
                "has_older": before is not None and now is not None,
            }
        )
    return entries


def content_of(connection: sa.Connection, version: Version) -> VersionContent:
    """Returns the parts of a version that are compared."""
    card = reading.find_card(connection, version)
    deployments = reading.list_deployments(connection, version)
    return VersionContent(
        card.metadata if card else {},
        {deployment.kind: deployment.description for deployment in deployments},
        {deployment.kind: deployment.unpacked_size for deployment in deployments},
    )


def _download(shown: Version, deployment: Deployment) -> DownloadLink:
    return DownloadLink(
        KIND_BY_NAME[deployment.kind].label,
        f"/{shown.handle}?{KIND_BY_NAME[deployment.kind].download}",
        show_size(deployment.archive_size),
    )


def _today() -> int:
    return int(time.time()) // 86_400
