"""A picture with boxes: no label covers another while there is place."""

from __future__ import annotations

import re

import pytest

from tensorflow_hub.server.web.picture_with_boxes import ShownBox, draw_boxes

_LABEL = re.compile(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" fill="#')


def labels(*boxes, width=300, height=300):
    """The places of the labels, the last box first: left, top, right, bottom."""
    drawing = draw_boxes("", width, height, [ShownBox("cat", 0.9, *box) for box in boxes], "photo.png")
    found = [tuple(map(float, place)) for place in _LABEL.findall(drawing)]
    assert len(found) == len(boxes)
    return [(x, y, x + wide, y + high) for x, y, wide, high in found]


@pytest.mark.parametrize(
    "boxes",
    [
        [(0.1, 0.1, 0.9, 0.9), (0.1, 0.1, 0.8, 0.6), (0.12, 0.2, 0.5, 0.6)],
        [(0.2, 0.1, 0.9, 0.9), (0.22, 0.1, 0.9, 0.8), (0.18, 0.12, 0.9, 0.9), (0.25, 0.0, 1, 1)],
        [(0.9, 0.9, 1, 1), (0.1, 0.9, 1, 1)],
    ],
    ids=["nested", "in a cascade", "apart"],
)
def test_no_label_covers_another_or_leaves_the_picture(boxes):
    places = labels(*boxes)
    for number, (left, top, right, bottom) in enumerate(places):
        assert 0 <= left <= right <= 300
        assert 0 <= top <= bottom <= 300
        for other in places[:number]:
            apart = other[2] <= left or right <= other[0] or other[3] <= top or bottom <= other[1]
            assert apart, (places[number], other)


def test_more_labels_than_fit_stay_on_the_picture():
    assert all(top >= 0 and bottom <= 100 for _, top, _, bottom in labels(*[(0, 0, 1, 1)] * 40, height=100))
