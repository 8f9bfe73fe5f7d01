"""Finds the route of a request by the first segment of its path, so that it is compared with few routes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.routing import BaseRoute, Match, NoMatchFound, Route
from starlette.types import Receive, Scope, Send

_CHOSEN = "tensorflow_hub.route"


class RouteIndex(BaseRoute):
    """Routes as one route, which finds the same one as a search through all of them in their order.

    A hub has about a hundred routes, and those of the pages and downloads of versions come last.

    Args:
      routes: the routes in their order.
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        starts = {_start_of(route.path) for route in routes}
        self._by_start = {
            start: [route for route in routes if _start_of(route.path) in {start, None}] for start in starts
        }

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Returns the match of the first route; if all differ in the method, of the first of these."""
        start = scope["path"][1:].partition("/")[0]
        best: tuple[Match, Scope] = (Match.NONE, {})
        for route in self._by_start.get(start, self._by_start[None]):
            match, found = route.matches(scope)
            if match.value > best[0].value:
                best = match, {**found, _CHOSEN: route}
            if match is Match.FULL:
                break
        return best

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the route answer that `matches` has found."""
        await scope[_CHOSEN].handle(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        """Raises an error: the hub writes its URLs itself."""
        raise NoMatchFound(name, path_params)


def _start_of(path: str) -> str | None:
    """Returns the first segment of a route's path; None if it has a parameter.

    >>> _start_of("/api/v1/models/{handle:path}"), _start_of("/{path:path}")
    ('api', None)
    """
    start = path[1:].partition("/")[0]
    return None if "{" in start else start
