"""Imports a folder of documentation files of tfhub.dev as versions that have documentation, but no files.

Each file becomes the version that its URL on tfhub.dev had:

    # Module google/elmo/3              google/elmo/3
    # Placeholder intel/midas/v2/2      intel/midas/v2/2, a page that lists the deployments
    # Lite intel/midas/v2_1_small/1     intel/lite-model/v2_1_small/1 (Tfjs: tfjs-model, Coral: coral-model)
    # Collection google/bert/1          google/collection/bert/1
    # Publisher google                  the publisher google

A version that was published on this hub is not changed. A second import changes only what is different.
"""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.errors import CardError, HandleError, HubError, NotFoundError
from tensorflow_hub.format.card.syntax import Card, parse_card
from tensorflow_hub.format.kinds.table import KINDS
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.database import Database
from tensorflow_hub.server.catalogue.records import DOCUMENTED

_FILES_PER_TRANSACTION = 200
# A pause between two transactions, so that others can write too: the lock of SQLite is not fair, and without
# a pause this import could take it again and again.
_PAUSE_SECONDS = 0.02
_FOLDERS = {"collection": "collection", **{kind.card: kind.folder for kind in KINDS}}


@dataclasses.dataclass(frozen=True)
class RefusedFile:
    """A file that was not imported: its path, and the reason."""

    path: str
    reason: str


@dataclasses.dataclass
class ImportReport:
    """The result of an import.

    Attributes:
      files: how many files there were.
      kinds: for each kind of card, how many files were imported.
      outcomes: how many were added, changed and unchanged.
      refused: the files that were not imported.
    """

    files: int = 0
    kinds: Counter[str] = dataclasses.field(default_factory=Counter)
    outcomes: Counter[str] = dataclasses.field(default_factory=Counter)
    refused: list[RefusedFile] = dataclasses.field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Returns the report in its JSON form."""
        return {
            "files": self.files,
            "kinds": dict(self.kinds),
            "outcomes": dict(self.outcomes),
            "refused": [dataclasses.asdict(refused) for refused in self.refused],
        }


@dataclasses.dataclass(frozen=True)
class _Document:
    path: str
    text: str
    card: Card
    name: ModelName | None


def import_documents(database: Database, folder: Path) -> ImportReport:
    """Imports every `.md` file below `folder`.

    Raises:
      NotFoundError: there is no such folder, or no `.md` file in it.
    """
    files = sorted(path for path in folder.rglob("*.md") if path.is_file()) if folder.is_dir() else []
    if not files:
        raise NotFoundError(
            f"Expected a folder with documentation files (.md), got {str(folder)!r}, which has none.",
            hint="Give the folder `assets/docs` of the documentation tree.",
        )
    report = ImportReport(files=len(files))
    paths = _importable(folder, files, report)
    for start in range(0, len(paths), _FILES_PER_TRANSACTION):
        documents = [_read(folder, path, report) for path in paths[start : start + _FILES_PER_TRANSACTION]]
        with database.writing() as connection:
            changed = [
                model_id
                for document in documents
                if document is not None
                and (model_id := _import_document(connection, document, report)) is not None
            ]
            record_changes(connection, dict.fromkeys(changed))
        time.sleep(_PAUSE_SECONDS)
    return report


def entry_name(card: Card) -> ModelName | None:
    """Returns the name of the version that a card becomes; None for the card of a publisher.

    Raises:
      HandleError: the name is not valid.
    """
    if card.kind == "publisher":
        return None
    publisher, _, rest = card.name.partition("/")
    folder = _FOLDERS.get(card.kind)
    return ModelName.parse(f"{publisher}/{folder}/{rest}" if folder else card.name)


def _importable(folder: Path, files: Iterable[Path], report: ImportReport) -> list[Path]:
    """Returns the files that can be imported, in the order of `_order`; the report tells the others.

    Of two files about the same version, the first is used. The texts of a million models do not fit into
    memory, so each file is read again when it is imported.
    """
    found: dict[tuple[bool, str], tuple[tuple[bool, str, str, int], Path]] = {}
    for path in files:
        document = _read(folder, path, report)
        if document is None:
            continue
        about = (document.name is None, str(document.name or document.card.name).lower())
        if about in found:
            card, first = document.card, found[about][1].relative_to(folder).as_posix()
            reason = f"{first} is about the same {card.kind} {card.name}."
            report.refused.append(RefusedFile(document.path, reason))
            continue
        found[about] = (_order(document), path)
    return [path for _, path in sorted(found.values())]


def _read(folder: Path, path: Path, report: ImportReport) -> _Document | None:
    """Returns the document in a file; None if it cannot be imported, and the report tells why."""
    shown = path.relative_to(folder).as_posix()
    try:
        data = path.read_bytes()
        card = parse_card(data)
        return _Document(shown, data.decode("utf-8-sig"), card, entry_name(card))
    except (CardError, HandleError, OSError) as error:
        reason = error.problem if isinstance(error, HubError) else str(error)
        report.refused.append(RefusedFile(shown, reason))
        return None


def _order(document: _Document) -> tuple[bool, str, str, int]:
    """Returns a sort key: publishers first, then models by name, each with its oldest version first."""
    name = document.name
    if name is None:
        return (False, document.card.name, "", 0)
    return (True, name.publisher, name.model, name.version or 0)


def _import_document(connection: sa.Connection, document: _Document, report: ImportReport) -> int | None:
    """Adds or changes a version. Returns the id of its model if that changed."""
    if document.name is None:
        report.outcomes[_import_publisher(connection, document)] += 1
        report.kinds["publisher"] += 1
        return None
    card = writing.CardText(
        document.card.kind, document.text, document.card.description, document.card.metadata
    )
    version = reading.find_version(connection, document.name)
    if version is not None and version.published_by != DOCUMENTED:
        reason = (
            f"The version {version.handle} was published on this hub by {version.published_by!r}; "
            "the import does not change it."
        )
        report.refused.append(RefusedFile(document.path, reason))
        return None
    report.kinds[document.card.kind] += 1
    if version is None:
        version = writing.add_version(connection, document.name, document.card.kind, DOCUMENTED)
        report.outcomes["added"] += 1
    else:
        known = reading.find_card(connection, version)
        if known is not None and known.text == card.text:
            report.outcomes["unchanged"] += 1
            return None
        report.outcomes["changed"] += 1
    writing.set_card(connection, version, card)
    return version.model.id


def _import_publisher(connection: sa.Connection, document: _Document) -> str:
    found = reading.find_publisher(connection, document.card.name)
    known = writing.ensure_publisher(connection, document.card.name)
    if known.card == document.text:
        return "unchanged"
    values: dict[str, str] = {"card": document.text, "description": document.card.description}
    if not known.title:
        values["title"] = document.card.description[:100]
    writing.change_publisher(connection, known, **values)
    return "added" if found is None else "changed"


def summary(report: ImportReport) -> Sequence[str]:
    """Returns the report as lines of text."""
    imported = sum(report.kinds.values())
    lines = [
        f"{imported} of {report.files} files imported: "
        + ", ".join(f"{n} {k}" for k, n in report.outcomes.items())
    ]
    lines.append("  " + ", ".join(f"{count} {kind}" for kind, count in sorted(report.kinds.items())))
    return lines
