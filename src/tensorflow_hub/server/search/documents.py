"""The search documents of models, made from the rows of the catalogue."""

from __future__ import annotations

import dataclasses
import logging
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.format.card.facets import FACETS, Entry, format_of
from tensorflow_hub.format.kinds.table import FORMATS, KIND_BY_CARD, KIND_BY_NAME
from tensorflow_hub.format.module.signature_types import signatures_of
from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.catalogue.parents import tasks_of_parents, with_task
from tensorflow_hub.server.catalogue.records import DOCUMENTED, VISIBLE
from tensorflow_hub.server.catalogue.tables import cards, models, publishers, versions
from tensorflow_hub.server.catalogue.version_contents import VersionContent, compared_contents

_CHUNK = 1000
_log = logging.getLogger("tensorflow_hub.server")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class SearchDocument:
    """A model in the search index, described by its newest version that is not withdrawn.

    Attributes:
      id: its id in the catalogue.
      handle: `publisher/model`.
      version: the number of the described version.
      kind: the kind of its card: module, lite, placeholder, ….
      description: the first paragraph of the card.
      card: the text of the card.
      facets: facet name → values.
      interfaces: the typed interfaces of its signatures, as `SignatureType` writes them.
      flags: `trainable` and `custom-ops`, or the same with `no-`, for filters.
      size: bytes on disk of the model itself, else of its first deployment; None if this hub has no files.
      downloads: the total number of downloads.
      published_at: when the version was published, in seconds since 1970; 0 if unknown, because only its
        documentation was imported.
      private: whether only readers of its publisher see it.
    """

    id: int
    handle: str
    version: int
    kind: str = "module"
    description: str = ""
    card: str = ""
    facets: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    interfaces: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    size: int | None = None
    downloads: int = 0
    published_at: int = 0
    private: bool = False

    @property
    def publisher(self) -> str:
        """The first part of the handle."""
        return self.handle.split("/", 1)[0]

    @property
    def weight(self) -> float:
        """How good a result the model is for any search: scores are multiplied by log2(2 + weight).

        0 for a collection, 1 for a deployment or preprocessor of another model, 2 for other models. Each
        power of ten of its downloads and each of its first versions add a little.
        """
        kind = KIND_BY_CARD.get(self.kind)
        is_part = (kind and not kind.is_model) or "text-preprocessing" in self.facets.get("task", ())
        base = 0 if self.kind == "collection" else 1 if is_part else 2
        return base + 0.1 * math.log10(1 + self.downloads) + 0.05 * min(self.version, 5)


_select = (
    sa.select(
        *(models.c[name] for name in ("id", "handle", "kind", "latest", "downloads")),
        publishers.c.private,
        versions.c.id.label("version_id"),
        *(versions.c[name] for name in ("published_at", "published_by", "parent")),
        *(cards.c[name] for name in ("text", "description")),
    )
    .join(publishers, models.c.publisher_id == publishers.c.id)
    .join(versions, sa.and_(versions.c.model_id == models.c.id, versions.c.number == models.c.latest))
    .outerjoin(cards, cards.c.version_id == versions.c.id)
)


def documents_of(
    connection: sa.Connection, ids: Sequence[int], audience: Audience
) -> Iterator[SearchDocument]:
    """Yields the documents of models; none for a model without a version that the audience may see."""
    for start in range(0, len(ids), _CHUNK):
        chosen = models.c.id.in_(ids[start : start + _CHUNK])
        rows = connection.execute(_select.where(chosen, audience.condition())).all()
        contents = compared_contents(connection, [row.version_id for row in rows])
        children = _formats_of_children(connection, [f"{row.handle}/{row.latest}" for row in rows], audience)
        tasks = tasks_of_parents(connection, {row.parent for row in rows if row.parent}, audience)
        for row in rows:
            if content := contents.get(row.version_id):  # else it was removed between the two queries
                metadata = with_task(content.metadata, row.parent, tasks)
                yield _document(row, content, metadata, children[f"{row.handle}/{row.latest}"])


def _document(
    row: Any, content: VersionContent, metadata: Mapping[str, Sequence[str]], children: set[str]
) -> SearchDocument:
    properties = properties_of(list(content.descriptions.values()))
    size = next((content.sizes[name] for name in KIND_BY_NAME if name in content.sizes), None)
    entry = Entry(
        publisher=row.handle.partition("/")[0],
        kind=row.kind,
        metadata=metadata,
        deployments=list(content.sizes),
        formats=[*properties.formats, *sorted(children)],
        interfaces=properties.interfaces,
        fine_tunable=properties.fine_tunable,
        size=size,
    )
    return SearchDocument(
        id=row.id,
        handle=row.handle,
        version=row.latest,
        kind=row.kind,
        description=row.description or "",
        card=_COMMENT.sub(" ", row.text or ""),
        facets={facet.key: facet.of(entry) for facet in FACETS},
        interfaces=properties.signatures,
        flags=properties.flags,
        size=size,
        downloads=row.downloads,
        published_at=0 if row.published_by == DOCUMENTED else row.published_at,
        private=row.private,
    )


@dataclasses.dataclass(frozen=True)
class ModuleProperties:
    """The properties of all deployments of a version together.

    Attributes:
      signatures: the different signatures, in the notation of `SignatureType`.
      interfaces: the names of the common interfaces that the version implements.
      formats: the formats that are in the table of kinds.
      flags: `trainable` or `no-trainable`, `custom-ops` or `no-custom-ops`; empty without files.
      fine_tunable: whether it can be fine-tuned; None if unknown.
    """

    signatures: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    fine_tunable: bool | None = None


def properties_of(descriptions: Sequence[Mapping[str, Any]]) -> ModuleProperties:
    """Returns the properties of a version from the descriptions of its deployments.

    Returns empty properties if a description has another form, for example of another release: one bad entry
    must not stop the search.
    """
    if not descriptions:
        return ModuleProperties()
    try:
        trainable = any((d.get("variables") or {}).get("trainable") for d in descriptions)
        custom = any(d.get("custom_ops") for d in descriptions)
        known = [d["fine_tunable"] for d in descriptions if isinstance(d.get("fine_tunable"), bool)]
        return ModuleProperties(
            signatures=tuple(dict.fromkeys(str(s) for d in descriptions for s in signatures_of(d).values())),
            interfaces=tuple(name for d in descriptions for name in d.get("interfaces", ())),
            formats=tuple(d["kind"] for d in descriptions if d.get("kind") in FORMATS),
            flags=("trainable" if trainable else "no-trainable", "custom-ops" if custom else "no-custom-ops"),
            fine_tunable=any(known) if known else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        _log.warning("A description in the catalogue cannot be read; typed search does not find its version.")
        return ModuleProperties()


def _formats_of_children(
    connection: sa.Connection, handles: Sequence[str], audience: Audience
) -> dict[str, set[str]]:
    """Returns handle of a version → formats of its children, the entries that name it as their parent."""
    found: dict[str, set[str]] = defaultdict(set)
    query = (
        sa.select(versions.c.parent, models.c.kind, cards.c.metadata)
        .join(models, versions.c.model_id == models.c.id)
        .join(publishers, models.c.publisher_id == publishers.c.id)
        .outerjoin(cards, cards.c.version_id == versions.c.id)
        .where(versions.c.state == VISIBLE, versions.c.parent.in_(handles), audience.condition())
    )
    for parent, kind, metadata in connection.execute(query):
        found[parent] |= {*(metadata or {}).get("format", ()), format_of(KIND_BY_CARD.get(kind))}
    return found
