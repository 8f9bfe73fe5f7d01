"""Which version an unversioned handle stands for.

A hub of ours answers an unversioned URL with a redirect to that of the newest version. The module is then
cached under the versioned handle, so that nothing in the cache is ever replaced while a program reads it.
What the answer was is remembered for times without a network. A foreign hub that does not tell is asked
once, as always.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import urllib.parse

from tensorflow_hub.errors import HubError
from tensorflow_hub.format.archive_index import INDEX_MEDIA_TYPE
from tensorflow_hub.handles import CloudHandle, UrlHandle
from tensorflow_hub.network.retry import RetryPolicy
from tensorflow_hub.network.session import open_session
from tensorflow_hub.resolving.cache.layout import Cache, key_of
from tensorflow_hub.resolving.mirrors import FAILED_SOURCE, explain_absence, sources_of
from tensorflow_hub.resolving.transfer.archive_stream import with_format
from tensorflow_hub.settings import Settings
from tensorflow_hub.whole_file import whole_file


def ask_newest(handle: UrlHandle, settings: Settings, *, hurry: bool) -> UrlHandle | None:
    """Asks the hub for the newest version.

    Args:
      handle: without a version.
      settings: those of the process.
      hurry: a remembered answer is at hand: do not wait long.

    Returns:
      The handle with the version; None when the hub does not tell.

    Raises:
      NotFoundError, UnreachableError, …: as for a download.
    """
    problem: HubError | None = None
    sources = sources_of(handle.url, settings)
    with open_session(settings) as session:
        policy = RetryPolicy(retries=0) if hurry else session.policy
        timeout = (settings.connect_timeout, settings.read_timeout)
        if hurry:
            timeout = (min(3.0, settings.connect_timeout), min(10.0, settings.read_timeout))
        for source in sources:
            try:
                response = session.exchange(
                    "GET",
                    with_format(source, "compressed"),
                    what=handle.url,
                    headers={"Accept": f"{INDEX_MEDIA_TYPE}, application/gzip;q=0.9, */*;q=0.1"},
                    stream=True,
                    policy=policy,
                    timeout=timeout,
                )
            except FAILED_SOURCE as failure:
                problem = failure
                continue
            response.close()
            steps = [answer.headers.get("Location", "") for answer in response.history]
            return _with_version(handle, source, steps)
    assert problem is not None
    raise explain_absence(handle.url, problem, sources != (handle.url,)) from problem


def remember_newest(cache: Cache, handle: UrlHandle, newest: UrlHandle) -> None:
    """Keeps the answer for times without a network."""
    with contextlib.suppress(OSError, HubError):
        path = cache.work_path("newest", key_of(handle.url) + ".json")
        with whole_file(path) as file:
            file.write(json.dumps({"handle": handle.url, "newest": newest.url}).encode())


def remembered_newest(cache: Cache, handle: UrlHandle) -> UrlHandle | None:
    """The last answer, None when there was none."""
    for root in (cache.root, *cache.tiers):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            path = os.path.join(root, ".tfhub", "newest", key_of(handle.url) + ".json")
            with open(path, encoding="utf-8") as file:
                return UrlHandle(str(json.load(file)["newest"]))
    return None


def newest_state(handle: CloudHandle, cache: Cache, settings: Settings) -> UrlHandle:
    """The state of what lies in an object store, as a name for the cache: its URL and a fingerprint.

    Without a network, the last one that was seen.
    """
    plain = UrlHandle(handle.url)
    known = remembered_newest(cache, plain)
    if settings.offline:
        return known or plain
    from tensorflow_hub.resolving.limits import limits_of
    from tensorflow_hub.resolving.transfer.object_store import RemoteDirectory

    state = UrlHandle(f"{handle.url}#{RemoteDirectory(handle.url).fingerprint(limits_of(settings))}")
    if state != known:
        remember_newest(cache, plain, state)
    return state


def _with_version(handle: UrlHandle, source: str, steps: list[str]) -> UrlHandle | None:
    """The versioned handle when a redirect leads from `source` to a version below it."""
    base = urllib.parse.urlsplit(source).path.rstrip("/")
    for step in steps:
        path = urllib.parse.urlsplit(urllib.parse.urljoin(source, step)).path
        match = re.fullmatch(re.escape(base) + r"/([1-9][0-9]{0,9})", path)
        if match:
            parts = urllib.parse.urlsplit(handle.url)
            versioned = parts._replace(path=f"{parts.path.rstrip('/')}/{match[1]}")
            return UrlHandle(urllib.parse.urlunsplit(versioned))
    return None
