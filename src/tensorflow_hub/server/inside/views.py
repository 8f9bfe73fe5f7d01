"""What the API and the pages tell of the inside of a version, as the types of `api/answers/`."""

from __future__ import annotations

import dataclasses
import math

import sqlalchemy as sa

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import FilesAsked, OfDeployment, TextAsked, VariablesAsked
from tensorflow_hub.format.kinds.table import KINDS
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.core.problems import Missing, NotOffered
from tensorflow_hub.server.inside.graph import Layer, graph_of
from tensorflow_hub.server.inside.stored_files import StoredFiles, open_files, text_part
from tensorflow_hub.server.inside.variables import variables_in
from tensorflow_hub.server.store.interface import Store

FILES_ON_PAGE, VARIABLES_ON_PAGE = 200, 100


@dataclasses.dataclass(frozen=True)
class Opened:
    """A deployment of a version that is looked into."""

    version: Version
    deployment: str
    files: StoredFiles


def open_deployment(store: Store, connection: sa.Connection, version: Version, asked: OfDeployment) -> Opened:
    """The deployment that is asked for, or the first one.

    Raises:
      NotOffered: its files are not here.
      Missing: the version has none of that kind; says which it has.
    """
    archives = reading.list_archives(connection, version)
    names = [kind.name for kind in KINDS if kind.name in archives]
    if not names:
        raise NotOffered(
            f"This hub has the documentation of {version.handle}; its files are not here.",
            hint="Ask its publisher or the hub's administrator to publish them here.",
        )
    name = asked.deployment or names[0]
    if name not in names:
        raise Missing(
            f"The version {version.handle} has no deployment {name!r:.60}.",
            hint=f"It has: {', '.join(names)}.",
        )
    return Opened(version, name, open_files(store, archives[name].archive_sha256))


def files_view(opened: Opened, asked: FilesAsked) -> answers.FilesOfVersion:
    """The files of a deployment."""
    files = opened.files.index.files
    shown = files[(asked.page - 1) * FILES_ON_PAGE : asked.page * FILES_ON_PAGE]
    return {
        "handle": opened.version.handle,
        "deployment": opened.deployment,
        "files": [{"path": file.path, "size": file.size, "sha256": file.sha256} for file in shown],
        "total": len(files),
        "page": asked.page,
        "pages": _pages(len(files), FILES_ON_PAGE),
    }


def text_view(opened: Opened, asked: TextAsked) -> answers.TextOfFile:
    """A part of a file, where it is text."""
    part = text_part(opened.files, asked.file, asked.start)
    return {
        "handle": opened.version.handle,
        "deployment": opened.deployment,
        "path": asked.file,
        "sha256": opened.files.entry(asked.file).sha256,
        "size": part.size,
        "start": part.start,
        "end": part.end,
        "is_text": part.is_text,
        "text": part.text,
    }


def variables_view(opened: Opened, asked: VariablesAsked) -> answers.VariablesOfVersion:
    """The variables whose names have all words that are asked for."""
    words = asked.q.lower().split()
    found = [
        variable
        for variable in variables_in(opened.files)
        if all(word in variable.name.lower() for word in words)
    ]
    shown = found[(asked.page - 1) * VARIABLES_ON_PAGE : asked.page * VARIABLES_ON_PAGE]
    return {
        "handle": opened.version.handle,
        "deployment": opened.deployment,
        "variables": [
            {"name": one.name, "dtype": one.dtype, "shape": one.shape, "size": one.size} for one in shown
        ],
        "total": len(found),
        "bytes": sum(variable.size for variable in found),
        "page": asked.page,
        "pages": _pages(len(found), VARIABLES_ON_PAGE),
    }


def graph_view(opened: Opened) -> answers.GraphOfVersion:
    """The ops and layers of a SavedModel; none for other kinds."""
    graph = graph_of(opened.files)
    ops = graph.ops if graph else ()
    return {
        "handle": opened.version.handle,
        "deployment": opened.deployment,
        "ops": [{"op": one.op, "count": one.count, "reaches": one.reaches} for one in ops],
        "signatures": [_layer(layer) for layer in graph.signatures] if graph else [],
    }


def _pages(total: int, on_page: int) -> int:
    """How many pages `total` lines take; one where there are none."""
    return max(1, math.ceil(total / on_page))


def _layer(layer: Layer) -> answers.LayerOfGraph:
    return {
        "name": layer.name,
        "ops": layer.ops,
        "commonest": layer.commonest,
        "layers": [_layer(inner) for inner in layer.layers],
    }
