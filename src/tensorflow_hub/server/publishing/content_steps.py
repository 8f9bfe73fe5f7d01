"""The steps that look at what is inside: what kind of module, does it fit its name and its card."""

from __future__ import annotations

import dataclasses

from tensorflow_hub.errors import RejectedError
from tensorflow_hub.format.kinds.table import KIND_BY_CARD, KIND_BY_NAME
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.publishing.cards import checked_card
from tensorflow_hub.server.publishing.describing import describe_apart
from tensorflow_hub.server.publishing.publication import Publication


def describe_content(hub: Hub, publication: Publication) -> Publication:
    """Signatures, variables, ops, assets: read without running anything of it."""
    described = describe_apart(publication, hub.settings)
    return dataclasses.replace(publication, description=described)


def check_kind(hub: Hub, publication: Publication) -> Publication:
    """The content is of the kind that it is published as."""
    assert publication.description is not None
    kind, wanted = publication.description.kind, publication.upload.deployment
    if kind not in KIND_BY_NAME[wanted].contents:
        cards = [f"`# {card.capitalize()}`" for card in KIND_BY_CARD]
        raise RejectedError(
            f"Expected the content of a {wanted} deployment, got {kind}.",
            hint=f"Publish it with the card of its kind ({', '.join(cards)}).",
        )
    return publication


def check_card(hub: Hub, publication: Publication) -> Publication:
    """The card is valid, about this version and agrees with it; a version that has one needs no other."""
    if not publication.upload.card:
        return publication
    card = checked_card(publication.upload.card, publication.name, publication.description)
    return dataclasses.replace(publication, card=card)
