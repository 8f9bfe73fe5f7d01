"""What a hub has beside the files of a version, copied to another hub: card, pictures, measurements."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Mapping
from typing import Any

from tensorflow_hub.api.figures import STORED_FIELDS
from tensorflow_hub.client.card_pictures import send_pictures
from tensorflow_hub.client.measurements import Figures, attach
from tensorflow_hub.client.versions import show
from tensorflow_hub.errors import FormatError, HubError
from tensorflow_hub.format.card.picture_file import Picture, read_picture
from tensorflow_hub.format.card.rules import check_text
from tensorflow_hub.handles import ModelName
from tensorflow_hub.network.session import open_session
from tensorflow_hub.resolving.sources.source import Documentation
from tensorflow_hub.settings import Settings

_log = logging.getLogger("tensorflow_hub")
_FIRST_LINE = re.compile(r"\s*#\s+(\w+)\s+\S+")


def card_for(name: ModelName, text: str) -> str:
    r"""Returns the card of another hub with `name` in its first line; "" if it is not a valid card.

    >>> print(card_for(ModelName.parse("a/b/1"), "# Module c/d/7\nKnows words.\n\n<!-- task: other -->"))
    # Module a/b/1
    Knows words.
    <BLANKLINE>
    <!-- task: other -->
    """
    first = _FIRST_LINE.match(text)
    if first is None:
        return ""
    named = f"# {first[1]} {name}{text[first.end() :]}"
    card, problems = check_text(named)
    is_right = card is not None and not any(problem.severity == "error" for problem in problems)
    return named if is_right else ""


def copy_documentation(found: Documentation, publisher: str, name: str, settings: Settings) -> None:
    """Copies pictures and measurements to the hub.

    Args:
      found: the documentation at the source.
      publisher: the publisher of the model at the source. Measurements are copied only if this publisher
        made them and the publisher of the copy has the same name. Otherwise the hub would show them as
        measurements of somebody who did not make them.
      name: the name of the version on the hub.
      settings: the hub and the token.
    """
    pictures = dict(_readable(found.pictures))
    if pictures:
        with open_session(settings) as session:
            send_pictures(pictures, name, card_for(ModelName.parse(name), found.card), session, settings)
    if found.measurements and ModelName.parse(name).publisher == publisher:
        _copy_measurements(found, publisher, name, settings)


def _copy_measurements(found: Documentation, publisher: str, name: str, settings: Settings) -> None:
    version: Mapping[str, Any] = show(name, hub=settings.hub, token=settings.token or None)
    there = {_key(one) for one in version.get("measurements", ()) if one.get("publisher") == publisher}
    for item in found.measurements:
        if isinstance(item, Mapping) and item.get("publisher") == publisher and _key(item) not in there:
            _copy_measurement(item, name, settings)


def _copy_measurement(item: Mapping[str, Any], name: str, settings: Settings) -> None:
    values = {field: item[field] for field in STORED_FIELDS if field in item}
    try:
        attach(name, Figures(**values), hub=settings.hub, token=settings.token or None)
    except (HubError, TypeError, ValueError) as problem:  # the hub checks the figures
        _log.warning("A measurement is not copied to %s. %s", name, problem)


def _key(item: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(item.get(field, "")) for field in ("task", "dataset", "metric"))


def _readable(pictures: Mapping[str, bytes]) -> dict[str, Picture]:
    """Returns the files that are valid pictures, without their metadata."""
    found = {}
    for path, data in pictures.items():
        with contextlib.suppress(FormatError):
            found[path] = read_picture(data)
    return found
