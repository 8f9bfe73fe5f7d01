"""Finds the versions to run for a request: those that the caller may read, and that the hub can run."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from starlette.requests import Request

from tensorflow_hub.errors import RejectedError
from tensorflow_hub.format.kinds import saved_model
from tensorflow_hub.format.module.module_description import ModuleDescription
from tensorflow_hub.format.module.runnable import check_runnable
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.records import VISIBLE, Deployment, Version
from tensorflow_hub.server.catalogue.version_contents import compared_contents
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.lookup import find_readable_model, find_readable_version
from tensorflow_hub.server.core.problems import Missing
from tensorflow_hub.server.predicting.pool import Pool, Runnable

# The most versions of a model that are looked at for a list.
_MOST_LISTED = 100


@dataclasses.dataclass(frozen=True)
class Choice:
    """A version that can be run, and the pool of processes that runs it."""

    version: Version
    description: ModuleDescription
    runnable: Runnable
    pool: Pool


def can_be_run(deployments: Iterable[Deployment]) -> bool:
    """Whether a hub that runs models can run a version with these deployments."""
    kind = saved_model.KIND.name
    return any(each.kind == kind and _is_runnable(each.description) for each in deployments)


def _is_runnable(description: Mapping[str, Any]) -> bool:
    try:
        check_runnable(ModuleDescription.from_dict(description))
    except RejectedError:
        return False
    return True


def list_runnable(request: Request, caller: Caller, name: ModelName) -> list[int]:
    """Returns the numbers of the visible versions of a model that the hub can run, the latest first.

    Args:
      request: the request.
      caller: who sent it.
      name: the model; with a version, only that one.

    Raises:
      Missing, Gone, RejectedError: as `choose`; for a model, if the hub can run none of its versions.
    """
    found = []
    if name.version is None and request.app.state.predictions is not None:
        with hub_of(request).database.reading() as connection:
            with _label_explained(name):
                model = find_readable_model(connection, name, caller)
            visible = [one for one in reading.list_versions(connection, model) if one.state == VISIBLE]
            listed = visible[:_MOST_LISTED]
            contents, kind = compared_contents(connection, [one.id for one in listed]), saved_model.KIND.name
            described = {one.number: contents[one.id].descriptions.get(kind) for one in listed}
            found = [
                number
                for number, description in described.items()
                if description is not None and _is_runnable(description)
            ]
    return found or [choose(request, caller, name).version.number]


@contextlib.contextmanager
def _label_explained(name: ModelName) -> Iterator[None]:
    """A context in which the error for a path with a label of TensorFlow Serving says what is wrong."""
    try:
        yield
    except Missing:
        model, found, label = str(name).partition("/labels/")
        if not found:
            raise
        raise Missing(
            f"Expected a model or a version, got the label {label!r} of {model}, and hubs have no labels.",
            hint=f"Ask for /v1/models/{model}, the latest version, or /v1/models/{model}/versions/1.",
        ) from None


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
        with _label_explained(name):
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
