"""The publishing steps for the content: describe the module, check its kind, check its card."""

from __future__ import annotations

import dataclasses

from tensorflow_hub.errors import RejectedError
from tensorflow_hub.format.kinds.table import KIND_BY_CARD, KIND_BY_NAME
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.publishing.cards import checked_card
from tensorflow_hub.server.publishing.describing import describe_in_process
from tensorflow_hub.server.publishing.publication import Publication


def describe_content(hub: Hub, publication: Publication) -> Publication:
    """Reads signatures, variables, ops and assets of the module, without running any of its code."""
    description = describe_in_process(publication, hub.settings)
    return dataclasses.replace(publication, description=description)


def check_kind(hub: Hub, publication: Publication) -> Publication:
    """Checks that the content is of the kind of deployment that it is published as.

    Raises:
      RejectedError: it is of another kind, for example TFLite published as a SavedModel.
    """
    assert publication.description is not None
    kind, expected = publication.description.kind, publication.upload.deployment
    if kind not in KIND_BY_NAME[expected].contents:
        cards = [f"`# {card.capitalize()}`" for card in KIND_BY_CARD]
        raise RejectedError(
            f"Expected the content of a {expected} deployment, got {kind}.",
            hint=f"Publish it with the card of its kind ({', '.join(cards)}).",
        )
    return publication


def check_card(hub: Hub, publication: Publication) -> Publication:
    """Checks the card that came with the upload: its rules, its version, and that it agrees with the module.

    An upload without a card is fine here: the version may have one already (`make_visible` checks that).
    """
    if not publication.upload.card:
        return publication
    card = checked_card(publication.upload.card, publication.name, publication.description)
    return dataclasses.replace(publication, card=card)
