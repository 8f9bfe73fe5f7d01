"""The card of a version on its page, without what the page shows separately."""

from __future__ import annotations

import functools
import re

from markupsafe import Markup

from tensorflow_hub.server.catalogue.records import CardRecord, Version
from tensorflow_hub.server.web.cards import ShownPicture, render_card


def card_body(shown: Version, card: CardRecord, pictures: tuple[ShownPicture, ...]) -> Markup | None:
    """Returns the card without title and description; None if it has nothing else."""
    rendered = _render(shown.id, card.updated_at, card.text, card.description, pictures)
    return Markup(rendered) if rendered.strip() else None  # noqa: S704 - sanitised by render_card


@functools.lru_cache(maxsize=256)
def _render(
    _version_id: int, _updated_at: int, text: str, description: str, pictures: tuple[ShownPicture, ...]
) -> str:
    lines = text.lstrip("\ufeff\n\r ").split("\n", 1)
    body = lines[1] if len(lines) > 1 and lines[0].startswith("#") else text
    first, blank, rest = body.lstrip().partition("\n\n")
    plain = " ".join(re.sub(r"<!--.*?(?:-->|\Z)", " ", first, flags=re.DOTALL).split())
    if blank and plain and description.startswith(plain[:200]):
        body = rest
    return render_card(body, pictures)
