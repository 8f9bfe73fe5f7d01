"""The content of a version in the form that API and pages show it, as the types of `api/answers/`."""

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
class OpenDeployment:
    """A deployment of a version, with access to its files."""

    version: Version
    deployment: str
    files: StoredFiles


def open_deployment(
    store: Store, connection: sa.Connection, version: Version, asked: OfDeployment
) -> OpenDeployment:
    """Opens the requested deployment of a version, or the first one if none is named.

    Raises:
      NotOffered: the hub has only the documentation of the version.
      Missing: the version has no deployment of that kind. The hint lists those that it has.
    """
    archives = reading.list_archives(connection, version)
    names = [kind.name for kind in KINDS if kind.name in archives]
    if not names:
        raise NotOffered(
            f"This hub has only the documentation of {version.handle}, not its files.",
            hint="Ask its publisher or the hub's administrator to publish them here.",
        )
    name = asked.deployment or names[0]
    if name not in names:
        raise Missing(
            f"The version {version.handle} has no deployment {name!r:.60}.",
            hint=f"It has: {', '.join(names)}.",
        )
    return OpenDeployment(version, name, open_files(store, archives[name].archive_sha256))


def files_view(opened: OpenDeployment, asked: FilesAsked) -> answers.FilesOfVersion:
    """Returns one page of the list of files."""
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


def text_view(opened: OpenDeployment, asked: TextAsked) -> answers.TextOfFile:
    """Returns a part of a file, if it is text."""
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


def variables_view(opened: OpenDeployment, asked: VariablesAsked) -> answers.VariablesOfVersion:
    """Returns one page of the variables whose names contain all words of the query."""
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
            {"name": each.name, "dtype": each.dtype, "shape": each.shape, "size": each.size} for each in shown
        ],
        "total": len(found),
        "bytes": sum(variable.size for variable in found),
        "page": asked.page,
        "pages": _pages(len(found), VARIABLES_ON_PAGE),
    }


def graph_view(opened: OpenDeployment) -> answers.GraphOfVersion:
    """Returns the ops and layers of a SavedModel; none for other kinds."""
    graph = graph_of(opened.files)
    ops = graph.ops if graph else ()
    return {
        "handle": opened.version.handle,
        "deployment": opened.deployment,
        "ops": [{"op": each.op, "count": each.count, "reaches": each.reaches} for each in ops],
        "signatures": [_layer(layer) for layer in graph.signatures] if graph else [],
    }


def _pages(total: int, on_page: int) -> int:
    """Returns how many pages `total` lines take, at least one."""
    return max(1, math.ceil(total / on_page))


def _layer(layer: Layer) -> answers.LayerOfGraph:
    return {
        "name": layer.name,
        "ops": layer.ops,
        "commonest": layer.commonest,
        "layers": [_layer(inner) for inner in layer.layers],
    }
