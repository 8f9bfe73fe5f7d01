"""The fields of the forms of the pages."""

from __future__ import annotations

import pytest

from tensorflow_hub.api.forms import Subscribe
from tensorflow_hub.api.names import EVENTS


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_has_a_checkbox(event):
    assert Subscribe(publisher="acme", address="ada@example.com", **{event: "on"}).events == [event]
