"""`GET /api/v1/files/…` and others: the content of a version as JSON."""

from __future__ import annotations

import sqlalchemy as sa

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import (
    DifferencesAsked,
    FilesAsked,
    OfDeployment,
    OfModelOrVersion,
    TextAsked,
    VariablesAsked,
)
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.lookup import find_readable_version
from tensorflow_hub.server.inside import views
from tensorflow_hub.server.inside.views import OpenDeployment, open_deployment
from tensorflow_hub.server.web.version_differences import differences, version_before


def list_files(call: Call, path: OfModelOrVersion, query: FilesAsked) -> Answer[answers.FilesOfVersion]:
    """Returns the files of a deployment with their sizes and digests."""
    return Answer(views.files_view(_open(call, path, query), query))


def show_text(call: Call, path: OfModelOrVersion, query: TextAsked) -> Answer[answers.TextOfFile]:
    """Returns a part of a text file."""
    return Answer(views.text_view(_open(call, path, query), query))


def list_variables(
    call: Call, path: OfModelOrVersion, query: VariablesAsked
) -> Answer[answers.VariablesOfVersion]:
    """Returns the variables of a deployment."""
    return Answer(views.variables_view(_open(call, path, query), query))


def show_graph(call: Call, path: OfModelOrVersion, query: OfDeployment) -> Answer[answers.GraphOfVersion]:
    """Returns the ops by count, and the layers of the signatures."""
    return Answer(views.graph_view(_open(call, path, query)))


def show_differences(
    call: Call, path: OfModelOrVersion, query: DifferencesAsked
) -> Answer[answers.Differences]:
    """Returns the changes since another version."""
    with call.hub.database.reading() as connection:
        after = _version(call, connection, path)
        before = version_before(connection, after, query.before)
        return Answer(differences(call.hub.store, connection, before, after))


def _open(call: Call, path: OfModelOrVersion, query: OfDeployment) -> OpenDeployment:
    with call.hub.database.reading() as connection:
        return open_deployment(call.hub.store, connection, _version(call, connection, path), query)


def _version(call: Call, connection: sa.Connection, path: OfModelOrVersion) -> Version:
    return find_readable_version(connection, ModelName.parse(path.handle), call.caller)
