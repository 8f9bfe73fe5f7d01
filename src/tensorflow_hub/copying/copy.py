"""Copying one module: fetches it from its source and publishes it on a hub."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from typing import Any

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.client.signing import send_envelope
from tensorflow_hub.client.versions import show
from tensorflow_hub.copying.card import card_of
from tensorflow_hub.copying.documentation import card_for, copy_documentation
from tensorflow_hub.copying.names import name_on_hub
from tensorflow_hub.copying.source_answers import about_of, documentation_of, signatures_of
from tensorflow_hub.errors import HubError, NotFoundError, RejectedError
from tensorflow_hub.handles import ModelName, PathHandle, parse_handle
from tensorflow_hub.progress import OnProgress
from tensorflow_hub.resolving.resolve import resolve_module
from tensorflow_hub.resolving.sources.source import About, Documentation
from tensorflow_hub.resolving.sources.table import locate
from tensorflow_hub.settings import Settings

_log = logging.getLogger("tensorflow_hub")


@dataclasses.dataclass(frozen=True)
class Copied:
    """A copied module.

    Attributes:
      handle: the handle that it was copied from.
      name: its name on the hub.
      url: its URL on the hub.
      is_new: False if the hub had it before.
      license: its licence according to the source; "" if it is not known.
    """

    handle: str
    name: str
    url: str
    is_new: bool
    license: str = ""


def copy_to_hub(
    handle: str,
    settings: Settings,
    *,
    name: ModelName | None = None,
    on_progress: OnProgress | None = None,
) -> Copied:
    """Copies a module with its signatures and documentation to the hub of the settings.

    Files that the hub has already are not sent again. A second call after an interruption continues the copy.

    Args:
      handle: a handle of any source.
      settings: the hub and the token.
      name: the name on the hub; None means that of `name_on_hub`.
      on_progress: called with a step of publishing and its progress in bytes.

    Raises:
      HandleError: no name can be made from the handle.
      ForbiddenError: terms of use have to be accepted first; the hint has the URL of the page.
      NotFoundError, UnreachableError, …: the module cannot be fetched.
      ConflictError, RejectedError, …: the hub refuses the module.
    """
    plain = _without_version(handle, settings)
    target = name or name_on_hub(plain)
    known = _on_hub(target, settings) if target.version is not None else {}
    if any(deployment["kind"] == "saved_model" for deployment in known.get("deployments", ())):
        _copy_signatures(plain, str(target), settings)
        _copy_documentation(documentation_of(plain, settings), plain, str(target), settings)
        return Copied(handle, str(target), str(known["url"]), is_new=False)
    found = resolve_module(handle, settings, locked=False)
    if target.version is None:
        target = name or name_on_hub(found.handle)
        known = _on_hub(target, settings)
    about, card, documentation = About(), "", documentation_of(found.handle, settings)
    if not known.get("card"):
        about = about_of(handle, settings)
        card = card_for(target, documentation.card) or card_of(target, found.handle, about)
    done = publish(
        found.path, str(target), card=card or None, hub=settings.hub, token=settings.token or None,
        on_progress=on_progress,
    )  # fmt: skip
    _copy_signatures(found.handle, done.handle, settings)
    _copy_documentation(documentation, found.handle, done.handle, settings)
    return Copied(handle, done.handle, done.url, done.is_new, about.license)


def _copy_documentation(found: Documentation, handle: str, name: str, settings: Settings) -> None:
    """Copies pictures and measurements; logs a warning if that fails, as the module itself is published."""
    try:
        copy_documentation(found, name_on_hub(handle).publisher if found.card else "", name, settings)
    except HubError as problem:
        _log.warning("Not all of the documentation of %s is copied. %s", name, problem)


def _copy_signatures(handle: str, name: str, settings: Settings) -> None:
    """Sends the signatures of the source to the hub, which accepts those by keys of the publisher there."""
    for text in signatures_of(handle, settings):
        _copy_signature(name, text, settings)


def _copy_signature(name: str, text: str, settings: Settings) -> None:
    try:
        send_envelope(name, text, settings)
    except RejectedError as problem:
        _log.warning("A signature is not copied to %s. %s", name, problem)


def _without_version(handle: str, settings: Settings) -> str:
    """A handle in the canonical spelling of its source."""
    parsed = parse_handle(handle)
    return handle if isinstance(parsed, PathHandle) else locate(handle, settings).location.name


def _on_hub(name: ModelName, settings: Settings) -> Mapping[str, Any]:
    """Returns the JSON of a version on the hub, which may have documentation only; empty if there is none."""
    try:
        return show(str(name), hub=settings.hub, token=settings.token or None)
    except NotFoundError:
        return {}
