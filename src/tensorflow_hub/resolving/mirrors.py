"""Where a handle's bytes may come from: the handle itself, or mirrors in its place."""

from __future__ import annotations

import os
import urllib.parse

from tensorflow_hub.errors import (
    ArchiveError,
    DigestError,
    DownloadError,
    HubError,
    NotFoundError,
    RequestError,
    UnreachableError,
)
from tensorflow_hub.settings import Settings

_GONE = "tfhub.dev"
# What a mirror does wrong so that the next one is tried: everything but what is wrong on our side.
FAILED_SOURCE = (NotFoundError, UnreachableError, DownloadError, DigestError, ArchiveError, RequestError)


def sources_of(url: str, settings: Settings) -> tuple[str, ...]:
    """The URLs to try for a handle, in order: those of the longest fitting mirror prefix, else the handle.

    >>> settings = Settings(mirrors=(("https://tfhub.dev/", ("http://a.example/", "http://b.example/")),))
    >>> sources_of("https://tfhub.dev/google/elmo/3", settings)
    ('http://a.example/google/elmo/3', 'http://b.example/google/elmo/3')
    """
    fitting = [(len(prefix), prefix, urls) for prefix, urls in settings.mirrors if _starts_with(url, prefix)]
    if not fitting:
        return (url,)
    _, prefix, urls = max(fitting)
    return tuple(_join(target, url[len(prefix.rstrip("/")) :]) for target in urls)


def places_of_path(path: str, settings: Settings) -> tuple[str, ...]:
    """Where a module may be that is not at its path any more: paths or URLs, in the order to try them.

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


def explain_absence(url: str, problem: HubError, mirrored: bool = False) -> HubError:
    """The error for a handle of tfhub.dev that could not be fetched says that tfhub.dev is gone.

    Args:
      url: the handle.
      problem: why it could not be fetched.
      mirrored: whether it was looked for where TFHUB_MIRRORS leads.
    """
    if urllib.parse.urlsplit(url).hostname != _GONE or not isinstance(
        problem, (NotFoundError, UnreachableError)
    ):
        return problem
    if mirrored:
        return type(problem)(
            f"{url!r} is not where TFHUB_MIRRORS leads, and tfhub.dev is gone. {problem.problem}",
            hint=f"{problem.hint.rstrip('.')}; or name another hub in TFHUB_MIRRORS.",
        )
    return type(problem)(
        f"{url!r} cannot be fetched: tfhub.dev is gone. {problem.problem}",
        hint="Say which hub has its modules: TFHUB_MIRRORS='https://tfhub.dev/ -> https://your.hub/', "
        "or put a filled cache into TFHUB_CACHE_DIR.",
    )


def _starts_with(url: str, prefix: str) -> bool:
    base = prefix.rstrip("/")
    return url == base or url.startswith((base + "/", base + "?"))


def _join(target: str, rest: str) -> str:
    return target.rstrip("/") + rest
