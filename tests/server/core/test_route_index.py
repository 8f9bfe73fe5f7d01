"""The index of routes finds what a search through all routes finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Match

from tensorflow_hub.server.core.route_index import RouteIndex
from tensorflow_hub.server.routes import EVERY, ROUTES

INDEX = RouteIndex(ROUTES)
LITERALS = sorted({segment for route in ROUTES for segment in route.path.split("/") if "{" not in segment})
SEGMENTS = st.sampled_from([*LITERALS, "acme", "1", "words:predict", "words:try", "é"])
PATHS = st.lists(SEGMENTS, max_size=6).map(lambda segments: "/" + "/".join(segments))


def searched(scope):
    """What Starlette finds: the first route that matches, else the first for another method."""
    found = [(match, inner) for match, inner in (route.matches(scope) for route in ROUTES)]
    full = [inner for match, inner in found if match is Match.FULL]
    partial = [inner for match, inner in found if match is Match.PARTIAL]
    return (full or partial or [None])[0]


@given(PATHS, st.sampled_from(EVERY))
def test_the_same_route_is_found(path, method):
    scope = {"type": "http", "path": path, "method": method}
    match, found = INDEX.matches(scope)
    expected = searched(scope)
    assert (match is Match.NONE) == (expected is None)
    if expected is not None:
        assert (found["endpoint"], found["path_params"]) == (expected["endpoint"], expected["path_params"])
