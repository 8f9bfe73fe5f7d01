"""Reading the pictures that a card refers to, and sending them to a hub."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from tensorflow_hub.client.calls import call
from tensorflow_hub.errors import CardError, FormatError
from tensorflow_hub.format.card.picture_file import LARGEST_FILE, Picture, read_picture
from tensorflow_hub.format.card.pictures import check_pictures, pictures_of
from tensorflow_hub.network.session import HubSession
from tensorflow_hub.settings import Settings


def read_card_pictures(card: str | os.PathLike[str] | None, text: str) -> dict[str, Picture]:
    """Reads the pictures that a card refers to, by their paths relative to the card.

    Args:
      card: the path of the card. If it is the text of the card, no pictures are read.
      text: the text of the card.

    Raises:
      CardError: a picture is missing, damaged or too large, or there are too many.
    """
    if card is None or (isinstance(card, str) and "\n" in card):
        return {}
    check_pictures(text)
    folder = Path(card).parent
    return {path: _read(folder / path, path) for path in pictures_of(text)}


def send_pictures(
    pictures: Mapping[str, Picture], handle: str, text: str, session: HubSession, settings: Settings
) -> None:
    """Sends those pictures of a version that the hub does not have, if the hub's card is `text`."""
    if not pictures:
        return
    version = call(settings, "GET", f"/api/v1/models/{handle}", what=handle, session=session)
    if version["card"] != text:
        return
    there = {picture["path"]: picture["sha256"] for picture in version["pictures"]}
    for path, picture in pictures.items():
        if there.get(path) != hashlib.sha256(picture.data).hexdigest():
            call(
                settings,
                "PUT",
                f"/api/v1/pictures/{handle}",
                what=handle,
                session=session,
                params={"path": path},
                data=picture.data,
                headers={"Content-Type": picture.media_type},
            )


def _read(place: Path, path: str) -> Picture:
    try:
        with open(place, "rb") as file:
            data = file.read(LARGEST_FILE + 1)
        return read_picture(data)
    except OSError as error:
        raise CardError(
            f"Expected the picture {path!r} of the card at {str(place)!r}, got the error: {error.strerror}.",
            hint="Put it there, or remove it from the card.",
        ) from error
    except FormatError as error:
        raise CardError(f"The picture {path!r} of the card: {error.problem}", hint=error.hint) from error
