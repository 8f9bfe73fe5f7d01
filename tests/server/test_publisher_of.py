"""The names under which a version may be published."""

from __future__ import annotations

import pytest

from tensorflow_hub.handles import RESERVED_PUBLISHERS
from tensorflow_hub.server.core.problems import Malformed
from tensorflow_hub.server.endpoints.publisher_of import versioned_name


@pytest.mark.parametrize("name", sorted(RESERVED_PUBLISHERS))
def test_a_name_that_the_pages_need_is_told_to_be_one(name):
    with pytest.raises(Malformed, match=f"got '{name}', which the hub keeps for its pages"):
        versioned_name(f"{name}/words/1")


def test_a_version_is_requested():
    with pytest.raises(Malformed, match="publisher/model/version, got 'acme/words'"):
        versioned_name("acme/words")
    assert versioned_name("acme/words/2").version == 2
