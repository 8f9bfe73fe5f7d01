"""Mirrors (`TFHUB_MIRRORS`): other places for handles with a prefix."""

from __future__ import annotations

import os

from tensorflow_hub.errors import HubError, NotFoundError, UnreachableError
from tensorflow_hub.settings import Settings


def mirrors_of(url: str, settings: Settings) -> tuple[str, ...]:
    """The URLs to try instead of a handle, in order: those of the longest prefix of the handle.

    >>> settings = Settings(mirrors=(("https://tfhub.dev/", ("http://a.example/", "http://b.example/")),))
    >>> mirrors_of("https://tfhub.dev/google/elmo/3", settings)
    ('http://a.example/google/elmo/3', 'http://b.example/google/elmo/3')
    """
    fitting = [(len(prefix), prefix, urls) for prefix, urls in settings.mirrors if _starts_with(url, prefix)]
    if not fitting:
        return ()
    _, prefix, urls = max(fitting)
    return tuple(_join(target, url[len(prefix.rstrip("/")) :]) for target in urls)


def places_of_path(path: str, settings: Settings) -> tuple[str, ...]:
    """Other places for a module that is not at its path any more: paths or URLs, in the order to try them.

    >>> settings = Settings(mirrors=(("/home/me", ("/data", "http://a.example/me")),))
    >>> places_of_path("/home/me/words/1", settings)
    ('/data/words/1', 'http://a.example/me/words/1')
    """
    for prefix, places in sorted(settings.mirrors, key=lambda rule: -len(rule[0])):
        base = os.path.expanduser(prefix).rstrip("/\\")
        for whole in dict.fromkeys((path, os.path.abspath(path))):
            rest = whole[len(base) :]
            if whole.startswith(base) and (not rest or rest[0] in "/\\"):
                rest = rest.replace("\\", "/") if "\\" in prefix else rest
                return tuple(os.path.expanduser(_join(place, rest)) for place in places)
    return ()


def explain_mirrors(handle: str, problem: HubError) -> HubError:
    """Adds the names of the mirrors to the error for a handle that no mirror has."""
    if not isinstance(problem, (NotFoundError, UnreachableError)):
        return problem
    return type(problem)(
        f"{handle!r} is not where TFHUB_MIRRORS leads. {problem.problem}",
        hint=f"{problem.hint.rstrip('.')}; or name another hub in TFHUB_MIRRORS.",
    )


def _starts_with(url: str, prefix: str) -> bool:
    base = prefix.rstrip("/")
    return url == base or url.startswith((base + "/", base + "?"))


def _join(target: str, rest: str) -> str:
    return target.rstrip("/") + rest
