from __future__ import annotations

import time

import pytest

from tensorflow_hub.errors import CardError
from tensorflow_hub.format.card.pictures import MOST_PICTURES, check_pictures, picture_path, pictures_of

CARD = """# Module acme/x/1
![two cats](pictures/cats.png) and ![](./a-b_c.JPG "title") and [![x](in_link.gif)](https://a.example)

<p><img alt="x" width=5 src='raw.webp'><IMG SRC=plain.jpeg></p>

![again](pictures/cats.png) ![elsewhere](https://x.example/cat.png) ![up](../secret.png) ![doc](x.pdf)

<!-- ![hidden](comment.png) -->
```
![how to](code.png)
```
"""


def test_the_pictures_beside_a_card_are_found_once_each():
    assert pictures_of(CARD) == ("pictures/cats.png", "a-b_c.JPG", "in_link.gif", "raw.webp", "plain.jpeg")
    check_pictures(CARD)


@pytest.mark.parametrize(
    "target",
    [
        *("../x.png", "a/../x.png", "/x.png", "//h/x.png", "https://h/x.png", "data:image/png;base64,x.png"),
        *(
            ".x.png",
            "a/.x.png",
            "a//x.png",
            "x.svg",
            "x",
            "x.png?y",
            "x.png#y",
            "a b.png",
            "a\\x.png",
            "%2e%2e/x.png",
        ),
        *(
            "a..b.png",
            "x.png\n",
            "a/" * 6 + "x.png",
            "é.png",
            "x" * 101 + ".png",
            "C:x.png",
            "%2e%2e/x.png",
            "",
        ),
    ],
)
def test_other_targets_are_not_pictures_of_a_card(target):
    assert picture_path(target) is None


def test_svg_and_too_many_pictures_are_reported_to_the_author():
    with pytest.raises(CardError, match=r"Expected pictures in PNG, JPEG, GIF or WebP, got 'x/y\.svg'"):
        check_pictures("![x](x/y.svg)")
    many = " ".join(f"![x]({n}.png)" for n in range(MOST_PICTURES + 1))
    with pytest.raises(CardError, match="at most 20 pictures, got 21"):
        check_pictures(many)
    assert len(pictures_of(many)) == MOST_PICTURES


@pytest.mark.parametrize(
    "piece", ["![", "![a](", "<img ", "```\n", "<!--", "![a](b.png)", "<img src=", "~~~\n", "`"]
)
def test_no_card_takes_long(piece):
    began = time.process_time()
    pictures_of(piece * (400_000 // len(piece)))
    assert time.process_time() - began < 4
