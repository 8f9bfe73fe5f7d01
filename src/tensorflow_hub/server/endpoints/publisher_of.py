"""Finds the publisher for which a request needs rights."""

from __future__ import annotations

from tensorflow_hub.handles import ModelName, is_publisher_name
from tensorflow_hub.server.core.endpoint import Arguments, Call
from tensorflow_hub.server.core.problems import Malformed


def versioned_name(handle: str) -> ModelName:
    """Returns the name of a version that may be published.

    Raises:
      Malformed: it has no version, or its publisher's name is reserved.
    """
    name = ModelName.parse(handle)
    if not is_publisher_name(name.publisher):
        raise Malformed(
            f"Expected the name of a publisher, got {name.publisher!r}, which the hub keeps for its pages.",
            hint="Choose another name, for example 'acme'.",
        )
    if name.version is None:
        raise Malformed(
            f"Expected a handle of the form publisher/model/version, got {handle!r}.",
            hint="Versions start at 1, for example 'acme/text-embedding/1'.",
        )
    return name


def of_handle(call: Call, arguments: Arguments) -> str | None:
    """Returns the publisher in the handle of the body."""
    return versioned_name(arguments["body"].handle).publisher


def who_measured(call: Call, arguments: Arguments) -> str | None:
    """Returns the publisher in the body, or else that of the model."""
    publisher: str | None = arguments["body"].publisher
    return of_handle(call, arguments) if publisher is None else publisher


def of_handle_in_path(call: Call, arguments: Arguments) -> str | None:
    """Returns the publisher in the handle of the path."""
    return versioned_name(arguments["path"].handle).publisher


def in_path(call: Call, arguments: Arguments) -> str | None:
    """Returns the publisher in the path."""
    publisher: str = arguments["path"].publisher
    return publisher


def in_body(call: Call, arguments: Arguments) -> str | None:
    """Returns the publisher in the body, or None."""
    publisher: str | None = arguments["body"].publisher
    return publisher


def own_or_asked(call: Call, arguments: Arguments) -> str | None:
    """Returns the publisher in the query, or else the only one for which the caller has rights."""
    publisher: str | None = arguments["query"].publisher
    if publisher is None and len(call.caller.grants) == 1:
        return call.caller.grants[0].publisher
    return publisher
