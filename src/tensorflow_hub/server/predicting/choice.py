"""Finds the version to run for a request: one that the caller may read, and that the hub can run."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa
from starlette.requests import Request

from tensorflow_hub.errors import RejectedError
from tensorflow_hub.format.kinds import saved_model
from tensorflow_hub.format.module.module_description import ModuleDescription
from tensorflow_hub.format.module.runnable import check_runnable
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.lookup import find_readable_version
from tensorflow_hub.server.core.problems import Missing
from tensorflow_hub.server.predicting.pool import Pool, Runnable


@dataclasses.dataclass(frozen=True)
class Choice:
    """A version that can be run, and the pool of processes that runs it."""

    version: Version
    description: ModuleDescription
    runnable: Runnable
    pool: Pool


def can_be_run(request: Request, connection: sa.Connection, version: Version) -> bool:
    """Whether the hub runs models, and can run this one."""
    if request.app.state.predictions is None:
        return False
    deployment = reading.find_deployment(connection, version, saved_model.KIND.name)
    if deployment is None:
        return False
    try:
        check_runnable(ModuleDescription.from_dict(deployment.description))
    except RejectedError:
        return False
    return True


def choose(request: Request, caller: Caller, name: ModelName) -> Choice:
    """Returns the version with that name, or the latest version for a name without one.

    Raises:
      Missing: the hub runs no models, the caller may see no such version, or the hub does not have its files.
      Gone: the version was deleted.
      RejectedError: it is not a SavedModel, or has ops that access something outside of the graph.
    """
    pool: Pool | None = request.app.state.predictions
    if pool is None:
        raise Missing(
            "This hub runs no models.", hint="Its administrator can turn that on with TFHUB_SERVER_PREDICT."
        )
    with hub_of(request).database.reading() as connection:
        version = find_readable_version(connection, name, caller)
        deployment = reading.find_deployment(connection, version, saved_model.KIND.name)
    if deployment is None:
        raise Missing(
            f"This hub has no SavedModel of {version.handle}.", hint="Its page lists the available formats."
        )
    description = ModuleDescription.from_dict(deployment.description)
    check_runnable(description)
    runnable = Runnable(version.id, version.handle, deployment.archive_sha256, deployment.unpacked_size)
    return Choice(version, description, runnable, pool)
