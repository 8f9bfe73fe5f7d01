"""A hub with a private publisher, its owner and a visitor, for the tests of what people do in the browser."""

from __future__ import annotations

import pytest
from private_hub import new_token, private_hub
from web_visitor import Visitor


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)], name="hub"
)
def _hub(request, tmp_path_factory):
    with private_hub(tmp_path_factory.mktemp("people") / "data", request.param) as hub:
        yield hub


@pytest.fixture
def owner(hub):
    """A browser of an owner of the private publisher."""
    visitor = Visitor(hub.url)
    visitor.sign_in(new_token(hub, "admin")["secret"])
    return visitor


@pytest.fixture
def visitor(hub):
    return Visitor(hub.url)
