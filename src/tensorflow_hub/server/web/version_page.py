"""The values for the template of the page of a version, from the records of the catalogue."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from tensorflow_hub.format.card.facets import FACET_BY_FIELD
from tensorflow_hub.format.card.syntax import WITHOUT_FILES
from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.catalogue.derivations import list_derived
from tensorflow_hub.server.catalogue.measurements import list_measurements
from tensorflow_hub.server.catalogue.parents import tasks_of_parents, with_task
from tensorflow_hub.server.catalogue.pictures import list_pictures
from tensorflow_hub.server.catalogue.records import Deployment, Version
from tensorflow_hub.server.catalogue.signatures import list_signatures
from tensorflow_hub.server.catalogue.version_contents import Contents, contents_of
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.json_forms import picture_url
from tensorflow_hub.server.core.rights import audience_of
from tensorflow_hub.server.predicting.choice import can_be_run
from tensorflow_hub.server.web.badge import badge_link
from tensorflow_hub.server.web.cards import MAX_CARD, ShownPicture, card_sections, plain_text
from tensorflow_hub.server.web.chart import downloads_chart
from tensorflow_hub.server.web.citation import bibtex
from tensorflow_hub.server.web.inside_pages import PARTS
from tensorflow_hub.server.web.measurement_table import MOST_ROWS, measurement_rows
from tensorflow_hub.server.web.model_lists import Value, listed, load_documents
from tensorflow_hub.server.web.property_groups import property_groups, trust
from tensorflow_hub.server.web.related_models import member_ids
from tensorflow_hub.server.web.rendering import show_size
from tensorflow_hub.server.web.signature_tables import SignatureTable, signature_tables
from tensorflow_hub.server.web.snippets import forms_of, snippets
from tensorflow_hub.server.web.version_card import card_body
from tensorflow_hub.server.web.version_history import version_rows

# How many signatures, and similar and derived models a page shows. The API has all.
_MOST_SIGNATURES = 12
_MOST_SIMILAR = 6
_MOST_DERIVED = 20


@dataclasses.dataclass(frozen=True)
class DownloadLink:
    """A link to download a deployment."""

    label: str
    url: str
    size: str


@dataclasses.dataclass(frozen=True)
class _Page:
    """What the page is made from.

    Attributes:
      connection: to the catalogue.
      version: the version that is shown.
      contents: what the version has.
      metadata: the fields of its card; without a task there, the tasks of its parent.
      forms: its formats with the descriptions of their files.
      base: the URL of the hub.
      caller: the reader.
      runs_models: whether the hub runs models.
    """

    connection: sa.Connection
    version: Version
    contents: Contents
    metadata: Mapping[str, Sequence[str]]
    forms: Mapping[str, Mapping[str, Any]]
    base: str
    caller: Caller
    runs_models: bool

    @property
    def url(self) -> str:
        """The URL of the page."""
        return f"{self.base}/{self.version.handle}"

    @property
    def audience(self) -> Audience:
        """The publishers whose models the page may show."""
        return audience_of(self.caller)


def version_values(
    connection: sa.Connection,
    shown: Version,
    base: str,
    similar_ids: Sequence[int],
    caller: Caller,
    *,
    runs_models: bool = False,
) -> dict[str, Any]:
    """Returns the values for `version.html`.

    Args:
      connection: to the catalogue.
      shown: the version.
      base: the URL of the hub.
      similar_ids: the models that are similar to it, the most similar first.
      caller: the reader.
      runs_models: whether the hub runs models, so that the page may link to a form for it.
    """
    contents = contents_of(connection, shown)
    tasks = tasks_of_parents(connection, [shown.parent], audience_of(caller)) if shown.parent else {}
    metadata = with_task(contents.metadata, shown.parent, tasks)
    forms = forms_of(shown, metadata, contents.deployments)
    page = _Page(connection, shown, contents, metadata, forms, base, caller, runs_models)
    values = {
        **_heading(page),
        **_documentation(page),
        **_files(page),
        **_use(page),
        **_properties(page),
        **_by_others(page),
        **_related(page, similar_ids),
        **_history(page),
        **_citation(page),
    }
    return values | {"sections": _sections(values)}


def _heading(page: _Page) -> dict[str, Any]:
    version, card = page.version, page.contents.card
    return {
        "title": version.handle,
        "heading": version.model.handle,
        "version": version,
        "summary": plain_text(card.description, 200) if card else "",
        "lead": plain_text(card.description, 1000) if card else "",
        "chips": _chips(page.metadata),
        "feed_url": f"/{version.model.handle}?feed=atom",
        "base": page.base,
        "page_url": page.url,
    }


def _documentation(page: _Page) -> dict[str, Any]:
    card = page.contents.card
    pictures = _pictures(page)
    body = card_body(page.version, card, pictures) if card else None
    return {
        "picture_url": f"{page.base}{pictures[0].url}" if pictures else "",
        "card": body,
        "card_sections": card_sections(body or ""),
        "card_is_cut": card is not None and len(card.text) > MAX_CARD,
    }


def _files(page: _Page) -> dict[str, Any]:
    version, deployments = page.version, page.contents.deployments
    return {
        "absent": not deployments and version.model.kind not in WITHOUT_FILES,
        "kind_word": {"module": "model"}.get(version.model.kind, "deployment"),
        "asset_path": _asset_path(page.metadata),
        "downloads_links": [_download(version, deployment) for deployment in deployments],
        "inside_parts": [(name, title) for name, title in PARTS.items() if name != "changes"],
    }


def _use(page: _Page) -> dict[str, Any]:
    version = page.version
    can_try = page.runs_models and can_be_run(page.contents.deployments)
    code = snippets(version.handle, page.base, page.forms, private=version.model.private)
    return {
        "try_url": f"/{version.handle}:try" if can_try else "",
        "snippets": code,
        "has_notebook": any(snippet.language == "python" for snippet in code),
        "signatures": _signatures(page.contents.deployments),
    }


def _properties(page: _Page) -> dict[str, Any]:
    version, contents = page.version, page.contents
    signatures = list_signatures(page.connection, version) if contents.has_signatures else []
    today = int(time.time()) // 86_400
    since, has_downloads = today - 200, version.model.downloads > 0
    by_day = reading.downloads_by_day(page.connection, version.model, since) if has_downloads else []
    return {
        "trust": trust(version, page.metadata, contents.deployments, signatures),
        "property_groups": property_groups(version, page.metadata, contents.deployments, page.forms),
        "chart": downloads_chart(by_day, today),
    }


def _by_others(page: _Page) -> dict[str, Any]:
    """Returns what others, or the publisher later, added: measurements, and models made from this one."""
    connection, version, contents = page.connection, page.version, page.contents
    measured = list_measurements(connection, version, page.audience) if contents.has_measurements else []
    derived = list_derived(connection, version, page.audience) if contents.has_derived else []
    return {
        "measured": measurement_rows(measured[:MOST_ROWS], version, page.caller),
        "measured_is_cut": len(measured) > MOST_ROWS,
        "used_by": derived[:_MOST_DERIVED],
        "used_by_is_cut": len(derived) > _MOST_DERIVED,
    }


def _related(page: _Page, similar_ids: Sequence[int]) -> dict[str, Any]:
    members = dict.fromkeys(member_ids(page.connection, page.version, page.contents.card, page.base))
    similar = [model_id for model_id in similar_ids if model_id not in members][:_MOST_SIMILAR]
    documents = load_documents(page.connection, [*members, *similar], page.audience)
    return {
        "members": [listed(document) for document in documents if document.id in members],
        "members_title": "Models" if page.version.model.kind == "collection" else "Deployments",
        "similar": [listed(document) for document in documents if document.id not in members],
    }


def _history(page: _Page) -> dict[str, Any]:
    rows = version_rows(page.connection, page.version)
    return {"versions": rows, "changes": any(row["changes"] for row in rows)}


def _citation(page: _Page) -> dict[str, Any]:
    card, version = page.contents.card, page.version
    publisher = reading.find_publisher(page.connection, version.model.publisher)
    assert publisher is not None
    return {
        "bibtex": bibtex(card.text if card else "", version, publisher, page.url),
        "badge": badge_link(version, page.url),
    }


def _signatures(deployments: Sequence[Deployment]) -> list[tuple[str, list[SignatureTable]]]:
    """Returns the tables of each deployment, with its label if there are several."""
    several = len(deployments) > 1
    found = [
        (KIND_BY_NAME[d.kind].label if several else "", signature_tables(d)[:_MOST_SIGNATURES])
        for d in deployments
    ]
    return [(name, tables) for name, tables in found if tables]


def _sections(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    there = [
        ("use", "Use it", values["snippets"]),
        ("signatures", "Inputs and outputs", values["signatures"]),
        ("documentation", "Documentation", values["card"]),
        ("measured", "Measured", values["measured"]),
        ("members", values["members_title"], values["members"]),
        ("used-by", "Used by", values["used_by"]),
        ("versions", "Versions", len(values["versions"]) > 1 or values["changes"]),
        ("similar", "Similar models", values["similar"]),
    ]
    return [(name, title) for name, title, shown in there if shown]


def _pictures(page: _Page) -> tuple[ShownPicture, ...]:
    found = list_pictures(page.connection, page.version) if page.contents.has_pictures else ()
    return tuple(
        ShownPicture(each.path, picture_url(each, page.version), each.width, each.height) for each in found
    )


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


def _download(shown: Version, deployment: Deployment) -> DownloadLink:
    return DownloadLink(
        KIND_BY_NAME[deployment.kind].label,
        f"/{shown.handle}?{KIND_BY_NAME[deployment.kind].download}",
        show_size(deployment.archive_size),
    )
