"""Finds the publisher, model or version for the path of a URL, or raises the error with similar names."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import heapq
from collections.abc import Callable

import sqlalchemy as sa

from tensorflow_hub.errors import HandleError
from tensorflow_hub.format.kinds.table import KINDS
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.audience import PUBLIC, Audience
from tensorflow_hub.server.catalogue.records import DELETED, VISIBLE, Model, Publisher, Version
from tensorflow_hub.server.catalogue.tables import models, publishers
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.problems import Gone, Missing, Unknown
from tensorflow_hub.server.core.rights import audience_of, may_read

# How many names are compared with a misspelt one.
_MOST_CANDIDATES = 2000
# How many of them are compared letter by letter, which is slower.
_MOST_COMPARED = 60


def find_readable_publisher(connection: sa.Connection, name: str, caller: Caller) -> Publisher:
    """Returns the publisher with a name.

    Raises:
      Missing: there is none that the caller may see; similar names are suggested.
    """
    publisher = reading.find_publisher(connection, name)
    if publisher is None or not may_read(caller, publisher.name, publisher.private):
        known = sa.select(publishers.c.name).where(audience_of(caller).condition())
        names = connection.execute(known.order_by(publishers.c.name_key).limit(_MOST_CANDIDATES))
        problem = f"No publisher {name!r} is known to this hub."
        raise _missing(problem, name, [row[0] for row in names], audience_of(caller))
    return publisher


def find_readable_model(connection: sa.Connection, name: ModelName, caller: Caller) -> Model:
    """Returns the model with a name.

    Raises:
      Missing: there is none that the caller may see; similar names are suggested.
    """
    model = reading.find_model(connection, name)
    if model is None or not may_read(caller, model.publisher, model.private):
        raise nothing_at(connection, name, audience_of(caller))
    return model


def find_readable_version(connection: sa.Connection, name: ModelName, caller: Caller) -> Version:
    """Returns the version with a name; for a name without version, the newest one.

    Raises:
      Missing: there is none that the caller may see; similar names are suggested.
      Gone: the version was deleted; gives the reason.
    """
    version = readable_version(connection, name, audience_of(caller))
    if version is None:
        raise nothing_at(connection, name, audience_of(caller))
    if version.state == DELETED:
        reason = (version.reason or "no reason was given").rstrip(".")
        others = reading.list_versions(connection, version.model)
        raise Gone(
            f"The version {version.handle} was deleted: {reason}.",
            hint=f"See /{version.model.handle} for other versions; the number is not used again.",
            suggestions=[other.handle for other in others if other.state == VISIBLE][:3],
        )
    return version


def readable_version(connection: sa.Connection, name: ModelName, audience: Audience) -> Version | None:
    """Returns the version with a name in any state, if the audience may read it, else None.

    For private versions it sends the same queries as for missing ones. So the time of the answer does not
    reveal whether a private version exists.
    """
    if name.version is None:
        model = reading.find_model(connection, name)
        if model is None or model.latest is None or not audience.includes(model.publisher, model.private):
            return None
        name = name.with_version(model.latest)
    version = reading.find_version(connection, name)
    if version is None or not audience.includes(version.model.publisher, version.model.private):
        return None
    return version


def other_place(connection: sa.Connection, name: ModelName, caller: Caller) -> Version | None:
    """Returns the version for a name of tfhub.dev that has another URL on this hub, else None.

    The documentation uses names such as `publisher/model/1` for deployments that are published at
    `publisher/lite-model/model/1` (or tfjs-model, coral-model). tfhub.dev had its collections below
    `collections`.
    """
    places = [f"{kind.folder}/{name.model}" for kind in KINDS if kind.folder]
    if name.model.startswith("collections/"):
        places = [name.model.replace("collections/", "collection/", 1)]
    for model in places:
        version = readable_version(connection, dataclasses.replace(name, model=model), audience_of(caller))
        if version is not None and version.state != DELETED:
            return version
    return None


def nothing_at(connection: sa.Connection, name: ModelName, audience: Audience) -> Missing:
    """Returns the error for a name at which nothing is published, with similar names."""
    known = reading.find_model(connection, name)
    if known is not None and audience.includes(known.publisher, known.private):
        versions = reading.list_versions(connection, known)
        numbers = ", ".join(str(version.number) for version in versions if version.state != DELETED)
        problem = f"The model {known.handle} has no version {name.version}."
        if name.version is None:
            problem = f"All versions of the model {known.handle} are withdrawn."
        hint = f"Its versions: {numbers}." if numbers else "It has no versions."
        return Missing(problem, hint=hint, suggestions=[v.handle for v in versions if v.state != DELETED][:3])
    candidates = _candidates(connection, name, audience)
    problem = f"Nothing is published at {str(name)!r}."
    return _missing(problem, str(name.unversioned()), candidates, audience)


def parse_name(path: str) -> ModelName | str:
    """Parses the path of a URL as a model's name or a publisher's name.

    Raises:
      Missing: the path is not a valid name.
    """
    if "/" not in path.strip("/"):
        return path.strip("/")
    try:
        return ModelName.parse(path)
    except HandleError as error:
        raise Missing(error.problem, hint=error.hint) from error


def split_file(path: str, is_here: Callable[[ModelName], bool]) -> tuple[ModelName, str]:
    """Splits the URL of a file: `a/b/1/group1/shard.bin` → (a/b/1, `group1/shard.bin`).

    Names of models (`tfjs-model/blazeface/1/default/1`) and paths of files may contain numbers too. So of all
    possible splits, the longest handle that is on this hub is used, else the longest one with a version.
    """
    segments = path.strip("/").split("/")
    last = len(segments) - 1
    cuts = [i for i in range(last, 1, -1) if i == last or segments[i - 1].isdigit()]
    readings = []
    for cut in cuts:
        with contextlib.suppress(Missing):
            name = parse_name("/".join(segments[:cut]))
            if not isinstance(name, str):
                readings.append((name, "/".join(segments[cut:])))
    if not readings:
        raise Missing(f"There is no file at {path!r}.", hint="Use <handle>/model.json?tfjs-format=file.")
    versioned = (found for found in readings if found[0].version is not None)
    return next((found for found in readings if is_here(found[0])), next(versioned, readings[0]))


def _candidates(connection: sa.Connection, name: ModelName, audience: Audience) -> list[str]:
    """Returns names that may be similar: of the same publisher, or with the same start or end."""
    last = name.model.rpartition("/")[2]
    known = sa.select(models.c.handle).join(publishers).where(audience.condition())
    known = known.order_by(models.c.handle)
    same_publisher = known.where(publishers.c.name_key == name.publisher.lower()).limit(_MOST_CANDIDATES)
    found = [row[0] for row in connection.execute(same_publisher)]
    if len(found) < _MOST_CANDIDATES:
        similar = known.where(
            sa.or_(
                models.c.name == name.model,
                models.c.name.like(f"{_escaped(last[:4])}%", escape="\\"),
                publishers.c.name_key.like(f"{_escaped(name.publisher[:3].lower())}%", escape="\\"),
            )
        ).limit(_MOST_CANDIDATES - len(found))
        found += [row[0] for row in connection.execute(similar)]
    return found


def _likely(name: str, candidates: list[str]) -> list[str]:
    """Returns the candidates that share most pairs of letters with a name, to save exact comparisons."""
    pairs = {name[at : at + 2] for at in range(len(name) - 1)}
    return heapq.nlargest(
        _MOST_COMPARED, dict.fromkeys(candidates), key=lambda other: sum(pair in other for pair in pairs)
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _missing(problem: str, name: str, candidates: list[str], audience: Audience) -> Missing:
    close = difflib.get_close_matches(name, _likely(name, candidates), n=3, cutoff=0.6)
    if close:
        return Missing(problem, hint=f"Did you mean {' or '.join(close)}?", suggestions=close)
    hint = "Check the spelling, or look for it: `tfhub search`."
    if audience == PUBLIC:
        hint += " If it is private, sign in first: `tfhub login`."
    return Unknown(problem, hint=hint)
