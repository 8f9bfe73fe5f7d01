"""What a bundle has beside the files of a module, for the hub that is fed from it."""

from __future__ import annotations

import dataclasses

from tensorflow_hub.copying.card import card_of
from tensorflow_hub.copying.names import name_on_hub
from tensorflow_hub.copying.source_answers import about_of, documentation_of, signatures_of
from tensorflow_hub.errors import HandleError
from tensorflow_hub.resolving.cache.layout import CachedModule
from tensorflow_hub.resolving.signatures import MOST_SIGNATURES
from tensorflow_hub.resolving.sources.source import Documentation
from tensorflow_hub.settings import Settings


def signed_module(module: CachedModule, settings: Settings) -> CachedModule:
    """Returns the module with the signatures that its source has now; as it is if there are none."""
    signatures = tuple(signatures_of(module.manifest.handle, settings))[:MOST_SIGNATURES]
    if not signatures:
        return module
    return dataclasses.replace(module, manifest=dataclasses.replace(module.manifest, signatures=signatures))


def documentation_for_bundle(handle: str, settings: Settings) -> Documentation:
    """Returns the documentation of a module; for one of no hub, a card that is made from its metadata.

    Args:
      handle: the handle in the canonical spelling of its source.
      settings: the settings of the process.
    """
    found = documentation_of(handle, settings)
    if found.card:
        return found
    try:
        name = name_on_hub(handle)
    except HandleError:  # for example an archive, which gets its name when it is copied
        return found
    return dataclasses.replace(found, card=card_of(name, handle, about_of(handle, settings)))
