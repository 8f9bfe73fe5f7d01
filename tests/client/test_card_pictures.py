from __future__ import annotations

import pytest
from pictures import SECRET, picture

from tensorflow_hub.client.card_pictures import read_card_pictures
from tensorflow_hub.errors import CardError

CARD = "# Module acme/x/1\n![cats](pictures/cats.png)\n"


def test_pictures_are_files_beside_the_card(tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "cats.png").write_bytes(picture())
    (tmp_path / "card.md").write_text(CARD)
    found = read_card_pictures(tmp_path / "card.md", CARD)
    assert list(found) == ["pictures/cats.png"]
    assert SECRET not in found["pictures/cats.png"].data


def test_a_card_that_is_text_has_none():
    assert read_card_pictures(CARD, CARD) == {}
    assert read_card_pictures(None, "") == {}


def test_a_picture_that_is_not_there_or_none_is_reported(tmp_path):
    with pytest.raises(CardError, match="'pictures/cats.png' of the card at .*, got the error: No such file"):
        read_card_pictures(tmp_path / "card.md", CARD)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "cats.png").write_bytes(b"<svg/>")
    with pytest.raises(
        CardError, match="The picture 'pictures/cats.png' of the card: Expected a picture in PNG"
    ):
        read_card_pictures(str(tmp_path / "card.md"), CARD)
